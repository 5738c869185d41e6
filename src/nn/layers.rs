//! The layers that networks are built from: each takes the fast path where it applies and candle's operations elsewhere.

use super::cpu::bf16::{self, Factors, Grouped, Normed, Packing};
use super::cpu::conv::conv2d;
use super::cpu::conv_config::Conv2dConfig;
use super::cpu::double;
use super::cpu::layout;
use super::cpu::layout::TokenOrder;
use super::cpu::linear::linear;
use super::cpu::norm;
use super::cpu::norm::GroupNormSpec;
use super::cpu::{is_fast, pointwise};
#[cfg(feature = "cuda")]
use super::cuda;
use super::kept::{Kept, LARGE_WEIGHT, beside, packed_weight_of, weight_of};
use crate::error::Result;
use crate::weights::adapter::{Moving, Now, Overlay};
use crate::weights::{Scope, Weight};
use candle_core::{D, Device, Result as TensorResult, Tensor, bail};
use std::sync::Arc;

pub use super::cpu::conv_config::{Below, Finish};
pub use super::cpu::pointwise::Function;

/// x Wᵀ + b.
#[derive(Debug)]
pub struct Linear {
    /// \[out, in]
    weight: Kept,
    bias: Option<Tensor>,
    overlay: Option<Arc<Overlay>>,
}

/// Which frames rows of tokens belong to: row r to frame (first + r) / per, from the first again behind the last.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// Rows that stand before these.
    pub first: usize,
    /// Rows of a frame that stand together.
    pub per: usize,
}

impl Linear {
    /// From `weight` \[outputs, inputs] and `bias` \[outputs].
    pub fn new(scope: &Scope<'_>, inputs: usize, outputs: usize) -> Result<Self> {
        let linear = Self::without_bias(scope, inputs, outputs)?;
        Ok(Linear { bias: Some(scope.get("bias", &[outputs])?), ..linear })
    }

    /// From a `weight` \[outputs, inputs] and a `bias` \[outputs] that are at hand.
    pub(super) fn from_tensors(weight: Tensor, bias: Tensor) -> Self {
        Linear { weight: Kept::Weight(Weight::Held(weight)), bias: Some(bias), overlay: None }
    }

    /// The same with its weight rounded and packed.
    pub(super) fn rounded(self) -> TensorResult<Self> {
        Ok(Linear { weight: self.weight.rounded()?, ..self })
    }

    /// Whether its products round their factors.
    pub fn rounds(&self) -> bool {
        self.weight.weight().is_none()
    }

    /// Its factors, where products round them and it is the same in all frames. While somebody holds them they are not packed again.
    pub fn factors(&self) -> TensorResult<Option<Factors>> {
        self.weight.still_factors(self.overlay.as_deref())
    }

    /// From `weight` alone. Matrices that were stored as 1x1 convolutions are taken as well.
    pub fn without_bias(scope: &Scope<'_>, inputs: usize, outputs: usize) -> Result<Self> {
        let (weight, overlay) = weight_of(scope, &[outputs, inputs])?;
        Ok(Linear { weight, bias: None, overlay })
    }

    /// `x` \[.., in] to \[.., out]; the rows of each frame stand together, as many of one as of the other.
    pub fn forward(&self, x: &Tensor) -> TensorResult<Tensor> {
        self.apply(x, None, None)
    }

    /// As [`Self::forward`], with `residual` \[.., out] added.
    pub fn forward_onto(&self, x: &Tensor, residual: &Tensor) -> TensorResult<Tensor> {
        self.apply(x, Some(residual), None)
    }

    /// As [`Self::forward`], with `residual` added where there is one, for rows that belong to frames as `rows` says.
    pub fn forward_at(&self, x: &Tensor, residual: Option<&Tensor>, rows: Rows) -> TensorResult<Tensor> {
        self.apply(x, residual, Some(rows))
    }

    /// In how many frames the weight differs; none: it is the same in all.
    pub fn frames(&self) -> Option<usize> {
        self.overlay.as_ref()?.now().moving.first().map(|moving| moving.strengths.len())
    }

    /// `x` \[1, ..] once for every frame, where the weight differs from frame to frame.
    pub fn for_frames(&self, x: &Tensor) -> TensorResult<Tensor> {
        match self.frames().filter(|_| x.dims().first() == Some(&1)) {
            None => Ok(x.clone()),
            Some(frames) => {
                let shape: Vec<usize> = [frames].into_iter().chain(x.dims()[1..].iter().copied()).collect();
                x.broadcast_as(shape)?.contiguous()
            }
        }
    }

