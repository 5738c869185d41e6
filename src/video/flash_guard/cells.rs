//! Cells: the light of a picture on a coarse grid, as flashes are measured.
//!
//! Relative luminance is WCAG's: of linear light, 0.2126 R + 0.7152 G + 0.0722 B. Red is WCAG's measure of saturated red, R - G - B of
//! linear light, where it is positive; a cell is saturated if R / (R + G + B) >= 0.8. Cells average over what is finer than the
//! eye takes for a flash: grain, and lines and small lights that move, which brighten one place as they darken the next. Sixteen
//! to a row are as wide as a fifth of the field that WCAG counts in (341 of 1024 pixels).

use crate::vector::{byte, vectorized};
use crate::video::frame::Frame;
use rayon::prelude::*;
use std::sync::LazyLock;

/// Most cells in a row, and rows.
const COLUMNS: usize = 16;
const ROWS: usize = 9;
/// Share of red in all light from which it is saturated.
const SATURATED: f32 = 0.8;

/// Linear light of a byte: the transfer function of sRGB (IEC 61966-2-1).
static LIGHT: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        let v = byte as f64 / 255.0;
        (if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }) as f32
    })
});

/// What is measured of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Cell {
    /// Relative luminance, 0 to 1.
    pub light: f32,
    /// R - G - B of linear light, 0 to 1.
    pub red: f32,
    /// Whether that red is saturated.
    pub saturated: bool,
}

/// The cells of a picture, row by row.
pub(super) fn measure(frame: &Frame) -> Vec<Cell> {
    let (width, height) = (frame.size().width as usize, frame.size().height as usize);
    let (columns, rows) = (width.min(COLUMNS), height.min(ROWS));
    let light = &*LIGHT;
    let row = |row: usize| {
        let mut sums = vec![[0.0f32; 3]; columns];
        let lines = row * height / rows..(row + 1) * height / rows;
        let part = move |column: usize| 3 * (column * width / columns)..3 * ((column + 1) * width / columns);
        let height = lines.len();
        for line in frame.rgb()[3 * lines.start * width..3 * lines.end * width].chunks_exact(3 * width) {
            for (column, sum) in sums.iter_mut().enumerate() {
                for pixel in line[part(column)].chunks_exact(3) {
                    (0..3).for_each(|c| sum[c] += light[usize::from(pixel[c])]);
                }
            }
        }
        sums.into_iter().enumerate().map(move |(column, sum)| {
            let pixels = (part(column).len() / 3 * height) as f32;
            cell(sum.map(|s| s / pixels))
        })
    };
    (0..rows).into_par_iter().flat_map_iter(row).collect()
}

/// The mean light of a picture.
pub(super) fn mean(cells: &[Cell]) -> f32 {
    cells.iter().map(|cell| cell.light).sum::<f32>() / cells.len().max(1) as f32
}

/// The picture with its light multiplied.
pub(super) fn lit(frame: &Frame, factor: f32) -> Frame {
    let table: [u8; 256] = std::array::from_fn(|byte| {
        let light = f64::from(LIGHT[byte] * factor).clamp(0.0, 1.0);
        let v = if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
        (255.0 * v).round() as u8
    });
    let mut out = frame.clone();
    out.rgb_mut()
        .par_chunks_mut(1 << 16)
        .for_each(|part| part.iter_mut().for_each(|v| *v = table[usize::from(*v)]));
    out
}

/// The picture with the light of each cell multiplied by its factor, which changes gradually from cell to cell. Bytes are taken for the
/// power 1 / 2.2 of light, which they nearly are.
pub(super) fn lit_locally(frame: &Frame, factors: &[f32]) -> Frame {
    let (width, height) = (frame.size().width as usize, frame.size().height as usize);
    let (columns, rows) = (width.min(COLUMNS), height.min(ROWS));
    let factors: Vec<f32> = factors.iter().map(|factor| factor.powf(1.0 / 2.2)).collect();
    // Between the middles of which two cells a pixel lies, and how far on.
    let between = |at: usize, length: usize, cells: usize| {
        let place = ((at as f32 + 0.5) * cells as f32 / length as f32 - 0.5).clamp(0.0, (cells - 1) as f32);
        (place as usize, (place as usize + 1).min(cells - 1), place.fract())
    };
    let across: Vec<_> = (0..width).map(|x| between(x, width, columns)).collect();
    let mut out = frame.clone();
    out.rgb_mut().par_chunks_mut(3 * width.max(1)).enumerate().for_each(|(y, line)| {
        let (upper, lower, down) = between(y, height, rows);
        let row: Vec<f32> = (0..columns)
            .map(|c| factors[upper * columns + c] * (1.0 - down) + factors[lower * columns + c] * down)
            .collect();
        let factors = across.iter().map(|(left, right, part)| row[*left] * (1.0 - part) + row[*right] * part);
        let factors: Vec<f32> = factors.collect();
        vectorized(
            #[inline(always)]
            || {
                for (pixel, factor) in line.chunks_exact_mut(3).zip(&factors) {
                    pixel.iter_mut().for_each(|v| *v = byte(f32::from(*v) * factor));
                }
            },
        );
    });
    out
}

