//! Window plans: which frames are denoised together: takes and overlapping windows. Integers only.

use super::rate;
use crate::error::{Error, Result};
use crate::units::{FrameIndex, GeneratedFrame, ShownFrame};
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
///
/// Where pictures are put between those that are generated, a window's frames stand `every` numbers apart, the first of them on its
/// take's first. Where a take's last frame stands between two, the one behind it is made as well: it is never shown, but where things
/// are on their way to is.
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
    /// From one of them to the next.
    pub every: FrameIndex,
}

impl Window {
    /// The first frame that it brings.
    pub fn first_new(&self) -> GeneratedFrame {
        self.start + self.pinned as FrameIndex * self.every
    }

    /// The last frame that it brings.
    pub fn last_new(&self) -> GeneratedFrame {
        let whole = self.start + (self.length as FrameIndex - 1) * self.every;
        let last = self.take_end.before(1) - self.take_start;
        whole.min(self.take_start + last.next_multiple_of(self.every))
    }

    /// Where the first frame lies that the next window brings.
    pub fn next(&self) -> GeneratedFrame {
        self.last_new() + self.every
    }

    /// The frames that this window brings, from the first to the one behind the last: one of `every`.
    pub fn new_frames(&self) -> Range<GeneratedFrame> {
        self.first_new()..self.last_new() + 1
    }

    /// The frames that this window brings, one by one.
    pub fn brought(&self) -> impl Iterator<Item = GeneratedFrame> + Clone + use<> {
        let (first, every) = (self.first_new(), self.every);
        (0..self.brings() as FrameIndex).map(move |i| first + i * every)
    }

    /// How many these are.
    pub fn brings(&self) -> usize {
        ((self.last_new() - self.first_new()) / self.every) as usize + 1
    }

    /// The frames of the video that this window completes, with those between its own and behind the last one of the window before.
    pub fn shown(&self) -> Range<ShownFrame> {
        let first = if self.continues() { self.first_new().before(self.every) + 1 } else { self.take_start };
        rate::shown(first)..rate::shown((self.last_new() + 1).min(self.take_end))
    }

    /// How many these are.
    pub fn shows(&self) -> u64 {
        let shown = self.shown();
        shown.end - shown.start
    }

    /// The frame behind the last that it denoises, which may lie past its take's end.
    pub fn end(&self) -> GeneratedFrame {
        self.start + self.length as FrameIndex * self.every
    }

    /// Every frame it denoises; those past the take's end stand for the take's last frame.
    pub fn frames(&self) -> impl Iterator<Item = GeneratedFrame> + use<> {
        let (start, every, last) = (self.start, self.every, self.take_end.before(1));
        (0..self.length as FrameIndex).map(move |i| (start + i * every).min(last))
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
    plan_every((part, frames), cuts, shape, |_| 1)
}

/// As [`plan`], with one of as many frames generated as `every` says of a take.
pub fn plan_every(
    (part, frames): (Range<GeneratedFrame>, FrameIndex),
    cuts: &[GeneratedFrame],
    shape: WindowShape,
    every: impl Fn(Range<GeneratedFrame>) -> FrameIndex,
) -> Vec<Window> {
    let inside = cuts.iter().copied().filter(|c| part.start < *c && *c < part.end);
    let starts: Vec<GeneratedFrame> = std::iter::once(part.start).chain(inside).collect();
    let whole = GeneratedFrame(frames);
    let behind = cuts.iter().copied().find(|c| (part.end..whole).contains(c)).unwrap_or(whole);
    let ends = starts.iter().copied().skip(1).chain([behind]);
    let mut windows = Vec::new();
    for (take, (&take_start, take_end)) in starts.iter().zip(ends).enumerate() {
        let mut start = take_start;
        let every = every(take_start..take_end).max(1);
        loop {
            let (pinned, length) = (if start == take_start { 0 } else { shape.overlap }, shape.length);
            let window =
                Window { index: windows.len(), take, take_start, take_end, start, pinned, length, every };
            if window.shown().start >= rate::shown(take_end.min(part.end)) {
                break;
            }
            windows.push(window);
            start = start + shape.stride() as FrameIndex * every;
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

    #[test]
    fn twenty_four_a_second_of_twelve() {
        let cuts = [GeneratedFrame(33)];
        let part = (GeneratedFrame(0)..GeneratedFrame(70), 70);
        let plan = plan_every(part, &cuts, WindowShape::DEFAULT, |_| 2);
        let shown: Vec<_> = plan.iter().map(|w| (w.shown().start.0..w.shown().end.0, w.brings())).collect();
        // 0, 2 .. 30; 32; then 33, 35 .. 63; 65, 67, 69.
        assert_eq!(shown, [(0..31, 16), (31..33, 1), (33..64, 16), (64..70, 3)]);
        // A take's last frame lies between two: the one behind it is made as well.
        let plan = plan_every((GeneratedFrame(0)..GeneratedFrame(32), 32), &[], WindowShape::DEFAULT, |_| 2);
        assert_eq!(
            (plan.len(), plan[1].shown(), plan[1].last_new()),
            (2, ShownFrame(31)..ShownFrame(32), GeneratedFrame(32))
        );
        assert_eq!(plan[1].frames().last(), Some(GeneratedFrame(31)));
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

        /// Where one of a few frames is generated, every frame of the video is completed once, in order, between two that are generated and
        /// lie in its take or one behind its end.
        #[test]
        fn frames_are_completed_once(
            frames in 1u64..400, cuts in proptest::collection::btree_set(1u64..400, 0..6), (every, other) in (1u64..7, 1u64..7),
            part in (0u64..400, 1u64..400),
        ) {
            let cuts: Vec<GeneratedFrame> = cuts.into_iter().map(GeneratedFrame).collect();
            let part = part.0.min(frames - 1)..(part.0.min(frames - 1) + part.1).min(frames);
            let range = GeneratedFrame(part.start)..GeneratedFrame(part.end);
            let of = |take: Range<GeneratedFrame>| if take.start.0.is_multiple_of(2) { every } else { other };
            let (mut next, mut settled) = (part.start, None);
            for window in plan_every((range, frames), &cuts, WindowShape::DEFAULT, of) {
                let shown = window.shown();
                prop_assert_eq!(shown.start.0, next);
                prop_assert!(shown.end > shown.start && shown.end.0 <= window.take_end.0);
                next = shown.end.0;
                let brought: Vec<u64> = window.brought().map(u64::from).collect();
                prop_assert!(brought.iter().all(|frame| (frame - window.take_start.0) % window.every == 0));
                prop_assert!(brought.len() <= 16 && brought.windows(2).all(|pair| pair[1] - pair[0] == window.every));
                let first = if window.continues() { settled } else { Some(window.take_start) };
                prop_assert_eq!(first, Some(window.first_new()));
                prop_assert!(window.last_new().0 + 1 >= next && window.last_new().0 < window.take_end.0 - 1 + window.every);
                settled = Some(window.next());
            }
            prop_assert!(next >= part.end);
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
