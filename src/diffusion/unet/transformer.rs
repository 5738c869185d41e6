//! The transformer that looks at the pixels of a frame and at the prompt, and the block that it shares with the
//! motion modules.

use crate::error::Result;
use crate::nn::attention::{Attend, attention};
use crate::nn::cpu::bf16::Factors;
use crate::nn::cpu::layout::TokenOrder;
use crate::nn::cpu::norm::GroupNormSpec;
use crate::nn::cpu::{in_parts, is_fast};
use crate::nn::layers::{FeedForward, GroupNorm, LayerNorm, Linear, Rows, enter, leave, normed};
use crate::weights::Scope;
use candle_core::{Result as TensorResult, Tensor};

/// Epsilon of the layer norms in all blocks.
const LAYER_EPS: f64 = 1e-5;
/// Tokens that go through a block together on a CPU. With fewer, packing the weights shows; with more, they leave the cache.
const ROWS: usize = 256;
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

    /// What queries are compared with, and what they find, in `context`.
    fn keys(&self, context: &Tensor, rows: Rows) -> TensorResult<Keys> {
        Ok(Keys { k: self.k.forward_at(context, None, rows)?, v: self.v.forward_at(context, None, rows)? })
    }

    /// What queries of all frames are compared with in a prompt \[1 or f, L, d], where the weights differ from frame to frame in one for each.
    fn prompt_keys(&self, context: &Tensor) -> TensorResult<Keys> {
        let context = self.v.for_frames(&self.k.for_frames(context)?)?;
        self.keys(&context, Rows { first: 0, per: context.dim(1)? })
    }

    /// The queries of tokens behind a norm, and what they are compared with, if it is not among the tokens themselves.
    fn queries(
        &self,
        normed_tokens: (&Tensor, &LayerNorm, Option<&Tensor>),
        keys: Option<Keys>,
        rows: Rows,
    ) -> TensorResult<(Tensor, Keys)> {
        if let Some(keys) = keys {
            let [queries] = normed(normed_tokens, [&self.q], rows)?;
            return Ok((queries, keys));
        }
        let [queries, k, v] = normed(normed_tokens, [&self.q, &self.k, &self.v], rows)?;
        Ok((queries, Keys { k, v }))
    }

    /// What `queries` find among `keys`, added to `x`.
    fn forward(
        &self,
        x: &Tensor,
        (queries, keys): (&Tensor, &Keys),
        (row_scale, rows): (Option<&[f32]>, Rows),
    ) -> TensorResult<Tensor> {
        let how = Attend { row_scale, rounds: self.q.rounds(), ..Attend::plain(self.heads) };
        self.out.forward_at(&attention(queries, &keys.k, &keys.v, how)?, Some(x), rows)
    }
}

/// Keys and values \[b or 1, m, width].
#[derive(Clone, Debug)]
struct Keys {
    k: Tensor,
    v: Tensor,
}

impl Keys {
    /// Those of `count` entries of the batch from `first` on.
    fn part(&self, first: usize, count: usize) -> TensorResult<Keys> {
        if self.k.dim(0)? == 1 {
            return Ok(self.clone());
        }
        Ok(Keys { k: self.k.narrow(0, first, count)?, v: self.v.narrow(0, first, count)? })
    }
}

/// Attention, attention, gated feed-forward; each around a shortcut and behind a layer norm.
#[derive(Debug)]
pub struct Block {
    norms: [LayerNorm; 2],
    attentions: [AttentionLayer; 2],
    feed: FeedForward,
}

/// What a block's two attentions look at.
pub trait Surroundings: Sync {
    /// What is added to the normed tokens \[b, n, width] that go into attention `index` (0 or 1): \[n, width].
    fn code(&self, index: usize, n: usize) -> TensorResult<Option<Tensor>>;

    /// What attention `index` looks at; none for the tokens themselves.
    fn context(&self, index: usize) -> Option<&Tensor>;

    /// The factor on each query row's logits.
    fn row_scale(&self) -> Option<&[f32]>;

    /// How many of \[b, n, width] tokens stand together of a frame.
    fn per_frame(&self, n: usize) -> usize;
}

impl Block {
    /// A block `width` wide whose second attention looks at tokens `context` wide.
    pub fn new(scope: &Scope<'_>, (width, context): (usize, usize), heads: usize) -> Result<Self> {
        let norm = |i: usize| LayerNorm::new(&scope.at(format!("norm{i}")), width, LAYER_EPS);
        Ok(Block {
            norms: [norm(1)?, norm(2)?],
            attentions: [
                AttentionLayer::new(&scope.at("attn1"), (width, width), heads)?,
                AttentionLayer::new(&scope.at("attn2"), (width, context), heads)?,
            ],
            feed: FeedForward::new(
                norm(3)?,
                [&scope.at("ff.net.0.proj"), &scope.at("ff.net.2")],
                (width, 4 * width),
            )?,
        })
    }

