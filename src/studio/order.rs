//! Orders of finals, and what is to be expected of one before it is rendered.

use super::locked::locked;
use super::state::EditedPreset;
use crate::job::Stretch;
use crate::progress::{Flow, Progress};
use crate::units::Seconds;
use crate::video::Profile;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// What is to be rendered.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderOrder {
    /// The preset, and the beats that it is played by.
    pub edited: Arc<EditedPreset>,
    /// How much work goes into every picture.
    pub tier: String,
    /// Size of the video.
    pub size: String,
    /// Frames a second; none: as the live pictures.
    pub fps: Option<String>,
    /// What it is written as.
    pub profile: Profile,
    /// Which part of the track.
    pub stretch: Stretch,
    /// Where the video goes.
    pub output: PathBuf,
    /// Whether a video of other settings that was rendered there before is replaced.
    pub replace: bool,
}

/// What is to be expected of a final.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expectation {
    /// How long it will take on this machine.
    pub took: Seconds,
    /// How long the video is.
    pub length: Seconds,
    /// How many frames it has.
    pub frames: u64,
    /// How many of them a second.
    pub fps: String,
    /// Their size.
    pub size: String,
    /// What will not come out well, and what else a person should know.
    pub notes: Vec<String>,
}

/// Notes of what is looked at, kept for the page.
#[derive(Default)]
pub struct Notes(Mutex<Vec<String>>);

impl Notes {
    /// All of them, in order.
    pub fn taken(self) -> Vec<String> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Notes {
    fn stage(&self, _: &str, _: u64) {}

    fn advance(&self, _: u64) -> Flow {
        Flow::Continue
    }

    fn note(&self, text: &str) {
        locked(&self.0).push(text.to_owned());
    }
}
