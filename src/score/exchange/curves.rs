//! A stretch of a timeline for other programs: its values frame by frame from 0, and its prompts.

use crate::error::Result;
use crate::score::param::{Param, ParamRef, Rate};
use crate::score::timeline::Timeline;
use crate::units::{FrameIndex, GeneratedFrame, Size};
use std::fmt::Write;
use std::ops::Range;

/// A stretch of a timeline.
#[derive(Clone, Debug)]
pub struct Curves<'a> {
    pub(super) timeline: &'a Timeline,
    pub(super) part: Range<GeneratedFrame>,
    pub(super) params: Vec<ParamRef>,
    pub(super) picture: Size,
    pub(super) bpm: Option<f64>,
}

impl<'a> Curves<'a> {
    /// The frames `part` of `timeline`: the parameters of these names, or, if there are none, all that move or differ
    /// from their default.
    ///
    /// # Errors
    /// Usage, for a name that is no parameter's.
    pub fn new(timeline: &'a Timeline, part: Range<GeneratedFrame>, names: &[String]) -> Result<Self> {
        let slots = timeline.curves.slots();
        let mut params = names.iter().map(|n| slots.find(n)).collect::<Result<Vec<_>>>()?;
        if params.is_empty() {
            let told = |p: &ParamRef| timeline.values(p, &part).iter().any(|v| *v != p.default as f32);
            params = slots.params().filter(|p| p.rate != Rate::Job).filter(told).collect();
        }
        Ok(Curves { timeline, part, params, picture: Size { width: 16, height: 9 }, bpm: None })
    }

    /// The same of pictures in the shape of `picture`, and of a track of this tempo.
    pub fn of(self, picture: Size, bpm: Option<f64>) -> Self {
        Curves { picture, bpm, ..self }
    }

    pub(super) fn frames(&self) -> usize {
        (self.part.end - self.part.start) as usize
    }

    pub(super) fn values(&self, param: impl AsRef<Param>) -> &[f32] {
        self.timeline.values(param, &self.part)
    }

    /// Frame, seconds in the track, and a column for every parameter.
    pub(super) fn csv(&self) -> String {
        let names: Vec<&str> = self.params.iter().map(|p| &*p.name).collect();
        let mut text = format!("frame,seconds,{}\n", names.join(","));
        for (frame, absolute) in self.part.start.until(self.part.end).enumerate() {
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
    pub(super) fn prompts(&self) -> Vec<(FrameIndex, &'a str, &'a str)> {
        let spans = &self.timeline.prompts;
        let first = spans.partition_point(|s| s.start <= self.part.start).saturating_sub(1);
        let inside = spans[first..].iter().take_while(|s| s.start < self.part.end);
        inside.map(|s| (s.start - self.part.start, s.prompt.as_str(), s.negative.as_str())).collect()
    }

    /// Whether prompts are travelled to.
    pub(super) fn travels(&self) -> bool {
        self.timeline.prompts.iter().any(|s| self.part.contains(&s.start) && s.travel.is_some())
    }
}
