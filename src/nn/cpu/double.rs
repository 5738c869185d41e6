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
//! enlarged picture never stands in memory. The small one gets a border of zeros, and four outputs at sixteen pixels are
//! summed up in registers. All weights are read for every sixteen pixels, so this is for weights that stay in the cache.

use super::{pieces, read, tensor};
use crate::vector::vectorized;
use candle_core::{Result, Tensor, bail};

/// Outputs that are summed up together, and pixels of each: what fits the registers.
const OUTPUTS: usize = 4;
const LANES: usize = 16;
/// Most weights: 1 MiB.
const MOST: usize = 1 << 18;
/// Which of three weights fall on the first and on the second pixel, for the upper or left output and for the other.
const SHARES: [[&[usize]; 2]; 2] = [[&[0], &[1, 2]], [&[0, 1], &[2]]];

/// Whether `weight` is a 3x3 kernel that is worth it.
pub fn is_small(weight: &Tensor) -> bool {
    weight.elem_count() <= MOST && matches!(weight.dims(), [_, _, 3, 3])
}

/// `x` \[n, c, h, w] enlarged to \[n, c, 2h, 2w], with a border of zeros around it, and convolved with `weight`
/// \[o, c, 3, 3]; `bias` \[o] is added.
pub fn double_conv2d(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let [n, c, h, w, o] = sizes(x, weight)?;
    read([x, weight, bias], |[x, weight, bias]| {
        let border = Border { h, w };
        let kernels: [[Kernel; 2]; 2] = std::array::from_fn(|lower| {
            std::array::from_fn(|right| Kernel::new(weight, c, &border, [lower, right]))
        });
        let out = pieces((4 * n * o * h * w, 4 * o * h * w), Vec::new, |framed, i, out| {
            border.put_around(&x[i * c * h * w..][..c * h * w], framed);
            for (lower, kernels) in kernels.iter().enumerate() {
                let put = |[channel, y, first]: [usize; 3], [l, r]: [&[f32; LANES]; 2]| {
                    let row = &mut out[(channel * 2 * h + 2 * y + lower) * 2 * w..][2 * first..2 * w];
                    for (pair, (l, r)) in row.as_chunks_mut::<2>().0.iter_mut().zip(l.iter().zip(r)) {
                        *pair = [l + bias[channel], r + bias[channel]];
                    }
                };
                vectorized(
                    #[inline(always)]
                    || border.each(kernels, framed, (c, o), put),
                );
            }
        });
        tensor(out, (n, o, 2 * h, 2 * w))
    })
}

/// n, c, h, w and o.
fn sizes(x: &Tensor, weight: &Tensor) -> Result<[usize; 5]> {
    let ((n, c, h, w), (o, inputs, height, width)) = (x.dims4()?, weight.dims4()?);
    if (inputs, height, width) != (c, 3, 3) {
        bail!("a {width}x{height} kernel for {inputs} channels can't be moved over {c} channels as 3x3");
    }
    Ok([n, c, h, w, o])
}

/// A picture of h rows of w pixels with a border of zeros, one pixel wide.
struct Border {
    h: usize,
    w: usize,
}

impl Border {
    /// Pixels of a row, and of a plane, with the border.
    fn row(&self) -> usize {
        self.w + 2
    }

    fn plane(&self) -> usize {
        (self.h + 2) * self.row()
    }

    /// The planes of `x` with the border, and room for a vector behind them; `framed` is empty or of this border.
    fn put_around(&self, x: &[f32], framed: &mut Vec<f32>) {
        framed.resize(x.len() / (self.h * self.w) * self.plane() + LANES, 0.0);
        for (to, from) in framed.chunks_exact_mut(self.plane()).zip(x.chunks_exact(self.h * self.w)) {
            let lines = to[self.row() + 1..].chunks_mut(self.row());
            for (to, from) in lines.zip(from.chunks_exact(self.w)) {
                to[..self.w].copy_from_slice(from);
            }
        }
    }

    /// Gives each output of both kernels, sixteen pixels at a time, with its channel, row and first column.
    #[inline(always)]
    fn each(
        &self,
        kernels: &[Kernel; 2],
        framed: &[f32],
        (channels, outputs): (usize, usize),
        mut give: impl FnMut([usize; 3], [&[f32; LANES]; 2]),
    ) {
        for y in 0..self.h {
            for first in (0..outputs).step_by(OUTPUTS) {
                for left in (0..self.w).step_by(LANES) {
                    let corner = &framed[y * self.row() + left..];
                    // Not `map`: what its closure calls would not be compiled for wide vectors.
                    let mut sums = [[[0.0f32; LANES]; OUTPUTS]; 2];
                    for (sums, kernel) in sums.iter_mut().zip(kernels) {
                        *sums = kernel.sum_up(corner, (channels, self.plane()), first);
                    }
                    for channel in first..outputs.min(first + OUTPUTS) {
                        give([channel, y, left], sums.each_ref().map(|four| &four[channel - first]));
                    }
                }
            }
        }
    }
}

