//! The value of every parameter in every frame: what the renderer plays.

use crate::units::{FrameIndex, FrameRate, Seconds};
use std::collections::BTreeMap;

/// Resolved values per frame. `curves[name].len() == frames` for every row of the parameter table.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// Frames a second.
    pub fps: FrameRate,
    /// The time in the track that frame 0 shows: frame *f* shows `start` + *f*/fps.
    pub start: Seconds,
    /// Number of frames.
    pub frames: FrameIndex,
    /// One value a frame for every parameter of the table, inside its range.
    pub curves: BTreeMap<&'static str, Vec<f32>>,
    /// What is shown when: in order, without gaps, from frame 0 to the end; never empty.
    pub prompts: Vec<PromptSpan>,
    /// Frames that start a new take, ascending, without 0.
    pub cuts: Vec<FrameIndex>,
}

/// A prompt and the frames from which it holds, until the next span starts.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptSpan {
    /// First frame.
    pub start: FrameIndex,
    /// What is asked for.
    pub prompt: String,
    /// What is to be avoided; only heard where guidance is not 1.
    pub negative: String,
}

impl Timeline {
    /// The value of parameter `name` in `frame`; the last frame's value past the end.
    ///
    /// # Panics
    /// If `name` is not in the parameter table: a mistake of the caller.
    pub fn value(&self, name: &str, frame: FrameIndex) -> f32 {
        let curve = &self.curves[name];
        curve[(frame as usize).min(curve.len() - 1)]
    }

    /// The prompt span that holds in `frame`.
    pub fn prompt_at(&self, frame: FrameIndex) -> &PromptSpan {
        let after = self.prompts.partition_point(|span| span.start <= frame);
        &self.prompts[after.saturating_sub(1)]
    }
}
