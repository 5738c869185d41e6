//! Names in adapter files: which layer a tensor changes, and which part of the change it is.
//!
//! Every program has its own: `lora_unet_down_blocks_0_..._to_q.lora_down.weight` (kohya), `unet.down_blocks.0...to_q.lora_A.weight`
//! (diffusers, PEFT), `...attn1.processor.to_q_lora.down.weight` (older diffusers, AnimateDiff's motion LoRAs),
//! `diffusion_model.input_blocks...` (ComfyUI), `lycoris_...hada_w1_a`. What is in front and which signs stand between words tells nothing,
//! so names are compared without either: `down_blocks_0_attentions_0_..._to_q`.

/// What a tensor is of the change to a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// LoRA: from the inputs to the rank.
    Down,
    /// LoRA: from the rank to the outputs.
    Up,
    /// LoCon: the core between the two.
    Mid,
    /// The scale times the rank; of OFT a bound.
    Alpha,
    /// DoRA: the length of every row or column, as kohya writes it.
    Dora,
    /// DoRA: the length of every output, as PEFT writes it.
    Magnitude,
    /// LoHa: two pairs of factors and their cores.
    Hada1a,
    #[allow(missing_docs)]
    Hada1b,
    #[allow(missing_docs)]
    Hada2a,
    #[allow(missing_docs)]
    Hada2b,
    #[allow(missing_docs)]
    HadaCore1,
    #[allow(missing_docs)]
    HadaCore2,
    /// LoKr: two factors, each whole or as a product.
    Kron1,
    #[allow(missing_docs)]
    Kron1a,
    #[allow(missing_docs)]
    Kron1b,
    #[allow(missing_docs)]
    Kron2,
    #[allow(missing_docs)]
    Kron2a,
    #[allow(missing_docs)]
    Kron2b,
    #[allow(missing_docs)]
    KronCore2,
    /// GLoRA: what follows the weight, and what is added to it.
    GloraA1,
    #[allow(missing_docs)]
    GloraA2,
    #[allow(missing_docs)]
    GloraB1,
    #[allow(missing_docs)]
    GloraB2,
    /// IA3: whether inputs are scaled, not outputs.
    OnInput,
    /// IA3 as PEFT writes it: factors around 1.
    Factor,
    /// IA3: what the factors differ from 1 by; in other files a plain weight.
    Plain,
    /// A whole difference of the weight.
    Diff,
    /// A whole difference of the bias.
    DiffBias,
    /// OFT and BOFT: blocks of a skew matrix.
    Blocks,
    /// OFT and BOFT: factors of the outputs.
    Rescale,
}

/// How names end, without `.weight`.
const ENDINGS: &[(&str, Part)] = &[
    (".lora_down", Part::Down),
    (".lora.down", Part::Down),
    ("_lora.down", Part::Down),
    (".lora_linear_layer.down", Part::Down),
    (".lora_A", Part::Down),
    (".lora_up", Part::Up),
    (".lora.up", Part::Up),
    ("_lora.up", Part::Up),
    (".lora_linear_layer.up", Part::Up),
    (".lora_B", Part::Up),
    (".lora_mid", Part::Mid),
    ("_lora.alpha", Part::Alpha),
    (".lora.alpha", Part::Alpha),
    (".alpha", Part::Alpha),
    (".dora_scale", Part::Dora),
    (".lora_magnitude_vector", Part::Magnitude),
    (".hada_w1_a", Part::Hada1a),
    (".hada_w1_b", Part::Hada1b),
    (".hada_w2_a", Part::Hada2a),
    (".hada_w2_b", Part::Hada2b),
    (".hada_t1", Part::HadaCore1),
    (".hada_t2", Part::HadaCore2),
    (".lokr_w1", Part::Kron1),
    (".lokr_w1_a", Part::Kron1a),
    (".lokr_w1_b", Part::Kron1b),
    (".lokr_w2", Part::Kron2),
    (".lokr_w2_a", Part::Kron2a),
    (".lokr_w2_b", Part::Kron2b),
    (".lokr_t2", Part::KronCore2),
    (".a1", Part::GloraA1),
    (".a2", Part::GloraA2),
    (".b1", Part::GloraB1),
    (".b2", Part::GloraB2),
    (".on_input", Part::OnInput),
    (".ia3_l", Part::Factor),
    (".diff", Part::Diff),
    (".w_norm", Part::Diff),
    (".diff_b", Part::DiffBias),
    (".b_norm", Part::DiffBias),
    (".oft_blocks", Part::Blocks),
    (".rescale", Part::Rescale),
];

