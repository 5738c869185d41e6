//! `unet/config.json`: the shape of the network that predicts noise.

use super::norm::NormSpan;
use super::{ConfigFile, OneOrMany, read_json};
use crate::error::Result;
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

/// The UNet's shape.
#[derive(Clone, Debug, PartialEq)]
pub struct UnetConfig {
    /// Channels of the latents that go in, 1 to 64.
    pub in_channels: usize,
    /// Channels of the prediction that comes out, 1 to 64.
    pub out_channels: usize,
    /// The resolutions, finest first. The up path goes through them backwards.
    pub stages: Vec<StageConfig>,
    /// Transformer layers of the middle block.
    pub mid_transformer_layers: usize,
    /// Groups of every group norm.
    pub groups: usize,
    /// Epsilon of the resnets' group norms.
    pub eps: f64,
    /// Frames that all group norms take their statistics over: each by itself, unless the motion modules were trained otherwise.
    pub norm: NormSpan,
}

/// One resolution of the UNet.
#[derive(Clone, Debug, PartialEq)]
pub struct StageConfig {
    /// Channels, 1 to 8192.
    pub channels: usize,
    /// Resnets on the way down; the way up has one more. 1 to 8.
    pub layers: usize,
    /// Attention heads; divides the channels.
    pub heads: usize,
    /// Width of the text that cross attention looks at.
    pub context: usize,
    /// Transformer layers behind every resnet.
    pub transformer_layers: usize,
    /// The way down has transformers.
    pub down_attention: bool,
    /// The way up has transformers.
    pub up_attention: bool,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default = "four")]
    in_channels: usize,
    #[serde(default = "four")]
    out_channels: usize,
    block_out_channels: Vec<usize>,
    down_block_types: Vec<String>,
    up_block_types: Vec<String>,
    mid_block_type: Option<String>,
    layers_per_block: Option<OneOrMany>,
    transformer_layers_per_block: Option<OneOrMany>,
    transformer_layers_per_mid_block: Option<usize>,
    cross_attention_dim: Option<OneOrMany>,
    attention_head_dim: Option<OneOrMany>,
    num_attention_heads: Option<OneOrMany>,
    norm_num_groups: Option<usize>,
    norm_eps: Option<f64>,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

fn four() -> usize {
    4
}

