//! The index of a folder of variants: what was varied, and where the clips are.

use crate::bounded_read;
use crate::cli::output::Output;
use crate::error::{Context, Error, Result};
use crate::units::Seconds;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Its file in the folder.
const FILE: &str = "variants.json";
/// What folders end in that are found without being named.
const ENDING: &str = "-variants";
/// Far more than any index.
const MAX_BYTES: u64 = 1 << 22;

/// What a folder of variants holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// The track or project, from the root of the file system.
    pub input: PathBuf,
    /// The folder that paths were typed in.
    pub here: PathBuf,
    /// The lyrics that were typed.
    pub lyrics: Option<PathBuf>,
    /// What decides the clips, their number aside, in words of the program's own.
    pub made: String,
    /// From where in the track.
    pub start: Seconds,
    /// To where.
    pub end: Seconds,
    /// The variants, the first one as number 1.
    pub variants: Vec<Entry>,
}

/// A variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What is varied: options with their values.
    pub varied: Vec<(String, String)>,
    /// Its clip in the folder; none: it isn't finished.
    pub clip: Option<String>,
}

impl Index {
    /// The index in `folder`; none: there is none.
    ///
    /// # Errors
    /// Input: it can't be read.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let failed = || {
            Error::input(format!("can't use {}", path.display()))
                .hint("only folders that `beatbolt variants` made can be used")
        };
        let text = bounded_read::text(&path, MAX_BYTES).context(failed)?;
        serde_json::from_str(&text).context(failed).map(Some)
    }

    /// Writes it into `folder`.
    ///
    /// # Errors
    /// Output.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self);
        let text = text.context(|| Error::internal("the index can't be written down"))?;
        let output = Output::new(&folder.join(FILE), &self.input)?;
        output.fill(|file| writeln!(file, "{text}"))
    }
}

/// The usual folder for the variants of the track or project `input`: here.
pub fn usual_folder(input: &Path) -> PathBuf {
    let mut name = input.file_stem().unwrap_or_default().to_owned();
    name.push(ENDING);
    name.into()
}

/// The folder of variants that is meant where nobody names one: the only one here, or here itself.
///
/// # Errors
/// Usage: there is none, or there are several. Input.
pub fn find() -> Result<PathBuf> {
    let here = Path::new(".");
    if here.join(FILE).is_file() {
        return Ok(here.to_owned());
    }
    let entries = std::fs::read_dir(here).into_iter().flatten().flatten();
    let names = entries.map(|entry| PathBuf::from(entry.file_name()));
    let mut found: Vec<PathBuf> = names.filter(|name| name.join(FILE).is_file()).collect();
    found.sort();
    match &found[..] {
        [only] => Ok(only.clone()),
        [] => Err(Error::usage("there is no folder of variants here")
            .hint("make one with `beatbolt variants TRACK`, or name it with --from")),
        several => {
            let names: Vec<String> = several.iter().map(|path| path.display().to_string()).collect();
            Err(Error::usage("there are several folders of variants here")
                .hint(format!("name one with --from: {}", names.join(", "))))
        }
    }
}
