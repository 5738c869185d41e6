//! Adapters of every kind against weights computed in double precision by `tests/fixtures/adapters.py`.

use super::*;
use crate::weights::keys;
use crate::weights::{Placement, Weight, Weights};
use candle_core::Device;
use candle_core::{DType, Tensor};
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// That of the fixtures.
const STRENGTH: f32 = 0.7;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The three sections of a tiny model.
fn sections(model: &str) -> [(Section, Weights); 3] {
    let placement = Placement { dtype: DType::F32, device: Device::Cpu };
    let open = |part: &str, keys: fn(&str) -> crate::weights::Keys| {
        let path = crate::weights::find(&fixtures().join(model).join(part)).unwrap();
        Weights::open(&path, &placement, keys).unwrap()
    };
    [
        (Section::Unet, open("unet", keys::unet)),
        (Section::Motion, open("motion_adapter", keys::motion)),
        (Section::Text, open("text_encoder", keys::text)),
    ]
}

fn targets(model: &str) -> Targets {
    let mut targets = Targets::default();
    sections(model).iter().for_each(|(section, weights)| targets.add(*section, weights.keys()));
    targets
}

fn opened(name: &str, targets: &Targets) -> Adapter {
    Adapter::open(&fixtures().join("adapters").join(name).with_extension("safetensors"), targets).unwrap()
}

fn apart(ours: &Tensor, theirs: &Tensor) -> f64 {
    let norm = |t: &Tensor| {
        t.to_dtype(DType::F64).unwrap().sqr().unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap().sqrt()
    };
    assert_eq!(ours.dims(), theirs.dims());
    norm(&(ours - theirs).unwrap()) / norm(theirs)
}

/// Kind, section, layer and merged weight of everything that was computed elsewhere.
fn expected() -> Vec<(String, Section, String, Tensor)> {
    let all: HashMap<String, Tensor> =
        candle_core::safetensors::load(fixtures().join("adapters/expected.safetensors"), &Device::Cpu)
            .unwrap();
    let mut rows: Vec<_> = all
        .into_iter()
        .map(|(name, weight)| {
            let (kind, rest) = name.split_once('/').unwrap();
            let (section, key) = rest.split_once('/').unwrap();
            let section = match section {
                "unet" => Section::Unet,
                "motion" => Section::Motion,
                _ => Section::Text,
            };
            (kind.to_owned(), section, key.to_owned(), weight)
        })
        .collect();
    rows.sort_by(|a, b| (&a.0, &a.2).cmp(&(&b.0, &b.2)));
    rows
}

#[test]
fn every_kind_in_every_dialect_makes_the_weights_of_its_formula() {
    let targets = targets("kl-mid");
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (kind, section, key, theirs) in expected() {
        let adapter = Rc::new(opened(&kind, &targets));
        assert!(adapter.notes().is_empty(), "{kind}: {:?}", adapter.notes());
        let merge = Merge::new(section == Section::Text, vec![(adapter.clone(), STRENGTH)]);
        let (_, weights) = sections("kl-mid").into_iter().find(|(of, _)| *of == section).unwrap();
        let weights = weights.patched(vec![Rc::new(merge)]);
        let ours = weights.scope("").get(&key, theirs.dims()).unwrap();
        let error = apart(&ours, &theirs);
        assert!(error <= 1e-6, "{kind}: {key} is off by {error:.1e}");
        *kinds.entry(kind).or_default() += 1;
        assert!(adapter.count() <= 5);
    }
    for (kind, count) in &kinds {
        assert_eq!(opened(kind, &targets).count(), *count, "{kind}");
    }
    assert_eq!(kinds.len(), 14);
}

/// What lies over a weight comes to the same as what is merged into it, and leaves it as it was.
#[test]
fn a_weight_that_was_changed_in_use_is_the_merged_one_and_comes_back_to_the_bit() {
    let targets = targets("kl-mid");
    for (kind, section, key, theirs) in expected() {
        let (layer, _) = key.rsplit_once('.').unwrap();
        if section == Section::Text || layer.contains("norm") {
            continue;
        }
        let adapter = Rc::new(opened(&kind, &targets));
        let (_, weights) = sections("kl-mid").into_iter().find(|(of, _)| *of == section).unwrap();
        let weights = weights.moved(vec![adapter]);
        let (Weight::Held(base), Some(overlay)) = weights.scope(layer).weight(theirs.dims(), false).unwrap()
        else {
            panic!("{kind}: {key} isn't moved");
        };
        overlay.turn(&[Arc::from([STRENGTH; 3])]).unwrap();
        let error = apart(&overlay.now().weight, &theirs);
        assert!(error <= 1e-6 && overlay.now().moving.is_empty(), "{kind}: {key} is off by {error:.1e}");
        overlay.turn(&[Arc::from([0.0, STRENGTH])]).unwrap();
        assert!(apart(&overlay.now().weight, &base) == 0.0 && overlay.now().moving.len() == 1);
        overlay.turn(&[]).unwrap();
        let bits = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(bits(&overlay.now().weight) == bits(&base));
    }
}

