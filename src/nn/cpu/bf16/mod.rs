//! Products in bf16 by AMX, the matrix unit of Intel's server processors since 2023, under Linux.
//!
//! What `--precision bf16` means on a CPU: **tensors stay f32, the factors of products are rounded.** Linear layers, convolutions and the
//! attention over pixels round what they multiply to bf16 and sum up in f32; the residual stream, the statistics of norms, softmax, biases and
//! activations are f32 as ever. That is nearer to f32 than bf16 tensors would be and no slower, since what is rounded never stands in
//! memory: a task gathers its part into the second-level cache, with the norm before it, and bias, residual and activation follow on the
//! sums before these leave the first-level cache.
//!
//! - **lines** (`amx/gather.rs`): \[channels/32, rows or pixels, 32]. A tile is sixteen of them wherever it begins, so a 3x3 convolution
//!   is nine products of shifted tiles.
//! - **panels** (`panels.rs`): weights, packed and kept in nothing else; large ones that lie in a file in 16 bits when they are needed first,
//!   or, where several processes share the file or memory is scarce, whenever they are needed.
//! - **tiles** (`amx/tiles.rs`): whether AMX is there, and the kernel: 32 rows times 32 outputs, 32 channels a step.
//!
//! Every sum is added up in one order, whatever the number of threads. A weight that adapters turn is packed anew
//! when they turn it, and what moves from frame to frame is added in f32.

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod absent;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod amx;
mod factors;
mod line;
pub mod operands;
mod panels;
mod spare;
mod unit;

use super::conv_config::{Below, Conv2dConfig, Finish};
use super::layout::TokenOrder;
use super::norm::{GroupNormSpec, affine};
use super::{read, tensor};
use candle_core::{D, Result, Tensor, bail};
use operands::{Convolution, Heads, Layer, Order, Planes, RowNorm, Rows, Under};

use unit::{
    attend as attended, convolve as convolved, feed as fed, linear as multiplied, pictures as pictured,
};

pub use factors::{Factors, Stored};
pub use operands::Packing;
pub use unit::is_there;

/// A layer over tokens.
#[derive(Clone, Copy, Debug)]
pub struct Linear<'a> {
    /// \[o, i].
    pub factors: &'a Factors,
    /// \[o].
    pub bias: Option<&'a Tensor>,
    /// Is added, \[.., o].
    pub residual: Option<&'a Tensor>,
}

/// The layer norm before a layer: weight and bias \[i], epsilon, and what is added to the normed tokens \[.., frames, i].
#[derive(Clone, Copy, Debug)]
pub struct Normed<'a> {
    /// \[i].
    pub weight: &'a Tensor,
    /// \[i].
    pub bias: &'a Tensor,
    /// Added to the variance.
    pub eps: f64,
    /// \[frames, i].
    pub code: Option<&'a Tensor>,
}

