//! Model info: everything about a model that can be said without reading a weight: shapes, sizes, rates, and how it is sampled.
//!
//! Plans, exports and the studio's first page need no more than this. [`super::Model::load`] reads the weights of it.

use super::checkpoint::Checkpoint;
use super::fingerprint::ModelFingerprint;
use super::hints::ModelHints;
use super::motion::Motion;
use super::sampling::Sampling;
use super::spec::ModelSpec;
use super::vae_file::VaeFile;
use super::words::ModelWords;
use crate::diffusion::config::{
    CheckpointScheduler, MotionConfig, StageConfig, TextConfig, UnetConfig, VaeConfig,
};
use crate::diffusion::text::embedding::Embedding;
use crate::diffusion::text::tokenizer::Tokenizer;
use crate::diffusion::vae::pieces::Bounds;
use crate::error::{Error, Result};
use crate::units::Size;
use crate::weights::element::Element;
use crate::weights::keys::{self, ldm::Layout};
use crate::weights::{self, Keys, Large, Placement, TensorSource, Weights};
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

    /// Our keys for the tensors of a file that holds this part alone.
    fn keys(self) -> fn(&str) -> Keys {
        match self {
            Part::Unet => keys::unet,
            Part::Motion => keys::motion,
            Part::Text => keys::text,
            Part::Vae => keys::vae,
        }
    }
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
    /// How the names of a checkpoint in one file are read; none for a folder.
    layout: Option<Layout>,
    hints: ModelHints,
    words: Option<ModelWords>,
    sampling: Sampling,
    files: Vec<PathBuf>,
    notes: Vec<String>,
    /// The autoencoder in place of the model's own.
    vae_file: Option<VaeFile>,
    /// Words that come in files.
    pub(super) embeddings: Vec<Embedding>,
}

/// The shapes of a model's parts but the motion module's.
struct Parts {
    unet: UnetConfig,
    text: TextConfig,
    vae: VaeConfig,
    /// How the names of a checkpoint in one file are read, and what it says of how it was trained.
    single: Option<(Layout, CheckpointScheduler)>,
    /// The settings that were read.
    files: Vec<PathBuf>,
}

impl Parts {
    /// Of a folder in diffusers' layout, or of a checkpoint in one file; with the autoencoder `vae` instead of its own.
    fn open(path: &Path, vae: Option<&VaeFile>) -> Result<Self> {
        let other = vae.map(|vae| vae.config.clone());
        if path.is_file() {
            let Checkpoint { layout, unet, text, vae, scheduler } = Checkpoint::open(path, other)?;
            return Ok(Parts { unet, text, vae, single: Some((layout, scheduler)), files: Vec::new() });
        }
        let config = |part| path.join(part).join("config.json");
        let mut files = vec![config("unet"), config("text_encoder")];
        let vae = match other {
            Some(vae) => vae,
            None => {
                files.push(config("vae"));
                VaeConfig::read(&config("vae"))?
            }
        };
        let (unet, text) = (UnetConfig::read(&files[0])?, TextConfig::read(&files[1])?);
        Ok(Parts { unet, text, vae, single: None, files })
    }

    /// The model's own tokenizer. A text encoder with CLIP's vocabulary has CLIP's where there is none.
    fn tokenizer(&self, path: &Path) -> Result<Option<Tokenizer>> {
        let TextConfig { positions, vocabulary, .. } = self.text;
        let own = path.join("tokenizer");
        if own.is_dir() {
            return Tokenizer::open(&own, positions, vocabulary).map(Some);
        }
        (self.single.is_some() || vocabulary == CLIP_VOCABULARY)
            .then(|| Tokenizer::clip(positions, vocabulary))
            .transpose()
    }
}

/// Tokens of CLIP's own vocabulary.
const CLIP_VOCABULARY: usize = 49_408;

