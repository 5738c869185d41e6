//! `text_encoder/config.json`: the shape of the CLIP text model.

use super::{ConfigFile, read_json};
use crate::error::Result;
use serde::Deserialize;
use std::path::Path;

/// The function between the two matrices of a CLIP layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x sigmoid(1.702 x).
    QuickGelu,
    /// The exact GELU.
    Gelu,
}

/// The text encoder's shape.
#[derive(Clone, Debug, PartialEq)]
pub struct TextConfig {
    /// Number of tokens in the vocabulary, up to 1 000 000.
    pub vocabulary: usize,
    /// Width of the embeddings, up to 8192.
    pub width: usize,
    /// Width inside the layers' multilayer perceptrons.
    pub inner: usize,
    /// Number of layers, 1 to 64.
    pub layers: usize,
    /// Attention heads; divides the width.
    pub heads: usize,
    /// Number of tokens in a prompt, up to 4096.
    pub positions: usize,
    /// The layers' activation.
    pub activation: Activation,
    /// Epsilon of the layer norms.
    pub eps: f64,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default = "clip_vocabulary")]
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: Option<usize>,
    hidden_act: Option<String>,
    layer_norm_eps: Option<f64>,
}

fn clip_vocabulary() -> usize {
    49408
}

impl TextConfig {
    /// Reads `text_encoder/config.json`.
    pub fn read(path: &Path) -> Result<Self> {
        let raw: Raw = read_json(path)?;
        let source = ConfigFile(path);
        let width = source.within("hidden_size", raw.hidden_size, 1..=8192)?;
        source.heads(raw.num_attention_heads, width)?;
        Ok(TextConfig {
            vocabulary: source.within("vocab_size", raw.vocab_size, 1..=1_000_000)?,
            width,
            inner: source.within("intermediate_size", raw.intermediate_size, 1..=65_536)?,
            layers: source.within("num_hidden_layers", raw.num_hidden_layers, 1..=64)?,
            heads: raw.num_attention_heads,
            positions: source.within(
                "max_position_embeddings",
                raw.max_position_embeddings.unwrap_or(77),
                2..=4096,
            )?,
            activation: source.choice(
                "hidden_act",
                raw.hidden_act.as_deref().unwrap_or("quick_gelu"),
                &[("quick_gelu", Activation::QuickGelu), ("gelu", Activation::Gelu)],
            )?,
            eps: source.within("layer_norm_eps", raw.layer_norm_eps.unwrap_or(1e-5), 1e-12..=0.1)?,
        })
    }
}
