//! Sources: what frames start from, driven by the timeline.
//!
//! A drawn scene goes on with the running sum of `motion_scale` from the start of the track, at the pace of 12 steps a second, so
//! that it moves with the music at any frame rate; `fly_zoom` drives it on, or back. Each take throws its dice anew. Where the
//! `denoise` of a frame is 0, it is shown as it was drawn, at the video's own size, and no network has a hand in it.
//!
//! **Invariant:** a picture depends on the timeline of the whole track, the seed, the size and its frame, on nothing else.

use super::pictures::{to_frames, to_pictures};
use super::plan::Window;
use crate::diffusion::Model;
use crate::draw::{Drawing, Source};
use crate::error::Result;
use crate::score::{ParamId, Timeline};
use crate::units::{GeneratedFrame, Size};
use crate::video::Frame;
use candle_core::Tensor;

/// Steps a second at `motion_scale` 1: scenes are paced for the frame rate that spark was trained at.
const STEPS_PER_SECOND: f64 = 12.0;
/// What flying e times as close in a second adds to the speed.
const FLIGHT: f64 = 4.0;

/// Draws the sources of a timeline's frames at one size.
pub(super) struct Sources<'a> {
    timeline: &'a Timeline,
    seed: u64,
    size: Size,
    /// How far a scene has gone in each frame; empty where nothing is drawn.
    phases: Vec<f64>,
    /// The last picture's scene, and which take of the track it belongs to.
    drawing: Option<(Source, u64, Drawing)>,
}

impl<'a> Sources<'a> {
    /// The sources of `timeline` in pictures of `size`, their dice thrown by `seed`.
    pub fn new(timeline: &'a Timeline, seed: u64, size: Size) -> Self {
        let phases = if timeline.inits.is_empty() { Vec::new() } else { phases(timeline) };
        Sources { timeline, seed, size, phases, drawing: None }
    }

    /// The source of `frame`; none where it has none.
    ///
    /// # Errors
    /// Usage: it names nothing that can be drawn, or no picture has this size.
    pub fn frame(&mut self, frame: GeneratedFrame) -> Result<Option<Frame>> {
        let Some(source) = self.timeline.init_at(frame) else { return Ok(None) };
        let (source, take) = (source.parse::<Source>()?, take(self.timeline, frame));
        if self.drawing.as_ref().is_none_or(|(s, t, _)| (*s, *t) != (source, take)) {
            let drawing = Drawing::new(source, self.size, self.seed.wrapping_add(take))?;
            self.drawing = Some((source, take, drawing));
        }
        let phase = self.phases.get(frame.0 as usize).or(self.phases.last()).copied().unwrap_or_default();
        Ok(self.drawing.as_mut().map(|(_, _, drawing)| Frame::new(self.size, drawing.frame(phase))))
    }

    /// The latents \[n, c, h, w] of these frames' sources; none where one has none, or there are no frames.
    pub fn latents(
        &mut self,
        model: &Model,
        frames: impl IntoIterator<Item = GeneratedFrame>,
    ) -> Result<Option<Tensor>> {
        let mut drawn: Vec<Frame> = Vec::new();
        let mut last = None;
        for frame in frames {
            // A window past its take's end holds the last frame.
            let picture = match drawn.last().filter(|_| last == Some(frame)) {
                Some(same) => Some(same.clone()),
                None => self.frame(frame)?,
            };
            let Some(picture) = picture else { return Ok(None) };
            drawn.push(picture);
            last = Some(frame);
        }
        if drawn.is_empty() {
            return Ok(None);
        }
        model.encode(&to_pictures(&drawn, model.device())?).map(Some)
    }

    /// The pictures of the frames that `window` brings, whose settled latents are `latents`.
    pub fn pictures(&mut self, model: &Model, window: &Window, latents: &Tensor) -> Result<Vec<Frame>> {
        let new = window.new_frames();
        let mut decoded = match is_drawn(self.timeline, window) {
            true => Vec::new(),
            false => to_frames(&model.decode(latents)?)?,
        }
        .into_iter();
        let mut pictures = Vec::with_capacity(window.brings());
        for frame in new.start.until(new.end) {
            let settled = decoded.next();
            let drawn = if is_as_drawn(self.timeline, frame) { self.frame(frame)? } else { None };
            pictures.extend(drawn.or(settled));
        }
        Ok(pictures)
    }
}

/// Whether `frame` is its source as it was drawn.
pub(super) fn is_as_drawn(timeline: &Timeline, frame: GeneratedFrame) -> bool {
    timeline.value(ParamId::Denoise, frame) == 0.0 && timeline.init_at(frame).is_some()
}

/// Whether all that `window` brings is: nothing is left to a network.
pub(super) fn is_drawn(timeline: &Timeline, window: &Window) -> bool {
    let new = window.new_frames();
    new.start.until(new.end).all(|frame| is_as_drawn(timeline, frame))
}

/// How many takes of the track begin before or in `frame`.
fn take(timeline: &Timeline, frame: GeneratedFrame) -> u64 {
    timeline.cuts.iter().filter(|cut| **cut <= frame).count() as u64
}

/// How far scenes have gone in every frame. A frame's values govern the change from the one before.
fn phases(timeline: &Timeline) -> Vec<f64> {
    let steps = STEPS_PER_SECOND * timeline.fps.period().0;
    let mut phase = 0.0;
    let go = |frame: GeneratedFrame| {
        let value = |id| f64::from(timeline.value(id, frame));
        if frame > GeneratedFrame(0) {
            phase += steps * (value(ParamId::MotionScale) + FLIGHT * value(ParamId::FlyZoom).ln());
        }
        phase
    };
    GeneratedFrame(0).until(timeline.end()).map(go).collect()
}
