//! Arguments of the subcommands that choose among variants.

use super::shared::{JobArgs, OutputArgs, number};
use crate::diffusion::{Precision, Tier};
use crate::job::Vary;
use crate::units::{Seconds, Size};
use clap::Args;
use std::path::PathBuf;

/// `beatbolt variants`
#[derive(Debug, Args)]
#[command(
    after_help = "Without --start, --end or --section the first bars of the loudest section are shown. Without --tier and --size clips are \
drafts of 384x216.\n\nNumber 1 is what you asked for; number N is always the same one, whatever --count is, and changes with --seed: with \
--count 12 --vary seed the next twelve are --seed 13. An interrupted run resumes when the same command is run again.",
    mut_arg("tier", |arg| arg.help("Effort per picture; movement, cuts and seed stay the same [default: draft]")),
    mut_arg("size", |arg| arg.help("Size of the clips [default: 384x216]"))
)]
pub struct VariantsArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub job: JobArgs,

    /// How many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub count: u32,

    /// What is varied: seed, preset, prompt, and any parameter (`beatbolt presets --params`), which is multiplied by 0.4 to 2.5
    #[arg(long, value_name = "WHAT,...", value_delimiter = ',', default_value = "seed,preset")]
    pub vary: Vec<Vary>,

    /// Prompts to vary, a text file with one a line [default: those of the presets]
    #[arg(long, value_name = "FILE")]
    pub prompts: Option<PathBuf>,

    /// Bars of the loudest section that are shown
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub bars: u32,

    /// The folder for clips, contact sheet and page [default: TRACK-variants]
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,

    /// Replace variants that were made with other settings
    #[arg(long)]
    pub overwrite: bool,

    /// Print progress, results and errors as one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `beatbolt pick`
#[derive(Debug, Args)]
#[command(
    after_help = "Seed, look, prompts and settings are those that the clip itself holds. Of a model of your own with a module for four \
steps, --motion names the one for eight, or the standard one.",
    mut_arg("output", |arg| arg.help("Output file [default: TRACK-N-TIER.mp4, in this folder or the project's]"))
)]
pub struct PickArgs {
    /// The number of the variant
    #[arg(value_name = "N", value_parser = number::<usize>("write the number of a variant, like 3"))]
    pub number: usize,

    /// The folder of the variants [default: the only one here]
    #[arg(long, value_name = "FOLDER")]
    pub from: Option<PathBuf>,

    /// Effort per picture; movement, cuts and seed stay the same [default: develop]
    #[arg(long, value_enum)]
    pub tier: Option<Tier>,

    /// Size of the video; another shape than the clips' gives other pictures [default: by the tier]
    #[arg(long, value_name = "WxH")]
    pub size: Option<Size>,

    /// Another motion module than that of the clip
    #[arg(long, value_name = "NAME|FILE")]
    pub motion: Option<PathBuf>,

    /// Denoising steps per window [default: by --tier]
    #[arg(long, value_name = "N", value_parser = number::<usize>("write a whole number, like 8"))]
    pub steps: Option<usize>,

    /// Allow a number of steps that the motion module was not made for
    #[arg(long)]
    pub force_steps: bool,

    /// Start at this time in the track: seconds, or minutes:seconds
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    pub start: Option<Seconds>,

    /// End at this time in the track
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    pub end: Option<Seconds>,

    /// Where to compute: auto, cpu, cuda, cuda:1, metal
    #[arg(long, default_value = "auto")]
    pub device: String,

    /// Precision of the networks [default: f16; on a CPU bf16 where it has AMX, f32 elsewhere]; on a CPU bf16 rounds factors of products only
    #[arg(long, value_enum)]
    pub precision: Option<Precision>,

    /// Save memory at the cost of time
    #[arg(long)]
    pub low_memory: bool,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub out: OutputArgs,

    /// Start over: discard the finished windows of an earlier render instead of resuming
    #[arg(long)]
    pub fresh: bool,

    /// Print progress, results and errors as one JSON object a line
    #[arg(long)]
    pub json: bool,
}
