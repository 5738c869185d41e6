//! A second oracle, in this language: candle-transformers' networks and schedulers on the same weights.
//!
//! It computes with the same crate as we do, but in its own order, from its own reading of the papers. Where it differs from
//! diffusers, it is no oracle (0.11.1):
//! - trailing spacing steps by the whole number T / N and goes on to the end: with 3 steps it has four timesteps, 999, 666,
//!   333, 0. Right where N divides T;
//! - linspace spacing cuts off where diffusers rounds (DDIM) or keeps the fraction (Euler). Right where N − 1 divides T − 1;
//! - Euler is there as its ancestral form only, which adds noise at every step: its levels are compared, not its steps;
//! - DDIM ends on the ᾱ of timestep 0 always (`set_alpha_to_one` false), and cuts no clean latents;
//! - its autoencoder is right for one picture at a time: its attention multiplies a transposed batch by a broadcast weight, and candle's
//!   product of these takes the transposed rows for adjacent ones (a fault of `Tensor::matmul` on the CPU, which nothing of ours runs into);
//! - its UNet normalises in 32 groups whatever is asked for, and the GELU of its feed-forward layers is the tanh approximation, as is
//!   that of the text encoder of Stable Diffusion 2.1: neither is compared.

use beatbolt::diffusion::config::{BetaSchedule, Prediction, SchedulerConfig, Spacing};
use beatbolt::diffusion::sampling::prediction::pred_x0;
use beatbolt::diffusion::sampling::sampler::{Sampler, Step};
use beatbolt::diffusion::sampling::samplers::{Ddim, Euler};
use beatbolt::diffusion::sampling::schedule::Schedule;
use beatbolt::diffusion::{Model, ModelSpec, Precision};
use beatbolt::noise::{Stream, gaussian};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::clip::text_model;
use candle_transformers::models::stable_diffusion as theirs;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use theirs::schedulers::{Scheduler, SchedulerConfig as _};

/// Single precision, sums in another order.
const TOLERANCE: f64 = 3e-6;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kl-mid")
}

/// The fixture as we open it; no test here depends on its scheduler.
fn ours() -> Model {
    let folder = tempfile::tempdir().unwrap();
    for part in ["unet", "motion_adapter", "vae", "text_encoder", "scheduler"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
        for file in std::fs::read_dir(fixture().join(part)).into_iter().flatten() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.path().join(part).join(file.file_name())).unwrap();
        }
    }
    let scheduler = folder.path().join("scheduler/scheduler_config.json");
    std::fs::write(scheduler, r#"{"_class_name": "EulerDiscreteScheduler"}"#).unwrap();
    let spec = ModelSpec { folder: folder.path().to_owned(), ..ModelSpec::default() };
    Model::open(&spec, &Precision::F32.on(&Device::Cpu).unwrap()).unwrap()
}

fn tensors(file: &str) -> HashMap<String, Tensor> {
    let wide = |(name, tensor): (String, Tensor)| (name, tensor.to_dtype(DType::F32).unwrap());
    candle_core::safetensors::load(fixture().join(file), &Device::Cpu)
        .unwrap()
        .into_iter()
        .map(wide)
        .collect()
}

fn weights(tensors: HashMap<String, Tensor>) -> VarBuilder<'static> {
    VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu)
}

fn random(index: u64, shape: &[usize]) -> Tensor {
    let mut values = vec![0.0; shape.iter().product()];
    gaussian(7, Stream::Latents, index, &mut values);
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// |a - b| / |b|
fn distance(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.dims(), b.dims());
    let norm = |t: &Tensor| t.sqr().unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap().sqrt();
    let (a, b) = (a.to_dtype(DType::F64).unwrap(), b.to_dtype(DType::F64).unwrap());
    norm(&(a - &b).unwrap()) / norm(&b)
}

