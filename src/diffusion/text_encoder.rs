//! The CLIP text encoder: token ids go in, one vector a token comes out.
//!
//! Written here rather than taken from candle-transformers, whose text model knows only one activation and keeps
//! its sizes for itself; so it shares the one attention and the fast layers.

use super::attention::{Attend, attention};
use super::config::{Activation, TextConfig};
use super::layers::{Function, LayerNorm, Linear, activate};
use super::weights::Scope;
use crate::error::{Context, Error, Result};
use candle_core::{Result as TensorResult, Tensor};

/// The encoder.
#[derive(Debug)]
pub struct TextEncoder {
    /// \[vocabulary, width]
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
            tokens: embeddings.get("token_embedding.weight", &[config.vocabulary, config.width])?,
            positions: embeddings.get("position_embedding.weight", &[config.positions, config.width])?,
            layers: (0..config.layers).map(layer).collect::<Result<_>>()?,
            norm: LayerNorm::new(&scope.at("final_layer_norm"), config.width, config.eps)?,
            config: config.clone(),
        })
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
        let mut x =
            (self.tokens.index_select(&ids, 0)? + self.positions.narrow(0, 0, length)?)?.unsqueeze(0)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::weights::{Target, Weights};
    use crate::noise::{Stream, gaussian};
    use candle_core::{DType, Device};
    use candle_nn::VarBuilder;
    use candle_transformers::models::clip::text_model as theirs;
    use std::collections::HashMap;

    fn config() -> TextConfig {
        let activation = Activation::QuickGelu;
        TextConfig {
            vocabulary: 11,
            width: 8,
            inner: 20,
            layers: 2,
            heads: 2,
            positions: 6,
            activation,
            eps: 1e-5,
        }
    }

    /// Random weights under the names that transformers gives them.
    fn weights(c: &TextConfig) -> HashMap<String, Tensor> {
        let mut shapes = vec![
            ("embeddings.token_embedding.weight".to_owned(), vec![c.vocabulary, c.width]),
            ("embeddings.position_embedding.weight".to_owned(), vec![c.positions, c.width]),
        ];
        let mut with_bias = |name: String, shape: Vec<usize>| {
            shapes.push((format!("{name}.bias"), vec![shape[0]]));
            shapes.push((format!("{name}.weight"), shape));
        };
        with_bias("final_layer_norm".into(), vec![c.width]);
        for i in 0..c.layers {
            let at = |name: &str| format!("encoder.layers.{i}.{name}");
            for name in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                with_bias(at(&format!("self_attn.{name}")), vec![c.width, c.width]);
            }
            with_bias(at("layer_norm1"), vec![c.width]);
            with_bias(at("layer_norm2"), vec![c.width]);
            with_bias(at("mlp.fc1"), vec![c.inner, c.width]);
            with_bias(at("mlp.fc2"), vec![c.width, c.inner]);
        }
        let random = |i: usize, shape: &[usize]| {
            let mut values = vec![0.0; shape.iter().product()];
            gaussian(9, Stream::Latents, i as u64, &mut values);
            Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
        };
        shapes.into_iter().enumerate().map(|(i, (name, shape))| (name, random(i, &shape))).collect()
    }

    #[test]
    fn it_is_candle_transformers_clip() {
        let c = config();
        let tensors = weights(&c);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        candle_core::safetensors::save(&tensors, &path).unwrap();
        let target = Target { dtype: DType::F32, device: Device::Cpu };
        let file = Weights::open(&path, &target, crate::diffusion::keys::text).unwrap();
        let ours = TextEncoder::new(&file.scope(""), &c).unwrap();
        assert!(file.unused().is_empty());
        let shape = theirs::ClipTextConfig {
            vocab_size: c.vocabulary,
            embed_dim: c.width,
            activation: theirs::Activation::QuickGelu,
            intermediate_size: c.inner,
            max_position_embeddings: c.positions,
            pad_with: None,
            num_hidden_layers: c.layers,
            num_attention_heads: c.heads,
            projection_dim: c.width,
        };
        let builder = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let reference = theirs::ClipTextTransformer::new(builder, &shape).unwrap();
        let ids = [3u32, 10, 0, 7, 7];
        let expected =
            reference.forward_with_mask(&Tensor::new(&[ids], &Device::Cpu).unwrap(), usize::MAX).unwrap();
        let difference = (ours.forward(&ids).unwrap() - expected).unwrap().abs().unwrap();
        assert!(difference.flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap() < 1e-5);
        assert!(ours.forward(&[11]).is_err() && ours.forward(&[0; 7]).is_err() && ours.forward(&[]).is_err());
    }
}
