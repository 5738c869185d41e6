//! Score vocabulary → diffusion inputs: the one place where the two meet.

pub mod prompt;

use self::prompt::{Embedder, Side};
use super::plan::Window;
use crate::diffusion::Model;
use crate::diffusion::conditioning::{Conditioning, Movement};
use crate::diffusion::model::ModelHints;
use crate::error::{Context, Error, Result};
use crate::noise::{Stream, gaussian};
use crate::score::{ParamId, PromptSpan, Timeline};
use crate::units::{FrameIndex, GeneratedFrame};
use candle_core::{Device, Tensor};
use std::collections::BTreeSet;

/// Weights p/√(1+p²) ≤ 0.71 a frame: after these many frames nothing of the first is left.
const NOISE_MEMORY: FrameIndex = 48;

/// What the score says about a window, as the denoiser takes it.
#[derive(Debug)]
pub struct Conditions {
    /// What is asked for, and how every frame moves.
    pub conditioning: Conditioning,
    /// What is avoided, and how far to lead away from it, where guidance is not 1.
    pub guidance: Option<(Tensor, f64)>,
    /// Denoise strength of every frame.
    pub denoise: Vec<f32>,
}

/// Turns a timeline into the inputs of each window.
pub struct Conditioner<'a> {
    model: &'a Model,
    timeline: &'a Timeline,
    hints: &'a ModelHints,
    embedder: Embedder<'a>,
}

impl<'a> Conditioner<'a> {
    /// Conditions for the windows of `timeline`.
    pub fn new(model: &'a Model, timeline: &'a Timeline) -> Self {
        Conditioner { model, timeline, hints: model.info().hints(), embedder: Embedder::new(model) }
    }

    /// Encodes all prompts of `windows` now, if they can be kept: then nobody asks the text encoder any more.
    ///
    /// # Errors
    /// As [`Self::window`].
    pub fn prepare(&mut self, windows: &[Window]) -> Result<bool> {
        let mut texts = BTreeSet::from([""]);
        for window in windows {
            let guided = self.timeline.value(ParamId::Guidance, window.new_frames().start) != 1.0;
            for span in window.frames().map(|frame| self.timeline.prompt_at(frame)) {
                let travel = span.travel.as_ref();
                texts.extend([&*span.prompt].into_iter().chain(travel.map(|t| &*t.prompt)));
                if guided {
                    texts.extend([&*span.negative].into_iter().chain(travel.map(|t| &*t.negative)));
                }
            }
        }
        let kept = self.embedder.keeps(texts.len());
        if kept {
            texts.into_iter().try_for_each(|text| self.embedder.embed(text).map(drop))?;
        }
        Ok(kept)
    }

    /// The conditions of one window.
    pub fn window(&mut self, window: &Window) -> Result<Conditions> {
        let frames: Vec<GeneratedFrame> = window.frames().collect();
        let curve = |id| frames.iter().map(|&f| self.timeline.value(id, f)).collect::<Vec<f32>>();
        let effects = curve(ParamId::MotionEffect);
        // Curves speak of speed, a network of the change from frame to frame.
        let generated = self.timeline.fps.divided(window.every);
        let scales = self.scales(window).map(|scale| self.hints.scale_at(scale, generated));
        let motion = scales.zip(effects).map(|(scale, effect)| Movement { scale, effect }).collect();
        let guided = f64::from(self.timeline.value(ParamId::Guidance, window.new_frames().start));
        let mut text = self.text(&frames, Side::Wanted)?;
        let guidance = match guided {
            s if (s - 1.0).abs() < 1e-6 => None,
            s => {
                let both = vec![text, self.text(&frames, Side::Avoided)?];
                let both = self.embedder.alike(both)?;
                text = both[0].clone();
                Some((both[1].clone(), s))
            }
        };
        let strengths = self.strengths(&frames);
        let conditioning = Conditioning { strengths, ..Conditioning::new(text, motion) };
        Ok(Conditions { conditioning, guidance, denoise: curve(ParamId::Denoise) })
    }

    /// The motion scale of every frame of `window`: where frames of the video lie between those that are generated, that of the mean
    /// speed on the way from the one before, so that no hit falls between them.
    fn scales(&self, window: &Window) -> impl Iterator<Item = f32> {
        let (first, last, every) = (window.take_start, window.take_end.before(1), window.every);
        let value = move |frame: GeneratedFrame| self.timeline.value(ParamId::MotionScale, frame.min(last));
        let scale = move |frame: GeneratedFrame| {
            if every == 1 || frame == first {
                return value(frame);
            }
            let way = (frame.before(every - 1)).until(frame + 1);
            let speed = way.map(|frame| self.hints.speed(value(frame))).sum::<f32>() / every as f32;
            // What stands still stands as still as it was told to.
            if speed > 0.0 { self.hints.scale_of(speed) } else { value(frame) }
        };
        (0..window.length as FrameIndex).map(move |i| scale(window.start + i * every))
    }

