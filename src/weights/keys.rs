//! Keys: what tensors are called in the files of the wild, and what a file probably is.
//!
//! Our own names are those of diffusers. A table turns the others into them; nothing here reads tensors.

pub mod control;
pub mod ema;
pub mod family;
pub mod kind;
pub mod ldm;
pub mod rife;
pub mod upscaler;

use super::slice::{Keys, whole};

/// AnimateDiff's original names (also called the "comfyui" layout) and diffusers', part by part.
const MOTION: &[(&str, &str)] = &[
    (".temporal_transformer.", "."),
    (".attention_blocks.0.pos_encoder.pe", ".attn1.pos_embed.pe"),
    (".attention_blocks.1.pos_encoder.pe", ".attn2.pos_embed.pe"),
    (".attention_blocks.0.", ".attn1."),
    (".attention_blocks.1.", ".attn2."),
    (".norms.0.", ".norm1."),
    (".norms.1.", ".norm2."),
    (".ff_norm.", ".norm3."),
];

/// The attention of autoencoders saved before diffusers renamed its parts.
const VAE: &[(&str, &str)] =
    &[(".query.", ".to_q."), (".key.", ".to_k."), (".value.", ".to_v."), (".proj_attn.", ".to_out.0.")];

/// The key of a motion module's tensor.
pub fn motion(key: &str) -> Keys {
    let key = key.strip_prefix("module.").unwrap_or(key);
    whole(renamed(key, MOTION))
}

/// What AnimateDiff calls a layer of a motion module: the inverse of [`motion`], without `weight` or `bias`.
pub fn original_motion(layer: &str) -> String {
    let named = MOTION.iter().skip(1).fold(format!("{layer}."), |k, (theirs, ours)| k.replace(ours, theirs));
    let place = named.find(".motion_modules.").and_then(|at| {
        let behind = at + ".motion_modules.".len();
        Some(behind + named[behind..].find('.')?)
    });
    match place {
        Some(at) => {
            format!("{}.temporal_transformer{}", &named[..at], &named[at..]).trim_end_matches('.').to_owned()
        }
        None => layer.to_owned(),
    }
}

/// The key of an autoencoder's tensor.
pub fn vae(key: &str) -> Keys {
    whole(if key.contains(".attentions.") { renamed(key, VAE) } else { key.to_owned() })
}

/// The key of a text encoder's tensor.
pub fn text(key: &str) -> Keys {
    let key = key.strip_prefix("text_model.").unwrap_or(key);
    // Old versions saved the numbers 0, 1, 2, ... as if they were weights.
    if key == "embeddings.position_ids" { Vec::new() } else { whole(key.to_owned()) }
}

/// The key of a UNet's tensor.
pub fn unet(key: &str) -> Keys {
    whole(key.to_owned())
}

/// A name with all of a table's replacements made in it.
fn renamed(key: &str, table: &[(&str, &str)]) -> String {
    table.iter().fold(key.to_owned(), |k, (theirs, ours)| k.replace(theirs, ours))
}

/// What a file that does not fit probably is, and what to do about it.
pub fn likely_cause<'a>(keys: impl Iterator<Item = (&'a str, &'a [usize])>) -> Option<&'static str> {
    let signs: &[(&str, &str)] = &[
        ("model.diffusion_model.", "this is a whole checkpoint in one file; name it with --model"),
        ("lora", "this is a LoRA: it changes a model, it is none by itself"),
        ("controlnet_", "this is a ControlNet"),
        ("add_embedding.", "this looks like SDXL; an SD 1.5 model is needed"),
        ("temporal_attentions.", "this looks like Hotshot-XL; an AnimateDiff module for SD 1.5 is needed"),
        (
            "pos_encoder.positional_encoding",
            "this looks like Hotshot-XL; an AnimateDiff module for SD 1.5 is needed",
        ),
    ];
    let (mut adapter, mut deepest, mut mid) = (false, 0, false);
    for (key, shape) in keys {
        if let Some((_, cause)) = signs.iter().find(|(sign, _)| key.contains(sign)) {
            return Some(cause);
        }
        if key.ends_with("attn2.to_k.weight") && shape.get(1) == Some(&2048) {
            return Some("its text is 2048 wide, which looks like SDXL; an SD 1.5 model is needed");
        }
        adapter |= key.contains("motion_modules.");
        mid |= key.starts_with("mid_block.motion_modules.");
        deepest = deepest.max(stage_of(key).map_or(0, |n| n + 1));
    }
    match (adapter, deepest, mid) {
        (true, 3, _) => Some("its three stages look like a module for SDXL; one for SD 1.5 has four"),
        (true, _, false) => {
            Some("it has no module for the middle block (AnimateDiff v1 or v3; v2 and Lightning have one)")
        }
        (true, _, true) => Some("the motion module and the UNet may be of different families"),
        _ => None,
    }
}

/// The index in `down_blocks.N.`
fn stage_of(key: &str) -> Option<usize> {
    key.strip_prefix("down_blocks.")?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_original_layout_becomes_diffusers() {
        let block = "down_blocks.0.motion_modules.1.temporal_transformer.transformer_blocks.0";
        let ours = "down_blocks.0.motion_modules.1.transformer_blocks.0";
        for (theirs, expected) in [
            ("attention_blocks.0.to_q.weight", "attn1.to_q.weight"),
            ("attention_blocks.1.to_out.0.bias", "attn2.to_out.0.bias"),
            ("attention_blocks.1.pos_encoder.pe", "attn2.pos_embed.pe"),
            ("norms.1.weight", "norm2.weight"),
            ("ff_norm.bias", "norm3.bias"),
            ("ff.net.0.proj.weight", "ff.net.0.proj.weight"),
        ] {
            let key = format!("{ours}.{expected}");
            assert_eq!(motion(&format!("module.{block}.{theirs}")), whole(key.clone()));
            assert_eq!(motion(&key), whole(key.clone()), "our own names stay as they are");
            let layer = |name: &str| name.rsplit_once('.').unwrap().0.to_owned();
            if !theirs.ends_with(".pe") {
                assert_eq!(original_motion(&layer(&key)), layer(&format!("{block}.{theirs}")));
            }
        }
        assert_eq!(
            motion("mid_block.motion_modules.0.temporal_transformer.norm.weight"),
            whole("mid_block.motion_modules.0.norm.weight".into())
        );
    }

    #[test]
    fn files_of_the_wrong_kind_are_recognized() {
        let cause = |keys: &[(&str, &[usize])]| likely_cause(keys.iter().copied()).unwrap_or_default();
        assert!(cause(&[("model.diffusion_model.out.0.weight", &[4])]).contains("--model"));
        assert!(cause(&[("unet.down.lora_A.weight", &[4])]).contains("LoRA"));
        assert!(
            cause(&[("down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight", &[640, 2048])])
                .contains("SDXL")
        );
        assert!(cause(&[("down_blocks.2.motion_modules.0.norm.weight", &[1280])]).contains("SDXL"));
        assert!(cause(&[("down_blocks.3.motion_modules.0.norm.weight", &[1280])]).contains("v3"));
    }
}
