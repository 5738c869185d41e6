//! Files of the wrong kind, family or width in the place of adapters: each is refused by what it is, with a hint.

use beatbolt::diffusion::text::embedding::Embedding;
use beatbolt::diffusion::{ModelInfo, ModelSpec};
use beatbolt::error::{Error, ErrorKind};
use candle_core::{DType, Device, Tensor};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// In the place of what a file is named.
#[derive(Clone, Copy, Debug, PartialEq)]
enum As {
    Lora,
    Control,
    Word,
}

/// A wrong file: what it is, in whose place, its tensors, and what the error and its hints say.
struct Wrong(&'static str, As, &'static [(&'static str, &'static [usize])], &'static str, &'static str);

const SECOND: &str = "lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight";
const FLUX: &str = "transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight";
const QUERY: &str = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q.lora_down.weight";
const QUERY_UP: &str = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q.lora_up.weight";
const KEY: &str = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight";
const KEY_UP: &str = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_up.weight";
const MIDDLE: &str = "mid_block.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0.processor.to_q_lora.down.weight";
const DOOR: &str = "control_model.input_blocks.0.0.weight";
const LOOKS: &str = "control_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight";
const UNION: &str = "control_add_embedding.linear_1.weight";

const WRONG: &[Wrong] = &[
    Wrong("a LoRA for SDXL", As::Lora, &[(SECOND, &[4, 1280])], "is for SDXL", "Stable Diffusion 1.5"),
    Wrong("a LoRA for Flux", As::Lora, &[(FLUX, &[16, 3072])], "is for Flux", "Stable Diffusion 1.5"),
    Wrong(
        "a LoRA for Stable Diffusion 2",
        As::Lora,
        &[(KEY, &[4, 1024]), (KEY_UP, &[320, 4])],
        "is for Stable Diffusion 2",
        "Stable Diffusion 1.5",
    ),
    Wrong(
        "a motion LoRA on modules of v3",
        As::Lora,
        &[(MIDDLE, &[4, 1280])],
        "motion LoRA for AnimateDiff v2",
        "v1 and v3 have none",
    ),
    Wrong(
        "a LoRA of another width",
        As::Lora,
        &[(QUERY, &[4, 320]), (QUERY_UP, &[320, 4])],
        "to_q",
        "another width",
    ),
    Wrong(
        "a file without layers of the model",
        As::Lora,
        &[("first.weight", &[3, 3])],
        "none of its 1 tensors",
        "'first.weight'",
    ),
    Wrong(
        "a ControlNet as a LoRA",
        As::Lora,
        &[("controlnet_down_blocks.0.weight", &[320, 320, 1, 1])],
        "none of its 1 tensors",
        "ControlNet",
    ),
    Wrong(
        "a ControlNet for Stable Diffusion 2",
        As::Control,
        &[(DOOR, &[320, 4, 3, 3]), (LOOKS, &[320, 1024])],
        "is a ControlNet for Stable Diffusion 2",
        "Stable Diffusion 1.5",
    ),
    Wrong(
        "a ControlNet for SDXL",
        As::Control,
        &[
            ("controlnet_down_blocks.0.weight", &[320, 320, 1, 1]),
            ("add_embedding.linear_1.weight", &[1280, 2816]),
        ],
        "is a ControlNet for SDXL",
        "Stable Diffusion 1.5",
    ),
    Wrong(
        "a union ControlNet",
        As::Control,
        &[("controlnet_down_blocks.0.weight", &[1]), (UNION, &[1])],
        "a union ControlNet",
        "each kind",
    ),
    Wrong(
        "a ControlNet of another width",
        As::Control,
        &[(DOOR, &[320, 4, 3, 3]), ("control_model.time_embed.0.weight", &[1280, 320])],
        "'conv_in.weight' has shape [320, 4, 3, 3], in the model's UNet it has [8, 4, 3, 3]",
        "another kind or width",
    ),
    Wrong(
        "half a ControlNet",
        As::Control,
        &[("control_model.zero_convs.0.0.weight", &[8, 8, 1, 1])],
        "there is no 'conv_in",
        "damaged",
    ),
    Wrong(
        "a T2I-Adapter",
        As::Control,
        &[("body.0.block1.weight", &[320, 320, 3, 3])],
        "is a T2I-Adapter",
        "ControlNet for the same kind",
    ),
    Wrong("a LoRA as a ControlNet", As::Control, &[(QUERY, &[4, 8])], "is a LoRA", "--lora"),
    Wrong(
        "an autoencoder as a ControlNet",
        As::Control,
        &[("decoder.conv_in.weight", &[8, 4, 3, 3])],
        "is no ControlNet (autoencoder",
        "--control",
    ),
    Wrong(
        "a word 1024 wide",
        As::Word,
        &[("emb_params", &[2, 1024])],
        "1024 wide, as for Stable Diffusion 2",
        "16 wide",
    ),
    Wrong(
        "a word for SDXL",
        As::Word,
        &[("clip_l", &[2, 16]), ("clip_g", &[2, 1280])],
        "textual inversion for SDXL",
        "Stable Diffusion 1.5",
    ),
    Wrong(
        "a LoRA as a word",
        As::Word,
        &[(QUERY, &[4, 8]), (QUERY_UP, &[8, 4])],
        "no textual inversion",
        "string_to_param",
    ),
];

