//! A model as the renderer sees it: prompts, predictions, pictures.
//!
//! A folder in diffusers' layout goes in, with or without a motion module from a file of its own. Everything that
//! depends on the kind of model stays behind this door.

mod fingerprint;
mod hints;
mod loading;

pub use fingerprint::ModelFingerprint;
pub use hints::{Effort, ModelHints};

use self::loading::{Loaded, check_fit};
use super::config::{MotionConfig, SchedulerConfig, TextConfig, UnetConfig, VaeConfig};
use super::sampling::denoise::Predict;
use super::sampling::retime;
use super::text::encoder::TextEncoder;
use super::text::tokenizer::{PromptIds, Tokenizer};
use super::unet::motion_module::Movement;
use super::unet::{Unet, UnetParts};
use super::vae::autoencoder_kl::AutoencoderKl;
use super::vae::autoencoder_tiny::AutoencoderTiny;
use crate::error::{Context, Error, Result};
use crate::weights;
use crate::weights::keys;
use crate::weights::{Placement, Weights};
use candle_core::{DType, Device, Result as TensorResult, Tensor};
use std::path::PathBuf;

/// Pixels that the autoencoder works on at a time, at most, beyond a first frame: bounds its memory.
const DECODE_PIXELS: usize = 1 << 18;

/// The number format that text encoder and UNet compute in. The autoencoder always computes in single precision,
/// because full-size ones overflow in half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Single precision: exact, and the fastest on a CPU.
    #[default]
    F32,
    /// Half precision, for graphics processors.
    F16,
    /// Brain floats, for graphics processors.
    Bf16,
}

/// Which weights to load.
#[derive(Clone, Debug)]
pub struct ModelSpec {
    /// A folder in diffusers' layout.
    pub folder: PathBuf,
    /// A motion module that is used instead of the folder's own.
    pub motion: Option<PathBuf>,
    /// Decides the steps, and by them which of the folder's motion modules is used: the one in
    /// `motion_adapter_4step` for 4 steps, if there is one, otherwise the standard one in `motion_adapter`.
    pub effort: Effort,
    /// What to compute in.
    pub precision: Precision,
}

/// A loaded model.
#[derive(Debug)]
pub struct Model {
    text: TextEncoder,
    tokenizer: Option<Tokenizer>,
    unet: Unet,
    unet_config: UnetConfig,
    motion_config: MotionConfig,
    vae: Vae,
    vae_config: VaeConfig,
    luma: Vec<f32>,
    scheduler: SchedulerConfig,
    native: ModelHints,
    steps: usize,
    guidance: f32,
    target: Placement,
    folder: PathBuf,
    files: Vec<PathBuf>,
    notes: Vec<String>,
}

#[derive(Debug)]
enum Vae {
    AutoencoderKl(Box<AutoencoderKl>),
    AutoencoderTiny(AutoencoderTiny),
}