fn file(tensors: &[(&str, &[usize])]) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().prefix("adapter").suffix(".safetensors").tempfile().unwrap();
    let tensors: HashMap<&str, Tensor> = tensors
        .iter()
        .map(|(name, shape)| (*name, Tensor::zeros(*shape, DType::F32, &Device::Cpu).unwrap()))
        .collect();
    candle_core::safetensors::save(&tensors, file.path()).unwrap();
    file
}

#[test]
fn wrong_files_are_refused_by_what_they_are() {
    let (own, other) = (targets("kl-mid"), targets("tiny"));
    let block = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0";
    let q = format!("{block}_attn1_to_q");
    type Tensors<'a> = &'a [(&'a str, &'a [usize])];
    let cases: &[(Tensors<'_>, &str)] = &[
        (&[("lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", &[2, 16])], "is for SDXL"),
        (
            &[("lora_unet_input_blocks_7_1_transformer_blocks_9_attn1_to_q.lora_down.weight", &[2, 1280])],
            "is for SDXL",
        ),
        (&[(&format!("{block}_attn2_to_k.lora_down.weight"), &[2, 2048])], "is for SDXL"),
        (&[(&format!("{block}_attn2_to_k.lora_down.weight"), &[2, 1024])], "is for Stable Diffusion 2"),
        (&[("transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight", &[2, 3072])], "is for Flux"),
        (&[("lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", &[2, 3072])], "Flux"),
        (&[("lora_unet_joint_blocks_0_x_block_attn_qkv.lora_down.weight", &[2, 1536])], "Stable Diffusion 3"),
        (&[("diffusion_model.blocks.0.cross_attn.k.lora_A.weight", &[2, 5120])], "is for Wan"),
        (
            &[(&format!("{q}.lora_down.weight"), &[2, 320]), (&format!("{q}.lora_up.weight"), &[320, 2])],
            "which doesn't fit",
        ),
        (&[(&format!("{q}.lora_down.weight"), &[2, 8])], "Up is missing"),
        (&[("control_model.input_blocks.0.0.weight", &[8, 4, 3, 3])], "none of its 1 tensors"),
        (&[("first.weight", &[8]), ("second", &[8])], "none of its 2 tensors"),
    ];
    for (tensors, says) in cases {
        let file = file(tensors);
        let error = Adapter::open(file.path(), &own).unwrap_err();
        assert!(error.to_string().contains(says), "{error}: {says}");
        assert!(!error.hints().is_empty(), "{error}");
    }
    let strange = file(&[("first.weight", &[8])]);
    let hints = Adapter::open(strange.path(), &own).unwrap_err().hints().concat();
    assert!(hints.contains("look like 'first.weight'"), "{hints}");
    let motion = Adapter::open(&fixtures().join("adapters/motion.safetensors"), &other).unwrap_err();
    assert!(
        motion.to_string().contains("motion LoRA") && motion.hints()[0].contains("v1 and v3"),
        "{motion:?}"
    );
}

#[test]
fn what_is_left_of_a_file_is_told_with_counts() {
    let q = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";
    let file = file(&[
        (&format!("{q}.lora_down.weight"), &[2, 8]),
        (&format!("{q}.lora_up.weight"), &[8, 2]),
        ("lora_unet_elsewhere.lora_down.weight", &[2, 8]),
        ("bundle_emb.word.clip_l", &[1, 16]),
        ("odd", &[1]),
    ]);
    let notes = Adapter::open(file.path(), &targets("kl-mid")).unwrap().notes().join("\n");
    for says in
        ["1 of its 2 layers", "'lora_unet_elsewhere'", "aren't taken: word", "1 tensors are of a kind"]
    {
        assert!(notes.contains(says), "{notes}");
    }
}
