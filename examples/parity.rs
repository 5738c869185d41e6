//! How far a whole run of ours is from diffusers: text encoder, sampler, UNet with motion modules, autoencoder.
//!
//! ```text
//! cargo run --release --example parity -- DIR [DEVICE [f32|f16|bf16]] [--json] [--model=NAME --motion=NAME]
//! ```
//!
//! `DIR` holds a model and what diffusers computes with it: `model/`, `case.safetensors`, `case.json`. For each
//! tensor there, the relative error |ours - reference| / |reference| is printed. `DEVICE` is the processor (`cpu`)
//! or as `beatbolt render --device` takes it, and its numbers are `f32` where nothing else is said. With `--model` and
//! `--motion` these are compared in place of `DIR/model`, found and sampled as by `beatbolt render`; what they make is also
//! said as a hash. How long it took stands on the other stream.

use beatbolt::diffusion::conditioning::{Conditioning, Movement};
use beatbolt::diffusion::config::{Prediction, SchedulerConfig};
use beatbolt::diffusion::sampling::denoise::denoise;
use beatbolt::diffusion::sampling::level::NoiseLevel;
use beatbolt::diffusion::sampling::prediction::{self, Denoiser};
use beatbolt::diffusion::sampling::schedule::Schedule;
use beatbolt::diffusion::sampling::window::{Guidance, WindowInputs};
use beatbolt::diffusion::{Model, ModelSpec, Precision, open_device};
use beatbolt::digest::Digest;
use beatbolt::error::{Context, Error, Result};
use beatbolt::job::{ModelOptions, models};
use beatbolt::progress::Silent;
use beatbolt::system;
use candle_core::{DType, Device, Tensor};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

#[global_allocator]
static MEMORY: system::KeptMemory = system::KeptMemory;

fn main() -> ExitCode {
    // As the program does.
    system::keep();
    system::share_nothing();
    let (flags, words): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let named = |option: &str| flags.iter().find_map(|flag| flag.strip_prefix(option)).map(PathBuf::from);
    let named = named("--model=").zip(named("--motion="));
    let json = flags.iter().any(|flag| flag == "--json");
    let known = flags.len() == usize::from(json) + if named.is_some() { 2 } else { 0 };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (folder, device, precision) = match words[..] {
        [folder] => (folder, "cpu", "f32"),
        [folder, device] => (folder, device, "f32"),
        [folder, device, precision] => (folder, device, precision),
        _ => ("", "", ""),
    };
    let precision = match precision {
        "f32" => Some(Precision::F32),
        "f16" => Some(Precision::F16),
        "bf16" => Some(Precision::Bf16),
        _ => None,
    };
    let (Some(precision), true) = (precision, known) else {
        eprintln!("usage: parity DIR [DEVICE [f32|f16|bf16]] [--json] [--model=NAME --motion=NAME]");
        return ExitCode::from(2);
    };
    match compare(Path::new(folder), named, (device, precision)) {
        Ok(errors) if json => println!("{}", serde_json::json!(errors)),
        Ok(errors) => errors.iter().for_each(|(name, error)| println!("{name:14} {error:.1e}")),
        Err(e) => {
            eprintln!("error: {e}");
            e.hints().iter().for_each(|hint| eprintln!("hint: {hint}"));
            return ExitCode::from(e.kind().exit_code());
        }
    }
    ExitCode::SUCCESS
}

/// The settings of a reference run that are not the model's.
#[derive(Deserialize)]
struct Case {
    norm: String,
    guidance: f64,
    motion_scale: f32,
    steps: usize,
}

