//! Euler's method on the probability-flow equation (diffusers' `EulerDiscreteScheduler`).

use crate::diffusion::sampling::level::{AlphasCumprod, NoiseLevel, Stride};
use crate::diffusion::sampling::sampler::{Sampler, Step};
use candle_core::{Result, Tensor};

/// Euler's method, on the variance-exploding path: signal 1, noise σ (Karras et al. 2022).
#[derive(Debug)]
pub struct Euler;

impl Sampler for Euler {
    fn name(&self) -> &'static str {
        "euler"
    }

    fn class(&self) -> &'static str {
        "EulerDiscreteScheduler"
    }

    fn level(&self, alphas: &AlphasCumprod, t: f64) -> NoiseLevel {
        NoiseLevel { t, signal: 1.0, noise: f64::from(alphas.sigma(t) as f32) }
    }

    fn init_noise_sigma(&self, first: NoiseLevel, leading: bool) -> f64 {
        if leading { first.spread() } else { first.noise }
    }

    fn starts_blind(&self) -> bool {
        true
    }

    /// dx/dσ = (x − x0)/σ (Karras et al. 2022, equation 1).
    fn step(&self, Step { x, clipped, stride: Stride { from, to }, .. }: Step<'_>) -> Result<Tensor> {
        let slope = ((x - clipped)? / from.noise)?;
        // The difference is taken in f32, as the tables of the reference are.
        let dt = f64::from(to.noise as f32 - from.noise as f32);
        x + (slope * dt)?
    }
}
