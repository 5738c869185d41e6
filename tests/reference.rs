//! Whole runs against diffusers: text encoder, samplers, UNet with motion modules, both autoencoders.
//!
//! The fixtures are tiny random models and what diffusers computes with them, made by `fixtures/make.py`.

use beatbolt::diffusion::conditioning::{Conditioning, Movement};
use beatbolt::diffusion::config::{Prediction, SchedulerConfig};
use beatbolt::diffusion::model::{Adapted, Patches, Strength};
use beatbolt::diffusion::sampling::denoise::denoise;
use beatbolt::diffusion::sampling::level::NoiseLevel;
use beatbolt::diffusion::sampling::prediction::{self, Denoiser};
use beatbolt::diffusion::sampling::schedule::Schedule;
use beatbolt::diffusion::sampling::window::{Guidance, WindowInputs};
use beatbolt::diffusion::{Model, ModelInfo, ModelSpec, Precision, Tier};
use beatbolt::error::ErrorKind;
use beatbolt::weights::Patch;
use candle_core::{DType, Device, Tensor};
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tempfile::TempDir;

/// Single against double precision differ by 8e-7 through such a run.
pub(crate) const TOLERANCE: f64 = 1e-5;

/// Products of factors that were rounded to bf16 against single precision.
const ROUNDED: f64 = 2e-2;

#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) model: String,
    pub(crate) norm: String,
    pub(crate) guidance: f64,
    pub(crate) motion_scale: f32,
    pub(crate) steps: usize,
    pub(crate) scheduler: serde_json::Value,
}

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn write(path: PathBuf, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A model folder of its own with the scheduler and the motion norm of `case`.
pub(crate) fn folder_of(case: &Case) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for part in ["unet", "motion_adapter", "vae", "text_encoder"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
        for file in std::fs::read_dir(fixtures().join(&case.model).join(part)).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.path().join(part).join(file.file_name())).unwrap();
        }
    }
    let config = folder.path().join("motion_adapter/config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    // As in diffusers, which has no word for either: the UNet's norms are taken frame by frame, whatever the module.
    let norms = format!("{{\"motion_norm\": \"{}\", \"unet_norm\": \"frame\",", case.norm);
    write(config, &text.replacen('{', &norms, 1));
    write(folder.path().join("scheduler/scheduler_config.json"), &case.scheduler.to_string());
    folder
}

pub(crate) fn case(name: &str) -> Case {
    serde_json::from_str(&std::fs::read_to_string(fixtures().join(format!("{name}.json"))).unwrap()).unwrap()
}

pub(crate) fn open(folder: &Path, motion: Option<PathBuf>) -> beatbolt::error::Result<Model> {
    open_at(folder, motion, (Tier::Develop, None))
}

fn open_at(
    folder: &Path,
    motion: Option<PathBuf>,
    (tier, steps): (Tier, Option<usize>),
) -> beatbolt::error::Result<Model> {
    let spec = ModelSpec { folder: folder.to_owned(), motion, tier, steps, ..ModelSpec::default() };
    Model::open(&spec, &Precision::F32.on(&Device::Cpu)?)
}

fn scaled(scale: f32) -> Movement {
    Movement { scale, ..Movement::PLAIN }
}

/// |a - b| / |b|
pub(crate) fn distance(a: &Tensor, b: &Tensor) -> f64 {
    let norm = |t: &Tensor| t.sqr().unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap().sqrt();
    let (a, b) = (a.to_dtype(DType::F64).unwrap(), b.to_dtype(DType::F64).unwrap());
    norm(&(a - &b).unwrap()) / norm(&b)
}

/// A model whose output is taken for what the case says, whatever the recipe of its motion module.
pub(crate) struct Sampled<'a> {
    pub(crate) model: &'a Model,
    pub(crate) prediction: Prediction,
}

impl Denoiser for Sampled<'_> {
    fn pred_x0(&self, x: &Tensor, level: NoiseLevel, with: &Conditioning) -> beatbolt::error::Result<Tensor> {
        let output = self.model.predict(&(x / level.spread()).unwrap(), level.t, with)?;
        Ok(prediction::pred_x0(self.prediction, x, &output, level).unwrap())
    }
}

