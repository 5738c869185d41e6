//! Inspection: what a file or folder of weights is, by its headers alone, and what becomes of it here.

use super::checkpoint::Checkpoint;
use super::motion::found_in;
use super::vae_file::VaeFile;
use crate::diffusion::config::{Prediction, TextConfig, UnetConfig, VaeConfig};
use crate::diffusion::recipe;
use crate::diffusion::text::embedding::Embedding;
use crate::error::{Error, Result};
use crate::weights::adapter;
use crate::weights::keys::control;
use crate::weights::keys::family::stranger;
use crate::weights::keys::kind::Kind;
use crate::weights::keys::ldm::Layout;
use crate::weights::keys::rife::{self, RifeLayout};
use crate::weights::keys::upscaler::{self, UpscalerLayout};
use crate::weights::{self, TensorSource};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Trigger words that are shown, at most, and characters of each.
const MOST_WORDS: usize = 10;
const LONGEST_WORD: usize = 80;
/// Parts of a folder in diffusers' layout.
const PARTS: [&str; 4] = ["unet", "vae", "text_encoder", "motion_adapter"];

/// What a file or folder of weights is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// What it is for, like `motion module`.
    pub kind: String,
    /// Of which family it is, like `AnimateDiff v2`; none where that isn't told.
    pub family: Option<String>,
    /// Bytes on the disk.
    pub bytes: u64,
    /// Tensors of each part.
    pub parts: Vec<(String, usize)>,
    /// Values in each number format, the most first.
    pub formats: Vec<(String, u64)>,
    /// What its pictures or windows are made with, where that can be told.
    pub recipe: Option<String>,
    /// The option that takes it; none where nothing does.
    pub option: Option<&'static str>,
    /// Why nothing takes it, or what has to be added.
    pub notes: Vec<String>,
    /// What the file says of itself.
    pub metadata: BTreeMap<String, String>,
}

impl Inspection {
    /// Looks at the file or folder at `path`; no weight is read.
    ///
    /// # Errors
    /// Model: it is missing, damaged, or no file of weights.
    pub fn of(path: &Path) -> Result<Self> {
        if path.is_dir() { Self::of_folder(path) } else { Self::of_file(path) }
    }

    fn of_file(path: &Path) -> Result<Self> {
        let source = weights::open(path)?;
        let shapes = source.shapes();
        let kind = Kind::of(shapes);
        let mut found = Inspection {
            kind: kind.name().to_owned(),
            bytes: size_of(&*source),
            parts: vec![("all".to_owned(), shapes.len())],
            formats: formats(&*source),
            metadata: source.metadata(),
            ..Inspection::nothing()
        };
        match kind {
            Kind::Checkpoint | Kind::Unet => found.add_checkpoint(path, &*source),
            Kind::MotionModule => found.add_motion(path, &*source),
            Kind::Autoencoder | Kind::TinyAutoencoder => match VaeFile::open(path) {
                Ok(vae) => {
                    found.option = Some("--vae");
                    found.notes.extend(vae.note);
                }
                Err(error) => found.trouble(&error),
            },
            Kind::Lora | Kind::MotionLora => found.add_lora(kind, &*source),
            Kind::ControlNet => match control::stranger(shapes) {
                None => found.option = Some("--control"),
                Some(stranger) => found.note(format!("not taken, {}: {}", stranger.name, stranger.hint)),
            },
            Kind::Embedding => {
                let width = shapes.values().filter_map(|shape| shape.last()).max().copied().unwrap_or(0);
                match Embedding::open("", path, width) {
                    Ok(word) => {
                        found.family = Some(format!("{width} wide"));
                        found.option = Some("--prompt");
                        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                        let count = word.count();
                        found.note(format!(
                            "'{name}' in prompts is its word, or embedding:{name}; {count} vectors"
                        ));
                    }
                    Err(error) => found.trouble(&error),
                }
            }
            Kind::TextEncoder => found.note("text encoders come with a checkpoint or a folder"),
            Kind::Upscaler => match upscaler::network(&UpscalerLayout::of(shapes).shapes(shapes)) {
                Ok(net) => {
                    found.family = Some(format!("{}, {} times the size", net.name(), net.scale()));
                    found.option = Some("--upscale");
                }
                Err(why) => found.note(format!("not taken: {why}")),
            },
            Kind::Interpolator => match rife::network(&RifeLayout::of(shapes).shapes(shapes)) {
                Ok(net) => {
                    found.family = Some(net.name());
                    found.option = Some("--interpolator");
                }
                Err(why) => found.note(format!("not taken: {why}")),
            },
            Kind::Unknown => found.note("none of what beatbolt knows has such tensors"),
        }
        Ok(found)
    }

