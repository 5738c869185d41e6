//! The CLIP text encoder: token ids go in, one vector a token comes out.
//!
//! Written here rather than taken from candle-transformers, whose text model knows only one activation and keeps
//! its sizes for itself; so it shares the one attention and the fast layers. `tests/reference.rs` holds it against
//! transformers.

use super::embedding::Embedding;
use crate::diffusion::config::{Activation, TextConfig};
use crate::error::{Context, Error, Result};
use crate::nn::attention::{Attend, attention};
use crate::nn::layers::{Function, LayerNorm, Linear, activate};
use crate::weights::Scope;
use candle_core::{Result as TensorResult, Tensor};

/// The encoder.
#[derive(Debug)]
pub struct TextEncoder {
    /// \[vocabulary, width], perhaps in 16 bits
    tokens: Tensor,
    /// \[positions, width]
    positions: Tensor,
    layers: Vec<Layer>,
    norm: LayerNorm,
    config: TextConfig,
}

#[derive(Debug)]
struct Layer {
    norms: [LayerNorm; 2],
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    widen: Linear,
    narrow: Linear,
}

impl TextEncoder {
    /// Loads an encoder of shape `config`.
    pub fn new(scope: &Scope<'_>, config: &TextConfig) -> Result<Self> {
        let embeddings = scope.at("embeddings");
        let layer = |i| Layer::new(&scope.at(format!("encoder.layers.{i}")), config);
        Ok(TextEncoder {
            tokens: embeddings.get_large("token_embedding.weight", &[config.vocabulary, config.width])?,
            positions: embeddings.get("position_embedding.weight", &[config.positions, config.width])?,
            layers: (0..config.layers).map(layer).collect::<Result<_>>()?,
            norm: LayerNorm::new(&scope.at("final_layer_norm"), config.width, config.eps)?,
            config: config.clone(),
        })
    }

    /// With the vectors of these words behind its vocabulary, in their order.
    ///
    /// # Errors
    /// Device: there is no room for them.
    pub fn with_words(mut self, words: &[Embedding]) -> Result<Self> {
        for word in words {
            let vectors = word.vectors().to_device(self.tokens.device());
            let rows =
                vectors.and_then(|v| Tensor::cat(&[&self.tokens, &v.to_dtype(self.tokens.dtype())?], 0));
            self.tokens =
                rows.context(|| Error::device(format!("there is no room for '{}'", word.word())))?;
            self.config.vocabulary += word.count();
        }
        Ok(self)
    }

    /// Without its last `count` layers, of which it must have more; the final norm stays.
    pub fn without_last(mut self, count: usize) -> Self {
        self.layers.truncate(self.layers.len().saturating_sub(count).max(1));
        self
    }

    /// The last hidden state behind the final layer norm, \[1, L, width], of up to as many ids as there are positions.
    pub fn forward(&self, ids: &[u32]) -> Result<Tensor> {
        if ids.is_empty() || ids.len() > self.config.positions {
            let most = self.config.positions;
            return Err(Error::usage(format!(
                "a prompt of {} tokens is not between 1 and {most}",
                ids.len()
            )));
        }
        if let Some(id) = ids.iter().find(|id| **id as usize >= self.config.vocabulary) {
            let size = self.config.vocabulary;
            return Err(Error::model(format!(
                "token {id} is not in the text encoder's vocabulary of {size}"
            ))
            .hint("the tokenizer and the text encoder are of different models"));
        }
        self.encode(ids).context(|| Error::device("encoding a prompt failed"))
    }

    fn encode(&self, ids: &[u32]) -> TensorResult<Tensor> {
        let ids = Tensor::new(ids, self.tokens.device())?;
        let length = ids.dim(0)?;
        let positions = self.positions.narrow(0, 0, length)?;
        let tokens = self.tokens.index_select(&ids, 0)?.to_dtype(positions.dtype())?;
        let mut x = (tokens + positions)?.unsqueeze(0)?;
        for layer in &self.layers {
            x = layer.forward(&x, &self.config)?;
        }
        self.norm.forward(&x)
    }
}

impl Layer {
    fn new(scope: &Scope<'_>, config: &TextConfig) -> Result<Self> {
        let norm = |name: &str| LayerNorm::new(&scope.at(name), config.width, config.eps);
        let square = |name: &str| Linear::new(&scope.at("self_attn").at(name), config.width, config.width);
        Ok(Layer {
            norms: [norm("layer_norm1")?, norm("layer_norm2")?],
            q: square("q_proj")?,
            k: square("k_proj")?,
            v: square("v_proj")?,
            out: square("out_proj")?,
            widen: Linear::new(&scope.at("mlp.fc1"), config.width, config.inner)?,
            narrow: Linear::new(&scope.at("mlp.fc2"), config.inner, config.width)?,
        })
    }

    fn forward(&self, x: &Tensor, config: &TextConfig) -> TensorResult<Tensor> {
        let normed = self.norms[0].forward(x)?;
        let (q, k, v) = (self.q.forward(&normed)?, self.k.forward(&normed)?, self.v.forward(&normed)?);
        // A token sees only what stands before it.
        let seen = attention(&q, &k, &v, Attend { causal: true, ..Attend::plain(config.heads) })?;
        let x = self.out.forward_onto(&seen, x)?;
        let function = match config.activation {
            Activation::QuickGelu => Function::QuickGelu,
            Activation::Gelu => Function::Gelu,
        };
        let hidden = activate(self.widen.forward(&self.norms[1].forward(&x)?)?, function)?;
        self.narrow.forward_onto(&hidden, &x)
    }
}
