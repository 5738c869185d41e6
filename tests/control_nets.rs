//! ControlNets against diffusers: both layouts, alone and together, frame by frame.
//!
//! The fixtures are two small nets of random weights and what diffusers' pipeline makes with them, by `fixtures/control.py`.

use crate::reference::{
    Case, Sampled, TOLERANCE, case, distance, embedded, fixtures, folder_of, inputs, moving, values,
};
use beatbolt::diffusion::conditioning::{Conditioning, Control, Movement};
use beatbolt::diffusion::config::SchedulerConfig;
use beatbolt::diffusion::sampling::denoise::denoise;
use beatbolt::diffusion::sampling::schedule::Schedule;
use beatbolt::diffusion::sampling::window::{Guidance, WindowInputs};
use beatbolt::diffusion::{Model, ModelInfo, ModelSpec, Precision};
use candle_core::{DType, Device, Tensor};
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A run of the fixtures with ControlNets.
#[derive(Deserialize)]
struct Controlled {
    #[serde(flatten)]
    case: Case,
    strengths: Vec<f32>,
    /// The shares of the steps at which each ends.
    ends: Vec<f64>,
}

/// The two ControlNets of the fixtures: a file in their own layout, and a folder in diffusers'.
const NETS: [&str; 2] = ["control/canny.safetensors", "control/depth"];

fn controlled(folder: &Path, nets: &[PathBuf]) -> Model {
    let info = ModelInfo::open(&ModelSpec { folder: folder.to_owned(), ..ModelSpec::default() }).unwrap();
    let files: Vec<_> = nets.iter().map(|net| info.control(net).unwrap()).collect();
    let model = Model::load(info, &Precision::F32.on(&Device::Cpu).unwrap()).unwrap();
    model.with_controls(&files).unwrap()
}

/// Latents after every step of a run with ControlNets, by diffusers' AnimateDiffControlNetPipeline; and how far ours are from those
/// without any.
fn control_agrees(name: &str) {
    let text = std::fs::read_to_string(fixtures().join(format!("control/{name}.json"))).unwrap();
    let Controlled { case, strengths, ends } = serde_json::from_str(&text).unwrap();
    let folder = folder_of(&case);
    let nets: Vec<PathBuf> = NETS.iter().take(strengths.len()).map(|net| fixtures().join(net)).collect();
    let model = controlled(folder.path(), &nets);
    let path = fixtures().join(format!("control/{name}.safetensors"));
    let reference: HashMap<String, Tensor> = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
    let (text, negative) = embedded(&model, &reference);
    let noise = &reference["noise"];
    let frames = noise.dims()[0];
    let control = |(net, (strength, end)): (usize, (&f32, &f64))| {
        let pictures = reference[&format!("pictures.{net}")].permute((0, 3, 1, 2)).unwrap();
        let pictures = (pictures.to_dtype(DType::F32).unwrap() / 255.0).unwrap();
        let features = model.features(net, &pictures).unwrap();
        Control { net, features, strengths: vec![*strength; frames], span: (0.0, *end) }
    };
    let controls: Vec<Control> = strengths.iter().zip(&ends).enumerate().map(control).collect();
    let plain = Conditioning::new(text, vec![Movement::PLAIN; frames]);
    let config = SchedulerConfig::read(&folder.path().join("scheduler/scheduler_config.json")).unwrap();
    let schedule = Schedule::new(&config, case.steps).unwrap();
    let run = |conditioning: &Conditioning, check: bool| {
        let window = WindowInputs {
            noise,
            step_noise: &[],
            pinned: None,
            pin_noise: None,
            init_latents: None,
            denoise: &vec![1.0; frames],
            pace: None,
            conditioning,
            guidance: (case.guidance != 1.0)
                .then_some(Guidance { negative: &negative, scale: case.guidance }),
        };
        let model = Sampled { model: &model, prediction: config.prediction };
        denoise(&model, &schedule, &window, |step| {
            let error = distance(step.latents, &reference[&format!("latents.{}", step.index)]);
            assert!(
                !check || error <= TOLERANCE,
                "{name}: latents of step {} are off by {error:.1e}",
                step.index
            );
            Ok(())
        })
        .unwrap()
    };
    let led = run(&Conditioning { controls: controls.clone(), ..plain.clone() }, true);
    let free = run(&plain, false);
    assert!(distance(&free, &led) > 0.01, "the control is heard: {}", distance(&free, &led));
    // Without strength it is the model alone, to the bit.
    let silent = controls.into_iter().map(|c| Control { strengths: vec![0.0; frames], ..c }).collect();
    assert!(values(&run(&Conditioning { controls: silent, ..plain }, false)) == values(&free));
}