fn cell([r, g, b]: [f32; 3]) -> Cell {
    let (red, all) = ((r - g - b).max(0.0), r + g + b);
    Cell { light: 0.2126 * r + 0.7152 * g + 0.0722 * b, red, saturated: all > 0.0 && r >= SATURATED * all }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Size;

    #[test]
    fn white_grey_and_red_have_the_light_that_the_standard_gives_them() {
        let size = Size { width: 64, height: 36 };
        let of = |rgb: [u8; 3]| {
            let cells = measure(&Frame::new(size, rgb.repeat(size.pixels())));
            assert!(cells.len() == 16 * 9 && cells.iter().all(|c| *c == cells[0]));
            cells[0]
        };
        assert!((of([255; 3]).light - 1.0).abs() < 1e-5 && of([0; 3]) == Cell::default());
        // Half of the light is byte 188 (IEC 61966-2-1).
        assert!((of([188; 3]).light - 0.5).abs() < 0.005);
        let red = of([255, 0, 0]);
        assert!(red.saturated && (red.red - 1.0).abs() < 1e-5 && (red.light - 0.2126).abs() < 1e-5);
        assert!(!of([255, 160, 0]).saturated && !of([90, 200, 10]).saturated);
    }

    #[test]
    fn a_picture_is_lit_in_linear_light_and_at_one_as_it_was() {
        let ramp = Frame::new(Size { width: 16, height: 16 }, (0..=255).flat_map(|v| [v; 3]).collect());
        assert!(lit(&ramp, 1.0) == ramp);
        // Half of the light of white is byte 188, twice that of it is white again.
        let half = lit(&ramp, 0.5);
        assert_eq!((half.rgb()[765], lit(&half, 2.0).rgb()[765], lit(&ramp, 0.0).rgb()[765]), (188, 255, 0));
        let (before, after) = (mean(&measure(&ramp)), mean(&measure(&half)));
        assert!((after / before - 0.5).abs() < 0.005, "{after} {before}");
    }

    #[test]
    fn the_light_of_every_cell_is_what_it_was_times_its_factor() {
        let size = Size { width: 160, height: 90 };
        let grey = Frame::new(size, vec![120; 3 * size.pixels()]);
        let before = measure(&grey);
        let factors: Vec<f32> = (0..16 * 9).map(|i| 1.0 + 0.05 * (i % 16) as f32).collect();
        let after = measure(&lit_locally(&grey, &factors));
        for i in (0..16 * 9).filter(|i| (1..15).contains(&(i % 16))) {
            let factor = after[i].light / before[i].light;
            assert!((factor / factors[i] - 1.0).abs() < 0.03, "{i}: {factor} for {}", factors[i]);
        }
        assert!(lit_locally(&grey, &[1.0; 16 * 9]) == grey);
    }

    #[test]
    fn cells_average_checks_and_small_pictures_have_as_many_cells_as_pixels() {
        let (large, small) = (Size { width: 1280, height: 720 }, Size { width: 5, height: 6 });
        let checks = (0..large.pixels()).flat_map(|i| [if (i + i / 1280) % 2 == 0 { 0 } else { 255 }; 3]);
        let cells = measure(&Frame::new(large, checks.collect()));
        assert!(cells.len() == 16 * 9 && cells.iter().all(|c| (c.light - 0.5).abs() < 1e-4));
        assert_eq!(measure(&Frame::black(small)).len(), 30);
    }
}