    /// Whether each thread can well pack the weights for itself.
    pub fn is_small(&self) -> bool {
        match &self.weight {
            Kept::Weight(weight) => weight.elem_count() < LARGE_WEIGHT,
            // They are packed, and a thread may well go over some of the rows from end to end.
            Kept::Rounded(_) | Kept::Stored(_) | Kept::Turned(_) => true,
        }
    }

    fn apply(&self, x: &Tensor, residual: Option<&Tensor>, rows: Option<Rows>) -> TensorResult<Tensor> {
        let now = self.overlay.as_ref().map(|overlay| overlay.now());
        let mut y = match (self.weight.factors(now.as_deref())?, &now, self.weight.weight()) {
            (Some(factors), _, _) => {
                let layer = bf16::Linear { factors: &factors, bias: self.bias.as_ref(), residual };
                let [y] = bf16::linear(x, None, [layer])?;
                y
            }
            (None, Some(now), _) => self.with(now.weight.clone(), x, residual)?,
            (None, None, Some(weight)) => self.with(beside(weight, x)?, x, residual)?,
            (None, None, None) => bail!("a layer that adapters turn has none"),
        };
        for moving in now.iter().flat_map(|now| &now.moving) {
            y = added(moving, x, y, rows)?;
        }
        Ok(y)
    }

    /// As [`Self::apply`], computed with `weight`.
    fn with(&self, weight: Tensor, x: &Tensor, residual: Option<&Tensor>) -> TensorResult<Tensor> {
        if is_fast(x) && self.is_small() {
            return linear(x, &weight, self.bias.as_ref(), residual);
        }
        let mut dims = x.dims().to_vec();
        let (outputs, inputs) = weight.dims2()?;
        if let Some(last) = dims.last_mut() {
            *last = outputs;
        }
        let mut y = x.reshape(((), inputs))?.matmul(&weight.t()?)?.reshape(dims)?;
        drop(weight);
        #[cfg(feature = "cuda")]
        if let (Some(bias), true) = (&self.bias, cuda::is_fast(&y)) {
            cuda::add_bias(&y, bias, residual, (1, false))?;
            return Ok(y);
        }
        if let Some(bias) = &self.bias {
            y = y.broadcast_add(bias)?;
        }
        residual.map_or(Ok(y.clone()), |residual| y + residual)
    }
}

/// What each of `layers` makes of `x` \[.., frames, in] behind `norm`, and with `code` \[frames, in] added where there is one. The rows belong
/// to frames as `rows` says.
pub fn normed<const N: usize>(
    (x, norm, code): (&Tensor, &LayerNorm, Option<&Tensor>),
    layers: [&Linear; N],
    rows: Rows,
) -> TensorResult<[Tensor; N]> {
    let mut factors = [const { None }; N];
    for (factors, layer) in factors.iter_mut().zip(layers) {
        *factors = layer.factors()?;
    }
    if let Some(factors) = all(&factors).filter(|_| is_fast(x)) {
        let layer =
            |i: usize| bf16::Linear { factors: factors[i], bias: layers[i].bias.as_ref(), residual: None };
        return bf16::linear(x, Some(norm.before(code)), std::array::from_fn(layer));
    }
    let mut normed = norm.forward(x)?;
    if let Some(code) = code {
        normed = with_code(normed, code)?;
    }
    let mut made = [const { None }; N];
    for (made, layer) in made.iter_mut().zip(layers) {
        *made = Some(layer.forward_at(&normed, None, rows)?);
    }
    Ok(made.map(|made| made.expect("each was just made")))
}

/// What `layer` makes of the pixels of `x` \[f, c, h, w] behind `norm`, as tokens in `order`, whose rows belong to frames as `rows` says.
pub fn enter(
    (x, norm): (&Tensor, &GroupNorm),
    (layer, rows): (&Linear, Option<Rows>),
    order: TokenOrder,
) -> TensorResult<Tensor> {
    match (layer.factors()?, &layer.bias) {
        (Some(factors), Some(bias)) => bf16::to_tokens(x, norm.before(), (&factors, bias), order),
        _ => layer.apply(&to_tokens(&norm.forward(x)?, order)?, None, rows),
    }
}

