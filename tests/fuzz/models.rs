//! Every file of a model against damage: settings, hints, tokenizers, weights, and whole folders through the product's own way.

use super::{seeds, storm};
use crate::golden::complete_kl;
use beatbolt::audio::{Options, analyze_with};
use beatbolt::diffusion::conditioning::{Conditioning, Movement};
use beatbolt::diffusion::config::{MotionConfig, SchedulerConfig, TextConfig, UnetConfig, VaeConfig};
use beatbolt::diffusion::text::tokenizer::Tokenizer;
use beatbolt::diffusion::{Model, ModelHints, ModelSpec, Precision, Tier};
use beatbolt::error::{Error, Result};
use beatbolt::progress::Silent;
use beatbolt::weights::{Weights, keys};
use candle_core::{DType, Device, Tensor};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Prompts that reach every way through a tokenizer.
const PROMPTS: [&str; 3] = ["", "a <|endoftext|> tiger's “neon” 12\n", "é 北京 🎆 waves, waves!!"];

pub fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn bytes(path: &str) -> Vec<u8> {
    fs::read(root(path)).unwrap()
}

/// Gives damaged seeds to `parse` as the file `name` of a folder.
pub fn file_storm(folder: &Path, name: &str, seeds: &[Vec<u8>], parse: impl Fn(&Path) -> Result<()>) {
    let path = folder.join(name);
    storm(seeds, |bytes| {
        fs::write(&path, bytes).unwrap();
        parse(&path)
    });
}

#[test]
fn settings() {
    let home = tempfile::tempdir().unwrap();
    let of = |parts: [&str; 2], file: &str| parts.map(|part| bytes(&format!("{part}/{file}")));
    let (spark, tiny, kl) = ("models/spark", "tests/fixtures/tiny", "tests/fixtures/kl-mid");
    let unet = UnetConfig::read(&root("tests/fixtures/tiny/unet/config.json")).unwrap();
    let storm = |seeds: &[Vec<u8>], parse: &dyn Fn(&Path) -> Result<()>| {
        file_storm(home.path(), "config.json", seeds, parse);
    };
    storm(&of([spark, kl], "unet/config.json"), &|path| UnetConfig::read(path).map(drop));
    storm(&of([spark, kl], "vae/config.json"), &|path| {
        VaeConfig::read(path).map(|config| assert!(config.downscale() > 0 && config.latent_channels() > 0))
    });
    storm(&of([spark, kl], "text_encoder/config.json"), &|path| {
        TextConfig::read(path).map(|config| assert_eq!(config.width % config.heads, 0))
    });
    storm(&of([tiny, tiny], "motion_adapter/config.json"), &|path| {
        MotionConfig::read(path, &unet).map(|config| assert_eq!(config.heads.len(), unet.stages.len()))
    });
    let schedulers = [bytes("models/spark/scheduler/scheduler_config.json"), bytes("tests/golden/ddim.json")];
    storm(&schedulers, &|path| SchedulerConfig::read(path).map(drop));
}

#[test]
fn hints() {
    let home = tempfile::tempdir().unwrap();
    let short = br#"{"width": 32, "height": 24, "fps": 12, "steps": 3, "frames": 8, "still": 0.5}"#;
    file_storm(home.path(), "spark.json", &[bytes("models/spark/spark.json"), short.to_vec()], |_| {
        let hints = ModelHints::read(home.path(), 8)?.expect("there is a file of hints");
        assert!(hints.speed(0.7).is_finite() && hints.steps(Tier::Final, None) > 0);
        Ok(())
    });
}

/// Ids are those of the vocabulary, places lie in the prompt.
fn tokenized(folder: &Path, size: usize) -> Result<()> {
    let tokenizer = Tokenizer::open(folder, 12, size)?;
    for prompt in PROMPTS {
        let tokens = tokenizer.encode(prompt)?;
        assert!(tokens.ids.len() == 12 && tokens.ids.iter().all(|id| (*id as usize) < size));
        assert!(tokens.places.iter().all(|place| prompt.get(place.clone()).is_some()));
    }
    Ok(())
}

