//! `motion_adapter/config.json`: the shape of the modules that let frames look at each other.

use super::{ConfigFile, OneOrMany, UnetConfig, read_json};
use crate::error::Result;
use serde::Deserialize;
use std::path::Path;

/// What the group norm at a motion module's entrance takes its statistics over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MotionNorm {
    /// Each frame by itself, as the original AnimateDiff does.
    Frame,
    /// All frames of the window together, as diffusers does.
    Window,
}

/// The motion modules' shape.
#[derive(Clone, Debug, PartialEq)]
pub struct MotionConfig {
    /// Attention heads of each stage, finest first.
    pub heads: Vec<usize>,
    /// Modules of each stage on the way down; the way up has one more.
    pub layers: Vec<usize>,
    /// Transformer layers in each module of a stage.
    pub transformer_layers: Vec<usize>,
    /// Transformer layers of the module in the middle block (AnimateDiff v2 and Lightning have one); none without.
    pub mid_transformer_layers: Option<usize>,
    /// Groups of the norm at the entrance.
    pub groups: usize,
    /// What that norm takes its statistics over.
    pub norm: MotionNorm,
    /// Most frames in a window: the length of the positional encoding.
    pub max_frames: usize,
}

#[derive(Deserialize)]
struct Raw {
    block_out_channels: Option<Vec<usize>>,
    motion_layers_per_block: Option<OneOrMany>,
    motion_transformer_layers_per_block: Option<OneOrMany>,
    motion_mid_block_layers_per_block: Option<usize>,
    motion_transformer_layers_per_mid_block: Option<OneOrMany>,
    motion_num_attention_heads: Option<OneOrMany>,
    motion_norm_num_groups: Option<usize>,
    motion_max_seq_length: Option<usize>,
    use_motion_mid_block: Option<bool>,
    conv_in_channels: Option<usize>,
    motion_norm: Option<String>,
}

/// Longest positional encoding that is believed; known modules have 8 to 64.
const MAX_FRAMES: usize = 1024;

impl MotionConfig {
    /// Reads `motion_adapter/config.json` for a UNet of shape `unet`.
    pub fn read(path: &Path, unet: &UnetConfig) -> Result<Self> {
        let raw: Raw = read_json(path)?;
        let source = ConfigFile(path);
        let pia =
            "PIA modules change the UNet's entrance; use an AnimateDiff or AnimateDiff-Lightning module";
        source.refuse("conv_in_channels", raw.conv_in_channels.is_some_and(|c| c > 0), pia)?;
        let count = unet.stages.len();
        let all = |name, value: &Option<OneOrMany>, default, range| {
            source.per_stage(name, value.as_ref().unwrap_or(&OneOrMany::One(default)), (count, range))
        };
        let mid_layers = match &raw.motion_transformer_layers_per_mid_block {
            None => 1,
            Some(OneOrMany::One(n)) => *n,
            Some(OneOrMany::Many(list)) => list.first().copied().unwrap_or(1),
        };
        source.within(
            "motion_mid_block_layers_per_block",
            raw.motion_mid_block_layers_per_block.unwrap_or(1),
            1..=1,
        )?;
        let config = MotionConfig {
            heads: all("motion_num_attention_heads", &raw.motion_num_attention_heads, 8, 1..=256)?,
            layers: all("motion_layers_per_block", &raw.motion_layers_per_block, 2, 1..=8)?,
            transformer_layers: all(
                "motion_transformer_layers_per_block",
                &raw.motion_transformer_layers_per_block,
                1,
                1..=16,
            )?,
            mid_transformer_layers: raw
                .use_motion_mid_block
                .unwrap_or(true)
                .then(|| source.within("motion_transformer_layers_per_mid_block", mid_layers, 1..=16))
                .transpose()?,
            groups: raw.motion_norm_num_groups.unwrap_or(32),
            norm: source.choice(
                "motion_norm",
                raw.motion_norm.as_deref().unwrap_or("frame"),
                &[("frame", MotionNorm::Frame), ("window", MotionNorm::Window)],
            )?,
            max_frames: source.within(
                "motion_max_seq_length",
                raw.motion_max_seq_length.unwrap_or(32),
                1..=MAX_FRAMES,
            )?,
        };
        if let Some(channels) = &raw.block_out_channels {
            let expected: Vec<usize> = unet.stages.iter().map(|s| s.channels).collect();
            if *channels != expected {
                return Err(source
                    .error(format!("made for stages of {channels:?} channels, the UNet has {expected:?}"))
                    .hint("an SDXL module does not fit an SD 1.5 model, nor the other way round"));
            }
        }
        config.check(&source, unet)?;
        Ok(config)
    }

    /// The shape of a module that came as a bare file, from what its tensors say and the makers' convention of 8 heads.
    pub fn of_file(path: &Path, unet: &UnetConfig, found: FoundMotion) -> Result<Self> {
        let source = ConfigFile(path);
        let stages = unet.stages.len();
        let config = MotionConfig {
            heads: found.heads.unwrap_or_else(|| vec![8; stages]),
            layers: unet.stages.iter().map(|s| s.layers).collect(),
            transformer_layers: vec![
                source.within("transformer layers", found.transformer_layers, 1..=16)?;
                stages
            ],
            mid_transformer_layers: found.mid.then_some(found.transformer_layers),
            groups: unet.groups,
            norm: found.norm,
            max_frames: source.within(
                "the positional encoding's length",
                found.max_frames,
                1..=MAX_FRAMES,
            )?,
        };
        config.check(&source, unet)?;
        Ok(config)
    }

    fn check(&self, source: &ConfigFile<'_>, unet: &UnetConfig) -> Result<()> {
        for (i, stage) in unet.stages.iter().enumerate() {
            source.heads(self.heads[i], stage.channels)?;
            source.groups(self.groups, &[stage.channels])?;
            if self.layers[i] != stage.layers {
                let (ours, theirs) = (self.layers[i], stage.layers);
                return Err(
                    source.error(format!("stage {i} has {ours} motion modules, the UNet {theirs} resnets"))
                );
            }
        }
        Ok(())
    }
}

/// What the tensors of a bare motion file tell about its shape.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundMotion {
    /// It has a module for the middle block.
    pub mid: bool,
    /// Transformer layers in a module.
    pub transformer_layers: usize,
    /// Length of the positional encoding.
    pub max_frames: usize,
    /// Heads a stage, where the model folder's own adapter tells; tensors don't.
    pub heads: Option<Vec<usize>>,
    /// Norm at the entrance, from the folder's own adapter or per frame.
    pub norm: MotionNorm,
}