/// What `layer` makes of `tokens` in `order`, as pictures, added to `residual` \[f, c, h, w].
pub fn leave(
    tokens: &Tensor,
    (layer, rows): (&Linear, Option<Rows>),
    (order, residual): (TokenOrder, &Tensor),
) -> TensorResult<Tensor> {
    match (layer.factors()?, &layer.bias) {
        (Some(factors), Some(bias)) => bf16::from_tokens(tokens, (&factors, bias), order, residual),
        _ => from_tokens(&layer.apply(tokens, None, rows)?, order, residual),
    }
}

/// All of them, if there are all.
fn all<T, const N: usize>(some: &[Option<T>; N]) -> Option<[&T; N]> {
    some.iter().all(Option::is_some).then(|| some.each_ref().map(|one| one.as_ref().expect("all are there")))
}

/// Fresh `tokens` \[n, frames, width] with `code` \[frames, width] added.
fn with_code(tokens: Tensor, code: &Tensor) -> TensorResult<Tensor> {
    if is_fast(&tokens) {
        let (n, frames, width) = tokens.dims3()?;
        pointwise::add_bias(&tokens.reshape((n, frames * width))?, &code.flatten_all()?)?;
        return Ok(tokens);
    }
    tokens.broadcast_add(code)
}

/// The gated feed-forward of transformers: x + narrow(geglu(widen(norm(x)))).
#[derive(Debug)]
pub struct FeedForward {
    norm: LayerNorm,
    widen: Linear,
    narrow: Linear,
    /// Both are rounded, and the first is packed with its gates.
    fused: bool,
}

impl FeedForward {
    /// For tokens `width` wide, `inner` inside; `norm`, `widen` and `narrow` lie there.
    pub fn new(
        norm: LayerNorm,
        [widen, narrow]: [&Scope<'_>; 2],
        (width, inner): (usize, usize),
    ) -> Result<Self> {
        let narrow = Linear::new(narrow, inner, width)?;
        let shape = [2 * inner, width];
        let gated = narrow.rounds() && narrow.overlay.is_none() && inner % 16 == 0;
        let (weight, overlay) =
            packed_weight_of(widen, &shape, if gated { Packing::Gated } else { Packing::Plain })?;
        let bias = Some(widen.get("bias", &shape[..1])?);
        let widen = Linear { weight, bias, overlay };
        let fused = gated && widen.overlay.is_none();
        Ok(FeedForward { norm, widen, narrow, fused })
    }

    /// Whether a part of the tokens is well worked on by one thread from end to end.
    pub fn is_small(&self) -> bool {
        self.widen.is_small()
    }

    /// The factors of its layers, as [`Linear::factors`] gives them.
    pub fn factors(&self) -> TensorResult<[Option<Factors>; 2]> {
        Ok([self.widen.factors()?, self.narrow.factors()?])
    }

    /// Whether it goes over the tokens in parts by itself.
    pub fn is_fused(&self) -> bool {
        self.fused
    }

    /// `x` \[.., width] to the same shape, for rows that belong to frames as `rows` says.
    pub fn forward(&self, x: &Tensor, rows: Rows) -> TensorResult<Tensor> {
        if self.fused
            && let (Some(widen), Some(widen_bias)) = (self.widen.factors()?, &self.widen.bias)
            && let (Some(narrow), Some(narrow_bias)) = (self.narrow.factors()?, &self.narrow.bias)
        {
            return bf16::feed(x, self.norm.before(None), (&widen, widen_bias), (&narrow, narrow_bias));
        }
        let hidden = geglu(&self.widen.forward_at(&self.norm.forward(x)?, None, rows)?)?;
        self.narrow.forward_at(&hidden, Some(x), rows)
    }
}

/// `y` \[.., out] with what `moving` makes of `x` \[.., in] added, each row as much as its frame says.
fn added(moving: &Moving, x: &Tensor, y: Tensor, rows: Option<Rows>) -> TensorResult<Tensor> {
    let plain = |x: &Tensor, weight: &Tensor, onto: Option<&Tensor>| -> TensorResult<Tensor> {
        if is_fast(x) {
            return linear(x, weight, None, onto);
        }
        let made = x.matmul(&weight.t()?)?;
        onto.map_or(Ok(made.clone()), |onto| onto + &made)
    };
    let (count, frames) = (x.elem_count() / x.dim(D::Minus1)?, moving.strengths.len());
    let Rows { first, per } = rows.unwrap_or(Rows { first: 0, per: (count / frames).max(1) });
    let strengths: Vec<f32> = (0..count).map(|row| moving.strengths[(first + row) / per % frames]).collect();
    let strengths = Tensor::from_vec(strengths, (count, 1), &Device::Cpu)?.to_device(x.device())?;
    let x = x.reshape((count, ()))?;
    let inner = plain(&x, &moving.first, None)?;
    let inner = inner.broadcast_mul(&strengths.to_dtype(x.dtype())?)?;
    let (shape, flat) = (y.dims().to_vec(), y.reshape((count, ()))?);
    let sum = match &moving.second {
        Some(second) => plain(&inner, second, Some(&flat))?,
        None => (flat + inner)?,
    };
    sum.reshape(shape)
}

/// A 2-D convolution with a square kernel.
#[derive(Debug)]
pub struct Conv2d {
    /// \[out, in, k, k]
    weight: Kept,
    bias: Tensor,
    window: Conv2dConfig,
    overlay: Option<Arc<Overlay>>,
}

impl Conv2d {
    /// A 3x3 kernel that keeps the size.
    pub fn same(scope: &Scope<'_>, inputs: usize, outputs: usize) -> Result<Self> {
        Self::new(scope, [outputs, inputs, 3, 3], Conv2dConfig::SAME)
    }

