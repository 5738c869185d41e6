//! A stretch of a timeline for other programs: its values frame by frame from 0, and its prompts.

use crate::error::Result;
use crate::score::param::{Param, Rate, TABLE};
use crate::score::timeline::Timeline;
use crate::units::{FrameIndex, GeneratedFrame};
use std::fmt::Write;
use std::ops::Range;

/// A stretch of a timeline.
#[derive(Clone, Debug)]
pub struct Curves<'a> {
    pub(super) timeline: &'a Timeline,
    pub(super) part: Range<GeneratedFrame>,
    pub(super) params: Vec<&'static Param>,
}

impl<'a> Curves<'a> {
    /// The frames `part` of `timeline`: the parameters of these names, or, if there are none, all that move or differ
    /// from their default.
    ///
    /// # Errors
    /// Usage, for a name that is no parameter's.
    pub fn new(timeline: &'a Timeline, part: Range<GeneratedFrame>, names: &[String]) -> Result<Self> {
        let mut params = names.iter().map(|n| Param::find(n)).collect::<Result<Vec<_>>>()?;
        if params.is_empty() {
            let told = |p: &&Param| timeline.values(p.name, &part).iter().any(|v| *v != p.default as f32);
            params =
                TABLE.iter().filter(|p| p.rate != Rate::Job && p.needs.is_empty()).filter(told).collect();
        }
        Ok(Curves { timeline, part, params })
    }

    pub(super) fn frames(&self) -> usize {
        (self.part.end - self.part.start) as usize
    }

    pub(super) fn values(&self, name: &str) -> &[f32] {
        self.timeline.values(name, &self.part)
    }

    /// Frame, seconds in the track, and a column for every parameter.
    pub(super) fn csv(&self) -> String {
        let names: Vec<&str> = self.params.iter().map(|p| p.name).collect();
        let mut text = format!("frame,seconds,{}\n", names.join(","));
        for (frame, absolute) in self.part.start.until(self.part.end).enumerate() {
            let seconds = self.timeline.start.0 + self.timeline.fps.start_of(absolute).0;
            let _ = write!(text, "{frame},{seconds:.6}");
            self.params.iter().for_each(|p| {
                let _ = write!(text, ",{}", self.timeline.value(p.name, absolute));
            });
            text.push('\n');
        }
        text
    }

    /// The prompts, each with the frame from which it holds.
    pub(super) fn prompts(&self) -> Vec<(FrameIndex, &'a str, &'a str)> {
        let spans = &self.timeline.prompts;
        let first = spans.partition_point(|s| s.start <= self.part.start).saturating_sub(1);
        let inside = spans[first..].iter().take_while(|s| s.start < self.part.end);
        inside.map(|s| (s.start - self.part.start, s.prompt.as_str(), s.negative.as_str())).collect()
    }
}
