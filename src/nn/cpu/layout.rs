//! Between pictures \[f, c, h, w] and tokens, folded pictures or bytes, and nearest-neighbor enlargement.

use super::{each_piece, read, tensor};
use crate::vector::vectorized;
use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

/// Which tokens stand next to each other, that is, attend to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenOrder {
    /// The pixels of a frame: \[f, h·w, c].
    Space,
    /// The frames of a pixel: \[h·w, f, c].
    Time,
}

/// Pixels that are handled together: a cache line of floats.
const BLOCK: usize = 16;

/// `x` \[f, c, h, w] as tokens in `order`.
pub fn to_tokens(x: &Tensor, order: TokenOrder) -> Result<Tensor> {
    let (f, c, h, w) = x.dims4()?;
    let pixels = h * w;
    read([x], |[x]| match order {
        TokenOrder::Space => {
            let out = each_piece((x.len(), c * pixels), |i, out| {
                for (block, out) in out.chunks_mut(BLOCK * c).enumerate() {
                    scatter(&x[i * c * pixels + block * BLOCK..], (c, pixels), out, c);
                }
            });
            tensor(out, (f, pixels, c))
        }
        TokenOrder::Time => {
            let out = each_piece((x.len(), BLOCK * f * c), |block, out| {
                for i in 0..f {
                    scatter(&x[i * c * pixels + block * BLOCK..], (c, pixels), &mut out[i * c..], f * c);
                }
            });
            tensor(out, (pixels, f, c))
        }
    })
}

/// Writes up to [`BLOCK`] pixels of `c` planes that are `plane` apart to rows of `out` that are `stride` apart.
fn scatter(x: &[f32], (c, plane): (usize, usize), out: &mut [f32], stride: usize) {
    for first in (0..c).step_by(BLOCK) {
        let channels = first..(first + BLOCK).min(c);
        let mut tile = [[0.0; BLOCK]; BLOCK];
        for (tile, channel) in tile.iter_mut().zip(channels.clone()) {
            let line = &x[channel * plane..];
            tile.iter_mut().zip(line).for_each(|(t, v)| *t = *v);
        }
        for (i, row) in out.chunks_mut(stride).take(BLOCK).enumerate() {
            row[channels.clone()].iter_mut().zip(&tile).for_each(|(o, t)| *o = t[i]);
        }
    }
}

/// Tokens in `order` back as a picture of the shape of `residual` \[f, c, h, w], which is added.
pub fn from_tokens(tokens: &Tensor, order: TokenOrder, residual: &Tensor) -> Result<Tensor> {
    let (f, c, h, w) = residual.dims4()?;
    let pixels = h * w;
    // How far apart the pixels of a frame and the frames of a pixel stand.
    let (pixel_stride, frame_stride) = match order {
        TokenOrder::Space => (c, pixels * c),
        TokenOrder::Time => (f * c, c),
    };
    read([tokens, residual], |[tokens, residual]| {
        let out = each_piece((residual.len(), c * pixels), |i, out| {
            out.copy_from_slice(&residual[i * c * pixels..][..c * pixels]);
            for start in (0..pixels).step_by(BLOCK) {
                let tokens = &tokens[i * frame_stride + start * pixel_stride..];
                gather(tokens, pixel_stride, &mut out[start..], (c, pixels), BLOCK.min(pixels - start));
            }
        });
        tensor(out, (f, c, h, w))
    })
}

/// Adds `count` rows of `tokens` that are `stride` apart to pixels of `c` planes that are `plane` apart.
fn gather(tokens: &[f32], stride: usize, out: &mut [f32], (c, plane): (usize, usize), count: usize) {
    for first in (0..c).step_by(BLOCK) {
        let channels = first..(first + BLOCK).min(c);
        // A row is read once and whole: rows are often so far apart that the cache has no room for a few of them.
        let mut tile = [[0.0; BLOCK]; BLOCK];
        for (tile, row) in tile.iter_mut().take(count).zip(tokens.chunks(stride)) {
            tile.iter_mut().zip(&row[channels.clone()]).for_each(|(t, v)| *t = *v);
        }
        for (j, channel) in channels.enumerate() {
            let line = &mut out[channel * plane..][..count];
            line.iter_mut().zip(&tile).for_each(|(o, t)| *o += t[j]);
        }
    }
}

/// The channels of `a` \[n, c, h, w] and those of `b` \[n, c', h, w] behind them.
pub fn beside(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let ((n, c, h, w), (count, more, ..)) = (a.dims4()?, b.dims4()?);
    if count != n || b.dims()[2..] != a.dims()[2..] {
        bail!("{:?} don't stand beside {:?}", b.dims(), a.dims());
    }
    let (plane, all) = (h * w, c + more);
    read([a, b], |[a, b]| {
        let out = each_piece((n * all * plane, plane), |i, out| {
            let (image, channel) = (i / all, i % all);
            let from = match channel.checked_sub(c) {
                None => &a[(image * c + channel) * plane..],
                Some(channel) => &b[(image * more + channel) * plane..],
            };
            out.copy_from_slice(&from[..plane]);
        });
        tensor(out, (n, all, h, w))
    })
}

/// `x` \[n, c, h, w] enlarged to `height` and `width` by repeating pixels, as PyTorch's nearest mode does.
pub fn upsample(x: &Tensor, (height, width): (usize, usize)) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    let columns: Vec<usize> = (0..width).map(|i| i * w / width).collect();
    read([x], |[x]| {
        let out = each_piece((n * c * height * width, height * width), |i, out| {
            for (y, row) in out.chunks_exact_mut(width).enumerate() {
                let from = &x[(i * h + y * h / height) * w..][..w];
                row.iter_mut().zip(&columns).for_each(|(o, i)| *o = from[*i]);
            }
        });
        tensor(out, (n, c, height, width))
    })
}

