//! Conditioning: everything beside the latents that a denoising network sees.
//!
//! A new input (an image embedding, say) is a field here, and the line in the network that reads it.

use candle_core::{Result as TensorResult, Tensor, bail};
use std::borrow::Cow;

/// What a network predicts for. Inputs that a network doesn't have are refused by it, never passed over.
#[derive(Clone, Debug)]
pub struct Conditioning {
    /// Embedded prompts, \[1 or f, L, d].
    pub text: Tensor,
    /// Pooled embeddings of the prompts, \[1 or f, d]; none for networks without them, as those of SD 1.5.
    pub pooled: Option<Tensor>,
    /// Sizes and crops that SDXL is told, \[1 or f, 6]; none elsewhere.
    pub time_ids: Option<Tensor>,
    /// How every one of the f frames moves.
    pub motion: Vec<Movement>,
    /// What is added to the skips of the UNet, beside what `controls` make.
    pub residuals: Option<Residuals>,
    /// What ControlNets see.
    pub controls: Vec<Control>,
    /// How strongly each moving adapter acts in every one of the f frames, in the model's order; empty: none does.
    pub strengths: Vec<Vec<f32>>,
}

impl Conditioning {
    /// A prompt's embedding \[1 or f, L, d] and how the frames move.
    pub fn new(text: Tensor, motion: Vec<Movement>) -> Self {
        let (strengths, controls) = Default::default();
        Conditioning { text, pooled: None, time_ids: None, motion, residuals: None, controls, strengths }
    }

    /// The same for another prompt.
    pub fn with_text(&self, text: &Tensor) -> Self {
        Conditioning { text: text.clone(), ..self.clone() }
    }

    /// The same with those controls alone that act in step `step` of `steps`.
    pub fn in_step(&self, step: usize, steps: usize) -> Cow<'_, Self> {
        let acts = |control: &Control| control.acts_in(step, steps);
        match self.controls.iter().all(acts) {
            true => Cow::Borrowed(self),
            false => {
                let controls = self.controls.iter().filter(|control| acts(control)).cloned().collect();
                Cow::Owned(Conditioning { controls, ..self.clone() })
            }
        }
    }
}

/// How a frame moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Movement {
    /// Multiplies the logits of the frame's own queries; 0 or more.
    pub scale: f32,
    /// How much of what the modules add to the frame counts: 1 all, 0 nothing, the frame is by itself.
    pub effect: f32,
}

impl Movement {
    /// The module as it is.
    pub const PLAIN: Movement = Movement { scale: 1.0, effect: 1.0 };
}

/// What one of a model's ControlNets sees.
#[derive(Clone, Debug)]
pub struct Control {
    /// Which of them, in the model's order.
    pub net: usize,
    /// What it makes of the control pictures, \[f, c, h, w].
    pub features: Tensor,
    /// How much of what it adds counts in every one of the f frames.
    pub strengths: Vec<f32>,
    /// From which to which share of the steps it acts, 0 to 1.
    pub span: (f64, f64),
}

impl Control {
    /// Whether all of step `step` of `steps` lies in its span, and any frame hears of it.
    pub fn acts_in(&self, step: usize, steps: usize) -> bool {
        // A span may be written with few digits: 0.33 of three steps is the first one.
        const ROUNDED: f64 = 1e-6;
        let share = |step: usize| step as f64 / steps as f64;
        let (start, end) = self.span;
        let inside = share(step) >= start - ROUNDED && share(step + 1) <= end + ROUNDED;
        inside && self.strengths.iter().any(|strength| *strength != 0.0)
    }
}

/// What a ControlNet adds: as many tensors as the UNet's encoder leaves skips, and one for the middle, of their shapes.
#[derive(Clone, Debug)]
pub struct Residuals {
    /// Added to the skips, finest first, \[f, c, h, w].
    pub down: Vec<Tensor>,
    /// Added to the output of the middle block.
    pub middle: Tensor,
}

impl Residuals {
    /// These and those together.
    ///
    /// # Errors
    /// They are of networks of different shapes.
    pub fn plus(self, others: Option<&Residuals>) -> TensorResult<Self> {
        let Some(others) = others else { return Ok(self) };
        if self.down.len() != others.down.len() {
            bail!("{} residuals and {}", self.down.len(), others.down.len());
        }
        let down = self.down.iter().zip(&others.down).map(|(a, b)| a + b).collect::<TensorResult<_>>()?;
        Ok(Residuals { down, middle: (self.middle + &others.middle)? })
    }
}