#[test]
fn tokenizers() {
    let home = tempfile::tempdir().unwrap();
    let small = r#"{"added_tokens": [{"id": 6, "content": "<|startoftext|>", "lstrip": true, "normalized": true},
        {"id": 7, "content": "<|endoftext|>", "rstrip": true, "single_word": true}], "normalizer": {"type": "Prepend", "prepend": ""},
        "pre_tokenizer": {"type": "FixedLength", "length": 0}, "model": {"type": "BPE", "dropout": 0.5,
        "continuing_subword_prefix": "@@", "vocab": {"a": 0, "a</w>": 1, "v": 2, "va": 3, "e": 4, "s</w>": 5, "vas</w>": 8},
        "merges": ["v a", ["va", "s</w>"]]}}"#;
    let whole = [bytes("models/spark/tokenizer/tokenizer.json"), small.as_bytes().to_vec()];
    file_storm(home.path(), "tokenizer.json", &whole, |_| tokenized(home.path(), 1536));

    let parts = tempfile::tempdir().unwrap();
    for name in ["vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"] {
        fs::copy(root("models/spark/tokenizer").join(name), parts.path().join(name)).unwrap();
    }
    for name in ["vocab.json", "merges.txt", "tokenizer_config.json"] {
        let right = bytes(&format!("models/spark/tokenizer/{name}"));
        file_storm(parts.path(), name, std::slice::from_ref(&right), |_| tokenized(parts.path(), 1536));
        fs::write(parts.path().join(name), right).unwrap();
    }
}

