//! A layer of the UNet: a resnet, a transformer over pixels and prompt, a motion module over frames.

use super::motion_module::MotionModule;
use super::transformer::SpatialTransformer;
use crate::diffusion::conditioning::Movement;
use crate::nn::blocks::Resnet;
use candle_core::{Result as TensorResult, Tensor};

/// What every layer sees beside the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub time: &'a Tensor,
    pub text: &'a Tensor,
    pub motion: &'a [Movement],
}

/// A resnet, and what follows it: a transformer over pixels and prompt, a motion module over frames; either may be missing.
#[derive(Debug)]
pub(super) struct Layer {
    pub resnet: Resnet,
    pub transformer: Option<SpatialTransformer>,
    pub motion: Option<MotionModule>,
}

impl Layer {
    pub fn forward(&self, x: &Tensor, seen: Seen<'_>) -> TensorResult<Tensor> {
        let mut x = self.resnet.forward(x, Some(seen.time))?;
        if let Some(transformer) = &self.transformer {
            x = transformer.forward(&x, seen.text)?;
        }
        if let Some(motion) = &self.motion {
            x = motion.forward(&x, seen.motion)?;
        }
        Ok(x)
    }
}
