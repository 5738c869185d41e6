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
//! module over frames, where there is one. How many of what stands in the configs; nothing here is a constant. The left half
//! ([`encoder`]) can be used alone.

pub mod encoder;
mod layer;
pub mod motion_module;
pub mod parts;
pub mod transformer;

pub use encoder::UnetEncoder;
pub use parts::UnetParts;

use crate::diffusion::conditioning::{Conditioning, Residuals};
use crate::error::Result;
use crate::nn::blocks::Upsample;
use crate::nn::layers::{Conv2d, Finish, GroupNorm, side_by_side};
use candle_core::{Result as TensorResult, Tensor, bail};
use encoder::Encoded;
use layer::{Layer, Seen};

/// The network, with its motion modules if it has any.
#[derive(Debug)]
pub struct Unet {
    encoder: UnetEncoder,
    up: Vec<(Vec<Layer>, Option<Upsample>)>,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Unet {
    /// Loads the network from the UNet's weights and those of the motion modules.
    pub fn new(parts: &UnetParts<'_>) -> Result<Self> {
        let UnetParts { unet, config, .. } = parts;
        let channels = config.time_width();
        Ok(Unet {
            encoder: UnetEncoder::new(parts)?,
            up: parts.up()?,
            norm_out: GroupNorm::new(&unet.at("conv_norm_out"), channels, parts.norm())?,
            conv_out: Conv2d::same(&unet.at("conv_out"), channels, config.out_channels)?,
        })
    }

    /// The prediction \[f, c', h, w] for `x` \[f, c, h, w] at timestep `t`.
    pub fn forward(&self, x: &Tensor, t: f64, with: &Conditioning) -> TensorResult<Tensor> {
        if with.pooled.is_some() || with.time_ids.is_some() {
            bail!("this network takes no pooled text and no sizes");
        }
        if !with.controls.is_empty() {
            bail!("what ControlNets see is for these, not for the UNet");
        }
        let Encoded { mut skips, middle, time } = self.encoder.forward(x, t, with)?;
        let seen = Seen { time: &time, text: &with.text, motion: &with.motion };
        let mut x = match &with.residuals {
            Some(residuals) => add(residuals, &mut skips, &middle)?,
            None => middle,
        };
        for (layers, upsample) in &self.up {
            for layer in layers {
                let skip = skips.pop().expect("the way up takes as many skips as the way down leaves");
                x = layer.forward(&side_by_side(&x, &skip)?, seen)?;
            }
            if let (Some(upsample), Some(next)) = (upsample, skips.last()) {
                // An odd size was rounded up on the way down: the skip knows what it was.
                let (_, _, h, w) = next.dims4()?;
                x = upsample.forward(&x, (h, w))?;
            }
        }
        self.conv_out.forward_normed((&x, &self.norm_out), None, Finish::default())
    }
}

/// Adds `residuals` to the skips, and gives the middle with what is added to it.
fn add(residuals: &Residuals, skips: &mut [Tensor], middle: &Tensor) -> TensorResult<Tensor> {
    if residuals.down.len() != skips.len() {
        bail!("{} residuals for {} skips", residuals.down.len(), skips.len());
    }
    for (skip, residual) in skips.iter_mut().zip(&residuals.down) {
        *skip = (&*skip + residual)?;
    }
    middle + &residuals.middle
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::conditioning::Movement;
    use crate::diffusion::config::{MotionConfig, UnetConfig};
    use crate::diffusion::config::{NormSpan, VaeConfig};
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
        for (model, norm) in [("kl-mid", NormSpan::Frame), ("tiny", NormSpan::Window)] {
            let config = UnetConfig::read(&fixture(model).join("unet/config.json")).unwrap();
            let path = fixture(model).join("motion_adapter/config.json");
            let motion_config = MotionConfig { norm, ..MotionConfig::read(&path, &config).unwrap() };
            let run = |dtype| {
                let unet = open(&format!("{model}/unet"), dtype);
                let motion = open(&format!("{model}/motion_adapter"), dtype);
                let (unet, motion) = (unet.scope(""), motion.scope(""));
                let parts = UnetParts { unet, config: &config, motion: Some((motion, &motion_config)) };
                let (x, text) = (wave(&[3, 4, 9, 13], dtype), wave(&[1, 12, 16], dtype));
                let moves = [0.8, 1.0, 1.2].map(|scale| Movement { scale, effect: scale });
                let with = Conditioning::new(text, moves.to_vec());
                Unet::new(&parts).unwrap().forward(&x, 700.0, &with).unwrap()
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

    /// An encoder's own skips given back as residuals double them, which a network without them can't know.
    #[test]
    fn residuals_are_added_to_the_skips_of_an_encoder_that_can_be_used_alone() {
        let config = UnetConfig::read(&fixture("tiny/unet/config.json")).unwrap();
        let file = open("tiny/unet", DType::F32);
        let parts = UnetParts { unet: file.scope(""), config: &config, motion: None };
        let (net, encoder) = (Unet::new(&parts).unwrap(), UnetEncoder::new(&parts).unwrap());
        let (x, text) = (wave(&[2, 4, 8, 8], DType::F32), wave(&[1, 12, 16], DType::F32));
        let plain = Conditioning::new(text, vec![Movement::PLAIN; 2]);
        let Encoded { skips, middle, .. } = encoder.forward(&x, 300.0, &plain).unwrap();
        let scaled = |factor: f64| {
            let down = skips.iter().map(|s| (s * factor).unwrap()).collect();
            let residuals = Some(Residuals { down, middle: (&middle * factor).unwrap() });
            net.forward(&x, 300.0, &Conditioning { residuals, ..plain.clone() }).unwrap()
        };
        let far = |a: &Tensor, b: &Tensor| crate::nn::cpu::apart(a, b);
        assert!(far(&scaled(0.0), &net.forward(&x, 300.0, &plain).unwrap()) == 0.0);
        assert!(far(&scaled(1.0), &scaled(0.0)) > 1e-3);
        // What goes out again with the opposite sign leaves nothing: the way up sees zeros whatever came in.
        let other = wave(&[2, 4, 8, 8], DType::F32).neg().unwrap();
        let blank = |x: &Tensor| {
            let Encoded { skips, middle, .. } = encoder.forward(x, 300.0, &plain).unwrap();
            let down = skips.iter().map(|s| s.neg().unwrap()).collect();
            let residuals = Some(Residuals { down, middle: middle.neg().unwrap() });
            net.forward(x, 300.0, &Conditioning { residuals, ..plain.clone() }).unwrap()
        };
        assert!(far(&blank(&x), &blank(&other)) < 1e-6);
        let few = Some(Residuals { down: skips[1..].to_vec(), middle: middle.clone() });
        assert!(net.forward(&x, 300.0, &Conditioning { residuals: few, ..plain.clone() }).is_err());
        let pooled = Conditioning { pooled: Some(middle.clone()), ..plain.clone() };
        assert!(net.forward(&x, 300.0, &pooled).is_err(), "what a network doesn't have is refused");
    }
}
