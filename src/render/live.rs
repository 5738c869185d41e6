//! Single windows on demand, for who watches while the timeline changes.
//!
//! A window takes what the window before has settled, whatever timeline that was made from: so a change shows from the
//! next window on, and pictures grow into it. On a timeline that doesn't change, these are the windows of
//! [`super::batch::Render`].

use super::finish::finish_at;
use super::generate::Generator;
use super::job::{Job, Settings};
use super::plan::Window;
use super::rate;
use super::source::Sources;
use super::take::TakeState;
use crate::diffusion::Model;
use crate::error::{Error, Result};
use crate::score::Timeline;
use crate::timing::Timings;
use crate::units::{FrameIndex, GeneratedFrame, ShownFrame};
use crate::video::{Finisher, Frame};
use std::sync::atomic::AtomicBool;

/// Finished pictures of consecutive frames, and what they leave.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The first picture's frame.
    pub first: ShownFrame,
    /// The pictures, with all effects, in the video's size.
    pub frames: Vec<Frame>,
    /// For the window that follows.
    pub state: LiveState,
}

/// What a window leaves to the next one: what its pictures grow out of, and what their effects do.
#[derive(Clone, Debug)]
pub struct LiveState {
    take: TakeState,
    finisher: Finisher,
}

impl LiveState {
    /// The first frame that is not settled yet.
    pub fn next(&self) -> GeneratedFrame {
        self.take.next()
    }
}

/// A timeline that windows are made of.
#[derive(Debug)]
pub struct Live {
    job: Job,
}

impl Live {
    /// `timeline` rendered with `settings`, whose part and timeline don't matter.
    pub fn new(settings: &Settings, timeline: Timeline) -> Self {
        let settings =
            Settings { first_frame: GeneratedFrame(0), frames: timeline.frames, ..settings.clone() };
        let (layers, track, output, description) = Default::default();
        Live { job: Job { settings, timeline, layers, track, output, description } }
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
        frame: GeneratedFrame,
        before: Option<&LiveState>,
        stop: &AtomicBool,
    ) -> Result<Shown> {
        let settings = &self.job.settings;
        let before = before.filter(|b| b.next() == frame);
        // Over a cut the last picture may stay for a while.
        let mut finisher = before
            .map_or_else(|| Finisher::new(settings.picture, settings.lut.clone()), |b| b.finisher.clone());
        let (timeline, overlap) = (&self.job.timeline, self.job.settings.windows.overlap);
        let cut = timeline.cuts.contains(&frame);
        let before = before.map(|b| &b.take).filter(|b| b.frames() >= overlap && !cut);
        let window = self.window_at(frame, before)?;
        let off = Timings::off();
        let (rendered, take) = Generator::new(&self.job, model, stop, &off)?.window(window, before)?;
        let mut sources = Sources::new(timeline, settings, settings.picture);
        let pictures = sources.pictures(model, &rendered.window, &rendered.latents)?;
        let first = rate::shown(frame);
        let frames: Vec<Frame> = (pictures.iter().zip(&rendered.shown).zip(first.onwards()))
            .map(|((p, pose), i)| finisher.next(p, &finish_at(&self.job, i, *pose)))
            .collect();
        Ok(Shown { first, frames, state: LiveState { take, finisher } })
    }

    fn window_at(&self, frame: GeneratedFrame, before: Option<&TakeState>) -> Result<Window> {
        let (timeline, shape) = (&self.job.timeline, self.job.settings.windows);
        if frame >= timeline.end() {
            return Err(Error::internal(format!("frame {frame} lies behind the end")));
        }
        let take_end = timeline.cuts.iter().copied().find(|c| *c > frame).unwrap_or(timeline.end());
        let pinned = if before.is_some() { shape.overlap } else { 0 };
        let take_start = before.map_or(frame, |b| b.take_start);
        let start = frame.before(pinned as FrameIndex);
        Ok(Window { index: 0, take: 0, take_start, take_end, start, pinned, length: shape.length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::batch::Render;
    use crate::render::camera::Pose;
    use crate::render::fixture::{draft_model, flying_timeline, small_settings};
    use crate::render::pictures::to_frames;
    use crate::score::ParamId;

    fn shown(live: &Live, model: &Model, before: &mut Option<LiveState>, frame: u64) -> Vec<Frame> {
        let frame = GeneratedFrame(frame);
        let shown = live.window(model, frame, before.as_ref(), &AtomicBool::new(false)).unwrap();
        assert_eq!((shown.state.next() - frame) as usize, shown.frames.len());
        assert_eq!(shown.first, rate::shown(frame));
        *before = Some(shown.state);
        shown.frames
    }

    #[test]
    fn windows_on_demand_are_those_of_the_render() {
        let model = draft_model();
        let mut timeline = flying_timeline();
        for (id, value) in [(ParamId::Trails, 0.5), (ParamId::CutDissolve, 0.5), (ParamId::Bloom, 0.5)] {
            timeline.curves.insert(id, vec![value; 48]);
        }
        let live = Live::new(&small_settings(model.info().sampling().steps), timeline);
        let (stop, off) = (AtomicBool::new(false), Timings::off());
        let (mut expected, mut finisher) = (Vec::new(), Finisher::new(live.job.settings.picture, None));
        for rendered in Render::new(&live.job, &model, None, &stop, &off).unwrap() {
            let rendered = rendered.unwrap();
            let first = rate::shown(rendered.window.new_frames().start);
            let pictures = to_frames(&model.decode(&rendered.latents).unwrap()).unwrap();
            let finished =
                |((p, pose), i): ((&Frame, &Pose), _)| finisher.next(p, &finish_at(&live.job, i, *pose));
            expected.extend(pictures.iter().zip(&rendered.shown).zip(first.onwards()).map(finished));
        }
        let (mut found, mut before) = (Vec::new(), None);
        while found.len() < 48 {
            let frame = found.len() as u64;
            found.extend(shown(&live, &model, &mut before, frame));
        }
        assert!(found == expected);
    }

    #[test]
    fn a_change_grows_out_of_what_was_settled_before_it() {
        let model = draft_model();
        let settings = small_settings(model.info().sampling().steps);
        let live = Live::new(&settings, flying_timeline());
        let mut before = None;
        shown(&live, &model, &mut before, 0);
        let mut other = flying_timeline();
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
        let live = Live::new(&small_settings(model.info().sampling().steps), flying_timeline());
        let error = live.window(&model, GeneratedFrame(0), None, &AtomicBool::new(true)).unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::Stopped);
        assert!(live.window(&model, GeneratedFrame(48), None, &AtomicBool::new(false)).is_err());
    }
}