    fn add_lora(&mut self, kind: Kind, source: &dyn TensorSource) {
        self.family = match kind {
            Kind::MotionLora => Some("AnimateDiff".to_owned()),
            _ => adapter::family(source).map(str::to_owned),
        };
        let taken = self.family.as_deref().is_none_or(|f| f == "AnimateDiff" || f == "Stable Diffusion 1.5");
        match taken {
            true => self.option = Some("--lora"),
            false => self.note("not taken: one for Stable Diffusion 1.5 is needed"),
        }
        let words = trigger_words(&self.metadata);
        if !words.is_empty() {
            self.note(format!("trigger words: {}", words.join(", ")));
        }
    }

    fn nothing() -> Self {
        Inspection {
            kind: String::new(),
            family: None,
            bytes: 0,
            parts: Vec::new(),
            formats: Vec::new(),
            recipe: None,
            option: None,
            notes: Vec::new(),
            metadata: BTreeMap::new(),
        }
    }

    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// What is wrong, and what to do about it.
    fn trouble(&mut self, error: &Error) {
        self.note(error.to_string());
        error.hints().iter().for_each(|hint| self.note(hint.clone()));
    }

    fn add_checkpoint(&mut self, path: &Path, source: &dyn TensorSource) {
        let shapes = source.shapes();
        if let Some(stranger) = stranger(shapes) {
            self.family = Some(stranger.name.to_owned());
            return self.note(format!("not taken: {}", stranger.hint));
        }
        let Some(layout) = Layout::of(shapes) else {
            return self
                .note("its names are diffusers': such a file belongs into the folder 'unet' of a model");
        };
        let count = |has: &dyn Fn(&str) -> bool| shapes.keys().filter(|name| has(name)).count();
        self.parts = vec![
            ("UNet".to_owned(), count(&|name| !layout.unet(name).is_empty())),
            ("autoencoder".to_owned(), count(&|name| !layout.vae(name).is_empty())),
            ("text encoder".to_owned(), count(&|name| !layout.text(name).is_empty())),
        ];
        let averages = count(&|name| name.starts_with("model_ema."));
        if layout.has_averages_alone() {
            self.note("only averages (EMA) of the UNet's weights are there, and these are taken");
        } else if averages > 0 {
            self.parts.push(("averages (EMA), left alone".to_owned(), averages));
        }
        match Checkpoint::open(path, None) {
            Ok(checkpoint) => {
                self.family = Some("Stable Diffusion 1.5".to_owned());
                self.recipe = Some(predicts(checkpoint.scheduler.prediction));
                self.option = Some("--model");
                self.note("a motion module is needed with it: --motion");
            }
            Err(error) => self.trouble(&error),
        }
    }

