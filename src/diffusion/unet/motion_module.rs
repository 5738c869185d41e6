//! The motion module: a transformer over the frames of each pixel, which makes single pictures into a moving one.
//!
//! Frames know their order by a positional code that is added before both attentions. The motion scale multiplies
//! the logits of a frame's own queries: above 1 a frame follows fewer others and moves more, at 0 all frames average
//! the window. One value for all frames is the same as scaling the keys by it.

use super::super::conditioning::Movement;
use super::transformer::{Block, ENTRANCE_EPS, Surroundings};
use crate::diffusion::config::{MotionConfig, NormSpan};
use crate::error::Result;
use crate::nn::cpu::layout::TokenOrder;
use crate::nn::cpu::norm::GroupNormSpec;
use crate::nn::layers::{GroupNorm, Linear, Rows, enter, leave};
use crate::weights::{Placement, Scope};
use candle_core::{Device, Result as TensorResult, Tensor};

/// A motion module.
#[derive(Debug)]
pub struct MotionModule {
    norm: GroupNorm,
    proj_in: Linear,
    blocks: Vec<(Block, [Tensor; 2])>,
    proj_out: Linear,
}

/// A motion module's sizes.
#[derive(Clone, Copy, Debug)]
pub struct MotionShape {
    /// Channels of the picture.
    pub channels: usize,
    /// Attention heads.
    pub heads: usize,
    /// Number of blocks.
    pub layers: usize,
}

impl MotionModule {
    /// Loads a module.
    pub fn new(scope: &Scope<'_>, shape: MotionShape, config: &MotionConfig) -> Result<Self> {
        let MotionShape { channels, heads, layers } = shape;
        let together = config.norm == NormSpan::Window;
        let spec = GroupNormSpec { groups: config.groups, eps: ENTRANCE_EPS, together, silu: false };
        let block = |i| {
            let scope = scope.at(format!("transformer_blocks.{i}"));
            Ok((
                Block::new(&scope, (channels, channels), heads)?,
                codes(&scope, channels, config.max_frames)?,
            ))
        };
        Ok(MotionModule {
            norm: GroupNorm::new(&scope.at("norm"), channels, spec)?,
            proj_in: Linear::new(&scope.at("proj_in"), channels, channels)?,
            blocks: (0..layers).map(block).collect::<Result<_>>()?,
            proj_out: Linear::new(&scope.at("proj_out"), channels, channels)?,
        })
    }

    /// `x` \[f, c, h, w] to the same shape; `motion` says how each of the f frames moves.
    pub fn forward(&self, x: &Tensor, motion: &[Movement]) -> TensorResult<Tensor> {
        // A single frame has no others to look at, and what the module then makes of it is noise.
        if x.dim(0)? == 1 {
            return Ok(x.clone());
        }
        let rows = Rows { first: 0, per: 1 };
        let mut tokens = enter((x, &self.norm), (&self.proj_in, Some(rows)), TokenOrder::Time)?;
        let scale: Vec<f32> = motion.iter().map(|m| m.scale).collect();
        for (block, codes) in &self.blocks {
            tokens = block.forward(&tokens, &Moving { codes, scale: &scale })?;
        }
        let moved = leave(&tokens, (&self.proj_out, Some(rows)), (TokenOrder::Time, x))?;
        if motion.iter().all(|m| m.effect == 1.0) {
            return Ok(moved);
        }
        let effect: Vec<f32> = motion.iter().map(|m| m.effect).collect();
        let effect = Tensor::from_vec(effect, (motion.len(), 1, 1, 1), x.device())?.to_dtype(x.dtype())?;
        x + (moved - x)?.broadcast_mul(&effect)?
    }
}

/// Both attentions look at the same pixel in all frames.
struct Moving<'a> {
    codes: &'a [Tensor; 2],
    scale: &'a [f32],
}

impl Surroundings for Moving<'_> {
    fn code(&self, index: usize, n: usize) -> TensorResult<Option<Tensor>> {
        self.codes[index].narrow(0, 0, n).map(Some)
    }

    fn context(&self, _index: usize) -> Option<&Tensor> {
        None
    }

    fn row_scale(&self) -> Option<&[f32]> {
        Some(self.scale)
    }

    fn per_frame(&self, _n: usize) -> usize {
        1
    }
}

/// The positional codes \[frames, channels] of the two attentions: the file's, or the usual sinusoids where it has none.
fn codes(scope: &Scope<'_>, channels: usize, frames: usize) -> Result<[Tensor; 2]> {
    let names = |own: &'static str| [own, "pos_embed.pe"].into_iter().find(|n| scope.has(n));
    let one = |own| match names(own) {
        Some(name) => scope.get_reshaped(name, &[frames, channels]),
        None => sinusoids(frames, channels, &scope.placement()).map_err(|e| scope.error(e)),
    };
    Ok([one("attn1.pos_embed.pe")?, one("attn2.pos_embed.pe")?])
}

/// sin(p w_i) and cos(p w_i) in turns, with w_i = 10000^(-2i / channels).
fn sinusoids(frames: usize, channels: usize, placement: &Placement) -> TensorResult<Tensor> {
    let value = |p: usize, i: usize| {
        let angle = p as f64 * 10_000f64.powf(-((i / 2 * 2) as f64) / channels as f64);
        if i.is_multiple_of(2) { angle.sin() as f32 } else { angle.cos() as f32 }
    };
    let values: Vec<f32> = (0..frames).flat_map(|p| (0..channels).map(move |i| value(p, i))).collect();
    Tensor::from_vec(values, (frames, channels), &Device::Cpu)?
        .to_dtype(placement.tensors())?
        .to_device(&placement.device)
}