/// What a case asks for and what it avoids, embedded by `model`.
pub(crate) fn embedded(model: &Model, reference: &HashMap<String, Tensor>) -> (Tensor, Tensor) {
    let ids = |key: &str| {
        let ids = reference[key].flatten_all().unwrap().to_dtype(DType::U32).unwrap();
        model.encode_ids(&ids.to_vec1::<u32>().unwrap()).unwrap()
    };
    (ids("input_ids"), ids("negative_ids"))
}

/// A prompt for frames of these motion scales.
pub(crate) fn moving(text: &Tensor, motion: &[Movement]) -> Conditioning {
    Conditioning::new(text.clone(), motion.to_vec())
}

fn agrees_with_diffusers(name: &str) {
    let folder = folder_of(&case(name));
    run_agrees(name, &folder, &open(folder.path(), None).unwrap());
}

/// The run of a case, with the model that was made of its folder.
fn run_agrees(name: &str, folder: &TempDir, model: &Model) {
    run_agrees_to(TOLERANCE, name, folder, model);
}

/// The same, to a relative error of `tolerance`.
fn run_agrees_to(tolerance: f64, name: &str, folder: &TempDir, model: &Model) {
    let case = case(name);
    let path = fixtures().join(format!("{name}.safetensors"));
    let reference: HashMap<String, Tensor> = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
    let check = |key: &str, ours: &Tensor| {
        let error = distance(ours, &reference[key]);
        assert!(error <= tolerance, "{name}: {key} is off by {error:.1e}");
    };
    let (text, negative) = embedded(model, &reference);
    check("text_embeds", &text);
    let noise = &reference["noise"];
    let frames = noise.dims()[0];
    let window = WindowInputs {
        noise,
        step_noise: &[],
        pinned: None,
        pin_noise: None,
        init_latents: None,
        denoise: &vec![1.0; frames],
        pace: None,
        conditioning: &Conditioning::new(text, vec![scaled(case.motion_scale); frames]),
        guidance: (case.guidance != 1.0).then_some(Guidance { negative: &negative, scale: case.guidance }),
    };
    let config = SchedulerConfig::read(&folder.path().join("scheduler/scheduler_config.json")).unwrap();
    let schedule = Schedule::new(&config, case.steps).unwrap();
    let model = Sampled { model, prediction: config.prediction };
    let latents = denoise(&model, &schedule, &window, |step| {
        let eps = &reference[&format!("eps.{}", step.index)];
        let x0 = prediction::pred_x0(
            config.prediction,
            step.before,
            &eps.to_dtype(DType::F32).unwrap(),
            step.level,
        );
        let error = distance(step.x0, &x0.unwrap());
        assert!(error <= tolerance, "{name}: x0 of step {} is off by {error:.1e}", step.index);
        check(&format!("latents.{}", step.index), step.latents);
        Ok(())
    });
    check("frames", &model.model.decode(&latents.unwrap()).unwrap());
}

#[test]
fn euler_with_guidance_motion_scale_and_middle_module_agrees_with_diffusers() {
    agrees_with_diffusers("euler");
}

/// Products whose factors are rounded, where the processor has AMX: every sampler, both autoencoders, guidance that enlarges errors.
#[test]
fn products_in_bf16_stay_near_diffusers_in_single_precision() {
    let Ok(placement) = Precision::Bf16.on(&Device::Cpu) else {
        eprintln!("skipped: this computer has no AMX");
        return;
    };
    for name in ["euler", "window", "ddim", "velocity", "terminal", "leading"] {
        let folder = folder_of(&case(name));
        let spec = ModelSpec { folder: folder.path().to_owned(), ..ModelSpec::default() };
        run_agrees_to(ROUNDED, name, &folder, &Model::open(&spec, &placement).unwrap());
    }
}

/// Weights into which the fixtures' script merged the adapter, run by diffusers; here it is merged while they are loaded.
#[test]
fn a_window_with_an_adapter_on_all_layers_agrees_with_diffusers() {
    let name = "adapters/window";
    let folder = folder_of(&case(name));
    let spec = ModelSpec { folder: folder.path().to_owned(), ..ModelSpec::default() };
    let info = ModelInfo::open(&spec).unwrap();
    let adapter = Rc::new(info.adapter(&fixtures().join("adapters/every.safetensors")).unwrap());
    let adapted = Adapted { param: "lora.every".into(), adapter, strength: Strength::Held(0.7), text: 0.7 };
    let placement = Precision::F32.on(&Device::Cpu).unwrap();
    run_agrees(name, &folder, &Model::load_adapted(info, &placement, &[adapted]).unwrap());
}

