//! Adapters on the tiny model: merged, merged anew and by the frame.

use super::*;
use crate::diffusion::conditioning::{Conditioning, Movement};
use crate::diffusion::{Model, ModelSpec};
use crate::nn::cpu::apart;
use candle_core::Tensor;
use std::path::PathBuf;

const FRAMES: usize = 3;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn info() -> ModelInfo {
    let spec = ModelSpec { folder: fixtures().join("kl-mid"), ..ModelSpec::default() };
    ModelInfo::open(&spec).unwrap()
}

fn model(name: &str, strength: Strength) -> Model {
    let info = info();
    let adapter = info.adapter(&fixtures().join("adapters").join(name)).unwrap();
    let adapted = Adapted { param: "lora.x".into(), adapter: Rc::new(adapter), strength, text: 0.0 };
    let placement = Placement { dtype: DType::F32, device: Device::Cpu };
    Model::load_adapted(info, &placement, &[adapted]).unwrap()
}

fn wave(shape: &[usize]) -> Tensor {
    let values: Vec<f32> = (0..shape.iter().product::<usize>()).map(|i| (i as f32 * 0.37).sin()).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// The network's output for frames whose strengths these are.
fn predicted(model: &Model, strengths: &[f32], effect: f32) -> Tensor {
    let motion = vec![Movement { scale: 1.0, effect }; FRAMES];
    let strengths = if strengths.is_empty() { Vec::new() } else { vec![strengths.to_vec()] };
    let with = Conditioning { strengths, ..Conditioning::new(wave(&[1, 12, 16]), motion) };
    model.predict(&wave(&[FRAMES, 4, 9, 13]), 700.0, &with).unwrap()
}

/// |a - b| / |b|
fn distance(a: &Tensor, b: &Tensor) -> f32 {
    let norm = |t: &Tensor| t.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
    norm(&(a - b).unwrap()) / norm(b)
}

#[test]
fn merged_merged_anew_and_by_the_frame_are_the_same_and_the_model_comes_back() {
    let plain = Model::load(info(), &Placement { dtype: DType::F32, device: Device::Cpu }).unwrap();
    let base = predicted(&plain, &[], 1.0);
    for name in ["every.safetensors", "loha.safetensors", "dora.safetensors", "motion.safetensors"] {
        let merged = predicted(&model(name, Strength::Held(0.7)), &[], 1.0);
        assert!(distance(&merged, &base) > 1e-3, "{name} changes something");
        let moving = model(name, Strength::Moving);
        assert_eq!(moving.moving(), ["lora.x"]);
        let anew = predicted(&moving, &[0.7; FRAMES], 1.0);
        // Not all the same, so that nothing is merged.
        let frames = predicted(&moving, &[0.7, 0.7, 0.7f32.next_up()], 1.0);
        for (how, found) in [("anew", anew), ("by the frame", frames)] {
            let error = distance(&found, &merged);
            assert!(error <= 1e-5, "{name} {how} is off by {error:.1e}");
        }
        assert_eq!(apart(&predicted(&moving, &[], 1.0), &base), 0.0, "{name}");
        assert_eq!(apart(&predicted(&moving, &[0.0; FRAMES], 1.0), &base), 0.0, "{name}");
    }
}

/// Where no motion module mixes frames, each has what the whole window would have at its strength.
#[test]
fn every_frame_has_its_own_strength() {
    let moving = model("every.safetensors", Strength::Moving);
    let strengths = [-0.4, 0.0, 1.1];
    let found = predicted(&moving, &strengths, 0.0);
    for (frame, strength) in strengths.iter().enumerate() {
        let alone = predicted(&moving, &[*strength; FRAMES], 0.0);
        let row = |t: &Tensor| t.narrow(0, frame, 1).unwrap();
        let error = distance(&row(&found), &row(&alone));
        assert!(error <= 1e-5, "frame {frame} is off by {error:.1e}");
    }
}

#[test]
fn what_cannot_be_moved_is_refused() {
    let info = info();
    let adapter = Rc::new(info.adapter(&fixtures().join("adapters/full.safetensors")).unwrap());
    let (strength, placement) = (Strength::Moving, Placement { dtype: DType::F32, device: Device::Cpu });
    let adapted = Adapted { param: "lora.x".into(), adapter, strength, text: 0.0 };
    let error = Model::load_adapted(info, &placement, &[adapted]).unwrap_err();
    assert!(
        error.to_string().contains("lora.x can't move") && error.to_string().contains("norm1"),
        "{error}"
    );
}
