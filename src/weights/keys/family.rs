//! Families of checkpoints: told apart by their tensors, whatever a file is called.

use std::collections::BTreeMap;

/// Why a whole checkpoint isn't taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// What it is.
    pub name: &'static str,
    /// What to do about it.
    pub hint: &'static str,
}

const NEED: &str = "beatbolt takes Stable Diffusion 1.5 and what was made of it";

/// Signs in names of tensors, the surest first.
const SIGNS: &[(&str, &str, &str)] = &[
    ("joint_blocks.", "Stable Diffusion 3", NEED),
    ("double_blocks.", "Flux", NEED),
    ("time_mixer", "Stable Video Diffusion", NEED),
    ("time_stack.", "Stable Video Diffusion", NEED),
    ("text_embedding.0.weight", "Wan", NEED),
    ("patchify_proj.", "LTX-Video", NEED),
    ("img_in.proj.", "HunyuanVideo", NEED),
    ("conditioner.embedders.", "SDXL", NEED),
    ("label_emb.", "SDXL", NEED),
    ("cond_stage_model.model.", "Stable Diffusion 2", NEED),
    ("control_model.", "a ControlNet", "it guides a model, it is none by itself"),
    ("zero_convs.", "a ControlNet", "it guides a model, it is none by itself"),
    ("controlnet_", "a ControlNet", "it guides a model, it is none by itself"),
    ("lora_", "a LoRA", "it changes a model, it is none by itself"),
    (".lora", "a LoRA", "it changes a model, it is none by itself"),
    ("motion_modules.", "a motion module", "name it with --motion, and a checkpoint with --model"),
    ("string_to_param", "a textual inversion", "it adds a word to a model, it is none by itself"),
];

/// What a checkpoint with tensors of these shapes is, where it isn't of Stable Diffusion 1.5.
pub fn stranger(shapes: &BTreeMap<String, Vec<usize>>) -> Option<Stranger> {
    let sign = SIGNS.iter().find(|(sign, ..)| shapes.keys().any(|key| key.contains(sign)));
    if let Some((_, name, hint)) = sign {
        return Some(Stranger { name, hint });
    }
    let ending =
        |end: &str| shapes.iter().find(|(key, _)| key.ends_with(end)).map(|(_, shape)| shape.as_slice());
    let stranger = |name| Some(Stranger { name, hint: NEED });
    match ending("input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight") {
        Some([_, 1024]) => return stranger("Stable Diffusion 2"),
        Some([_, 2048]) => return stranger("SDXL"),
        _ => {}
    }
    let taken = "take the plain checkpoint that it was made of";
    match ending("input_blocks.0.0.weight") {
        Some([_, 9, ..]) => Some(Stranger { name: "a checkpoint for inpainting", hint: taken }),
        Some([_, 8, ..]) => Some(Stranger { name: "InstructPix2Pix", hint: taken }),
        _ if shapes.values().any(|shape| shape.len() == 5) => stranger("a video model"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::ldm::tests::names;
    use super::*;

    #[test]
    fn strangers_are_told_by_their_tensors_and_the_family_is_let_through() {
        let own: BTreeMap<String, Vec<usize>> =
            names().into_iter().map(|(_, theirs, _, shape)| (theirs.to_owned(), shape)).collect();
        assert_eq!(stranger(&own), None);
        let unet = "model.diffusion_model.";
        for (key, shape, name) in [
            ("joint_blocks.0.x_block.attn.qkv.weight", vec![1, 1], "Stable Diffusion 3"),
            ("double_blocks.0.img_mod.lin.weight", vec![1, 1], "Flux"),
            ("input_blocks.1.0.time_stack.in_layers.0.weight", vec![320], "Stable Video Diffusion"),
            ("input_blocks.0.0.weight", vec![320, 9, 3, 3], "a checkpoint for inpainting"),
            ("input_blocks.0.0.weight", vec![320, 8, 3, 3], "InstructPix2Pix"),
            (
                "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight",
                vec![320, 1024],
                "Stable Diffusion 2",
            ),
            ("label_emb.0.0.weight", vec![1280, 2816], "SDXL"),
            ("input_blocks.1.0.temporal.weight", vec![1, 1, 3, 1, 1], "a video model"),
        ] {
            let mut shapes = own.clone();
            shapes.insert(format!("{unet}{key}"), shape);
            assert_eq!(stranger(&shapes).map(|s| s.name), Some(name));
        }
        for (key, name) in [
            ("lora_unet_down_blocks_0_attentions_0_proj_in.alpha", "a LoRA"),
            ("down_blocks.0.motion_modules.0.temporal_transformer.norm.weight", "a motion module"),
        ] {
            assert_eq!(stranger(&BTreeMap::from([(key.to_owned(), vec![1])])).map(|s| s.name), Some(name));
        }
    }
}