    /// A 1x1 kernel.
    pub fn pointwise(scope: &Scope<'_>, inputs: usize, outputs: usize) -> Result<Self> {
        Self::new(scope, [outputs, inputs, 1, 1], Conv2dConfig { stride: 1, before: 0, after: 0 })
    }

    /// From `weight` of `shape` \[out, in, k, k] and `bias`; a file without a bias has none.
    pub fn new(scope: &Scope<'_>, shape: [usize; 4], window: Conv2dConfig) -> Result<Self> {
        let (weight, overlay) = weight_of(scope, &shape)?;
        let bias = scope.get("bias", &shape[..1])?;
        Ok(Conv2d { weight, bias, window, overlay })
    }

    /// From a `weight` \[out, in, k, k] and a `bias` \[out] that are at hand.
    pub(super) fn from_tensors(weight: Tensor, bias: Tensor, window: Conv2dConfig) -> Self {
        Conv2d { weight: Kept::Weight(Weight::Held(weight)), bias, window, overlay: None }
    }

    /// The same with its weight rounded and packed.
    pub(super) fn rounded(self) -> TensorResult<Self> {
        let weight = self.weight.rounded()?;
        Ok(Conv2d { weight, ..self })
    }

    /// As [`Self::new`] for a layer that has no bias.
    pub fn without_bias(scope: &Scope<'_>, shape: [usize; 4], window: Conv2dConfig) -> Result<Self> {
        let weight = scope.get("weight", &shape)?;
        let bias = weight.zeros_like().and_then(|w| w.sum((1, 2, 3))).map_err(|e| scope.error(e))?;
        Self::placed(scope, Self::from_tensors(weight, bias, window))
    }

    /// As [`Self::same`] with `factor` times its result, plus `offset`.
    pub fn scaled(
        scope: &Scope<'_>,
        (inputs, outputs): (usize, usize),
        (factor, offset): (f64, f64),
    ) -> Result<Self> {
        let shape = [outputs, inputs, 3, 3];
        let (weight, bias) = (scope.get("weight", &shape)?, scope.get("bias", &shape[..1])?);
        let scaled = (weight * factor).and_then(|weight| Ok((weight, bias.affine(factor, offset)?)));
        let (weight, bias) = scaled.map_err(|e| scope.error(e))?;
        Self::placed(scope, Self::from_tensors(weight, bias, Conv2dConfig::SAME))
    }

    /// As [`Self::same`], each channel of its result times one of `factors`, of as many values.
    pub fn weighed(scope: &Scope<'_>, (inputs, outputs): (usize, usize), factors: &Tensor) -> Result<Self> {
        let shape = [outputs, inputs, 3, 3];
        let (weight, bias) = (scope.get("weight", &shape)?, scope.get("bias", &shape[..1])?);
        let weighed = factors.flatten_all().and_then(|factors| {
            let weight = weight.broadcast_mul(&factors.reshape((outputs, 1, 1, 1))?)?;
            Ok((weight, (bias * factors)?))
        });
        let (weight, bias) = weighed.map_err(|e| scope.error(e))?;
        Self::placed(scope, Self::from_tensors(weight, bias, Conv2dConfig::SAME))
    }

