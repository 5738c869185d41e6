//! What several subcommands take: the job, the model, how to listen, where the video goes.

use crate::diffusion::Effort;
use crate::units::{FrameRate, Seconds, Size};
use crate::video::{Audio, Profile};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What is to be shown, and with what.
#[derive(Clone, Debug, Args)]
pub struct JobArgs {
    /// The track: any audio file, or a video with sound; or a project: video.toml
    #[arg(value_name = "TRACK|PROJECT")]
    pub target: PathBuf,

    /// A preset's name (`beatbolt presets`) or a TOML file [default: pulse]
    #[arg(short, long, value_name = "NAME|FILE")]
    pub preset: Option<String>,

    /// What to show, instead of the preset's prompts
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,

    /// What to avoid; heard only where guidance is above 1
    #[arg(long, value_name = "TEXT")]
    pub negative: Option<String>,

    /// Hold a parameter at a value, whatever the preset does with it (`beatbolt presets --params` lists them)
    #[arg(long, value_name = "PARAM=VALUE")]
    pub set: Vec<String>,

    /// Another seed, another video [default: 1]
    #[arg(long)]
    pub seed: Option<u64>,

    /// How much work goes into every picture; curves, cuts and seeds are the same for all [default: develop]
    #[arg(long, value_enum)]
    pub tier: Option<Tier>,

    /// Size of the video [default: 1280x720; 384x216 for a draft]
    #[arg(long, value_name = "WxH")]
    pub size: Option<Size>,

    /// Frames a second [default: what the model was made for]
    #[arg(long, value_name = "RATE")]
    pub fps: Option<FrameRate>,

    /// Start here in the track: seconds, or minutes:seconds; a new take begins there
    #[arg(long, value_name = "TIME")]
    pub start: Option<Seconds>,

    /// End here in the track
    #[arg(long, value_name = "TIME")]
    pub end: Option<Seconds>,

    /// Only this section of the track, counted from 1 (`beatbolt analyze` lists them)
    #[arg(long, value_name = "N", conflicts_with_all = ["start", "end"])]
    pub section: Option<usize>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub model: ModelArgs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub hearing: HearingArgs,
}

/// Where the video goes.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Where the video goes [default: names of track, preset and tier, in this folder or that of the project]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// What it is written as [default: h264, or what the output's ending means]
    #[arg(long, value_name = "NAME", value_parser = Profile::NAMES)]
    pub profile: Option<String>,

    /// How the sound goes in [default: unchanged where the file can hold it, else without loss]
    #[arg(long, value_name = "NAME", value_parser = Audio::NAMES)]
    pub audio: Option<String>,

    /// Replace a video that is there already, whatever it was made with
    #[arg(long)]
    pub overwrite: bool,
}

/// How much work goes into every picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tier {
    /// 2 steps, 384x216: to see whether it moves with the music
    Draft,
    /// The model's own number of steps
    Develop,
    /// The model's standard motion module, with guidance and many steps
    Final,
}

impl Tier {
    /// All tiers.
    pub const ALL: [Self; 3] = [Tier::Draft, Tier::Develop, Tier::Final];

    /// The names of all tiers, as projects write them.
    pub const NAMES: [&'static str; 3] = ["draft", "develop", "final"];

    /// The tier of this name.
    pub fn find(name: &str) -> Option<Self> {
        Tier::from_str(name, false).ok()
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// What it is called, and what it means.
    pub fn described(self) -> (&'static str, String) {
        let help = self.to_possible_value().and_then(|v| v.get_help().map(ToString::to_string));
        (self.name(), help.unwrap_or_default())
    }

    /// What the denoising steps come from.
    pub fn effort(self) -> Effort {
        match self {
            Tier::Draft => Effort::Draft,
            Tier::Develop => Effort::Own,
            Tier::Final => Effort::Final,
        }
    }

    /// The video's size.
    pub fn size(self) -> Size {
        match self {
            Tier::Draft => Size { width: 384, height: 216 },
            Tier::Develop | Tier::Final => Size { width: 1280, height: 720 },
        }
    }
}

/// Which networks, and where they run.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Model")]
pub struct ModelArgs {
    /// A folder in diffusers' layout [default: spark, the model that comes with beatbolt]
    #[arg(long, value_name = "FOLDER")]
    pub model: Option<PathBuf>,

    /// A motion module to use instead of the folder's own (AnimateDiff or diffusers layout, safetensors)
    #[arg(long, value_name = "FILE")]
    pub motion: Option<PathBuf>,

    /// Denoising steps a window; distilled modules want their own number [default: by --tier]
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,

    /// Size at which pictures are generated, before they are brought to --size [default: fits the model]
    #[arg(long, value_name = "WxH")]
    pub generate: Option<Size>,

    /// Frames that a window shares with the one before [default: 4]
    #[arg(long, value_name = "N")]
    pub overlap: Option<usize>,

    /// Where to compute: auto, cpu, cuda, cuda:1, metal
    #[arg(long, default_value = "auto")]
    pub device: String,

    /// What text encoder and UNet compute in [default: f32 on a CPU, f16 elsewhere]
    #[arg(long, value_enum)]
    pub precision: Option<PrecisionArg>,
}

/// A format of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PrecisionArg {
    /// 32 bits
    F32,
    /// 16 bits
    F16,
    /// 16 bits with the range of f32
    Bf16,
}

/// How to listen, and what is known better.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Hearing")]
pub struct HearingArgs {
    /// Who looks for the beats
    #[arg(long, value_enum, default_value = "net")]
    pub beats: TrackerArg,

    /// Weights of the net, instead of those that come with the program (training/ears makes them)
    #[arg(long, value_name = "FILE")]
    pub ears: Option<PathBuf>,

    /// Beats at exactly this tempo, in the phase that was heard
    #[arg(long, value_name = "BPM")]
    pub bpm: Option<f64>,

    /// The first beat, which begins a bar
    #[arg(long, value_name = "TIME")]
    pub first_beat: Option<Seconds>,

    /// Beats from a list of times or taps, one a line; a 1 after the time marks the first of a bar
    #[arg(long, value_name = "FILE", conflicts_with = "bpm")]
    pub beats_file: Option<PathBuf>,

    /// Half as many beats
    #[arg(long, conflicts_with = "double")]
    pub halve: bool,

    /// Twice as many beats
    #[arg(long)]
    pub double: bool,

    /// Move all beats by so many seconds; negative: earlier
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub shift_beats: Option<f64>,

    /// Sections from a list: a start and a name a line
    #[arg(long, value_name = "FILE")]
    pub sections_file: Option<PathBuf>,

    /// Which of several audio streams is heard and put beside the pictures, counted from 1 [default: as players choose]
    #[arg(long, value_name = "N")]
    pub audio_stream: Option<usize>,
}

/// Who looks for the beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TrackerArg {
    /// A small net and the bar-pointer model
    Net,
    /// aubio, as a second opinion
    Aubio,
}