/// Settings that change the network, with the only value that is built here (null and absence are the same).
const FIXED: &[(&str, &str)] = &[
    ("act_fn", r#""silu""#),
    ("addition_embed_type", "null"),
    ("center_input_sample", "false"),
    ("class_embed_type", "null"),
    ("conv_in_kernel", "3"),
    ("conv_out_kernel", "3"),
    ("downsample_padding", "1"),
    ("dual_cross_attention", "false"),
    ("encoder_hid_dim_type", "null"),
    ("flip_sin_to_cos", "true"),
    ("freq_shift", "0"),
    ("mid_block_scale_factor", "1"),
    ("only_cross_attention", "false"),
    ("resnet_time_scale_shift", r#""default""#),
    ("time_cond_proj_dim", "null"),
    ("time_embedding_act_fn", "null"),
    ("time_embedding_type", r#""positional""#),
    ("timestep_post_act", "null"),
];

impl UnetConfig {
    /// Reads `unet/config.json`.
    pub fn read(path: &Path) -> Result<Self> {
        let raw: Raw = read_json(path)?;
        let source = ConfigFile(path);
        raw.check_fixed(&source)?;
        let stages = raw.stages(&source)?;
        let groups = raw.norm_num_groups.unwrap_or(32);
        let channels: Vec<usize> = stages.iter().map(|s| s.channels).collect();
        source.groups(groups, &channels)?;
        let last = stages.last().map_or(1, |s| s.transformer_layers);
        Ok(UnetConfig {
            in_channels: source.within("in_channels", raw.in_channels, 1..=64)?,
            out_channels: source.within("out_channels", raw.out_channels, 1..=64)?,
            mid_transformer_layers: source.within(
                "transformer_layers_per_mid_block",
                raw.transformer_layers_per_mid_block.unwrap_or(last),
                1..=16,
            )?,
            groups,
            eps: source.within("norm_eps", raw.norm_eps.unwrap_or(1e-5), 1e-12..=0.1)?,
            norm: NormSpan::Frame,
            stages,
        })
    }

    /// Width of the sinusoidal timestep features; the embedding is four times as wide.
    pub fn time_width(&self) -> usize {
        self.stages[0].channels
    }

    /// Channels of the skips that the way down leaves, finest first.
    pub fn skips(&self) -> Vec<usize> {
        let mut skips = vec![self.stages[0].channels];
        for (i, stage) in self.stages.iter().enumerate() {
            let half = usize::from(i + 1 < self.stages.len());
            skips.extend(vec![stage.channels; stage.layers + half]);
        }
        skips
    }

    /// The coarsest stage, which the middle block works at.
    pub fn deepest(&self) -> &StageConfig {
        self.stages.last().expect("a config is read with at least one stage")
    }
}

impl Raw {
    fn check_fixed(&self, source: &ConfigFile<'_>) -> Result<()> {
        for (name, only) in FIXED {
            let found = self.rest.get(*name).unwrap_or(&Value::Null);
            // A list may say the same thing once a stage.
            let values = found.as_array().map_or(std::slice::from_ref(found), |list| list.as_slice());
            let fits = values.iter().all(|v| {
                let text = v.to_string();
                v.is_null() || text == *only || text.strip_suffix(".0") == Some(only) || text == r#""swish""#
            });
            if !fits {
                let hint = match *name {
                    "addition_embed_type" => "this looks like an SDXL model; an SD 1.5 model is needed",
                    _ => "an SD 1.5 model, or one built like it, is needed",
                };
                return Err(source.error(format!("{name} = {found} is not supported")).hint(hint));
            }
        }
        match self.mid_block_type.as_deref() {
            None | Some("UNetMidBlock2DCrossAttn" | "UNetMidBlockCrossAttnMotion") => Ok(()),
            Some(other) => Err(source.error(format!("mid_block_type '{other}' is not supported"))),
        }
    }

    fn stages(&self, source: &ConfigFile<'_>) -> Result<Vec<StageConfig>> {
        let count =
            source.within("the number of block_out_channels", self.block_out_channels.len(), 1..=8)?;
        let all = |name, value: &Option<OneOrMany>, default, range| {
            source.per_stage(name, value.as_ref().unwrap_or(&OneOrMany::One(default)), (count, range))
        };
        let layers = all("layers_per_block", &self.layers_per_block, 2, 1..=8)?;
        let depth = all("transformer_layers_per_block", &self.transformer_layers_per_block, 1, 1..=16)?;
        let context = all("cross_attention_dim", &self.cross_attention_dim, 1280, 1..=8192)?;
        // diffusers' misnomer: attention_head_dim holds the number of heads.
        let heads = self.num_attention_heads.as_ref().or(self.attention_head_dim.as_ref()).cloned();
        let heads = all("attention_head_dim", &heads, 8, 1..=256)?;
        let down = block_kinds(source, &self.down_block_types, ("DownBlock", count))?;
        let mut up = block_kinds(source, &self.up_block_types, ("UpBlock", count))?;
        up.reverse();
        let mut stages = Vec::new();
        for (i, &channels) in self.block_out_channels.iter().enumerate() {
            source.within("block_out_channels", channels, 1..=8192)?;
            source.heads(heads[i], channels)?;
            stages.push(StageConfig {
                channels,
                layers: layers[i],
                heads: heads[i],
                context: context[i],
                transformer_layers: depth[i],
                down_attention: down[i],
                up_attention: up[i],
            });
        }
        Ok(stages)
    }
}

/// For each block name, whether it has cross attention.
fn block_kinds(source: &ConfigFile<'_>, names: &[String], (base, count): (&str, usize)) -> Result<Vec<bool>> {
    if names.len() != count {
        return Err(source.error(format!("{} block types for {count} stages", names.len())));
    }
    let suffixes = ["2D", "Motion"];
    let is = |name: &str, prefix: &str| suffixes.iter().any(|s| name == format!("{prefix}{base}{s}"));
    names
        .iter()
        .map(|name| match name.as_str() {
            n if is(n, "") => Ok(false),
            n if is(n, "CrossAttn") => Ok(true),
            other => Err(source
                .error(format!("block type '{other}' is not supported"))
                .hint(format!("{base}2D and CrossAttn{base}2D are"))),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<UnetConfig> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        UnetConfig::read(&path)
    }

    const SMALL: &str = r#""block_out_channels": [8, 16], "norm_num_groups": 4, "attention_head_dim": [2, 4],
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"], "cross_attention_dim": 24,
        "mid_block_scale_factor": 1, "act_fn": "silu""#;

    #[test]
    fn the_up_path_is_read_backwards_and_heads_are_a_count() {
        let config = read(&format!("{{{SMALL}}}")).unwrap();
        let kinds: Vec<_> =
            config.stages.iter().map(|s| (s.heads, s.down_attention, s.up_attention)).collect();
        assert_eq!(kinds, [(2, false, false), (4, true, true)]);
        assert_eq!((config.time_width(), config.deepest().context), (8, 24));
    }

    #[test]
    fn networks_that_are_built_otherwise_are_refused_by_name() {
        for (extra, word) in [
            (r#""addition_embed_type": "text_time""#, "addition_embed_type"),
            (r#""only_cross_attention": [true, false]"#, "only_cross_attention"),
            (r#""mid_block_type": "UNetMidBlock2D""#, "mid_block_type"),
            (r#""layers_per_block": [1, 2, 3]"#, "layers_per_block"),
            (r#""transformer_layers_per_block": 0"#, "transformer_layers_per_block"),
            (r#""in_channels": 1000000000"#, "in_channels"),
        ] {
            let error = read(&format!("{{{SMALL}, {extra}}}")).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
