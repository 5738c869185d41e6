//! Options: what can be asked for, as plain data. What is left out is decided by the preset, the project, the model or the program.

use super::hearing::Hearing;
use super::interpolate::Interpolate;
use crate::diffusion::{Precision, Tier};
use crate::units::{FrameRate, Seconds, Size};
use crate::video::{Audio, Guard, Profile};
use std::path::PathBuf;

/// What is to be shown, and with what.
#[derive(Clone, Debug, Default)]
pub struct JobOptions {
    /// The track: any audio file, or a video with sound; or a project: a TOML file.
    pub input: PathBuf,
    /// A preset's name or its TOML file; none: the default one. A project names its presets itself.
    pub preset: Option<String>,
    /// What to show, instead of the preset's prompts.
    pub prompt: Option<String>,
    /// What to avoid; heard only where guidance is above 1.
    pub negative: Option<String>,
    /// What frames start from, like `draw:synthwave` or `clip.mp4`, instead of all that presets and project name; `none` for nothing.
    pub init: Option<String>,
    /// Whether `input` is a finished video whose pictures go once more through the model, and how far from noise, from above 0 to 1.
    pub refine: Option<f32>,
    /// Parameters held at a value, whatever the preset does with them, each as `PARAM=VALUE`.
    pub set: Vec<String>,
    /// A look-up table's file (`.cube`) that finished pictures' colours go through; none: the project's, or none.
    pub lut: Option<PathBuf>,
    /// What all noise depends on; none: 1.
    pub seed: Option<u64>,
    /// Size of the video; none: by the tier.
    pub size: Option<Size>,
    /// Frames a second; none: what the model was made for.
    pub fps: Option<FrameRate>,
    /// Which of them are generated; none: about as many a second as the model was made for.
    pub interpolate: Option<Interpolate>,
    /// How long a take may be: longer ones are cut, which is seen; none: as long as they are.
    pub split: Option<Seconds>,
    /// Which part of the track.
    pub stretch: Stretch,
    /// How much work goes into every picture; none: [`Tier::Develop`].
    pub tier: Option<Tier>,
    /// A checkpoint in one file, a folder in diffusers' layout, or a name of either; none: the model that comes with the program.
    pub model: Option<PathBuf>,
    /// A motion module's file, or its name, to use instead of the folder's own.
    pub motion: Option<PathBuf>,
    /// An autoencoder's file or folder, or its name, to use instead of the model's own.
    pub vae: Option<PathBuf>,
    /// A network that enlarges the generated pictures, a file or its name; none: they are scaled.
    pub upscale: Option<PathBuf>,
    /// A network that puts frames between generated ones (RIFE), a file or its name; none: the program's own.
    pub interpolator: Option<PathBuf>,
    /// The layer of the text encoder that is listened to, counted from the last; none: the last one.
    pub clip_skip: Option<usize>,
    /// LoRAs that change the model, each as `NAME`, `NAME:STRENGTH` or `NAME:STRENGTH:TEXT STRENGTH`.
    pub lora: Vec<String>,
    /// Pictures that ControlNets follow, each as `NET=SOURCE` or `NET=SOURCE:STRENGTH`.
    pub control: Vec<String>,
    /// Denoising steps a window; none: by the tier.
    pub steps: Option<usize>,
    /// Whether a number of steps is taken that the motion module was not made for.
    pub force_steps: bool,
    /// Size at which pictures are generated; none: fits the model.
    pub generate: Option<Size>,
    /// Frames that a window shares with the one before; none: 4.
    pub overlap: Option<usize>,
    /// Where to compute, as [`ModelOptions::device`]; none: `auto`.
    pub device: Option<String>,
    /// What text encoder and UNet compute in; none: what suits the device.
    pub precision: Option<Precision>,
    /// Whether memory is saved at the cost of time.
    pub low_memory: bool,
    /// Whether other processes on this computer read the same weights.
    pub shared_weights: bool,
    /// How to listen, and what is known better.
    pub hearing: Hearing,
    /// Lyrics to be shown, a file in LRC or SRT; none: the project's, if it has any.
    pub lyrics: Option<PathBuf>,
    /// A font's file for all text that names none; none: the project's, or the program's own.
    pub font: Option<PathBuf>,
    /// Whether flashes are held to three a second; none: they are.
    pub flash_guard: Option<Guard>,
}

