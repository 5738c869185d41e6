//! Moving and scaling with a turn: every pixel looks up its own neighbourhood.

use super::placement::{Placement, mirrored};
use super::resample;
use super::rows::{Last, paint as paint_rows};
use crate::units::Size;
use crate::video::frame::Frame;
use rayon::prelude::*;

/// Places between two pixels that are told apart.
const STEPS: usize = 256;
/// A pixel as a whole number: over a row, what is rounded away adds up to less than a step.
const ONE: i64 = 1 << 24;

/// The frame at its place, graded.
pub(super) fn paint(frame: &Frame, place: &Placement, last: &Last) -> Frame {
    if place.scale < 1.0 {
        // Shrink first: a neighbourhood of 4x4 pixels would skip the others.
        let upright = Placement { out: shrunk(frame, place.scale), roll: 0.0, shift: [0.0; 2], ..*place };
        let small = resample::paint(frame, &upright, &Last::NOTHING);
        return paint(&small, &Placement { scale: 1.0, ..*place }, last);
    }
    let picture = Picture::of(frame);
    let weights: [_; STEPS] = std::array::from_fn(|i| {
        let weights = weights(i as f32 / STEPS as f32);
        std::array::from_fn(|k| weights[k / 4])
    });
    let (sin, cos) = f64::from(place.roll).to_radians().sin_cos();
    let [across, down] = [cos, sin].map(|v| v / f64::from(place.scale));
    let middle = |[width, height]: [f64; 2]| [width / 2.0 - 0.5, height / 2.0 - 0.5];
    let [mid_x, mid_y] = middle([picture.width as f64, picture.height as f64]);
    let [out_x, out_y] = middle([place.out.width, place.out.height].map(f64::from));
    let [shift_x, shift_y] = place.shift.map(f64::from);
    let [right, below] = [across, -down].map(fixed);
    paint_rows(
        place.out,
        last,
        #[inline(always)]
        |y, row| {
            let (dx, dy) = (-out_x - shift_x, y as f64 - out_y - shift_y);
            let mut x = fixed(mid_x + across * dx + down * dy);
            let mut y = fixed(mid_y - down * dx + across * dy);
            for out in row.chunks_exact_mut(3) {
                let [r, g, b, _] = picture.at(x, y, &weights);
                out.copy_from_slice(&[r, g, b]);
                (x, y) = (x + right, y + below);
            }
        },
    )
}

/// A length in pixels as [`ONE`]s of one.
fn fixed(v: f64) -> i64 {
    (v * ONE as f64).round() as i64
}

/// The size of the whole frame at `scale`, at least one pixel.
fn shrunk(frame: &Frame, scale: f32) -> Size {
    let [width, height] =
        [frame.size().width, frame.size().height].map(|v| (v as f32 * scale).ceil().max(1.0) as u32);
    Size { width, height }
}

/// Pixels of four values, of which the last is idle, so that a neighbourhood is summed in vectors.
struct Picture {
    values: Vec<u8>, // [height, width, 4]
    width: usize,
    height: usize,
}

impl Picture {
    fn of(frame: &Frame) -> Self {
        let (width, height) = (frame.size().width as usize, frame.size().height as usize);
        let mut values = vec![0; 4 * width * height];
        let rows = values.par_chunks_exact_mut(4 * width).zip(frame.rgb().par_chunks_exact(3 * width));
        rows.for_each(|(out, row)| {
            for (out, pixel) in out.chunks_exact_mut(4).zip(row.chunks_exact(3)) {
                out.copy_from_slice(&[pixel[0], pixel[1], pixel[2], 0]);
            }
        });
        Picture { values, width, height }
    }

    /// The value between the pixels at (`x`, `y`), in [`ONE`]s, whole pixels being pixels' centres.
    #[inline(always)]
    fn at(&self, x: i64, y: i64, weights: &[[f32; 16]; STEPS]) -> [f32; 4] {
        let [x, y] = [x, y].map(|v| (v + ONE / STEPS as i64 / 2) >> (ONE / STEPS as i64).ilog2());
        let [columns, rows] = [x, y].map(|v| &weights[v as usize % STEPS]);
        let [left, top] = [x, y].map(|v| (v >> STEPS.ilog2()) as isize - 1);
        let within = |first: isize, count: usize| (first as usize) < count.saturating_sub(3);
        if within(left, self.width) && within(top, self.height) {
            let start = 4 * (top as usize * self.width + left as usize);
            let line = |j: usize| self.values[start + 4 * j * self.width..].first_chunk();
            if let (Some(a), Some(b), Some(c), Some(d)) = (line(0), line(1), line(2), line(3)) {
                return blend([a, b, c, d], columns, rows);
            }
        }
        let lines = [0, 1, 2, 3].map(|j| self.beyond(left, top + j));
        blend(lines.each_ref(), columns, rows)
    }

    /// Four pixels of row `y` from `left` on, where the picture goes on mirrored.
    #[inline(never)]
    fn beyond(&self, left: isize, y: isize) -> [u8; 16] {
        let row = mirrored(y as i64, self.height) * self.width;
        let pixel = |i: usize| 4 * (row + mirrored((left + i as isize) as i64, self.width));
        std::array::from_fn(|i| self.values[pixel(i / 4) + i % 4])
    }
}

/// The sum of four by four pixels by their weights, each of which is there for four values; rows first, since each is as long as a
/// vector.
#[inline(always)]
fn blend([a, b, c, d]: [&[u8; 16]; 4], columns: &[f32; 16], rows: &[f32; 16]) -> [f32; 4] {
    let mut sum = [0.0f32; 16];
    for i in 0..16 {
        let values = [a[i], b[i], c[i], d[i]].map(f32::from);
        let column = rows[0] * values[0] + rows[4] * values[1] + rows[8] * values[2] + rows[12] * values[3];
        sum[i] = columns[i] * column;
    }
    let mut out = [0.0; 4];
    for lane in 0..4 {
        out[lane] = (sum[lane] + sum[4 + lane]) + (sum[8 + lane] + sum[12 + lane]);
    }
    out
}

/// Catmull-Rom weights of the four pixels around a point `t` past the second: the filter of
/// [`super::placement::catmull_rom`], written out for its four pieces.
fn weights(t: f32) -> [f32; 4] {
    [
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    ]
}
