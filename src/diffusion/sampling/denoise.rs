//! The window loop: noise in, settled latents out, growing out of the window before.
//!
//! **Hand-off.** The first frames of a window are the last ones of the window before, and the new frames are denoised
//! beside them (`handoff.rs`).
//!
//! **Strength per frame.** A frame whose denoise is below the window's is held on the latents that it starts from, until the
//! window's noise has fallen to the frame's own level (`holds.rs`).
//!
//! **Pace.** How far each frame moves from the one before is taken to what its motion scale asks for (`retime.rs`).
//!
//! **Invariant:** nothing here draws random numbers: the noise is an argument.

use super::handoff;
use super::holds::Holds;
use super::level::NoiseLevel;
use super::prediction::Denoiser;
use super::retime::Pace;
use super::sampler;
use super::schedule::Schedule;
use crate::diffusion::conditioning::Conditioning;
use crate::error::{Context, Error, Result};
use candle_core::{Result as TensorResult, Tensor};

/// Everything that decides how a window comes out.
#[derive(Clone, Copy, Debug)]
pub struct WindowInputs<'a> {
    /// Unit noise of every frame, \[f, c, h, w].
    pub noise: &'a Tensor,
    /// Fresh unit noise of every step but the last, each as `noise`, for samplers that add some after a step; empty for others.
    pub step_noise: &'a [Tensor],
    /// Settled latents of the first frames, \[p, c, h, w], p < f; none at the start of a take.
    pub pinned: Option<&'a Tensor>,
    /// The noise (σ) under which the network sees the pinned frames but the last, if it was trained to see them
    /// so; none: the window's own.
    pub pin_noise: Option<f64>,
    /// The latents that each frame after the pinned ones starts from where its denoise is below 1,
    /// \[f − p, c, h, w] or \[1, c, h, w]; without them every frame starts from pure noise.
    pub init_latents: Option<&'a Tensor>,
    /// Denoise strength of every frame in (0, 1]; those of pinned frames don't matter.
    pub denoise: &'a [f32],
    /// How far every frame is to move, whatever the network makes of its motion; none: as it moves them.
    pub pace: Option<Pace<'a>>,
    /// What is asked for, and how every frame moves.
    pub conditioning: &'a Conditioning,
    /// What is avoided, and by how much: x0 = negative + scale · (wanted − negative).
    pub guidance: Option<Guidance<'a>>,
}

/// Classifier-free guidance (Ho & Salimans 2022).
#[derive(Clone, Copy, Debug)]
pub struct Guidance<'a> {
    /// The embedding to lead away from, \[1 or f, L, d].
    pub negative: &'a Tensor,
    /// How far; 1 is no guidance.
    pub scale: f64,
}

/// What has happened in one step.
#[derive(Debug)]
pub struct Step<'a> {
    /// Index of the step, from 0.
    pub index: usize,
    /// The noise level that the network saw.
    pub level: NoiseLevel,
    /// The latents before the step, \[f, c, h, w].
    pub before: &'a Tensor,
    /// The clean latents that were predicted, after guidance and hand-off.
    pub x0: &'a Tensor,
    /// The latents after the step.
    pub latents: &'a Tensor,
}

