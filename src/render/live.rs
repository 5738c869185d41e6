//! Single windows on demand, for who watches while the timeline changes.
//!
//! A window takes what the window before has settled, whatever timeline that was made from: so a change shows from the
//! next window on, and pictures grow into it. On a timeline that doesn't change, these are the windows of [`Render`].

use super::camera::Pose;
use super::stages::{finish_at, to_frames};
use super::{Job, LatentStats, Render, Settings, Window};
use crate::diffusion::Model;
use crate::error::{Error, Result};
use crate::score::Timeline;
use crate::timing::Timings;
use crate::units::FrameIndex;
use crate::video::{Frame, apply};
use candle_core::Tensor;
use std::sync::atomic::AtomicBool;

/// What a window leaves to the next one.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The first frame behind it.
    pub next: FrameIndex,
    take_start: FrameIndex,
    prompt: String,
    latents: Option<Tensor>,
    flown: Pose,
    look: Option<(u64, LatentStats)>,
}

/// Finished pictures of consecutive frames, and what they leave.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The first picture's frame.
    pub first: FrameIndex,
    /// The pictures, with all effects, in the video's size.
    pub frames: Vec<Frame>,
    /// For the window that follows.
    pub settled: Settled,
}

/// A timeline that windows are made of.
#[derive(Debug)]
pub struct Live {
    job: Job,
}

impl Live {
    /// `timeline` rendered with `settings`, whose part and timeline don't matter.
    pub fn new(settings: &Settings, timeline: Timeline) -> Self {
        let settings = Settings { first_frame: 0, frames: timeline.frames, ..settings.clone() };
        let (track, output, description) = Default::default();
        Live { job: Job { settings, timeline, track, output, description } }
    }

    /// What the windows are made of.
    pub fn timeline(&self) -> &Timeline {
        &self.job.timeline
    }

    /// How many frames a window brings that grows out of another.
    pub fn stride(&self) -> FrameIndex {
        self.job.settings.windows.stride() as FrameIndex
    }

    /// The window that brings `frame`: growing out of `before`, if that ends there and no take begins; else a new take.
    ///
    /// # Errors
    /// Device; Stopped, once `stop` is set.
    pub fn window(
        &self,
        model: &Model,
        frame: FrameIndex,
        before: Option<&Settled>,
        stop: &AtomicBool,
    ) -> Result<Shown> {
        let timeline = &self.job.timeline;
        let cut = timeline.cuts.contains(&frame);
        let before = before.filter(|b| b.next == frame && b.latents.is_some() && !cut);
        let window = self.window_at(frame, before)?;
        let off = Timings::off();
        let mut render = Render::new(&self.job, model, None, stop, &off)?;
        if let Some(before) = before {
            render.carried.clone_from(&before.latents);
            render.flown = before.flown;
            // What another prompt looked like is nothing to be led back to.
            let same = timeline.prompt_at(frame).prompt == before.prompt;
            render.look = before.look.clone().filter(|_| same);
        }
        let rendered = render.window(window)?;
        let pictures = to_frames(&model.decode(&rendered.latents)?)?;
        let picture = self.job.settings.picture;
        let frames: Vec<Frame> = (pictures.iter().zip(&rendered.shown).zip(frame..))
            .map(|((p, pose), i)| apply(p, picture, &finish_at(&self.job, i, *pose)))
            .collect();
        let next = window.new_frames().end;
        let prompt = timeline.prompt_at(next.saturating_sub(1)).prompt.clone();
        let (latents, flown, look) = (render.carried, render.flown, render.look);
        let settled = Settled { next, take_start: window.take_start, prompt, latents, flown, look };
        Ok(Shown { first: frame, frames, settled })
    }

    fn window_at(&self, frame: FrameIndex, before: Option<&Settled>) -> Result<Window> {
        let (timeline, shape) = (&self.job.timeline, self.job.settings.windows);
        if frame >= timeline.frames {
            return Err(Error::internal(format!("frame {frame} lies behind the end")));
        }
        let take_end = timeline.cuts.iter().copied().find(|c| *c > frame).unwrap_or(timeline.frames);
        let pinned = if before.is_some() { shape.overlap } else { 0 };
        let take_start = before.map_or(frame, |b| b.take_start);
        let start = frame - pinned as FrameIndex;
        Ok(Window { index: 0, take: 0, take_start, take_end, start, pinned, length: shape.length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::{draft_model, small_settings};
    use crate::score::{Overrides, ParamId, Show, Span, find, fixture};
    use crate::units::{FrameRate, Seconds};

    /// Four seconds of a shipped preset, flying, with a cut in them.
    fn timeline() -> Timeline {
        let (fps, span) = (FrameRate::new(12, 1).unwrap(), Span { start: Seconds(0.0), frames: 48 });
        let show = Show::of(find("pulse").unwrap());
        let mut timeline = show.play(&fixture(4.0), &Overrides::default(), fps, span).unwrap();
        timeline.curves.insert(ParamId::FlyZoom, vec![1.2; 48]);
        Timeline { cuts: vec![30], ..timeline }
    }

    fn shown(live: &Live, model: &Model, before: &mut Option<Settled>, frame: FrameIndex) -> Vec<Frame> {
        let shown = live.window(model, frame, before.as_ref(), &AtomicBool::new(false)).unwrap();
        assert_eq!(shown.settled.next, frame + shown.frames.len() as FrameIndex);
        *before = Some(shown.settled);
        shown.frames
    }

    #[test]
    fn windows_on_demand_are_those_of_the_render() {
        let model = draft_model();
        let live = Live::new(&small_settings(model.info().sampling().steps), timeline());
        let (stop, off) = (AtomicBool::new(false), Timings::off());
        let mut expected = Vec::new();
        for rendered in Render::new(&live.job, &model, None, &stop, &off).unwrap() {
            let rendered = rendered.unwrap();
            let first = rendered.window.new_frames().start;
            let pictures = to_frames(&model.decode(&rendered.latents).unwrap()).unwrap();
            let finished =
                |((p, pose), i): ((&Frame, &Pose), _)| apply(p, p.size(), &finish_at(&live.job, i, *pose));
            expected.extend(pictures.iter().zip(&rendered.shown).zip(first..).map(finished));
        }
        let (mut found, mut before) = (Vec::new(), None);
        while found.len() < 48 {
            let frame = found.len() as FrameIndex;
            found.extend(shown(&live, &model, &mut before, frame));
        }
        assert!(found == expected);
    }

    #[test]
    fn a_change_grows_out_of_what_was_settled_before_it() {
        let model = draft_model();
        let settings = small_settings(model.info().sampling().steps);
        let live = Live::new(&settings, timeline());
        let mut before = None;
        shown(&live, &model, &mut before, 0);
        let mut other = timeline();
        other.curves.insert(ParamId::MotionScale, vec![0.0; 48]);
        let changed = Live::new(&settings, other);
        let grown = shown(&changed, &model, &mut before.clone(), 16);
        assert!(grown[0] != shown(&live, &model, &mut before.clone(), 16)[0]);
        assert!(grown[0] != shown(&changed, &model, &mut None, 16)[0]);
        // What ends elsewhere is nothing to grow out of.
        assert!(shown(&changed, &model, &mut before, 18) == shown(&changed, &model, &mut None, 18));
    }

    #[test]
    fn a_window_that_nobody_wants_is_given_up() {
        let model = draft_model();
        let live = Live::new(&small_settings(model.info().sampling().steps), timeline());
        let error = live.window(&model, 0, None, &AtomicBool::new(true)).unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::Stopped);
        assert!(live.window(&model, 48, None, &AtomicBool::new(false)).is_err());
    }
}