#[test]
fn norm_over_the_window_and_leading_steps_agree_with_diffusers() {
    agrees_with_diffusers("window");
}

#[test]
fn ddim_on_velocity_with_zero_terminal_snr_agrees_with_diffusers() {
    agrees_with_diffusers("ddim");
}

#[test]
fn euler_on_velocity_with_even_steps_agrees_with_diffusers() {
    agrees_with_diffusers("velocity");
}

#[test]
fn euler_from_zero_terminal_snr_agrees_with_diffusers() {
    agrees_with_diffusers("terminal");
}

#[test]
fn ddim_with_the_tiny_autoencoder_agrees_with_diffusers() {
    agrees_with_diffusers("leading");
}

/// A motion adapter's key in AnimateDiff's original layout; positional codes go to both attentions there.
fn original_names(key: &str) -> Vec<String> {
    let (module, rest) = key.split_once(".motion_modules.").unwrap();
    let (index, rest) = rest.split_once('.').unwrap();
    let at = |rest: &str| format!("{module}.motion_modules.{index}.temporal_transformer.{rest}");
    if let Some(block) = rest.strip_suffix(".pos_embed.pe") {
        return (0..2).map(|i| at(&format!("{block}.attention_blocks.{i}.pos_encoder.pe"))).collect();
    }
    let table = [
        (".attn1.", ".attention_blocks.0."),
        (".attn2.", ".attention_blocks.1."),
        (".norm1.", ".norms.0."),
        (".norm2.", ".norms.1."),
        (".norm3.", ".ff_norm."),
    ];
    vec![at(&table.iter().fold(rest.to_owned(), |name, (ours, theirs)| name.replace(ours, theirs)))]
}

#[test]
fn a_motion_file_in_the_original_layout_is_the_same_module() {
    for name in ["euler", "velocity"] {
        let case = case(name);
        let folder = folder_of(&case);
        let adapter = folder.path().join("motion_adapter/diffusion_pytorch_model.safetensors");
        let renamed: HashMap<String, Tensor> = candle_core::safetensors::load(&adapter, &Device::Cpu)
            .unwrap()
            .into_iter()
            .flat_map(|(key, tensor)| original_names(&key).into_iter().map(move |k| (k, tensor.clone())))
            .collect();
        let original = folder.path().join("motion.safetensors");
        candle_core::safetensors::save(&renamed, &original).unwrap();
        let (x, text) = inputs(3);
        let with = |motion| open(folder.path(), motion).unwrap();
        let predict =
            |m: Model| values(&m.predict(&x, 500.0, &moving(&text, &[0.8, 1.0, 1.3].map(scaled))).unwrap());
        let own = predict(with(None));
        assert_eq!(own, predict(with(Some(original.clone()))));
        assert_eq!(own, predict(with(Some(adapter))));
        assert!(with(Some(original)).info().notes().iter().any(|n| n.contains("motion.safetensors")));
    }
}

#[test]
fn token_ids_that_the_encoder_does_not_have_are_refused() {
    let folder = folder_of(&case("euler"));
    let model = open(folder.path(), None).unwrap();
    for ids in [&[1 << 20][..], &[0; 1000], &[]] {
        assert!(model.encode_ids(ids).is_err(), "{} ids", ids.len());
    }
}

