//! Model info: everything about a model that can be said without reading a weight: shapes, sizes, rates, and how it is sampled.
//!
//! Plans, exports and the studio's first page need no more than this. [`super::Model::load`] reads the weights of it.

use super::hints::ModelHints;
use super::sampling::Sampling;
use super::spec::ModelSpec;
use crate::diffusion::config::{
    CheckpointScheduler, FoundMotion, MotionConfig, StageConfig, TextConfig, UnetConfig, VaeConfig,
};
use crate::diffusion::recipe::{self, FoundRecipe};
use crate::diffusion::text::tokenizer::Tokenizer;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::units::Size;
use crate::weights::{self, TensorSource, keys, source};
use std::path::{Path, PathBuf};

/// The parts of a model that have weights.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Unet,
    Motion,
    Text,
    Vae,
}

impl Part {
    const ALL: [Part; 4] = [Part::Unet, Part::Motion, Part::Text, Part::Vae];
}

/// A model that was looked at and not loaded.
#[derive(Debug)]
pub struct ModelInfo {
    pub(super) spec: ModelSpec,
    pub(super) unet: UnetConfig,
    pub(super) motion: MotionConfig,
    pub(super) text: TextConfig,
    pub(super) vae: VaeConfig,
    /// Where the motion module's weights are: a file, or the folder of a part.
    pub(super) motion_weights: PathBuf,
    pub(super) tokenizer: Option<Tokenizer>,
    hints: ModelHints,
    sampling: Sampling,
    files: Vec<PathBuf>,
    notes: Vec<String>,
}

impl ModelInfo {
    /// Looks at the model that `spec` names: its settings, its tokenizer and, where a motion module's file is named, that file's
    /// header. The weights need not be there.
    ///
    /// # Errors
    /// Model: settings are missing, damaged or don't fit together. Usage: the motion module isn't made for the steps that were asked for.
    pub fn open(spec: &ModelSpec) -> Result<Self> {
        let at = |name: &str| spec.folder.join(name);
        let mut files = Vec::new();
        let mut config = |path: PathBuf| {
            files.push(path.clone());
            path
        };
        let mut unet = UnetConfig::read(&config(at("unet/config.json")))?;
        let text = TextConfig::read(&config(at("text_encoder/config.json")))?;
        let vae = VaeConfig::read(&config(at("vae/config.json")))?;
        check_fit(&unet, &text, &vae)?;
        let own_hints = ModelHints::read(&spec.folder, vae.downscale())?;
        own_hints.iter().for_each(|(path, _)| drop(config(path.clone())));
        let hints = own_hints.map(|(_, hints)| hints);

        let scheduler = at("scheduler/scheduler_config.json");
        let mut notes = Vec::new();
        let (motion, motion_weights, sampling) = match &spec.motion {
            Some(path) => {
                let own = at("motion_adapter/config.json");
                let own = own.is_file().then(|| MotionConfig::read(&config(own), &unet)).transpose()?;
                let found = motion_in(&*source::open(path)?)?;
                let motion = MotionConfig::of_file(path, &unet, &found, own.as_ref())?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let recipe = recipe::find(&found, &name);
                notes.push(told(&name, &motion, &recipe));
                (
                    motion,
                    path.clone(),
                    Sampling::of_recipe(spec, recipe.recipe, &checkpoint(&scheduler, &mut config)?)?,
                )
            }
            None => {
                let steps = hints.as_ref().map(|hints| hints.steps(spec.tier, spec.steps));
                let few =
                    steps.map(|steps| at(&format!("motion_adapter_{steps}step"))).filter(|few| few.is_dir());
                let distilled = few.is_some();
                let adapter = few.unwrap_or_else(|| at("motion_adapter"));
                let own = adapter.join("config.json");
                if !own.is_file() {
                    let message = format!("{} has no motion module", spec.folder.display());
                    return Err(Error::model(message).hint("name one with --motion FILE"));
                }
                let motion = MotionConfig::read(&config(own), &unet)?;
                let sampling = match &hints {
                    Some(hints) => Sampling::of_hints(spec, hints, distilled, &config(scheduler))?,
                    None => {
                        let found = FoundMotion {
                            mid: motion.mid_transformer_layers.is_some(),
                            positions: Some(motion.max_frames),
                            ..FoundMotion::default()
                        };
                        let own = Sampling::of_pipeline(spec, &scheduler)?;
                        let recipe = recipe::find(&found, "motion_adapter");
                        match own {
                            Some(own) => {
                                config(scheduler);
                                own
                            }
                            None => {
                                notes.push(told("the folder's motion module", &motion, &recipe));
                                Sampling::of_recipe(
                                    spec,
                                    recipe.recipe,
                                    &checkpoint(&scheduler, &mut config)?,
                                )?
                            }
                        }
                    }
                };
                (motion, adapter, sampling)
            }
        };
        unet.norm = motion.unet_norm.unwrap_or(sampling.unet_norm);
        let folder = at("tokenizer");
        let tokenizer =
            folder.is_dir().then(|| Tokenizer::open(&folder, text.positions, text.vocabulary)).transpose()?;
        let names = [
            "tokenizer.json",
            "vocab.json",
            "merges.txt",
            "tokenizer_config.json",
            "special_tokens_map.json",
        ];
        names
            .map(|name| folder.join(name))
            .into_iter()
            .filter(|path| path.is_file())
            .for_each(|path| drop(config(path)));
        let hints = hints.unwrap_or_else(|| sampling.hints());
        let spec = spec.clone();
        Ok(ModelInfo {
            spec,
            unet,
            motion,
            text,
            vae,
            motion_weights,
            tokenizer,
            hints,
            sampling,
            files,
            notes,
        })
    }

