//! A contact sheet: rows of small pictures with their times, and a strip of the colours of each row.

use super::canvas::Drawn;
use super::picture;
use crate::error::Result;
use crate::units::Seconds;
use crate::video::Frame;
use plotters::coord::Shift;
use plotters::element::BitMapElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

const GAP: i32 = 6;
/// Width of the names at least and at most, and of one of their letters.
const LEFT: i32 = 120;
const MOST_LEFT: i32 = 420;
const LETTER: i32 = 9;
const TOP: i32 = 44;
const STRIP: i32 = 14;
const TIMES: i32 = 18;
const GROUND: RGBColor = RGBColor(22, 22, 26);
const INK: RGBColor = RGBColor(225, 225, 230);
const FAINT: RGBColor = RGBColor(150, 150, 160);
/// Most colours of a row, and how far apart they are at least in each of red, green and blue taken together.
const COLORS: usize = 8;
const APART: i32 = 60;

/// A row of pictures.
pub struct Row {
    /// What stands left of it.
    pub name: String,
    /// The pictures, alike in size.
    pub pictures: Vec<Frame>,
    /// When each is seen.
    pub times: Vec<Seconds>,
    /// The colours of all of them with their shares, the largest first.
    pub palette: Vec<([u8; 3], f32)>,
}

/// The colours of some pictures with their shares of the pixels, the largest first: cells of a grid of 16 levels a channel, those near
/// a more frequent one counted with it.
pub fn palette(pictures: &[Frame]) -> Vec<([u8; 3], f32)> {
    let mut cells = vec![(0_u32, [0_u32; 3]); 4096];
    for rgb in pictures.iter().flat_map(|p| p.rgb().chunks_exact(3)) {
        let index = rgb.iter().fold(0, |index, v| 16 * index + usize::from(v >> 4));
        cells[index].0 += 1;
        (0..3).for_each(|c| cells[index].1[c] += u32::from(rgb[c]));
    }
    let all = cells.iter().map(|c| c.0).sum::<u32>().max(1) as f32;
    cells.retain(|cell| cell.0 > 0);
    // A stable order: equal counts by colour.
    cells.sort_by_key(|cell| std::cmp::Reverse(cell.0));
    let mut found: Vec<([u8; 3], f32)> = Vec::new();
    for (count, sum) in cells {
        let color = sum.map(|s| (s / count) as u8);
        let distance = |other: &[u8; 3]| -> i32 {
            color.iter().zip(other).map(|(a, b)| i32::from(a.abs_diff(*b))).sum()
        };
        let near = (0..found.len()).min_by_key(|i| distance(&found[*i].0));
        match near {
            Some(i) if distance(&found[i].0) < APART || found.len() == COLORS => {
                found[i].1 += count as f32 / all
            }
            _ => found.push((color, count as f32 / all)),
        }
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    found
}

/// Draws the sheet to `path`, a PNG.
pub fn draw(rows: &[Row], columns: usize, title: &str, path: &Path) -> Result<()> {
    let size = rows.iter().find_map(|r| r.pictures.first()).map(Frame::size);
    let (wide, high) = size.map_or((16, 16), |s| (s.width as i32, s.height as i32));
    let longest = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let left = (longest as i32 * LETTER + 2 * GAP).clamp(LEFT, MOST_LEFT);
    let width = left + columns as i32 * (wide + GAP) + GAP;
    let height = TOP + rows.len() as i32 * (high + TIMES + STRIP + 2 * GAP);
    picture!(path, (width, height), |area| Sheet { area, left, cell: (wide, high) }.draw(rows, title))
}

struct Sheet<B: DrawingBackend> {
    area: DrawingArea<B, Shift>,
    /// Where pictures begin.
    left: i32,
    cell: (i32, i32),
}

impl<B: DrawingBackend> Sheet<B> {
    fn draw(&self, rows: &[Row], title: &str) -> Drawn<B> {
        self.area.fill(&GROUND)?;
        self.text(title, (GAP, TOP / 2), 22, INK)?;
        let (wide, high) = self.cell;
        for (i, row) in rows.iter().enumerate() {
            let top = TOP + i as i32 * (high + TIMES + STRIP + 2 * GAP);
            self.text(&row.name, (GAP, top + high / 2), 18, INK)?;
            for (column, (picture, time)) in row.pictures.iter().zip(&row.times).enumerate() {
                let left = self.left + column as i32 * (wide + GAP);
                self.picture(picture, (left, top))?;
                self.text(&time.to_string(), (left, top + high + TIMES / 2), 13, FAINT)?;
            }
            self.strip(row, top + high + TIMES)?;
        }
        self.area.present()
    }

    fn text(&self, text: &str, at: (i32, i32), size: u32, color: RGBColor) -> Drawn<B> {
        let style = TextStyle::from(("sans-serif", size).into_font());
        let style = style.color(&color).pos(Pos::new(HPos::Left, VPos::Center));
        self.area.draw(&Text::new(text.to_owned(), at, style))
    }

    fn picture(&self, picture: &Frame, at: (i32, i32)) -> Drawn<B> {
        let size = (picture.size().width, picture.size().height);
        match BitMapElement::<_, plotters::backend::RGBPixel>::with_ref(at, size, picture.rgb()) {
            Some(element) => self.area.draw(&element),
            None => Ok(()),
        }
    }

    fn strip(&self, row: &Row, top: i32) -> Drawn<B> {
        let width = row.pictures.len() as i32 * (self.cell.0 + GAP) - GAP;
        let x = |share: f32| self.left + (share * width as f32).round() as i32;
        let mut from = 0.0;
        for ([r, g, b], share) in &row.palette {
            let corners = [(x(from), top), (x((from + share).min(1.0)), top + STRIP)];
            self.area.draw(&Rectangle::new(corners, RGBColor(*r, *g, *b).filled()))?;
            from += share;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Size;

    #[test]
    fn a_palette_has_the_colours_by_their_share() {
        let size = Size { width: 10, height: 10 };
        let rgb = [[250, 10, 10].repeat(60), [10, 10, 200].repeat(30), [12, 12, 212].repeat(10)].concat();
        let found = palette(&[Frame::new(size, rgb)]);
        assert_eq!(found.len(), 2);
        assert!(found[0].0 == [250, 10, 10] && (found[0].1 - 0.6).abs() < 1e-5, "{found:?}");
        assert!(found[1].0 == [10, 10, 200] && (found[1].1 - 0.4).abs() < 1e-5, "{found:?}");
        assert!(palette(&[]).is_empty());
    }
}
