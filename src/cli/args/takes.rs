//! Arguments of the subcommands that share a video among several workers.

use super::shared::{JobArgs, OutputArgs};
use clap::Args;
use std::path::PathBuf;

/// Where takes lie.
#[derive(Clone, Debug, Args)]
pub struct WorkArgs {
    /// The folder of the takes, which all workers see [default: OUTPUT.work]
    #[arg(long, value_name = "FOLDER")]
    pub work: Option<PathBuf>,
}

/// `beatbolt takes`
#[derive(Debug, Args)]
pub struct TakesArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub job: JobArgs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub out: OutputArgs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub work: WorkArgs,

    /// Print a command for every take, a line each, for GNU parallel and batch services; then comes `beatbolt join`
    #[arg(long, conflicts_with_all = ["json", "simulate"])]
    pub commands: bool,

    /// How long so many workers would take, and how idle they would be, by what this machine does: 8,64,512
    #[arg(long, value_name = "WORKERS,...", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub simulate: Vec<u32>,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `beatbolt join`
#[derive(Debug, Args)]
pub struct JoinArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub job: JobArgs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub out: OutputArgs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub work: WorkArgs,

    /// Copy takes that were encoded where they were made (`render --takes --encode`), instead of encoding the film as a whole
    #[arg(long)]
    pub fast_join: bool,

    /// Remove the takes once the video is written
    #[arg(long)]
    pub clear: bool,

    /// Print progress, results and errors as one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `beatbolt status`
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The folder of the takes
    pub folder: PathBuf,

    /// Stay until all takes are there
    #[arg(long)]
    pub follow: bool,

    /// Print one JSON object
    #[arg(long, conflicts_with = "follow")]
    pub json: bool,
}

/// `beatbolt slurm`
#[derive(Debug, Args)]
#[command(
    after_help = "Run the script with sh; it submits an array job with a take a task, and a job that joins them behind it."
)]
pub struct SlurmArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub job: JobArgs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub out: OutputArgs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub work: WorkArgs,

    /// Slurm's partition [default: the cluster's]
    #[arg(long, value_name = "NAME")]
    pub partition: Option<String>,

    /// A take's time limit, as Slurm writes times (like 2:00:00); auto: three times what the longest would take here. A task that
    /// is stopped by it goes on where it was
    #[arg(long, value_name = "TIME|auto", default_value = "auto")]
    pub time_per_take: String,

    /// What a task asks of cards, as for sbatch's --gres: gpu:1
    #[arg(long, value_name = "LIST")]
    pub gres: Option<String>,

    /// A further option for sbatch, as often as needed: --sbatch=--account=film
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    pub sbatch: Vec<String>,

    /// Tasks in one array job [default: Slurm's MaxArraySize, or 1001]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4_000_000))]
    pub array_size: Option<u32>,

    /// Submit it, and show how far it is until it is done
    #[arg(long)]
    pub submit: bool,
}
