//! `motion_adapter/config.json`: the shape of the modules that let frames look at each other.

use super::norm::NormSpan;
use super::{ConfigFile, OneOrMany, UnetConfig, read_json};
use crate::error::Result;
use serde::Deserialize;
use std::path::Path;

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
    pub norm: NormSpan,
    /// What the UNet's own group norms take theirs over, where the file says; otherwise as is usual for the module's family.
    pub unet_norm: Option<NormSpan>,
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
    unet_norm: Option<String>,
}

/// Frames that group norms take their statistics over, as settings name them.
const SPANS: &[(&str, NormSpan)] = &[("frame", NormSpan::Frame), ("window", NormSpan::Window)];
/// Positions of all known modules but the first.
const USUAL_FRAMES: usize = 32;
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
            norm: source.choice("motion_norm", raw.motion_norm.as_deref().unwrap_or("frame"), SPANS)?,
            unet_norm: raw.unet_norm.map(|name| source.choice("unet_norm", &name, SPANS)).transpose()?,
            max_frames: source.within(
                "motion_max_seq_length",
                raw.motion_max_seq_length.unwrap_or(USUAL_FRAMES),
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

    /// The shape of a module that came as a bare file, from what its tensors say and the makers' convention of 8 heads; what
    /// tensors don't tell is as in the model's `own` module, if it has one.
    pub fn of_file(
        path: &Path,
        unet: &UnetConfig,
        found: &FoundMotion,
        own: Option<&MotionConfig>,
    ) -> Result<Self> {
        let source = ConfigFile(path);
        let stages = unet.stages.len();
        let layers = found.deeper.saturating_add(1);
        let positions = found.positions.unwrap_or_else(|| own.map_or(USUAL_FRAMES, |o| o.max_frames));
        let config = MotionConfig {
            heads: own.map_or_else(|| vec![8; stages], |o| o.heads.clone()),
            layers: unet.stages.iter().map(|s| s.layers).collect(),
            transformer_layers: vec![source.within("transformer layers", layers, 1..=16)?; stages],
            mid_transformer_layers: found.mid.then_some(layers),
            groups: unet.groups,
            norm: own.map_or(NormSpan::Frame, |o| o.norm),
            unet_norm: own.and_then(|o| o.unet_norm),
            max_frames: source.within("the positional encoding's length", positions, 1..=MAX_FRAMES)?,
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

/// What is found about a motion module's shape without its settings: in the tensors of its file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundMotion {
    /// It has a module for the middle block.
    pub mid: bool,
    /// Transformer layers in a module, less one.
    pub deeper: usize,
    /// Length of the positional encoding; none where the file has none.
    pub positions: Option<usize>,
    /// The tensors have AnimateDiff's original names.
    pub original: bool,
}
