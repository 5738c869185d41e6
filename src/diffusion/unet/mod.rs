//! The UNet: what noise is in these frames?
//!
//! ```text
//! latents ─► conv_in ─► stage 0 ──────────── skips ───────────► stage 0 ─► norm, SiLU, conv_out ─► prediction
//!                         ▼ half the size                         ▲ twice the size
//!                       stage 1 ──────────── skips ───────────► stage 1
//!                         ▼                                       ▲
//!                       ...  ─────────────► middle ──────────────►
//! ```
//!
//! A stage is a row of layers, each a resnet, a transformer over pixels and prompt (some stages have none) and a motion
//! module over frames. How many of what stands in [`UnetConfig`] and [`MotionConfig`]; nothing here is a constant.

pub mod motion_module;
pub mod transformer;

use self::motion_module::{MotionModule, MotionShape, Movement};
use self::transformer::{SpatialTransformer, TransformerShape};
use super::config::{MotionConfig, StageConfig, UnetConfig};
use crate::error::Result;
use crate::nn::blocks::{Downsample, Resnet, ResnetShape, TimeEmbedding, Upsample};
use crate::nn::layers::{Conv2d, GroupNorm};
use crate::weights::Scope;
use candle_core::{Result as TensorResult, Tensor};

/// The network with its motion modules.
#[derive(Debug)]
pub struct Unet {
    conv_in: Conv2d,
    time: TimeEmbedding,
    down: Vec<(Vec<Layer>, Option<Downsample>)>,
    middle: (Layer, Resnet),
    up: Vec<(Vec<Layer>, Option<Upsample>)>,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

/// What every layer sees beside the picture.
#[derive(Clone, Copy, Debug)]
struct Conditions<'a> {
    time: &'a Tensor,
    text: &'a Tensor,
    motion: &'a [Movement],
}

#[derive(Debug)]
struct Layer {
    resnet: Resnet,
    transformer: Option<SpatialTransformer>,
    motion: Option<MotionModule>,
}

impl Layer {
    fn forward(&self, x: &Tensor, with: Conditions<'_>) -> TensorResult<Tensor> {
        let mut x = self.resnet.forward(x, Some(with.time))?;
        if let Some(transformer) = &self.transformer {
            x = transformer.forward(&x, with.text)?;
        }
        if let Some(motion) = &self.motion {
            x = motion.forward(&x, with.motion)?;
        }
        Ok(x)
    }
}

impl Unet {
    /// Loads the network from the UNet's weights and those of the motion modules.
    pub fn new(parts: &UnetParts<'_>) -> Result<Self> {
        let UnetParts { unet, config, .. } = parts;
        let channels = config.time_width();
        Ok(Unet {
            conv_in: Conv2d::same(&unet.at("conv_in"), config.in_channels, channels)?,
            time: TimeEmbedding::new(&unet.at("time_embedding"), channels)?,
            down: parts.down()?,
            middle: parts.middle()?,
            up: parts.up()?,
            norm_out: GroupNorm::with_silu(&unet.at("conv_norm_out"), channels, (config.groups, config.eps))?,
            conv_out: Conv2d::same(&unet.at("conv_out"), channels, config.out_channels)?,
        })
    }

    /// The prediction for `x` at timestep `t`.
    ///
    /// # Shapes
    /// `x` \[f, c, h, w], `text` \[1 or f, L, d], `motion` f values; gives \[f, c', h, w].
    pub fn forward(&self, x: &Tensor, t: f64, text: &Tensor, motion: &[Movement]) -> TensorResult<Tensor> {
        let time = self.time.forward(t, x)?;
        let with = Conditions { time: &time, text, motion };
        let mut x = self.conv_in.forward(x)?;
        let mut skips = vec![x.clone()];
        for (layers, downsample) in &self.down {
            for layer in layers {
                x = layer.forward(&x, with)?;
                skips.push(x.clone());
            }
            if let Some(downsample) = downsample {
                x = downsample.forward(&x)?;
                skips.push(x.clone());
            }
        }
        x = self.middle.0.forward(&x, with)?;
        x = self.middle.1.forward(&x, Some(with.time))?;
        for (layers, upsample) in &self.up {
            for layer in layers {
                let skip = skips.pop().expect("the way up takes as many skips as the way down leaves");
                x = layer.forward(&Tensor::cat(&[&x, &skip], 1)?, with)?;
            }
            if let (Some(upsample), Some(next)) = (upsample, skips.last()) {
                // An odd size was rounded up on the way down: the skip knows what it was.
                let (_, _, h, w) = next.dims4()?;
                x = upsample.forward(&x, (h, w))?;
            }
        }
        self.conv_out.forward(&self.norm_out.forward(&x)?)
    }
}

