//! The value of every parameter in every frame: what the renderer plays.

use super::param::{Param, ParamRef};
use super::param_table::{ParamId, TABLE};
use super::slot::Slots;
use crate::units::{FrameIndex, FrameRate, GeneratedFrame, Seconds};
use std::collections::BTreeMap;
use std::ops::Range;

/// Resolved values per frame that is generated.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// Frames a second.
    pub fps: FrameRate,
    /// The time in the track that frame 0 shows: frame *f* shows `start` + *f*/fps.
    pub start: Seconds,
    /// Number of frames.
    pub frames: FrameIndex,
    /// One value a frame for every parameter of the job, inside its range.
    pub curves: ParamCurves,
    /// What is shown when: in order, without gaps, from frame 0 to the end; never empty.
    pub prompts: Vec<PromptSpan>,
    /// Frames that start a new take, ascending, without 0.
    pub cuts: Vec<GeneratedFrame>,
    /// What frames start from: in order from frame 0 on; empty where nothing is named. Each change is a cut.
    pub inits: Vec<InitSpan>,
}

/// What frames start from, until the next span starts.
#[derive(Clone, Debug, PartialEq)]
pub struct InitSpan {
    /// First frame.
    pub start: GeneratedFrame,
    /// The source as it is written, like `draw:synthwave`; none: nothing but noise and the frames before.
    pub init: Option<String>,
}

/// One value a frame for parameters: the table's rows by their index, slots by their name.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamCurves {
    rows: Vec<Vec<f32>>,
    slots: BTreeMap<ParamRef, Vec<f32>>,
}

impl Default for ParamCurves {
    /// Without a value for any parameter.
    fn default() -> Self {
        ParamCurves { rows: vec![Vec::new(); TABLE.len()], slots: BTreeMap::new() }
    }
}

impl ParamCurves {
    /// Gives a parameter these values, one a frame.
    pub fn insert(&mut self, param: impl Into<ParamRef>, values: Vec<f32>) {
        let param = param.into();
        match param.row.and_then(|row| self.rows.get_mut(row)) {
            Some(row) => *row = values,
            None => drop(self.slots.insert(param, values)),
        }
    }

    /// The values of a parameter; empty where it has none.
    pub fn get(&self, param: impl AsRef<Param>) -> &[f32] {
        let param = param.as_ref();
        match param.row {
            Some(row) => self.rows.get(row),
            None => self.slots.iter().find(|(slot, _)| slot.name == param.name).map(|(_, values)| values),
        }
        .map_or(&[], Vec::as_slice)
    }

    /// Every parameter with its values: the table's rows in their order, then the slots by their names.
    pub fn iter(&self) -> impl Iterator<Item = (ParamRef, &[f32])> {
        let rows = TABLE.iter().map(ParamRef::from).zip(&self.rows);
        let slots = self.slots.iter().map(|(slot, values)| (slot.clone(), values));
        rows.chain(slots).map(|(param, values)| (param, values.as_slice()))
    }

    /// The slots that have values.
    pub fn slots(&self) -> Slots {
        self.slots.keys().cloned().collect()
    }
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
    /// The value of a parameter in `frame`; the last frame's value past the end, and the default of a slot that the job
    /// lacks.
    pub fn value(&self, param: impl AsRef<Param>, frame: GeneratedFrame) -> f32 {
        let param = param.as_ref();
        let curve = self.curves.get(param);
        let last = curve.len().saturating_sub(1);
        curve.get((frame.0 as usize).min(last)).copied().unwrap_or(param.default as f32)
    }

    /// The values of a parameter in the frames of `part`; empty where it has none, or there are no such frames.
    pub fn values(&self, param: impl AsRef<Param>, part: &Range<GeneratedFrame>) -> &[f32] {
        self.curves.get(param).get(part.start.0 as usize..part.end.0 as usize).unwrap_or_default()
    }

    /// The frame behind the last.
    pub fn end(&self) -> GeneratedFrame {
        GeneratedFrame(self.frames)
    }

    /// The source that `frame` starts from, as it is written.
    pub fn init_at(&self, frame: GeneratedFrame) -> Option<&str> {
        self.init_span(frame)?.init.as_deref()
    }

    /// Whether `frame` is shown as its source is: nothing is denoised.
    pub fn shows_source(&self, frame: GeneratedFrame) -> bool {
        self.value(ParamId::Denoise, frame) == 0.0 && self.init_at(frame).is_some()
    }

    /// The frame from which on the source of `frame` has been the same.
    pub fn init_since(&self, frame: GeneratedFrame) -> Option<GeneratedFrame> {
        Some(self.init_span(frame)?.start)
    }

    fn init_span(&self, frame: GeneratedFrame) -> Option<&InitSpan> {
        self.inits.iter().rev().find(|span| span.start <= frame)
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
