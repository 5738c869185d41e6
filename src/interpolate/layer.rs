//! The layer that these networks are made of.

use crate::error::{Context, Error, Result};
use crate::nn::cpu::conv_config::Conv2dConfig;
use crate::nn::layers::{Below, Conv2d, Finish};
use crate::weights::Scope;
use candle_core::{DType, Device, Result as TensorResult, Tensor};

/// A 3x3 convolution and a leaky ReLU.
#[derive(Debug)]
pub(super) struct Layer {
    conv: Conv2d,
    slopes: Tensor,
}

impl Layer {
    /// From `inputs` to `outputs` channels, at a size `stride` times as small; values below 0 are multiplied by `slope`.
    pub fn new(
        scope: &Scope<'_>,
        (inputs, outputs): (usize, usize),
        (stride, slope): (usize, f32),
    ) -> Result<Self> {
        let window = Conv2dConfig { stride, ..Conv2dConfig::SAME };
        let conv = Conv2d::new(scope, [outputs, inputs, 3, 3], window)?;
        Ok(Layer { conv, slopes: slopes(outputs, slope)? })
    }

    /// One that has its convolution, of so many `outputs`.
    pub fn of(conv: Conv2d, outputs: usize, slope: f32) -> Result<Self> {
        Ok(Layer { conv, slopes: slopes(outputs, slope)? })
    }

    pub fn forward(&self, x: &Tensor) -> TensorResult<Tensor> {
        self.after(x, None)
    }

    /// As [`Self::forward`], with `residual` added before what is below 0 shrinks.
    pub fn after(&self, x: &Tensor, residual: Option<&Tensor>) -> TensorResult<Tensor> {
        self.conv.forward_then(x, Finish { residual, below: Below::Shrink(&self.slopes) })
    }
}

/// `slope` for each of so many channels.
pub(super) fn slopes(channels: usize, slope: f32) -> Result<Tensor> {
    Tensor::full(slope, channels, &Device::Cpu)
        .and_then(|slopes| slopes.to_dtype(DType::F32))
        .context(|| Error::device("there is no room for the network that interpolates"))
}