/// A module distilled for two steps is taken for two, and only then; it has the guidance in it.
#[test]
fn the_number_of_steps_chooses_the_motion_module() {
    let folder = folder_of(&case("euler"));
    write(folder.path().join("beatbolt.json"), r#"{"width": 64, "height": 64, "steps": 3, "guidance": 1.5}"#);
    let adapter = folder.path().join("motion_adapter");
    let few = folder.path().join("motion_adapter_2step");
    std::fs::create_dir(&few).unwrap();
    std::fs::copy(adapter.join("config.json"), few.join("config.json")).unwrap();
    let weights = "diffusion_pytorch_model.safetensors";
    let halved: HashMap<String, Tensor> = candle_core::safetensors::load(adapter.join(weights), &Device::Cpu)
        .unwrap()
        .into_iter()
        .map(|(key, tensor)| (key, (tensor * 0.5).unwrap()))
        .collect();
    candle_core::safetensors::save(&halved, few.join(weights)).unwrap();
    let (x, text) = inputs(3);
    let predict = |m: &Model| values(&m.predict(&x, 500.0, &moving(&text, &[scaled(1.0); 3])).unwrap());
    let at = |effort| open_at(folder.path(), None, effort).unwrap();
    let named = |adapter: &Path| open(folder.path(), Some(adapter.join(weights))).unwrap();
    let cases = [
        ((Tier::Draft, None), &few, 2, 1.0),
        ((Tier::Develop, Some(2)), &few, 2, 1.0),
        ((Tier::Develop, None), &adapter, 3, 1.5),
        ((Tier::Final, None), &adapter, 6, 1.5),
    ];
    for (effort, adapter, steps, guidance) in cases {
        let model = at(effort);
        assert_eq!(
            (model.info().sampling().steps, model.info().sampling().guidance),
            (steps, guidance),
            "{effort:?}"
        );
        assert_eq!(predict(&model), predict(&named(adapter)), "{effort:?}");
    }
}

/// Latents of `frames` frames and an embedded prompt for the fixtures' models, from sines.
pub(crate) fn inputs(frames: usize) -> (Tensor, Tensor) {
    let wave = |shape: &[usize], pace: f32| {
        let count = shape.iter().product::<usize>() as u32;
        let values: Vec<f32> = (0..count).map(|i| (i as f32 * pace).sin()).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    };
    (wave(&[frames, 4, 9, 13], 0.7), wave(&[1, 12, 16], 0.3))
}

pub(crate) fn values(x: &Tensor) -> Vec<f32> {
    x.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let folder = folder_of(&case("euler"));
    let model = open(folder.path(), None).unwrap();
    let (x, text) = inputs(5);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let latents = model.predict(&x, 999.0, &moving(&text, &[scaled(1.0); 5])).unwrap();
            values(&model.decode(&latents).unwrap())
        })
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(3));
}

#[test]
fn decoding_and_encoding_frame_by_frame_is_decoding_and_encoding_together() {
    for name in ["euler", "velocity"] {
        let folder = folder_of(&case(name));
        let model = open(folder.path(), None).unwrap();
        let (latents, _) = inputs(3);
        let each = |f: &dyn Fn(&Tensor) -> Tensor, x: &Tensor| {
            let parts: Vec<Tensor> = (0..3).map(|i| f(&x.narrow(0, i, 1).unwrap())).collect();
            values(&Tensor::cat(&parts, 0).unwrap())
        };
        let decode = |x: &Tensor| model.decode(x).unwrap();
        let pictures = decode(&latents);
        assert_eq!(pictures.dims(), [3, 3, 18, 26]);
        assert_eq!(values(&pictures), each(&decode, &latents));
        let encode = |x: &Tensor| model.encode(x).unwrap();
        let again = encode(&pictures);
        assert_eq!(again.dims(), latents.dims());
        assert_eq!(values(&again), each(&encode, &pictures));
    }
}

/// A patch of one's own: what leaves the UNet is `factor` times as much.
#[derive(Debug)]
struct Louder {
    factor: f64,
}

impl Patch for Louder {
    fn apply(&self, key: &str, weight: &Tensor) -> beatbolt::error::Result<Option<Tensor>> {
        Ok(key.starts_with("conv_out.").then(|| (weight * self.factor).unwrap()))
    }
}

#[test]
fn patches_change_weights_on_their_way_into_the_networks() {
    let folder = folder_of(&case("euler"));
    let spec = ModelSpec { folder: folder.path().to_owned(), ..ModelSpec::default() };
    let load = |unet: Vec<Rc<dyn Patch>>| {
        let placement = Precision::F32.on(&Device::Cpu).unwrap();
        let patches = Patches { unet, ..Patches::default() };
        Model::load_patched(ModelInfo::open(&spec).unwrap(), &placement, &patches).unwrap()
    };
    let (x, text) = inputs(3);
    let predict =
        |model: &Model| values(&model.predict(&x, 500.0, &moving(&text, &[scaled(1.0); 3])).unwrap());
    let plain = predict(&load(Vec::new()));
    let patched = predict(&load(vec![Rc::new(Louder { factor: 2.0 }), Rc::new(Louder { factor: 2.0 })]));
    assert_eq!(patched, plain.iter().map(|v| 4.0 * v).collect::<Vec<f32>>());
}

