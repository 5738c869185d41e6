//! Group norm and layer norm, the group norm with the SiLU that often follows it.

use super::bf16::operands::Affine;
use super::math::silu;
use super::{PIECE, each_piece, read, tensor};
use crate::vector::vectorized;
use candle_core::{D, Result, Tensor, bail};
use rayon::prelude::*;

/// What a group norm does.
#[derive(Clone, Copy, Debug)]
pub struct GroupNormSpec {
    /// Number of groups; divides the channels.
    pub groups: usize,
    /// Added to the variance.
    pub eps: f64,
    /// Statistics are taken over all images together rather than image by image.
    pub together: bool,
    /// SiLU follows.
    pub silu: bool,
}

/// Group norm of `x` \[n, c, h, w] with `weight` and `bias` \[c].
pub fn group_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, spec: GroupNormSpec) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    if spec.groups == 0 || !c.is_multiple_of(spec.groups) {
        bail!("{} groups don't divide {c} channels", spec.groups);
    }
    let (plane, group) = (h * w, c / spec.groups * h * w);
    if n * group == 0 {
        return Ok(x.clone());
    }
    read([x, weight, bias], |[x, weight, bias]| {
        let stats = group_stats(x, (n, group), spec);
        let per_group = c / spec.groups;
        let out = each_piece((x.len(), group), |i, out| {
            let g = i % spec.groups;
            let stats = stats[if spec.together { g } else { i }];
            let channels = out.chunks_exact_mut(plane).zip(x[i * group..].chunks_exact(plane));
            for (channel, (out, x)) in channels.enumerate() {
                let at = g * per_group + channel;
                stats.apply(x, out, (weight[at], bias[at]), spec.silu);
            }
        });
        tensor(out, (n, c, h, w))
    })
}

/// The statistics of each group of each of `n` images; of each group of all where they are taken together.
fn group_stats(x: &[f32], (n, group): (usize, usize), spec: GroupNormSpec) -> Vec<Stats> {
    if spec.together {
        let over_images = |g: usize| (0..n).map(move |i| &x[(i * spec.groups + g) * group..][..group]);
        (0..spec.groups).into_par_iter().map(|g| Stats::of(over_images(g), spec.eps)).collect()
    } else {
        x.par_chunks(group).map(|x| Stats::of(std::iter::once(x), spec.eps)).collect()
    }
}

/// What a group norm does to each channel of each image of `x` \[n, c, h, w], but for SiLU.
pub fn affine(x: &Tensor, weight: &Tensor, bias: &Tensor, spec: GroupNormSpec) -> Result<Vec<Affine>> {
    let (n, c, h, w) = x.dims4()?;
    if spec.groups == 0
        || !c.is_multiple_of(spec.groups)
        || weight.elem_count() != c
        || bias.elem_count() != c
    {
        bail!("a group norm of {} groups and {:?} for {c} channels", spec.groups, weight.dims());
    }
    let per_group = c / spec.groups;
    if x.elem_count() == 0 {
        return Ok(Vec::new());
    }
    read([x, weight, bias], |[x, weight, bias]| {
        let stats = group_stats(x, (n, per_group * h * w), spec);
        let of = |at: usize| {
            let (image, channel) = (at / c, at % c);
            let group = channel / per_group;
            let Stats { mean, scale } =
                stats[if spec.together { group } else { image * spec.groups + group }];
            Affine { mean, factor: scale * weight[channel], bias: bias[channel] }
        };
        Ok((0..n * c).map(of).collect())
    })
}

/// Layer norm over the last axis of `x` \[.., c] with `weight` and `bias` \[c].
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    let c = x.dim(D::Minus1)?;
    read([x, weight, bias], |[values, weight, bias]| {
        let rows = (PIECE / c).max(1) * c;
        let out = each_piece((values.len(), rows), |i, out| {
            for (out, x) in out.chunks_exact_mut(c).zip(values[i * rows..].chunks_exact(c)) {
                let stats = Stats::of(std::iter::once(x), eps);
                vectorized(
                    #[inline(always)]
                    || {
                        for i in 0..c {
                            out[i] = (x[i] - stats.mean) * stats.scale * weight[i] + bias[i];
                        }
                    },
                );
            }
        });
        tensor(out, x.dims())
    })
}

#[derive(Clone, Copy)]
struct Stats {
    mean: f32,
    /// One over the standard deviation.
    scale: f32,
}

