//! Holds: frames that are kept on a known picture, and until which step.
//!
//! Settled frames are held for good. A frame whose denoise is below the window's is held on the latents that it starts from until
//! the window's noise has fallen to the frame's own level; from then on it is free.

use super::handoff::noised;
use super::level::NoiseLevel;
use super::schedule::Schedule;
use super::window::WindowInputs;
use candle_core::{Result, Tensor};

/// Which frames are held on a known picture, and until which step.
pub(super) struct Holds {
    /// The picture of each held frame, \[f, c, h, w]; rows of free frames don't matter.
    pictures: Option<Tensor>,
    /// The step that a held frame sets out from; none for a frame that is free from the start.
    release: Vec<Option<usize>>,
    steps: usize,
}

impl Holds {
    pub fn new(window: &WindowInputs, steps: usize) -> Result<Self> {
        let strength = window.strength();
        let release = (0..window.frames())
            .map(|i| match f64::from(window.denoise[i]) {
                _ if i < window.pinned_frames() => Some(usize::MAX),
                own if window.init_latents.is_none() || own >= strength => None,
                // The window has 1 − k/N of its strength left at step k.
                own => Some(((1.0 - own / strength) * steps as f64).ceil() as usize),
            })
            .collect();
        Ok(Holds { pictures: pictures(window)?, release, steps })
    }

    /// Whether any frame is held that is not pinned.
    pub fn single(&self) -> bool {
        self.release.iter().any(|r| r.is_some_and(|r| r != usize::MAX))
    }

    /// The latents at the first level: pictures with noise on them, or noise alone.
    pub fn initial(&self, schedule: &Schedule, window: &WindowInputs, first: NoiseLevel) -> Result<Tensor> {
        match &self.pictures {
            Some(pictures) if window.strength() < 1.0 => noised(pictures, window.noise, first),
            _ => window.noise * schedule.init_noise_sigma(first),
        }
    }

    /// Puts the held frames where they belong at this level.
    pub fn apply(&self, x: &Tensor, noise: &Tensor, step: usize, level: NoiseLevel) -> Result<Tensor> {
        self.replace(x, step, |pictures| noised(pictures, noise, level))
    }

    /// Frames that were never released end as exactly the picture they hold.
    pub fn settle(&self, x: &Tensor) -> Result<Tensor> {
        self.replace(x, self.steps, |pictures| Ok(pictures.clone()))
    }

    fn replace(&self, x: &Tensor, step: usize, held: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
        let Some(pictures) = &self.pictures else { return Ok(x.clone()) };
        let mask: Vec<u8> = self.release.iter().map(|r| u8::from(r.is_some_and(|r| step <= r))).collect();
        if mask.iter().all(|&m| m == 0) {
            return Ok(x.clone());
        }
        let mask = Tensor::from_vec(mask, (x.dims()[0], 1, 1, 1), x.device())?.broadcast_as(x.shape())?;
        mask.where_cond(&held(pictures)?, x)
    }
}

/// The picture each frame would be held on: pinned ones first, then initial latents; none where nothing came before.
fn pictures(window: &WindowInputs) -> Result<Option<Tensor>> {
    let mut shape = window.noise.dims().to_vec();
    shape[0] -= window.pinned_frames();
    let rest = match (window.init_latents, window.pinned) {
        (None, None) => return Ok(None),
        (Some(init), _) => init.broadcast_as(shape)?.contiguous()?,
        (None, Some(_)) => Tensor::zeros(shape, window.noise.dtype(), window.noise.device())?,
    };
    Ok(Some(match window.pinned {
        Some(pinned) => Tensor::cat(&[pinned, &rest], 0)?,
        None => rest,
    }))
}