/// `x` \[n, k² c, h, w] unfolded to \[n, c, k h, k w], as PyTorch's `pixel_shuffle` does.
pub fn pixel_shuffle(x: &Tensor, k: usize) -> Result<Tensor> {
    let (n, folded, h, w) = x.dims4()?;
    if k == 0 || folded % (k * k) != 0 {
        bail!("{folded} channels can't be unfolded to {k}x{k} pixels");
    }
    read([x], |[x]| {
        let out = each_piece((x.len(), k * k * h * w), |i, out| {
            let planes = &x[i * k * k * h * w..][..k * k * h * w];
            for (y, line) in out.chunks_exact_mut(k * w).enumerate() {
                for right in 0..k {
                    let from = &planes[((y % k * k + right) * h + y / k) * w..][..w];
                    line[right..].iter_mut().step_by(k).zip(from).for_each(|(o, v)| *o = *v);
                }
            }
        });
        tensor(out, (n, folded / (k * k), k * h, k * w))
    })
}

/// Pictures \[n, 3, h, w] in −1..=1 as n times h · w · 3 bytes, rounded, color by color.
pub fn to_bytes(pictures: &Tensor) -> Result<Vec<Vec<u8>>> {
    let (n, colors, h, w) = pictures.dims4()?;
    if colors != 3 {
        bail!("a picture of {colors} colors is not of red, green and blue");
    }
    let plane = h * w;
    read([pictures], |[pictures]| {
        let picture = |i: usize| {
            let [red, green, blue] = [0, 1, 2].map(|color| &pictures[(3 * i + color) * plane..][..plane]);
            let mut bytes = vec![0; 3 * plane];
            vectorized(
                #[inline(always)]
                || {
                    let values = red.iter().zip(green).zip(blue);
                    for (pixel, ((r, g), b)) in bytes.as_chunks_mut::<3>().0.iter_mut().zip(values) {
                        // Half a level more, and what is behind the point cut off.
                        *pixel = [r, g, b].map(|v| v.mul_add(127.5, 128.0) as u8);
                    }
                },
            );
            bytes
        };
        Ok((0..n).into_par_iter().map(picture).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn counting(shape: (usize, usize, usize, usize)) -> Tensor {
        let count = shape.0 * shape.1 * shape.2 * shape.3;
        Tensor::arange(0.0f32, count as f32, &Device::Cpu).unwrap().reshape(shape).unwrap()
    }

    #[test]
    fn tokens_are_what_permutation_gives_and_come_back() {
        for shape in [(3, 5, 4, 7), (1, 1, 1, 1), (2, 3, 5, 16)] {
            let x = counting(shape);
            let flat = x.flatten_from(2).unwrap();
            for (order, axes) in [(TokenOrder::Space, (0, 2, 1)), (TokenOrder::Time, (2, 0, 1))] {
                let tokens = to_tokens(&x, order).unwrap();
                let permuted = flat.permute(axes).unwrap().contiguous().unwrap();
                assert_eq!(tokens.to_vec3::<f32>().unwrap(), permuted.to_vec3::<f32>().unwrap());
                let back = from_tokens(&tokens, order, &x).unwrap();
                let twice = (&x * 2.0).unwrap();
                let same = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                assert_eq!(same(&back), same(&twice));
            }
        }
    }

    #[test]
    fn channels_stand_beside_each_other_as_candle_puts_them() {
        let (a, b) = (counting((2, 3, 4, 5)), counting((2, 1, 4, 5)));
        let theirs = Tensor::cat(&[&a, &b], 1).unwrap();
        let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let ours = beside(&a, &b).unwrap();
        assert_eq!((ours.dims(), flat(&ours)), (theirs.dims(), flat(&theirs)));
        assert!(beside(&a, &counting((2, 3, 5, 4))).is_err());
    }

    #[test]
    fn unfolding_is_candles() {
        for (shape, k) in [((2, 12, 3, 5), 2), ((1, 48, 2, 3), 4), ((3, 2, 4, 4), 1)] {
            let x = counting(shape);
            let theirs = candle_nn::ops::pixel_shuffle(&x, k).unwrap();
            let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let ours = pixel_shuffle(&x, k).unwrap();
            assert_eq!((ours.dims(), flat(&ours)), (theirs.dims(), flat(&theirs)));
        }
        assert!(pixel_shuffle(&counting((1, 5, 2, 2)), 2).is_err());
    }

    #[test]
    fn bytes_are_rounded_and_held_to_their_ends() {
        let levels: Vec<f32> = [-2.0, -1.0, -0.9961, -0.9959, 0.0, 0.9, 1.0, f32::NAN].repeat(3);
        let bytes = to_bytes(&tensor(levels, (1, 3, 2, 4)).unwrap()).unwrap();
        let expected = [0, 0, 0, 1, 128, 242, 255, 0];
        assert_eq!(bytes, [expected.iter().flat_map(|v| [*v; 3]).collect::<Vec<u8>>()]);
        assert!(to_bytes(&counting((1, 4, 2, 2))).is_err());
    }

    #[test]
    fn upsampling_repeats_pixels_also_to_odd_sizes() {
        let x = counting((1, 1, 2, 2));
        let y = upsample(&x, (3, 5)).unwrap().squeeze(0).unwrap().squeeze(0).unwrap();
        let row = |a: f32, b: f32| vec![a, a, a, b, b];
        assert_eq!(y.to_vec2::<f32>().unwrap(), [row(0., 1.), row(0., 1.), row(2., 3.)]);
    }
}