/// Where the video goes.
#[derive(Clone, Debug, Default)]
pub struct OutputOptions {
    /// The finished file; none: the track's name, in this folder or that of the project.
    pub output: Option<PathBuf>,
    /// The folder that it goes into under the name that it has where nobody names it; none: this folder, or that of the project.
    pub folder: Option<PathBuf>,
    /// The name, without ending, that it has where nobody names it; none: that of track, preset or project, and tier.
    pub stem: Option<String>,
    /// What it is written as; none: H.264, or what the output's ending means.
    pub profile: Option<Profile>,
    /// How the sound goes in; none: unchanged where the file can hold it, else without loss.
    pub audio: Option<Audio>,
    /// Whether a video that is there already is replaced, whatever it was made with.
    pub overwrite: bool,
}

/// Which part of the track; by default all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stretch {
    /// The section of this number, from 1.
    pub section: Option<usize>,
    /// Not before this time in the track.
    pub start: Option<Seconds>,
    /// Not behind this time in the track.
    pub end: Option<Seconds>,
}

/// Which networks, how much work they do, and where they run.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelOptions {
    /// A checkpoint in one file, a folder in diffusers' layout, or a name of either; none: the model that comes with the program.
    pub folder: Option<PathBuf>,
    /// A motion module's file, or its name, to use instead of the folder's own.
    pub motion: Option<PathBuf>,
    /// An autoencoder's file or folder, or its name, to use instead of the model's own.
    pub vae: Option<PathBuf>,
    /// A network that enlarges the generated pictures, a file or its name; none: they are scaled.
    pub upscale: Option<PathBuf>,
    /// A network that puts frames between generated ones (RIFE), a file or its name; none: the program's own.
    pub interpolator: Option<PathBuf>,
    /// The layer of the text encoder that is listened to, counted from the last; none: the last one.
    pub clip_skip: Option<usize>,
    /// How much work goes into every picture.
    pub tier: Tier,
    /// Denoising steps a window; none: by the tier.
    pub steps: Option<usize>,
    /// Whether a number of steps is taken that the motion module was not made for.
    pub force_steps: bool,
    /// Size at which pictures are generated; none: fits the model.
    pub generate: Option<Size>,
    /// LoRAs that change it.
    pub loras: Vec<LoraFile>,
    /// ControlNets beside it.
    pub controls: Vec<ControlChoice>,
    /// Frames that a window shares with the one before.
    pub overlap: usize,
    /// Where to compute: `auto`, `cpu`, `cuda`, `cuda:1`, `metal`.
    pub device: String,
    /// What text encoder and UNet compute in; none: what suits the device.
    pub precision: Option<Precision>,
    /// Whether memory is saved at the cost of time.
    pub low_memory: bool,
    /// Whether other processes on this computer read the same weights.
    pub shared_weights: bool,
}

/// A LoRA that changes a model.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraFile {
    /// The parameter that is its strength, like `lora.neon`.
    pub param: String,
    /// Its file, or the name of one.
    pub file: PathBuf,
    /// How strongly it acts before any route.
    pub strength: f32,
    /// How strongly it acts on the text encoder; none: as strongly as on pictures.
    pub text: Option<f32>,
}

/// A ControlNet beside a model, and what it follows.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlChoice {
    /// The parameter that is its strength, like `control.canny`.
    pub param: String,
    /// Its file or folder, or the name of one.
    pub net: PathBuf,
    /// What it follows, as it is written: `clip.mp4,prepare=canny`.
    pub source: String,
    /// From which to which share of the steps it acts, 0 to 1.
    pub span: (f32, f32),
}

impl Default for ModelOptions {
    /// The model that comes with the program, on the best device that there is.
    fn default() -> Self {
        ModelOptions {
            folder: None,
            motion: None,
            vae: None,
            upscale: None,
            interpolator: None,
            clip_skip: None,
            tier: Tier::default(),
            steps: None,
            force_steps: false,
            generate: None,
            loras: Vec::new(),
            controls: Vec::new(),
            overlap: 4,
            device: "auto".into(),
            precision: None,
            low_memory: false,
            shared_weights: false,
        }
    }
}

/// The video's size where nobody says otherwise.
pub fn video_size(tier: Tier) -> Size {
    match tier {
        Tier::Draft => Size { width: 384, height: 216 },
        Tier::Develop | Tier::Final => Size { width: 1280, height: 720 },
    }
}
