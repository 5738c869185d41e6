//! Conditioning: everything beside the latents that a denoising network sees.
//!
//! A new input (an image embedding, say) is a field here, and the line in the network that reads it.

use candle_core::Tensor;

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
    /// What a ControlNet adds to the skips of the UNet.
    pub residuals: Option<Residuals>,
    /// How strongly each moving adapter acts in every one of the f frames, in the model's order; empty: none does.
    pub strengths: Vec<Vec<f32>>,
}

impl Conditioning {
    /// A prompt's embedding \[1 or f, L, d] and how the frames move.
    pub fn new(text: Tensor, motion: Vec<Movement>) -> Self {
        Conditioning { text, pooled: None, time_ids: None, motion, residuals: None, strengths: Vec::new() }
    }

    /// The same for another prompt.
    pub fn with_text(&self, text: &Tensor) -> Self {
        Conditioning { text: text.clone(), ..self.clone() }
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

/// What a ControlNet adds: as many tensors as the UNet's encoder leaves skips, and one for the middle, of their shapes.
#[derive(Clone, Debug)]
pub struct Residuals {
    /// Added to the skips, finest first, \[f, c, h, w].
    pub down: Vec<Tensor>,
    /// Added to the output of the middle block.
    pub middle: Tensor,
}