/// A small file of tensors, more header than values.
fn tensors(list: &[(&str, Dtype, &[usize])]) -> Vec<u8> {
    let sizes = list.iter().map(|(_, dtype, shape)| shape.iter().product::<usize>() * dtype.bitsize() / 8);
    let values: Vec<Vec<u8>> = sizes.map(|size| vec![0x3c; size]).collect();
    let views = list.iter().zip(&values).map(|((name, dtype, shape), values)| {
        (*name, TensorView::new(*dtype, shape.to_vec(), values).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

/// Reads every tensor of a file, whole.
fn read_all(path: &Path) -> Result<()> {
    let weights = Weights::open(path, &Precision::F32.on(&Device::Cpu)?, keys::motion)?;
    let shapes: Vec<(String, Vec<usize>)> =
        weights.keys().map(|(key, shape)| (key.to_owned(), shape.to_vec())).collect();
    for (key, shape) in shapes {
        assert_eq!(weights.scope("").get(&key, &shape)?.dims(), shape);
    }
    Ok(())
}

#[test]
fn weights() {
    let home = tempfile::tempdir().unwrap();
    let small = tensors(&[
        ("module.down_blocks.0.motion_modules.0.norms.0.weight", Dtype::F16, &[2, 3]),
        ("a.query.weight", Dtype::F32, &[4]),
        ("b", Dtype::BF16, &[1, 1, 2]),
        ("scalar", Dtype::F64, &[]),
        ("none", Dtype::F32, &[0, 7]),
    ]);
    let seeds = [small, bytes("tests/fixtures/tiny/text_encoder/model.safetensors")];
    file_storm(home.path(), "model.safetensors", &seeds, read_all);
}

#[test]
fn sharded_weights() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("1.safetensors"), tensors(&[("a", Dtype::F32, &[3])])).unwrap();
    fs::write(home.path().join("2.safetensors"), tensors(&[("b", Dtype::F16, &[2, 2])])).unwrap();
    let index =
        r#"{"metadata": {"total_size": 20}, "weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}"#;
    let one = r#"{"weight_map": {"a": "1.safetensors"}}"#;
    file_storm(home.path(), "model.safetensors.index.json", &seeds(&[index, one]), read_all);
}

#[test]
fn weights_of_the_ears() {
    let (shipped, home) = (bytes("models/ears/net.safetensors"), tempfile::tempdir().unwrap());
    let shipped = SafeTensors::deserialize(&shipped).unwrap();
    let of = |name: &str| shipped.tensor(name).unwrap().shape().to_vec();
    // One value a step inside: the smallest nets of their kind.
    let inputs = |name: &str| [1, of(&format!("{name}.stem.weight"))[1], 1];
    let outputs = |name: &str| of(&format!("{name}.head.bias"));
    let ([beats, drums], [events, strokes]) =
        (["beats.0", "drums"].map(inputs), ["beats.0", "drums"].map(outputs));
    let small = tensors(&[
        ("beats.0.stem.weight", Dtype::F16, &beats),
        ("beats.0.stem.bias", Dtype::F32, &[1]),
        ("beats.0.reach.0.weight", Dtype::I8, &[1, 1, 3]),
        ("beats.0.reach.0.weight.scale", Dtype::F32, &[1]),
        ("beats.0.reach.0.bias", Dtype::F32, &[1]),
        ("beats.0.mix.0.weight", Dtype::F16, &[1, 1, 1]),
        ("beats.0.mix.0.bias", Dtype::F16, &[1]),
        ("beats.0.head.weight", Dtype::F32, &[events[0], 1, 1]),
        ("beats.0.head.bias", Dtype::F32, &events),
        ("drums.stem.weight", Dtype::F16, &drums),
        ("drums.stem.bias", Dtype::F32, &[1]),
        ("drums.head.weight", Dtype::F32, &[strokes[0], 1, 1]),
        ("drums.head.bias", Dtype::F32, &strokes),
    ]);
    let track = home.path().join("track.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 22_050,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(&track, spec).unwrap();
    (0..11_025).for_each(|i: i32| wav.write_sample((i % 50 * 400) as i16).unwrap());
    wav.finalize().unwrap();
    file_storm(home.path(), "net.safetensors", &[small], |path| {
        let options = Options { weights: Some(path.to_owned()), ..Options::default() };
        let analysis = analyze_with(&track, &options, &Silent)?;
        assert!(analysis.envelopes.values().all(|e| e.values.iter().all(|v| v.is_finite())));
        Ok(())
    });
}

/// A model's folder, of which one file at a time is damaged.
struct Folder {
    home: TempDir,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Folder {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        complete_kl(home.path());
        let mut files = Vec::new();
        let mut folders = vec![home.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push((path.clone(), fs::read(path).unwrap())),
                }
            }
        }
        files.sort();
        Folder { home, files }
    }

    /// Loads the model with `bytes` in place of the file that their first one numbers, and asks something of every part.
    fn try_with(&self, bytes: &[u8]) -> Result<()> {
        let (number, bytes) = bytes.split_first().ok_or_else(|| Error::usage("nothing is left"))?;
        let (path, right) = &self.files[usize::from(*number) % self.files.len()];
        fs::write(path, bytes).unwrap();
        let tried = self.ask();
        fs::write(path, right).unwrap();
        tried
    }

    fn ask(&self) -> Result<()> {
        let folder = self.home.path().to_owned();
        let spec = ModelSpec { folder, ..ModelSpec::default() };
        let model = Model::open(&spec, &Precision::F32.on(&Device::Cpu)?)?;
        let (text, _) = model.encode_prompt("red tiger")?;
        let side = 4 * model.info().downscale();
        let pictures = Tensor::zeros((2, 3, side, side), DType::F32, &Device::Cpu).unwrap();
        let latents = model.encode(&pictures)?;
        let with = Conditioning::new(text, vec![Movement::PLAIN; 2]);
        assert_eq!(model.predict(&latents, 500.0, &with)?.dims(), latents.dims());
        assert_eq!(model.decode(&latents)?.dims(), pictures.dims());
        Ok(())
    }
}

#[test]
fn folders() {
    let folder = Folder::new();
    let seeds: Vec<Vec<u8>> =
        folder.files.iter().enumerate().map(|(i, (_, right))| [&[i as u8], &right[..]].concat()).collect();
    assert!(seeds.len() > 10, "settings, weights, tokenizer and hints of every part");
    storm(&seeds, |bytes| folder.try_with(bytes));
}