    /// A transposed convolution that doubles the size, of `weight` \[in, out, 4, 4], stride 2 and padding 1, as a plain one to the 2x2
    /// pixels of each place: its result is unfolded by [`pixel_shuffle`].
    pub(super) fn of_transposed(scope: &Scope<'_>, inputs: usize, outputs: usize) -> Result<Self> {
        let (weight, bias) = (scope.get("weight", &[inputs, outputs, 4, 4])?, scope.get("bias", &[outputs])?);
        let plain = || {
            // The upper of two pixels sees the place above by the kernel's last row and its own by the second; the lower its own by the third
            // and the one below by the first. What it doesn't see is a row of zeros, the fifth.
            let rows = Tensor::new(&[3u32, 1, 4, 4, 2, 0], weight.device())?;
            let weight = weight.pad_with_zeros(2, 0, 1)?.pad_with_zeros(3, 0, 1)?;
            let weight = weight.index_select(&rows, 2)?.index_select(&rows, 3)?;
            let weight = weight.reshape(&[inputs, outputs, 2, 3, 2, 3])?.permute([1, 2, 4, 0, 3, 5])?;
            let bias = bias.unsqueeze(1)?.broadcast_as((outputs, 4))?.flatten_all()?;
            TensorResult::Ok((weight.contiguous()?.reshape((4 * outputs, inputs, 3, 3))?, bias))
        };
        let (weight, bias) = plain().map_err(|e| scope.error(e))?;
        Self::placed(scope, Self::from_tensors(weight, bias, Conv2dConfig::SAME))
    }

    /// The same, rounded and packed where layers of `scope` are.
    fn placed(scope: &Scope<'_>, conv: Self) -> Result<Self> {
        if scope.placement().rounds() { conv.rounded().map_err(|e| scope.error(e)) } else { Ok(conv) }
    }

    /// `x` \[n, in, h, w] to \[n, out, h', w'].
    pub fn forward(&self, x: &Tensor) -> TensorResult<Tensor> {
        self.apply(x, &self.bias, Finish::default())
    }

    /// As [`Self::forward`] with `extra` \[out] added to every pixel.
    pub fn forward_with(&self, x: &Tensor, extra: &Tensor) -> TensorResult<Tensor> {
        self.apply(x, &(&self.bias + extra)?, Finish::default())
    }

    /// As [`Self::forward`], and then `finish`.
    pub fn forward_then(&self, x: &Tensor, finish: Finish<'_>) -> TensorResult<Tensor> {
        self.apply(x, &self.bias, finish)
    }

    /// As [`Self::forward_then`] behind `norm`, with `extra` \[out] added to every pixel where there is one.
    pub fn forward_normed(
        &self,
        (x, norm): (&Tensor, &GroupNorm),
        extra: Option<&Tensor>,
        finish: Finish<'_>,
    ) -> TensorResult<Tensor> {
        let bias = extra.map_or(Ok(self.bias.clone()), |extra| &self.bias + extra)?;
        if let Some(factors) = self.factors()? {
            return bf16::conv2d(x, Some(norm.before()), (&factors, &bias), self.window, finish);
        }
        self.apply(&norm.forward(x)?, &bias, finish)
    }

    /// `x` \[n, in, h, w] enlarged to twice its size by repeating pixels, and then as [`Self::forward`]; for 3x3 kernels
    /// that keep the size.
    pub fn forward_doubled(&self, x: &Tensor) -> TensorResult<Tensor> {
        if let Some(factors) = self.factors()? {
            return bf16::double_conv2d(x, (&factors, &self.bias));
        }
        let now = self.overlay.as_ref().map(|overlay| overlay.now());
        let weight = match (&now, &self.weight) {
            (Some(now), Kept::Weight(_)) => now.moving.is_empty().then_some(&now.weight),
            (None, Kept::Weight(Weight::Held(weight))) => Some(weight),
            _ => None,
        };
        if let Some(weight) = weight.filter(|weight| is_fast(x) && double::is_small(weight)) {
            return double::double_conv2d(x, weight, &self.bias);
        }
        let (_, _, h, w) = x.dims4()?;
        self.forward(&upsample(x, (2 * h, 2 * w))?)
    }

