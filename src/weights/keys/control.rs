//! ControlNets: the names of their tensors in their own layout and in diffusers', and those that aren't taken.
//!
//! Our names are diffusers': the encoder's as in a UNet, `controlnet_cond_embedding.` for the layers that see the picture,
//! `controlnet_down_blocks.N` and `controlnet_mid_block` for those that lead out.

use super::family::Stranger;
use super::ldm;
use crate::weights::slice::{Keys, whole};
use std::collections::BTreeMap;

/// What stands before all names in a file of ControlNet's own layout; some have nothing there.
const PREFIX: &str = "control_model.";
/// The layers that see the picture, in that layout.
const HINT: &str = "input_hint_block.";
/// A tensor without a use: all others are differences to a UNet's.
pub const DIFFERENCE: &str = "difference";

/// How the names of a ControlNet are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlLayout {
    /// The number of the last layer that sees the picture, where layers have numbers.
    last_hint: usize,
    /// Whether it holds differences to the weights of a UNet.
    pub differs: bool,
}

impl ControlLayout {
    /// The layout of a file with tensors of these shapes.
    pub fn of(shapes: &BTreeMap<String, Vec<usize>>) -> Self {
        let number = |key: &String| inside(key).strip_prefix(HINT)?.split('.').next()?.parse::<usize>().ok();
        ControlLayout {
            last_hint: shapes.keys().filter_map(number).max().unwrap_or(0),
            differs: shapes.contains_key(DIFFERENCE),
        }
    }

    /// Our key of a tensor; nothing for what only training needs.
    pub fn keys(self, name: &str) -> Keys {
        if name == DIFFERENCE {
            return Vec::new();
        }
        self.key(inside(name)).map_or_else(Vec::new, whole)
    }

    fn key(self, key: &str) -> Option<String> {
        const OWN: [&str; 5] = ["controlnet_", "conv_in.", "time_embedding.", "down_blocks.", "mid_block."];
        if OWN.iter().any(|own| key.starts_with(own)) {
            return Some(key.to_owned());
        }
        if let Some(rest) = key.strip_prefix(HINT) {
            // Every other number is an activation's.
            let (number, rest) = rest.split_once('.')?;
            let number = number.parse::<usize>().ok()?;
            let layer = match number {
                0 => "conv_in".to_owned(),
                n if n == self.last_hint => "conv_out".to_owned(),
                n => format!("blocks.{}", (n / 2).checked_sub(1)?),
            };
            return Some(format!("controlnet_cond_embedding.{layer}.{rest}"));
        }
        if let Some(rest) = key.strip_prefix("zero_convs.") {
            let (number, rest) = rest.split_once('.')?;
            return Some(format!("controlnet_down_blocks.{number}.{}", rest.strip_prefix("0.")?));
        }
        match key.strip_prefix("middle_block_out.0.") {
            Some(rest) => Some(format!("controlnet_mid_block.{rest}")),
            None => ldm::unet(key),
        }
    }
}

