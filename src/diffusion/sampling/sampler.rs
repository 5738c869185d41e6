//! Samplers: the clean latents that the network predicts become slightly cleaner latents.
//!
//! Each is one short function over (latents, clean latents, step), in the order of operations that diffusers has, because at
//! σ = 4096 the order decides the fourth digit. A new one is a variant of [`SamplerKind`], its levels in `schedule.rs`, a
//! function here, and a line in [`step`].

use super::prediction::output;
use super::schedule::{Schedule, Stride};
use crate::diffusion::config::{Prediction, SamplerKind};
use candle_core::{Result, Tensor};

/// Consistency models' boundary conditions (Song et al. 2023): their data's spread, and what they multiply timesteps by.
const LCM_SIGMA_DATA: f64 = 0.5;
const LCM_TIMESTEP_SCALING: f64 = 10.0;

/// The latents after `stride`, from the latents `x` before it and the clean ones `x0` that are predicted for them, all
/// \[f, c, h, w]. `fresh` is unit noise of that shape for samplers that add some.
pub fn step(schedule: &Schedule, x: &Tensor, x0: &Tensor, stride: Stride, fresh: &Tensor) -> Result<Tensor> {
    let clipped = match schedule.clip() {
        Some(range) => x0.clamp(-range, range)?,
        None => x0.clone(),
    };
    match schedule.kind() {
        SamplerKind::Euler => euler(x, &clipped, stride),
        SamplerKind::Ddim => ddim(x, x0, &clipped, stride),
        SamplerKind::Lcm => lcm(x, &clipped, stride, fresh),
    }
}

/// Euler's method on dx/dσ = (x − x0)/σ (Karras et al. 2022, equation 1).
fn euler(x: &Tensor, x0: &Tensor, Stride { from, to }: Stride) -> Result<Tensor> {
    let slope = ((x - x0)? / from.noise)?;
    // The difference is taken in f32, as the tables of the reference are.
    let dt = f64::from(to.noise as f32 - from.noise as f32);
    x + (slope * dt)?
}

/// DDIM without added noise (Song et al. 2021, equation 12 with σ = 0). Its noise is that of the clean latents before clipping.
fn ddim(x: &Tensor, x0: &Tensor, clipped: &Tensor, Stride { from, to }: Stride) -> Result<Tensor> {
    let noise = output(Prediction::Epsilon, x, x0, from)?;
    (clipped * to.signal)? + (noise * to.noise)?
}

/// Multistep consistency sampling (Luo et al. 2023, algorithm 3): x ← signal · (c_out x0 + c_skip x) + noise · fresh.
fn lcm(x: &Tensor, x0: &Tensor, Stride { from, to }: Stride, fresh: &Tensor) -> Result<Tensor> {
    let (t, data) = (from.t * LCM_TIMESTEP_SCALING, LCM_SIGMA_DATA * LCM_SIGMA_DATA);
    let (skip, out) = (data / (t * t + data), t / (t * t + data).sqrt());
    let clean = ((x0 * out)? + (x * skip)?)?;
    (clean * to.signal)? + (fresh * to.noise)?
}
