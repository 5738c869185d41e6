//! The motion module of a model: which it is, what its settings or its file's header say of it, and how it is therefore sampled.

use super::hints::ModelHints;
use super::sampling::Sampling;
use super::spec::ModelSpec;
use crate::diffusion::config::{CheckpointScheduler, FoundMotion, MotionConfig, UnetConfig};
use crate::diffusion::recipe::{self, FoundRecipe};
use crate::error::{Error, Result};
use crate::weights::{self, TensorSource, keys};
use std::path::{Path, PathBuf};

/// A motion module that was looked at.
pub(super) struct Motion {
    /// Its shape.
    pub config: MotionConfig,
    /// Where its weights are: a file, or the folder of a part.
    pub weights: PathBuf,
    /// How windows are sampled with it.
    pub sampling: Sampling,
    /// The settings that were read.
    pub files: Vec<PathBuf>,
    /// What it was taken for, where that isn't plain.
    pub note: Option<String>,
}

impl Motion {
    /// The module that `spec` names, or the folder's own; `hints` are the model's, if it has any, and `trained` is what a
    /// checkpoint in one file says of itself.
    ///
    /// # Errors
    /// Model: there is none, or its settings or its header can't be understood. Usage: it isn't made for the steps that were asked for.
    pub fn open(
        spec: &ModelSpec,
        hints: Option<&ModelHints>,
        (unet, trained): (&UnetConfig, Option<&CheckpointScheduler>),
    ) -> Result<Self> {
        match (&spec.motion, hints) {
            (Some(path), _) => Self::of_file(spec, path, (unet, trained)),
            (None, Some(hints)) => Self::of_hints(spec, hints, unet),
            (None, None) => Self::of_pipeline(spec, unet),
        }
    }

    /// A module in a file of its own, which has its recipe by its tensors and its name.
    fn of_file(
        spec: &ModelSpec,
        path: &Path,
        (unet, trained): (&UnetConfig, Option<&CheckpointScheduler>),
    ) -> Result<Self> {
        let own = spec.folder.join("motion_adapter/config.json");
        let (own, mut files) = match own.is_file() {
            true => (Some(MotionConfig::read(&own, unet)?), vec![own]),
            false => (None, Vec::new()),
        };
        let found = found_in(&*weights::open(path)?)?;
        let config = MotionConfig::of_file(path, unet, &found, own.as_ref())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let recipe = recipe::find(&found, &name);
        let checkpoint = match trained {
            Some(trained) => trained.clone(),
            None => checkpoint(spec, &mut files)?,
        };
        let sampling = Sampling::of_recipe(spec, recipe.recipe, &checkpoint)?;
        let note = Some(told(&name, &config, &recipe));
        Ok(Motion { config, weights: path.to_owned(), sampling, files, note })
    }

    /// A module of a model that says how it is to be sampled, with others beside it that are distilled for few steps.
    fn of_hints(spec: &ModelSpec, hints: &ModelHints, unet: &UnetConfig) -> Result<Self> {
        let steps = hints.steps(spec.tier, spec.steps);
        let few = spec.folder.join(format!("motion_adapter_{steps}step"));
        let distilled = few.is_dir();
        let weights = if distilled { few } else { spec.folder.join("motion_adapter") };
        let (config, scheduler) = (own_config(spec, &weights)?, scheduler(spec));
        let sampling = Sampling::of_hints(spec, hints, distilled, &scheduler)?;
        let files = vec![config.clone(), scheduler];
        Ok(Motion { config: MotionConfig::read(&config, unet)?, weights, sampling, files, note: None })
    }

    /// The module of a folder without hints: a pipeline that was saved with it, or a checkpoint that somebody put it into.
    fn of_pipeline(spec: &ModelSpec, unet: &UnetConfig) -> Result<Self> {
        let weights = spec.folder.join("motion_adapter");
        let path = own_config(spec, &weights)?;
        let config = MotionConfig::read(&path, unet)?;
        let found = FoundMotion {
            mid: config.mid_transformer_layers.is_some(),
            positions: Some(config.max_frames),
            ..FoundMotion::default()
        };
        let recipe = recipe::find(&found, "motion_adapter");
        let mut files = vec![path];
        if let Some(sampling) = Sampling::of_pipeline(spec, &scheduler(spec), recipe.recipe.unet_norm) {
            files.push(scheduler(spec));
            return Ok(Motion { config, weights, sampling, files, note: None });
        }
        let checkpoint = checkpoint(spec, &mut files)?;
        let sampling = Sampling::of_recipe(spec, recipe.recipe, &checkpoint)?;
        let note = Some(told("the folder's motion module", &config, &recipe));
        Ok(Motion { config, weights, sampling, files, note })
    }
}

fn scheduler(spec: &ModelSpec) -> PathBuf {
    spec.folder.join("scheduler/scheduler_config.json")
}

