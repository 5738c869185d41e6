//! Frames in, a finished video out: one file, or a folder of pictures.

use super::carriage::Carriage;
use super::encode::Quality;
use super::frame::Frame;
use super::movie::Movie;
use super::profile::Profile;
use super::sequence::Sequence;
use crate::error::{Error, Result};
use crate::system::in_the_background;
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

/// Writes a video. It appears under its name only when [`Writer::finish`] returns; dropped before, it leaves nothing.
/// Memory does not grow with the length of the video.
pub struct Writer {
    size: Size,
    to: Kind,
}

enum Kind {
    File(Box<Movie>),
    Folder(Box<Sequence>),
}

impl Writer {
    /// Opens everything that the video needs, so that what can't work fails before the first frame.
    ///
    /// # Errors
    /// If the place can't be written, the track can't be read or doesn't fit the container, the
    /// size is odd, or there is no encoder.
    pub fn create(spec: &VideoSpec<'_>) -> Result<Self> {
        // An encoder may have threads of its own.
        let to = in_the_background(|| match spec.profile {
            Profile::Png => Sequence::create(spec).map(|to| Kind::Folder(Box::new(to))),
            _ => Movie::create(spec).map(|to| Kind::File(Box::new(to))),
        })?;
        Ok(Writer { size: spec.size, to })
    }

    /// What the person should know, such as a stand-in for a missing encoder.
    pub fn note(&self) -> Option<&str> {
        match &self.to {
            Kind::File(movie) => movie.note(),
            Kind::Folder(_) => None,
        }
    }

    /// How many frames were written.
    pub fn frames(&self) -> u64 {
        match &self.to {
            Kind::File(movie) => movie.frames(),
            Kind::Folder(pictures) => pictures.frames(),
        }
    }

    /// Adds the next frame.
    ///
    /// # Errors
    /// If its size is not that of the video, the encoder fails, or the disk is full.
    pub fn write(&mut self, frame: &Frame) -> Result<()> {
        if frame.size() != self.size {
            let message = format!("a frame of {} for a video of {}", frame.size(), self.size);
            return Err(Error::internal(message));
        }
        match &mut self.to {
            Kind::File(movie) => movie.write(frame),
            Kind::Folder(pictures) => pictures.write(frame),
        }
    }

    /// Writes what is left of picture and sound and gives the video its name.
    ///
    /// # Errors
    /// If no frame was written, the encoder fails, or the disk is full.
    pub fn finish(self) -> Result<()> {
        if self.frames() == 0 {
            return Err(Error::usage("a video of no frames").hint("check --start and --end"));
        }
        match self.to {
            Kind::File(movie) => movie.finish(),
            Kind::Folder(pictures) => pictures.finish(),
        }
    }
}
