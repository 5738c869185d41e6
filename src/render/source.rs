//! Sources: what frames start from, driven by the timeline.
//!
//! A drawn scene goes on with the running sum of `motion_scale` from the start of the track, at the pace of 12 steps a second, so
//! that it moves with the music at any frame rate; `fly_zoom` drives it on, or back. Each take throws its dice anew. A clip runs
//! in step with the track. Where the `denoise` of a frame is 0, it is shown as its source is, at the video's own size, and no
//! network has a hand in it.
//!
//! **Invariant:** a picture depends on the timeline of the whole track, the seed, the size and its frame, on nothing else.

use super::easel::{Easel, Subject};
use super::init::Playing;
use super::job::{Job, Settings};
use super::pictures::{to_frames, to_pictures};
use super::plan::Window;
use crate::diffusion::Model;
use crate::draw::{Drawing, Source};
use crate::error::{Context, Error, Result};
use crate::score::{ParamId, Timeline};
use crate::units::{GeneratedFrame, Size};
use crate::video::Frame;
use candle_core::Tensor;
use std::ops::Range;

/// Steps a second at `motion_scale` 1: scenes are paced for the frame rate that spark was trained at.
const STEPS_PER_SECOND: f64 = 12.0;
/// What flying e times as close in a second adds to the speed.
const FLIGHT: f64 = 4.0;

/// Draws or decodes the sources of a timeline's frames at one size.
pub(super) struct Sources<'a> {
    timeline: &'a Timeline,
    settings: &'a Settings,
    size: Size,
    /// How far a scene has gone in each frame; empty where nothing has a source.
    phases: Vec<f64>,
    /// The last picture's scene, its dice thrown.
    drawing: Option<(Subject, Drawing)>,
    easel: Easel,
    /// The picture or clip that was shown last, and how it is written.
    playing: Option<(String, Playing)>,
    /// The same at the size that is generated at, once detail was asked for.
    small: Option<Box<Sources<'a>>>,
}

impl<'a> Sources<'a> {
    /// The sources of `timeline` in pictures of `size`, in a job of these settings.
    pub fn new(timeline: &'a Timeline, settings: &'a Settings, size: Size) -> Self {
        let phases = if timeline.inits.is_empty() { Vec::new() } else { phases(timeline) };
        Sources::standing(timeline, settings, (size, phases))
    }

    /// Sources that the timeline doesn't name, for [`Self::named`].
    pub fn beside(timeline: &'a Timeline, settings: &'a Settings, size: Size) -> Self {
        Sources::standing(timeline, settings, (size, phases(timeline)))
    }

    fn standing(timeline: &'a Timeline, settings: &'a Settings, (size, phases): (Size, Vec<f64>)) -> Self {
        let (drawing, easel, playing, small) = Default::default();
        Sources { timeline, settings, size, phases, drawing, easel, playing, small }
    }

    /// These sources with scenes taken from `easel`, where they are left for who draws next.
    pub fn on(mut self, easel: &Easel) -> Self {
        self.easel = easel.clone();
        self
    }

    /// The source of `frame`; none where it has none.
    ///
    /// # Errors
    /// Usage: it names nothing that is there, or no picture has this size. Input: a clip can't be decoded.
    pub fn frame(&mut self, frame: GeneratedFrame) -> Result<Option<Frame>> {
        let Some(name) = self.timeline.init_at(frame) else { return Ok(None) };
        let part = self.timeline.init_since(frame).unwrap_or(frame);
        self.named(name, frame, part).map(Some)
    }