    fn apply(&self, x: &Tensor, bias: &Tensor, finish: Finish<'_>) -> TensorResult<Tensor> {
        let Some(overlay) = &self.overlay else {
            return match &self.weight {
                Kept::Weight(weight) => self.with((&beside(weight, x)?, bias), x, finish),
                _ => self.with_factors(None, (x, bias), finish),
            };
        };
        let now = overlay.now();
        let with = |finish| match &self.weight {
            Kept::Weight(_) => self.with((&now.weight, bias), x, finish),
            _ => self.with_factors(Some(&now), (x, bias), finish),
        };
        if now.moving.is_empty() {
            return with(finish);
        }
        let mut y = with(Finish { residual: finish.residual, ..Finish::default() })?;
        for moving in &now.moving {
            y = self.moved(moving, x, y)?;
        }
        bent(y, finish.below)
    }

    /// As [`Self::apply`], computed with the rounded weight.
    fn with_factors(
        &self,
        now: Option<&Now>,
        (x, bias): (&Tensor, &Tensor),
        finish: Finish<'_>,
    ) -> TensorResult<Tensor> {
        match self.weight.factors(now)? {
            Some(factors) => bf16::conv2d(x, None, (&factors, bias), self.window, finish),
            None => bail!("a layer that adapters turn has none"),
        }
    }

    /// Its factors, where products round them and it is the same in all frames.
    fn factors(&self) -> TensorResult<Option<Factors>> {
        self.weight.still_factors(self.overlay.as_deref())
    }

    /// `y` with what `moving` makes of `x` \[f, in, h, w] added, each frame as much as it says.
    fn moved(&self, moving: &Moving, x: &Tensor, y: Tensor) -> TensorResult<Tensor> {
        let none = |weight: &Tensor| Tensor::zeros(weight.dim(0)?, weight.dtype(), weight.device());
        let inner = self.with((&moving.first, &none(&moving.first)?), x, Finish::default())?;
        let (frames, ..) = inner.dims4()?;
        if frames != moving.strengths.len() {
            bail!("{} strengths for {frames} frames", moving.strengths.len());
        }
        let strengths = Tensor::from_vec(moving.strengths.to_vec(), (frames, 1, 1, 1), &Device::Cpu)?;
        let inner = inner.broadcast_mul(&strengths.to_device(x.device())?.to_dtype(x.dtype())?)?;
        let Some(second) = &moving.second else { return y + inner };
        let (outputs, rank) = second.dims2()?;
        let point = Conv2d {
            weight: Kept::Weight(Weight::Held(second.reshape((outputs, rank, 1, 1))?)),
            bias: none(second)?,
            window: Conv2dConfig { stride: 1, before: 0, after: 0 },
            overlay: None,
        };
        point.forward_then(&inner, Finish { residual: Some(&y), ..Finish::default() })
    }

    /// Its weight and bias as they are multiplied by f32 on the CPU; none where anything lies over them, or where it is no 3x3 kernel that
    /// keeps the size.
    pub fn fixed(&self) -> Option<(&Tensor, &Tensor)> {
        let Kept::Weight(Weight::Held(weight)) = &self.weight else { return None };
        let plain = self.overlay.is_none() && self.window == Conv2dConfig::SAME && is_fast(weight);
        plain.then_some((weight, &self.bias))
    }

