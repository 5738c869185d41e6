//! How motion modules are sampled: told by their files, whatever the checkpoint's scheduler says, and held against diffusers'
//! AnimateDiffPipeline with the scheduler of each module's card.
//!
//! The fixtures are made by `fixtures/recipes.py`, whose head says which class and arguments each card gives.

use crate::cli::Stage;
use crate::golden::complete_kl;
use crate::reference::embedded;
use beatbolt::diffusion::conditioning::{Conditioning, Movement};
use beatbolt::diffusion::config::Prediction;
use beatbolt::diffusion::model::{Origin, Sampling};
use beatbolt::diffusion::sampling::denoise::denoise;
use beatbolt::diffusion::sampling::window::{Guidance, WindowInputs};
use beatbolt::diffusion::{Model, ModelInfo, ModelSpec, Precision, Tier};
use beatbolt::error::ErrorKind;
use candle_core::{DType, Device, Tensor};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

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
    "lcm-4",
    "lcm-6",
];

const TOLERANCE: f64 = 1e-5;

#[derive(Deserialize)]
struct Case {
    model: String,
    motion_file: String,
    motion_file_lacks: Option<String>,
    steps: usize,
    guidance: f64,
    checkpoint: Value,
    timesteps: Vec<f64>,
    sigmas: Vec<f64>,
    init_noise_sigma: f64,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn case(name: &str) -> Case {
    let path = fixtures().join(format!("recipes/{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A checkpoint's folder with the scheduler that the checkpoint ships with, and the motion module in a file of its own beside it, under
/// the name that people have it by. Group norms as in diffusers: the motion modules' over the `norm`, the UNet's frame by frame.
fn stage(case: &Case, norm: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let model = fixtures().join(&case.model);
    for part in ["unet", "vae", "text_encoder"] {
        fs::create_dir(folder.path().join(part)).unwrap();
        for file in fs::read_dir(model.join(part)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), folder.path().join(part).join(file.file_name())).unwrap();
        }
    }
    let put = |path: &str, value: &Value| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, value.to_string()).unwrap();
    };
    let text = fs::read_to_string(model.join("motion_adapter/config.json")).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config["motion_norm"] = norm.into();
    config["unet_norm"] = "frame".into();
    put("motion_adapter/config.json", &config);
    put("scheduler/scheduler_config.json", &case.checkpoint);
    let weights = model.join("motion_adapter/diffusion_pytorch_model.safetensors");
    let mut tensors = candle_core::safetensors::load(weights, &Device::Cpu).unwrap();
    let lacks = |name: &str| case.motion_file_lacks.as_ref().is_some_and(|part| name.contains(part));
    tensors.retain(|name, _| !lacks(name));
    let motion = folder.path().join(&case.motion_file);
    candle_core::safetensors::save(&tensors, &motion).unwrap();
    (folder, motion)
}

fn spec(folder: &Path, motion: &Path, steps: Option<usize>) -> ModelSpec {
    let (folder, motion) = (folder.to_owned(), Some(motion.to_owned()));
    ModelSpec { folder, motion, steps, ..ModelSpec::default() }
}

fn grid(sampling: &Sampling) -> (Vec<f64>, Vec<f64>) {
    let strides = sampling.schedule().unwrap().strides(1.0);
    strides.iter().map(|s| (s.from.t, s.from.noise / s.from.signal)).unzip()
}

/// |a - b|
fn apart(a: &Tensor, b: &Tensor) -> f64 {
    let (a, b) = (a.to_dtype(DType::F64).unwrap(), b.to_dtype(DType::F64).unwrap());
    (a - b).unwrap().sqr().unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap().sqrt()
}

