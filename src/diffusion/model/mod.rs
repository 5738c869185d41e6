//! A model as the renderer sees it: prompts, predictions, pictures.
//!
//! [`ModelInfo`] looks at a folder in diffusers' layout or a checkpoint in one file, with or without a motion module from a file of its own, and
//! [`Model::load`] reads its weights. Everything that depends on the kind of model stays behind this door.

mod adapters;
mod checkpoint;
mod control;
mod cost;
mod fingerprint;
mod hints;
mod info;
mod inspect;
mod motion;
mod moving_cost;
mod sampling;
mod spec;
pub mod tier;
mod vae_file;
mod words;

pub use adapters::{Adapted, Patches, Strength};
pub use control::ControlFile;
pub use cost::Products;
pub use fingerprint::ModelFingerprint;
pub use hints::ModelHints;
pub use info::ModelInfo;
pub use inspect::Inspection;
pub use sampling::{Origin, Origins, Sampling, SamplingRecord};
pub use spec::{ModelSpec, Precision};
pub use tier::Tier;
pub use words::ModelWords;

use self::adapters::Turning;
use self::control::ControlNets;
use self::info::Part;
use super::conditioning::Conditioning;
use super::sampling::level::NoiseLevel;
use super::sampling::prediction::{Denoiser, pred_x0};
use super::sampling::retime;
use super::text::encoder::TextEncoder;
use super::text::tokenizer::PromptIds;
use super::unet::{Unet, UnetParts};
use super::vae::Vae;
use super::vae::pieces::in_pieces;
use crate::error::{Context, Error, Result};
use crate::system;
use crate::weights::{Placement, Weights};
use candle_core::{DType, Device, Result as TensorResult, Tensor};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A loaded model.
#[derive(Debug)]
pub struct Model {
    info: ModelInfo,
    /// None while it isn't needed.
    text: Mutex<Option<TextEncoder>>,
    /// Whether the text encoder's weights were changed while they were read.
    text_is_patched: bool,
    unet: Unet,
    vae: Vae,
    luma: Vec<f32>,
    placement: Placement,
    notes: Vec<String>,
    /// Held by whoever runs a large network, where only one may.
    turn: Option<Mutex<()>>,
    turning: Turning,
    controls: ControlNets,
}

impl Model {
    /// Looks at the model that `spec` names, and reads its weights to `placement`.
    ///
    /// # Errors
    /// As [`ModelInfo::open`] and [`Self::load`].
    pub fn open(spec: &ModelSpec, placement: &Placement) -> Result<Model> {
        Model::load(ModelInfo::open(spec)?, placement)
    }

    /// Reads the weights of a model to `placement`.
    ///
    /// # Errors
    /// As [`Self::load_patched`].
    pub fn load(info: ModelInfo, placement: &Placement) -> Result<Model> {
        Model::load_patched(info, placement, &Patches::default())
    }

    /// Reads the weights of a model to `placement`, changed by `patches` on the way. [`ModelInfo::fingerprint`] knows nothing
    /// of these.
    ///
    /// # Errors
    /// Whatever is missing, damaged or does not fit, by file and tensor, with the likely cause; and what a patch refuses.
    pub fn load_patched(info: ModelInfo, placement: &Placement, patches: &Patches) -> Result<Model> {
        Model::load_moving(info, placement, patches, &[])
    }

    /// Reads the weights of a model to `placement`, with adapters on them. [`ModelInfo::fingerprint`] knows nothing of these.
    ///
    /// # Errors
    /// As [`Self::load_patched`]; Usage: an adapter is to move that changes what can't be changed from frame to frame.
    pub fn load_adapted(info: ModelInfo, placement: &Placement, adapted: &[Adapted]) -> Result<Model> {
        let moving: Vec<&Adapted> = adapted.iter().filter(|a| a.strength == Strength::Moving).collect();
        Model::load_moving(info, placement, &Patches::of(adapted), &moving)
    }