    /// The strengths of what moves of the model, in its order.
    fn strengths(&self, frames: &[GeneratedFrame]) -> Vec<Vec<f32>> {
        let curve = |name: &String| {
            let param = self.timeline.curves.iter().find(|(param, _)| param.name == *name);
            frames.iter().map(|&f| param.as_ref().map_or(0.0, |(p, _)| self.timeline.value(p, f))).collect()
        };
        self.model.moving().iter().map(curve).collect()
    }

    /// Embeddings of every frame's text, or one for all where they share it.
    fn text(&mut self, frames: &[GeneratedFrame], side: Side) -> Result<Tensor> {
        let timeline = self.timeline;
        let spans: Vec<&PromptSpan> = frames.iter().map(|&f| timeline.prompt_at(f)).collect();
        let same = spans.iter().all(|s| std::ptr::eq(*s, spans[0]));
        if same && spans[0].arrival() <= frames[0] {
            return self.embedder.at(spans[0], frames[0], side);
        }
        let rows = spans.into_iter().zip(frames).map(|(span, &frame)| self.embedder.at(span, frame, side));
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let rows = self.embedder.alike(rows)?;
        Tensor::cat(&rows, 0).context(|| Error::device("prompts can't be stacked"))
    }
}

/// Where a frame's noise comes from.
#[derive(Clone, Copy, Debug)]
pub struct NoiseSource {
    /// What all noise depends on.
    pub seed: u64,
    /// Latent channels, rows, columns.
    pub shape: (usize, usize, usize),
}

impl NoiseSource {
    /// The unit noise of a window, \[f, c, h, w].
    ///
    /// Neighbours are tied by the parameter `noise_correlation` p: z_i ← (p · z_{i−1} + z_i)/√(1+p²), which
    /// keeps unit variance. The chain starts at the take's first frame (or so far back that it doesn't matter).
    pub fn window(&self, window: &Window, timeline: &Timeline, device: &Device) -> Result<Tensor> {
        self.tied((window, timeline), device, |frame, out| gaussian(self.seed, Stream::Latents, frame, out))
    }

    /// The unit noise, as [`Self::window`], that a sampler adds after each of `steps` but the last.
    pub fn of_steps(
        &self,
        steps: usize,
        window: &Window,
        timeline: &Timeline,
        device: &Device,
    ) -> Result<Vec<Tensor>> {
        // Frames take the lower bits of the index: no video has 2^40 of them.
        let fresh = |step: usize| {
            move |frame, out: &mut [f32]| {
                gaussian(self.seed, Stream::Sampler, (step as u64) << 40 | frame, out)
            }
        };
        (1..steps).map(|step| self.tied((window, timeline), device, fresh(step))).collect()
    }

    fn tied(
        &self,
        (window, timeline): (&Window, &Timeline),
        device: &Device,
        draw: impl Fn(FrameIndex, &mut [f32]),
    ) -> Result<Tensor> {
        let (c, h, w) = self.shape;
        let one = c * h * w;
        let first = window.take_start.max(window.start.before(NOISE_MEMORY * window.every));
        let (mut values, mut chained, mut fresh) =
            (Vec::with_capacity(window.length * one), vec![], vec![0.0; one]);
        for frame in first.until(window.end()).step_by(window.every as usize) {
            draw(frame.0, &mut fresh);
            let p = timeline.value(ParamId::NoiseCorrelation, frame.min(window.take_end.before(1)));
            if chained.is_empty() {
                chained.clone_from(&fresh);
            } else {
                let norm = (1.0 + p * p).sqrt();
                chained.iter_mut().zip(&fresh).for_each(|(z, n)| *z = (p * *z + n) / norm);
            }
            if frame >= window.start {
                values.extend_from_slice(&chained);
            }
        }
        Tensor::from_vec(values, (window.length, c, h, w), &Device::Cpu)
            .and_then(|t| t.to_device(device))
            .context(|| {
                Error::device("the noise doesn't fit on the device")
                    .hint("a smaller --size needs less memory")
            })
    }
}
