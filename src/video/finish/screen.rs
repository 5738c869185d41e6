//! What a picture is shown on: few levels, dark corners, the lines of a tube, black bars.

use super::settings::Finish;
use crate::units::Size;
use std::f32::consts::TAU;

/// Lines of a tube, as far as there are three rows of pixels for each.
const LINES: u32 = 240;

/// The screen of one frame.
pub(super) struct Screen {
    /// Levels of a colour but the first, and what brings values to them; none: as many as there are.
    levels: Option<f32>,
    vignette: f32,
    /// The squared distance of every column from the middle, the edges being at 1/2.
    columns: Vec<f32>,
    scanlines: f32,
    /// Rows that a line of the tube takes.
    line: f32,
    height: u32,
    /// Black rows at the top, and at the bottom.
    bar: usize,
}

impl Screen {
    /// What `finish` asks for; none if there is nothing.
    pub fn new(size: Size, finish: &Finish) -> Option<Self> {
        let Finish { posterise, vignette, scanlines, letterbox, .. } = *finish;
        let any = [posterise, vignette, scanlines, letterbox].iter().any(|v| *v > 0.0);
        any.then(|| Screen {
            levels: (posterise > 0.0).then(|| (8.0 - 7.0 * posterise).exp2() - 1.0),
            vignette,
            columns: (0..size.width).map(|x| away(x, size.width)).collect(),
            scanlines,
            line: ((size.height as f32 / LINES as f32).round()).max(3.0),
            height: size.height,
            bar: (size.height as f32 * letterbox / 2.0).round() as usize,
        })
    }

    /// Puts row `y`, RGB values from 0 to 255, on the screen.
    #[inline(always)]
    pub fn apply(&self, y: usize, row: &mut [f32]) {
        if let Some(levels) = self.levels {
            let (up, down) = (levels / 255.0, 255.0 / levels);
            // Half away from zero, in a way that runs in vectors.
            row.iter_mut().for_each(|v| *v = (v.clamp(0.0, 255.0) * up + 0.5).floor() * down);
        }
        let line = 1.0 - self.scanlines * gap((y as f32 + 0.5) / self.line);
        if self.vignette > 0.0 {
            let down = away(y as u32, self.height);
            for (pixel, across) in row.chunks_exact_mut(3).zip(&self.columns) {
                let light = 1.0 - self.vignette * (across + down) * (across + down);
                pixel.iter_mut().for_each(|v| *v *= light * line);
            }
        } else if self.scanlines > 0.0 {
            row.iter_mut().for_each(|v| *v *= line);
        }
    }

    /// Whether row `y` lies behind a bar.
    pub fn hides(&self, y: usize) -> bool {
        y < self.bar || y + self.bar >= self.height as usize
    }
}

/// The squared distance of a pixel from the middle of a row of `count`, the ends being at 1/2.
fn away(index: u32, count: u32) -> f32 {
    let place = (index as f32 + 0.5) / count as f32 * 2.0 - 1.0;
    place * place / 2.0
}

/// How much of the gap between two lines is seen at `place`, counted in lines: 1 in the middle between their brightest rows.
fn gap(place: f32) -> f32 {
    0.5 + 0.5 * (TAU * place).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 80, height: 60 };

    fn shown(finish: Finish, y: usize, value: f32) -> Vec<f32> {
        let mut row = vec![value; 240];
        if let Some(screen) = Screen::new(SIZE, &finish) {
            screen.apply(y, &mut row);
        }
        row
    }

    #[test]
    fn posterise_leaves_so_many_levels_and_keeps_black_and_white() {
        for (posterise, count) in [(1.0, 2), (6.0 / 7.0, 4), (5.0 / 7.0, 8)] {
            let finish = Finish { posterise, ..Finish::NONE };
            let seen: std::collections::BTreeSet<i32> =
                (0..256).map(|v| (10.0 * shown(finish, 0, v as f32)[0]).round() as i32).collect();
            assert_eq!((seen.len(), seen.first(), seen.last()), (count, Some(&0), Some(&2550)), "{seen:?}");
            // Each is the nearest.
            let step = 255.0 / (count - 1) as f32;
            assert!((0..256).all(|v| (shown(finish, 0, v as f32)[0] - v as f32).abs() <= step / 2.0 + 1e-3));
        }
    }

    #[test]
    fn a_vignette_darkens_with_the_fourth_power_of_the_distance() {
        let finish = Finish { vignette: 0.8, ..Finish::NONE };
        for (x, y) in [(0usize, 0usize), (40, 30), (79, 59), (0, 30), (12, 50)] {
            let place = |v: usize, count: f32| (v as f32 + 0.5) / count * 2.0 - 1.0;
            let distance = place(x, 80.0).hypot(place(y, 60.0)) / std::f32::consts::SQRT_2;
            let expected = 200.0 * (1.0 - 0.8 * distance.powi(4));
            assert!((shown(finish, y, 200.0)[3 * x] - expected).abs() < 0.01, "{x} {y}");
        }
    }

    #[test]
    fn lines_of_a_tube_darken_all_of_a_row_by_half_on_average() {
        let finish = Finish { scanlines: 0.6, ..Finish::NONE };
        let rows: Vec<Vec<f32>> = (0..60).map(|y| shown(finish, y, 100.0)).collect();
        assert!(rows.iter().all(|row| row.iter().all(|v| *v == row[0])));
        let mean = rows.iter().map(|row| row[0]).sum::<f32>() / 60.0;
        assert!((mean - 70.0).abs() < 0.01 && (rows[1][0] - 100.0).abs() < 0.01, "{mean}");
    }

    #[test]
    fn bars_take_their_share_of_the_height_and_nothing_is_no_screen() {
        let screen = Screen::new(SIZE, &Finish { letterbox: 0.25, ..Finish::NONE }).unwrap();
        let hidden: Vec<usize> = (0..60).filter(|y| screen.hides(*y)).collect();
        assert_eq!(hidden, (0..8).chain(52..60).collect::<Vec<_>>());
        assert!(Screen::new(SIZE, &Finish::NONE).is_none());
    }
}