#[test]
fn the_text_encoder_says_what_candle_transformers_says() {
    let config = text_model::ClipTextConfig {
        vocab_size: 40,
        embed_dim: 16,
        activation: text_model::Activation::QuickGelu,
        intermediate_size: 64,
        max_position_embeddings: 12,
        pad_with: None,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        projection_dim: 16,
    };
    let weights = weights(tensors("text_encoder/model.safetensors"));
    let encoder = text_model::ClipTextTransformer::new(weights, &config).unwrap();
    let model = ours();
    for pace in [1, 7, 11] {
        let ids: Vec<u32> = (0..12).map(|i| (i * pace + 3) % 40).collect();
        let batch = Tensor::new(&ids[..], &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let theirs = encoder.forward_with_mask(&batch, usize::MAX);
        let error = distance(&model.encode_ids(&ids).unwrap(), &theirs.unwrap());
        assert!(error <= TOLERANCE, "{ids:?}: {error:.1e}");
    }
}

fn autoencoder(tensors: HashMap<String, Tensor>) -> theirs::vae::AutoEncoderKL {
    let config = theirs::vae::AutoEncoderKLConfig {
        block_out_channels: vec![8, 8],
        layers_per_block: 2,
        latent_channels: 4,
        norm_num_groups: 4,
        use_quant_conv: true,
        use_post_quant_conv: true,
    };
    theirs::vae::AutoEncoderKL::new(weights(tensors), 3, 3, config).unwrap()
}

#[test]
fn the_autoencoder_decodes_as_candle_transformers_does() {
    let (vae, model) = (autoencoder(tensors("vae/diffusion_pytorch_model.safetensors")), ours());
    for (index, shape) in [[1, 4, 11, 17], [1, 4, 8, 12], [1, 4, 1, 1]].into_iter().enumerate() {
        let latents = random(index as u64, &shape);
        let theirs = vae.decode(&(&latents / 0.18215).unwrap()).unwrap();
        let error = distance(&model.decode(&latents).unwrap(), &theirs);
        assert!(error <= TOLERANCE, "{shape:?}: {error:.1e}");
    }
}

/// They keep the mean for themselves and give samples; with a log variance of -100 these are the mean.
#[test]
fn the_autoencoder_encodes_as_candle_transformers_does() {
    let mut tensors = tensors("vae/diffusion_pytorch_model.safetensors");
    for (name, end) in [("quant_conv.weight", 0.0), ("quant_conv.bias", -100.0)] {
        let mean = tensors[name].narrow(0, 0, 4).unwrap();
        let variance = (mean.zeros_like().unwrap() + end).unwrap();
        tensors.insert(name.into(), Tensor::cat(&[mean, variance], 0).unwrap());
    }
    let (vae, model) = (autoencoder(tensors), ours());
    for (index, shape) in [[1, 3, 22, 34], [1, 3, 16, 24], [1, 3, 2, 2]].into_iter().enumerate() {
        let picture = random(index as u64, &shape).tanh().unwrap();
        let theirs = (vae.encode(&picture).unwrap().sample().unwrap() * 0.18215).unwrap();
        let error = distance(&model.encode(&picture).unwrap(), &theirs);
        assert!(error <= TOLERANCE, "{shape:?}: {error:.1e}");
    }
}

fn config(sampler: &'static dyn Sampler, spacing: Spacing, prediction: Prediction) -> SchedulerConfig {
    SchedulerConfig {
        class_name: String::new(),
        sampler,
        train_timesteps: 1000,
        betas: BetaSchedule::Linear,
        beta_start: 0.00085,
        beta_end: 0.012,
        prediction,
        spacing,
        steps_offset: 1,
        zero_snr: false,
        set_alpha_to_one: false,
        clip_sample: None,
    }
}

/// Spacings with the step counts for which candle-transformers has diffusers' grid.
fn grids() -> Vec<(Spacing, theirs::schedulers::TimestepSpacing, Vec<usize>)> {
    let counts = |right: fn(usize) -> bool| (1..=50).filter(|&n| right(n)).collect();
    vec![
        (Spacing::Trailing, theirs::schedulers::TimestepSpacing::Trailing, counts(|n| 1000 % n == 0)),
        (Spacing::Leading, theirs::schedulers::TimestepSpacing::Leading, counts(|_| true)),
        (
            Spacing::Linspace,
            theirs::schedulers::TimestepSpacing::Linspace,
            counts(|n| n > 1 && 999 % (n - 1) == 0),
        ),
    ]
}

const BETAS: [(BetaSchedule, theirs::schedulers::BetaSchedule); 2] = [
    (BetaSchedule::Linear, theirs::schedulers::BetaSchedule::Linear),
    (BetaSchedule::ScaledLinear, theirs::schedulers::BetaSchedule::ScaledLinear),
];

/// What they multiply clean latents and noise by at a timestep.
fn level(scheduler: &dyn Scheduler, t: usize) -> (f64, f64) {
    let (zero, one) =
        (Tensor::new(&[0f64], &Device::Cpu).unwrap(), Tensor::new(&[1f64], &Device::Cpu).unwrap());
    let share = |clean: &Tensor, noise: &Tensor| {
        scheduler.add_noise(clean, noise.clone(), t).unwrap().to_vec1::<f64>().unwrap()[0]
    };
    (share(&one, &zero), share(&zero, &one))
}

#[test]
fn levels_of_euler_are_those_of_candle_transformers() {
    for (spacing, timestep_spacing, counts) in grids() {
        for ((betas, beta_schedule), steps) in
            BETAS.into_iter().flat_map(|b| counts.iter().map(move |&n| (b, n)))
        {
            let config = config(&Euler, spacing, Prediction::Epsilon);
            let schedule = Schedule::new(&SchedulerConfig { betas, ..config }, steps).unwrap();
            let theirs = theirs::euler_ancestral_discrete::EulerAncestralDiscreteSchedulerConfig {
                beta_schedule,
                timestep_spacing,
                ..Default::default()
            };
            let theirs = theirs.build(steps).unwrap();
            let strides = schedule.strides(1.0);
            let times: Vec<usize> = strides.iter().map(|s| s.from.t as usize).collect();
            assert_eq!(times, theirs.timesteps(), "{spacing:?}, {steps} steps");
            for stride in &strides {
                let (signal, sigma) = level(&*theirs, stride.from.t as usize);
                assert_eq!(stride.from.signal, signal);
                // Ours are single precision, as diffusers' are.
                assert!(
                    (stride.from.noise - sigma).abs() <= 1e-7 * sigma,
                    "{spacing:?}, {steps}: {stride:?} {sigma}"
                );
            }
            let start = schedule.init_noise_sigma(strides[0].from) / theirs.init_noise_sigma();
            assert!((start - 1.0).abs() < 1e-7, "{spacing:?}, {steps} steps: {start}");
        }
    }
}

#[test]
fn steps_of_ddim_are_those_of_candle_transformers() {
    let predictions = [
        (Prediction::Epsilon, theirs::schedulers::PredictionType::Epsilon),
        (Prediction::Velocity, theirs::schedulers::PredictionType::VPrediction),
    ];
    let (x, output) = (random(4, &[2, 4, 3, 5]), random(5, &[2, 4, 3, 5]));
    for (spacing, timestep_spacing, counts) in grids() {
        for (steps, (prediction, prediction_type)) in counts.iter().flat_map(|&n| predictions.map(|p| (n, p)))
        {
            let schedule = Schedule::new(&config(&Ddim, spacing, prediction), steps).unwrap();
            let theirs = theirs::ddim::DDIMSchedulerConfig {
                beta_schedule: theirs::schedulers::BetaSchedule::Linear,
                timestep_spacing,
                prediction_type,
                ..Default::default()
            };
            let mut theirs = theirs.build(steps).unwrap();
            let strides = schedule.strides(1.0);
            let times: Vec<usize> = strides.iter().map(|s| s.from.t as usize).collect();
            assert_eq!(times, theirs.timesteps(), "{spacing:?}, {steps} steps");
            for stride in strides {
                let x0 = &pred_x0(prediction, &x, &output, stride.from).unwrap();
                let step = Step { x: &x, x0, clipped: x0, stride, fresh: x0 };
                let after = schedule.sampler().step(step).unwrap();
                let error = distance(&after, &theirs.step(&output, stride.from.t as usize, &x).unwrap());
                assert!(error <= 1e-6, "{spacing:?}, {prediction:?}, {steps} steps, {stride:?}: {error:.1e}");
            }
        }
    }
}
