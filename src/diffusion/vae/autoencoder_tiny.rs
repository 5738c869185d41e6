//! The tiny autoencoder, diffusers' `AutoencoderTiny`, known as TAESD: convolutions and ReLU only.
//!
//! Its files number the layers of encoder and decoder from 0, activations and enlargements included. With more than three
//! channels of input or output, squares of pixels are folded into channels (PyTorch's `pixel_unshuffle`), which makes the
//! finest resolution, and with it most of the cost, that much smaller.

use crate::diffusion::config::{TinyConfig, colours};
use crate::error::Result;
use crate::nn::cpu::conv_config::Conv2dConfig;
use crate::nn::layers::{Below, Conv2d, Finish, pixel_shuffle, pixel_unshuffle};
use crate::weights::Scope;
use candle_core::{Result as TensorResult, Tensor};

/// Latents beyond three times this are folded back before decoding.
const CLAMP: f64 = 3.0;

/// The autoencoder.
#[derive(Debug)]
pub struct AutoencoderTiny {
    encoder: Vec<Layer>,
    decoder: Vec<Layer>,
    scaling: f64,
    folded: usize,
    unfolded: usize,
}

#[derive(Debug)]
enum Layer {
    Conv(Conv2d),
    ConvRelu(Conv2d),
    Block([Conv2d; 3]),
    /// Twice the size, and a convolution.
    Doubled(Conv2d),
}

const HALF: Conv2dConfig = Conv2dConfig { stride: 2, before: 1, after: 1 };

impl AutoencoderTiny {
    /// Loads an autoencoder of shape `config`.
    pub fn new(scope: &Scope<'_>, config: &TinyConfig) -> Result<Self> {
        Ok(AutoencoderTiny {
            encoder: encoder(&scope.at("encoder.layers"), config)?,
            decoder: decoder(&scope.at("decoder.layers"), config)?,
            scaling: config.scaling,
            folded: config.folded,
            unfolded: config.unfolded,
        })
    }

    /// Pictures \[n, 3, H, W] in \[-1, 1] to latents \[n, c, h, w], scaled for the UNet.
    pub fn encode(&self, pictures: &Tensor) -> TensorResult<Tensor> {
        let folded = pixel_unshuffle(pictures, self.folded)?;
        run(&self.encoder, ((folded + 1.0)? / 2.0)?)? * self.scaling
    }

    /// The UNet's latents \[n, c, h, w] to pictures \[n, 3, H, W].
    pub fn decode(&self, latents: &Tensor) -> TensorResult<Tensor> {
        let folded = ((latents / (self.scaling * CLAMP))?.tanh()? * CLAMP)?;
        pixel_shuffle(&run(&self.decoder, folded)?, self.unfolded)
    }
}

fn encoder(scope: &Scope<'_>, config: &TinyConfig) -> Result<Vec<Layer>> {
    let mut layers = Vec::new();
    for (i, &(channels, blocks)) in config.encoder.iter().enumerate() {
        let place = scope.at(layers.len());
        layers.push(Layer::Conv(if i == 0 {
            Conv2d::same(&place, colours(config.folded), channels)?
        } else {
            Conv2d::without_bias(&place, [channels, channels, 3, 3], HALF)?
        }));
        for _ in 0..blocks {
            layers.push(block(&scope.at(layers.len()), channels)?);
        }
    }
    let channels = config.encoder[0].0;
    layers.push(Layer::Conv(Conv2d::same(&scope.at(layers.len()), channels, config.latent_channels)?));
    Ok(layers)
}

fn decoder(scope: &Scope<'_>, config: &TinyConfig) -> Result<Vec<Layer>> {
    let first = Conv2d::same(&scope.at(0), config.latent_channels, config.decoder[0].0)?;
    let mut layers = vec![Layer::ConvRelu(first)];
    // The ReLU behind the first convolution has number 1.
    let mut number = 2;
    for (i, &(channels, blocks)) in config.decoder.iter().enumerate() {
        for _ in 0..blocks {
            layers.push(block(&scope.at(number), channels)?);
            number += 1;
        }
        if i + 1 == config.decoder.len() {
            // The file's decoder ends in 0..=1, pictures are in −1..=1.
            let sizes = (channels, colours(config.unfolded));
            layers.push(Layer::Conv(Conv2d::scaled(&scope.at(number), sizes, (2.0, -1.0))?));
        } else {
            // The enlargement has a number too.
            let shape = [channels, channels, 3, 3];
            layers.push(Layer::Doubled(Conv2d::without_bias(
                &scope.at(number + 1),
                shape,
                Conv2dConfig::SAME,
            )?));
            number += 2;
        }
    }
    Ok(layers)
}

fn block(scope: &Scope<'_>, channels: usize) -> Result<Layer> {
    let conv = |i: usize| Conv2d::same(&scope.at("conv").at(i), channels, channels);
    Ok(Layer::Block([conv(0)?, conv(2)?, conv(4)?]))
}

fn run(layers: &[Layer], x: Tensor) -> TensorResult<Tensor> {
    let relu = Finish { residual: None, below: Below::Vanish };
    let mut x = x;
    for layer in layers {
        x = match layer {
            Layer::Conv(conv) => conv.forward(&x)?,
            Layer::ConvRelu(conv) => conv.forward_then(&x, relu)?,
            Layer::Block([first, second, third]) => {
                let hidden = second.forward_then(&first.forward_then(&x, relu)?, relu)?;
                third.forward_then(&hidden, Finish { residual: Some(&x), below: Below::Vanish })?
            }
            Layer::Doubled(conv) => conv.forward_doubled(&x)?,
        };
    }
    Ok(x)
}
