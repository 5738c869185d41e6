//! What a video is to be.

use super::encode::Quality;
use super::profile::Profile;
use crate::error::{Error, Result};
use crate::units::{FrameRate, Seconds, Size};
use std::path::Path;

/// The part of a track that is heard.
#[derive(Clone, Copy, Debug)]
pub struct SoundSpan<'a> {
    /// The file whose first audio stream is copied.
    pub track: &'a Path,
    /// The moment of the track that the first frame shows; none: its beginning.
    pub start: Option<Seconds>,
    /// The moment of the track after which nothing is copied; none: its end.
    pub end: Option<Seconds>,
}

/// What to write.
#[derive(Clone, Copy, Debug)]
pub struct VideoSpec<'a> {
    /// The finished file, whose ending names the format, or folder (see [`super::check_container`]).
    pub path: &'a Path,
    /// Size of every frame; even sides.
    pub size: Size,
    /// Frames a second.
    pub fps: FrameRate,
    /// What it is written as.
    pub profile: Profile,
    /// Picture quality.
    pub quality: Quality,
    /// What is heard; none: a silent video.
    pub sound: Option<SoundSpan<'a>>,
    /// Text to keep in the file for [`super::read_job`].
    pub job: &'a str,
}

/// Refuses sizes and texts that nothing takes.
pub(super) fn check_spec(spec: &VideoSpec<'_>) -> Result<()> {
    let Size { width, height } = spec.size;
    let sides = [width, height];
    if sides.iter().any(|side| side % 2 != 0 || !(16..=Size::MAX_SIDE).contains(side)) {
        return Err(Error::usage(format!("a video can't have the size {}", spec.size))
            .hint("use even numbers from 16 to 8192, like 1280x720"));
    }
    if spec.job.contains('\0') {
        return Err(Error::internal("the job's text holds a zero byte"));
    }
    Ok(())
}

pub(super) fn cannot_write(path: &Path) -> Error {
    Error::output(format!("can't write {}", path.display()))
        .hint("check that the disk has space left, then run it again")
}
