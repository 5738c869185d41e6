//! The settings of a render, kept inside the file that it made.

use super::ffmpeg;
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use std::path::Path;

/// Far more than any job: a project's files are 16 MB at most.
const MAX_BYTES: u64 = 64 << 20;
/// The file in a folder of pictures that holds the job.
pub(super) const FILE: &str = "job.json";
/// The metadata key that holds the job.
pub(super) const KEY: &str = "beatbolt";

/// The job's text that a [`super::Writer`] stored in the video at `path`.
///
/// # Errors
/// If the file can't be read or was not made by this program.
pub fn read_job(path: &Path) -> Result<String> {
    if path.is_dir() {
        return bounded_read::text(&path.join(FILE), MAX_BYTES).context(|| none(path));
    }
    let input = ffmpeg::open(path)?;
    let metadata = input.metadata();
    let text = metadata.get(KEY).and_then(|text| {
        // The wrapper hands out the file's bytes unchecked.
        std::str::from_utf8(text.as_bytes()).ok()
    });
    text.map(str::to_owned).ok_or_else(|| none(path))
}

fn none(path: &Path) -> Error {
    Error::input(format!("{} holds no beatbolt settings", path.display()))
        .hint("only videos made by beatbolt carry them, GIFs aside; sites that re-encode a video drop them")
}