impl<'a> Normed<'a> {
    /// Calls `f` with the norm's values.
    fn with<R>(
        norm: Option<Self>,
        x: &Tensor,
        f: impl FnOnce(Option<RowNorm<'_>>) -> Result<R>,
    ) -> Result<R> {
        let Some(Normed { weight, bias, eps, code }) = norm else { return f(None) };
        // An absent code is read as the bias and not looked at.
        let (k, read_code) = (x.dim(D::Minus1)?, code.unwrap_or(bias));
        if weight.elem_count() != k || bias.elem_count() != k || read_code.dim(D::Minus1)? != k {
            bail!("a norm of {:?} for tokens of {k}", weight.dims());
        }
        read([weight, bias, read_code], |[weight, bias, values]| {
            f(Some(RowNorm { weight, bias, eps: eps as f32, code: code.map(|_| values) }))
        })
    }
}

/// What each of `layers` makes of `x` \[.., i], normed or as it is: \[.., o].
pub fn linear<const N: usize>(
    x: &Tensor,
    norm: Option<Normed<'_>>,
    layers: [Linear<'_>; N],
) -> Result<[Tensor; N]> {
    let k = x.dim(D::Minus1)?;
    let count = x.elem_count() / k.max(1);
    for Linear { factors, bias, residual } in &layers {
        let outputs = factors.panels().outputs();
        let fits = factors.panels().inputs() == k
            && factors.panels().taps() == 1
            && bias.is_none_or(|b| b.elem_count() == outputs)
            && residual.is_none_or(|r| r.elem_count() == outputs * count);
        if !fits || k == 0 {
            bail!("a linear layer {} to {outputs} was given {:?}", factors.panels().inputs(), x.dims());
        }
    }
    let made = Normed::with(norm, x, |norm| {
        // Absent operands are read as the tokens and not looked at.
        let biases = layers.map(|layer| layer.bias.unwrap_or(x));
        let residuals = layers.map(|layer| layer.residual.unwrap_or(x));
        read([x], |[values]| {
            read(biases.each_ref().map(|b| &**b), |biases| {
                read(residuals.each_ref().map(|r| &**r), |residuals| {
                    let mut number = 0;
                    let layers = layers.map(|layer| {
                        let (bias, residual) = (biases[number], residuals[number]);
                        number += 1;
                        Layer {
                            panels: layer.factors.panels(),
                            bias: layer.bias.map(|_| bias),
                            residual: layer.residual.map(|_| residual),
                        }
                    });
                    Ok(multiplied(Rows { x: values, k, norm }, layers))
                })
            })
        })
    })?;
    let mut number = 0;
    let made = made.map(|values| {
        let mut dims = x.dims().to_vec();
        if let Some(last) = dims.last_mut() {
            *last = layers[number].factors.panels().outputs();
        }
        number += 1;
        tensor(values, dims)
    });
    let mut failed = None;
    let made = made.map(|tensor| tensor.map_err(|e| failed = Some(e)).ok());
    match failed {
        Some(error) => Err(error),
        None => Ok(made.map(|tensor| tensor.expect("none failed"))),
    }
}

/// The gated feed-forward of `x` \[.., i] around its shortcut: x + narrow(h · gelu(g)) with (h, g) = widen(norm(x)).
pub fn feed(
    x: &Tensor,
    norm: Normed<'_>,
    (widen, widen_bias): (&Factors, &Tensor),
    (narrow, narrow_bias): (&Factors, &Tensor),
) -> Result<Tensor> {
    let k = x.dim(D::Minus1)?;
    let inner = narrow.panels().inputs();
    let fits = widen.panels().inputs() == k
        && widen.panels().outputs() == 2 * inner
        && narrow.panels().outputs() == k
        && widen_bias.elem_count() == 2 * inner
        && narrow_bias.elem_count() == k;
    if !fits || k == 0 {
        bail!("a feed-forward of {} and {inner} was given {:?}", widen.panels().inputs(), x.dims());
    }
    let made = Normed::with(Some(norm), x, |norm| {
        read([x, widen_bias, narrow_bias], |[x, widen_bias, narrow_bias]| {
            let wide = Layer { panels: widen.panels(), bias: Some(widen_bias), residual: None };
            let small = Layer { panels: narrow.panels(), bias: Some(narrow_bias), residual: Some(x) };
            Ok(fed(Rows { x, k, norm }, wide, small))
        })
    })?;
    tensor(made, x.dims())
}

/// The group norm before a convolution: weight and bias \[c], and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Grouped<'a> {
    /// \[c].
    pub weight: &'a Tensor,
    /// \[c].
    pub bias: &'a Tensor,
    /// What it does.
    pub spec: GroupNormSpec,
}

/// What a layer \[o, c] makes of the pixels of `x` \[n, c, h, w] behind a norm, as tokens in `order`.
pub fn to_tokens(
    x: &Tensor,
    norm: Grouped<'_>,
    (factors, bias): (&Factors, &Tensor),
    order: TokenOrder,
) -> Result<Tensor> {
    let (panels, (n, c, h, w)) = (factors.panels(), x.dims4()?);
    let o = panels.outputs();
    if panels.inputs() != c || panels.taps() != 1 || bias.elem_count() != o {
        bail!("a layer of {} to {o} channels was given {c}", panels.inputs());
    }
    let norms = affine(x, norm.weight, norm.bias, norm.spec)?;
    let made = read([x, bias], |[x, bias]| {
        let planes =
            Planes { x, shape: [n, c, h, w], doubled: false, norm: Some(&norms), silu: norm.spec.silu };
        let (size, under, tokens) = ([h, w], Under::Stay, Some(ordered(order)));
        let how = Convolution {
            panels,
            bias,
            kernel: 1,
            stride: 1,
            before: 0,
            size,
            residual: None,
            under,
            tokens,
        };
        Ok(convolved(planes, how))
    })?;
    match order {
        TokenOrder::Space => tensor(made, (n, h * w, o)),
        TokenOrder::Time => tensor(made, (h * w, n, o)),
    }
}

/// What a layer \[o, i] makes of `tokens` in `order`, as pictures of the shape of `residual` \[n, o, h, w], which is added.
pub fn from_tokens(
    tokens: &Tensor,
    (factors, bias): (&Factors, &Tensor),
    order: TokenOrder,
    residual: &Tensor,
) -> Result<Tensor> {
    let (panels, (n, o, h, w)) = (factors.panels(), residual.dims4()?);
    let k = panels.inputs();
    if tokens.elem_count() != n * h * w * k || panels.outputs() != o || bias.elem_count() != o {
        bail!(
            "a layer of {k} to {} was given {:?} for {:?}",
            panels.outputs(),
            tokens.dims(),
            residual.dims()
        );
    }
    let made = read([tokens, bias, residual], |[x, bias, residual]| {
        let layer = Layer { panels, bias: Some(bias), residual: Some(residual) };
        Ok(pictured(Rows { x, k, norm: None }, ordered(order), layer, [n, h * w]))
    })?;
    tensor(made, (n, o, h, w))
}

fn ordered(order: TokenOrder) -> Order {
    match order {
        TokenOrder::Space => Order::Space,
        TokenOrder::Time => Order::Time,
    }
}

/// Convolves `x` \[n, c, h, w], normed or as it is, with weights \[o, c, k, k], adds `bias` \[o], gives \[n, o, h', w'].
pub fn conv2d(
    x: &Tensor,
    norm: Option<Grouped<'_>>,
    layer: (&Factors, &Tensor),
    window: Conv2dConfig,
    finish: Finish<'_>,
) -> Result<Tensor> {
    convolution(x, (norm, false), layer, window, finish)
}

/// As [`conv2d`] with a 3x3 kernel of `x` enlarged to twice its size by repeating pixels: \[n, o, 2h, 2w].
pub fn double_conv2d(x: &Tensor, layer: (&Factors, &Tensor)) -> Result<Tensor> {
    convolution(x, (None, true), layer, Conv2dConfig::SAME, Finish::default())
}

fn convolution(
    x: &Tensor,
    (norm, doubled): (Option<Grouped<'_>>, bool),
    (factors, bias): (&Factors, &Tensor),
    window: Conv2dConfig,
    finish: Finish<'_>,
) -> Result<Tensor> {
    let (panels, (n, c, h, w)) = (factors.panels(), x.dims4()?);
    let [h, w] = if doubled { [2 * h, 2 * w] } else { [h, w] };
    let (o, kernel) = (panels.outputs(), panels.taps().isqrt());
    let [height, width] = window.size([h, w], (panels.inputs() == c).then_some(kernel))?;
    if bias.elem_count() != o || finish.residual.is_some_and(|r| r.dims() != [n, o, height, width]) {
        bail!("bias or residual of a convolution don't fit [{n}, {o}, {height}, {width}]");
    }
    let factors = finish.factors(o)?;
    let norms = norm.map(|norm| affine(x, norm.weight, norm.bias, norm.spec)).transpose()?;
    // An absent residual is read as the input and not looked at, absent factors as the bias.
    let others = [finish.residual.unwrap_or(x), factors.unwrap_or(bias)];
    let made = read([x, bias, others[0], others[1]], |[x, bias, residual, factors]| {
        let silu = norm.is_some_and(|norm| norm.spec.silu);
        let planes = Planes { x, shape: [n, c, h, w], doubled, norm: norms.as_deref(), silu };
        let under = match finish.below {
            Below::Stay => Under::Stay,
            Below::Vanish => Under::Vanish,
            Below::Shrink(_) => Under::Shrink(factors),
        };
        let (stride, before, size) = (window.stride, window.before, [height, width]);
        let (residual, tokens) = (finish.residual.map(|_| residual), None);
        Ok(convolved(
            planes,
            Convolution { panels, bias, kernel, stride, before, size, residual, under, tokens },
        ))
    })?;
    tensor(made, (n, o, height, width))
}

/// What `q` \[b, n, heads·d] find among `k` and `v` \[b, m, heads·d]: softmax(q kᵀ / sqrt(d)) v, \[b, n, heads·d].
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize) -> Result<Tensor> {
    let ((b, n, c), (_, m, _)) = (q.dims3()?, k.dims3()?);
    let fits = heads > 0 && c > 0 && c % heads == 0 && m > 0 && k.dims() == [b, m, c] && v.dims() == k.dims();
    if !fits || !is_there() {
        bail!("attention of {:?} over {:?} and {:?} with {heads} heads", q.dims(), k.dims(), v.dims());
    }
    let made =
        read([q, k, v], |[q, k, v]| Ok(attended(Heads { q, k, v, shape: [b, n, m], heads, d: c / heads })))?;
    tensor(made, (b, n, c))
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tests;