impl Model {
    /// Loads a model onto `device`.
    ///
    /// # Errors
    /// Whatever is missing, damaged or does not fit, by file and tensor, with the likely cause.
    pub fn open(spec: &ModelSpec, device: &Device) -> Result<Model> {
        let target = Placement { dtype: spec.precision.dtype(device)?, device: device.clone() };
        // The autoencoder is f32 always; where the rest is not, it needs no more digits than that has.
        #[cfg(feature = "cuda")]
        super::cuda::allow_tf32(target.dtype != DType::F32);
        let at = |name: &str| spec.folder.join(name);
        let mut loaded = Loaded::new(target.clone());

        let unet_config = UnetConfig::read(&loaded.config(at("unet/config.json")))?;
        let unet_weights = loaded.open(&weights::find(&at("unet"))?, keys::unet)?;
        let vae_config = VaeConfig::read(&loaded.config(at("vae/config.json")))?;
        let native = ModelHints::read(&spec.folder, vae_config.downscale())?;
        let steps = native.steps(spec.effort);
        let few = at(&format!("motion_adapter_{steps}step"));
        let few = (few.is_dir() && spec.motion.is_none()).then_some(few);
        let guidance = if few.is_some() { 1.0 } else { native.guidance };
        let adapter = few.unwrap_or_else(|| at("motion_adapter"));
        let (motion_weights, motion_config) = loaded.motion(spec, &adapter, &unet_config)?;
        let unet = Unet::new(&UnetParts {
            unet: unet_weights.scope(""),
            config: &unet_config,
            motion: motion_weights.scope(""),
            motion_config: &motion_config,
        })?;

        let text_config = TextConfig::read(&loaded.config(at("text_encoder/config.json")))?;
        let text_weights = loaded.open(&weights::find(&at("text_encoder"))?, keys::text)?;
        let text = TextEncoder::new(&text_weights.scope(""), &text_config)?;

        loaded.target.dtype = DType::F32;
        let vae_weights = loaded.open(&weights::find(&at("vae"))?, keys::vae)?;
        let vae = Vae::new(&vae_weights, &vae_config)?;

        check_fit(&unet_config, &text_config, &vae_config)?;
        let folder = at("tokenizer");
        let tokenizer =
            folder.is_dir().then(|| Tokenizer::open(&folder, text_config.positions)).transpose()?;
        loaded.note_unused(&[&unet_weights, &motion_weights, &text_weights, &vae_weights]);
        let mut model = Model {
            scheduler: SchedulerConfig::read(&loaded.config(at("scheduler/scheduler_config.json")))?,
            native,
            steps,
            guidance,
            text,
            tokenizer,
            unet,
            unet_config,
            motion_config,
            vae,
            vae_config,
            luma: Vec::new(),
            target,
            folder: spec.folder.clone(),
            files: loaded.files,
            notes: loaded.notes,
        };
        model.luma = retime::luma(model.latent_channels(), device, |x| model.decoded(x))
            .context(|| Error::device("trying the autoencoder failed"))?;
        Ok(model)
    }

    /// What a person may want to know about the loading: what was not used, what was assumed.
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
        let tokenizer = self.tokenizer.as_ref().ok_or_else(|| {
            Error::model("the model has no tokenizer").hint("its folder needs a 'tokenizer' folder inside")
        })?;
        tokenizer.encode(prompt)
    }

    /// The embedding \[1, L, d] of token ids.
    pub fn encode_ids(&self, ids: &[u32]) -> Result<Tensor> {
        let embedding = self.text.forward(ids)?;
        embedding.to_dtype(DType::F32).context(|| Error::device("encoding a prompt failed"))
    }

    /// The network's prediction for the latents `x` of a window at timestep `t`.
    ///
    /// # Shapes
    /// `x` \[f, c, h, w], scaled to unit variance as the sampler says; `text` \[1 or f, L, d]; `motion` how
    /// each of the f frames moves. Gives f32 \[f, c, h, w].
    pub fn predict(&self, x: &Tensor, t: f64, text: &Tensor, motion: &[Movement]) -> Result<Tensor> {
        let frames = x.dims().first().copied().unwrap_or(0);
        if frames == 0 || frames > self.max_frames() {
            let most = self.max_frames();
            return Err(Error::usage(format!("a window of {frames} frames is not between 1 and {most}"))
                .hint("the motion module's positional encoding ends there"));
        }
        if motion.len() != frames {
            return Err(Error::internal(format!("{} motions for {frames} frames", motion.len())));
        }
        let run = || -> TensorResult<Tensor> {
            let (x, text) = (self.onto(x)?, self.onto(text)?);
            self.unet.forward(&x, t, &text, motion)?.to_dtype(DType::F32)
        };
        run().context(|| Error::device(format!("denoising a window of {frames} frames failed")))
    }

    /// The pictures \[f, 3, H, W] of latents \[f, c, h, w], about in \[-1, 1].
    pub fn decode(&self, latents: &Tensor) -> Result<Tensor> {
        self.decoded(latents)
            .context(|| Error::device("decoding pictures failed").hint("a smaller picture takes less memory"))
    }

    /// The latents \[f, c, h, w] of pictures \[f, 3, H, W] in \[-1, 1] whose sides are multiples of [`Self::downscale`].
    pub fn encode(&self, pictures: &Tensor) -> Result<Tensor> {
        self.in_pieces(pictures, 1, |x| self.vae.encode(x))
            .context(|| Error::device("encoding pictures failed").hint("a smaller picture takes less memory"))
    }

    /// The noise schedule that the model was trained on.
    pub fn scheduler(&self) -> &SchedulerConfig {
        &self.scheduler
    }

    /// Channels of the latents.
    pub fn latent_channels(&self) -> usize {
        self.unet_config.in_channels
    }

    /// What each channel of the latents adds to the luma of a picture, see [`retime::luma`].
    pub fn luma(&self) -> &[f32] {
        &self.luma
    }

    /// How many pixels wide and high one latent is.
    pub fn downscale(&self) -> usize {
        self.vae_config.downscale()
    }

    /// Most frames in a window.
    pub fn max_frames(&self) -> usize {
        self.motion_config.max_frames
    }

    /// What the model was made for.
    pub fn native(&self) -> &ModelHints {
        &self.native
    }

    /// Denoising steps a window, as it was opened for.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Guidance where nobody says otherwise; 1 is none.
    pub fn guidance(&self) -> f32 {
        self.guidance
    }

    /// Where the model computes.
    pub fn device(&self) -> &Device {
        &self.target.device
    }

    /// Where and in which format of numbers the model computes, like `cpu f32`.
    pub fn place(&self) -> String {
        let device = match self.target.device {
            Device::Cpu => "cpu",
            Device::Cuda(_) => "cuda",
            Device::Metal(_) => "metal",
        };
        format!("{device} {}", self.target.dtype.as_str())
    }

    /// The hash of every part: weights, settings, tokenizer and hints.
    ///
    /// # Errors
    /// Input: a file can't be read any more.
    pub fn fingerprint(&self) -> Result<ModelFingerprint> {
        // What the hints say, and not their file: without one they say what is usual.
        ModelFingerprint::of(&self.folder, &self.files, &[("hints", format!("{:?}", self.native))])
    }

    fn onto(&self, x: &Tensor) -> TensorResult<Tensor> {
        x.to_device(&self.target.device)?.to_dtype(self.target.dtype)
    }

    fn decoded(&self, latents: &Tensor) -> TensorResult<Tensor> {
        let step = self.downscale();
        self.in_pieces(latents, step * step, |x| self.vae.decode(x))
    }

    /// Runs `f` over as many images at a time as the memory bound allows, `pixels` pixels a value of the plane.
    fn in_pieces(
        &self,
        x: &Tensor,
        pixels: usize,
        f: impl Fn(&Tensor) -> TensorResult<Tensor>,
    ) -> TensorResult<Tensor> {
        let (n, _, h, w) = x.dims4()?;
        let size = (DECODE_PIXELS / (h * w * pixels).max(1)).max(1);
        let x = x.to_device(&self.target.device)?.to_dtype(DType::F32)?;
        let piece = |from: usize| f(&x.narrow(0, from, size.min(n - from))?);
        let pieces: Vec<Tensor> = (0..n).step_by(size).map(piece).collect::<TensorResult<_>>()?;
        Tensor::cat(&pieces, 0)
    }
}

