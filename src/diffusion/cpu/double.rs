//! Twice the size by repeating pixels, and the 3x3 convolution behind it, in one.
//!
//! An output sees three rows of the enlarged picture, but only two of the small one, and so with columns:
//!
//! ```text
//! upper output over row y:  w0 · (y-1) + (w1 + w2) · y
//! lower output over row y:               (w0 + w1) · y + w2 · (y+1)
//! ```
//!
//! With the weights added up for each of the four places over a pixel, four multiplications do what nine did, and the
//! enlarged picture never stands in memory.

use super::conv::{Unroll, strip};
use super::gemm::{Right, multiply_add};
use super::{read, tensor};
use crate::vector::vectorized;
use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

/// Which of the three weights fall on the first and on the second pixel, for the upper or left output and for the other.
const SHARES: [[&[usize]; 2]; 2] = [[&[0], &[1, 2]], [&[0, 1], &[2]]];

/// `x` \[n, c, h, w] enlarged to \[n, c, 2h, 2w] and convolved with `weight` \[o, c, 3, 3], a border of zeros around it;
/// `bias` \[o] is added.
pub fn double_conv2d(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let ((n, c, h, w), (o, c_in, 3, 3)) = (x.dims4()?, weight.dims4()?) else {
        bail!("only a 3x3 kernel can follow an enlargement");
    };
    if c != c_in {
        bail!("a kernel for {c_in} channels can't be moved over {c}");
    }
    read([x, weight, bias], |[x, weight, bias]| {
        let weights: [[Vec<f32>; 2]; 2] =
            std::array::from_fn(|lower| std::array::from_fn(|right| added_up(weight, lower, right)));
        let mut out = vec![0.0; 4 * n * o * h * w];
        let images = out.par_chunks_mut((4 * o * h * w).max(1)).zip(x.par_chunks((c * h * w).max(1)));
        images.for_each_init(Room::default, |room, (out, x)| {
            let strip = strip(4 * c, h, w);
            for top in (0..h).step_by(strip) {
                for (lower, weights) in weights.iter().enumerate() {
                    let rows = top..(top + strip).min(h);
                    room.convolve(x, (h, w), rows.clone(), (lower, weights));
                    room.write(out, bias, (h, w), rows.map(|y| 2 * y + lower));
                }
            }
        });
        tensor(out, (n, o, 2 * h, 2 * w))
    })
}

/// The weights of one place over a pixel: \[o, c, 2, 2] of \[o, c, 3, 3].
fn added_up(weight: &[f32], lower: usize, right: usize) -> Vec<f32> {
    let mut sums = Vec::with_capacity(weight.len() / 9 * 4);
    for nine in weight.as_chunks::<9>().0 {
        for rows in SHARES[lower] {
            for columns in SHARES[right] {
                let shares = rows.iter().flat_map(|y| columns.iter().map(move |x| nine[3 * y + x]));
                sums.push(shares.sum());
            }
        }
    }
    sums
}

/// Room to work in.
#[derive(Default)]
struct Room {
    unrolled: Vec<f32>,
    /// The outputs to the left and to the right over each pixel of some rows: \[o, rows · w] each.
    halves: [Vec<f32>; 2],
}

impl Room {
    /// The upper or lower outputs over some rows of the picture `x`.
    fn convolve(
        &mut self,
        x: &[f32],
        (h, w): (usize, usize),
        rows: std::ops::Range<usize>,
        (lower, weights): (usize, &[Vec<f32>; 2]),
    ) {
        let (count, depth) = (rows.len() * w, x.len() / (h * w) * 4);
        self.unrolled.resize(depth * count, 0.0);
        for (right, (half, weight)) in self.halves.iter_mut().zip(weights).enumerate() {
            let shape = Unroll { h, w, width: w, kernel: 2, stride: 1, before: [1 - lower, 1 - right] };
            shape.fill(x, rows.start, count, &mut self.unrolled);
            let outputs = weight.len() / depth;
            half.clear();
            half.resize(outputs * count, 0.0);
            let matrix = Right { values: &self.unrolled, row_stride: count, column_stride: 1 };
            multiply_add(weight, matrix, (half, count), [outputs, count, depth]);
        }
    }

    /// Puts the halves together in the rows `to` of the planes of `out`.
    fn write(&self, out: &mut [f32], bias: &[f32], (h, w): (usize, usize), to: impl Iterator<Item = usize>) {
        let [left, right] = &self.halves;
        let count = left.len() / bias.len();
        for (line, to) in to.enumerate() {
            for (channel, (plane, bias)) in out.chunks_exact_mut(4 * h * w).zip(bias).enumerate() {
                let from = channel * count + line * w;
                let (left, right) = (&left[from..from + w], &right[from..from + w]);
                let row = plane[2 * w * to..2 * w * (to + 1)].as_chunks_mut::<2>().0;
                vectorized(
                    #[inline(always)]
                    || {
                        for (pair, (l, r)) in row.iter_mut().zip(left.iter().zip(right)) {
                            *pair = [l + bias, r + bias];
                        }
                    },
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::cpu::conv::{Finish, Window, conv2d};
    use crate::diffusion::cpu::layout::upsample;
    use crate::diffusion::cpu::noise;

    #[test]
    fn it_is_enlargement_and_convolution() {
        for [n, c, o, h, w] in
            [[2, 3, 5, 4, 7], [1, 1, 1, 1, 1], [1, 4, 2, 1, 6], [3, 2, 4, 5, 1], [1, 64, 3, 40, 100]]
        {
            let (x, weight, bias) = (noise(1, &[n, c, h, w]), noise(2, &[o, c, 3, 3]), noise(3, &[o]));
            let window = Window { stride: 1, before: 1, after: 1 };
            let large = upsample(&x, (2 * h, 2 * w)).unwrap();
            let apart = conv2d(&large, (&weight, &bias), window, Finish::default()).unwrap();
            let ours = double_conv2d(&x, &weight, &bias).unwrap();
            assert_eq!(ours.dims(), [n, o, 2 * h, 2 * w]);
            let worst = (ours - apart).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
            assert!(worst.to_scalar::<f32>().unwrap() < 1e-4, "{worst}");
        }
    }
}