#[test]
fn a_single_frame_does_not_pass_through_the_motion_module() {
    let folder = folder_of(&case("euler"));
    let model = open(folder.path(), None).unwrap();
    let (x, text) = inputs(1);
    let calm = values(&model.predict(&x, 10.0, &moving(&text, &[scaled(0.0)])).unwrap());
    assert_eq!(calm, values(&model.predict(&x, 10.0, &moving(&text, &[scaled(2.0)])).unwrap()));
}

/// What the modules add is added less: none of it leaves single pictures, and a frame has an effect of its own.
#[test]
fn without_its_effect_the_motion_module_leaves_pictures_by_themselves() {
    let folder = folder_of(&case("euler"));
    let model = open(folder.path(), None).unwrap();
    let (x, text) = inputs(3);
    let predict = |x: &Tensor, effects: &[f32]| {
        let motion: Vec<Movement> =
            effects.iter().map(|&effect| Movement { effect, ..Movement::PLAIN }).collect();
        model.predict(x, 500.0, &moving(&text, &motion)).unwrap()
    };
    let alone: Vec<Tensor> = (0..3).map(|i| predict(&x.narrow(0, i, 1).unwrap(), &[1.0])).collect();
    let alone = Tensor::cat(&alone, 0).unwrap();
    assert!(distance(&predict(&x, &[0.0; 3]), &alone) < TOLERANCE);
    let full = predict(&x, &[1.0; 3]);
    let (half, more) = (predict(&x, &[0.5; 3]), predict(&x, &[2.0; 3]));
    let far = [&half, &full, &more].map(|p| distance(p, &alone));
    assert!(far.is_sorted_by(|a, b| a < b), "{far:?}");
    let mixed = predict(&x, &[0.0, 1.0, 1.0]).narrow(0, 0, 1).unwrap();
    assert!(distance(&mixed, &alone.narrow(0, 0, 1).unwrap()) < TOLERANCE);
}

#[test]
fn windows_that_are_too_long_are_refused() {
    let folder = folder_of(&case("velocity"));
    let model = open(folder.path(), None).unwrap();
    assert_eq!(model.info().max_frames(), 24);
    let (x, text) = inputs(25);
    let error = model.predict(&x, 10.0, &moving(&text, &[scaled(1.0); 25])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
}

#[test]
fn wrong_files_are_named_with_what_they_are() {
    let folder = folder_of(&case("euler"));
    let error = |motion: &str| open(folder.path(), Some(folder.path().join(motion))).unwrap_err();
    let not_motion = error("vae/diffusion_pytorch_model.safetensors");
    assert!(not_motion.to_string().contains("no motion modules"), "{not_motion}");
    assert!(error("unet/config.json").to_string().contains("not a safetensors file"));
    assert_eq!(error("nowhere.safetensors").kind(), ErrorKind::Model);

    std::fs::remove_file(folder.path().join("vae/diffusion_pytorch_model.safetensors")).unwrap();
    std::fs::write(folder.path().join("vae/diffusion_pytorch_model.bin"), "pickle").unwrap();
    let pickled = open(folder.path(), None).unwrap_err();
    assert!(pickled.to_string().contains("diffusion_pytorch_model.bin"), "{pickled}");
}

#[test]
fn a_folder_of_another_size_is_told_by_tensor_and_shape() {
    let folder = folder_of(&case("euler"));
    let config = folder.path().join("unet/config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("\"cross_attention_dim\": 16", "\"cross_attention_dim\": 24"))
        .unwrap();
    let config = folder.path().join("text_encoder/config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("\"hidden_size\": 16", "\"hidden_size\": 24")).unwrap();
    let error = open(folder.path(), None).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("attn2.to_k.weight") && text.contains("[8, 16]") && text.contains("[8, 24]"),
        "{text}"
    );
}

#[test]
fn the_fingerprint_changes_with_any_file() {
    let case = case("euler");
    let (folder, other) = (folder_of(&case), folder_of(&case));
    let print = |folder: &TempDir| open(folder.path(), None).unwrap().info().fingerprint().unwrap();
    let first = print(&folder);
    assert_eq!(first, print(&other));
    let scheduler = other.path().join("scheduler/scheduler_config.json");
    let text = std::fs::read_to_string(&scheduler).unwrap();
    std::fs::write(&scheduler, format!("{text}\n")).unwrap();
    assert_ne!(first, print(&other));
    assert!(SchedulerConfig::read(&scheduler).is_ok());
}