fn model() -> ModelInfo {
    // Without a motion module in the middle, as v1 and v3 are.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny");
    ModelInfo::open(&ModelSpec { folder, ..ModelSpec::default() }).unwrap()
}

fn refusal(info: &ModelInfo, kind: As, path: &Path) -> Error {
    match kind {
        As::Lora => info.adapter(path).map(drop).unwrap_err(),
        As::Control => info.control(path).map(drop).unwrap_err(),
        As::Word => Embedding::open("word", path, info.text_width()).map(drop).unwrap_err(),
    }
}

#[test]
fn every_wrong_file_is_refused_by_what_it_is() {
    let (info, home) = (model(), tempfile::tempdir().unwrap());
    for (i, Wrong(what, kind, tensors, says, hint)) in WRONG.iter().enumerate() {
        let path: PathBuf = home.path().join(format!("{i}.safetensors"));
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F16, &Device::Cpu).unwrap();
        let tensors: HashMap<&str, Tensor> =
            tensors.iter().map(|(name, shape)| (*name, zeros(shape))).collect();
        candle_core::safetensors::save(&tensors, &path).unwrap();
        let error = refusal(&info, *kind, &path);
        let (text, hints) = (error.to_string(), error.hints().join("\n"));
        assert_eq!(error.kind(), ErrorKind::Model, "{what}");
        assert!(text.contains(says) && text.contains(&format!("{i}.safetensors")), "{what}: {text}");
        assert!(hints.contains(hint), "{what}: {hints}");
    }
}

#[test]
fn what_is_no_file_of_weights_is_said_too() {
    let (info, home) = (model(), tempfile::tempdir().unwrap());
    for (bytes, says) in [
        (&b"version https://git-lfs.github.com/spec/v1\n"[..], "a pointer of Git LFS"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"GGUF\x03\0\0\0\0", "a GGUF file"),
    ] {
        let path = home.path().join("file.safetensors");
        std::fs::write(&path, bytes).unwrap();
        for kind in [As::Lora, As::Control, As::Word] {
            let error = refusal(&info, kind, &path);
            assert!(error.to_string().contains(says) && !error.hints().is_empty(), "{kind:?}: {error}");
        }
    }
    let missing = info.control(&home.path().join("nothing.pth")).unwrap_err();
    assert!(missing.to_string().contains("nothing.pth"), "{missing}");
    let empty = info.control(home.path()).unwrap_err();
    assert!(empty.to_string().contains("no weights in"), "{empty}");
}
