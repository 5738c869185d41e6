//! DDIM with eta 0 (diffusers' `DDIMScheduler`).

use crate::diffusion::sampling::level::{AlphasCumprod, NoiseLevel, Stride};
use crate::diffusion::sampling::sampler::{Sampler, Step};
use candle_core::{Result, Tensor};

/// DDIM without added noise, on the variance-preserving path (Song et al. 2021).
#[derive(Debug)]
pub struct Ddim;

impl Sampler for Ddim {
    fn name(&self) -> &'static str {
        "ddim"
    }

    fn class(&self) -> &'static str {
        "DDIMScheduler"
    }

    fn level(&self, alphas: &AlphasCumprod, t: f64) -> NoiseLevel {
        alphas.preserving(t)
    }

    fn last(&self, kept: f64) -> NoiseLevel {
        AlphasCumprod::of_power(0.0, kept)
    }

    fn whole_times(&self) -> bool {
        true
    }

    /// diffusers lets it step to t − T/N, which differs from the next grid point where T/N isn't whole.
    fn aim(&self, t: f64, train: usize, steps: usize) -> Option<f64> {
        Some(t - (train / steps) as f64)
    }

    fn init_noise_sigma(&self, _first: NoiseLevel, _leading: bool) -> f64 {
        1.0
    }

    /// Equation 12 with σ = 0. Its noise is that of the clean latents before clipping.
    fn step(&self, Step { x, x0, clipped, stride: Stride { from, to }, .. }: Step<'_>) -> Result<Tensor> {
        let noise = ((x - (x0 * from.signal)?)? / from.noise)?;
        (clipped * to.signal)? + (noise * to.noise)?
    }
}
