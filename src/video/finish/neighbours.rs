//! Effects that look at the pixels around each one.

use crate::vector::{byte as to_byte, vectorized};
use crate::video::frame::Frame;
use rayon::prelude::*;

/// The values around one of a channel, from 0 to 255: three rows from the top, each from the left.
pub(super) type Around = [[f32; 3]; 3];

/// Values that are worked on together: with a fixed number the compiler makes vector instructions.
const LANES: usize = 64;

/// `frame` with every value replaced by what `f` makes of it and those around; the edge goes on as it is.
pub(super) fn map(frame: &Frame, f: impl Fn(Around) -> f32 + Sync) -> Frame {
    let size = frame.size();
    let (width, height) = (3 * size.width as usize, size.height as usize);
    let mut out = Frame::black(size);
    let row = |y: usize| &frame.rgb()[y * width..][..width];
    out.rgb_mut().par_chunks_exact_mut(width).enumerate().for_each_init(
        || [(); 3].map(|()| vec![0.0f32; width.next_multiple_of(LANES) + 6]),
        |wide, (y, out)| {
            vectorized(
                #[inline(always)]
                || {
                    let rows = [row(y.saturating_sub(1)), row(y), row((y + 1).min(height - 1))];
                    wide.iter_mut().zip(rows).for_each(|(wide, row)| widen(row, wide));
                    let blocks = wide.each_ref().map(|row| row.windows(LANES + 6).step_by(LANES));
                    let [top, middle, bottom] = blocks.map(|row| row.filter_map(<[f32]>::first_chunk));
                    let rows = top.zip(middle).zip(bottom);
                    for (bytes, ((top, middle), bottom)) in out.chunks_mut(LANES).zip(rows) {
                        let values = block([top, middle, bottom], &f);
                        bytes.iter_mut().zip(values).for_each(|(byte, value)| *byte = to_byte(value));
                    }
                },
            );
        },
    );
    out
}

/// A row as numbers, with a pixel more at either end.
#[inline(always)]
fn widen(row: &[u8], out: &mut [f32]) {
    let width = row.len();
    out[3..width + 3].iter_mut().zip(row).for_each(|(value, byte)| *value = f32::from(*byte));
    for i in 0..3 {
        out[i] = out[i + 3];
        out[width + 3 + i] = out[width + i];
    }
}

/// What `f` makes of values next to each other; `rows` begin a pixel before them.
#[inline(always)]
fn block(rows: [&[f32; LANES + 6]; 3], f: &impl Fn(Around) -> f32) -> [f32; LANES] {
    let [top, middle, bottom] = rows;
    let mut out = [0.0f32; LANES];
    for (i, value) in out.iter_mut().enumerate() {
        let around = [
            [top[i], top[i + 3], top[i + 6]],
            [middle[i], middle[i + 3], middle[i + 6]],
            [bottom[i], bottom[i + 3], bottom[i + 6]],
        ];
        *value = f(around);
    }
    out
}
