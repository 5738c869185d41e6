//! Files as people have them: what is taken, as what, and what is refused, with which words.
//!
//! Files are full-size by their headers and have no bytes behind them but holes, since nothing here reads a weight.

use super::trigger_words;
use crate::diffusion::{Inspection, ModelInfo, ModelSpec};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Tensors by their names: format and shape.
type Tensors = BTreeMap<String, (String, Vec<usize>)>;

/// What is to be said of a file.
enum Expected {
    /// It is of this family and taken by this option.
    Taken(&'static str, &'static str),
    /// Nothing takes it, and these words say why.
    Refused(&'static str),
    /// It can't be read, and these words say why.
    Broken(&'static str),
}
use Expected::{Broken, Refused, Taken};

/// Lines of the names of a checkpoint of Stable Diffusion 1.5: part, LDM's name, diffusers' name, shape.
fn names() -> impl Iterator<Item = (&'static str, &'static str, &'static str, Vec<usize>)> {
    include_str!("../../../../tests/fixtures/single/names.tsv").lines().map(|line| {
        let [part, theirs, ours, shape] =
            <[&str; 4]>::try_from(line.split('\t').collect::<Vec<_>>()).unwrap();
        (part, theirs, ours, shape.split('x').map(|n| n.parse().unwrap()).collect())
    })
}

/// A whole checkpoint in LDM's layout.
fn checkpoint(format: &str) -> Tensors {
    names().map(|(_, theirs, _, shape)| (theirs.to_owned(), (format.to_owned(), shape))).collect()
}

/// A part of one, under other names.
fn part(wanted: &str, name: impl Fn(&str, &str) -> String) -> Tensors {
    let own = names().filter(|(part, ..)| *part == wanted);
    own.map(|(_, theirs, ours, shape)| (name(theirs, ours), ("F16".to_owned(), shape))).collect()
}

/// One with another tensor.
fn with(mut tensors: Tensors, name: &str, format: &str, shape: &[usize]) -> Tensors {
    tensors.insert(name.to_owned(), (format.to_owned(), shape.to_vec()));
    tensors
}

/// Without all tensors that begin so.
fn without(mut tensors: Tensors, prefix: &str) -> Tensors {
    tensors.retain(|name, _| !name.starts_with(prefix));
    tensors
}

/// A checkpoint whose UNet is there as averages alone, whose names have no points.
fn averages() -> Tensors {
    let flat = |name: String| match name.strip_prefix(UNET) {
        Some(inside) => format!("model_ema.diffusion_model{}", inside.replace('.', "")),
        None => name,
    };
    checkpoint("F16").into_iter().map(|(name, tensor)| (flat(name), tensor)).collect()
}

/// Some tensors, each in half precision.
fn only(tensors: &[(&str, &[usize])]) -> Tensors {
    tensors.iter().map(|(name, shape)| ((*name).to_owned(), ("F16".to_owned(), shape.to_vec()))).collect()
}

/// A motion module: `stages` of two, a middle block or not, `positions` or none, in diffusers' names or the original ones.
fn motion(stages: usize, (mid, positions): (bool, Option<usize>), original: bool) -> Tensors {
    let mut tensors = Tensors::new();
    let mut places: Vec<(String, usize)> = (0..stages)
        .flat_map(|i| {
            (0..2).map(move |j| (format!("down_blocks.{i}.motion_modules.{j}"), [320, 640, 1280, 1280][i]))
        })
        .collect();
    places.extend(mid.then(|| ("mid_block.motion_modules.0".to_owned(), 1280)));
    for (place, width) in places {
        let (inside, attention, code) = match original {
            true => (".temporal_transformer", "attention_blocks.0", "attention_blocks.0.pos_encoder.pe"),
            false => ("", "attn1", "pos_embed.pe"),
        };
        let block = format!("{place}{inside}.transformer_blocks.0");
        let half = |shape: &[usize]| ("F16".to_owned(), shape.to_vec());
        tensors.insert(format!("{block}.{attention}.to_q.weight"), half(&[width, width]));
        let codes = positions.map(|count| (format!("{block}.{code}"), half(&[1, count, width])));
        tensors.extend(codes);
    }
    tensors
}

/// Writes a safetensors file whose tensors are holes.
fn write(path: &Path, tensors: &Tensors) {
    let (mut header, mut at) = (serde_json::Map::<String, Value>::new(), 0);
    for (name, (format, shape)) in tensors {
        let width = match format.as_str() {
            "F32" => 4,
            "I64" => 8,
            "F8_E4M3" | "F8_E5M2" => 1,
            _ => 2,
        };
        let end = at + shape.iter().product::<usize>() * width;
        header.insert(name.clone(), json!({ "dtype": format, "shape": shape, "data_offsets": [at, end] }));
        at = end;
    }
    let header = Value::Object(header).to_string();
    let mut file = File::create(path).unwrap();
    file.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    file.write_all(header.as_bytes()).unwrap();
    file.set_len((8 + header.len() + at) as u64).unwrap();
}

const SD15: &str = "Stable Diffusion 1.5";
const UNET: &str = "model.diffusion_model.";

/// Checkpoints: all of a family, its precisions and its odd ones, and those of others.
fn checkpoints() -> Vec<(&'static str, Tensors, Expected)> {
    let whole = || checkpoint("F16");
    let unet = |name: &str, shape: &[usize]| with(whole(), &format!("{UNET}{name}"), "F16", shape);
    let text = "cond_stage_model.transformer.text_model.";
    let fifth = whole()
        .into_iter()
        .map(|(name, tensor)| (name.replace(text, "cond_stage_model.transformer."), tensor));
    let attention = "first_stage_model.decoder.mid.attn_1.q.weight";
    vec![
        ("f16", whole(), Taken(SD15, "--model")),
        ("f32", checkpoint("F32"), Taken(SD15, "--model")),
        ("bf16", checkpoint("BF16"), Taken(SD15, "--model")),
        ("fp8-e4m3", checkpoint("F8_E4M3"), Taken(SD15, "--model")),
        ("fp8-e5m2", checkpoint("F8_E5M2"), Taken(SD15, "--model")),
        ("velocity", with(whole(), "v_pred", "F16", &[0]), Taken(SD15, "--model")),
        (
            "averages beside",
            with(whole(), "model_ema.diffusion_modelout2weight", "F16", &[4, 320, 3, 3]),
            Taken(SD15, "--model"),
        ),
        ("averages alone", averages(), Taken(SD15, "--model")),
        (
            "positions",
            with(whole(), &format!("{text}embeddings.position_ids"), "I64", &[1, 77]),
            Taken(SD15, "--model"),
        ),
        ("transformers 5", fifth.collect(), Taken(SD15, "--model")),
        ("flat attention", with(whole(), attention, "F16", &[512, 512]), Taken(SD15, "--model")),
        ("no autoencoder", without(whole(), "first_stage_model."), Refused("no autoencoder at all")),
        ("no text encoder", without(whole(), "cond_stage_model."), Refused("no text encoder at all")),
        ("unet", part("unet", |theirs, _| theirs.to_owned()), Refused("no text encoder at all")),
        ("bare unet", part("unet", |theirs, _| theirs.replace(UNET, "")), Refused("no text encoder at all")),
        (
            "diffusers unet",
            part("unet", |_, ours| ours.to_owned()),
            Refused("belongs into the folder 'unet'"),
        ),
        (
            "inpainting",
            unet("input_blocks.0.0.weight", &[320, 9, 3, 3]),
            Refused("a checkpoint for inpainting: take the plain"),
        ),
        ("pix2pix", unet("input_blocks.0.0.weight", &[320, 8, 3, 3]), Refused("InstructPix2Pix")),
        (
            "sd2 by width",
            unet("input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", &[320, 1024]),
            Refused("Stable Diffusion 2"),
        ),
        (
            "sd2 by text",
            with(whole(), "cond_stage_model.model.ln_final.weight", "F16", &[1024]),
            Refused("Stable Diffusion 2"),
        ),
        ("sdxl", with(whole(), "conditioner.embedders.0.x", "F16", &[1]), Refused("SDXL")),
        ("sdxl unet", unet("label_emb.0.0.weight", &[1280, 2816]), Refused("SDXL")),
        (
            "sd3",
            only(&[("model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight", &[1])]),
            Refused("Stable Diffusion 3"),
        ),
        ("flux", only(&[("double_blocks.0.img_attn.qkv.weight", &[1])]), Refused("Flux")),
        (
            "svd",
            unet("input_blocks.1.0.time_stack.in_layers.0.weight", &[320]),
            Refused("Stable Video Diffusion"),
        ),
        ("wan", with(unet("x", &[1]), "text_embedding.0.weight", "F16", &[1]), Refused("Wan")),
        ("ltx", only(&[("model.diffusion_model.patchify_proj.weight", &[1])]), Refused("LTX-Video")),
        ("video", unet("input_blocks.1.0.temporal.weight", &[1, 1, 3, 1, 1]), Refused("a video model")),
    ]
}

/// Motion modules: all families, both layouts, and those that aren't taken.
fn motions() -> Vec<(&'static str, Tensors, Expected)> {
    let v2 = |original| motion(4, (true, Some(32)), original);
    let module = v2(true).into_iter().map(|(name, tensor)| (format!("module.{name}"), tensor)).collect();
    let lora = "down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0.processor.to_q_lora.down.weight";
    vec![
        ("animatediff_lightning_1step_comfyui", v2(true), Taken("AnimateDiff-Lightning, 1 step", "--motion")),
        (
            "animatediff_lightning_2step_comfyui",
            v2(true),
            Taken("AnimateDiff-Lightning, 2 steps", "--motion"),
        ),
        (
            "animatediff_lightning_4step_comfyui",
            v2(true),
            Taken("AnimateDiff-Lightning, 4 steps", "--motion"),
        ),
        (
            "animatediff_lightning_8step_comfyui",
            v2(true),
            Taken("AnimateDiff-Lightning, 8 steps", "--motion"),
        ),
        (
            "animatediff_lightning_4step_diffusers",
            v2(false),
            Taken("AnimateDiff-Lightning, 4 steps", "--motion"),
        ),
        ("mm_sd_v15_v2", v2(true), Taken("AnimateDiff v2", "--motion")),
        ("renamed", v2(true), Taken("AnimateDiff v2", "--motion")),
        ("mm_sd_v15_v2 of training", module, Taken("AnimateDiff v2", "--motion")),
        ("v3_sd15_mm", motion(4, (false, Some(32)), true), Taken("AnimateDiff v3", "--motion")),
        ("mm_sd_v15", motion(4, (false, Some(24)), true), Taken("AnimateDiff v1", "--motion")),
        ("AnimateLCM_sd15_t2v", motion(4, (true, None), true), Taken("AnimateLCM", "--motion")),
        ("mm_sdxl_v10_beta", motion(3, (false, Some(32)), true), Refused("a motion module for SDXL")),
        ("hsxl", only(&[("down_blocks.1.temporal_attentions.0.norm.weight", &[640])]), Refused("Hotshot-XL")),
        ("pia", with(v2(true), "conv_in.weight", "F16", &[320, 9, 3, 3]), Refused("a module of PIA")),
        ("v2_lora_PanLeft", only(&[(lora, &[64, 320])]), Taken("AnimateDiff", "--lora")),
    ]
}

/// TAESD as diffusers saves it, activations and enlargements counted.
fn taesd() -> Tensors {
    let conv =
        |name: String, out, into| (format!("{name}.weight"), ("F16".to_owned(), vec![out, into, 3, 3]));
    let mut tensors: Vec<_> =
        [("encoder", 0, 64, 3), ("encoder", 14, 4, 64), ("decoder", 0, 64, 4), ("decoder", 18, 3, 64)]
            .map(|(side, i, out, into)| conv(format!("{side}.layers.{i}"), out, into))
            .into();
    for (side, between, blocks) in [
        ("encoder", &[2, 6, 10][..], &[1, 3, 4, 5, 7, 8, 9, 11, 12, 13][..]),
        ("decoder", &[6, 11, 16], &[2, 3, 4, 7, 8, 9, 12, 13, 14, 17]),
    ] {
        tensors.extend(between.iter().map(|i| conv(format!("{side}.layers.{i}"), 64, 64)));
        tensors.extend(blocks.iter().map(|i| conv(format!("{side}.layers.{i}.conv.0"), 64, 64)));
    }
    tensors.into_iter().collect()
}

/// Everything else that lies in folders of models.
fn others() -> Vec<(&'static str, Tensors, Expected)> {
    let bare = |theirs: &str, _: &str| theirs.replace("first_stage_model.", "");
    vec![
        ("vae", part("vae", bare), Taken("", "--vae")),
        ("vae with prefix", part("vae", |theirs, _| theirs.to_owned()), Taken("", "--vae")),
        ("vae of diffusers", part("vae", |_, ours| ours.to_owned()), Taken("", "--vae")),
        ("taesd", taesd(), Taken("", "--vae")),
        (
            "taesd_decoder",
            only(&[("1.weight", &[64, 4, 3, 3]), ("3.conv.0.weight", &[64, 64, 3, 3])]),
            Refused("put the encoder beside it"),
        ),
        ("text encoder", part("text", |_, ours| ours.to_owned()), Refused("come with a checkpoint")),
        (
            "lora",
            only(&[("lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight", &[4, 320])]),
            Taken("", "--lora"),
        ),
        (
            "lora of SD 1.5",
            only(&[(
                "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight",
                &[4, 768],
            )]),
            Taken(SD15, "--lora"),
        ),
        (
            "lora of SDXL",
            only(&[("lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", &[4, 1280])]),
            Refused("one for Stable Diffusion 1.5 is needed"),
        ),
        (
            "lora of diffusers",
            only(&[("unet.down_blocks.0.attentions.0.proj_in.lora_A.weight", &[4, 320])]),
            Taken("", "--lora"),
        ),
        ("loha", only(&[("lycoris_x.hada_w1_a", &[4, 320])]), Taken("", "--lora")),
        (
            "controlnet",
            only(&[("control_model.input_blocks.0.0.weight", &[320, 4, 3, 3])]),
            Taken("", "--control"),
        ),
        (
            "controlnet of diffusers",
            only(&[("controlnet_down_blocks.0.weight", &[320, 320, 1, 1])]),
            Taken("", "--control"),
        ),
        ("embedding", only(&[("emb_params", &[4, 768])]), Taken("768 wide", "--prompt")),
        (
            "a part of an upscaler",
            only(&[("conv_first.weight", &[64, 3, 3, 3]), ("body.0.rdb1.conv1.weight", &[32, 64, 3, 3])]),
            Refused("there is no 'body.0.rdb1.conv1.bias'"),
        ),
        (
            "a part of RIFE",
            only(&[
                ("module.block0.conv0.0.0.weight", &[96, 7, 3, 3]),
                ("module.block0.conv0.1.0.weight", &[192, 96, 3, 3]),
            ]),
            Refused("its network is none that is known"),
        ),
        (
            "IFRNet",
            only(&[("encoder.pyramid1.0.0.weight", &[24, 3, 3, 3])]),
            Refused("it is IFRNet, whose network isn't read"),
        ),
        (
            "nothing known",
            only(&[("a", &[1]), ("b", &[1]), ("c", &[1])]),
            Refused("none of what beatbolt knows"),
        ),
    ]
}

/// Files that are no files of weights, or no whole ones.
fn broken() -> Vec<(&'static str, Vec<u8>, Expected)> {
    let pickle = |name: &str| {
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pickle").join(name)).unwrap()
    };
    vec![
        ("empty.safetensors", Vec::new(), Broken("too short")),
        ("page.safetensors", b"<!DOCTYPE html><html>".to_vec(), Broken("a web page")),
        ("pointer.ckpt", b"version https://git-lfs.github.com/spec/v1\n".to_vec(), Broken("Git LFS")),
        ("quantised.gguf", b"GGUF\x03\0\0\0\0\0\0\0".to_vec(), Broken("GGUF")),
        ("cut.safetensors", b"\x40\0\0\0\0\0\0\0{\"a\"".to_vec(), Broken("its header is cut short")),
        ("text.safetensors", b"\x02\0\0\0\0\0\0\0xx".to_vec(), Broken("can't be understood")),
        ("archive.ckpt", b"PK\x03\x04\0\0\0\0\0\0\0\0".to_vec(), Broken("")),
        ("a.ckpt", pickle("system.pt"), Broken("system")),
        ("b.ckpt", pickle("getcwd.pt"), Broken("getcwd")),
        ("cut.ckpt", pickle("plain-2.pt")[..40].to_vec(), Broken("")),
    ]
}

/// What is said of a file: all of it, and what a render would say.
fn said(path: &Path, motion: &Path) -> Result<(Inspection, String), String> {
    let text = |error: crate::error::Error| format!("{error}: {}", error.hints().join(": "));
    let found = Inspection::of(path).map_err(text)?;
    let family = found.family.clone().unwrap_or_default();
    let mut words = format!("{family}: {}", found.notes.join(": "));
    // What can't be taken says the same when somebody tries.
    if found.option.is_none() {
        let spec =
            ModelSpec { folder: path.to_owned(), motion: Some(motion.to_owned()), ..ModelSpec::default() };
        let error = ModelInfo::open(&spec).expect_err("nothing takes it, but a render does");
        words += &format!(" | {}", text(error));
    }
    Ok((found, words))
}

#[test]
fn trigger_words_are_those_that_were_trained_most() {
    let said = |key: &str, text: &str| trigger_words(&[(key.to_owned(), text.to_owned())].into());
    let tags = r#"{"10_a": {"neon": 3, "city": 9}, "5_b": {"neon ": 7, "": 99}}"#;
    assert_eq!(said("ss_tag_frequency", tags), ["neon", "city"]);
    assert_eq!(said("modelspec.trigger_phrase", " my style "), ["my style"]);
    assert!(said("ss_tag_frequency", "[").is_empty() && said("other", "x").is_empty());
}

#[test]
fn files_are_taken_or_refused_by_what_is_in_them() {
    let home = tempfile::tempdir().unwrap();
    let lightning = home.path().join("animatediff_lightning_4step.safetensors");
    write(&lightning, &motion(4, (true, Some(32)), true));
    let mut count = 0;
    let mut check = |path: PathBuf, expected: Expected| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match (said(&path, &lightning), expected) {
            (Ok((found, words)), Taken(family, option)) => {
                assert_eq!(found.option, Some(option), "{name}: {words}");
                assert_eq!(found.family.unwrap_or_default(), family, "{name}");
            }
            (Ok((found, words)), Refused(why)) => {
                assert!(found.option.is_none() && words.contains(why), "{name}: {words}");
            }
            (Err(error), Broken(why)) => assert!(error.contains(why), "{name}: {error}"),
            (Ok((found, _)), Broken(_)) => panic!("{name} can be read: {found:?}"),
            (Err(error), _) => panic!("{name}: {error}"),
        }
        fs::remove_file(&path).unwrap();
        count += 1;
    };
    for (name, tensors, expected) in [checkpoints(), motions(), others()].into_iter().flatten() {
        let path = home.path().join(format!("{name}.safetensors"));
        write(&path, &tensors);
        check(path, expected);
    }
    for (name, bytes, expected) in broken() {
        let path = home.path().join(name);
        fs::write(&path, bytes).unwrap();
        check(path, expected);
    }
    assert!(count >= 60, "{count}");
}
