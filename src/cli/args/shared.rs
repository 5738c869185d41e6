//! Arguments that several subcommands take: the job, the model, how to listen, where the video goes.

use crate::audio::Tracker;
use crate::diffusion::{Precision, Tier};
use crate::job::Interpolate;
use crate::units::{FrameRate, Seconds, Size};
use crate::video::{Audio, Guard, Profile};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;

/// What is to be shown, and with what.
#[derive(Clone, Debug, Args)]
pub struct JobArgs {
    /// The track: any audio file, or a video with sound; or a project: video.toml
    #[arg(value_name = "TRACK|PROJECT")]
    pub target: PathBuf,

    /// A preset's name (`beatbolt presets`) or a TOML file [default: director, which chooses a look for every section]
    #[arg(short, long, value_name = "NAME|FILE")]
    pub preset: Option<String>,

    /// What the model is to paint, instead of the preset's prompts
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,

    /// What to avoid; ignored where guidance is 1
    #[arg(long, value_name = "TEXT")]
    pub negative: Option<String>,

    /// What frames start from: a picture, a clip, `cover` (the track's own picture), draw:SCENE or
    /// draw:SCENE,palette=NAME (`beatbolt presets` lists them), or none. The parameter denoise says how far they
    /// depart from it: 0.35 by default, 0 in the director's films; 0 shows it alone. Options after its name: fit=cover|contain|stretch,
    /// play=loop|pingpong|once, from=SECONDS, sync=track|part, bars=COUNT (it lasts so many bars)
    #[arg(long, value_name = "SOURCE")]
    pub init: Option<String>,

    /// TRACK is a finished video, whose pictures go through the model once more: how far from noise, 0.2 to 0.3 as a rule. The
    /// video's own settings hold, but for what you give here [default tier: final]
    #[arg(long, value_name = "STRENGTH")]
    pub refine: Option<f32>,

    /// Hold a parameter at a value, whatever the preset does with it, or multiply what the preset makes of it: motion_scale=x1.5
    /// (`beatbolt presets --params` lists them); may be repeated
    #[arg(long, value_name = "PARAM=VALUE|xFACTOR")]
    pub set: Vec<String>,

    /// A colour look-up table (.cube) for the finished pictures
    #[arg(long, value_name = "FILE")]
    pub lut: Option<PathBuf>,

    /// Random seed; another number gives another video [default: 1]
    #[arg(long, value_parser = number::<u64>("write a whole number, like 7"))]
    pub seed: Option<u64>,

    /// Effort per picture; movement, cuts and seed stay the same [default: develop]
    #[arg(long, value_enum)]
    pub tier: Option<Tier>,

    /// Size of the video [default: 1280x720; 384x216 for a draft]
    #[arg(long, value_name = "WxH")]
    pub size: Option<Size>,

    /// Frames a second; movement keeps its pace at any rate [default: what the model was made for; 24 for drawn scenes]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub fps: Option<FrameRate>,

    /// Which frames the model makes where it makes fewer than --fps: `on`, about as many a second as it was made for, those between are
    /// interpolated; a rate, about so many; `off`, all [default: on]
    #[arg(long, value_name = "on|off|RATE")]
    pub interpolate: Option<Interpolate>,

    /// Cut takes that are longer than this, in equal parts, on a bar where one is near: more workers can share them, and a cut
    /// shows
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    pub split: Option<Seconds>,

    /// Start at this time in the track: seconds, or minutes:seconds
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    pub start: Option<Seconds>,

    /// End at this time in the track
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    pub end: Option<Seconds>,

    /// Render only this section, counted from 1 (`beatbolt analyze` lists them); --start and --end narrow it
    #[arg(long, value_name = "N", value_parser = number::<usize>("write its number, counted from 1, like 2: `beatbolt analyze` lists the sections"))]
    pub section: Option<usize>,

    /// Lyrics to show, LRC or SRT; at the bottom, unless a layer of the preset or project says otherwise
    #[arg(long, value_name = "FILE")]
    pub lyrics: Option<PathBuf>,

    /// A font for lyrics and titles, .ttf or .otf [default: DejaVu Sans, which comes with the program]
    #[arg(long, value_name = "FILE")]
    pub font: Option<PathBuf>,

    /// Limit flashes to three a second, as more can trigger seizures (WCAG 2.3.1) [default: on]
    #[arg(long, value_name = "on|off", value_parser = guards())]
    pub flash_guard: Option<Guard>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub model: ModelArgs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub hearing: HearingArgs,
}

/// Where the video goes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Output file [default: TRACK-PRESET-TIER.mp4, in this folder or the project's]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Video format [default: h264, or by the output's ending]
    #[arg(long, value_name = "NAME", value_parser = profiles())]
    pub profile: Option<Profile>,

    /// How the sound is stored [default: unchanged where the file format can hold it, else lossless]
    #[arg(long, value_name = "NAME", value_parser = carriages())]
    pub audio: Option<Audio>,

    /// Replace an existing video that was made with other settings
    #[arg(long)]
    pub overwrite: bool,
}

fn guards() -> impl TypedValueParser<Value = Guard> {
    PossibleValuesParser::new(Guard::NAMES).try_map(|name| Guard::find(&name))
}

fn carriages() -> impl TypedValueParser<Value = Audio> {
    PossibleValuesParser::new(Audio::NAMES).try_map(|name| Audio::find(&name))
}

fn profiles() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::NAMES).try_map(|name| Profile::find(&name))
}

/// Which networks, and where they run.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Model")]
pub struct ModelArgs {
    /// A Stable Diffusion 1.5 checkpoint (.safetensors, .ckpt), a folder in diffusers' layout, or a name to look for in
    /// BEATBOLT_MODELS, ComfyUI and A1111 [default: spark, the model that comes with beatbolt]
    #[arg(long, value_name = "NAME|FILE|FOLDER")]
    pub model: Option<PathBuf>,

