//! What glow and bloom share: the light that spills, and how a picture is lit by it.

use super::pyramid::{Plane, steps};
use super::srgb::{to_light, to_srgb};
use crate::vector::{byte as to_byte, vectorized};
use crate::video::frame::Frame;
use rayon::prelude::*;

/// The squared light of `frame`, as the mean of blocks so large that `rows` of them, or up to twice as many, fill the height.
pub(super) fn squared(frame: &Frame, rows: u32) -> Plane {
    let size = frame.size();
    let factor = (size.height / rows).max(1) as usize;
    let (width, height) = (size.width as usize, size.height as usize);
    let squares: [f32; 256] = std::array::from_fn(|v| to_light(v as f32 / 255.0).powi(2));
    Plane::of(width.div_ceil(factor), height.div_ceil(factor), |y, out| {
        let rows = factor * y..(factor * (y + 1)).min(height);
        for row in rows.clone() {
            let row = &frame.rgb()[3 * width * row..][..3 * width];
            for (out, block) in out.chunks_exact_mut(3).zip(row.chunks(3 * factor)) {
                let weight = 3.0 / (block.len() * rows.len()) as f32;
                for pixel in block.chunks_exact(3) {
                    for c in 0..3 {
                        out[c] += weight * squares[usize::from(pixel[c])];
                    }
                }
            }
        }
    })
}

/// Lights `frame` by `spill`, which may be smaller: per channel light + (1 − light) · min(amount · spill, 1).
pub(super) fn light(frame: &mut Frame, spill: &Plane, amount: f32) {
    let size = frame.size();
    let columns = steps(spill.width, size.width as usize);
    let rows = steps(spill.height, size.height as usize);
    let width = 3 * size.width as usize;
    frame.rgb_mut().par_chunks_exact_mut(width).zip(&rows).for_each_init(
        || (Vec::new(), vec![0.0f32; width]),
        |(low, wide), (row, step)| {
            vectorized(
                #[inline(always)]
                || {
                    spill.between(*step, low);
                    for (pixel, step) in wide.chunks_exact_mut(3).zip(&columns) {
                        pixel.iter_mut().enumerate().for_each(|(c, v)| *v = amount * step.mixed(low, c));
                    }
                    for (byte, spill) in row.iter_mut().zip(wide.iter()) {
                        let light = to_light(f32::from(*byte) * (1.0 / 255.0));
                        *byte = to_byte(255.0 * to_srgb(light + (1.0 - light) * spill.min(1.0)));
                    }
                },
            );
        },
    );
}
