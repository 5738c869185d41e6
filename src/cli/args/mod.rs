//! Arguments that can be typed: clap types, nothing else. Here every subcommand's own, in [`shared`] what several have,
//! in [`convert`] what becomes of it.

mod convert;
pub mod guess;
mod models;
mod shared;
mod takes;
mod variants;

pub use models::{ModelsArgs, ModelsCommand};
pub use shared::{HearingArgs, JobArgs, ModelArgs, OutputArgs};
pub use takes::{JoinArgs, SlurmArgs, StatusArgs, TakesArgs, WorkArgs};

pub use variants::{PickArgs, VariantsArgs};

use crate::job::Selection;
use crate::units::{FrameRate, Size};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Turns a track into a music video that moves with it.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Render a track or a project to a music video
    Render(Box<RenderArgs>),
    /// Make a preset in the browser while the track plays
    Studio(Box<StudioArgs>),
    /// Show what would be rendered: windows, takes, cuts, values, expected time and memory, warnings
    Plan(Box<PlanArgs>),
    /// Write a first project (video.toml) for a track, its sections filled in
    New(NewArgs),
    /// Show what is heard in a track: beats, bars, sections, envelopes
    Analyze(AnalyzeArgs),
    /// List the presets, or print one to start your own from
    Presets(PresetsArgs),
    /// Write curves or markers for other programs: Deforum, Parseq, ComfyUI, video editors, Audacity, rekordbox, CSV
    Export(Box<ExportArgs>),
    /// Make a preset from a Deforum, Parseq, MIDI, lyrics or CSV file
    Import(ImportArgs),
    /// List the takes, which several machines can share: frames, seconds, expected time and memory
    Takes(Box<TakesArgs>),
    /// Write the video from takes that were rendered with `beatbolt render --takes`
    Join(Box<JoinArgs>),
    /// Show how far the takes in a work folder are, and who makes them
    Status(StatusArgs),
    /// Print a script that renders the takes on a cluster with Slurm, or submit it
    Slurm(Box<SlurmArgs>),
    /// Render short drafts with other seeds, presets or settings, to choose from: a page with the playing clips
    Variants(Box<VariantsArgs>),
    /// Render the whole track like one of the variants
    Pick(Box<PickArgs>),
    /// Draw a contact sheet of a video: a row of pictures for every section, and its colours
    Sheet(SheetArgs),
    /// Print the settings stored in a rendered video, or make a project from them
    Extract(ExtractArgs),
    /// List models, identify a model file, download one
    Models(ModelsArgs),
    /// Check devices, FFmpeg, models and disk
    Doctor(DoctorArgs),
}

/// `beatbolt render`
#[derive(Debug, Args)]
#[command(
    after_help = "An interrupted render resumes when the same command is run again.\n\nExit codes: 0 success; 2 invalid usage; \
3 unusable input; 4 unusable model; 5 can't write; 6 the device failed; 1 internal error, please report; 130 interrupted.\n\
Of several tracks the first that failed gives the code, and the others are rendered all the same."
)]
pub struct RenderArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub job: JobArgs,

    /// More tracks or projects, one after the other with one model; --output names a folder then, and finished ones are skipped
    #[arg(value_name = "MORE", help_heading = None, conflicts_with_all = ["takes", "encode", "devices", "work"])]
    pub more: Vec<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub out: OutputArgs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub work: WorkArgs,

    /// Render only these takes into the work folder, for `beatbolt join`: 3, 3..5 (three of them), 0,4..6 or all
    #[arg(long, value_name = "TAKES", conflicts_with_all = ["devices", "dry_run"])]
    pub takes: Option<Selection>,

    /// Also encode the takes, for `beatbolt join --fast-join`
    #[arg(long, requires = "takes")]
    pub encode: bool,

    /// Render on several devices at once, a take on each, then join: cuda:0,cuda:1 or cpu,cpu
    #[arg(long, value_name = "DEVICE,...", value_delimiter = ',', conflicts_with = "dry_run")]
    pub devices: Vec<String>,

    /// Stop when standard input ends: whoever began this is gone
    #[arg(long, hide = true)]
    pub with_parent: bool,

    /// What the work folder says of where it is computed, where workers differ
    #[arg(long, hide = true, value_name = "TEXT")]
    pub as_device: Option<String>,

    /// Show the plan, as `beatbolt plan` does, and render nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Start over: discard the finished windows of an earlier render instead of resuming
    #[arg(long)]
    pub fresh: bool,

    /// Print progress, results and errors as one JSON object a line
    #[arg(long)]
    pub json: bool,

    /// Show where the time went; with =FILE, also write a Chrome trace (open it in Perfetto)
    // The equals sign is required, so that a track behind the bare flag is never taken for the file to write.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub timings: Option<Option<PathBuf>>,
}

/// `beatbolt studio`
#[derive(Debug, Args)]
pub struct StudioArgs {
    /// The track: any audio file, or a video with sound; or a project, whose preset is edited
    #[arg(value_name = "TRACK|PROJECT")]
    pub target: PathBuf,

    /// The preset to start from: a name (`beatbolt presets`) or a TOML file [default: pulse]
    #[arg(short, long, value_name = "NAME|FILE")]
    pub preset: Option<String>,

    /// Where presets, projects and videos go [default: this folder, or the project's]
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,

    /// Random seed; another number gives other pictures [default: 1]
    #[arg(long, value_parser = shared::number::<u64>("write a whole number, like 7"))]
    pub seed: Option<u64>,

    /// Size of the pictures [default: 384x216]
    #[arg(long, value_name = "WxH")]
    pub size: Option<Size>,

