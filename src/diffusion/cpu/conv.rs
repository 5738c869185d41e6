//! 2-D convolution: rows of the picture are copied into a matrix, one matrix product per strip of rows.
//!
//! Images are convolved in parallel; within an image, strips keep the matrix small enough for the cache
//! and memory bounded.

use super::{read, tensor};
use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

/// How a kernel moves over the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Distance between outputs, in inputs.
    pub stride: usize,
    /// Zeros above and to the left of the picture.
    pub before: usize,
    /// Zeros below and to the right.
    pub after: usize,
}

/// Values of the unrolled matrix of a strip, at most: 2 MiB of floats.
const STRIP: usize = 1 << 19;

/// Convolves `x` \[n, c, h, w] with `weight` \[o, c, k, k], adds `bias` \[o], gives \[n, o, h', w'].
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: &Tensor, window: Window) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    let (o, c_in, kernel, _) = weight.dims4()?;
    let extent = |size: usize| (size + window.before + window.after).checked_sub(kernel);
    let (Some(rows), Some(columns), true) = (extent(h), extent(w), c == c_in) else {
        bail!("a {kernel}x{kernel} kernel for {c_in} channels can't be moved over {c} channels of {w}x{h}");
    };
    let (height, width) = (rows / window.stride + 1, columns / window.stride + 1);
    let shape = Unroll { h, w, width, kernel, window };
    let matrix = weight.reshape((o, c * kernel * kernel))?;
    let strip = (STRIP / (c * kernel * kernel * width)).clamp(1, height);
    read([x, bias], |[x, bias]| {
        let mut out = vec![0.0; n * o * height * width];
        out.par_chunks_mut(o * height * width).zip(x.par_chunks(c * h * w)).try_for_each(|(out, x)| {
            for top in (0..height).step_by(strip) {
                let lines = strip.min(height - top);
                let unrolled = tensor(shape.rows(x, top, lines), (c * kernel * kernel, lines * width))?;
                let product = matrix.matmul(&unrolled)?;
                read([&product], |[product]| {
                    let planes =
                        out.chunks_exact_mut(height * width).zip(product.chunks_exact(lines * width));
                    for ((plane, product), bias) in planes.zip(bias) {
                        let plane = &mut plane[top * width..][..lines * width];
                        plane.iter_mut().zip(product).for_each(|(o, p)| *o = p + bias);
                    }
                    Ok(())
                })?;
            }
            Ok::<(), candle_core::Error>(())
        })?;
        tensor(out, (n, o, height, width))
    })
}

struct Unroll {
    h: usize,
    w: usize,
    /// Width of the output.
    width: usize,
    kernel: usize,
    window: Window,
}

impl Unroll {
    /// The inputs under the kernel for output rows `top..top + lines`: \[c·k·k, lines·width].
    fn rows(&self, x: &[f32], top: usize, lines: usize) -> Vec<f32> {
        let planes = x.len() / (self.h * self.w);
        if self.kernel == 1 && self.window.stride == 1 {
            let (from, to) = (top * self.w, (top + lines) * self.w);
            return x.chunks_exact(self.h * self.w).flat_map(|plane| &plane[from..to]).copied().collect();
        }
        let mut out = vec![0.0; planes * self.kernel * self.kernel * lines * self.width];
        let mut targets = out.chunks_exact_mut(lines * self.width);
        for plane in x.chunks_exact(self.h * self.w) {
            for ky in 0..self.kernel {
                for (kx, target) in (0..self.kernel).zip(&mut targets) {
                    for (line, target) in target.chunks_exact_mut(self.width).enumerate() {
                        let y = ((top + line) * self.window.stride + ky).wrapping_sub(self.window.before);
                        if y < self.h {
                            self.row(&plane[y * self.w..][..self.w], kx, target);
                        }
                    }
                }
            }
        }
        out
    }

    /// One line of the picture, shifted by `kx`; what lies outside stays zero.
    fn row(&self, line: &[f32], kx: usize, target: &mut [f32]) {
        let Window { stride, before, .. } = self.window;
        // The first output whose input is inside, and that input.
        let first = before.saturating_sub(kx).div_ceil(stride);
        let from = first * stride + kx - before;
        if first >= target.len() || from >= line.len() {
            return;
        }
        if stride == 1 {
            let count = (target.len() - first).min(line.len() - from);
            target[first..first + count].copy_from_slice(&line[from..from + count]);
        } else {
            target[first..].iter_mut().zip(line[from..].iter().step_by(stride)).for_each(|(t, v)| *t = *v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Stream, gaussian};

    fn noise(seed: u64, shape: &[usize]) -> Tensor {
        let mut values = vec![0.0; shape.iter().product()];
        gaussian(seed, Stream::Latents, 0, &mut values);
        tensor(values, shape).unwrap()
    }

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
            let ours = conv2d(&x, &weight, &bias, Window { stride, before, after }).unwrap();
            let padded =
                x.pad_with_zeros(2, before, after).unwrap().pad_with_zeros(3, before, after).unwrap();
            let theirs = padded.conv2d(&weight, 0, stride, 1, 1).unwrap();
            let theirs = theirs.broadcast_add(&bias.reshape((1, o, 1, 1)).unwrap()).unwrap();
            assert_eq!(ours.dims(), theirs.dims());
            let worst = (ours - theirs).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
            assert!(worst.to_scalar::<f32>().unwrap() < 1e-4, "{worst}");
        }
    }

    #[test]
    fn a_picture_smaller_than_the_kernel_is_an_error() {
        let window = Window { stride: 1, before: 0, after: 0 };
        assert!(conv2d(&noise(1, &[1, 1, 2, 2]), &noise(2, &[1, 1, 3, 3]), &noise(3, &[1]), window).is_err());
    }
}