/// What a UNet is loaded from.
#[derive(Clone, Debug)]
pub struct UnetParts<'a> {
    /// The image network's weights.
    pub unet: Scope<'a>,
    /// Its shape.
    pub config: &'a UnetConfig,
    /// The motion modules' weights, named as in diffusers' motion adapter.
    pub motion: Scope<'a>,
    /// Their shape.
    pub motion_config: &'a MotionConfig,
}

impl UnetParts<'_> {
    fn down(&self) -> Result<Vec<(Vec<Layer>, Option<Downsample>)>> {
        let stages = &self.config.stages;
        let mut inputs = stages[0].channels;
        let mut down = Vec::new();
        for (i, stage) in stages.iter().enumerate() {
            let place = format!("down_blocks.{i}");
            let mut layers = Vec::new();
            for j in 0..stage.layers {
                layers.push(self.layer((&place, j), (inputs, stage.down_attention), i)?);
                inputs = stage.channels;
            }
            let last = i + 1 == stages.len();
            let half = (!last).then(|| Downsample::centered(&self.unet.at(&place), stage.channels));
            down.push((layers, half.transpose()?));
        }
        Ok(down)
    }

    fn middle(&self) -> Result<(Layer, Resnet)> {
        let (stage, config) = (self.config.deepest(), self.motion_config);
        let scope = self.unet.at("mid_block");
        let resnet = |i| Resnet::new(&scope.at(format!("resnets.{i}")), self.resnet(stage.channels, stage));
        let shape = self.transformer(stage, self.config.mid_transformer_layers);
        let motion = config.mid_transformer_layers.map(|layers| {
            let heads = *config.heads.last().expect("there are heads for every stage");
            let shape = MotionShape { channels: stage.channels, heads, layers };
            MotionModule::new(&self.motion.at("mid_block.motion_modules.0"), shape, config)
        });
        let transformer = Some(SpatialTransformer::new(&scope.at("attentions.0"), shape)?);
        Ok((Layer { resnet: resnet(0)?, transformer, motion: motion.transpose()? }, resnet(1)?))
    }

    fn up(&self) -> Result<Vec<(Vec<Layer>, Option<Upsample>)>> {
        let stages = &self.config.stages;
        let mut inputs = self.config.deepest().channels;
        let mut up = Vec::new();
        for (i, stage) in stages.iter().enumerate().rev() {
            let place = format!("up_blocks.{}", stages.len() - 1 - i);
            let finer = stages[i.saturating_sub(1)].channels;
            let mut layers = Vec::new();
            for j in 0..=stage.layers {
                // The last skip of a stage came in from the finer one.
                let skip = if j == stage.layers { finer } else { stage.channels };
                layers.push(self.layer((&place, j), (inputs + skip, stage.up_attention), i)?);
                inputs = stage.channels;
            }
            let twice = (i > 0).then(|| Upsample::new(&self.unet.at(&place), stage.channels));
            up.push((layers, twice.transpose()?));
        }
        Ok(up)
    }

    /// Layer `j` of the block at `place`, which belongs to stage `i`.
    fn layer(&self, (place, j): (&str, usize), (inputs, attends): (usize, bool), i: usize) -> Result<Layer> {
        let (stage, motion) = (&self.config.stages[i], self.motion_config);
        let scope = self.unet.at(place);
        let shape = self.transformer(stage, stage.transformer_layers);
        let transformer =
            attends.then(|| SpatialTransformer::new(&scope.at(format!("attentions.{j}")), shape));
        let moving = MotionShape {
            channels: stage.channels,
            heads: motion.heads[i],
            layers: motion.transformer_layers[i],
        };
        Ok(Layer {
            resnet: Resnet::new(&scope.at(format!("resnets.{j}")), self.resnet(inputs, stage))?,
            transformer: transformer.transpose()?,
            motion: Some(MotionModule::new(
                &self.motion.at(format!("{place}.motion_modules.{j}")),
                moving,
                motion,
            )?),
        })
    }

    fn resnet(&self, inputs: usize, stage: &StageConfig) -> ResnetShape {
        let time = Some(4 * self.config.time_width());
        ResnetShape { inputs, outputs: stage.channels, time, norm: (self.config.groups, self.config.eps) }
    }

    fn transformer(&self, stage: &StageConfig, layers: usize) -> TransformerShape {
        let StageConfig { channels, context, heads, .. } = *stage;
        TransformerShape { channels, context, heads, layers, groups: self.config.groups }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::config::{MotionNorm, VaeConfig};
    use crate::diffusion::vae::autoencoder_kl::AutoencoderKl;
    use crate::diffusion::vae::autoencoder_tiny::AutoencoderTiny;
    use crate::weights::keys;
    use crate::weights::{Placement, Weights};
    use candle_core::{DType, Device};
    use std::path::PathBuf;

    fn fixture(part: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(part)
    }

    fn open(part: &str, dtype: DType) -> Weights {
        let path = fixture(part).join("diffusion_pytorch_model.safetensors");
        Weights::open(&path, &Placement { dtype, device: Device::Cpu }, keys::motion).unwrap()
    }

    /// Latents, or pictures, made of sines.
    fn wave(shape: &[usize], dtype: DType) -> Tensor {
        let count = shape.iter().product::<usize>() as u32;
        let values: Vec<f32> = (0..count).map(|i| (i as f32 * 0.37).sin()).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
    }

    fn near(half: Tensor, single: Tensor) {
        let norm = |t: &Tensor| t.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
        let apart = norm(&(half.to_dtype(DType::F32).unwrap() - &single).unwrap()) / norm(&single);
        assert!(apart > 0.0 && apart < 0.01, "{apart}");
    }

    /// Half precision takes candle's own operations everywhere, as graphics processors do; single precision on the CPU
    /// takes the fast paths.
    #[test]
    fn candles_operations_and_the_fast_paths_agree() {
        for (model, norm) in [("kl-mid", MotionNorm::Frame), ("tiny", MotionNorm::Window)] {
            let config = UnetConfig::read(&fixture(model).join("unet/config.json")).unwrap();
            let path = fixture(model).join("motion_adapter/config.json");
            let motion_config = MotionConfig { norm, ..MotionConfig::read(&path, &config).unwrap() };
            let run = |dtype| {
                let unet = open(&format!("{model}/unet"), dtype);
                let motion = open(&format!("{model}/motion_adapter"), dtype);
                let (unet, motion) = (unet.scope(""), motion.scope(""));
                let parts = UnetParts { unet, config: &config, motion, motion_config: &motion_config };
                let (x, text) = (wave(&[3, 4, 9, 13], dtype), wave(&[1, 12, 16], dtype));
                let moves = [0.8, 1.0, 1.2].map(|scale| Movement { scale, effect: scale });
                Unet::new(&parts).unwrap().forward(&x, 700.0, &text, &moves).unwrap()
            };
            near(run(DType::F16), run(DType::F32));
        }
    }

    #[test]
    fn they_agree_in_the_autoencoders_as_well() {
        for model in ["kl-mid", "tiny"] {
            let config = VaeConfig::read(&fixture(model).join("vae/config.json")).unwrap();
            let run = |dtype| {
                let file = open(&format!("{model}/vae"), dtype);
                let (latents, pictures) = (wave(&[2, 4, 5, 7], dtype), wave(&[2, 3, 10, 14], dtype));
                let (scope, l, p) = (file.scope(""), &latents, &pictures);
                match &config {
                    VaeConfig::AutoencoderKl(config) => {
                        let vae = AutoencoderKl::new(&scope, config).unwrap();
                        (vae.decode(l).unwrap(), vae.encode(p).unwrap())
                    }
                    VaeConfig::AutoencoderTiny(config) => {
                        let vae = AutoencoderTiny::new(&scope, config).unwrap();
                        (vae.decode(l).unwrap(), vae.encode(p).unwrap())
                    }
                }
            };
            let (half, single) = (run(DType::F16), run(DType::F32));
            near(half.0, single.0);
            near(half.1, single.1);
        }
    }
}
