//! Single pictures out of a finished video, made small.

use super::fit::Fit;
use super::footage::Footage;
use super::frame::Frame;
use super::reel::Reel;
use crate::error::Result;
use crate::units::{Seconds, Size};
use std::path::Path;

/// The pictures of a video that are seen at some times.
pub struct Stills {
    footage: Footage,
    reel: Reel,
}

impl Stills {
    /// Opens the video at `path`.
    ///
    /// # Errors
    /// Input: it can't be read, has no picture, or one in a format that can't be decoded.
    pub fn open(path: &Path) -> Result<Self> {
        let footage = Footage::open(path)?;
        Ok(Stills { reel: Reel::open(footage.clone())?, footage })
    }

    /// How long the video is.
    pub fn length(&self) -> Seconds {
        self.footage.length().unwrap_or(Seconds(0.0))
    }

    /// Width and height of its pictures.
    pub fn size(&self) -> Size {
        self.footage.size()
    }

    /// The pictures seen at `times`, each as large as `size`.
    ///
    /// # Errors
    /// Input: the pixels are of a form that isn't known, or the video is damaged from its start on.
    pub fn take(mut self, times: &[Seconds], size: Size) -> Result<Vec<Frame>> {
        times.iter().map(|time| self.reel.frame(*time, size, Fit::Stretch)).collect()
    }
}
