//! The schedulers of the motion modules' cards against diffusers' AnimateDiffPipeline: grids and final latents.
//!
//! The fixtures are made by `fixtures/recipes.py`, whose head says which class and arguments each card gives.

use beatbolt::diffusion::config::SchedulerConfig;
use beatbolt::diffusion::denoise::{Guidance, Window, denoise};
use beatbolt::diffusion::motion::Movement;
use beatbolt::diffusion::schedule::Schedule;
use beatbolt::diffusion::{Effort, Model, ModelSpec, Precision};
use candle_core::{DType, Device, Tensor};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The classes that are built here; AnimateLCM's is not among them.
const CASES: &[&str] = &[
    "lightning-1",
    "lightning-2",
    "lightning-3",
    "lightning-4",
    "lightning-8",
    "lightning-4-velocity",
    "standard-v1",
    "standard-v2",
    "standard-v2-short",
    "standard-v3",
];

const TOLERANCE: f64 = 1e-5;

#[derive(Deserialize)]
struct Case {
    model: String,
    motion_file_lacks: Option<String>,
    steps: usize,
    guidance: f64,
    scheduler: Value,
    timesteps: Vec<f64>,
    sigmas: Vec<f64>,
    init_noise_sigma: f64,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn case(name: &str) -> Case {
    let path = fixtures().join(format!("recipes/{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The case's model with the scheduler of its card, and the group norm over the `norm` of "window" or "frame".
fn folder_of(case: &Case, norm: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let model = fixtures().join(&case.model);
    for part in ["unet", "motion_adapter", "vae", "text_encoder"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
        for file in std::fs::read_dir(model.join(part)).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.path().join(part).join(file.file_name())).unwrap();
        }
    }
    let motion = folder.path().join("motion_adapter");
    let path = motion.join("config.json");
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    config["motion_norm"] = norm.into();
    if let Some(lacks) = &case.motion_file_lacks {
        config["use_motion_mid_block"] = (lacks != "mid_block").into();
        let path = motion.join("diffusion_pytorch_model.safetensors");
        let mut tensors = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
        tensors.retain(|name, _| !name.contains(lacks));
        candle_core::safetensors::save(&tensors, &path).unwrap();
    }
    std::fs::write(&path, config.to_string()).unwrap();
    let scheduler = folder.path().join("scheduler");
    std::fs::create_dir(&scheduler).unwrap();
    std::fs::write(scheduler.join("scheduler_config.json"), case.scheduler.to_string()).unwrap();
    folder
}

/// |a - b|
fn apart(a: &Tensor, b: &Tensor) -> f64 {
    let (a, b) = (a.to_dtype(DType::F64).unwrap(), b.to_dtype(DType::F64).unwrap());
    (a - b).unwrap().sqr().unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap().sqrt()
}

/// Final latents of `case`, the noise and the token ids from `reference`.
fn latents(case: &Case, norm: &str, reference: &HashMap<String, Tensor>) -> Tensor {
    let folder = folder_of(case, norm);
    let spec = ModelSpec {
        folder: folder.path().to_owned(),
        motion: None,
        effort: Effort::Own,
        precision: Precision::F32,
    };
    let model = Model::open(&spec, &Device::Cpu).unwrap();
    let ids = |key: &str| {
        let ids = reference[key].flatten_all().unwrap().to_dtype(DType::U32).unwrap();
        model.encode_ids(&ids.to_vec1::<u32>().unwrap()).unwrap()
    };
    let (text, negative) = (ids("input_ids"), ids("negative_ids"));
    let noise = &reference["noise"];
    let frames = noise.dims()[0];
    let window = Window {
        noise,
        pinned: None,
        pin_noise: None,
        carried: None,
        denoise: &vec![1.0; frames],
        motion: &vec![Movement::PLAIN; frames],
        pace: None,
        text: &text,
        guidance: (case.guidance != 1.0).then_some(Guidance { negative: &negative, scale: case.guidance }),
    };
    let schedule = Schedule::new(model.scheduler(), case.steps).unwrap();
    denoise(&model, &schedule, &window, |_| Ok(())).unwrap()
}

#[test]
fn a_module_sampled_as_its_card_says_agrees_with_diffusers() {
    for name in CASES {
        let case = case(name);
        let path = fixtures().join(format!("recipes/{name}.safetensors"));
        let reference = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
        for norm in ["window", "frame"] {
            let start = (&reference["noise"] * case.init_noise_sigma).unwrap();
            let theirs = &reference[&format!("latents.{norm}")];
            // A random network's predictions are small beside 25 sigmas of noise: what counts is how far the run has come.
            let way = apart(theirs, &start).min(apart(theirs, &theirs.zeros_like().unwrap()));
            let error = apart(&latents(&case, norm, &reference), theirs) / way;
            assert!(error <= TOLERANCE, "{name}, norm over the {norm}: {error:.1e}");
        }
    }
}

#[test]
fn grids_of_the_cards_are_those_of_diffusers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scheduler_config.json");
    for name in CASES {
        let case = case(name);
        std::fs::write(&path, case.scheduler.to_string()).unwrap();
        let schedule = Schedule::new(&SchedulerConfig::read(&path).unwrap(), case.steps).unwrap();
        let strides = schedule.strides(1.0);
        let times: Vec<f64> = strides.iter().map(|s| s.from.t).collect();
        assert_eq!(times, case.timesteps, "{name}");
        for (stride, sigma) in strides.iter().zip(case.sigmas) {
            let ours = stride.from.noise / stride.from.signal;
            // Theirs are in single precision, where 1 - alpha_bar keeps few digits near 0.
            assert!((ours - sigma).abs() <= 1e-6 + 2e-6 * sigma, "{name}: {ours} {sigma}");
        }
    }
}
