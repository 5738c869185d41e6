//! Window inputs: everything that decides how a window is denoised.

use super::retime::Pace;
use super::schedule::Schedule;
use crate::diffusion::conditioning::Conditioning;
use crate::error::{Error, Result};
use candle_core::Tensor;

/// The least strength that a window runs at: below, no noise is left to be taken away.
const LEAST: f32 = 0.05;

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
    /// Denoise strength of every frame in 0..=1; those of pinned frames don't matter. At 0 a frame stays what it starts from.
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
        self.denoise[self.pinned_frames()..].iter().fold(LEAST, |a, &b| a.max(b)).into()
    }

    pub(super) fn check(&self, schedule: &Schedule) -> Result<()> {
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