fn inside(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

const NEED: &str = "a ControlNet for Stable Diffusion 1.5 is needed, like control_v11p_sd15_canny";

/// Signs in names of tensors, the surest first, what has them, and what to do.
const SIGNS: &[(&str, &str, &str)] = &[
    ("motion_modules.", "SparseCtrl, a ControlNet with motion modules", NEED),
    (
        "task_embedding",
        "a union ControlNet",
        "unions are of SDXL: take a ControlNet for Stable Diffusion 1.5 for each kind of picture",
    ),
    (
        "control_add_embedding.",
        "a union ControlNet",
        "unions are of SDXL: take a ControlNet for Stable Diffusion 1.5 for each kind of picture",
    ),
    ("lllite_", "a ControlNet-LLLite", "they are of SDXL: take a ControlNet for Stable Diffusion 1.5"),
    ("lora_controlnet", "a Control-LoRA", "they are of SDXL: take a ControlNet for Stable Diffusion 1.5"),
    ("double_blocks.", "a ControlNet for Flux", NEED),
    ("controlnet_x_embedder.", "a ControlNet for Flux", NEED),
    ("controlnet_blocks.", "a ControlNet for Flux or Stable Diffusion 3", NEED),
    ("add_embedding.", "a ControlNet for SDXL", NEED),
    ("label_emb.", "a ControlNet for SDXL", NEED),
    ("ip_adapter.", "an IP-Adapter", NEED),
    (
        "body.0.block1.",
        "a T2I-Adapter",
        "adapters of that kind aren't read: take the ControlNet for the same kind of picture",
    ),
    (
        "adapter.body.0.resnets.0.block1.",
        "a T2I-Adapter",
        "adapters of that kind aren't read: take the ControlNet for the same kind of picture",
    ),
    ("model.diffusion_model.", "a whole checkpoint", "it is a model: name it with --model"),
    ("lora_", "a LoRA", "name it with --lora"),
];

/// What a file with tensors of these shapes is, where it is no ControlNet of Stable Diffusion 1.5.
pub fn stranger(shapes: &BTreeMap<String, Vec<usize>>) -> Option<Stranger> {
    let sign = SIGNS.iter().find(|(sign, ..)| shapes.keys().any(|key| key.contains(sign)));
    if let Some((_, name, hint)) = sign {
        return Some(Stranger { name, hint });
    }
    let context = shapes.iter().find(|(key, _)| key.ends_with("attn2.to_k.weight"));
    let name = match context.and_then(|(_, shape)| shape.get(1)) {
        Some(1024) => "a ControlNet for Stable Diffusion 2",
        Some(2048) => "a ControlNet for SDXL",
        _ => return None,
    };
    Some(Stranger { name, hint: NEED })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_have_the_same_keys() {
        let names = ["input_hint_block.0.weight", "input_hint_block.14.weight", "zero_convs.0.0.weight"];
        let shapes = names.map(|name| (format!("{PREFIX}{name}"), vec![1])).into();
        let layout = ControlLayout::of(&shapes);
        for (theirs, ours) in [
            ("input_hint_block.0.weight", "controlnet_cond_embedding.conv_in.weight"),
            ("input_hint_block.2.weight", "controlnet_cond_embedding.blocks.0.weight"),
            ("input_hint_block.12.bias", "controlnet_cond_embedding.blocks.5.bias"),
            ("input_hint_block.14.weight", "controlnet_cond_embedding.conv_out.weight"),
            ("zero_convs.11.0.bias", "controlnet_down_blocks.11.bias"),
            ("middle_block_out.0.weight", "controlnet_mid_block.weight"),
            ("input_blocks.0.0.weight", "conv_in.weight"),
            ("input_blocks.3.0.op.weight", "down_blocks.0.downsamplers.0.conv.weight"),
            ("middle_block.1.norm.bias", "mid_block.attentions.0.norm.bias"),
            ("time_embed.0.bias", "time_embedding.linear_1.bias"),
        ] {
            assert_eq!(layout.keys(&format!("{PREFIX}{theirs}")), whole(ours.to_owned()));
            assert_eq!(layout.keys(theirs), whole(ours.to_owned()));
            assert_eq!(layout.keys(ours), whole(ours.to_owned()));
        }
        assert!(layout.keys(DIFFERENCE).is_empty() && !layout.differs);
    }

    #[test]
    fn what_is_for_other_models_is_told_by_its_tensors() {
        let text = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight";
        let own = || BTreeMap::from([(text.to_owned(), vec![320, 768])]);
        assert_eq!(stranger(&own()), None);
        for (key, shape, name) in [
            ("task_embedding", vec![6, 320], "a union ControlNet"),
            ("add_embedding.linear_1.weight", vec![1280, 2816], "a ControlNet for SDXL"),
            ("control_model.label_emb.0.0.weight", vec![1, 1], "a ControlNet for SDXL"),
            (text, vec![320, 1024], "a ControlNet for Stable Diffusion 2"),
            (text, vec![320, 2048], "a ControlNet for SDXL"),
            ("body.0.block1.weight", vec![1], "a T2I-Adapter"),
            (
                "down_blocks.0.motion_modules.0.norm.weight",
                vec![1],
                "SparseCtrl, a ControlNet with motion modules",
            ),
        ] {
            let mut shapes = own();
            shapes.insert(key.to_owned(), shape);
            assert_eq!(stranger(&shapes).map(|s| s.name), Some(name));
        }
    }
}