impl ModelInfo {
    /// Looks at the model that `spec` names, a folder or a checkpoint in one file: its settings, its tokenizer and, where a motion module's file is named, that file's
    /// header. The weights need not be there.
    ///
    /// # Errors
    /// Model: settings are missing, damaged or don't fit together. Usage: the motion module isn't made for the steps that were asked for.
    pub fn open(spec: &ModelSpec) -> Result<Self> {
        let vae = spec.vae.as_deref().map(VaeFile::open).transpose()?;
        let mut parts = Parts::open(&spec.folder, vae.as_ref())?;
        check_fit(&parts.unet, &parts.text, &parts.vae)?;
        if spec.skipped_layers >= parts.text.layers {
            let layers = parts.text.layers;
            return Err(Error::usage(format!("the text encoder has only {layers} layers"))
                .hint("--clip-skip 2 leaves out the last one, which models of drawn pictures often want"));
        }
        let tokenizer = parts.tokenizer(&spec.folder)?;
        let hints = ModelHints::read(&spec.folder, parts.vae.downscale())?;
        let trained = parts.single.as_ref().map(|(_, scheduler)| scheduler);
        let motion = Motion::open(spec, hints.as_ref(), (&parts.unet, trained))?;
        parts.files.extend(motion.files);
        parts.unet.norm = motion.config.unet_norm.unwrap_or(motion.sampling.unet_norm);
        Ok(ModelInfo {
            spec: spec.clone(),
            unet: parts.unet,
            text: parts.text,
            vae: parts.vae,
            tokenizer,
            layout: parts.single.map(|(layout, _)| layout),
            hints: hints.unwrap_or_else(|| motion.sampling.hints()),
            words: ModelWords::read(&spec.folder)?,
            motion: motion.config,
            motion_weights: motion.weights,
            sampling: motion.sampling,
            files: parts.files,
            notes: motion.note.into_iter().chain(vae.as_ref().and_then(|vae| vae.note.clone())).collect(),
            vae_file: vae,
            embeddings: Vec::new(),
        })
    }

    /// What a person may want to know about how the model was understood.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How wide the vectors of words are.
    pub fn text_width(&self) -> usize {
        self.text.width
    }

    /// Takes words that come in files; once, before the weights are read.
    pub fn add_embeddings(&mut self, embeddings: Vec<Embedding>) {
        if let Some(tokenizer) = &mut self.tokenizer {
            let words = embeddings.iter().map(|word| (word.word(), word.count()));
            tokenizer.add_words(words, self.text.vocabulary as u32);
            self.embeddings = embeddings;
        }
    }

    /// What the model was made for.
    pub fn hints(&self) -> &ModelHints {
        &self.hints
    }

