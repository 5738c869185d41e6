//! Window plans: which frames are denoised together: takes and overlapping windows. Integers only.

use crate::error::{Error, Result};
use crate::units::{FrameIndex, GeneratedFrame};
use serde::Serialize;
use std::ops::Range;

/// How a take is cut into windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct WindowShape {
    /// Frames denoised together.
    pub length: usize,
    /// Frames at the start of a window that the window before has already settled.
    pub overlap: usize,
}

impl WindowShape {
    /// What AnimateDiff was trained on, and the overlap that carries motion on: 16 and 4.
    pub const DEFAULT: WindowShape = WindowShape { length: 16, overlap: 4 };

    /// Checks a shape against the most frames that a model can take at once.
    pub fn check(self, max_frames: usize) -> Result<Self> {
        if self.length < 2 || self.length > max_frames {
            return Err(Error::usage(format!("a window of {} frames can't be denoised", self.length)).hint(
                format!("this model takes 2 to {max_frames} frames at once; 16 is what it was trained on"),
            ));
        }
        if self.overlap == 0 || 2 * self.overlap > self.length {
            return Err(Error::usage(format!(
                "an overlap of {} doesn't suit windows of {} frames",
                self.overlap, self.length
            ))
            .hint("between 1 and half the window; 4 of 16 is a good value"));
        }
        Ok(self)
    }

    /// How far a window lies behind the one before.
    pub fn stride(self) -> usize {
        self.length - self.overlap
    }
}

/// A run of frames denoised together. It has its full length even where it reaches past its take's end;
/// what lies past the end is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Position in the render, from 0.
    pub index: usize,
    /// Which take it belongs to, from 0.
    pub take: usize,
    /// First frame of the take, counted from the start of the track as all frames are.
    pub take_start: GeneratedFrame,
    /// End of the take (exclusive).
    pub take_end: GeneratedFrame,
    /// First frame of the window.
    pub start: GeneratedFrame,
    /// How many of its first frames are already settled.
    pub pinned: usize,
    /// Frames denoised together.
    pub length: usize,
}

impl Window {
    /// The frames that this window brings.
    pub fn new_frames(&self) -> Range<GeneratedFrame> {
        self.start + self.pinned as FrameIndex..self.end().min(self.take_end)
    }

    /// How many these are.
    pub fn brings(&self) -> usize {
        let new = self.new_frames();
        (new.end - new.start) as usize
    }

    /// The frame behind the last that it denoises, which may lie past its take's end.
    pub fn end(&self) -> GeneratedFrame {
        self.start + self.length as FrameIndex
    }

    /// Every frame it denoises; those past the take's end stand for the take's last frame.
    pub fn frames(&self) -> impl Iterator<Item = GeneratedFrame> {
        let last = self.take_end.before(1);
        self.start.until(self.end()).map(move |f| f.min(last))
    }

    /// Whether it grows out of the window before.
    pub fn continues(&self) -> bool {
        self.pinned > 0
    }
}

/// The windows that bring the frames of `part` out of a whole of `frames` frames, with a new take at every cut and
/// where the part begins.
///
/// Frames and takes are those of the whole, so a part that begins with one of its takes has the windows that the
/// whole has there, the last of them up to its own end, which may lie behind the part's.
pub fn plan(
    part: Range<GeneratedFrame>,
    frames: FrameIndex,
    cuts: &[GeneratedFrame],
    shape: WindowShape,
) -> Vec<Window> {
    let inside = cuts.iter().copied().filter(|c| part.start < *c && *c < part.end);
    let starts: Vec<GeneratedFrame> = std::iter::once(part.start).chain(inside).collect();
    let whole = GeneratedFrame(frames);
    let behind = cuts.iter().copied().find(|c| (part.end..whole).contains(c)).unwrap_or(whole);
    let ends = starts.iter().copied().skip(1).chain([behind]);
    let mut windows = Vec::new();
    for (take, (&take_start, take_end)) in starts.iter().zip(ends).enumerate() {
        let mut start = take_start;
        loop {
            let pinned = if start == take_start { 0 } else { shape.overlap };
            if start + pinned as FrameIndex >= take_end.min(part.end) {
                break;
            }
            let index = windows.len();
            windows.push(Window { index, take, take_start, take_end, start, pinned, length: shape.length });
            start = start + shape.stride() as FrameIndex;
        }
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The plan of the frames of `part`, in plain numbers.
    fn planned(part: Range<u64>, frames: u64, cuts: &[u64], shape: WindowShape) -> Vec<Window> {
        let cuts: Vec<GeneratedFrame> = cuts.iter().copied().map(GeneratedFrame).collect();
        plan(GeneratedFrame(part.start)..GeneratedFrame(part.end), frames, &cuts, shape)
    }

    /// The frames that a window brings.
    fn new(window: &Window) -> Range<u64> {
        window.new_frames().start.0..window.new_frames().end.0
    }

    #[test]
    fn forty_frames_are_three_windows() {
        let plan = planned(0..40, 40, &[], WindowShape::DEFAULT);
        let new: Vec<_> = plan.iter().map(new).collect();
        assert_eq!(new, [0..16, 16..28, 28..40]);
        assert_eq!(plan[1].frames().map(u64::from).collect::<Vec<_>>(), (12..28).collect::<Vec<_>>());
    }

    #[test]
    fn a_window_past_the_end_keeps_its_length_and_holds_the_last_frame() {
        let plan = planned(0..20, 20, &[18], WindowShape::DEFAULT);
        assert_eq!((new(&plan[2]), plan[2].brings()), (18..20, 2));
        assert_eq!(plan[2].frames().last(), Some(GeneratedFrame(19)));
        assert_eq!(plan[2].frames().count(), 16);
        assert!(!plan[2].continues());
    }

    proptest! {
        /// Every frame is brought exactly once, in order, and a window never pins what isn't settled.
        #[test]
        fn frames_are_brought_once(
            frames in 1u64..400, cuts in proptest::collection::btree_set(1u64..400, 0..6),
            length in 2usize..33, overlap in 1usize..17,
        ) {
            prop_assume!(2 * overlap <= length);
            let cuts: Vec<u64> = cuts.into_iter().collect();
            let mut next = 0;
            for window in planned(0..frames, frames, &cuts, WindowShape { length, overlap }) {
                prop_assert_eq!(new(&window).start, next);
                prop_assert!(window.brings() > 0);
                if window.continues() {
                    prop_assert!(window.start >= window.take_start);
                } else {
                    prop_assert!(next == 0 || cuts.contains(&next));
                }
                next = new(&window).end;
            }
            prop_assert_eq!(next, frames);
        }

        /// A part that begins with a take has the windows of the whole, counted anew.
        #[test]
        fn a_part_has_the_windows_of_the_whole(
            frames in 2u64..400, cuts in proptest::collection::btree_set(1u64..400, 1..6), length in 1u64..200,
        ) {
            let cuts: Vec<u64> = cuts.into_iter().filter(|c| *c < frames).collect();
            let all = planned(0..frames, frames, &cuts, WindowShape::DEFAULT);
            for start in cuts.iter().copied() {
                let end = (start + length).min(frames);
                let part = planned(start..end, frames, &cuts, WindowShape::DEFAULT);
                let bare = |w: &Window| (w.take_start, w.take_end, w.start, w.pinned, w.length);
                let there = all.iter().filter(|w| (start..end).contains(&new(w).start));
                prop_assert!(part.iter().map(bare).eq(there.map(bare)));
                prop_assert!(new(part.last().unwrap()).end >= end);
            }
        }
    }
}
