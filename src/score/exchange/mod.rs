//! Curves for other programs, and from them.
//!
//! Out go the values of a stretch of a timeline, frame by frame from 0. In come schedules of Deforum (`deforum`) and
//! documents of Parseq (`parseq`), one value a frame for every name, and what has times of its own: MIDI files,
//! lyrics and tables (`timed`). [`Imported::preset`] writes any of them down as a preset.

mod deforum;
mod formula;
mod import;
mod parseq;
mod timed;

pub use import::Imported;

use super::param::{Param, ParamRef, Rate};
use super::timeline::Timeline;
use crate::error::{Error, Result};
use crate::units::FrameIndex;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::ops::Range;

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 32 << 20;
/// Most values of an import, all curves together.
const MAX_VALUES: u64 = 8_000_000;
/// Most curves of an import: what a preset can hold.
const MAX_CURVES: usize = 200;

/// Whom curves are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table with a line for every frame.
    Csv,
    /// Schedule strings, as in a Deforum settings file.
    Deforum,
    /// A Parseq document with rendered frames.
    Parseq,
    /// Lists of values, for AnimateDiff-Evolved's nodes.
    AnimateDiff,
}

/// A stretch of a timeline.
#[derive(Clone, Debug)]
pub struct Curves<'a> {
    timeline: &'a Timeline,
    part: Range<FrameIndex>,
    params: Vec<ParamRef>,
}

impl<'a> Curves<'a> {
    /// The frames `part` of `timeline`: the parameters of these names, or, if there are none, all that move or differ
    /// from their default.
    ///
    /// # Errors
    /// Usage, for a name that is no parameter's.
    pub fn new(timeline: &'a Timeline, part: Range<FrameIndex>, names: &[String]) -> Result<Self> {
        let slots = timeline.curves.slots();
        let mut params = names.iter().map(|n| slots.find(n)).collect::<Result<Vec<_>>>()?;
        if params.is_empty() {
            let told = |p: &ParamRef| timeline.values(p, &part).iter().any(|v| *v != p.default as f32);
            params = slots.params().filter(|p| p.rate != Rate::Job).filter(told).collect();
        }
        Ok(Curves { timeline, part, params })
    }

    /// The text for `format`.
    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Csv => self.csv(),
            Format::Deforum => pretty(&deforum::write(self)),
            Format::Parseq => pretty(&parseq::write(self)),
            Format::AnimateDiff => {
                let lists = self.params.iter().map(|p| (p.name.to_string(), json!(self.values(p))));
                pretty(&Value::Object(lists.collect()))
            }
        }
    }

    fn frames(&self) -> usize {
        (self.part.end - self.part.start) as usize
    }

    fn values(&self, param: impl AsRef<Param>) -> &[f32] {
        self.timeline.values(param, &self.part)
    }

    /// The value of a parameter in the frame that is the `index`-th of the stretch.
    fn value(&self, param: impl AsRef<Param>, index: usize) -> f32 {
        self.timeline.value(param, self.part.start + index as FrameIndex)
    }

    /// Frame, seconds in the track, and a column for every parameter.
    fn csv(&self) -> String {
        let names: Vec<&str> = self.params.iter().map(|p| &*p.name).collect();
        let mut text = format!("frame,seconds,{}\n", names.join(","));
        for (frame, absolute) in self.part.clone().enumerate() {
            let seconds = self.timeline.start.0 + self.timeline.fps.start_of(absolute).0;
            let _ = write!(text, "{frame},{seconds:.6}");
            self.params.iter().for_each(|p| {
                let _ = write!(text, ",{}", self.timeline.value(p, absolute));
            });
            text.push('\n');
        }
        text
    }

    /// The prompts, each with the frame from which it holds.
    fn prompts(&self) -> Vec<(FrameIndex, &'a str, &'a str)> {
        let spans = &self.timeline.prompts;
        let first = spans.partition_point(|s| s.start <= self.part.start).saturating_sub(1);
        let inside = spans[first..].iter().take_while(|s| s.start < self.part.end);
        inside
            .map(|s| (s.start.saturating_sub(self.part.start), s.prompt.as_str(), s.negative.as_str()))
            .collect()
    }
}

fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Refuses more values than can be held.
fn bounded(name: &str, curves: usize, frames: u64) -> Result<()> {
    if curves > MAX_CURVES || curves as u64 * frames > MAX_VALUES {
        let message = format!("{name}: {curves} curves of {frames} frames are too many");
        return Err(
            Error::input(message).hint(format!("at most {MAX_CURVES} curves and {MAX_VALUES} values in all"))
        );
    }
    Ok(())
}

/// The prompts of a JSON object whose keys are frames.
fn prompts_of(map: &Map<String, Value>) -> Vec<(FrameIndex, String)> {
    let entry = |(frame, text): (&String, &Value)| {
        let text = text.as_str().map(str::trim).filter(|t| !t.is_empty())?;
        Some((frame.trim().parse().ok()?, text.to_owned()))
    };
    let mut list: Vec<(FrameIndex, String)> = map.iter().filter_map(entry).take(500).collect();
    list.sort();
    list
}

#[cfg(test)]
mod tests;