/// The settings of the folder's own module.
fn own_config(spec: &ModelSpec, adapter: &Path) -> Result<PathBuf> {
    let config = adapter.join("config.json");
    if config.is_file() {
        return Ok(config);
    }
    Err(Error::model(format!("{} has no motion module", spec.folder.display()))
        .hint("name one with --motion FILE"))
}

/// What the folder's scheduler says of the checkpoint; without one it is as those of SD 1.5 are.
fn checkpoint(spec: &ModelSpec, files: &mut Vec<PathBuf>) -> Result<CheckpointScheduler> {
    let path = scheduler(spec);
    files.extend(path.is_file().then(|| path.clone()));
    CheckpointScheduler::read(&path)
}

/// A note that tells what a motion module was taken for.
fn told(name: &str, config: &MotionConfig, found: &FoundRecipe) -> String {
    let frames = config.max_frames;
    match &found.doubt {
        None => format!("{name}: {} for up to {frames} frames", found.recipe.family),
        Some(doubt) => format!(
            "{name}: {doubt}. If that is wrong, give the file its own name back, like animatediff_lightning_4step.safetensors"
        ),
    }
}

/// The entrance of a UNet.
const ENTRANCE: &str = "conv_in.";
/// Kinds of motion files that aren't taken, by what stands in the names of their tensors.
const STRANGERS: [(&str, &str, &str); 4] = [
    ("lora", "a motion LoRA", "it changes a motion module and is none by itself"),
    ("temporal_attentions.", "a module of Hotshot-XL", "one for Stable Diffusion 1.5 is needed"),
    ("pos_encoder.positional_encoding", "a module of Hotshot-XL", "one for Stable Diffusion 1.5 is needed"),
    (
        ENTRANCE,
        "a module of PIA",
        "it changes the UNet's entrance: take one of AnimateDiff or AnimateDiff-Lightning",
    ),
];

/// An error for a motion file that isn't taken, by what it is.
fn stranger(file: &dyn TensorSource) -> Option<Error> {
    let names = || file.shapes().keys();
    let refused =
        |name: &str, hint: &str| Error::model(format!("{} is {name}", file.path().display())).hint(hint);
    // UNets and autoencoders have an entrance as well, and no motion modules.
    let moves = names().any(|key| key.contains("motion_modules."));
    let is = |sign: &str| (moves || sign != ENTRANCE) && names().any(|key| key.contains(sign));
    if let Some((_, name, hint)) = STRANGERS.iter().find(|(sign, ..)| is(sign)) {
        return Some(refused(name, hint));
    }
    // SDXL's UNet is as wide as that of Stable Diffusion 1.5, in three stages in place of four.
    let stage = |key: &str| key.split_once("down_blocks.")?.1.split('.').next()?.parse::<usize>().ok();
    let modules = file.shapes().iter().filter(|(key, _)| key.contains("motion_modules."));
    let deepest = modules.filter_map(|(key, shape)| Some((stage(key)?, shape.contains(&1280)))).max();
    (deepest == Some((2, true)))
        .then(|| refused("a motion module for SDXL", "one for Stable Diffusion 1.5 is needed"))
}

/// What the tensors of a motion file tell about its shape.
pub(super) fn found_in(file: &dyn TensorSource) -> Result<FoundMotion> {
    if let Some(error) = stranger(file) {
        return Err(error);
    }
    let renamed = |name: &String| keys::motion(name).into_iter().next().map(|(key, _)| key);
    let modules: Vec<(String, &Vec<usize>)> = file
        .shapes()
        .iter()
        .filter_map(|(name, shape)| Some((renamed(name)?, shape)))
        .filter(|(key, _)| key.contains("motion_modules."))
        .collect();
    if modules.is_empty() {
        let error = Error::model(format!("{}: there are no motion modules in it", file.path().display()));
        let all = file.shapes().iter().map(|(name, shape)| (name.as_str(), shape.as_slice()));
        return Err(match keys::likely_cause(all) {
            Some(cause) => error.hint(cause),
            None => error.hint("an AnimateDiff or AnimateDiff-Lightning motion module is needed"),
        });
    }
    let positions = modules
        .iter()
        .find(|(key, _)| key.ends_with("pos_embed.pe"))
        .and_then(|(_, shape)| shape.iter().rev().nth(1).copied());
    let layer = |key: &str| key.split_once("transformer_blocks.")?.1.split('.').next()?.parse::<usize>().ok();
    Ok(FoundMotion {
        mid: modules.iter().any(|(key, _)| key.starts_with("mid_block.")),
        deeper: modules.iter().filter_map(|(key, _)| layer(key)).max().unwrap_or(0),
        positions,
        original: file.shapes().keys().any(|name| name.contains(".temporal_transformer.")),
    })
}