/// Denoises a window and returns its latents \[f, c, h, w]; `observe` sees every step and may end the run
/// by an error.
pub fn denoise(
    net: &dyn Denoiser,
    schedule: &Schedule,
    window: &WindowInputs,
    mut observe: impl FnMut(Step) -> Result<()>,
) -> Result<Tensor> {
    window.check(schedule)?;
    let strides = schedule.strides(window.strength());
    let holds = Holds::new(window, strides.len()).context(failed)?;
    let shown = match (window.pinned, window.pin_noise) {
        (Some(pinned), Some(sigma)) => handoff::nearly_clean(pinned, window.noise, sigma).context(failed)?,
        _ => None,
    };
    let mut noise = window.noise;
    let mut x = holds.initial(schedule, window, strides[0].from).context(failed)?;
    for (index, stride) in strides.iter().enumerate() {
        x = holds.apply(&x, noise, index, stride.from).context(failed)?;
        let seen = match &shown {
            Some(shown) => {
                with_first(&x, &(shown * stride.from.spread()).context(failed)?).context(failed)?
            }
            None => x.clone(),
        };
        let x0 = pred_x0(net, &seen, stride.from, window)?;
        let x0 = match window.pinned {
            Some(pinned) => handoff::correct(&x0, pinned).context(failed)?,
            None => x0,
        };
        let change = match &window.pace {
            // The first step's clean latents are hardly a picture yet. Where single frames are held, their strength is
            // what moves them.
            Some(pace) if index > 0 && !holds.single() => {
                Some(pace.change(&x0, window.pinned).context(failed)?)
            }
            _ => None,
        };
        noise = window.step_noise.get(index).unwrap_or(noise);
        let clipped = schedule.clip(&x0).context(failed)?;
        let step = sampler::Step { x: &x, x0: &x0, clipped: &clipped, stride: *stride, fresh: noise };
        let mut next = schedule.sampler().step(step).context(failed)?;
        if let Some(change) = change {
            next = (next + (change * stride.to.signal).context(failed)?).context(failed)?;
        }
        observe(Step { index, level: stride.from, before: &x, x0: &x0, latents: &next })?;
        x = next;
    }
    holds.settle(&x).context(failed)
}

impl WindowInputs<'_> {
    pub(super) fn frames(&self) -> usize {
        self.noise.dims()[0]
    }

    pub(super) fn pinned_frames(&self) -> usize {
        self.pinned.map_or(0, |p| p.dims()[0])
    }

    /// The strength at which the window as a whole runs: the greatest of its new frames.
    pub(super) fn strength(&self) -> f64 {
        if self.init_latents.is_none() {
            return 1.0;
        }
        self.denoise[self.pinned_frames()..].iter().fold(0.0f32, |a, &b| a.max(b)).into()
    }

    fn check(&self, schedule: &Schedule) -> Result<()> {
        let (f, p) = (self.frames(), self.pinned_frames());
        let motion = self.conditioning.motion.len();
        if p >= f
            || self.denoise.len() != f
            || motion != f
            || self.pace.is_some_and(|pace| pace.speeds.len() != f)
        {
            return Err(Error::internal(format!(
                "a window of {f} frames has {p} pinned, {} denoise and {motion} motion values",
                self.denoise.len(),
            )));
        }
        let fresh = self.step_noise.len();
        if schedule.sampler().adds_noise() && fresh + 1 < schedule.steps() {
            return Err(Error::internal(format!("{fresh} steps' noise for {} steps", schedule.steps())));
        }
        Ok(())
    }
}

/// `x` \[f, c, h, w] with its first frames replaced by `first` \[p, c, h, w].
fn with_first(x: &Tensor, first: &Tensor) -> TensorResult<Tensor> {
    let p = first.dims()[0];
    Tensor::cat(&[first, &x.narrow(0, p, x.dims()[0] - p)?], 0)
}

/// The clean latents that the network predicts, led away from what is to be avoided.
fn pred_x0(net: &dyn Denoiser, x: &Tensor, level: NoiseLevel, window: &WindowInputs) -> Result<Tensor> {
    let wanted = net.pred_x0(x, level, window.conditioning)?;
    let Some(Guidance { negative, scale }) = window.guidance else { return Ok(wanted) };
    let avoided = net.pred_x0(x, level, &window.conditioning.with_text(negative))?;
    let away = ((&wanted - &avoided).context(failed)? * scale).context(failed)?;
    (avoided + away).context(failed)
}

fn failed() -> Error {
    Error::device("the denoising step failed")
        .hint("a smaller --size needs less memory; `beatbolt doctor` shows the devices")
}

#[cfg(test)]
mod tests;
