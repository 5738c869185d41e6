//! The full-size autoencoder, diffusers' `AutoencoderKL`: pictures to latents and back.

use crate::diffusion::config::KlConfig;
use crate::error::Result;
use crate::nn::attention::{Attend, attention};
use crate::nn::blocks::{Downsample, Resnet, ResnetShape, Upsample};
use crate::nn::cpu::layout::TokenOrder;
use crate::nn::cpu::norm::GroupNormSpec;
use crate::nn::layers::{Conv2d, Finish, GroupNorm, Linear, leave, to_tokens};
use crate::weights::Scope;
use candle_core::{Result as TensorResult, Tensor};

/// Epsilon of all its norms.
const EPS: f64 = 1e-6;

/// The autoencoder.
#[derive(Debug)]
pub struct AutoencoderKl {
    encoder: Encoder,
    decoder: Decoder,
    config: KlConfig,
}

#[derive(Debug)]
struct Encoder {
    conv_in: Conv2d,
    down: Vec<(Vec<Resnet>, Option<Downsample>)>,
    middle: Middle,
    norm_out: GroupNorm,
    conv_out: Conv2d,
    quant: Option<Conv2d>,
}

#[derive(Debug)]
struct Decoder {
    post_quant: Option<Conv2d>,
    conv_in: Conv2d,
    middle: Middle,
    up: Vec<(Vec<Resnet>, Option<Upsample>)>,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl AutoencoderKl {
    /// Loads an autoencoder of shape `config`.
    pub fn new(scope: &Scope<'_>, config: &KlConfig) -> Result<Self> {
        Ok(AutoencoderKl {
            encoder: Encoder::new(scope, config)?,
            decoder: Decoder::new(scope, config)?,
            config: config.clone(),
        })
    }

    /// Pictures \[n, 3, H, W] in \[-1, 1] to the mean of their latents \[n, c, h, w], scaled for the UNet.
    pub fn encode(&self, pictures: &Tensor) -> TensorResult<Tensor> {
        let moments = self.encoder.forward(pictures)?;
        (moments.narrow(1, 0, self.config.latent_channels)? - self.config.shift)? * self.config.scaling
    }

    /// The UNet's latents \[n, c, h, w] to pictures \[n, 3, H, W].
    pub fn decode(&self, latents: &Tensor) -> TensorResult<Tensor> {
        self.decoder.forward(&((latents / self.config.scaling)? + self.config.shift)?)
    }
}

impl Encoder {
    fn new(scope: &Scope<'_>, config: &KlConfig) -> Result<Self> {
        let (channels, latent) = (&config.channels, 2 * config.latent_channels);
        let place = scope.at("encoder");
        let deepest = *channels.last().expect("a config is read with at least one resolution");
        let mut down = Vec::new();
        let mut inputs = channels[0];
        for (i, &outputs) in channels.iter().enumerate() {
            let place = place.at(format!("down_blocks.{i}"));
            let resnets = resnets(&place, (inputs, outputs), config.layers, config)?;
            let half = (i + 1 < channels.len()).then(|| Downsample::cornered(&place, outputs));
            down.push((resnets, half.transpose()?));
            inputs = outputs;
        }
        let quant = config.quant.then(|| Conv2d::pointwise(&scope.at("quant_conv"), latent, latent));
        Ok(Encoder {
            conv_in: Conv2d::same(&place.at("conv_in"), 3, channels[0])?,
            down,
            middle: Middle::new(&place.at("mid_block"), deepest, config)?,
            norm_out: GroupNorm::with_silu(&place.at("conv_norm_out"), deepest, (config.groups, EPS))?,
            conv_out: Conv2d::same(&place.at("conv_out"), deepest, latent)?,
            quant: quant.transpose()?,
        })
    }

