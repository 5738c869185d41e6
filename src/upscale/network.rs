//! The two networks of the ESRGAN family.

use crate::error::{Context, Error, Result};
use crate::nn::cpu::chain::Chain;
use crate::nn::layers::{Below, Conv2d, Finish, pixel_shuffle, pixel_unshuffle, shrink, upsample};
use crate::weights::Scope;
use crate::weights::keys::upscaler::UpscalerNet;
use candle_core::{Result as TensorResult, Tensor};

/// Slope of the leaky ReLUs of RRDB below 0.
const SLOPE: f32 = 0.2;
/// How much of a dense block's and of a block's result is added to its input.
const SHARE: f64 = 0.2;
/// Pixels of a picture whose doublings are worked on together, about: the layers there are up to 64 times as large.
const STRIP: usize = 1 << 14;
/// Rows of a picture beside a strip that its doublings see.
const BESIDE: usize = 2;

/// A loaded network.
#[derive(Debug)]
pub(super) enum Network {
    Compact(Compact),
    Rrdb(Box<Rrdb>),
}

impl Network {
    pub fn new(scope: &Scope<'_>, net: UpscalerNet) -> Result<Self> {
        match net {
            UpscalerNet::Compact { width, layers, scale } => {
                Compact::new(scope, width, (layers, scale)).map(Network::Compact)
            }
            UpscalerNet::Rrdb { .. } => Rrdb::new(scope, net).map(|rrdb| Network::Rrdb(Box::new(rrdb))),
        }
    }

    /// Pictures \[n, 3, h, w], values 0..=1, to \[n, 3, s h, s w], values about so; sides of the pictures are multiples of the fold.
    pub fn forward(&self, x: &Tensor) -> TensorResult<Tensor> {
        match self {
            Network::Compact(net) => net.forward(x),
            Network::Rrdb(net) => net.forward(x),
        }
    }
}

/// SRVGG compact.
#[derive(Debug)]
pub(super) struct Compact {
    /// Each with the factors of its PReLU.
    layers: Vec<(Conv2d, Tensor)>,
    last: Conv2d,
    scale: usize,
    /// All layers at once, where they compute on a CPU.
    chain: Option<Chain>,
}

impl Compact {
    fn new(scope: &Scope<'_>, width: usize, (layers, scale): (usize, usize)) -> Result<Self> {
        let at = |i: usize| scope.at(format!("body.{i}"));
        let layer = |i: usize| {
            let conv = Conv2d::same(&at(2 * i), if i == 0 { 3 } else { width }, width)?;
            Ok((conv, at(2 * i + 1).get("weight", &[width])?))
        };
        let layers_there: Vec<(Conv2d, Tensor)> = (0..layers).map(layer).collect::<Result<_>>()?;
        let last = Conv2d::same(&at(2 * layers), width, 3 * scale * scale)?;
        let chain = chain(&layers_there, &last).context(|| scope.error("its layers make no chain"))?;
        Ok(Compact { layers: layers_there, last, scale, chain })
    }

    fn forward(&self, pictures: &Tensor) -> TensorResult<Tensor> {
        let (_, _, h, w) = pictures.dims4()?;
        let plain = upsample(pictures, (self.scale * h, self.scale * w))?;
        let folded = match &self.chain {
            Some(chain) => chain.forward(pictures)?,
            None => self.one_by_one(pictures)?,
        };
        pixel_shuffle(&folded, self.scale)? + plain
    }

    fn one_by_one(&self, pictures: &Tensor) -> TensorResult<Tensor> {
        let mut x = pictures.clone();
        for (conv, factors) in &self.layers {
            x = conv.forward_then(&x, Finish { residual: None, below: Below::Shrink(factors) })?;
        }
        self.last.forward(&x)
    }
}

/// The layers as a chain, where they can be one.
fn chain(layers: &[(Conv2d, Tensor)], last: &Conv2d) -> TensorResult<Option<Chain>> {
    let all = layers.iter().map(|(conv, factors)| (conv, Some(factors))).chain([(last, None)]);
    let fixed = all.map(|(conv, factors)| conv.fixed().map(|(weight, bias)| (weight, bias, factors)));
    let Some(fixed) = fixed.collect::<Option<Vec<_>>>() else { return Ok(None) };
    Chain::new(fixed).map(Some)
}

/// RRDB.
#[derive(Debug)]
pub(super) struct Rrdb {
    fold: usize,
    first: Conv2d,
    blocks: Vec<[Dense; 3]>,
    body: Conv2d,
    ups: Vec<Conv2d>,
    high: Conv2d,
    last: Conv2d,
    /// [`SLOPE`] for every channel.
    slopes: Tensor,
}

