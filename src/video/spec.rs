//! Video specs: what a video is to be.

use super::carriage::Carriage;
use super::encode::Quality;
use super::profile::Profile;
use crate::error::{Error, Result};
use crate::units::{FrameRate, SampleRate, Seconds, Size};
use std::fmt;
use std::path::Path;

/// The part of a track that is heard.
#[derive(Clone, Copy, Debug)]
pub struct SoundSpan<'a> {
    /// The file whose sound is heard.
    pub track: &'a Path,
    /// Which of its audio streams, from 1; none: the one that players choose.
    pub stream: Option<usize>,
    /// How it goes in (see [`super::check_container`]).
    pub carriage: Carriage,
    /// The decoder, for sound that is encoded anew.
    pub samples: Option<Samples<'a>>,
    /// The moment of the track that the first frame shows; none: its beginning.
    pub start: Option<Seconds>,
    /// The moment of the track after which nothing is copied; none: its end.
    pub end: Option<Seconds>,
}

/// Opens a decoder at the beginning of a track.
#[derive(Clone, Copy)]
pub struct Samples<'a>(pub &'a (dyn Fn() -> Result<Pcm> + Sync));

impl fmt::Debug for Samples<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Samples")
    }
}

/// Decoded sound.
pub struct Pcm {
    /// Samples a second.
    pub rate: SampleRate,
    /// Number of channels.
    pub channels: usize,
    /// Which loudspeaker each channel is for, as bits in ascending order (those of WAV files); 0: not known.
    pub speakers: u64,
    /// Interleaved values, full scale ±1.
    pub blocks: Box<dyn Iterator<Item = Result<Vec<f32>>> + Send>,
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
    Error::output(format!("can't write {}", path.display())).hint("check that the disk has space left")
}
