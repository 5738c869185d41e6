//! One denoising step: the network's prediction becomes slightly cleaner latents.
//!
//! Each sampler is one short function over (latents, prediction, stride), in the order of operations that
//! diffusers has, because at σ = 4096 the order decides the fourth digit.

use super::schedule::{NoiseLevel, Schedule, Stride};
use crate::diffusion::config::{Prediction, SamplerKind};
use candle_core::{Result, Tensor};

/// The latents after `stride`, from the latents `x` before it and the network's `output` for them; all
/// \[f, c, h, w].
pub fn step(schedule: &Schedule, x: &Tensor, output: &Tensor, stride: Stride) -> Result<Tensor> {
    let predicts = schedule.prediction();
    let x0 = pred_x0(predicts, x, output, stride.from)?;
    let x0 = match schedule.clip() {
        Some(range) => x0.clamp(-range, range)?,
        None => x0,
    };
    match schedule.kind() {
        SamplerKind::Euler => euler(x, &x0, stride),
        SamplerKind::Ddim => ddim(predicts, x, output, &x0, stride),
    }
}

/// Euler's method on dx/dσ = (x − x0)/σ (Karras et al. 2022, equation 1).
fn euler(x: &Tensor, x0: &Tensor, Stride { from, to }: Stride) -> Result<Tensor> {
    let slope = ((x - x0)? / from.noise)?;
    // The difference is taken in f32, as the tables of the reference are.
    let dt = f64::from(to.noise as f32 - from.noise as f32);
    x + (slope * dt)?
}

/// DDIM without added noise (Song et al. 2021, equation 12 with σ = 0).
fn ddim(predicts: Prediction, x: &Tensor, output: &Tensor, x0: &Tensor, stride: Stride) -> Result<Tensor> {
    let Stride { from, to } = stride;
    let noise = match predicts {
        Prediction::Epsilon => output.clone(),
        Prediction::Velocity => ((output * from.signal)? + (x * from.noise)?)?,
    };
    (x0 * to.signal)? + (noise * to.noise)?
}

/// The x0 latents that a prediction at `level` stands for.
///
/// ε: x0 = (x − noise · ε) / signal. v (Salimans & Ho 2022): with a = signal/spread, s = noise/spread,
/// x0 = a · x/spread − s · v.
pub fn pred_x0(predicts: Prediction, x: &Tensor, output: &Tensor, level: NoiseLevel) -> Result<Tensor> {
    match predicts {
        Prediction::Epsilon => (x - (output * level.noise)?)? / level.signal,
        Prediction::Velocity => {
            let spread = level.spread();
            (output * (-level.noise / spread))? + (x * (level.signal / (spread * spread)))?
        }
    }
}
