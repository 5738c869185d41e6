//! A clip made anew against diffusers: AnimateDiffVideoToVideoPipeline on the same latents with the same noise.
//!
//! The fixture is a clip of random pixels and what the pipeline makes of it, by `fixtures/footage.py`.

use crate::reference::{Case, Sampled, TOLERANCE, distance, embedded, fixtures, folder_of, open};
use beatbolt::diffusion::conditioning::{Conditioning, Movement};
use beatbolt::diffusion::config::SchedulerConfig;
use beatbolt::diffusion::sampling::denoise::denoise;
use beatbolt::diffusion::sampling::schedule::Schedule;
use beatbolt::diffusion::sampling::window::{Guidance, WindowInputs};
use candle_core::{DType, Device, Tensor};
use serde::Deserialize;
use std::collections::HashMap;

/// A run of the fixtures that starts from a clip.
#[derive(Deserialize)]
struct Restyled {
    #[serde(flatten)]
    case: Case,
    strength: f32,
}

#[test]
fn a_clip_made_anew_agrees_with_diffusers() {
    let text = std::fs::read_to_string(fixtures().join("footage.json")).unwrap();
    let Restyled { case, strength } = serde_json::from_str(&text).unwrap();
    let folder = folder_of(&case);
    let model = open(folder.path(), None).unwrap();
    let reference: HashMap<String, Tensor> =
        candle_core::safetensors::load(fixtures().join("footage.safetensors"), &Device::Cpu).unwrap();
    let clip = reference["clip"].permute((0, 3, 1, 2)).unwrap().to_dtype(DType::F32).unwrap();
    let encoded = model.encode(&(clip / 127.5).unwrap().affine(1.0, -1.0).unwrap()).unwrap();
    let error = distance(&encoded, &reference["encoded"]);
    assert!(error <= TOLERANCE, "the encoded clip is off by {error:.1e}");

    let (text, negative) = embedded(&model, &reference);
    let noise = &reference["noise"];
    let frames = noise.dims()[0];
    let config = SchedulerConfig::read(&folder.path().join("scheduler/scheduler_config.json")).unwrap();
    let window = WindowInputs {
        noise,
        step_noise: &[],
        pinned: None,
        pin_noise: None,
        init_latents: Some(&encoded),
        denoise: &vec![strength; frames],
        pace: None,
        conditioning: &Conditioning::new(text, vec![Movement::PLAIN; frames]),
        guidance: Some(Guidance { negative: &negative, scale: case.guidance }),
    };
    let sampled = Sampled { model: &model, prediction: config.prediction };
    let mut steps = 0;
    denoise(&sampled, &Schedule::new(&config, case.steps).unwrap(), &window, |step| {
        let error = distance(step.latents, &reference[&format!("latents.{}", step.index)]);
        assert!(error <= TOLERANCE, "latents of step {} are off by {error:.1e}", step.index);
        steps += 1;
        Ok(())
    })
    .unwrap();
    assert_eq!(steps, case.steps);
}