    /// Frames a second; movement keeps its pace at any rate [default: what the model was made for]
    #[arg(long, value_name = "RATE")]
    pub fps: Option<FrameRate>,

    /// Port on this computer; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,

    /// Port of this computer where Open Sound Control is listened for, so that controllers play the look
    #[arg(long, value_name = "PORT")]
    pub osc_in: Option<u16>,

    /// Port of this computer that beats and values are sent to as Open Sound Control
    #[arg(long, value_name = "PORT")]
    pub osc_out: Option<u16>,

    /// Only print the address; don't open a browser
    #[arg(long)]
    pub no_open: bool,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub model: ModelArgs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub hearing: HearingArgs,
}

/// `beatbolt plan`
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub job: JobArgs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub out: OutputArgs,

    /// Draw waveform, beats, sections, takes and every curve that moves; .svg or .png
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,

    /// Print one JSON object with the value of every parameter in every frame
    #[arg(long)]
    pub json: bool,
}

/// `beatbolt new`
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The track: any audio file, or a video with sound
    pub track: PathBuf,

    /// The project file; the track must be in its folder or below [default: video.toml beside the track]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Random seed; another number gives other scenes and colours [default: 1]
    #[arg(long, value_parser = shared::number::<u64>("write a whole number, like 7"))]
    pub seed: Option<u64>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub hearing: HearingArgs,
}

/// `beatbolt export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub job: JobArgs,

    /// Target program
    #[arg(long, value_enum)]
    pub format: FormatArg,

    /// Only these parameters: zoom,hue [default: all that move or differ from their default]
    #[arg(long = "param", value_name = "PARAM,...", value_delimiter = ',')]
    pub params: Vec<String>,

    /// Output file; - for standard output
    #[arg(short, long, value_name = "FILE|-", default_value = "-")]
    pub output: PathBuf,

    /// Replace an existing file
    #[arg(long)]
    pub overwrite: bool,
}

/// Whom curves or markers are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// A table with a line for every frame
    Csv,
    /// Schedule strings, as in a Deforum settings file
    Deforum,
    /// A Parseq document with every frame rendered
    Parseq,
    /// Lists of values for AnimateDiff-Evolved in ComfyUI; export only
    Animatediff,
    /// Markers: a table of sections, bars and beats
    Markers,
    /// Markers: a label track of Audacity
    Audacity,
    /// Markers: beat grid and cues as rekordbox XML
    Rekordbox,
    /// Markers: Final Cut Pro 7 XML, for Premiere, Resolve and others; export only
    Fcp7,
    /// Markers: an edit decision list, for Resolve and Avid; export only
    Edl,
    /// Markers: OpenTimelineIO; export only
    Otio,
}

/// `beatbolt import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Deforum settings or schedules, a Parseq document, a MIDI file, lyrics (LRC, SRT) or a table (CSV)
    pub file: PathBuf,

    /// The file's frame rate [default: as the file says]
    #[arg(long, value_name = "RATE")]
    pub fps: Option<FrameRate>,

    /// Number of frames [default: as the file says, or up to the last keyframe]
    #[arg(long, value_name = "N", value_parser = shared::number::<u64>("write a whole number, like 240"))]
    pub frames: Option<u64>,

    /// The preset file; - for standard output
    #[arg(short, long, value_name = "FILE|-", default_value = "-")]
    pub output: PathBuf,

    /// Replace an existing file
    #[arg(long)]
    pub overwrite: bool,
}

/// `beatbolt analyze`
#[derive(Debug, Args)]
pub struct AnalyzeArgs {
    /// The track: any audio file, or a video with sound; or a folder of tracks
    pub track: PathBuf,

    /// Write everything as JSON; - for standard output; a folder if the track is one
    #[arg(long, value_name = "FILE|-|FOLDER")]
    pub json: Option<PathBuf>,

    /// Draw waveform, beats, bars, sections and bands; .svg or .png
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,

    /// Write the track as WAV with a click on every beat, higher on downbeats
    #[arg(long, value_name = "FILE")]
    pub clicks: Option<PathBuf>,

    /// Replace existing files of --json and --clicks; a drawn picture is always replaced
    #[arg(long)]
    pub overwrite: bool,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub hearing: HearingArgs,
}

/// `beatbolt presets`
#[derive(Debug, Args)]
pub struct PresetsArgs {
    /// Print this preset's file
    pub name: Option<String>,

    /// List parameters (for presets and --set), signals, functions and the keys of preset and project files
    #[arg(long, conflicts_with_all = ["name", "schema"])]
    pub params: bool,

    /// Print a JSON Schema, with which editors complete TOML files
    #[arg(long, value_enum, value_name = "KIND", conflicts_with = "name")]
    pub schema: Option<SchemaArg>,
}

/// Whose form is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaArg {
    /// For preset files
    Preset,
    /// For project files
    Project,
}

/// `beatbolt sheet`
#[derive(Debug, Args)]
pub struct SheetArgs {
    /// A finished video
    pub video: PathBuf,

    /// The picture, a .png file [default: the video's name]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Pictures per row
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=24))]
    pub columns: u32,

    /// Skip the analysis: ROWS rows of evenly spaced pictures, instead of a row per section
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub even: Option<u32>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub hearing: HearingArgs,
}

/// `beatbolt extract`
#[derive(Debug, Args)]
pub struct ExtractArgs {
    /// A video made by beatbolt
    pub video: PathBuf,

    /// Make a folder with a project that renders it again; copy the track into it
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<PathBuf>,
}

/// `beatbolt doctor`
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