/// Final latents of `case`, with the noise and the token ids of `reference`.
fn latents(case: &Case, norm: &str, reference: &HashMap<String, Tensor>) -> Tensor {
    let (folder, motion) = stage(case, norm);
    let spec = spec(folder.path(), &motion, Some(case.steps));
    let model = Model::open(&spec, &Precision::F32.on(&Device::Cpu).unwrap()).unwrap();
    let (text, negative) = embedded(&model, reference);
    let noise = &reference["noise"];
    let frames = noise.dims()[0];
    let fresh = (0..case.steps).filter_map(|step| reference.get(&format!("noise.{step}")).cloned());
    let window = WindowInputs {
        noise,
        step_noise: &fresh.collect::<Vec<_>>(),
        pinned: None,
        pin_noise: None,
        init_latents: None,
        denoise: &vec![1.0; frames],
        pace: None,
        conditioning: &Conditioning::new(text, vec![Movement::PLAIN; frames]),
        guidance: (case.guidance != 1.0).then_some(Guidance { negative: &negative, scale: case.guidance }),
    };
    denoise(&model, &model.info().sampling().schedule().unwrap(), &window, |_| Ok(())).unwrap()
}

#[test]
fn a_module_beside_a_stock_checkpoint_is_sampled_as_its_card_says_and_agrees_with_diffusers() {
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
fn the_grids_of_the_recipes_are_those_of_diffusers() {
    for name in CASES {
        let case = case(name);
        let (folder, motion) = stage(&case, "frame");
        let info = ModelInfo::open(&spec(folder.path(), &motion, Some(case.steps))).unwrap();
        let (times, sigmas) = grid(info.sampling());
        assert_eq!(times, case.timesteps, "{name}");
        for (ours, theirs) in sigmas.iter().zip(case.sigmas) {
            // Theirs are in single precision, where 1 - alpha_bar keeps few digits near 0.
            assert!((ours - theirs).abs() <= 1e-6 + 2e-6 * theirs, "{name}: {ours} {theirs}");
        }
    }
}

/// AnimateDiff-Lightning's table (betas linear from 0.00085 to 0.012, trailing): not the checkpoint's PNDM with scaled betas, which would
/// begin at a sigma of 14.6.
#[test]
fn a_lightning_file_gets_its_own_steps_and_levels_beside_a_stock_checkpoint() {
    let case = case("lightning-4");
    let (folder, motion) = stage(&case, "frame");
    let rows: [(usize, &[f64], &[f64]); 4] = [
        (1, &[999.0], &[25.146]),
        (2, &[999.0, 499.0], &[25.146, 2.276]),
        (4, &[999.0, 749.0, 499.0, 249.0], &[25.146, 6.557, 2.276, 0.867]),
        (
            8,
            &[999.0, 874.0, 749.0, 624.0, 499.0, 374.0, 249.0, 124.0],
            &[25.146, 12.32, 6.557, 3.755, 2.276, 1.419, 0.867, 0.461],
        ),
    ];
    for (steps, times, sigmas) in rows {
        let named = motion.with_file_name(format!("animatediff_lightning_{steps}step_comfyui.safetensors"));
        if named != motion {
            fs::copy(&motion, &named).unwrap();
        }
        for tier in Tier::ALL {
            let info = ModelInfo::open(&ModelSpec { tier, ..spec(folder.path(), &named, None) }).unwrap();
            let sampling = info.sampling();
            assert_eq!((sampling.steps, sampling.guidance), (steps, 1.0));
            let (found, levels) = grid(sampling);
            assert_eq!(found, times);
            assert!(levels.iter().zip(sigmas).all(|(a, b)| (a - b).abs() < 5e-3), "{levels:?}");
            assert!((levels[0] - 25.146).abs() < 1e-3);
            assert_eq!(sampling.from.scheduler, Origin::MotionModule);
        }
    }
}

#[test]
fn what_a_name_does_not_tell_is_said_with_what_it_is_taken_for() {
    let case = case("lightning-4");
    let (folder, motion) = stage(&case, "frame");
    let plain = motion.with_file_name("mm.safetensors");
    fs::copy(&motion, &plain).unwrap();
    let info = ModelInfo::open(&spec(folder.path(), &plain, None)).unwrap();
    let notes = info.notes().join("\n");
    assert!(notes.contains("doesn't tell which") && notes.contains("taken for AnimateDiff v2"), "{notes}");
    let sampling = info.sampling();
    assert_eq!((sampling.steps, sampling.guidance), (25, 7.5));
    assert_eq!(sampling.scheduler.sampler.name(), "ddim");
    let last =
        ModelInfo::open(&ModelSpec { tier: Tier::Final, ..spec(folder.path(), &plain, None) }).unwrap();
    assert_eq!(last.sampling().steps, 40);
}

#[test]
fn every_family_gets_its_own_row() {
    for (name, family, kind, steps) in [
        ("standard-v1", "AnimateDiff v1", "ddim", 25),
        ("standard-v2", "AnimateDiff v2", "ddim", 25),
        ("standard-v3", "AnimateDiff v3", "ddim", 25),
        ("lcm-6", "AnimateLCM", "lcm", 6),
        ("lightning-8", "AnimateDiff-Lightning, 8 steps", "euler", 8),
    ] {
        let case = case(name);
        let (folder, motion) = stage(&case, "frame");
        let info = ModelInfo::open(&spec(folder.path(), &motion, None)).unwrap();
        let sampling = info.sampling();
        assert_eq!(
            (sampling.family.as_str(), sampling.scheduler.sampler.name(), sampling.steps),
            (family, kind, steps)
        );
        assert!(info.notes().iter().any(|note| note.contains(family)), "{:?}", info.notes());
    }
}

#[test]
fn what_the_checkpoint_predicts_is_kept_and_its_sampler_may_be_any() {
    let mut case = case("lightning-4");
    for (change, value) in [
        ("use_karras_sigmas", Value::from(true)),
        ("_class_name", "DPMSolverSDEScheduler".into()),
        ("beta_schedule", "squaredcos_cap_v2".into()),
        ("trained_betas", serde_json::json!([0.1, 0.2])),
        ("thresholding", true.into()),
    ] {
        case.checkpoint[change] = value;
        case.checkpoint["prediction_type"] = "v_prediction".into();
        let (folder, motion) = stage(&case, "frame");
        let info = ModelInfo::open(&spec(folder.path(), &motion, None)).unwrap();
        assert_eq!(info.sampling().scheduler.prediction, Prediction::Velocity, "{change}");
        assert_eq!(grid(info.sampling()).0, case.timesteps, "{change}");
    }
    let (folder, motion) = stage(&case, "frame");
    fs::remove_dir_all(folder.path().join("scheduler")).unwrap();
    let info = ModelInfo::open(&spec(folder.path(), &motion, None)).unwrap();
    assert_eq!(info.sampling().scheduler.prediction, Prediction::Epsilon);
}

#[test]
fn steps_that_a_module_was_not_made_for_are_refused_with_the_mend_and_can_be_forced() {
    let case = case("lightning-4");
    let (folder, motion) = stage(&case, "frame");
    let refused = ModelInfo::open(&spec(folder.path(), &motion, Some(6))).unwrap_err();
    let hints = refused.hints().join("\n");
    assert_eq!(refused.kind(), ErrorKind::Usage);
    assert!(refused.to_string().contains("not made for 6 steps"), "{refused}");
    assert!(
        hints.contains("--steps 4")
            && hints.contains("no file for 6 steps")
            && hints.contains("--force-steps"),
        "{hints}"
    );
    let other = ModelInfo::open(&spec(folder.path(), &motion, Some(8))).unwrap_err();
    assert!(other.hints().join("\n").contains("the module's file for 8 steps"));
    let forced = ModelSpec { force_steps: true, ..spec(folder.path(), &motion, Some(6)) };
    let info = ModelInfo::open(&forced).unwrap();
    assert_eq!((info.sampling().steps, info.sampling().from.steps), (6, Origin::User));
    // The card's own exception: three steps with the file for two.
    let two = motion.with_file_name("animatediff_lightning_2step_diffusers.safetensors");
    fs::copy(&motion, &two).unwrap();
    assert_eq!(ModelInfo::open(&spec(folder.path(), &two, Some(3))).unwrap().sampling().steps, 3);
}

#[test]
fn a_model_can_be_looked_at_without_any_of_its_weights() {
    let case = case("lightning-4");
    let (folder, motion) = stage(&case, "frame");
    for part in ["unet", "vae", "text_encoder"] {
        for file in fs::read_dir(folder.path().join(part)).unwrap().map(|f| f.unwrap().path()) {
            if file.extension().is_some_and(|e| e == "safetensors") {
                fs::remove_file(file).unwrap();
            }
        }
    }
    let info = ModelInfo::open(&spec(folder.path(), &motion, None)).unwrap();
    assert_eq!((info.latent_channels(), info.sampling().steps), (4, 4));
    assert!(info.fingerprint().is_err(), "that needs the weights");
    assert!(Model::load(info, &Precision::F32.on(&Device::Cpu).unwrap()).is_err());
}

/// A track beside a checkpoint's folder `kl` as strangers have it, without any weights, and a motion file of this name.
fn strangers(motion: &str) -> Stage {
    let stage = Stage::new(3.0);
    let case = case("lightning-4");
    complete_kl(&stage.path("kl"));
    fs::remove_file(stage.path("kl/beatbolt.json")).unwrap();
    fs::write(stage.path("kl/scheduler/scheduler_config.json"), case.checkpoint.to_string()).unwrap();
    let weights = |part: &str| stage.path(&format!("kl/{part}/diffusion_pytorch_model.safetensors"));
    fs::rename(weights("motion_adapter"), stage.path(motion)).unwrap();
    ["unet", "vae"].into_iter().for_each(|part| fs::remove_file(weights(part)).unwrap());
    fs::remove_file(stage.path("kl/text_encoder/model.safetensors")).unwrap();
    stage
}

#[test]
fn a_plan_says_how_windows_are_sampled_and_who_says_so_without_the_weights() {
    let stage = strangers("animatediff_lightning_4step_comfyui.safetensors");
    let line =
        "plan track.wav --model kl --motion animatediff_lightning_4step_comfyui.safetensors --generate 64x64";
    let plan: Value = {
        let told = stage.run(&format!("{line} --json")).succeeds().out;
        serde_json::from_str(told.lines().last().unwrap()).unwrap()
    };
    let sampling = &plan["sampling"];
    assert_eq!(sampling["timesteps"], serde_json::json!([999.0, 749.0, 499.0, 249.0]));
    for (sigma, expected) in sampling["sigmas"].as_array().unwrap().iter().zip([25.146, 6.557, 2.276, 0.867])
    {
        assert!((sigma.as_f64().unwrap() - expected).abs() < 1e-3, "{sampling}");
    }
    assert_eq!((&sampling["sampler"], &sampling["guidance"]), (&"euler".into(), &1.0.into()));
    let from = serde_json::json!({
        "scheduler": "motion_module", "prediction": "checkpoint", "steps": "motion_module", "guidance": "motion_module"
    });
    assert_eq!(sampling["from"], from);
    let text = stage.run(&format!("{line} --set guidance=1.2")).succeeds().out;
    for said in
        ["AnimateDiff-Lightning, 4 steps", "999, 749, 499, 249", "25.146", "guidance 1.2", "guidance by you"]
    {
        assert!(text.contains(said), "'{said}' in:\n{text}");
    }
    stage.run(&format!("{line} --steps 6")).fails(2, &["not made for 6 steps", "--steps 4", "--force-steps"]);
    let forced = stage.run(&format!("{line} --steps 6 --force-steps")).succeeds().out;
    assert!(
        forced.contains("6 steps with a motion module for 4 (AnimateDiff-Lightning, 4 steps)"),
        "{forced}"
    );
    let csv = stage.run(
        "export track.wav --model kl --motion animatediff_lightning_4step_comfyui.safetensors --format csv",
    );
    assert!(csv.succeeds().out.lines().count() > 20);
}

#[test]
fn a_plan_tells_what_a_nameless_module_is_taken_for() {
    let stage = strangers("mm.safetensors");
    let run = stage.run("plan track.wav --model kl --motion mm.safetensors --generate 64x64").succeeds();
    assert!(run.err.contains("taken for AnimateDiff v2"), "{}", run.err);
    assert!(run.out.contains("ddim at timesteps 999, 957 ... 0"), "{}", run.out);
    let render = stage.run("render track.wav --model kl --motion mm.safetensors --generate 64x64");
    render.fails(4, &["there are no weights in"]);
}