    /// The source that is written `name` in `frame`, where its part began at `part`.
    ///
    /// # Errors
    /// As [`Self::frame`].
    pub fn named(&mut self, name: &str, frame: GeneratedFrame, part: GeneratedFrame) -> Result<Frame> {
        if self.playing.as_ref().is_none_or(|(shown, _)| shown != name) {
            self.playing = self.settings.inits.play(name)?.map(|playing| (name.to_owned(), playing));
        }
        if let Some((_, playing)) = &mut self.playing {
            let at = |frame: GeneratedFrame| self.timeline.fps.start_of(frame);
            return playing.frame((at(frame), self.timeline.fps), at(part), self.size);
        }
        let dice = self.settings.seed.wrapping_add(take(self.timeline, frame));
        let subject = Subject { source: name.parse::<Source>()?, size: self.size, dice };
        if self.drawing.as_ref().is_none_or(|(s, _)| *s != subject) {
            self.easel.put(self.drawing.take());
            self.drawing = Some((subject, self.easel.take(&subject)?));
        }
        let phase = self.phases.get(frame.0 as usize).or(self.phases.last()).copied().unwrap_or_default();
        let (_, drawing) = self.drawing.as_mut().ok_or_else(|| Error::internal("nothing is drawn"))?;
        Ok(Frame::new(self.size, drawing.frame(phase)))
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

    /// The pictures of all frames that `window` brings.
    #[cfg(test)]
    pub fn pictures(&mut self, model: &Model, window: &Window, latents: &Tensor) -> Result<Vec<Frame>> {
        self.piece(model, window, latents, 0..window.brings())
    }

    /// The pictures that the network has a hand in, of the frames of this range; none where a frame is its source as it was
    /// drawn.
    pub fn settled(
        &mut self,
        model: &Model,
        window: &Window,
        latents: &Tensor,
        part: Range<usize>,
    ) -> Result<Vec<Option<Frame>>> {
        // What lies behind its take's end belongs to the take, whatever comes next.
        let last = window.take_end.before(1);
        let frames = window.brought().skip(part.start).take(part.len()).map(|frame| frame.min(last));
        if is_drawn(self.timeline, window) {
            return Ok(frames.map(|_| None).collect());
        }
        let latents = latents.narrow(0, part.start, part.len());
        let latents = latents.context(|| Error::internal("a window has fewer latents than frames"))?;
        let frames: Vec<GeneratedFrame> = frames.collect();
        let mut decoded = to_frames(&model.decode(&latents)?)?;
        self.give_back(model, &frames, &mut decoded)?;
        let kept = |(frame, picture)| (!is_as_drawn(self.timeline, frame)).then_some(picture);
        Ok(frames.into_iter().zip(decoded).map(kept).collect())
    }

    /// Gives the pictures of these frames the detail that the autoencoder lost of their sources, the less the more they gave up.
    fn give_back(&mut self, model: &Model, frames: &[GeneratedFrame], pictures: &mut [Frame]) -> Result<()> {
        let shares: Vec<f32> = frames.iter().map(|frame| detail(self.timeline, *frame)).collect();
        if shares.iter().all(|share| *share == 0.0) {
            return Ok(());
        }
        let (timeline, settings, easel) = (self.timeline, self.settings, &self.easel);
        let (size, phases) = (settings.generate, &self.phases);
        let small = self.small.get_or_insert_with(|| {
            Box::new(Sources::standing(timeline, settings, (size, phases.clone())).on(easel))
        });
        let mut given: Vec<(usize, Frame)> = Vec::new();
        for (place, frame) in frames.iter().enumerate().filter(|(place, _)| shares[*place] > 0.0) {
            let source = small.frame(*frame)?;
            // The detail of a picture would stand still over what moves.
            given.extend(source.filter(|_| small.moves()).map(|source| (place, source)));
        }
        let (places, sources): (Vec<usize>, Vec<Frame>) = given.into_iter().unzip();
        if sources.is_empty() {
            return Ok(());
        }
        let there_and_back = model.decode(&model.encode(&to_pictures(&sources, model.device())?)?)?;
        for ((place, source), lossy) in places.into_iter().zip(&sources).zip(&to_frames(&there_and_back)?) {
            pictures[place].add_difference(source, lossy, shares[place]);
        }
        Ok(())
    }

    /// Whether what was shown last moves by itself.
    fn moves(&self) -> bool {
        self.playing.as_ref().is_none_or(|(_, playing)| playing.moves())
    }

    /// The pictures of these of the frames that `window` brings, whose settled latents are `latents`.
    pub fn piece(
        &mut self,
        model: &Model,
        window: &Window,
        latents: &Tensor,
        part: Range<usize>,
    ) -> Result<Vec<Frame>> {
        let first = window.new_frames().start + part.start as u64;
        let settled = self.settled(model, window, latents, part)?;
        self.with_drawn(first, settled)
    }

    /// `settled` pictures from frame `first` on, with those between them that are sources as they were drawn.
    pub fn with_drawn(&mut self, first: GeneratedFrame, settled: Vec<Option<Frame>>) -> Result<Vec<Frame>> {
        let mut pictures = Vec::with_capacity(settled.len());
        for (frame, settled) in first.until(first + settled.len() as u64).zip(settled) {
            let drawn = if settled.is_none() { self.frame(frame)? } else { None };
            pictures.extend(settled.or(drawn));
        }
        Ok(pictures)
    }
}

impl Drop for Sources<'_> {
    fn drop(&mut self) {
        self.easel.put(self.drawing.take());
    }
}

/// How much of what the autoencoder loses of its source `frame` gets back.
fn detail(timeline: &Timeline, frame: GeneratedFrame) -> f32 {
    let wanted = timeline.value(ParamId::SourceDetail, frame);
    match timeline.init_at(frame) {
        Some(_) => wanted * (1.0 - timeline.value(ParamId::Denoise, frame)).clamp(0.0, 1.0),
        None => 0.0,
    }
}

/// Whether `frame` is its source as it was drawn.
pub(super) fn is_as_drawn(timeline: &Timeline, frame: GeneratedFrame) -> bool {
    timeline.shows_source(frame)
}

/// Whether all that `window` brings is: nothing is left to a network.
pub(super) fn is_drawn(timeline: &Timeline, window: &Window) -> bool {
    let new = window.new_frames();
    new.start.until(new.end).all(|frame| is_as_drawn(timeline, frame))
}

/// Whether the model has any part in the pictures of a job: not where all frames are what they start from.
pub fn paints(job: &Job) -> bool {
    job.windows().iter().any(|window| !is_drawn(&job.timeline, window))
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

#[cfg(test)]
mod tests;
