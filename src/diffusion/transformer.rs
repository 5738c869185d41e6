//! The transformer that looks at the pixels of a frame and at the prompt, and the block that it shares with the
//! motion modules.

use super::attention::{Attend, attention};
use super::cpu::layout::Order;
use super::layers::{GroupNorm, LayerNorm, Linear, from_tokens, geglu, to_tokens};
use super::weights::Scope;
use crate::error::Result;
use candle_core::{Result as TensorResult, Tensor};

/// Epsilon of the layer norms in all blocks.
const LAYER_EPS: f64 = 1e-5;
/// Epsilon of the group norm at a transformer's entrance.
pub const ENTRANCE_EPS: f64 = 1e-6;

/// Projections to queries, keys and values, attention, projection back.
#[derive(Debug)]
struct AttentionLayer {
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    heads: usize,
}

impl AttentionLayer {
    /// For tokens `width` wide that look at tokens `context` wide.
    fn new(scope: &Scope<'_>, (width, context): (usize, usize), heads: usize) -> Result<Self> {
        Ok(AttentionLayer {
            q: Linear::without_bias(&scope.at("to_q"), width, width)?,
            k: Linear::without_bias(&scope.at("to_k"), context, width)?,
            v: Linear::without_bias(&scope.at("to_v"), context, width)?,
            out: Linear::new(&scope.at("to_out.0"), width, width)?,
            heads,
        })
    }

    /// What `queries` find in `context`, added to `x`.
    fn forward(
        &self,
        x: &Tensor,
        (queries, context): (&Tensor, &Tensor),
        row_scale: Option<&[f32]>,
    ) -> TensorResult<Tensor> {
        let (q, k, v) = (self.q.forward(queries)?, self.k.forward(context)?, self.v.forward(context)?);
        let how = Attend { heads: self.heads, row_scale, causal: false };
        self.out.forward_onto(&attention(&q, &k, &v, how)?, x)
    }
}

/// Attention, attention, gated feed-forward; each around a shortcut and behind a layer norm.
#[derive(Debug)]
pub struct Block {
    norms: [LayerNorm; 3],
    attentions: [AttentionLayer; 2],
    widen: Linear,
    narrow: Linear,
}

/// What a block's two attentions look at.
pub trait Surroundings {
    /// The tokens that go into attention `index` (0 or 1) in place of the normed ones.
    fn queries(&self, index: usize, normed: Tensor) -> TensorResult<Tensor>;

    /// What attention `index` looks at; none for the tokens themselves.
    fn context(&self, index: usize) -> Option<&Tensor>;

    /// The factor on each query row's logits.
    fn row_scale(&self) -> Option<&[f32]>;
}

impl Block {
    /// A block `width` wide whose second attention looks at tokens `context` wide.
    pub fn new(scope: &Scope<'_>, (width, context): (usize, usize), heads: usize) -> Result<Self> {
        let norm = |i: usize| LayerNorm::new(&scope.at(format!("norm{i}")), width, LAYER_EPS);
        Ok(Block {
            norms: [norm(1)?, norm(2)?, norm(3)?],
            attentions: [
                AttentionLayer::new(&scope.at("attn1"), (width, width), heads)?,
                AttentionLayer::new(&scope.at("attn2"), (width, context), heads)?,
            ],
            widen: Linear::new(&scope.at("ff.net.0.proj"), width, 8 * width)?,
            narrow: Linear::new(&scope.at("ff.net.2"), 4 * width, width)?,
        })
    }

    /// `x` \[b, n, width] to the same shape.
    pub fn forward(&self, x: Tensor, around: &impl Surroundings) -> TensorResult<Tensor> {
        let mut x = x;
        for (index, layer) in self.attentions.iter().enumerate() {
            let queries = around.queries(index, self.norms[index].forward(&x)?)?;
            let context = around.context(index).unwrap_or(&queries);
            x = layer.forward(&x, (&queries, context), around.row_scale())?;
        }
        let hidden = geglu(&self.widen.forward(&self.norms[2].forward(&x)?)?)?;
        self.narrow.forward_onto(&hidden, &x)
    }
}

/// A transformer over the pixels of each frame.
#[derive(Debug)]
pub struct SpatialTransformer {
    norm: GroupNorm,
    enter: Linear,
    blocks: Vec<Block>,
    leave: Linear,
}

/// A spatial transformer's sizes.
#[derive(Clone, Copy, Debug)]
pub struct TransformerShape {
    /// Channels of the picture.
    pub channels: usize,
    /// Width of the prompt's tokens.
    pub context: usize,
    /// Attention heads.
    pub heads: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Groups of the norm at the entrance.
    pub groups: usize,
}

impl SpatialTransformer {
    /// Loads a transformer; its outer projections may be stored as matrices or as 1x1 convolutions.
    pub fn new(scope: &Scope<'_>, shape: TransformerShape) -> Result<Self> {
        let TransformerShape { channels, context, heads, layers, groups } = shape;
        let block = |i| Block::new(&scope.at(format!("transformer_blocks.{i}")), (channels, context), heads);
        Ok(SpatialTransformer {
            norm: GroupNorm::plain(&scope.at("norm"), channels, (groups, ENTRANCE_EPS))?,
            enter: Linear::new(&scope.at("proj_in"), channels, channels)?,
            blocks: (0..layers).map(block).collect::<Result<_>>()?,
            leave: Linear::new(&scope.at("proj_out"), channels, channels)?,
        })
    }

    /// `x` \[f, c, h, w] and `text` \[1 or f, L, d] to \[f, c, h, w].
    pub fn forward(&self, x: &Tensor, text: &Tensor) -> TensorResult<Tensor> {
        let mut tokens = self.enter.forward(&to_tokens(&self.norm.forward(x)?, Order::Space)?)?;
        for block in &self.blocks {
            tokens = block.forward(tokens, &Prompted(text))?;
        }
        from_tokens(&self.leave.forward(&tokens)?, Order::Space, x)
    }
}

/// The first attention looks at the frame itself, the second at the prompt.
struct Prompted<'a>(&'a Tensor);

impl Surroundings for Prompted<'_> {
    fn queries(&self, _index: usize, normed: Tensor) -> TensorResult<Tensor> {
        Ok(normed)
    }

    fn context(&self, index: usize) -> Option<&Tensor> {
        (index == 1).then_some(self.0)
    }

    fn row_scale(&self) -> Option<&[f32]> {
        None
    }
}
