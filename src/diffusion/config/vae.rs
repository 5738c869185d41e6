//! `vae/config.json`: the shape of the network between pictures and latents.

use super::{ConfigFile, read_json};
use crate::error::Result;
use serde::Deserialize;
use std::path::Path;

/// The autoencoder's kind and shape.
#[derive(Clone, Debug, PartialEq)]
pub enum VaeConfig {
    /// diffusers' `AutoencoderKL`: the full-size autoencoder of Stable Diffusion.
    AutoencoderKl(KlConfig),
    /// diffusers' `AutoencoderTiny`: convolutions only, known as TAESD.
    AutoencoderTiny(TinyConfig),
}

/// Shape of an `AutoencoderKL`.
#[derive(Clone, Debug, PartialEq)]
pub struct KlConfig {
    /// Channels of the latents.
    pub latent_channels: usize,
    /// Channels of each resolution, finest first.
    pub channels: Vec<usize>,
    /// Resnets of each resolution in the encoder; the decoder has one more.
    pub layers: usize,
    /// Groups of every group norm.
    pub groups: usize,
    /// Latents are this much larger in the UNet than in the autoencoder.
    pub scaling: f64,
    /// Subtracted from the autoencoder's latents before scaling.
    pub shift: f64,
    /// The middle blocks have attention.
    pub mid_attention: bool,
    /// A 1x1 convolution follows the encoder.
    pub quant: bool,
    /// A 1x1 convolution precedes the decoder.
    pub post_quant: bool,
}

/// Shape of an `AutoencoderTiny`.
#[derive(Clone, Debug, PartialEq)]
pub struct TinyConfig {
    /// Channels of the latents.
    pub latent_channels: usize,
    /// Channels and residual blocks of each encoder resolution, finest first.
    pub encoder: Vec<(usize, usize)>,
    /// Channels and residual blocks of each decoder resolution, coarsest first.
    pub decoder: Vec<(usize, usize)>,
    /// Latents are this much larger in the UNet than in the autoencoder.
    pub scaling: f64,
    /// The encoder sees squares of so many pixels each way, folded into channels.
    pub folded: usize,
    /// The decoder paints squares of so many pixels each way.
    pub unfolded: usize,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "_class_name", default)]
    class_name: String,
    latent_channels: Option<usize>,
    in_channels: Option<usize>,
    out_channels: Option<usize>,
    act_fn: Option<String>,
    scaling_factor: Option<f64>,
    shift_factor: Option<f64>,
    // AutoencoderKL
    block_out_channels: Option<Vec<usize>>,
    layers_per_block: Option<usize>,
    norm_num_groups: Option<usize>,
    mid_block_add_attention: Option<bool>,
    use_quant_conv: Option<bool>,
    use_post_quant_conv: Option<bool>,
    // AutoencoderTiny
    encoder_block_out_channels: Option<Vec<usize>>,
    decoder_block_out_channels: Option<Vec<usize>>,
    num_encoder_blocks: Option<Vec<usize>>,
    num_decoder_blocks: Option<Vec<usize>>,
    upsampling_scaling_factor: Option<usize>,
    upsample_fn: Option<String>,
}

/// Channels of a picture whose squares of `patch` x `patch` pixels are folded into channels.
pub fn colours(patch: usize) -> usize {
    3 * patch * patch
}

impl VaeConfig {
    /// Reads `vae/config.json`.
    pub fn read(path: &Path) -> Result<Self> {
        let raw: Raw = read_json(path)?;
        let source = ConfigFile(path);
        match raw.class_name.as_str() {
            "AutoencoderKL" => raw.kl(&source).map(VaeConfig::AutoencoderKl),
            "AutoencoderTiny" => raw.tiny(&source).map(VaeConfig::AutoencoderTiny),
            other => Err(source
                .error(format!("autoencoder '{other}' is not supported"))
                .hint("AutoencoderKL and AutoencoderTiny are")),
        }
    }

    /// Channels of the latents.
    pub fn latent_channels(&self) -> usize {
        match self {
            VaeConfig::AutoencoderKl(c) => c.latent_channels,
            VaeConfig::AutoencoderTiny(c) => c.latent_channels,
        }
    }

    /// How many pixels wide and high one latent is.
    pub fn downscale(&self) -> usize {
        match self {
            VaeConfig::AutoencoderKl(c) => 1 << (c.channels.len() - 1),
            VaeConfig::AutoencoderTiny(c) => c.unfolded << (c.decoder.len() - 1),
        }
    }
}

impl Raw {
    fn latent_channels(&self, source: &ConfigFile<'_>) -> Result<usize> {
        source.within("latent_channels", self.latent_channels.unwrap_or(4), 1..=64)
    }

    /// How many pixels each way are folded into the channels of a picture: three colours each.
    fn patch(&self, source: &ConfigFile<'_>, name: &str, channels: Option<usize>) -> Result<usize> {
        let channels = channels.unwrap_or(3);
        (1..=8).find(|patch| colours(*patch) == channels).ok_or_else(|| {
            source
                .error(format!("{name} of {channels} are not three colours"))
                .hint("3, or 3 for each pixel of a square: 12, 27, 48, ... up to 192")
        })
    }

    fn scaling(&self, source: &ConfigFile<'_>, default: f64) -> Result<f64> {
        source.within("scaling_factor", self.scaling_factor.unwrap_or(default), 1e-4..=1e4)
    }