    /// A motion module to use instead of the model's own (AnimateDiff or diffusers layout; .safetensors, .ckpt), or its name
    #[arg(long, value_name = "NAME|FILE")]
    pub motion: Option<PathBuf>,

    /// An autoencoder (VAE) to use instead of the model's own: a file, a folder in diffusers' layout, or its name; drafts take TAESD
    /// by themselves where it is found, and the model's with `own`
    #[arg(long, value_name = "NAME|FILE|FOLDER")]
    pub vae: Option<PathBuf>,

    /// A network that enlarges generated pictures (ESRGAN family: realesr-animevideov3, RealESRGAN_x4plus and kin; .pth, .safetensors,
    /// ncnn), before effects: a file, or a name that is looked for in ComfyUI's and A1111's folders [default: none, pictures are scaled]
    #[arg(long, value_name = "NAME|FILE")]
    pub upscale: Option<PathBuf>,

    /// A network that puts frames between generated ones (RIFE 4.2 to 4.26: flownet.pkl, rife46.pth and kin; .pkl, .pth, .safetensors): a
    /// file, or a name that is looked for in ComfyUI's and A1111's folders [default: beatbolt's own]
    #[arg(long, value_name = "NAME|FILE")]
    pub interpolator: Option<PathBuf>,

    /// A LoRA (or LyCORIS, or motion LoRA) on the model: a file, or a name that is looked for in ComfyUI's and A1111's folders; with
    /// its strength and that of the text encoder. Routes and --set turn it as lora.NAME; prompts may name it: <lora:NAME:0.7>
    #[arg(long, value_name = "NAME[:STRENGTH[:TEXT]]")]
    pub lora: Vec<String>,

    /// Pictures that a ControlNet follows: a file or folder, or a name that is looked for as LoRAs are; and a picture, a clip, a folder of
    /// frames, draw:SCENE or music:spectrum (waveform, rings, particles, tunnel), behind it prepare=canny and more, see docs/control.md
    #[arg(long, value_name = "NET=SOURCE[:STRENGTH]")]
    pub control: Vec<String>,

    /// Use this layer of the text encoder, counted from the last; anime models often want 2 [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=24))]
    pub clip_skip: Option<usize>,

    /// Denoising steps per window; distilled motion modules need the number they were made for [default: by --tier]
    #[arg(long, value_name = "N", value_parser = number::<usize>("write a whole number, like 4"))]
    pub steps: Option<usize>,

    /// Allow a number of steps that the motion module was not made for
    #[arg(long)]
    pub force_steps: bool,

    /// Size at which the model generates pictures, before they are scaled to --size [default: fits the model]
    #[arg(long, value_name = "WxH")]
    pub generate: Option<Size>,

    /// Frames that a window shares with the previous one [default: 4]
    #[arg(long, value_name = "N", value_parser = number::<usize>("write a whole number, like 4"))]
    pub overlap: Option<usize>,

    /// Where to compute: auto, cpu, cuda, cuda:1, metal
    #[arg(long, default_value = "auto")]
    pub device: String,

    /// Precision of the networks [default: f16; on a CPU bf16 where it has AMX, f32 elsewhere]; on a CPU bf16 rounds factors of products only
    #[arg(long, value_enum)]
    pub precision: Option<Precision>,

    /// Save memory at the cost of time: pictures are decoded one by one and not while others are denoised; on a CPU, weights are
    /// kept in 16 bits
    #[arg(long)]
    pub low_memory: bool,
}

/// How to listen, and what is known better.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Beats and sections: your corrections win over what is heard")]
pub struct HearingArgs {
    /// Beat tracker
    #[arg(long, value_enum, default_value = "net")]
    pub beats: Tracker,

    /// Weights for the net, instead of its own (training/ears makes them)
    #[arg(long, value_name = "FILE")]
    pub ears: Option<PathBuf>,

    /// Exact tempo; the beats stay where they were heard
    #[arg(long, value_name = "BPM", value_parser = number::<f64>("write beats a minute, like 127.5"))]
    pub bpm: Option<f64>,

    /// Time of the first beat, which starts a bar
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    pub first_beat: Option<Seconds>,

    /// Beats from a list (one time per line; a 1 after it marks the first of a bar), a MIDI file, or a rekordbox, Traktor
    /// or VirtualDJ collection that holds the track
    #[arg(long, value_name = "FILE", conflicts_with = "bpm")]
    pub beats_file: Option<PathBuf>,

    /// Half as many beats
    #[arg(long, conflicts_with_all = ["double", "triple"])]
    pub halve: bool,

    /// Twice as many beats
    #[arg(long, conflicts_with = "triple")]
    pub double: bool,

    /// Three times as many beats
    #[arg(long)]
    pub triple: bool,

    /// Move all beats by this many seconds; negative: earlier
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = number::<f64>("write seconds, like -0.02"))]
    pub shift_beats: Option<f64>,

    /// Sections from a list (a start time and a name per line), a cue sheet, MIDI markers, or a collection's cue points
    #[arg(long, value_name = "FILE")]
    pub sections_file: Option<PathBuf>,

    /// Audio stream to use, counted from 1 [default: the one that players choose]
    #[arg(long, value_name = "N", value_parser = number::<usize>("write its number, counted from 1"))]
    pub audio_stream: Option<usize>,
}

/// A parser of numbers that says the form of one.
pub(super) fn number<T>(form: &'static str) -> impl Fn(&str) -> Result<T, &'static str> + Clone
where
    T: std::str::FromStr,
{
    move |text| text.trim().parse().map_err(|_| form)
}