impl Rrdb {
    fn new(scope: &Scope<'_>, net: UpscalerNet) -> Result<Self> {
        let UpscalerNet::Rrdb { width, growth, blocks, fold, doublings } = net else {
            return Err(scope.error("it is no RRDB"));
        };
        let same = |name: &str| Conv2d::same(&scope.at(name), width, width);
        let block = |block: usize| {
            let dense = |k: usize| Dense::new(&scope.at(format!("body.{block}.rdb{k}")), (width, growth));
            Ok([dense(1)?, dense(2)?, dense(3)?])
        };
        let slopes = slopes(scope, width)?;
        Ok(Rrdb {
            fold,
            first: Conv2d::same(&scope.at("conv_first"), 3 * fold * fold, width)?,
            blocks: (0..blocks).map(block).collect::<Result<_>>()?,
            body: same("conv_body")?,
            ups: (1..=doublings).map(|k| same(&format!("conv_up{k}"))).collect::<Result<_>>()?,
            high: same("conv_hr")?,
            last: Conv2d::same(&scope.at("conv_last"), width, 3)?,
            slopes,
        })
    }

    fn forward(&self, pictures: &Tensor) -> TensorResult<Tensor> {
        let folded = if self.fold > 1 { pixel_unshuffle(pictures, self.fold)? } else { pictures.clone() };
        let features = self.first.forward(&folded)?;
        let mut x = features.clone();
        for dense in &self.blocks {
            let inside = dense.iter().try_fold(x.clone(), |x, dense| dense.forward(&x))?;
            x = ((inside * SHARE)? + x)?;
        }
        let x = self.body.forward_then(&x, Finish { residual: Some(&features), ..Finish::default() })?;
        drop(features);
        self.doubled(&x)
    }

    /// The doublings and what is behind them, strip by strip: as if all were one, but it never stands in memory.
    fn doubled(&self, x: &Tensor) -> TensorResult<Tensor> {
        let (_, _, h, w) = x.dims4()?;
        let (rows, scale) = ((STRIP / w).max(1), 1 << self.ups.len());
        let mut strips = Vec::with_capacity(h.div_ceil(rows));
        for top in (0..h).step_by(rows) {
            let (from, to) = (top.saturating_sub(BESIDE), (top + rows + BESIDE).min(h));
            let made = self.tail(&x.narrow(2, from, to - from)?.contiguous()?)?;
            strips.push(made.narrow(2, (top - from) * scale, rows.min(h - top) * scale)?);
        }
        Tensor::cat(&strips, 2)
    }

    fn tail(&self, x: &Tensor) -> TensorResult<Tensor> {
        let mut x = x.clone();
        for up in &self.ups {
            x = shrink(up.forward_doubled(&x)?, &self.slopes, SLOPE)?;
        }
        let leaky = Finish { residual: None, below: Below::Shrink(&self.slopes) };
        self.last.forward(&self.high.forward_then(&x, leaky)?)
    }
}

/// A dense block: each of five layers sees the block's input and what all before it have made.
#[derive(Debug)]
struct Dense {
    layers: [Conv2d; 4],
    last: Conv2d,
    /// [`SLOPE`] for every channel of a layer.
    slopes: Tensor,
    width: usize,
    growth: usize,
}

impl Dense {
    fn new(scope: &Scope<'_>, (width, growth): (usize, usize)) -> Result<Self> {
        let conv =
            |k: usize, out: usize| Conv2d::same(&scope.at(format!("conv{k}")), width + (k - 1) * growth, out);
        let last = Conv2d::scaled(&scope.at("conv5"), (width + 4 * growth, width), (SHARE, 0.0))?;
        let layers = [conv(1, growth)?, conv(2, growth)?, conv(3, growth)?, conv(4, growth)?];
        Ok(Dense { layers, last, slopes: slopes(scope, growth)?, width, growth })
    }

    fn forward(&self, x: &Tensor) -> TensorResult<Tensor> {
        let (n, _, h, w) = x.dims4()?;
        // All that is made lies in one tensor, of which each layer sees the first channels: of a single picture that is no copy.
        let channels = self.width + self.layers.len() * self.growth;
        let all = Tensor::zeros((n, channels, h, w), x.dtype(), x.device())?;
        all.slice_set(x, 1, 0)?;
        let leaky = Finish { residual: None, below: Below::Shrink(&self.slopes) };
        let mut there = self.width;
        for layer in &self.layers {
            let made = layer.forward_then(&all.narrow(1, 0, there)?.contiguous()?, leaky)?;
            all.slice_set(&made, 1, there)?;
            there += self.growth;
        }
        self.last.forward_then(&all, Finish { residual: Some(x), ..Finish::default() })
    }
}

fn slopes(scope: &Scope<'_>, channels: usize) -> Result<Tensor> {
    let placement = scope.placement();
    let slopes = Tensor::full(SLOPE, channels, &placement.device);
    let slopes = slopes.and_then(|slopes| slopes.to_dtype(placement.tensors()));
    slopes.context(|| Error::device("there is no room for the upscaler"))
}