    /// As [`Self::apply`], computed with `weight`.
    fn with(
        &self,
        (weight, bias): (&Tensor, &Tensor),
        x: &Tensor,
        finish: Finish<'_>,
    ) -> TensorResult<Tensor> {
        if is_fast(x) {
            return conv2d(x, (weight, bias), self.window, finish);
        }
        #[cfg(feature = "cuda")]
        if cuda::is_fast(x) {
            let Below::Shrink(_) = finish.below else {
                return cuda::conv2d(x, (weight, bias), self.window, finish);
            };
            let plain = Finish { residual: finish.residual, ..Finish::default() };
            return bent(cuda::conv2d(x, (weight, bias), self.window, plain)?, finish.below);
        }
        let Conv2dConfig { stride, before, after } = self.window;
        let y = if before == after {
            x.conv2d(weight, before, stride, 1, 1)?
        } else {
            let padded = x.pad_with_zeros(2, before, after)?.pad_with_zeros(3, before, after)?;
            padded.conv2d(weight, 0, stride, 1, 1)?
        };
        let mut y = y.broadcast_add(&bias.reshape((1, (), 1, 1))?)?;
        if let Some(residual) = finish.residual {
            y = (y + residual)?;
        }
        bent(y, finish.below)
    }
}

/// A fresh `x` \[n, c, h, w] with its values below 0 multiplied by `factor`, which stands in all of `factors` \[c].
pub fn shrink(x: Tensor, factors: &Tensor, factor: f32) -> TensorResult<Tensor> {
    if is_fast(&x) && x.is_contiguous() {
        pointwise::shrink_all(&x, factor)?;
        return Ok(x);
    }
    bent(x, Below::Shrink(factors))
}

/// `y` \[n, o, h, w] with what becomes of values below 0.
fn bent(y: Tensor, below: Below<'_>) -> TensorResult<Tensor> {
    match below {
        Below::Stay => Ok(y),
        Below::Vanish => y.relu(),
        Below::Shrink(factors) => {
            let under = y.neg()?.relu()?.broadcast_mul(&factors.reshape((1, (), 1, 1))?)?;
            y.relu()? - under
        }
    }
}

/// Group norm over \[n, c, h, w].
#[derive(Debug)]
pub struct GroupNorm {
    weight: Tensor,
    bias: Tensor,
    spec: GroupNormSpec,
}

impl GroupNorm {
    /// Over `channels` channels; `spec` says the rest.
    pub fn new(scope: &Scope<'_>, channels: usize, spec: GroupNormSpec) -> Result<Self> {
        let (weight, bias) = (scope.get("weight", &[channels])?, scope.get("bias", &[channels])?);
        Ok(GroupNorm { weight, bias, spec })
    }

    /// Image by image.
    pub fn plain(scope: &Scope<'_>, channels: usize, (groups, eps): (usize, f64)) -> Result<Self> {
        Self::new(scope, channels, GroupNormSpec { groups, eps, together: false, silu: false })
    }

    /// Image by image, with SiLU behind it.
    pub fn with_silu(scope: &Scope<'_>, channels: usize, (groups, eps): (usize, f64)) -> Result<Self> {
        Self::new(scope, channels, GroupNormSpec { groups, eps, together: false, silu: true })
    }

    /// What a convolution behind it needs to know of it.
    fn before(&self) -> Grouped<'_> {
        Grouped { weight: &self.weight, bias: &self.bias, spec: self.spec }
    }

    /// `x` \[n, c, h, w] to the same shape.
    pub fn forward(&self, x: &Tensor) -> TensorResult<Tensor> {
        if is_fast(x) {
            return norm::group_norm(x, &self.weight, &self.bias, self.spec);
        }
        #[cfg(feature = "cuda")]
        if cuda::is_fast(x) {
            return cuda::group_norm(x, &self.weight, &self.bias, self.spec);
        }
        let GroupNormSpec { groups, eps, together, silu } = self.spec;
        let (n, c, h, w) = x.dims4()?;
        let (per, wide) = (c / groups, x.to_dtype(candle_core::DType::F32)?);
        let grouped = if together {
            wide.reshape((n, groups, per * h * w))?.transpose(0, 1)?.reshape((1, groups, n * per * h * w))?
        } else {
            wide.reshape((n, groups, per * h * w))?
        };
        let centered = grouped.broadcast_sub(&grouped.mean_keepdim(D::Minus1)?)?;
        let variance = centered.sqr()?.mean_keepdim(D::Minus1)?;
        let normed = centered.broadcast_div(&(variance + eps)?.sqrt()?)?;
        let normed = if together {
            normed.reshape((groups, n, per * h * w))?.transpose(0, 1)?.contiguous()?
        } else {
            normed
        };
        let normed = normed.reshape((n, c, h, w))?.to_dtype(x.dtype())?;
        let shape = (1, (), 1, 1);
        let y =
            normed.broadcast_mul(&self.weight.reshape(shape)?)?.broadcast_add(&self.bias.reshape(shape)?)?;
        if silu { y.silu() } else { Ok(y) }
    }
}

/// Layer norm over the last axis.
#[derive(Debug)]
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

