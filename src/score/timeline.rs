//! The value of every parameter in every frame: what the renderer plays.

use crate::units::{FrameIndex, FrameRate, GeneratedFrame, Seconds};
use std::collections::BTreeMap;
use std::ops::Range;

/// Resolved values per frame that is generated. `curves[name].len() == frames` for every row of the parameter table.
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
    pub cuts: Vec<GeneratedFrame>,
}

/// A prompt and the frames from which it holds, until the next span starts.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptSpan {
    /// First frame.
    pub start: GeneratedFrame,
    /// What is asked for; may hold weights as [`super::Emphasis`] reads them.
    pub prompt: String,
    /// What is to be avoided; only heard where guidance is not 1.
    pub negative: String,
    /// The way there from the prompt before; none where it changes at once.
    pub travel: Option<Travel>,
}

/// The way from one prompt to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Travel {
    /// What was asked for before.
    pub prompt: String,
    /// What was to be avoided before.
    pub negative: String,
    /// How the two are blended.
    pub blend: Blend,
    /// How much of the new one holds in each frame from the span's start on, below 1; behind them it has arrived.
    pub mixes: Vec<f32>,
}

/// How two embedded prompts are blended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Blend {
    /// Along the arc between them, which keeps their length (Shoemake 1985, "Animating rotation with quaternion curves").
    #[default]
    Slerp,
    /// Along the straight line between them.
    Lerp,
}

impl PromptSpan {
    /// The first frame in which nothing of the prompt before is left.
    pub fn arrival(&self) -> GeneratedFrame {
        self.start + self.travel.as_ref().map_or(0, |t| t.mixes.len() as FrameIndex)
    }

    /// The travel that is under way in `frame`, and how much of this prompt holds.
    pub fn travel_at(&self, frame: GeneratedFrame) -> Option<(&Travel, f32)> {
        let travel = self.travel.as_ref()?;
        let mix = travel.mixes.get(frame.since(self.start)? as usize)?;
        Some((travel, *mix))
    }
}

impl Timeline {
    /// The value of parameter `name` in `frame`; the last frame's value past the end.
    ///
    /// # Panics
    /// If `name` is not in the parameter table: a mistake of the caller.
    pub fn value(&self, name: &str, frame: GeneratedFrame) -> f32 {
        let curve = &self.curves[name];
        curve[(frame.0 as usize).min(curve.len() - 1)]
    }

    /// The values of parameter `name` in the frames of `part`.
    ///
    /// # Panics
    /// If `name` is not in the parameter table, or the timeline ends before: a mistake of the caller.
    pub fn values(&self, name: &str, part: &Range<GeneratedFrame>) -> &[f32] {
        &self.curves[name][part.start.0 as usize..part.end.0 as usize]
    }

    /// The frame behind the last.
    pub fn end(&self) -> GeneratedFrame {
        GeneratedFrame(self.frames)
    }

    /// The prompt span that holds in `frame`.
    pub fn prompt_at(&self, frame: GeneratedFrame) -> &PromptSpan {
        let after = self.prompts.partition_point(|span| span.start <= frame);
        &self.prompts[after.saturating_sub(1)]
    }

    /// The frame since which `frame`'s prompt holds unmixed; `frame` itself where it is still on its way.
    pub fn settled_since(&self, frame: GeneratedFrame) -> GeneratedFrame {
        self.prompt_at(frame).arrival().min(frame)
    }
}
