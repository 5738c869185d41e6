//! Samplers: the rules by which clean latents that the network predicts become slightly cleaner latents.
//!
//! Each is a file in `samplers/`: the levels that it works on, and one short function for a step, in the order of operations
//! that diffusers has, because at σ = 4096 the order decides the fourth digit. A new one is a file there and a line in its table.

use super::level::{AlphasCumprod, NoiseLevel, Stride};
use candle_core::{Result, Tensor};
use std::fmt::Debug;

/// A rule that steps from one noise level to the next.
pub trait Sampler: Debug + Sync {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// diffusers' class for it.
    fn class(&self) -> &'static str;

    /// The noise level of timestep `t`.
    fn level(&self, alphas: &AlphasCumprod, t: f64) -> NoiseLevel;

    /// The noise level behind the last step; `kept` is the ᾱ that the model's settings want to end on.
    fn last(&self, _kept: f64) -> NoiseLevel {
        NoiseLevel::CLEAN
    }

    /// Its own grid of `steps` timesteps, noisiest first, where it heeds no spacing.
    fn times(&self, _train: usize, _steps: usize) -> Option<Vec<f64>> {
        None
    }

    /// Whether evenly spaced timesteps are rounded to whole ones.
    fn whole_times(&self) -> bool {
        false
    }

    /// The most steps that it can make on `train` training steps.
    fn most_steps(&self, train: usize) -> usize {
        train
    }

    /// The timestep that a step from `t` lands on, where that isn't the grid's next; below 0: behind the last.
    fn aim(&self, _t: f64, _train: usize, _steps: usize) -> Option<f64> {
        None
    }

    /// What unit noise is multiplied by to start at the `first` level of a run; `leading` spacing begins below the last timestep.
    fn init_noise_sigma(&self, first: NoiseLevel, leading: bool) -> f64;

    /// Whether it can begin at a level without any signal and a network that predicts noise.
    fn starts_blind(&self) -> bool {
        false
    }

    /// Whether it adds fresh noise after a step.
    fn adds_noise(&self) -> bool {
        false
    }

    /// The latents after a step, \[f, c, h, w].
    fn step(&self, step: Step<'_>) -> Result<Tensor>;
}

/// What a step is made of; all tensors are \[f, c, h, w].
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The latents before it.
    pub x: &'a Tensor,
    /// The clean latents that were predicted.
    pub x0: &'a Tensor,
    /// The same, held to the range that the model wants.
    pub clipped: &'a Tensor,
    /// From which level to which.
    pub stride: Stride,
    /// Unit noise, for samplers that add some.
    pub fresh: &'a Tensor,
}

impl PartialEq for dyn Sampler {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}
