//! Moving and scaling with a turn: every pixel looks up its own neighbourhood.

use super::placement::{Placement, mirrored};
use super::resample;
use super::rows::{Last, paint as paint_rows};
use crate::units::Size;
use crate::video::frame::Frame;

/// A pixel as four lanes, so that a neighbourhood is summed in vectors; the last lane is idle.
type Lanes = [f32; 4];

/// The frame at its place, graded.
pub(super) fn paint(frame: &Frame, place: &Placement, last: &Last) -> Frame {
    if place.scale < 1.0 {
        // Shrink first: a neighbourhood of 4x4 pixels would skip the others.
        let upright = Placement { out: shrunk(frame, place.scale), roll: 0.0, shift: [0.0; 2], ..*place };
        let small = resample::paint(frame, &upright, &Last::NOTHING);
        return paint(&small, &Placement { scale: 1.0, ..*place }, last);
    }
    let pixels: Vec<Lanes> =
        frame.rgb().chunks_exact(3).map(|p| [p[0], p[1], p[2], 0].map(f32::from)).collect();
    let picture =
        Picture { pixels, width: frame.size().width as usize, height: frame.size().height as usize };
    let (sin, cos) = place.roll.to_radians().sin_cos();
    let [across, down] = [cos / place.scale, sin / place.scale];
    let [mid_x, mid_y] = [picture.width, picture.height].map(|v| v as f32 / 2.0 - 0.5);
    let [out_x, out_y] = [place.out.width, place.out.height].map(|v| v as f32 / 2.0 - 0.5);
    paint_rows(place.out, last, |y, row| {
        let dy = y as f32 - out_y - place.shift[1];
        for (x, out) in row.chunks_exact_mut(3).enumerate() {
            let dx = x as f32 - out_x - place.shift[0];
            let value = picture.at(mid_x + across * dx + down * dy, mid_y - down * dx + across * dy);
            out.copy_from_slice(&value[..3]);
        }
    })
}

/// The size of the whole frame at `scale`, at least one pixel.
fn shrunk(frame: &Frame, scale: f32) -> Size {
    let [width, height] =
        [frame.size().width, frame.size().height].map(|v| (v as f32 * scale).ceil().max(1.0) as u32);
    Size { width, height }
}

struct Picture {
    pixels: Vec<Lanes>, // [height, width]
    width: usize,
    height: usize,
}

impl Picture {
    /// The value between the pixels at (`x`, `y`), whole numbers being pixels' centres.
    fn at(&self, x: f32, y: f32) -> Lanes {
        let (left, top) = (whole(x), whole(y));
        let (columns, rows) = (weights(x - left as f32), weights(y - top as f32));
        let (left, top) = (i64::from(left) - 1, i64::from(top) - 1);
        let mut sum = [0.0; 4];
        let inside = left >= 0 && top >= 0 && left + 4 <= self.width as i64 && top + 4 <= self.height as i64;
        for (j, weight) in rows.into_iter().enumerate() {
            let line = if inside {
                let start = (top as usize + j) * self.width + left as usize;
                blend(&self.pixels[start..start + 4], columns)
            } else {
                let start = mirrored(top + j as i64, self.height) * self.width;
                let near = [0, 1, 2, 3].map(|i| self.pixels[start + mirrored(left + i, self.width)]);
                blend(&near, columns)
            };
            for lane in 0..4 {
                sum[lane] += weight * line[lane];
            }
        }
        sum
    }
}

/// The whole number at or below `v`; plain processors have no instruction for `floor`.
fn whole(v: f32) -> i32 {
    let cut = v as i32;
    cut - i32::from(cut as f32 > v)
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

fn blend(pixels: &[Lanes], weights: [f32; 4]) -> Lanes {
    let mut sum = [0.0; 4];
    for (pixel, weight) in pixels.iter().zip(weights) {
        for lane in 0..4 {
            sum[lane] += weight * pixel[lane];
        }
    }
    sum
}