impl Predict for Model {
    fn predict(&self, x: &Tensor, t: f64, text: &Tensor, motion: &[Movement]) -> Result<Tensor> {
        Model::predict(self, x, t, text, motion)
    }
}

impl Precision {
    fn dtype(self, device: &Device) -> Result<DType> {
        match self {
            Precision::F32 => Ok(DType::F32),
            _ if device.is_cpu() => Err(Error::usage(format!("{self:?} is not supported on the CPU"))
                .hint("f32 is, and it is the fastest there")),
            Precision::F16 => Ok(DType::F16),
            Precision::Bf16 => Ok(DType::BF16),
        }
    }
}

impl Vae {
    fn new(file: &Weights, config: &VaeConfig) -> Result<Self> {
        Ok(match config {
            VaeConfig::AutoencoderKl(config) => {
                Vae::AutoencoderKl(Box::new(AutoencoderKl::new(&file.scope(""), config)?))
            }
            VaeConfig::AutoencoderTiny(config) => {
                Vae::AutoencoderTiny(AutoencoderTiny::new(&file.scope(""), config)?)
            }
        })
    }

    fn decode(&self, latents: &Tensor) -> TensorResult<Tensor> {
        match self {
            Vae::AutoencoderKl(vae) => vae.decode(latents),
            Vae::AutoencoderTiny(vae) => vae.decode(latents),
        }
    }

    fn encode(&self, pictures: &Tensor) -> TensorResult<Tensor> {
        match self {
            Vae::AutoencoderKl(vae) => vae.encode(pictures),
            Vae::AutoencoderTiny(vae) => vae.encode(pictures),
        }
    }
}
