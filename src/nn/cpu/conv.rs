//! 2-D convolution: rows of the picture are copied into a matrix, one matrix product per strip of rows.
//!
//! Images are convolved in parallel; within an image, strips keep the matrix small enough for the cache
//! and memory bounded. Bias and residual are what the product is added to, ReLU follows while the image is warm.

use super::conv_config::{Below, Conv2dConfig, Finish};
use super::gemm::{Right, multiply_add};
use super::pointwise::shrink;
use super::{pieces, read, tensor, winograd};
use crate::vector::vectorized;
use candle_core::{Result, Tensor, bail};
use std::ops::Range;

/// Values of the unrolled matrix of a strip: 1 MiB of floats.
const STRIP: usize = 1 << 18;
/// Columns that the matrix has at least, because the weights are packed anew for every strip.
const COLUMNS: usize = 512;

/// Convolves `x` \[n, c, h, w] with `weight` \[o, c, k, k], adds `bias` \[o], gives \[n, o, h', w'].
pub fn conv2d(
    x: &Tensor,
    (weight, bias): (&Tensor, &Tensor),
    window: Conv2dConfig,
    finish: Finish<'_>,
) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    let (o, _, kernel, _) = weight.dims4()?;
    let (height, width) = window.output(x, weight)?;
    if finish.residual.is_some_and(|r| r.dims() != [n, o, height, width]) {
        bail!("the residual of a convolution is not [{n}, {o}, {height}, {width}]");
    }
    if (kernel, window) == (3, Conv2dConfig::SAME) && winograd::is_small([o, c]) {
        return winograd::conv3x3(x, (weight, bias), finish);
    }
    let shape = Unroll { h, w, height, width, kernel, window };
    let plane = height * width;
    // An absent residual is read as the input and not looked at, absent factors as the bias.
    let factors = finish.factors(o)?.unwrap_or(bias);
    read([x, weight, bias, finish.residual.unwrap_or(x), factors], |[x, weight, bias, residual, factors]| {
        let out = pieces((n * o * plane, o * plane), Vec::new, |unrolled, i, out| {
            if finish.residual.is_some() {
                out.copy_from_slice(&residual[i * o * plane..][..o * plane]);
            }
            for (out, bias) in out.chunks_exact_mut(plane).zip(bias) {
                out.iter_mut().for_each(|v| *v += bias);
            }
            shape.multiply(&x[i * c * h * w..][..c * h * w], weight, out, unrolled);
            vectorized(
                #[inline(always)]
                || match finish.below {
                    Below::Stay => {}
                    Below::Vanish => out.iter_mut().for_each(|v| *v = v.max(0.0)),
                    Below::Shrink(_) => out.chunks_exact_mut(plane).zip(factors).for_each(
                        #[inline(always)]
                        |(out, factor)| shrink(out, *factor),
                    ),
                },
            );
        });
        tensor(out, (n, o, height, width))
    })
}

struct Unroll {
    h: usize,
    w: usize,
    /// Size of the output.
    height: usize,
    width: usize,
    kernel: usize,
    window: Conv2dConfig,
}

impl Unroll {
    /// Adds the convolution of the image `x` to `out`; `unrolled` is room to work in, whatever it holds.
    fn multiply(&self, x: &[f32], weight: &[f32], out: &mut [f32], unrolled: &mut Vec<f32>) {
        let plane = self.height * self.width;
        let (outputs, depth) = (out.len() / plane, x.len() / (self.h * self.w) * self.kernel * self.kernel);
        if self.kernel == 1 && self.window.stride == 1 && plane == self.h * self.w {
            let right = Right { values: x, row_stride: plane, column_stride: 1 };
            return multiply_add(weight, right, (out, plane), [outputs, plane, depth]);
        }
        let strip = (STRIP / (depth * self.width)).max(COLUMNS.div_ceil(self.width)).min(self.height);
        unrolled.resize(depth * strip * self.width, 0.0);
        for top in (0..self.height).step_by(strip) {
            let count = strip.min(self.height - top) * self.width;
            let unrolled = &mut unrolled[..depth * count];
            self.fill(x, top, count, unrolled);
            let right = Right { values: unrolled, row_stride: count, column_stride: 1 };
            multiply_add(weight, right, (&mut out[top * self.width..], plane), [outputs, count, depth]);
        }
    }