    fn forward(&self, x: &Tensor) -> TensorResult<Tensor> {
        let mut x = self.conv_in.forward(x)?;
        for (resnets, downsample) in &self.down {
            for resnet in resnets {
                x = resnet.forward(&x, None)?;
            }
            if let Some(downsample) = downsample {
                x = downsample.forward(&x)?;
            }
        }
        x = self.middle.forward(&x)?;
        x = self.conv_out.forward_normed((&x, &self.norm_out), None, Finish::default())?;
        self.quant.as_ref().map_or(Ok(x.clone()), |quant| quant.forward(&x))
    }
}

impl Decoder {
    fn new(scope: &Scope<'_>, config: &KlConfig) -> Result<Self> {
        let (channels, latent) = (&config.channels, config.latent_channels);
        let place = scope.at("decoder");
        let deepest = *channels.last().expect("a config is read with at least one resolution");
        let mut up = Vec::new();
        let mut inputs = deepest;
        for (i, &outputs) in channels.iter().rev().enumerate() {
            let place = place.at(format!("up_blocks.{i}"));
            let resnets = resnets(&place, (inputs, outputs), config.layers + 1, config)?;
            let twice = (i + 1 < channels.len()).then(|| Upsample::new(&place, outputs));
            up.push((resnets, twice.transpose()?));
            inputs = outputs;
        }
        let post_quant =
            config.post_quant.then(|| Conv2d::pointwise(&scope.at("post_quant_conv"), latent, latent));
        Ok(Decoder {
            post_quant: post_quant.transpose()?,
            conv_in: Conv2d::same(&place.at("conv_in"), latent, deepest)?,
            middle: Middle::new(&place.at("mid_block"), deepest, config)?,
            up,
            norm_out: GroupNorm::with_silu(&place.at("conv_norm_out"), channels[0], (config.groups, EPS))?,
            conv_out: Conv2d::same(&place.at("conv_out"), channels[0], 3)?,
        })
    }

    fn forward(&self, latents: &Tensor) -> TensorResult<Tensor> {
        let latents = self.post_quant.as_ref().map_or(Ok(latents.clone()), |quant| quant.forward(latents))?;
        let mut x = self.middle.forward(&self.conv_in.forward(&latents)?)?;
        for (resnets, upsample) in &self.up {
            for resnet in resnets {
                x = resnet.forward(&x, None)?;
            }
            if let Some(upsample) = upsample {
                let (_, _, h, w) = x.dims4()?;
                x = upsample.forward(&x, (2 * h, 2 * w))?;
            }
        }
        self.conv_out.forward_normed((&x, &self.norm_out), None, Finish::default())
    }
}

/// `count` resnets, the first of which changes the channels.
fn resnets(
    scope: &Scope<'_>,
    (inputs, outputs): (usize, usize),
    count: usize,
    config: &KlConfig,
) -> Result<Vec<Resnet>> {
    let shape = |i| ResnetShape {
        inputs: if i == 0 { inputs } else { outputs },
        outputs,
        time: None,
        norm: GroupNormSpec { groups: config.groups, eps: EPS, together: false, silu: true },
    };
    (0..count).map(|i| Resnet::new(&scope.at(format!("resnets.{i}")), shape(i))).collect()
}

/// Resnet, attention over all pixels, resnet.
#[derive(Debug)]
struct Middle {
    resnets: Vec<Resnet>,
    attention: Option<PixelAttention>,
}

impl Middle {
    fn new(scope: &Scope<'_>, channels: usize, config: &KlConfig) -> Result<Self> {
        let attention = config
            .mid_attention
            .then(|| PixelAttention::new(&scope.at("attentions.0"), channels, config.groups));
        Ok(Middle {
            resnets: resnets(scope, (channels, channels), 2, config)?,
            attention: attention.transpose()?,
        })
    }

    fn forward(&self, x: &Tensor) -> TensorResult<Tensor> {
        let x = self.resnets[0].forward(x, None)?;
        let x = self.attention.as_ref().map_or(Ok(x.clone()), |attention| attention.forward(&x))?;
        self.resnets[1].forward(&x, None)
    }
}

/// Attention with one head as wide as the picture is deep.
#[derive(Debug)]
struct PixelAttention {
    norm: GroupNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
}

impl PixelAttention {
    fn new(scope: &Scope<'_>, channels: usize, groups: usize) -> Result<Self> {
        let linear = |name: &str| Linear::new(&scope.at(name), channels, channels);
        Ok(PixelAttention {
            norm: GroupNorm::plain(&scope.at("group_norm"), channels, (groups, EPS))?,
            q: linear("to_q")?,
            k: linear("to_k")?,
            v: linear("to_v")?,
            out: linear("to_out.0")?,
        })
    }

    fn forward(&self, x: &Tensor) -> TensorResult<Tensor> {
        let tokens = to_tokens(&self.norm.forward(x)?, TokenOrder::Space)?;
        let (q, k, v) = (self.q.forward(&tokens)?, self.k.forward(&tokens)?, self.v.forward(&tokens)?);
        let how = Attend { rounds: self.q.rounds(), ..Attend::plain(1) };
        leave(&attention(&q, &k, &v, how)?, (&self.out, None), (TokenOrder::Space, x))
    }
}
