//! Single windows on demand, for who watches while the timeline changes.
//!
//! A window takes what the window before has settled, whatever timeline that was made from: so a change shows from the
//! next window on, and pictures grow into it. On a timeline that doesn't change, these are the windows of
//! [`super::batch::Render`].

use super::easel::Easel;
use super::generate::Generator;
use super::job::{Job, Settings};
use super::layer::Layers;
use super::plan::Window;
use super::rate;
use super::screen::{Afterglow, Screen};
use super::source::Sources;
use super::take::TakeState;
use crate::diffusion::Model;
use crate::error::{Error, Result};
use crate::score::Timeline;
use crate::timing::Timings;
use crate::units::{FrameIndex, GeneratedFrame, ShownFrame};
use crate::video::Frame;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Pictures that are decoded and shown together: the first ones are seen while the others are still under way.
const PIECE: usize = 4;

/// What a window leaves to the next one: what its pictures grow out of, and what was seen of late.
#[derive(Clone, Debug)]
pub struct LiveState {
    take: TakeState,
    afterglow: Afterglow,
    /// What its last frame started from.
    init: Option<String>,
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
    easel: Easel,
}

impl Live {
    /// `timeline` rendered with `settings`, whose part and timeline don't matter, under `layers`; drawn scenes are taken from
    /// `easel`.
    pub fn new(settings: &Settings, timeline: Timeline, layers: Arc<Layers>, easel: &Easel) -> Self {
        let settings = Settings {
            first_frame: GeneratedFrame(0),
            frames: timeline.frames,
            every: 1,
            ..settings.clone()
        };
        let (track, output, description) = Default::default();
        let job = Job { settings, timeline, layers, track, output, description };
        Live { job, easel: easel.clone() }
    }

    /// The same under other layers.
    pub fn under(&self, layers: Arc<Layers>) -> Self {
        Live { job: Job { layers, ..self.job.clone() }, easel: self.easel.clone() }
    }

    /// What is drawn over the pictures.
    pub fn layers(&self) -> &Arc<Layers> {
        &self.job.layers
    }

    /// What the windows are made of.
    pub fn timeline(&self) -> &Timeline {
        &self.job.timeline
    }

    /// How many frames a window brings that grows out of another.
    pub fn stride(&self) -> FrameIndex {
        self.job.settings.windows.stride() as FrameIndex
    }

