//! The UNet's encoder half: the way down and the middle, with the skips that they leave. A ControlNet is one of these.

use super::layer::{Layer, Seen};
use super::parts::UnetParts;
use crate::diffusion::conditioning::Conditioning;
use crate::error::Result;
use crate::nn::blocks::{Downsample, Resnet, TimeEmbedding};
use crate::nn::layers::{Conv2d, Finish};
use candle_core::{Result as TensorResult, Tensor};

/// From latents to the middle of the UNet.
#[derive(Debug)]
pub struct UnetEncoder {
    conv_in: Conv2d,
    time: TimeEmbedding,
    down: Vec<(Vec<Layer>, Option<Downsample>)>,
    middle: (Layer, Resnet),
}

/// What an encoder makes of latents.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The skips, finest first, \[f, c, h, w].
    pub skips: Vec<Tensor>,
    /// The output of the middle block.
    pub middle: Tensor,
    /// The timestep's embedding \[1, d], which the way up sees as well.
    pub time: Tensor,
}

impl UnetEncoder {
    /// Loads the encoder from the UNet's weights and those of the motion modules, if it has any.
    pub fn new(parts: &UnetParts<'_>) -> Result<Self> {
        let UnetParts { unet, config, .. } = parts;
        let channels = config.time_width();
        Ok(UnetEncoder {
            conv_in: Conv2d::same(&unet.at("conv_in"), config.in_channels, channels)?,
            time: TimeEmbedding::new(&unet.at("time_embedding"), channels)?,
            down: parts.down()?,
            middle: parts.middle()?,
        })
    }

    /// The skips and the middle for latents `x` \[f, c, h, w] at timestep `t`.
    pub fn forward(&self, x: &Tensor, t: f64, with: &Conditioning) -> TensorResult<Encoded> {
        self.forward_onto(x, t, with, None)
    }

    /// As [`Self::forward`], with `features` \[f, c, h, w] added to what comes in, if there are any.
    pub fn forward_onto(
        &self,
        x: &Tensor,
        t: f64,
        with: &Conditioning,
        features: Option<&Tensor>,
    ) -> TensorResult<Encoded> {
        let time = self.time.forward(t, x)?;
        let seen = Seen { time: &time, text: &with.text, motion: &with.motion };
        let mut x = self.conv_in.forward_then(x, Finish { residual: features, ..Finish::default() })?;
        let mut skips = vec![x.clone()];
        for (layers, downsample) in &self.down {
            for layer in layers {
                x = layer.forward(&x, seen)?;
                skips.push(x.clone());
            }
            if let Some(downsample) = downsample {
                x = downsample.forward(&x)?;
                skips.push(x.clone());
            }
        }
        x = self.middle.0.forward(&x, seen)?;
        let middle = self.middle.1.forward(&x, Some(seen.time))?;
        Ok(Encoded { skips, middle, time })
    }
}
