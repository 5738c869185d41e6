//! Kinds of files: what a file of weights is for, told by the names of its tensors.

use std::collections::BTreeMap;

/// What a file of weights is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole model in one file: UNet and more.
    Checkpoint,
    /// A UNet alone.
    Unet,
    /// A motion module.
    MotionModule,
    /// A LoRA of a motion module.
    MotionLora,
    /// A LoRA or one of its kin.
    Lora,
    /// A ControlNet.
    ControlNet,
    /// An autoencoder.
    Autoencoder,
    /// A small autoencoder (TAESD), or the half of one.
    TinyAutoencoder,
    /// A text encoder.
    TextEncoder,
    /// A word for a text encoder: textual inversion.
    Embedding,
    /// A network that makes pictures larger.
    Upscaler,
    /// A network that puts pictures between pictures.
    Interpolator,
    /// Something else.
    Unknown,
}

/// Signs of each kind, any of which may stand anywhere in a name; the surest first.
const SIGNS: &[(Kind, &[&str])] = &[
    (Kind::Embedding, &["string_to_param", "emb_params"]),
    (Kind::ControlNet, &["control_model.", "zero_convs.", "controlnet_", "input_hint_block.", "zero_conv"]),
    (Kind::Checkpoint, &["cond_stage_model.", "conditioner.embedders.", "text_encoders."]),
    (Kind::Lora, &["lora_", ".lora", "hada_w1", "lokr_w", "oft_", "on_input", "glora", "ia3_l"]),
    (
        Kind::Unet,
        &[
            "input_blocks.0.0.",
            "double_blocks.",
            "joint_blocks.",
            "time_stack.",
            "patchify_proj.",
            "transformer_blocks.0.attn2.",
        ],
    ),
    (
        Kind::Autoencoder,
        &["decoder.up.0.block.", "decoder.up_blocks.", "decoder.mid_block.", "decoder.conv_in."],
    ),
    (Kind::TinyAutoencoder, &["decoder.layers.", "encoder.layers.0.weight"]),
    (
        Kind::TextEncoder,
        &["embeddings.token_embedding.", "encoder.layers.0.self_attn.", "token_embedding.weight"],
    ),
    (
        Kind::Upscaler,
        &["body.0.rdb1.", "RRDB", ".RDB1.", "upconv1.", "conv_up1.", "residual_group.", "unet1.conv1."],
    ),
    (
        Kind::Interpolator,
        &[
            "block0.conv0.0.",
            "blocks.0.conv0.0.",
            "extract.extract_sublevels.",
            "comb_block.",
            "encoder.pyramid1.",
            "feature_bone.",
        ],
    ),
];

impl Kind {
    /// The kind of a file with tensors of these shapes.
    pub fn of(shapes: &BTreeMap<String, Vec<usize>>) -> Self {
        let any = |sign: &str| shapes.keys().any(|key| key.contains(sign));
        if any("motion_modules.") || any("temporal_attentions.") {
            return if any("lora") { Kind::MotionLora } else { Kind::MotionModule };
        }
        if (any("model.diffusion_model.") || any("model_ema.")) && any("first_stage_model.") {
            return Kind::Checkpoint;
        }
        let found = SIGNS.iter().find(|(_, signs)| signs.iter().any(|sign| any(sign)));
        found.map_or_else(|| Kind::of_numbers(shapes), |(kind, _)| *kind)
    }

    /// The kind of a file whose tensors have hardly any names.
    fn of_numbers(shapes: &BTreeMap<String, Vec<usize>>) -> Self {
        let has = |key: &str| shapes.contains_key(key);
        let ends = |end: &str, sides| shapes.iter().any(|(key, s)| key.ends_with(end) && s.len() == sides);
        match shapes.len() {
            // What TAESD's author publishes: layers by their numbers.
            _ if has("3.conv.0.weight") || has("1.conv.0.weight") => Kind::TinyAutoencoder,
            _ if has("model.0.weight") || has("conv_first.weight") => Kind::Upscaler,
            _ if ends("body.0.weight", 4) && ends("body.1.weight", 1) => Kind::Upscaler,
            1 | 2 if shapes.values().all(|shape| shape.len() <= 2) => Kind::Embedding,
            _ => Kind::Unknown,
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Checkpoint => "checkpoint",
            Kind::Unet => "UNet",
            Kind::MotionModule => "motion module",
            Kind::MotionLora => "motion LoRA",
            Kind::Lora => "LoRA",
            Kind::ControlNet => "ControlNet",
            Kind::Autoencoder => "autoencoder (VAE)",
            Kind::TinyAutoencoder => "small autoencoder (TAESD)",
            Kind::TextEncoder => "text encoder",
            Kind::Embedding => "textual inversion",
            Kind::Upscaler => "upscaler",
            Kind::Interpolator => "interpolator",
            Kind::Unknown => "something unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_what_is_in_them() {
        for (names, kind) in [
            (
                &["model.diffusion_model.out.0.bias", "first_stage_model.encoder.norm_out.bias"][..],
                Kind::Checkpoint,
            ),
            (&["model.diffusion_model.input_blocks.0.0.weight"], Kind::Unet),
            (&["input_blocks.0.0.weight", "out.2.bias"], Kind::Unet),
            (&["down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"], Kind::Unet),
            (&["module.down_blocks.0.motion_modules.0.temporal_transformer.norm.weight"], Kind::MotionModule),
            (
                &[
                    "down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0.processor.to_q_lora.down.weight",
                ],
                Kind::MotionLora,
            ),
            (&["lora_unet_down_blocks_0_attentions_0_proj_in.alpha"], Kind::Lora),
            (&["unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight"], Kind::Lora),
            (&["control_model.input_blocks.0.0.weight"], Kind::ControlNet),
            (&["controlnet_down_blocks.0.weight"], Kind::ControlNet),
            (&["decoder.conv_in.weight", "encoder.conv_in.weight"], Kind::Autoencoder),
            (&["first_stage_model.decoder.conv_in.weight"], Kind::Autoencoder),
            (&["decoder.layers.0.weight", "encoder.layers.0.weight"], Kind::TinyAutoencoder),
            (&["1.weight", "3.conv.0.weight"], Kind::TinyAutoencoder),
            (&["text_model.embeddings.token_embedding.weight"], Kind::TextEncoder),
            (&["string_to_param.*"], Kind::Embedding),
            (&["<my-style>"], Kind::Embedding),
            (&["conv_first.weight", "body.0.rdb1.conv1.weight"], Kind::Upscaler),
            (&["module.block0.conv0.0.0.weight", "module.encode.cnn0.weight"], Kind::Interpolator),
            (&["encoder.pyramid1.0.0.weight", "decoder4.convblock.0.0.weight"], Kind::Interpolator),
            (&["a", "b", "c"], Kind::Unknown),
        ] {
            let shapes = names.iter().map(|name| (name.to_string(), vec![1, 768])).collect();
            assert_eq!(Kind::of(&shapes), kind, "{names:?}");
        }
    }
}