    /// Makes the window that brings `frame`: growing out of `before`, if that ends there and no take begins; else a new take.
    /// `seen` is told the finished pictures, with all effects and layers, in the video's size: a few consecutive frames at a
    /// time, and the first of them.
    ///
    /// # Errors
    /// Device; Stopped, once `stop` is set; whatever `seen` says.
    pub fn window(
        &self,
        model: &Model,
        frame: GeneratedFrame,
        before: Option<&LiveState>,
        stop: &AtomicBool,
        seen: &mut dyn FnMut(ShownFrame, Vec<Frame>) -> Result<()>,
    ) -> Result<LiveState> {
        let settings = &self.job.settings;
        let before = before.filter(|b| b.next() == frame);
        // Over a cut the last picture may stay for a while, and flashes of late count.
        let afterglow = before.map_or_else(|| Afterglow::none(&self.job), |b| b.afterglow.clone());
        let (timeline, overlap) = (&self.job.timeline, self.job.settings.windows.overlap);
        let cut = timeline.cuts.contains(&frame);
        // Another source is a cut, also where it is another one only since a change.
        let same = |b: &LiveState| b.init.as_deref() == timeline.init_at(frame.before(1));
        let before = before.filter(|b| same(b)).map(|b| &b.take).filter(|b| b.frames() >= overlap && !cut);
        let window = self.window_at(frame, before)?;
        let off = Timings::off();
        let mut generator = Generator::new(&self.job, model, stop, &off)?.on(&self.easel);
        let (rendered, take) = generator.window(window, before)?;
        let mut sources = Sources::new(timeline, settings, settings.picture).on(&self.easel);
        let mut screen = Screen::new(&self.job, afterglow);
        let poses = &rendered.shown;
        for start in (0..poses.len()).step_by(PIECE) {
            let part = start..(start + PIECE).min(poses.len());
            let pictures = sources.piece(model, &rendered.window, &rendered.latents, part.clone())?;
            let first = rate::shown(frame + start as u64);
            let shown = pictures.iter().zip(&poses[part]).zip(first.onwards());
            seen(first, shown.map(|((picture, pose), i)| screen.show(picture, *pose, i)).collect())?;
        }
        let init = timeline.init_at(take.next().before(1)).map(str::to_owned);
        Ok(LiveState { take, afterglow: screen.leave(), init })
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
        Ok(Window { index: 0, take: 0, take_start, take_end, start, pinned, length: shape.length, every: 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::batch::Render;
    use crate::render::camera::Pose;
    use crate::render::fixture::{draft_model, flying_timeline, small_settings};
    use crate::score::{InitSpan, Layer, LayerKind, Material, ParamId, ShownLayer, Tint};
    use crate::units::Size;
    use crate::video::Guard;

    fn shown(live: &Live, model: &Model, before: &mut Option<LiveState>, frame: u64) -> Vec<Frame> {
        let frame = GeneratedFrame(frame);
        let mut found = Vec::new();
        let mut seen = |first, frames: Vec<Frame>| {
            assert_eq!(first, rate::shown(frame + found.len() as u64));
            assert!(frames.len() <= PIECE);
            found.extend(frames);
            Ok(())
        };
        let state = live.window(model, frame, before.as_ref(), &AtomicBool::new(false), &mut seen).unwrap();
        assert_eq!((state.next() - frame) as usize, found.len());
        *before = Some(state);
        found
    }

    fn live(settings: &Settings, timeline: Timeline) -> Live {
        Live::new(settings, timeline, Arc::default(), &Easel::default())
    }

    /// Rings on the beat, in white.
    fn rings() -> Arc<Layers> {
        let layer = Layer { color: Tint::Rgb([255; 3]), ..Layer::usual("rings", LayerKind::Rings) };
        let material = Material { beats: vec![0.0, 0.5, 1.0, 1.5, 2.0], ..Material::default() };
        let list = vec![(ShownLayer { layer, when: vec![0.0..4.0] }, None)];
        Arc::new(Layers { list, material, scope_for_controls: false })
    }

    /// All 48 frames of `live`, window by window.
    fn played(live: &Live, model: &Model) -> Vec<Frame> {
        let (mut found, mut before) = (Vec::new(), None);
        while found.len() < 48 {
            let frame = found.len() as u64;
            found.extend(shown(live, model, &mut before, frame));
        }
        found
    }

    /// What a render of the same job writes.
    fn rendered(live: &Live, model: &Model) -> Vec<Frame> {
        let (stop, off) = (AtomicBool::new(false), Timings::off());
        let (job, mut screen) = (&live.job, Screen::new(&live.job, Afterglow::none(&live.job)));
        let mut sources = Sources::new(&job.timeline, &job.settings, job.settings.picture);
        let mut all = Vec::new();
        for rendered in Render::new(job, model, None, &stop, &off).unwrap() {
            let rendered = rendered.unwrap();
            let first = rate::shown(rendered.window.new_frames().start);
            let pictures = sources.pictures(model, &rendered.window, &rendered.latents).unwrap();
            let finished = |((p, pose), i): ((&Frame, &Pose), _)| screen.show(p, *pose, i);
            all.extend(pictures.iter().zip(&rendered.shown).zip(first.onwards()).map(finished));
        }
        all
    }

    #[test]
    fn windows_on_demand_are_those_of_the_render_with_effects_layers_and_guard() {
        let model = draft_model();
        let mut timeline = flying_timeline();
        for (id, value) in [(ParamId::Trails, 0.5), (ParamId::CutDissolve, 0.5), (ParamId::Bloom, 0.5)] {
            timeline.curves.insert(id, vec![value; 48]);
        }
        // Six flashes a second: the guard has to act, over windows and the cut.
        timeline.curves.insert(ParamId::Flash, (0..48).map(|f| (f % 2) as f32).collect());
        let settings = small_settings(model.info().sampling().steps);
        let bare = live(&settings, timeline);
        let over = bare.under(rings());
        let found = played(&over, &model);
        assert!(found == rendered(&over, &model));
        assert!(found != played(&bare, &model), "no layer is seen");
        let unguarded = Settings { flash_guard: Guard::Off, ..settings };
        let off = live(&unguarded, over.timeline().clone()).under(rings());
        assert!(found != played(&off, &model), "no flash is damped");
    }

    #[test]
    fn drawn_scenes_are_those_of_the_render_and_stay_on_the_easel() {
        let model = draft_model();
        let mut timeline = flying_timeline();
        let init = Some("draw:wire,palette=ice".to_owned());
        timeline.inits = vec![InitSpan { start: GeneratedFrame(0), init }];
        timeline.curves.insert(ParamId::Denoise, (0..48).map(|f| if f < 20 { 0.5 } else { 0.0 }).collect());
        let picture = Size { width: 96, height: 64 };
        let settings = Settings { picture, ..small_settings(model.info().sampling().steps) };
        let easel = Easel::default();
        let live = Live::new(&settings, timeline, Arc::default(), &easel);
        assert!(played(&live, &model) == rendered(&live, &model));
        // The first take as the networks see it, and both as large as the video: nothing is denoised in the second.
        assert_eq!(easel.subjects().len(), 3);
    }

    #[test]
    fn a_change_grows_out_of_what_was_settled_before_it() {
        let model = draft_model();
        let settings = small_settings(model.info().sampling().steps);
        let live = live(&settings, flying_timeline());
        let mut before = None;
        shown(&live, &model, &mut before, 0);
        let mut other = flying_timeline();
        other.curves.insert(ParamId::MotionScale, vec![0.0; 48]);
        let changed = super::tests::live(&settings, other);
        let grown = shown(&changed, &model, &mut before.clone(), 16);
        assert!(grown[0] != shown(&live, &model, &mut before.clone(), 16)[0]);
        assert!(grown[0] != shown(&changed, &model, &mut None, 16)[0]);
        // What ends elsewhere is nothing to grow out of.
        assert!(shown(&changed, &model, &mut before, 18) == shown(&changed, &model, &mut None, 18));
    }

    #[test]
    fn a_window_that_nobody_wants_is_given_up() {
        let model = draft_model();
        let live = live(&small_settings(model.info().sampling().steps), flying_timeline());
        let window = |frame, stop| {
            live.window(&model, GeneratedFrame(frame), None, &AtomicBool::new(stop), &mut |_, _| Ok(()))
        };
        assert_eq!(window(0, true).unwrap_err().kind(), crate::error::ErrorKind::Stopped);
        assert!(window(48, false).is_err());
    }
}