    /// What a person may want to know about how the model was understood.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What the model was made for.
    pub fn hints(&self) -> &ModelHints {
        &self.hints
    }

    /// How windows are sampled, and where each part of that comes from.
    pub fn sampling(&self) -> &Sampling {
        &self.sampling
    }

    /// The size at which it makes pictures by itself.
    pub fn size(&self) -> Size {
        Size { width: self.hints.width as u32, height: self.hints.height as u32 }
    }

    /// Channels of the latents.
    pub fn latent_channels(&self) -> usize {
        self.unet.in_channels
    }

    /// How many pixels wide and high one latent is.
    pub fn downscale(&self) -> usize {
        self.vae.downscale()
    }

    /// Most frames in a window.
    pub fn max_frames(&self) -> usize {
        self.motion.max_frames
    }

    /// The prompt's tokenizer.
    ///
    /// # Errors
    /// Model: the folder has none.
    pub fn tokenizer(&self) -> Result<&Tokenizer> {
        self.tokenizer.as_ref().ok_or_else(|| {
            Error::model("the model has no tokenizer").hint("its folder needs a 'tokenizer' folder inside")
        })
    }

    /// The file of weights, or the index of several, of a part.
    pub(super) fn weights_of(&self, part: Part) -> Result<PathBuf> {
        let folder = match part {
            Part::Motion if !self.motion_weights.is_dir() => return Ok(self.motion_weights.clone()),
            Part::Motion => self.motion_weights.clone(),
            Part::Unet => self.spec.folder.join("unet"),
            Part::Text => self.spec.folder.join("text_encoder"),
            Part::Vae => self.spec.folder.join("vae"),
        };
        weights::find(&folder)
    }

    /// A hash over the contents of all settings and weights, as hexadecimal digits: whatever decides the pictures.
    ///
    /// # Errors
    /// Model: weights are missing. Input: a file can't be read.
    pub fn fingerprint(&self) -> Result<String> {
        let mut digest = Digest::default();
        self.files.iter().try_for_each(|path| digest.update_file(path))?;
        for part in Part::ALL {
            let files = source::open(&self.weights_of(part)?)?.files();
            files.iter().try_for_each(|path| digest.update_file(path))?;
        }
        Ok(digest.finish())
    }
}

fn checkpoint(path: &Path, config: &mut impl FnMut(PathBuf) -> PathBuf) -> Result<CheckpointScheduler> {
    if path.is_file() {
        config(path.to_owned());
    }
    CheckpointScheduler::read(path)
}

/// A note that tells what a motion module was taken for.
fn told(name: &str, motion: &MotionConfig, found: &FoundRecipe) -> String {
    let frames = motion.max_frames;
    match &found.doubt {
        None => format!("{name}: {} for up to {frames} frames", found.recipe.family),
        Some(doubt) => format!(
            "{name}: {doubt}. If that is wrong, give the file its own name back, like animatediff_lightning_4step.safetensors"
        ),
    }
}

/// What the tensors of a motion file tell about its shape.
fn motion_in(file: &dyn TensorSource) -> Result<FoundMotion> {
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

/// The parts must speak of the same latents and the same text.
fn check_fit(unet: &UnetConfig, text: &TextConfig, vae: &VaeConfig) -> Result<()> {
    let latent = vae.latent_channels();
    if unet.in_channels != latent || unet.out_channels != latent {
        let (into, out) = (unet.in_channels, unet.out_channels);
        return Err(Error::model(format!(
            "the UNet has {into} and {out} channels, the autoencoder {latent}"
        ))
        .hint("UNets for inpainting have 9: take the plain one"));
    }
    let attends = |s: &&StageConfig| s.down_attention || s.up_attention;
    if let Some(stage) =
        unet.stages.iter().chain([unet.deepest()]).filter(attends).find(|s| s.context != text.width)
    {
        let (wants, has) = (stage.context, text.width);
        return Err(Error::model(format!(
            "the UNet wants text {wants} wide, the text encoder makes it {has} wide"
        ))
        .hint("text encoder and UNet are of different models"));
    }
    Ok(())
}
