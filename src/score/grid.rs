//! The fine grid between audio and video: every frame is cut into equal cells of at most 5 ms.
//!
//! Signals are shaped on cells, not on frames, so that an attack of 20 ms means the same at every frame rate.
//! Cell edges coincide with frame edges, so that an event lies in a cell of exactly the frame that shows it.

use crate::error::{Error, Result};
use crate::units::{FrameIndex, FrameRate, Seconds};

/// The part of a track that is played: frame *f* shows the time `start` + *f*/fps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The time in the track at which frame 0 starts.
    pub start: Seconds,
    /// How many frames there are.
    pub frames: FrameIndex,
}

impl Span {
    /// More frames than this, counted from the track's first sample, are refused.
    pub const MAX_FRAMES: FrameIndex = 2_000_000;
    /// What ends later than this in a track is refused.
    pub const MAX_TIME: Seconds = Seconds(86_400.0);

    /// The stretch from `start` to `end`, both in the track, with frames enough to cover it.
    ///
    /// # Errors
    /// Usage, for a stretch that is empty, not a number, or too long.
    pub fn between(start: Seconds, end: Seconds, fps: FrameRate) -> Result<Self> {
        if !(start.0 >= 0.0 && start < end && end.0.is_finite()) {
            return Err(Error::usage(format!("nothing lies between {start} and {end}"))
                .hint("the start must lie before the end, both inside the track"));
        }
        Span { start, frames: fps.frames_covering(Seconds(end.0 - start.0)).max(1) }.checked(fps)
    }

    /// The time in the track at the middle of a frame, in seconds.
    pub(super) fn middle_of(self, frame: FrameIndex, fps: FrameRate) -> f64 {
        self.start.0 + (frame as f64 + 0.5) * fps.period().0
    }

    /// This span, if it isn't too long to be held in memory.
    pub(super) fn checked(self, fps: FrameRate) -> Result<Self> {
        let frames = self.start.0 * fps.per_second() + self.frames as f64;
        let end = frames * fps.period().0;
        let fits = self.start.0 >= 0.0 && frames <= Self::MAX_FRAMES as f64 && end <= Self::MAX_TIME.0;
        if !fits || self.frames == 0 {
            return Err(Error::usage(format!(
                "{} frames from {} on can't be played",
                self.frames, self.start
            ))
            .hint(format!("at most {} frames within the first day of a track", Self::MAX_FRAMES)));
        }
        Ok(self)
    }
}

/// What a frame shows of its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reduce {
    /// The largest: a hit anywhere in the frame counts in full.
    Max,
    /// The mean: a level.
    Mean,
    /// The smallest: a phase that starts anew inside the frame has started.
    Min,
    /// The last: what changes inside the frame has changed.
    Last,
}

impl Reduce {
    /// For the same upside down.
    pub fn turned(self) -> Self {
        match self {
            Reduce::Max => Reduce::Min,
            Reduce::Min => Reduce::Max,
            same => same,
        }
    }

    /// For what is made of both: hits win over phases, these over steps, these over levels.
    pub fn and(self, other: Self) -> Self {
        let rank = |r| [Reduce::Max, Reduce::Min, Reduce::Last].iter().position(|x| *x == r).unwrap_or(3);
        if rank(self) <= rank(other) { self } else { other }
    }
}

/// The cells of a span, with whole frames of lead before it and tail after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells {
    fps: FrameRate,
    span: Span,
    /// Cells in a frame.
    per_frame: usize,
    /// Frames before frame 0.
    lead: usize,
    /// Frames after the last one.
    tail: usize,
}

impl Cells {
    /// Longest cell, in seconds.
    const LONGEST: f64 = 0.005;

