//! Model info: everything about a model that can be said without reading a weight: shapes, sizes, rates, and how it is sampled.
//!
//! Plans, exports and the studio's first page need no more than this. [`super::Model::load`] reads the weights of it.

use super::fingerprint::ModelFingerprint;
use super::hints::ModelHints;
use super::motion::Motion;
use super::sampling::Sampling;
use super::spec::ModelSpec;
use crate::diffusion::config::{MotionConfig, StageConfig, TextConfig, UnetConfig, VaeConfig};
use crate::diffusion::text::tokenizer::Tokenizer;
use crate::error::{Error, Result};
use crate::units::Size;
use crate::weights;
use std::path::PathBuf;

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
        let configs = ["unet", "text_encoder", "vae"].map(|part| at(part).join("config.json"));
        let mut unet = UnetConfig::read(&configs[0])?;
        let text = TextConfig::read(&configs[1])?;
        let vae = VaeConfig::read(&configs[2])?;
        check_fit(&unet, &text, &vae)?;
        let mut files = Vec::from(configs);
        let hints = ModelHints::read(&spec.folder, vae.downscale())?;
        let motion = Motion::open(spec, hints.as_ref(), &unet)?;
        files.extend(motion.files);
        unet.norm = motion.config.unet_norm.unwrap_or(motion.sampling.unet_norm);
        let folder = at("tokenizer");
        let open = || Tokenizer::open(&folder, text.positions, text.vocabulary);
        let tokenizer = folder.is_dir().then(open).transpose()?;
        Ok(ModelInfo {
            spec: spec.clone(),
            unet,
            text,
            vae,
            tokenizer,
            hints: hints.unwrap_or_else(|| motion.sampling.hints()),
            motion: motion.config,
            motion_weights: motion.weights,
            sampling: motion.sampling,
            files,
            notes: motion.note.into_iter().collect(),
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

    /// The hash of every part: weights, settings, tokenizer and hints, whatever decides the pictures.
    ///
    /// # Errors
    /// Model: weights are missing. Input: a file can't be read.
    pub fn fingerprint(&self) -> Result<ModelFingerprint> {
        let mut files = self.files.clone();
        for part in Part::ALL {
            files.extend(weights::open(&self.weights_of(part)?)?.files());
        }
        // What the hints say, and not their file: without one they say what is usual.
        let settings = [("hints", format!("{:?}", self.hints)), ("sampling", format!("{:?}", self.sampling))];
        ModelFingerprint::of(&self.spec.folder, &files, &settings)
    }
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
