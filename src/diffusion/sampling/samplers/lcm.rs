//! Multistep sampling of latent consistency models (diffusers' `LCMScheduler`).

use crate::diffusion::sampling::level::{AlphasCumprod, NoiseLevel, Stride};
use crate::diffusion::sampling::sampler::{Sampler, Step};
use candle_core::{Result, Tensor};

/// Consistency sampling with fresh noise after every step but the last (Luo et al. 2023, algorithm 3).
#[derive(Debug)]
pub struct Lcm;

/// Training steps that its grid is made of: every 20th of 1000.
const GRID: usize = 50;
/// Consistency models' boundary conditions (Song et al. 2023): their data's spread, and what they multiply timesteps by.
const SIGMA_DATA: f64 = 0.5;
const TIMESTEP_SCALING: f64 = 10.0;

impl Sampler for Lcm {
    fn name(&self) -> &'static str {
        "lcm"
    }

    fn class(&self) -> &'static str {
        "LCMScheduler"
    }

    fn level(&self, alphas: &AlphasCumprod, t: f64) -> NoiseLevel {
        alphas.preserving(t)
    }

    fn times(&self, train: usize, steps: usize) -> Option<Vec<f64>> {
        let index = |k: usize| (k as f64 * (GRID as f64 / steps as f64)) as usize;
        Some((0..steps).map(|k| ((GRID - index(k)) * (train / GRID) - 1) as f64).collect())
    }

    fn most_steps(&self, train: usize) -> usize {
        if train < GRID { 0 } else { GRID }
    }

    fn init_noise_sigma(&self, _first: NoiseLevel, _leading: bool) -> f64 {
        1.0
    }

    fn adds_noise(&self) -> bool {
        true
    }

    /// x ← signal · (c_out x0 + c_skip x) + noise · fresh.
    fn step(&self, Step { x, clipped, stride: Stride { from, to }, fresh, .. }: Step<'_>) -> Result<Tensor> {
        let (t, data) = (from.t * TIMESTEP_SCALING, SIGMA_DATA * SIGMA_DATA);
        let (skip, out) = (data / (t * t + data), t / (t * t + data).sqrt());
        let clean = ((clipped * out)? + (x * skip)?)?;
        (clean * to.signal)? + (fresh * to.noise)?
    }
}
