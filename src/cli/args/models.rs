//! `beatbolt models` and what it does.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `beatbolt models`
#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ModelsCommand,

    /// Print results, progress and errors as one JSON object a line
    #[arg(long, global = true)]
    pub json: bool,
}

/// What is done with models.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// List the models that are found by name, and where they are
    List,
    /// Say what a file or folder of weights is, by its headers alone, and which option takes it
    Inspect {
        /// Files, folders or names
        #[arg(required = true, value_name = "NAME|FILE")]
        models: Vec<PathBuf>,
    },
    /// Print where a model is, or the folder that models are fetched into
    Path {
        /// Its name [default: the folder]
        #[arg(value_name = "NAME")]
        model: Option<PathBuf>,
    },
    /// Read files from end to end: are they whole, and are they what was fetched?
    Verify {
        /// Files or names [default: all that were fetched]
        #[arg(value_name = "NAME|FILE")]
        models: Vec<PathBuf>,
    },
    /// Fetch a file from Hugging Face's hub or a mirror; an interrupted download resumes. Without a name, list the known ones
    #[command(
        after_help = "HF_TOKEN opens closed repositories, HF_ENDPOINT names a mirror, HF_HUB_OFFLINE=1 forbids network access."
    )]
    Pull {
        /// A known name, or REPO:FILE, like guoyww/animatediff:mm_sd_v15_v2.ckpt
        #[arg(value_name = "NAME|REPO:FILE")]
        file: Option<String>,

        /// Where it goes [default: the folder of your own models]
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
}
