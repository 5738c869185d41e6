//! Effects that look at the pixels around each one.

use crate::vector::vectorized;
use crate::video::frame::Frame;
use rayon::prelude::*;

/// The values around one of a channel, from 0 to 255: three rows from the top, each from the left.
pub(super) type Around = [[f32; 3]; 3];

/// `frame` with every value replaced by what `f` makes of it and those around; the edge goes on as it is.
pub(super) fn map(frame: &Frame, f: impl Fn(Around) -> f32 + Sync) -> Frame {
    let size = frame.size();
    let (width, height) = (3 * size.width as usize, size.height as usize);
    let mut out = Frame::black(size);
    let row = |y: usize| &frame.rgb()[y * width..][..width];
    out.rgb_mut().par_chunks_exact_mut(width).enumerate().for_each_init(
        || vec![[0.0f32; 3]; width + 6],
        |columns, (y, out)| {
            vectorized(
                #[inline(always)]
                || {
                    gather([row(y.saturating_sub(1)), row(y), row((y + 1).min(height - 1))], columns);
                    line(columns, out, &f);
                },
            );
        },
    );
    out
}

/// Three rows as columns of three values, with a pixel more at either end.
#[inline(always)]
fn gather(rows: [&[u8]; 3], columns: &mut [[f32; 3]]) {
    let width = rows[0].len();
    let [top, middle, bottom] = rows;
    for (i, column) in columns[3..width + 3].iter_mut().enumerate() {
        *column = [top[i], middle[i], bottom[i]].map(f32::from);
    }
    for i in 0..3 {
        columns[i] = columns[i + 3];
        columns[width + 3 + i] = columns[width + i];
    }
}

#[inline(always)]
fn line(columns: &[[f32; 3]], out: &mut [u8], f: &impl Fn(Around) -> f32) {
    let (left, right) = (&columns[..out.len()], &columns[6..]);
    for (((byte, l), m), r) in out.iter_mut().zip(left).zip(&columns[3..]).zip(right) {
        let value = f([[l[0], m[0], r[0]], [l[1], m[1], r[1]], [l[2], m[2], r[2]]]);
        // The cast keeps to 0..=255.
        *byte = (value + 0.5) as u8;
    }
}
