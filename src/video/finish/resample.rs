//! Moving and scaling without a turn: columns, then rows.

use super::placement::{Placement, catmull_rom, mirrored};
use super::rows::{Last, paint as paint_rows};
use crate::video::frame::Frame;
use rayon::prelude::*;

/// The weighted source pixels of every output pixel along one axis.
struct Taps {
    /// Taps for each output pixel.
    per_pixel: usize,
    /// `per_pixel` source positions and weights for each output pixel; weights sum to 1.
    taps: Vec<(usize, f32)>,
}

impl Taps {
    /// From `count` source pixels to `out`; `shift` in output pixels, centres on each other.
    fn new(count: u32, out: u32, scale: f32, shift: f32) -> Self {
        // Shrinking widens the filter, so that every source pixel counts.
        let reach = 2.0 / scale.min(1.0);
        let per_pixel = (2.0 * reach).ceil() as usize;
        let mut taps = Vec::with_capacity(per_pixel * out as usize);
        for i in 0..out {
            let centre = (i as f32 + 0.5 - out as f32 / 2.0 - shift) / scale + count as f32 / 2.0 - 0.5;
            let first = (centre - reach).floor() as i64 + 1;
            let weight = |k: usize| catmull_rom(((first + k as i64) as f32 - centre) * scale.min(1.0));
            let sum: f32 = (0..per_pixel).map(weight).sum();
            taps.extend(
                (0..per_pixel).map(|k| (mirrored(first + k as i64, count as usize), weight(k) / sum)),
            );
        }
        Taps { per_pixel, taps }
    }

    fn of(&self, pixel: usize) -> &[(usize, f32)] {
        &self.taps[pixel * self.per_pixel..][..self.per_pixel]
    }
}

/// The frame at its place, graded.
pub(super) fn paint(frame: &Frame, place: &Placement, last: &Last) -> Frame {
    let source = frame.size();
    let columns = Taps::new(source.width, place.out.width, place.scale, place.shift[0]);
    let rows = Taps::new(source.height, place.out.height, place.scale, place.shift[1]);
    let width = 3 * place.out.width as usize;
    let mut wide = vec![0.0f32; width * source.height as usize]; // [source height, out width, 3]
    let sources = frame.rgb().par_chunks_exact(3 * source.width as usize);
    wide.par_chunks_exact_mut(width).zip(sources).for_each(|(out, row)| across(row, &columns, out));
    paint_rows(
        place.out,
        last,
        #[inline(always)]
        |y, out| {
            out.fill(0.0);
            for (row, weight) in rows.of(y) {
                for (value, from) in out.iter_mut().zip(&wide[row * width..][..width]) {
                    *value += weight * from;
                }
            }
        },
    )
}

/// One row at the output's width.
fn across(row: &[u8], columns: &Taps, out: &mut [f32]) {
    for (x, pixel) in out.chunks_exact_mut(3).enumerate() {
        let mut sum = [0.0f32; 3];
        for (from, weight) in columns.of(x) {
            let from = &row[3 * from..][..3];
            for c in 0..3 {
                sum[c] += weight * f32::from(from[c]);
            }
        }
        pixel.copy_from_slice(&sum);
    }
}