    /// The inputs under the kernel for `count` outputs from row `top` on: \[c·k·k, count].
    fn fill(&self, x: &[f32], top: usize, count: usize, unrolled: &mut [f32]) {
        let mut targets = unrolled.chunks_exact_mut(count);
        for plane in x.chunks_exact(self.h * self.w) {
            for ky in 0..self.kernel {
                for (kx, target) in (0..self.kernel).zip(&mut targets) {
                    let inside = self.inside(kx);
                    for (line, target) in target.chunks_exact_mut(self.width).enumerate() {
                        let y = ((top + line) * self.window.stride + ky).wrapping_sub(self.window.before);
                        if y < self.h {
                            inside.copy(&plane[y * self.w..][..self.w], self.window.stride, target);
                        } else {
                            target.fill(0.0);
                        }
                    }
                }
            }
        }
    }

    /// Which outputs of a line have their input inside, at place `kx` of the kernel.
    fn inside(&self, kx: usize) -> Inside {
        let Conv2dConfig { stride, before, .. } = self.window;
        let first = before.saturating_sub(kx).div_ceil(stride).min(self.width);
        let from = (first * stride + kx).saturating_sub(before).min(self.w);
        let count = (self.w - from).div_ceil(stride).min(self.width - first);
        Inside { outputs: first..first + count, from }
    }
}

/// The outputs of a line whose inputs are inside, and the first of these inputs.
struct Inside {
    outputs: Range<usize>,
    from: usize,
}

impl Inside {
    /// One line of the picture, with zeros for what lies outside.
    fn copy(&self, line: &[f32], stride: usize, target: &mut [f32]) {
        let Range { start, end } = self.outputs;
        target[..start].fill(0.0);
        target[end..].fill(0.0);
        let (inside, line) = (&mut target[start..end], &line[self.from..]);
        if stride == 1 {
            inside.copy_from_slice(&line[..end - start]);
        } else {
            inside.iter_mut().zip(line.iter().step_by(stride)).for_each(|(t, v)| *t = *v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::{apart, noise};

    #[test]
    fn it_is_candles_convolution() {
        // n, c, o, kernel, stride, before, after, h, w
        for [n, c, o, k, stride, before, after, h, w] in [
            [2, 3, 5, 3, 1, 1, 1, 7, 9],
            [1, 4, 2, 3, 2, 1, 1, 9, 6],
            [1, 4, 2, 3, 2, 0, 1, 8, 6],
            [3, 2, 4, 1, 1, 0, 0, 5, 1],
            [1, 1, 1, 3, 1, 1, 1, 1, 1],
            [1, 64, 3, 3, 1, 1, 1, 40, 100],
        ] {
            let (x, weight, bias) = (noise(1, &[n, c, h, w]), noise(2, &[o, c, k, k]), noise(3, &[o]));
            let ours =
                conv2d(&x, (&weight, &bias), Conv2dConfig { stride, before, after }, Finish::default())
                    .unwrap();
            let padded =
                x.pad_with_zeros(2, before, after).unwrap().pad_with_zeros(3, before, after).unwrap();
            let theirs = padded.conv2d(&weight, 0, stride, 1, 1).unwrap();
            let theirs = theirs.broadcast_add(&bias.reshape((1, o, 1, 1)).unwrap()).unwrap();
            let residual = ours.affine(-0.5, 0.1).unwrap();
            let finish = Finish { residual: Some(&residual), below: Below::Vanish };
            let finished =
                conv2d(&x, (&weight, &bias), Conv2dConfig { stride, before, after }, finish).unwrap();
            let sum = (&theirs + &residual).unwrap();
            assert!(apart(&finished, &sum.relu().unwrap()) < 1e-4);
            let factors = noise(4, &[o]);
            let finish = Finish { residual: Some(&residual), below: Below::Shrink(&factors) };
            let finished =
                conv2d(&x, (&weight, &bias), Conv2dConfig { stride, before, after }, finish).unwrap();
            let under = sum.neg().unwrap().relu().unwrap();
            let under = under.broadcast_mul(&factors.reshape((1, o, 1, 1)).unwrap()).unwrap();
            assert!(apart(&finished, &(sum.relu().unwrap() - under).unwrap()) < 1e-4);
            let worst = apart(&ours, &theirs);
            assert!(worst < 1e-4, "{worst}");
        }
    }

    #[test]
    fn a_picture_smaller_than_the_kernel_is_an_error() {
        let window = Conv2dConfig { stride: 1, before: 0, after: 0 };
        assert!(
            conv2d(
                &noise(1, &[1, 1, 2, 2]),
                (&noise(2, &[1, 1, 3, 3]), &noise(3, &[1])),
                window,
                Finish::default()
            )
            .is_err()
        );
    }
}