/// Weights in the order in which they are read.
struct Kernel {
    /// Where the four pixels of a place lie in the framed picture, from its upper left corner on.
    offsets: [usize; 4],
    /// For every four outputs: channel, pixel, output.
    weights: Vec<f32>,
}

impl Kernel {
    /// Of \[o, c, 3, 3] for the outputs at one of the four places over a pixel.
    fn new(weight: &[f32], c: usize, border: &Border, [lower, right]: [usize; 2]) -> Self {
        let outputs = weight.len() / (9 * c);
        let mut weights = vec![0.0; outputs.next_multiple_of(OUTPUTS) * 4 * c];
        for (i, nine) in weight.as_chunks::<9>().0.iter().enumerate() {
            let (output, channel) = (i / c, i % c);
            let four = (output / OUTPUTS * c + channel) * 4 * OUTPUTS + output % OUTPUTS;
            for pixel in 0..4 {
                let (rows, columns) = (SHARES[lower][pixel / 2], SHARES[right][pixel % 2]);
                let shares = rows.iter().flat_map(|y| columns.iter().map(move |x| nine[3 * y + x]));
                weights[four + pixel * OUTPUTS] = shares.sum();
            }
        }
        Kernel { offsets: std::array::from_fn(|i| (i / 2 + lower) * border.row() + i % 2 + right), weights }
    }

    /// Four outputs from `first` on, over `c` channels, at sixteen pixels whose surroundings begin with `corner`.
    #[inline(always)]
    fn sum_up(&self, corner: &[f32], (c, plane): (usize, usize), first: usize) -> [[f32; LANES]; OUTPUTS] {
        let mut sums = [[0.0f32; LANES]; OUTPUTS];
        let weights = &self.weights[first * 4 * c..][..OUTPUTS * 4 * c];
        for (c, weights) in weights.chunks_exact(OUTPUTS * 4).enumerate() {
            let corner = &corner[c * plane..];
            for (offset, weights) in self.offsets.iter().zip(weights.as_chunks::<OUTPUTS>().0) {
                let Some(pixels) = corner[*offset..].first_chunk::<LANES>() else { continue };
                for (sums, weight) in sums.iter_mut().zip(weights) {
                    for (sum, pixel) in sums.iter_mut().zip(pixels) {
                        *sum = weight.mul_add(*pixel, *sum);
                    }
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::layout::upsample;
    use crate::nn::cpu::{apart, noise};

    /// n, c, o, h, w
    const SHAPES: [[usize; 5]; 6] = [
        [2, 3, 5, 4, 7],
        [1, 1, 1, 1, 1],
        [1, 4, 2, 1, 40],
        [3, 2, 4, 5, 1],
        [1, 64, 3, 20, 100],
        [2, 8, 32, 9, 16],
    ];

    fn assert_same(ours: &Tensor, theirs: &Tensor) {
        let worst = apart(ours, theirs);
        assert!(worst < 1e-4, "{worst}");
    }

    /// candle's convolution.
    fn plain(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
        let bias = bias.reshape((1, (), 1, 1)).unwrap();
        x.conv2d(weight, 1, 1, 1, 1).unwrap().broadcast_add(&bias).unwrap()
    }

    #[test]
    fn it_is_enlargement_and_convolution() {
        for [n, c, o, h, w] in SHAPES {
            let (x, weight, bias) = (noise(1, &[n, c, h, w]), noise(2, &[o, c, 3, 3]), noise(3, &[o]));
            let large = upsample(&x, (2 * h, 2 * w)).unwrap();
            assert_same(&double_conv2d(&x, &weight, &bias).unwrap(), &plain(&large, &weight, &bias));
        }
    }

    #[test]
    fn another_kernel_is_an_error() {
        let (x, bias) = (noise(1, &[1, 2, 4, 4]), noise(3, &[2]));
        for shape in [[2, 2, 1, 1], [2, 3, 3, 3]] {
            let weight = noise(2, &shape);
            assert!(double_conv2d(&x, &weight, &bias).is_err());
        }
    }
}
