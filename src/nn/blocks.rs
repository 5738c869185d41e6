//! The convolutional pieces of UNet and autoencoder: timestep embedding, resnet, halving and doubling of the size.

use super::cpu::conv_config::Conv2dConfig;
use super::cpu::norm::GroupNormSpec;
use super::layers::{Conv2d, Finish, Function, GroupNorm, Linear, activate, pixel_shuffle, upsample};
use crate::error::Result;
use crate::weights::Scope;
use candle_core::{Device, Result as TensorResult, Tensor};

/// Turns a timestep into the vector that all resnets see.
#[derive(Debug)]
pub struct TimeEmbedding {
    first: Linear,
    second: Linear,
    width: usize,
}

impl TimeEmbedding {
    /// From `width` sinusoidal features to an embedding four times as wide.
    pub fn new(scope: &Scope<'_>, width: usize) -> Result<Self> {
        let first = Linear::new(&scope.at("linear_1"), width, 4 * width)?;
        let second = Linear::new(&scope.at("linear_2"), 4 * width, 4 * width)?;
        Ok(TimeEmbedding { first, second, width })
    }

    /// The embedding of timestep `t` with the SiLU that every resnet begins with: \[1, 4 width], or one for every frame where the
    /// weights differ.
    pub fn forward(&self, t: f64, like: &Tensor) -> TensorResult<Tensor> {
        let features = sinusoids(t as f32, self.width).to_device(like.device())?.to_dtype(like.dtype())?;
        let hidden = activate(self.first.forward(&self.first.for_frames(&features)?)?, Function::Silu)?;
        activate(self.second.forward(&self.second.for_frames(&hidden)?)?, Function::Silu)
    }
}

/// cos(t w_i), then sin(t w_i), with w_i = 10000^(-i / half): \[1, width].
fn sinusoids(t: f32, width: usize) -> Tensor {
    let half = width / 2;
    // In single precision, as the models were trained with.
    let angles = (0..half).map(|i| t * (-(10_000f64.ln()) as f32 * i as f32 / half as f32).exp());
    let mut values: Vec<f32> = angles.clone().map(f32::cos).collect();
    values.extend(angles.map(f32::sin));
    values.resize(width, 0.0);
    Tensor::from_vec(values, (1, width), &Device::Cpu).expect("there are width values")
}

/// Two convolutions with group norm and SiLU before each, around a shortcut.
#[derive(Debug)]
pub struct Resnet {
    norm1: GroupNorm,
    conv1: Conv2d,
    time: Option<Linear>,
    norm2: GroupNorm,
    conv2: Conv2d,
    shortcut: Option<Conv2d>,
}

/// A resnet's sizes.
#[derive(Clone, Copy, Debug)]
pub struct ResnetShape {
    /// Channels in.
    pub inputs: usize,
    /// Channels out.
    pub outputs: usize,
    /// Width of the timestep embedding; none in autoencoders.
    pub time: Option<usize>,
    /// What the group norms do; SiLU follows them.
    pub norm: GroupNormSpec,
}

impl Resnet {
    /// Loads a resnet.
    pub fn new(scope: &Scope<'_>, shape: ResnetShape) -> Result<Self> {
        let ResnetShape { inputs, outputs, time, norm } = shape;
        let time = time.map(|width| Linear::new(&scope.at("time_emb_proj"), width, outputs)).transpose()?;
        let shortcut = (inputs != outputs)
            .then(|| Conv2d::pointwise(&scope.at("conv_shortcut"), inputs, outputs))
            .transpose()?;
        Ok(Resnet {
            norm1: GroupNorm::new(&scope.at("norm1"), inputs, norm)?,
            conv1: Conv2d::same(&scope.at("conv1"), inputs, outputs)?,
            time,
            norm2: GroupNorm::new(&scope.at("norm2"), outputs, norm)?,
            conv2: Conv2d::same(&scope.at("conv2"), outputs, outputs)?,
            shortcut,
        })
    }

    /// `x` \[n, in, h, w] to \[n, out, h, w]; `time` \[1 or n, width] is the activated embedding.
    pub fn forward(&self, x: &Tensor, time: Option<&Tensor>) -> TensorResult<Tensor> {
        let plain = Finish::default();
        let hidden = match (&self.time, time) {
            // The embedding is the same for all pixels and frames: it goes into the bias.
            (Some(projection), Some(time)) => {
                let time = projection.forward(&projection.for_frames(time)?)?;
                match time.dim(0)? {
                    1 => self.conv1.forward_normed((x, &self.norm1), Some(&time.squeeze(0)?), plain)?,
                    _ => {
                        let hidden = self.conv1.forward_normed((x, &self.norm1), None, plain)?;
                        hidden.broadcast_add(&time.unsqueeze(2)?.unsqueeze(3)?)?
                    }
                }
            }
            _ => self.conv1.forward_normed((x, &self.norm1), None, plain)?,
        };
        let shortcut = self.shortcut.as_ref().map_or(Ok(x.clone()), |shortcut| shortcut.forward(x))?;
        let finish = Finish { residual: Some(&shortcut), ..Finish::default() };
        self.conv2.forward_normed((&hidden, &self.norm2), None, finish)
    }
}

