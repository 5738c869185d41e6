//! Frames in, a finished video out: one file, or a folder of pictures.

use super::frame::Frame;
use super::movie::Movie;
use super::profile::Profile;
use super::sequence::Sequence;
use super::spec::VideoSpec;
use crate::error::{Error, Result};
use crate::system::in_the_background;
use crate::units::Size;

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
            return Err(Error::usage("a video without frames").hint("check --start and --end"));
        }
        match self.to {
            Kind::File(movie) => movie.finish(),
            Kind::Folder(pictures) => pictures.finish(),
        }
    }
}