    /// The words that it was taught, where it lists them; none: it knows whatever people say.
    pub fn words(&self) -> Option<&ModelWords> {
        self.words.as_ref()
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
    fn weights_of(&self, part: Part) -> Result<PathBuf> {
        if let (Part::Vae, Some(vae)) = (part, &self.vae_file) {
            return Ok(vae.weights.clone());
        }
        let folder = match part {
            Part::Motion if !self.motion_weights.is_dir() => return Ok(self.motion_weights.clone()),
            Part::Motion => self.motion_weights.clone(),
            _ if self.layout.is_some() => return Ok(self.spec.folder.clone()),
            Part::Unet => self.spec.folder.join("unet"),
            Part::Text => self.spec.folder.join("text_encoder"),
            Part::Vae => self.spec.folder.join("vae"),
        };
        weights::find(&folder)
    }

    /// The weights of a part, to be read to `placement`.
    ///
    /// # Errors
    /// Model: there are none, or they are damaged.
    pub(super) fn open_weights(&self, part: Part, placement: &Placement) -> Result<Weights> {
        let path = self.weights_of(part)?;
        if let (Part::Vae, Some(vae)) = (part, &self.vae_file) {
            return Weights::of(vae.source()?, placement, |name| vae.layout.keys(name));
        }
        let Some(layout) = self.layout else { return Weights::open(&path, placement, part.keys()) };
        match part {
            Part::Motion => Weights::open(&path, placement, part.keys()),
            Part::Unet => Weights::open(&path, placement, |name| layout.unet(name)),
            Part::Text => Weights::open(&path, placement, |name| layout.text(name)),
            Part::Vae => Weights::open(&path, placement, |name| layout.vae(name)),
        }
    }

    /// What becomes of large weights.
    pub(super) fn large(&self) -> Large {
        match (self.spec.low_memory, self.spec.shared_weights) {
            (true, _) => Large::Halved,
            (false, true) => Large::Shared,
            (false, false) => Large::AsStored,
        }
    }

    /// Whether the autoencoder is the full-size one.
    pub fn has_large_autoencoder(&self) -> bool {
        matches!(self.vae, VaeConfig::AutoencoderKl(_))
    }

    /// What the autoencoder works on at a time.
    pub(super) fn bounds(&self) -> Bounds {
        match (self.spec.low_memory, &self.vae) {
            (false, VaeConfig::AutoencoderTiny(_)) => Bounds::USUAL,
            (false, VaeConfig::AutoencoderKl(_)) => Bounds::LARGE,
            (true, VaeConfig::AutoencoderTiny(_)) => Bounds::SCARCE,
            (true, VaeConfig::AutoencoderKl(_)) => Bounds::TILES,
        }
    }

    /// Whether the autoencoder works on pictures of `size` in tiles, so that they come out a little otherwise.
    pub fn is_tiled(&self, size: Size) -> bool {
        let factor = self.downscale();
        self.bounds().cut((size.height as usize / factor, size.width as usize / factor))
    }

    /// Bytes that a weight takes on a CPU, by the largest tensor of the UNet: most weights are in large ones.
    pub fn bytes_a_weight(&self) -> f64 {
        let single = 4.0;
        let Ok(source) = self.weights_of(Part::Unet).and_then(|path| weights::open(&path)) else {
            return single;
        };
        let largest = source.shapes().iter().max_by_key(|(_, shape)| shape.iter().product::<usize>());
        let element = largest.and_then(|(name, _)| source.element(name));
        match (element, self.large()) {
            (Some(Element::F16 | Element::Bf16 | Element::E4m3 | Element::E5m2), _) | (_, Large::Halved) => {
                2.0
            }
            _ => single,
        }
    }

    /// The hash of every part: weights, settings, tokenizer and hints, whatever decides the pictures.
    ///
    /// # Errors
    /// Model: weights are missing. Input: a file can't be read.
    pub fn fingerprint(&self) -> Result<ModelFingerprint> {
        let (mut files, mut halved) = (self.files.clone(), false);
        let own = Part::ALL.into_iter().filter(|part| self.vae_file.is_none() || !matches!(part, Part::Vae));
        for part in own {
            // One file may hold several parts.
            let source = weights::open(&self.weights_of(part)?)?;
            halved |= self.spec.low_memory && is_wide(&*source);
            let own = source.files();
            let new: Vec<PathBuf> = own.into_iter().filter(|file| !files.contains(file)).collect();
            files.extend(new);
        }
        // What the hints say, and not their file: without one they say what is usual.
        let mut settings =
            vec![("hints", format!("{:?}", self.hints)), ("sampling", format!("{:?}", self.sampling))];
        if self.spec.skipped_layers > 0 {
            settings.push(("clip skip", self.spec.skipped_layers.to_string()));
        }
        if halved {
            settings.push(("large weights", "halved".to_owned()));
        }
        if let Some(vae) = &self.vae_file {
            settings.push(("vae", vae.digest()?));
        }
        if !self.embeddings.is_empty() {
            let all = self.embeddings.iter().map(Embedding::digest).collect::<Result<Vec<_>>>()?;
            settings.push(("embeddings", all.concat()));
        }
        ModelFingerprint::of(&self.spec.folder, &files, &settings)
    }
}

/// Whether a file has weights of more than 16 bits.
fn is_wide(source: &dyn TensorSource) -> bool {
    source.shapes().keys().any(|name| matches!(source.element(name), Some(Element::F32 | Element::F64)))
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
