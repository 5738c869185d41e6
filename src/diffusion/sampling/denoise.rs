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
use super::sampler;
use super::schedule::Schedule;
use super::window::{Guidance, WindowInputs};
use crate::diffusion::conditioning::Conditioning;
use crate::error::{Context, Error, Result};
use candle_core::{Result as TensorResult, Tensor};

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
        let with = window.conditioning.in_step(index, strides.len());
        let x0 = pred_x0(net, &seen, stride.from, (window, &with))?;
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

/// `x` \[f, c, h, w] with its first frames replaced by `first` \[p, c, h, w].
fn with_first(x: &Tensor, first: &Tensor) -> TensorResult<Tensor> {
    let p = first.dims()[0];
    Tensor::cat(&[first, &x.narrow(0, p, x.dims()[0] - p)?], 0)
}

/// The clean latents that the network predicts, led away from what is to be avoided.
fn pred_x0(
    net: &dyn Denoiser,
    x: &Tensor,
    level: NoiseLevel,
    (window, with): (&WindowInputs, &Conditioning),
) -> Result<Tensor> {
    let wanted = net.pred_x0(x, level, with)?;
    let Some(Guidance { negative, scale }) = window.guidance else { return Ok(wanted) };
    let avoided = net.pred_x0(x, level, &with.with_text(negative))?;
    let away = ((&wanted - &avoided).context(failed)? * scale).context(failed)?;
    (avoided + away).context(failed)
}

fn failed() -> Error {
    Error::device("the denoising step failed")
        .hint("a smaller --size needs less memory; `beatbolt doctor` shows the devices")
}

#[cfg(test)]
mod tests;
