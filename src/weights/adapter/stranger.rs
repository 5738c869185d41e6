//! Adapters that aren't for this family of models, told by the layers that they name.

/// Signs in layers' names without signs between words, and whose they are.
const SIGNS: &[(&str, &str)] = &[
    ("single_transformer_blocks_", "Flux"),
    ("double_blocks_", "Flux or HunyuanVideo"),
    ("joint_blocks_", "Stable Diffusion 3"),
    ("lora_te3_", "Stable Diffusion 3"),
    ("blocks_0_cross_attn_", "Wan"),
    ("lora_te2_", "SDXL"),
    ("text_encoder_2_", "SDXL"),
    ("conditioner_embedders_", "SDXL"),
    ("temporal_attentions_", "Hotshot-XL"),
    ("add_embedding_", "SDXL"),
];

/// The family that an adapter is for, by layers that the model doesn't have, and what a prompt's token is wide in it; none where nothing tells.
pub(super) fn family<'a>(
    layers: impl Iterator<Item = &'a str>,
    context: Option<usize>,
) -> Option<&'static str> {
    let mut found = None;
    for layer in layers {
        let name = layer.replace('.', "_");
        if let Some((_, family)) = SIGNS.iter().find(|(sign, _)| name.contains(sign)) {
            return Some(family);
        }
        // Its transformers are up to ten blocks deep, those of Stable Diffusion 1.5 one.
        let deep = name.split_once("_transformer_blocks_").and_then(|(front, rest)| {
            let image = front.contains("attentions_") || front.contains("_block");
            rest.split('_').next()?.parse::<usize>().ok().filter(|n| image && *n > 0)
        });
        if deep.is_some() {
            found = Some("SDXL");
        }
    }
    found.or(match context {
        Some(1024) => Some("Stable Diffusion 2"),
        Some(2048) => Some("SDXL"),
        _ => None,
    })
}