impl Stats {
    /// Two passes: the mean first, so that a large mean costs no digits of the variance.
    fn of<'a>(pieces: impl Iterator<Item = &'a [f32]> + Clone, eps: f64) -> Self {
        vectorized(
            #[inline(always)]
            || {
                let count: usize = pieces.clone().map(<[f32]>::len).sum();
                let mean = pieces.clone().map(|p| sum(p, |v| v)).sum::<f64>() / count as f64;
                let center = mean as f32;
                let squares = pieces.map(|p| sum(p, |v| (v - center) * (v - center))).sum::<f64>();
                // The mean was rounded to single precision; take what that added out again.
                let variance = squares / count as f64 - (mean - f64::from(center)).powi(2);
                Stats { mean: center, scale: (1.0 / (variance + eps).sqrt()) as f32 }
            },
        )
    }

    #[inline]
    fn apply(self, x: &[f32], out: &mut [f32], (weight, bias): (f32, f32), with_silu: bool) {
        let factor = self.scale * weight;
        let normed = |v: f32| (v - self.mean) * factor + bias;
        if with_silu {
            vectorized(
                #[inline(always)]
                || out.iter_mut().zip(x).for_each(|(o, v)| *o = silu(normed(*v))),
            );
        } else {
            vectorized(
                #[inline(always)]
                || out.iter_mut().zip(x).for_each(|(o, v)| *o = normed(*v)),
            );
        }
    }
}

/// The sum of f over `x`: short runs in single precision, their sum in double.
#[inline(always)]
fn sum(x: &[f32], f: impl Fn(f32) -> f32) -> f64 {
    const LANES: usize = 16;
    let mut total = 0.0;
    for run in x.chunks(LANES * 32) {
        let mut lanes = [0.0f32; LANES];
        let blocks = run.chunks_exact(LANES);
        let rest = blocks.remainder();
        for block in blocks {
            for (lane, v) in lanes.iter_mut().zip(block) {
                *lane += f(*v);
            }
        }
        total += f64::from(lanes.iter().sum::<f32>()) + rest.iter().map(|v| f64::from(f(*v))).sum::<f64>();
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::noise;

    /// The definition, in double precision.
    fn by_formula(
        x: &[f32],
        (n, c, plane): (usize, usize, usize),
        w: &[f32],
        b: &[f32],
        spec: GroupNormSpec,
    ) -> Vec<f32> {
        let group_of = |at: usize| {
            let (image, channel) = (at / (c * plane), at / plane % c);
            (if spec.together { 0 } else { image }, channel / (c / spec.groups))
        };
        let mut sums = vec![(0.0f64, 0.0f64, 0.0f64); n * spec.groups];
        let slot = |at| {
            let (i, g) = group_of(at);
            i * spec.groups + g
        };
        for (at, v) in x.iter().enumerate() {
            let s = &mut sums[slot(at)];
            *s = (s.0 + 1.0, s.1 + f64::from(*v), s.2 + f64::from(*v).powi(2));
        }
        let out = x.iter().enumerate().map(|(at, v)| {
            let (count, sum, squares) = sums[slot(at)];
            let (mean, channel) = (sum / count, at / plane % c);
            let y = (f64::from(*v) - mean) / (squares / count - mean * mean + spec.eps).sqrt();
            let y = y * f64::from(w[channel]) + f64::from(b[channel]);
            (if spec.silu { y / (1.0 + (-y).exp()) } else { y }) as f32
        });
        out.collect()
    }

    #[test]
    fn group_norm_is_the_formula_per_image_and_together() {
        let (x, w, b) = (noise(1, &[3, 6, 5, 7]), noise(2, &[6]), noise(3, &[6]));
        let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (together, silu) in [(false, false), (true, true)] {
            let spec = GroupNormSpec { groups: 2, eps: 0.1, together, silu };
            let ours = flat(&group_norm(&x, &w, &b, spec).unwrap());
            let formula = by_formula(&flat(&x), (3, 6, 35), &flat(&w), &flat(&b), spec);
            let worst = ours.iter().zip(&formula).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 2e-6, "{worst}");
        }
    }

    #[test]
    fn a_large_mean_costs_no_precision() {
        let x = (noise(4, &[1, 2, 8, 8]) + 1000.0).unwrap();
        let (w, b) = (
            Tensor::ones(2, candle_core::DType::F32, x.device()).unwrap(),
            noise(5, &[2]).zeros_like().unwrap(),
        );
        let spec = GroupNormSpec { groups: 1, eps: 0.0, together: false, silu: false };
        let y = group_norm(&x, &w, &b, spec).unwrap();
        let spread = y.sqr().unwrap().mean_all().unwrap().to_scalar::<f32>().unwrap();
        assert!((spread - 1.0).abs() < 1e-5, "{spread}");
    }
}
