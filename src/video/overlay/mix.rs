//! Blend modes: how a colour gets onto a picture through a mask, as Porter, Duff and the PDF reference have them, on the bytes.
//!
//! With the picture d, the colour c and a = coverage · opacity: normal d + (c - d) a; add d + c a; screen d + (1 - d) c a;
//! multiply d (1 - a + c a); values from 0 to 1, kept there.

use super::mask::Mask;
use crate::units::Size;
use crate::video::frame::Frame;
use rayon::prelude::*;
use std::ops::Range;

/// A blend mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mix {
    /// The colour covers the picture.
    #[default]
    Normal,
    /// The light of both is added.
    Add,
    /// The same, softly towards white.
    Screen,
    /// The picture takes the colour on, and gets darker.
    Multiply,
}

impl Mix {
    fn of(self, d: f32, c: f32, a: f32) -> f32 {
        match self {
            Mix::Normal => d + (c - d) * a,
            Mix::Add => d + c * a,
            Mix::Screen => d + (1.0 - d) * c * a,
            Mix::Multiply => d * (1.0 - a + c * a),
        }
    }

    /// What becomes of every byte of the picture at every coverage: a table is as exact as the formula, and faster.
    fn table(self, c: u8, opacity: f32) -> Vec<[u8; 256]> {
        let c = f32::from(c) / 255.0;
        let row = |step: usize| {
            let a = opacity * step as f32 / LEVELS as f32;
            std::array::from_fn(|d| (255.0 * self.of(d as f32 / 255.0, c, a) + 0.5) as u8)
        };
        (0..=LEVELS).map(row).collect()
    }
}

/// The most of coverage.
const LEVELS: usize = 255;

/// A part of a mask: its columns and rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Columns, the last one excluded.
    pub columns: Range<usize>,
    /// Rows, the last one excluded.
    pub rows: Range<usize>,
}

/// A colour and how it gets onto a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ink {
    /// Red, green and blue.
    pub color: [u8; 3],
    /// The blend mode.
    pub mix: Mix,
    /// 0 to 1.
    pub opacity: f32,
}

/// Paints `ink` onto `frame` through `mask`, whose top left corner lies at `at` in the frame's pixels.
pub fn paint(frame: &mut Frame, mask: &Mask, at: (i64, i64), ink: Ink) {
    let Size { width, height } = mask.size();
    paint_part(frame, (mask, &Part { columns: 0..width as usize, rows: 0..height as usize }), at, ink);
}

/// The same through a part of the mask alone.
pub fn paint_part(frame: &mut Frame, (mask, part): (&Mask, &Part), (left, top): (i64, i64), ink: Ink) {
    let (width, height) = (i64::from(frame.size().width), i64::from(frame.size().height));
    // What lies beside the frame is not painted.
    let inside = |part: &Range<usize>, drawn: &Range<usize>, at: i64, length: i64| {
        let (from, to) = (part.start.max(drawn.start) as i64, part.end.min(drawn.end) as i64);
        from.max(-at)..to.min(length.saturating_sub(at))
    };
    let columns = inside(&part.columns, &mask.columns, left, width);
    let rows = inside(&part.rows, &mask.rows, top, height);
    if ink.opacity.is_nan() || ink.opacity <= 0.0 || columns.is_empty() || rows.is_empty() {
        return;
    }
    let tables = ink.color.map(|c| ink.mix.table(c, ink.opacity.min(1.0)));
    let (stride, line) = (mask.size().width as usize, 3 * width as usize);
    let lines = &mut frame.rgb_mut()[(rows.start + top) as usize * line..(rows.end + top) as usize * line];
    lines.par_chunks_exact_mut(line).zip(rows.start as usize..rows.end as usize).for_each(|(pixels, row)| {
        let covered =
            &mask.coverage()[row * stride + columns.start as usize..row * stride + columns.end as usize];
        let pixels = &mut pixels[3 * (columns.start + left) as usize..3 * (columns.end + left) as usize];
        for (pixel, coverage) in pixels.chunks_exact_mut(3).zip(covered) {
            if *coverage > 0 {
                for c in 0..3 {
                    pixel[c] = tables[c][usize::from(*coverage)][usize::from(pixel[c])];
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 8, height: 4 };

    fn mixed(mix: Mix, picture: u8, color: u8, coverage: u8, opacity: f32) -> u8 {
        let mut frame = Frame::new(SIZE, vec![picture; 3 * SIZE.pixels()]);
        let mask = Mask::of(SIZE, vec![coverage; SIZE.pixels()]);
        paint(&mut frame, &mask, (0, 0), Ink { color: [color; 3], mix, opacity });
        assert!(frame.rgb().iter().all(|v| *v == frame.rgb()[0]));
        frame.rgb()[0]
    }

    #[test]
    fn the_modes_follow_their_formulae() {
        assert_eq!(mixed(Mix::Normal, 100, 200, 255, 1.0), 200);
        assert_eq!(mixed(Mix::Normal, 100, 200, 255, 0.5), 150);
        assert_eq!(mixed(Mix::Normal, 100, 200, 51, 1.0), 120);
        assert_eq!(mixed(Mix::Add, 100, 200, 255, 0.5), 200);
        assert_eq!(mixed(Mix::Add, 100, 200, 255, 1.0), 255);
        assert_eq!(mixed(Mix::Screen, 100, 200, 255, 1.0), 222); // 1 - (1 - 100/255)(1 - 200/255)
        assert_eq!(mixed(Mix::Multiply, 100, 200, 255, 1.0), 78);
        for mix in [Mix::Normal, Mix::Add, Mix::Screen, Mix::Multiply] {
            assert_eq!(mixed(mix, 77, 200, 0, 1.0), 77);
            assert_eq!(mixed(mix, 77, 200, 255, 0.0), 77);
            assert_eq!(mixed(mix, 77, 200, 255, f32::NAN), 77);
        }
    }

    #[test]
    fn a_mask_lies_where_it_is_put_and_is_cut_off_at_the_edges() {
        let mask = Mask::of(Size { width: 3, height: 2 }, vec![255; 6]);
        for (at, covered) in [((1, 1), 6), ((-1, 0), 4), ((6, 3), 2), ((-3, 0), 0), ((8, 0), 0), ((0, -9), 0)]
        {
            let mut frame = Frame::black(SIZE);
            paint(&mut frame, &mask, at, Ink { color: [255; 3], mix: Mix::Normal, opacity: 1.0 });
            let lit = |i: usize| {
                let (x, y) = ((i % 8) as i64 - at.0, (i / 8) as i64 - at.1);
                (0..3).contains(&x) && (0..2).contains(&y)
            };
            let pixels: Vec<bool> = frame.rgb().chunks_exact(3).map(|p| p == [255; 3]).collect();
            assert_eq!(pixels.iter().filter(|p| **p).count(), covered, "{at:?}");
            assert!(pixels.iter().enumerate().all(|(i, p)| *p == lit(i)), "{at:?}");
        }
    }
}