#[test]
fn a_control_net_in_its_own_layout_agrees_with_diffusers() {
    control_agrees("one");
}

#[test]
fn two_control_nets_with_guidance_and_an_early_end_agree_with_diffusers() {
    control_agrees("two");
}

/// The same weights in the other layout, as differences to the UNet's, and with a strength for every frame.
#[test]
fn control_nets_are_read_in_every_layout_and_act_frame_by_frame() {
    let folder = folder_of(&case("euler"));
    let load = |file: &str| candle_core::safetensors::load(fixtures().join(file), &Device::Cpu).unwrap();
    let depth = load("control/depth/diffusion_pytorch_model.safetensors");
    let unet = load("kl-mid/unet/diffusion_pytorch_model.safetensors");
    let wide = |t: &Tensor| t.to_dtype(DType::F32).unwrap();
    let less = |(key, tensor): (&String, &Tensor)| match unet.get(key) {
        Some(base) => (key.clone(), (wide(tensor) - wide(base)).unwrap()),
        None => (key.clone(), wide(tensor)),
    };
    let mut differences: HashMap<String, Tensor> = depth.iter().map(less).collect();
    differences.insert("difference".into(), Tensor::zeros(0, DType::F32, &Device::Cpu).unwrap());
    let home = tempfile::tempdir().unwrap();
    let (bare, differing) = (home.path().join("bare.safetensors"), home.path().join("diff.safetensors"));
    candle_core::safetensors::save(&depth, &bare).unwrap();
    candle_core::safetensors::save(&differences, &differing).unwrap();
    let model = controlled(folder.path(), &[fixtures().join(NETS[1]), bare, differing]);
    let (x, text) = inputs(3);
    let (_, _, h, w) = x.dims4().unwrap();
    let pictures = Tensor::arange(0f32, (3 * 3 * 4 * h * w) as f32, &Device::Cpu).unwrap();
    let pictures =
        ((pictures * 0.7).unwrap().sin().unwrap().reshape((3, 3, 2 * h, 2 * w)).unwrap() * 0.5).unwrap();
    let predict = |net: usize, strengths: [f32; 3]| {
        let features = model.features(net, &pictures).unwrap();
        let control = Control { net, features, strengths: strengths.to_vec(), span: (0.0, 1.0) };
        let with = Conditioning {
            controls: vec![control],
            ..moving(&text, &[Movement { effect: 0.0, ..Movement::PLAIN }; 3])
        };
        model.predict(&x, 500.0, &with).unwrap()
    };
    let whole = predict(0, [0.7; 3]);
    assert!(values(&predict(1, [0.7; 3])) == values(&whole));
    assert!(distance(&predict(2, [0.7; 3]), &whole) < 1e-5);
    // Without motion modules frames don't see each other.
    let (none, some) = (predict(0, [0.0; 3]), predict(0, [0.0, 0.7, 0.0]));
    let row = |t: &Tensor, i| t.narrow(0, i, 1).unwrap();
    assert!(
        distance(&row(&some, 0), &row(&none, 0)) < 1e-6 && distance(&row(&some, 1), &row(&whole, 1)) < 1e-6
    );
    assert!(distance(&row(&some, 1), &row(&none, 1)) > 1e-3);
}