/// What stands in front of a layer's own name, in any order.
const FRONT: &[&str] = &[
    "base_model_model_",
    "model_diffusion_model_",
    "diffusion_model_",
    "cond_stage_model_transformer_",
    "lycoris_",
    "lora_unet_",
    "lora_te1_",
    "lora_te_",
    "text_encoder_",
    "text_model_",
    "unet_",
    "module_",
];

/// Names inside a text encoder's attention as old versions of diffusers wrote them.
const OLD_TEXT: &[(&str, &str)] = &[
    ("_self_attn_to_q", "_self_attn_q_proj"),
    ("_self_attn_to_k", "_self_attn_k_proj"),
    ("_self_attn_to_v", "_self_attn_v_proj"),
    ("_self_attn_to_out", "_self_attn_out_proj"),
];

/// The layer that a tensor changes, as it is written in the file, and which part of the change it is; none for what is no part that is known.
pub fn split(name: &str) -> Option<(&str, Part)> {
    let cut = name.strip_suffix(".weight").unwrap_or(name);
    // PEFT puts the adapter's own name behind.
    let cut = match cut.rsplit_once('.') {
        Some((inner, _))
            if [".lora_A", ".lora_B", ".lora_magnitude_vector"].iter().any(|e| inner.ends_with(e)) =>
        {
            inner
        }
        _ => cut,
    };
    let found = ENDINGS.iter().find_map(|(ending, part)| Some((cut.strip_suffix(ending)?, *part)));
    found.or_else(|| Some((name.strip_suffix(".weight")?, Part::Plain)))
}

/// A layer's name without what stands in front of it and with one sign between all words.
pub fn squashed(layer: &str) -> String {
    let mut name = layer.replace(['.', '-'], "_").replace("_processor_", "_");
    while let Some(rest) = FRONT.iter().find_map(|front| name.strip_prefix(front)) {
        name = rest.to_owned();
    }
    OLD_TEXT
        .iter()
        .fold(name, |name, (old, new)| if name.ends_with(old) { name.replace(old, new) } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_dialects_name_the_same_layer() {
        let block = "down_blocks_0_attentions_1_transformer_blocks_0_attn1_to_q";
        for (name, part) in [
            (
                "lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn1_to_q.lora_down.weight",
                Part::Down,
            ),
            ("unet.down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_q.lora_A.weight", Part::Down),
            (
                "base_model.model.down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_q.lora_B.mine.weight",
                Part::Up,
            ),
            (
                "unet.down_blocks.0.attentions.1.transformer_blocks.0.attn1.processor.to_q_lora.up.weight",
                Part::Up,
            ),
            ("down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_q.lora.down.weight", Part::Down),
            (
                "lycoris_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn1_to_q.hada_w1_a",
                Part::Hada1a,
            ),
            ("lycoris_down_blocks_0_attentions_1_transformer_blocks_0_attn1_to_q.lokr_w2", Part::Kron2),
            ("lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn1_to_q.alpha", Part::Alpha),
            (
                "unet.down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_q.lora_magnitude_vector",
                Part::Magnitude,
            ),
            (
                "unet.down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_q.lora_magnitude_vector.default.weight",
                Part::Magnitude,
            ),
            (
                "diffusion_model.down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_q.diff_b",
                Part::DiffBias,
            ),
            ("lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn1_to_q.weight", Part::Plain),
        ] {
            let (layer, found) = split(name).unwrap();
            assert_eq!((squashed(layer).as_str(), found), (block, part), "{name}");
        }
        let text = "encoder_layers_3_self_attn_q_proj";
        for name in [
            "lora_te_text_model_encoder_layers_3_self_attn_q_proj.lora_up.weight",
            "lora_te1_text_model_encoder_layers_3_self_attn_q_proj.lora_up.weight",
            "lora_te_encoder_layers_3_self_attn_q_proj.lora_up.weight",
            "text_encoder.text_model.encoder.layers.3.self_attn.q_proj.lora_linear_layer.up.weight",
            "text_encoder.text_model.encoder.layers.3.self_attn.to_q_lora.up.weight",
            "base_model.model.text_model.encoder.layers.3.self_attn.q_proj.lora_B.weight",
        ] {
            let (layer, found) = split(name).unwrap();
            assert_eq!((squashed(layer).as_str(), found), (text, Part::Up), "{name}");
        }
        assert_eq!(split("bundle_emb.word.string_to_param.*"), None);
    }
}
