//! ControlNet (Zhang et al. 2023): a copy of the UNet's encoder half that sees a picture as well, and adds to the UNet's skips and middle.
//!
//! ```text
//! picture ─► convolutions ─► features ┐
//! latents ─► conv_in ─────────────────┴─► encoder half ─► skips, middle ─► 1x1 convolutions ─► residuals
//! ```
//!
//! Frames are looked at one by one: a ControlNet has no motion modules. The features don't depend on the step, so they are made once a
//! window.

use super::conditioning::{Conditioning, Control, Residuals};
use super::config::{ControlKind, UnetConfig};
use super::unet::encoder::Encoded;
use super::unet::{UnetEncoder, UnetParts};
use crate::error::Result;
use crate::nn::cpu::conv_config::Conv2dConfig;
use crate::nn::layers::Conv2d;
use crate::weights::Scope;
use candle_core::{D, Result as TensorResult, Tensor};

/// A loaded ControlNet.
#[derive(Debug)]
pub struct ControlNet {
    sight: Sight,
    encoder: UnetEncoder,
    /// What leads each skip out, and what the middle.
    down: Vec<Conv2d>,
    middle: Conv2d,
    kind: ControlKind,
}

impl ControlNet {
    /// Loads a ControlNet for UNets of the shape `config`.
    pub fn new(weights: &Scope<'_>, config: &UnetConfig, kind: ControlKind) -> Result<Self> {
        let parts = UnetParts { unet: weights.clone(), config, motion: None };
        let out = |(i, channels): (usize, usize)| {
            Conv2d::pointwise(&weights.at(format!("controlnet_down_blocks.{i}")), channels, channels)
        };
        let deepest = config.deepest().channels;
        Ok(ControlNet {
            sight: Sight::new(&weights.at("controlnet_cond_embedding"), config.time_width())?,
            encoder: UnetEncoder::new(&parts)?,
            down: config.skips().into_iter().enumerate().map(out).collect::<Result<_>>()?,
            middle: Conv2d::pointwise(&weights.at("controlnet_mid_block"), deepest, deepest)?,
            kind,
        })
    }

    /// What it makes of pictures \[f, 3, H, W] in 0..=1: features \[f, c, h, w] as large as latents.
    pub fn look(&self, pictures: &Tensor) -> TensorResult<Tensor> {
        match self.kind.bgr {
            true => self.sight.forward(&pictures.flip(&[1])?),
            false => self.sight.forward(pictures),
        }
    }

    /// What it adds for latents `x` \[f, c, h, w] at timestep `t`, where it sees `control`.
    pub fn forward(
        &self,
        x: &Tensor,
        t: f64,
        (with, control): (&Conditioning, &Control),
    ) -> TensorResult<Residuals> {
        let Encoded { skips, middle, .. } = self.encoder.forward_onto(x, t, with, Some(&control.features))?;
        let frames = control.strengths.len();
        let strengths = Tensor::new(control.strengths.as_slice(), x.device())?.reshape((frames, 1, 1, 1))?;
        let strengths = strengths.to_dtype(x.dtype())?;
        let led = |out: &Conv2d, x: &Tensor| {
            let added = out.forward(x)?;
            let added = if self.kind.pooled { everywhere(&added)? } else { added };
            added.broadcast_mul(&strengths)
        };
        let down = self.down.iter().zip(&skips).map(|(out, skip)| led(out, skip));
        Ok(Residuals { down: down.collect::<TensorResult<_>>()?, middle: led(&self.middle, &middle)? })
    }
}

/// Every picture's mean all over it.
fn everywhere(x: &Tensor) -> TensorResult<Tensor> {
    x.mean_keepdim(D::Minus1)?.mean_keepdim(D::Minus2)?.broadcast_as(x.shape())?.contiguous()
}

/// The convolutions that see the picture, SiLU between them; every other one in the middle halves the size.
#[derive(Debug)]
struct Sight {
    layers: Vec<Conv2d>,
    last: Conv2d,
}

impl Sight {
    fn new(scope: &Scope<'_>, channels: usize) -> Result<Self> {
        let width = |at: &Scope<'_>| match at.shape("weight") {
            Some([out, ..]) => Ok(*out),
            _ => Err(scope.error("it lacks the layers that see a picture")),
        };
        let first = scope.at("conv_in");
        let mut inputs = width(&first)?;
        let mut layers = vec![Conv2d::same(&first, 3, inputs)?];
        for i in 0.. {
            let at = scope.at(format!("blocks.{i}"));
            if !at.has("weight") {
                break;
            }
            let outputs = width(&at)?;
            let window = Conv2dConfig { stride: 1 + i % 2, before: 1, after: 1 };
            layers.push(Conv2d::new(&at, [outputs, inputs, 3, 3], window)?);
            inputs = outputs;
        }
        Ok(Sight { layers, last: Conv2d::same(&scope.at("conv_out"), inputs, channels)? })
    }

    fn forward(&self, pictures: &Tensor) -> TensorResult<Tensor> {
        let mut x = pictures.clone();
        for layer in &self.layers {
            x = layer.forward(&x)?.silu()?;
        }
        self.last.forward(&x)
    }
}