    fn kl(&self, source: &ConfigFile<'_>) -> Result<KlConfig> {
        let patched = [self.in_channels, self.out_channels].iter().flatten().any(|c| *c != 3);
        source.refuse("in_channels and out_channels", patched, "a picture has three colours")?;
        source.choice("act_fn", self.act_fn.as_deref().unwrap_or("silu"), &[("silu", ()), ("swish", ())])?;
        let channels = self.block_out_channels.clone().unwrap_or_else(|| vec![64]);
        source.within("the number of block_out_channels", channels.len(), 1..=8)?;
        channels.iter().try_for_each(|c| source.within("block_out_channels", *c, 1..=4096).map(drop))?;
        let groups = self.norm_num_groups.unwrap_or(32);
        source.groups(groups, &channels)?;
        Ok(KlConfig {
            latent_channels: self.latent_channels(source)?,
            layers: source.within("layers_per_block", self.layers_per_block.unwrap_or(1), 1..=8)?,
            groups,
            scaling: self.scaling(source, 0.18215)?,
            shift: source.within("shift_factor", self.shift_factor.unwrap_or(0.0), -1e4..=1e4)?,
            mid_attention: self.mid_block_add_attention.unwrap_or(true),
            quant: self.use_quant_conv.unwrap_or(true),
            post_quant: self.use_post_quant_conv.unwrap_or(true),
            channels,
        })
    }

    fn tiny(&self, source: &ConfigFile<'_>) -> Result<TinyConfig> {
        source.choice("act_fn", self.act_fn.as_deref().unwrap_or("relu"), &[("relu", ())])?;
        source.choice("upsample_fn", self.upsample_fn.as_deref().unwrap_or("nearest"), &[("nearest", ())])?;
        source.within("upsampling_scaling_factor", self.upsampling_scaling_factor.unwrap_or(2), 2..=2)?;
        let shifted = self.shift_factor.is_some_and(|s| s != 0.0);
        source.refuse("shift_factor", shifted, "TAESD autoencoders have none")?;
        let stages = |channels: &Option<Vec<usize>>, blocks: &Option<Vec<usize>>, default: [usize; 4]| {
            let channels = channels.clone().unwrap_or_else(|| vec![64; 4]);
            let blocks = blocks.clone().unwrap_or_else(|| default.to_vec());
            if channels.len() != blocks.len() {
                return Err(source.error("block_out_channels and num_blocks have different lengths"));
            }
            source.within("the number of block_out_channels", channels.len(), 1..=8)?;
            // Resolutions follow each other without a change of channels in this autoencoder.
            if channels.iter().any(|c| *c != channels[0]) {
                return Err(source.error("block_out_channels that differ are not supported"));
            }
            for (c, n) in channels.iter().zip(&blocks) {
                source.within("block_out_channels", *c, 1..=4096)?;
                source.within("num_blocks", *n, 0..=16)?;
            }
            Ok(channels.into_iter().zip(blocks).collect::<Vec<_>>())
        };
        let encoder = stages(&self.encoder_block_out_channels, &self.num_encoder_blocks, [1, 3, 3, 3])?;
        let decoder = stages(&self.decoder_block_out_channels, &self.num_decoder_blocks, [3, 3, 3, 1])?;
        let folded = self.patch(source, "in_channels", self.in_channels)?;
        let unfolded = self.patch(source, "out_channels", self.out_channels)?;
        if folded << encoder.len() != unfolded << decoder.len() {
            return Err(source.error(
                "the encoder makes pictures smaller by another factor than the decoder makes them larger",
            ));
        }
        let latent_channels = self.latent_channels(source)?;
        Ok(TinyConfig {
            latent_channels,
            encoder,
            decoder,
            scaling: self.scaling(source, 1.0)?,
            folded,
            unfolded,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<VaeConfig> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        VaeConfig::read(&path)
    }

    #[test]
    fn both_kinds_are_read_with_their_defaults() {
        let kl = read(r#"{"_class_name": "AutoencoderKL", "block_out_channels": [32, 64, 64]}"#).unwrap();
        assert_eq!((kl.latent_channels(), kl.downscale()), (4, 4));
        let tiny = read(
            r#"{"_class_name": "AutoencoderTiny", "num_encoder_blocks": [0, 1, 2, 2], "latent_channels": 8,
                "num_decoder_blocks": [2, 2, 1, 0]}"#,
        )
        .unwrap();
        assert_eq!((tiny.latent_channels(), tiny.downscale()), (8, 8));
        let patched = read(
            r#"{"_class_name": "AutoencoderTiny", "in_channels": 12, "out_channels": 48,
                "decoder_block_out_channels": [32, 32, 32], "num_decoder_blocks": [3, 3, 1]}"#,
        );
        assert_eq!(patched.unwrap().downscale(), 16);
    }

    #[test]
    fn shapes_that_make_no_sense_are_refused() {
        for text in [
            r#"{"_class_name": "VQModel"}"#,
            r#"{"_class_name": "AutoencoderKL", "block_out_channels": []}"#,
            r#"{"_class_name": "AutoencoderKL", "block_out_channels": [33]}"#,
            r#"{"_class_name": "AutoencoderKL", "scaling_factor": 0.0}"#,
            r#"{"_class_name": "AutoencoderTiny", "num_decoder_blocks": [1]}"#,
            r#"{"_class_name": "AutoencoderTiny", "act_fn": "gelu"}"#,
            r#"{"_class_name": "AutoencoderKL", "in_channels": 12, "out_channels": 12}"#,
            r#"{"_class_name": "AutoencoderTiny", "in_channels": 12}"#,
            r#"{"_class_name": "AutoencoderTiny", "in_channels": 13, "out_channels": 13}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