    /// The cells of `span`, back to the start of the track and `margin` further at both ends.
    pub fn new(fps: FrameRate, span: Span, margin: Seconds) -> Self {
        let frames = |t: f64| (t * fps.per_second()).ceil().max(0.0) as usize;
        let per_frame = (fps.period().0 / Self::LONGEST - 1e-9).ceil().max(1.0) as usize;
        Cells { fps, span, per_frame, lead: frames(span.start.0 + margin.0), tail: frames(margin.0) + 1 }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        (self.lead + self.span.frames as usize + self.tail) * self.per_frame
    }

    /// How long one is.
    pub fn width(&self) -> Seconds {
        Seconds(self.fps.period().0 / self.per_frame as f64)
    }

    /// The time in the track at which cell `i` starts; before 0 in the lead.
    pub fn start_of(&self, i: usize) -> Seconds {
        let in_frame = (i % self.per_frame) as f64 * self.width().0;
        let frame = (i / self.per_frame) as f64 - self.lead as f64;
        Seconds(self.span.start.0 + frame * f64::from(self.fps.den()) / f64::from(self.fps.num()) + in_frame)
    }

    /// The cell that holds time `t`, if one does.
    pub fn index_of(&self, t: Seconds) -> Option<usize> {
        let frames = (t.0 - self.span.start.0) * self.fps.per_second() + self.lead as f64;
        // As in `FrameRate::frame_at`: a time on a cell's edge belongs to the cell that starts there.
        let cell = ((frames + 1e-6) * self.per_frame as f64).floor();
        (cell >= 0.0 && cell < self.count() as f64).then_some(cell as usize)
    }

    /// The first cell that starts at `t` or holds it; the count where all lie before.
    pub fn index_from(&self, t: Seconds) -> usize {
        match self.index_of(t) {
            Some(i) => i,
            None if t.0 < self.start_of(0).0 => 0,
            None => self.count(),
        }
    }

    /// One value a frame from one value a cell.
    pub fn frames(&self, cells: &[f32], reduce: Reduce) -> Vec<f32> {
        let inside = cells.chunks_exact(self.per_frame).skip(self.lead).take(self.span.frames as usize);
        inside
            .map(|frame| match reduce {
                Reduce::Max => frame.iter().copied().fold(f32::MIN, f32::max),
                Reduce::Min => frame.iter().copied().fold(f32::MAX, f32::min),
                Reduce::Last => frame.last().copied().unwrap_or(0.0),
                Reduce::Mean => frame.iter().sum::<f32>() / frame.len() as f32,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_lies_in_a_cell_of_the_frame_that_shows_it() {
        for rate in ["12", "24", "29.97", "240"] {
            let fps: FrameRate = rate.parse().unwrap();
            for start in [0.0, 1.0, 7.3] {
                let span = Span { start: Seconds(start), frames: 500 };
                let cells = Cells::new(fps, span, Seconds(0.1));
                assert!(cells.width().0 <= 0.005 + 1e-12);
                for i in 0..200 {
                    let t = Seconds(start + f64::from(i) * 0.01003);
                    let cell = cells.index_of(t).unwrap();
                    let mut x = vec![0.0; cells.count()];
                    x[cell] = 1.0;
                    let seen = cells.frames(&x, Reduce::Max);
                    let frame = fps.frame_at(Seconds(t.0 - start)) as usize;
                    assert_eq!(seen.iter().position(|v| *v > 0.0), Some(frame), "{rate} {start} {}", t.0);
                    assert!(cells.start_of(cell).0 <= t.0 + 1e-6, "{rate} {start} {}", t.0);
                    assert!(cells.start_of(cell + 1).0 > t.0 - 1e-6);
                }
            }
        }
    }

    #[test]
    fn spans_that_can_not_be_played_are_refused() {
        let fps = FrameRate::new(24, 1).unwrap();
        let span = |a, b| Span::between(Seconds(a), Seconds(b), fps);
        assert_eq!(span(1.0, 2.01).unwrap().frames, 25);
        for (a, b) in [(2.0, 2.0), (2.0, 1.0), (-1.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (0.0, 1e9)]
        {
            assert!(span(a, b).is_err(), "{a} {b}");
        }
    }
}