/// Halves the size with a strided convolution.
#[derive(Debug)]
pub struct Downsample(Conv2d);

impl Downsample {
    /// As the UNet does it, with zeros all around.
    pub fn centered(scope: &Scope<'_>, channels: usize) -> Result<Self> {
        let window = Conv2dConfig { stride: 2, before: 1, after: 1 };
        Conv2d::new(&scope.at("downsamplers.0.conv"), [channels, channels, 3, 3], window).map(Downsample)
    }

    /// As the autoencoder does it, with zeros below and to the right only.
    pub fn cornered(scope: &Scope<'_>, channels: usize) -> Result<Self> {
        let window = Conv2dConfig { stride: 2, before: 0, after: 1 };
        Conv2d::new(&scope.at("downsamplers.0.conv"), [channels, channels, 3, 3], window).map(Downsample)
    }

    /// `x` \[n, c, h, w] to about \[n, c, h/2, w/2].
    pub fn forward(&self, x: &Tensor) -> TensorResult<Tensor> {
        self.0.forward(x)
    }
}

/// Doubles the size by repeating pixels, then convolves.
#[derive(Debug)]
pub struct Upsample(Conv2d);

impl Upsample {
    /// Loads the convolution.
    pub fn new(scope: &Scope<'_>, channels: usize) -> Result<Self> {
        Conv2d::same(&scope.at("upsamplers.0.conv"), channels, channels).map(Upsample)
    }

    /// `x` \[n, c, h, w] to \[n, c, size.0, size.1].
    pub fn forward(&self, x: &Tensor, size: (usize, usize)) -> TensorResult<Tensor> {
        let (_, _, h, w) = x.dims4()?;
        if size == (2 * h, 2 * w) { self.0.forward_doubled(x) } else { self.0.forward(&upsample(x, size)?) }
    }
}

/// Doubles the size with a transposed convolution of a 4x4 kernel.
#[derive(Debug)]
pub struct Doubling(Conv2d);

impl Doubling {
    /// From `weight` \[inputs, outputs, 4, 4] and `bias` \[outputs], as PyTorch's `ConvTranspose2d` with stride 2 and padding 1.
    pub fn new(scope: &Scope<'_>, inputs: usize, outputs: usize) -> Result<Self> {
        Conv2d::of_transposed(scope, inputs, outputs).map(Doubling)
    }

    /// `x` \[n, in, h, w] to \[n, out, 2 h, 2 w].
    pub fn forward(&self, x: &Tensor) -> TensorResult<Tensor> {
        pixel_shuffle(&self.0.forward(x)?, 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::{apart, noise};
    use crate::weights::{Placement, Weights, open, whole};
    use candle_core::DType;

    #[test]
    fn a_doubling_is_a_transposed_convolution() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("w.safetensors");
        let (weight, bias) = (noise(1, &[3, 2, 4, 4]), noise(2, &[2]));
        let tensors = [("up.weight".to_owned(), weight.clone()), ("up.bias".to_owned(), bias.clone())];
        candle_core::safetensors::save(&tensors.into(), &path).unwrap();
        let placement = Placement { dtype: DType::F32, device: Device::Cpu };
        let weights = Weights::of(open(&path).unwrap(), &placement, |name| whole(name.to_owned())).unwrap();
        let layer = Doubling::new(&weights.scope("up"), 3, 2).unwrap();
        let x = noise(3, &[2, 3, 5, 7]);
        let plain = x.conv_transpose2d(&weight, 1, 0, 2, 1).unwrap();
        let wanted = plain.broadcast_add(&bias.reshape((1, 2, 1, 1)).unwrap()).unwrap();
        assert!(apart(&layer.forward(&x).unwrap(), &wanted) < 1e-5);
    }

    #[test]
    fn timestep_features_are_cosines_then_sines() {
        let values = sinusoids(3.0, 5).squeeze(0).unwrap().to_vec1::<f32>().unwrap();
        let slow = 3.0 * 10_000f32.powf(-0.5);
        let expected = [3f32.cos(), slow.cos(), 3f32.sin(), slow.sin(), 0.0];
        assert!(values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{values:?}");
    }
}