fn compare(
    folder: &Path,
    named: Option<(PathBuf, PathBuf)>,
    (device, precision): (&str, Precision),
) -> Result<BTreeMap<String, f64>> {
    let unreadable = |name: &str| Error::input(format!("can't read {}", folder.join(name).display()));
    let text = std::fs::read_to_string(folder.join("case.json")).context(|| unreadable("case.json"))?;
    let case: Case = serde_json::from_str(&text).context(|| unreadable("case.json"))?;
    let reference = candle_core::safetensors::load(folder.join("case.safetensors"), &Device::Cpu)
        .context(|| unreadable("case.safetensors"))?;
    let reference = Reference(reference);
    let placement = precision.on(&open_device(device)?.device)?;
    let began = Instant::now();
    let (config, model) = match named {
        Some((model, motion)) => {
            let (folder, motion) = (Some(model), Some(motion));
            let options = ModelOptions { folder, motion, ..ModelOptions::default() };
            let info = models::look(&options, &models::places(&Silent)?, &Silent)?;
            (info.sampling().scheduler.clone(), Model::load(info, &placement)?)
        }
        None => {
            let folder = with_norm(folder, &case.norm)?;
            let config = SchedulerConfig::read(&folder.join("scheduler/scheduler_config.json"))?;
            (config, Model::open(&ModelSpec { folder, ..ModelSpec::default() }, &placement)?)
        }
    };
    eprintln!("loaded in {:.1} s", began.elapsed().as_secs_f64());

    let mut errors = BTreeMap::new();
    let text = model.encode_ids(&reference.ids("input_ids")?)?;
    reference.check("text_embeds", &text, &mut errors)?;
    let negative = model.encode_ids(&reference.ids("negative_ids")?)?;
    let noise = reference.get("noise")?.to_device(model.device());
    let noise = &noise.context(|| Error::device("the noise can't be brought to the device"))?;
    let frames = noise.dims()[0];
    let moving = Movement { scale: case.motion_scale, ..Movement::PLAIN };
    let window = WindowInputs {
        noise,
        step_noise: &[],
        pinned: None,
        pin_noise: None,
        init_latents: None,
        denoise: &vec![1.0; frames],
        pace: None,
        conditioning: &Conditioning::new(text, vec![moving; frames]),
        guidance: (case.guidance != 1.0).then_some(Guidance { negative: &negative, scale: case.guidance }),
    };
    let schedule = Schedule::new(&config, case.steps)?;
    let kind = config.prediction;
    let mut began = Instant::now();
    let latents = denoise(&Sampled(&model, kind), &schedule, &window, |step| {
        eprintln!("step {} in {:.2} s", step.index, began.elapsed().as_secs_f64());
        let output = prediction::output(kind, step.before, step.x0, step.level);
        let output = output.context(|| Error::device("the output can't be computed"))?;
        reference.check(&format!("eps.{}", step.index), &output, &mut errors)?;
        reference.check(&format!("latents.{}", step.index), step.latents, &mut errors)?;
        began = Instant::now();
        Ok(())
    })?;
    let began = Instant::now();
    let frames = model.decode(&latents)?;
    eprintln!("decoded in {:.2} s", began.elapsed().as_secs_f64());
    reference.check("frames", &frames, &mut errors)?;
    eprintln!("frames {}", hash(&frames)?);
    if let Some(peak) = system::peak_memory() {
        eprintln!("memory at most {} MB", peak >> 20);
    }
    Ok(errors)
}

/// The SHA-256 of a tensor's values.
fn hash(x: &Tensor) -> Result<String> {
    let values =
        x.flatten_all().and_then(|x| x.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.to_vec1::<f32>());
    let values = values.context(|| Error::device("the pictures can't be read back"))?;
    let mut digest = Digest::default();
    digest.update(values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
    Ok(digest.finish())
}

/// A model whose output is taken for what the case says, whatever the recipe of its motion module.
struct Sampled<'a>(&'a Model, Prediction);

impl Denoiser for Sampled<'_> {
    fn pred_x0(&self, x: &Tensor, level: NoiseLevel, with: &Conditioning) -> Result<Tensor> {
        let failed = || Error::device("the step can't be computed");
        let output = self.0.predict(&(x / level.spread()).context(failed)?, level.t, with)?;
        prediction::pred_x0(self.1, x, &output, level).context(failed)
    }
}

/// The case's model, in which the motion module's norm is as the case says: diffusers' settings file has no word for it.
fn with_norm(folder: &Path, norm: &str) -> Result<PathBuf> {
    let path = folder.join("model/motion_adapter/config.json");
    let failed = || Error::input(format!("can't set the norm in {}", path.display()));
    let text = std::fs::read_to_string(&path).context(failed)?;
    let mut config: serde_json::Value = serde_json::from_str(&text).context(failed)?;
    if config["motion_norm"] != norm {
        config["motion_norm"] = norm.into();
        std::fs::write(&path, config.to_string()).context(failed)?;
    }
    Ok(folder.join("model"))
}

struct Reference(HashMap<String, Tensor>);

impl Reference {
    fn get(&self, name: &str) -> Result<&Tensor> {
        self.0.get(name).ok_or_else(|| Error::input(format!("the reference has no '{name}'")))
    }

    fn ids(&self, name: &str) -> Result<Vec<u32>> {
        let ids = self.get(name)?.flatten_all().and_then(|t| t.to_dtype(DType::U32)?.to_vec1());
        ids.context(|| Error::input(format!("'{name}' is not a list of token ids")))
    }

    /// Notes the relative error of `ours`; a tensor that the reference does not have is not compared.
    fn check(&self, name: &str, ours: &Tensor, errors: &mut BTreeMap<String, f64>) -> Result<()> {
        if let Some(theirs) = self.0.get(name) {
            let error =
                distance(ours, theirs).context(|| Error::internal(format!("'{name}' can't be compared")))?;
            errors.insert(name.to_owned(), error);
        }
        Ok(())
    }
}

/// |a - b| / |b|
fn distance(a: &Tensor, b: &Tensor) -> candle_core::Result<f64> {
    let wide = |t: &Tensor| t.to_device(&Device::Cpu)?.to_dtype(DType::F64);
    let (a, b) = (wide(a)?, wide(b)?);
    let norm = |t: &Tensor| t.sqr()?.sum_all()?.to_scalar::<f64>().map(f64::sqrt);
    Ok(norm(&(a - &b)?)? / norm(&b)?)
}