impl LayerNorm {
    /// Over `width` values.
    pub fn new(scope: &Scope<'_>, width: usize, eps: f64) -> Result<Self> {
        Ok(LayerNorm { weight: scope.get("weight", &[width])?, bias: scope.get("bias", &[width])?, eps })
    }

    /// What layers behind it need to know of it; `code` \[frames, width] is added behind it.
    fn before<'a>(&'a self, code: Option<&'a Tensor>) -> Normed<'a> {
        Normed { weight: &self.weight, bias: &self.bias, eps: self.eps, code }
    }

    /// `x` \[.., width] to the same shape.
    pub fn forward(&self, x: &Tensor) -> TensorResult<Tensor> {
        if is_fast(x) {
            return norm::layer_norm(x, &self.weight, &self.bias, self.eps);
        }
        candle_nn::ops::layer_norm(&x.contiguous()?, &self.weight, &self.bias, self.eps as f32)
    }
}

/// Applies `function` to a fresh result.
pub fn activate(x: Tensor, function: Function) -> TensorResult<Tensor> {
    if is_fast(&x) && x.is_contiguous() {
        pointwise::apply(&x, function)?;
        return Ok(x);
    }
    match function {
        Function::Silu => x.silu(),
        Function::QuickGelu => &x * candle_nn::ops::sigmoid(&(&x * 1.702)?)?,
        // candle's `gelu` is the tanh form; this one is exact.
        Function::Gelu => x.gelu_erf(),
    }
}

/// h · gelu(g) of `x` = (h, g) \[.., 2d].
pub fn geglu(x: &Tensor) -> TensorResult<Tensor> {
    if is_fast(x) {
        return pointwise::geglu(x);
    }
    #[cfg(feature = "cuda")]
    if cuda::is_fast(x) {
        return cuda::geglu(x);
    }
    let halves = x.chunk(2, D::Minus1)?;
    &halves[0] * halves[1].gelu_erf()?
}

/// `x` \[f, c, h, w] as tokens: \[f, h·w, c] or \[h·w, f, c].
pub fn to_tokens(x: &Tensor, order: TokenOrder) -> TensorResult<Tensor> {
    if is_fast(x) {
        return layout::to_tokens(x, order);
    }
    let flat = x.flatten_from(2)?;
    match order {
        TokenOrder::Space => flat.permute((0, 2, 1))?.contiguous(),
        TokenOrder::Time => flat.permute((2, 0, 1))?.contiguous(),
    }
}

/// Tokens as a picture of the shape of `residual`, which is added.
pub fn from_tokens(tokens: &Tensor, order: TokenOrder, residual: &Tensor) -> TensorResult<Tensor> {
    if is_fast(tokens) {
        return layout::from_tokens(tokens, order, residual);
    }
    let picture = match order {
        TokenOrder::Space => tokens.permute((0, 2, 1))?,
        TokenOrder::Time => tokens.permute((1, 2, 0))?,
    };
    picture.contiguous()?.reshape(residual.dims())? + residual
}

/// Pictures \[n, k² c, h, w] of which every pixel holds k x k in its channels, unfolded to \[n, c, k h, k w].
pub fn pixel_shuffle(x: &Tensor, k: usize) -> TensorResult<Tensor> {
    if is_fast(x) { layout::pixel_shuffle(x, k) } else { candle_nn::ops::pixel_shuffle(x, k) }
}

/// Pictures \[n, c, k h, k w] folded to \[n, k² c, h, w]: the inverse of [`pixel_shuffle`].
pub fn pixel_unshuffle(x: &Tensor, k: usize) -> TensorResult<Tensor> {
    candle_nn::ops::pixel_unshuffle(x, k)
}

/// The channels of `a` \[n, c, h, w], and those of `b` \[n, c', h, w] behind them.
pub fn side_by_side(a: &Tensor, b: &Tensor) -> TensorResult<Tensor> {
    if is_fast(a) && is_fast(b) { layout::beside(a, b) } else { Tensor::cat(&[a, b], 1) }
}

/// `x` \[n, c, h, w] enlarged to `size` (height, width) by repeating pixels.
pub fn upsample(x: &Tensor, size: (usize, usize)) -> TensorResult<Tensor> {
    if is_fast(x) { layout::upsample(x, size) } else { x.upsample_nearest2d(size.0, size.1) }
}