    fn add_motion(&mut self, path: &Path, source: &dyn TensorSource) {
        let found = match found_in(source) {
            Ok(found) => found,
            Err(error) => return self.trouble(&error),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let row = recipe::find(&found, &name);
        self.family = Some(row.recipe.family.to_owned());
        let [_, steps, _] = row.recipe.steps;
        let (sampler, guidance) = (row.recipe.sampler.name(), row.recipe.guidance);
        let frames = found.positions.map_or("any number of".to_owned(), |n| format!("up to {n}"));
        self.recipe =
            Some(format!("{sampler}, {steps} steps, guidance {guidance}, {frames} frames a window"));
        self.option = Some("--motion");
        row.doubt.into_iter().for_each(|doubt| self.note(doubt));
    }

    fn of_folder(path: &Path) -> Result<Self> {
        let mut found = Inspection { kind: "model in diffusers' layout".to_owned(), ..Inspection::nothing() };
        let here: Vec<&str> = PARTS.into_iter().filter(|part| path.join(part).is_dir()).collect();
        if here.is_empty() {
            return Err(Error::model(format!("{} is no model in diffusers' layout", path.display()))
                .hint("such a folder has the folders unet, vae and text_encoder in it"));
        }
        let mut formats_of_all: BTreeMap<String, u64> = BTreeMap::new();
        for part in PARTS {
            let Ok(file) = weights::find(&path.join(part)) else {
                let has =
                    if part == "motion_adapter" { "a motion module is needed with it: --motion" } else { "" };
                found.note(if has.is_empty() {
                    format!("it has no weights in {part}")
                } else {
                    has.to_owned()
                });
                continue;
            };
            let source = weights::open(&file)?;
            found.bytes += size_of(&*source);
            found.parts.push((part.to_owned(), source.shapes().len()));
            for (name, values) in formats(&*source) {
                *formats_of_all.entry(name).or_default() += values;
            }
        }
        found.formats = sorted(formats_of_all);
        let config = |part: &str| path.join(part).join("config.json");
        let read = UnetConfig::read(&config("unet"))
            .and_then(|_| TextConfig::read(&config("text_encoder")))
            .and_then(|_| VaeConfig::read(&config("vae")));
        match read {
            Ok(_) => found.option = Some("--model"),
            Err(error) => found.trouble(&error),
        }
        Ok(found)
    }
}

/// The words that a LoRA was trained to answer to, as its file says, the most frequent first.
fn trigger_words(metadata: &BTreeMap<String, String>) -> Vec<String> {
    if let Some(phrase) = metadata.get("modelspec.trigger_phrase").filter(|phrase| !phrase.trim().is_empty())
    {
        return vec![phrase.trim().chars().take(LONGEST_WORD).collect()];
    }
    // By training set, then by tag.
    type Frequencies = BTreeMap<String, BTreeMap<String, f64>>;
    let said =
        metadata.get("ss_tag_frequency").and_then(|text| serde_json::from_str::<Frequencies>(text).ok());
    let mut all: BTreeMap<String, f64> = BTreeMap::new();
    for (tag, count) in said.into_iter().flat_map(BTreeMap::into_values).flatten() {
        *all.entry(tag.trim().chars().take(LONGEST_WORD).collect()).or_default() += count;
    }
    let mut all: Vec<(String, f64)> = all.into_iter().filter(|(tag, _)| !tag.is_empty()).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.into_iter().take(MOST_WORDS).map(|(tag, _)| tag).collect()
}

fn predicts(prediction: Prediction) -> String {
    match prediction {
        Prediction::Velocity => "predicts velocity".to_owned(),
        _ => "predicts noise".to_owned(),
    }
}

/// Bytes of all files of `source`.
fn size_of(source: &dyn TensorSource) -> u64 {
    source.files().iter().filter_map(|file| fs::metadata(file).ok()).map(|found| found.len()).sum()
}

/// Values in each number format, the most first.
fn formats(source: &dyn TensorSource) -> Vec<(String, u64)> {
    let mut formats: BTreeMap<String, u64> = BTreeMap::new();
    for (name, shape) in source.shapes() {
        if let Some(element) = source.element(name) {
            let values = shape.iter().fold(1u64, |all, side| all.saturating_mul(*side as u64));
            let all = formats.entry(element.name().to_owned()).or_default();
            *all = all.saturating_add(values);
        }
    }
    sorted(formats)
}

fn sorted(formats: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut formats: Vec<_> = formats.into_iter().collect();
    formats.sort_by_key(|(_, values)| std::cmp::Reverse(*values));
    formats
}

#[cfg(test)]
mod tests;
