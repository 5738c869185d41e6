//! Options of an analysis: a track, or a folder of them, and what is made of it.

use crate::job::Hearing;
use std::path::PathBuf;

/// What to listen to and what to make of it.
#[derive(Clone, Debug, Default)]
pub struct AnalyzeOptions {
    /// The track: an audio file, or a video file with sound; or a folder of them.
    pub track: PathBuf,
    /// Where the analysis goes as JSON; `-` is the standard output, which then carries nothing else. For a folder
    /// of tracks, a folder.
    pub json: Option<PathBuf>,
    /// Where the picture of the analysis goes: `.svg` or `.png`.
    pub plot: Option<PathBuf>,
    /// Where the track with a click on every beat goes: `.wav`.
    pub clicks: Option<PathBuf>,
    /// Whether existing files of `json` and `clicks` are replaced.
    pub overwrite: bool,
    /// How to listen, and what is known better.
    pub hearing: Hearing,
}
