//! Bias, activations and sums: one pass over memory each.

use super::math::{gelu, quick_gelu, silu};
use super::{PIECE, each_piece, read, tensor, update};
use crate::vector::vectorized;
use candle_core::{D, Result, Tensor};
use rayon::prelude::*;

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// x sigmoid(x).
    Silu,
    /// x sigmoid(1.702 x).
    QuickGelu,
    /// x Φ(x).
    Gelu,
}

/// Applies `function` to a fresh tensor in place.
pub fn apply(x: &Tensor, function: Function) -> Result<()> {
    // The second operand is not looked at; it only has to be another tensor.
    update(x, &tensor(vec![0.0], 1)?, |x, _| {
        x.par_chunks_mut(PIECE).for_each(|x| match function {
            Function::Silu => each(x, silu),
            Function::QuickGelu => each(x, quick_gelu),
            Function::Gelu => each(x, gelu),
        });
    })
}

/// Multiplies the values below 0 of a fresh tensor by `factor` in place.
pub fn shrink_all(x: &Tensor, factor: f32) -> Result<()> {
    update(x, &tensor(vec![0.0], 1)?, |x, _| {
        x.par_chunks_mut(PIECE).for_each(|x| {
            vectorized(
                #[inline(always)]
                || shrink(x, factor),
            );
        });
    })
}

/// Multiplies the values below 0 by `factor`.
#[inline(always)]
pub(super) fn shrink(x: &mut [f32], factor: f32) {
    for v in x {
        *v = v.max(0.0) + factor * v.min(0.0);
    }
}

#[inline(always)]
fn each(x: &mut [f32], f: impl Fn(f32) -> f32) {
    vectorized(
        #[inline(always)]
        || x.iter_mut().for_each(|v| *v = f(*v)),
    );
}

/// Adds `bias` \[c] to every row of a fresh `x` \[.., c].
pub fn add_bias(x: &Tensor, bias: &Tensor) -> Result<()> {
    update(x, bias, |x, bias| {
        let rows = (PIECE / bias.len()).max(1);
        x.par_chunks_mut(rows * bias.len()).for_each(|x| {
            vectorized(
                #[inline(always)]
                || {
                    for row in x.chunks_exact_mut(bias.len()) {
                        row.iter_mut().zip(bias).for_each(|(v, b)| *v += b);
                    }
                },
            );
        });
    })
}

/// The gated linear unit of the transformers: `x` \[.., 2d] is (h, g), the result h · gelu(g) \[.., d].
pub fn geglu(x: &Tensor) -> Result<Tensor> {
    let mut dims = x.dims().to_vec();
    let d = x.dim(D::Minus1)? / 2;
    if let Some(last) = dims.last_mut() {
        *last = d;
    }
    read([x], |[x]| {
        let rows = (PIECE / (2 * d)).max(1);
        let out = each_piece((x.len() / 2, rows * d), |i, out| {
            vectorized(
                #[inline(always)]
                || {
                    for (out, x) in out.chunks_exact_mut(d).zip(x[i * rows * 2 * d..].chunks_exact(2 * d)) {
                        let (h, g) = x.split_at(d);
                        out.iter_mut().zip(h).zip(g).for_each(|((o, h), g)| *o = h * gelu(*g));
                    }
                },
            );
        });
        tensor(out, dims)
    })
}