    /// `x` \[b, n, width] to the same shape.
    pub fn forward(&self, x: &Tensor, around: &impl Surroundings) -> TensorResult<Tensor> {
        let _held = self.in_cache(x).then(|| self.factors()).transpose()?;
        let keys = |i: usize| around.context(i).map(|c| self.attentions[i].prompt_keys(c)).transpose();
        let keys = [keys(0)?, keys(1)?];
        let n = x.dim(1)?;
        let rows = Rows { first: 0, per: around.per_frame(n) };
        if !self.in_cache(x) {
            return self.pass((x.clone(), rows), around, keys);
        }
        in_parts(x, (ROWS / n).max(1), |first, part| {
            let count = part.dim(0)?;
            let [a, b] = keys.each_ref().map(|k| k.as_ref().map(|k| k.part(first, count)).transpose());
            self.pass((part, Rows { first: first * n, ..rows }), around, [a?, b?])
        })
    }

    /// What its layers multiply by, packed: held while parts go through it, so that no part packs it again.
    fn factors(&self) -> TensorResult<Vec<Option<Factors>>> {
        let layers = self.attentions.iter().flat_map(|layer| [&layer.q, &layer.k, &layer.v, &layer.out]);
        let factors = layers.map(Linear::factors).collect::<TensorResult<Vec<_>>>()?;
        Ok(factors.into_iter().chain(self.feed.factors()?).collect())
    }

    /// Whether `x` is worth going over in parts.
    fn in_cache(&self, x: &Tensor) -> bool {
        is_fast(x) && self.feed.is_small()
    }

    /// As [`Self::forward`], with the keys of the context; none where tokens look at each other.
    fn pass(
        &self,
        (mut x, rows): (Tensor, Rows),
        around: &impl Surroundings,
        keys: [Option<Keys>; 2],
    ) -> TensorResult<Tensor> {
        for (index, (layer, keys)) in self.attentions.iter().zip(keys).enumerate() {
            let code = around.code(index, x.dim(1)?)?;
            let (queries, keys) = layer.queries((&x, &self.norms[index], code.as_ref()), keys, rows)?;
            x = layer.forward(&x, (&queries, &keys), (around.row_scale(), rows))?;
        }
        if !self.in_cache(&x) || self.feed.is_fused() {
            return self.feed.forward(&x, rows);
        }
        let flat = x.flatten_to(1)?;
        let feed = |first, part: Tensor| self.feed.forward(&part, Rows { first: rows.first + first, ..rows });
        in_parts(&flat, ROWS, feed)?.reshape(x.dims())
    }
}

/// A transformer over the pixels of each frame.
#[derive(Debug)]
pub struct SpatialTransformer {
    norm: GroupNorm,
    proj_in: Linear,
    blocks: Vec<Block>,
    proj_out: Linear,
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
    /// That norm takes its statistics over all frames together.
    pub together: bool,
}

impl SpatialTransformer {
    /// Loads a transformer; its outer projections may be stored as matrices or as 1x1 convolutions.
    pub fn new(scope: &Scope<'_>, shape: TransformerShape) -> Result<Self> {
        let TransformerShape { channels, context, heads, layers, groups, together } = shape;
        let norm = GroupNormSpec { groups, eps: ENTRANCE_EPS, together, silu: false };
        let block = |i| Block::new(&scope.at(format!("transformer_blocks.{i}")), (channels, context), heads);
        Ok(SpatialTransformer {
            norm: GroupNorm::new(&scope.at("norm"), channels, norm)?,
            proj_in: Linear::new(&scope.at("proj_in"), channels, channels)?,
            blocks: (0..layers).map(block).collect::<Result<_>>()?,
            proj_out: Linear::new(&scope.at("proj_out"), channels, channels)?,
        })
    }

    /// `x` \[f, c, h, w] and `text` \[1 or f, L, d] to \[f, c, h, w].
    pub fn forward(&self, x: &Tensor, text: &Tensor) -> TensorResult<Tensor> {
        let mut tokens = enter((x, &self.norm), (&self.proj_in, None), TokenOrder::Space)?;
        for block in &self.blocks {
            tokens = block.forward(&tokens, &Prompted(text))?;
        }
        leave(&tokens, (&self.proj_out, None), (TokenOrder::Space, x))
    }
}

/// The first attention looks at the frame itself, the second at the prompt.
struct Prompted<'a>(&'a Tensor);

impl Surroundings for Prompted<'_> {
    fn code(&self, _index: usize, _n: usize) -> TensorResult<Option<Tensor>> {
        Ok(None)
    }

    fn context(&self, index: usize) -> Option<&Tensor> {
        (index == 1).then_some(self.0)
    }

    fn row_scale(&self) -> Option<&[f32]> {
        None
    }

    fn per_frame(&self, n: usize) -> usize {
        n
    }
}