    /// This model with ControlNets beside it; conditionings call them by their places among `files`.
    ///
    /// # Errors
    /// Model: a file is damaged.
    pub fn with_controls<'f>(self, files: impl IntoIterator<Item = &'f ControlFile>) -> Result<Self> {
        Ok(Model { controls: ControlNets::load(files, &self.info, &self.placement)?, ..self })
    }

    /// What ControlNet `net` makes of control pictures \[f, 3, H, W] in 0..=1: features \[f, c, h, w], for a conditioning.
    ///
    /// # Errors
    /// Device: it doesn't fit there.
    pub fn features(&self, net: usize, pictures: &Tensor) -> Result<Tensor> {
        let _turn = self.turn();
        let failed = || Error::device("looking at control pictures failed");
        let look = || self.controls.look(net, &self.onto(pictures)?);
        look().context(|| failed().hint("a smaller --size needs less memory"))
    }

    /// The parameters that each window's conditioning gives the strengths of, in their order.
    pub fn moving(&self) -> &[String] {
        self.turning.params()
    }

    /// As [`Self::load_patched`], with `moving` adapters over the weights.
    fn load_moving(
        info: ModelInfo,
        placement: &Placement,
        patches: &Patches,
        moving: &[&Adapted],
    ) -> Result<Model> {
        // The autoencoder is f32 always; where the rest is not, it needs no more digits than that has.
        #[cfg(feature = "cuda")]
        crate::nn::cuda::allow_tf32(placement.dtype != DType::F32);
        let single = Placement { dtype: DType::F32, ..placement.clone() };
        // What is multiplied is rounded there, and nothing else: that is no matter of range.
        let of_vae = if placement.rounds() { placement } else { &single };
        let of_text = of_text(placement);
        let mut notes = Vec::new();
        let large = info.large();
        let adapters: Vec<_> = moving.iter().map(|adapted| adapted.adapter.clone()).collect();
        let (unet, turning) = {
            let open = |part| {
                let weights = info.open_weights(part, placement)?.patched(patches.unet.clone());
                Ok(weights.keeping(large).moved(adapters.clone()))
            };
            let (image, motion) = (open(Part::Unet)?, open(Part::Motion)?);
            let (unet, scope) = (image.scope(""), motion.scope(""));
            let net =
                Unet::new(&UnetParts { unet, config: &info.unet, motion: Some((scope, &info.motion)) })?;
            notes.extend([&image, &motion].into_iter().filter_map(unused));
            (net, Turning::new(moving, [&image, &motion])?)
        };
        let file = info.open_weights(Part::Text, &of_text)?.patched(patches.text.clone()).keeping(large);
        let text = text_encoder(&info, &file)?;
        notes.extend(unused(&file));
        let file = info.open_weights(Part::Vae, of_vae)?.keeping(large);
        let vae = Vae::new(&file, &info.vae)?;
        notes.extend(unused(&file));
        let turn = (info.spec.low_memory || info.spec.shared_weights).then(Mutex::default);
        let (text, text_is_patched) = (Mutex::new(Some(text)), !patches.text.is_empty());
        let (luma, placement) = (Vec::new(), placement.clone());
        let controls = ControlNets::default();
        let mut model =
            Model { info, text, text_is_patched, unet, vae, luma, placement, notes, turn, turning, controls };
        model.luma = retime::luma(model.info.latent_channels(), model.device(), |x| model.decoded(x))
            .context(|| Error::device("trying the autoencoder failed"))?;
        Ok(model)
    }

    /// What is known of the model without its weights.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// What a person may want to know about the weights: what was not used.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The embedding \[1, L, d] of a prompt, and the part of the prompt that was too long for the encoder.
    pub fn encode_prompt(&self, prompt: &str) -> Result<(Tensor, Option<String>)> {
        let prompt = self.tokenize(prompt)?;
        Ok((self.encode_ids(&prompt.ids)?, prompt.cut))
    }

    /// The token ids of a prompt, and which part of it each stands for.
    pub fn tokenize(&self, prompt: &str) -> Result<PromptIds> {
        self.info.tokenizer()?.encode(prompt)
    }

    /// The token ids of a prompt of any length, in chunks of which each is encoded by itself; one ends at each of the bytes `breaks`.
    pub fn tokenize_chunks(&self, prompt: &str, breaks: &[usize]) -> Result<Vec<PromptIds>> {
        self.info.tokenizer()?.chunks(prompt, breaks)
    }

    /// The embedding \[1, L, d] of token ids. Reads the text encoder's weights again where they were let go.
    pub fn encode_ids(&self, ids: &[u32]) -> Result<Tensor> {
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match &mut *text {
            Some(text) => text,
            none => {
                let file =
                    self.info.open_weights(Part::Text, &of_text(&self.placement))?.keeping(self.info.large());
                none.insert(text_encoder(&self.info, &file)?)
            }
        };
        let embedding = text.forward(ids)?;
        embedding.to_dtype(DType::F32).context(|| Error::device("encoding a prompt failed"))
    }

    /// Lets the text encoder's memory go, for prompts that were encoded before; one that comes later reads its weights again.
    pub fn let_text_go(&self) {
        // Patches aren't kept, so patched weights couldn't be read again.
        if !self.text_is_patched {
            *self.text.lock().unwrap_or_else(PoisonError::into_inner) = None;
            system::give_back();
        }
    }

    fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        self.turn.as_ref().map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The network's output, f32 \[f, c, h, w], for latents `x` of that shape at timestep `t`, of unit variance as the sampler says.
    pub fn predict(&self, x: &Tensor, t: f64, with: &Conditioning) -> Result<Tensor> {
        let frames = x.dims().first().copied().unwrap_or(0);
        if frames == 0 || frames > self.info.max_frames() {
            let most = self.info.max_frames();
            return Err(Error::usage(format!("a window of {frames} frames is not between 1 and {most}"))
                .hint("the motion module's positional encoding ends there"));
        }
        if with.motion.len() != frames {
            return Err(Error::internal(format!("{} motions for {frames} frames", with.motion.len())));
        }
        let _turn = self.turn();
        let _held = self.turning.set(&with.strengths)?;
        let run = || -> TensorResult<Tensor> {
            let (x, with) = (self.onto(x)?, with.with_text(&self.onto(&with.text)?));
            let with = Conditioning {
                residuals: self.controls.residuals(&x, t, &with)?,
                controls: Vec::new(),
                ..with
            };
            self.unet.forward(&x, t, &with)?.to_dtype(DType::F32)
        };
        run().context(|| Error::device(format!("denoising a window of {frames} frames failed")))
    }

    /// The pictures \[f, 3, H, W] of latents \[f, c, h, w], about in \[-1, 1].
    pub fn decode(&self, latents: &Tensor) -> Result<Tensor> {
        self.decoded(latents)
            .context(|| Error::device("decoding pictures failed").hint("a smaller picture takes less memory"))
    }

    /// The latents \[f, c, h, w] of pictures \[f, 3, H, W] in \[-1, 1] whose sides are multiples of [`ModelInfo::downscale`].
    pub fn encode(&self, pictures: &Tensor) -> Result<Tensor> {
        self.in_pieces(pictures, (self.info.downscale(), 1), |x| self.vae.encode(x))
            .context(|| Error::device("encoding pictures failed").hint("a smaller picture takes less memory"))
    }

    /// What each channel of the latents adds to the luma of a picture, see [`retime::luma`].
    pub fn luma(&self) -> &[f32] {
        &self.luma
    }

    /// Where the model computes.
    pub fn device(&self) -> &Device {
        &self.placement.device
    }

    /// Where and in which format of numbers the model computes.
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    fn onto(&self, x: &Tensor) -> TensorResult<Tensor> {
        x.to_device(&self.placement.device)?.to_dtype(self.placement.tensors())
    }

    fn decoded(&self, latents: &Tensor) -> TensorResult<Tensor> {
        self.in_pieces(latents, (1, self.info.downscale()), |x| self.vae.decode(x))
    }

    /// Runs `f` in pieces, one at a time where memory is scarce.
    fn in_pieces(
        &self,
        x: &Tensor,
        sides: (usize, usize),
        f: impl Fn(&Tensor) -> TensorResult<Tensor>,
    ) -> TensorResult<Tensor> {
        let x = x.to_device(&self.placement.device)?.to_dtype(DType::F32)?;
        in_pieces(&x, sides, self.info.bounds(), |x| {
            let _turn = self.turn();
            f(x)
        })
    }
}

impl Denoiser for Model {
    fn pred_x0(&self, x: &Tensor, level: NoiseLevel, with: &Conditioning) -> Result<Tensor> {
        let failed = || Error::device("the denoising step failed").hint("a smaller --size needs less memory");
        let input = (x / level.spread()).context(failed)?;
        let output = self.predict(&input, level.t, with)?;
        pred_x0(self.info.sampling().scheduler.prediction, x, &output, level).context(failed)
    }
}

/// Where the text encoder computes, and in what: prompts are encoded once, so on a CPU nothing is won by rounding.
fn of_text(placement: &Placement) -> Placement {
    Placement { dtype: placement.tensors(), ..placement.clone() }
}

fn text_encoder(info: &ModelInfo, file: &Weights) -> Result<TextEncoder> {
    let text = TextEncoder::new(&file.scope(""), &info.text)?.with_words(&info.embeddings)?;
    Ok(text.without_last(info.spec.skipped_layers))
}

/// A note about a file that holds more than was asked of it.
fn unused(file: &Weights) -> Option<String> {
    let unused = file.unused();
    let first = unused.first()?;
    let (path, count) = (file.path().display(), unused.len());
    Some(format!("{path}: {count} tensors were not used, the first is '{first}'"))
}
