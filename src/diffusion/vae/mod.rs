//! Autoencoders: pictures to latents and back.

pub mod autoencoder_kl;
pub mod autoencoder_tiny;
pub mod pieces;

use self::autoencoder_kl::AutoencoderKl;
use self::autoencoder_tiny::AutoencoderTiny;
use super::config::VaeConfig;
use crate::error::Result;
use crate::weights::Weights;
use candle_core::{Result as TensorResult, Tensor};

/// An autoencoder of either kind.
#[derive(Debug)]
pub enum Vae {
    /// The full-size one.
    AutoencoderKl(Box<AutoencoderKl>),
    /// TAESD.
    AutoencoderTiny(AutoencoderTiny),
}

impl Vae {
    /// Reads the autoencoder of shape `config` from `file`.
    ///
    /// # Errors
    /// Model: a tensor is missing or of another shape.
    pub fn new(file: &Weights, config: &VaeConfig) -> Result<Self> {
        Ok(match config {
            VaeConfig::AutoencoderKl(config) => {
                Vae::AutoencoderKl(Box::new(AutoencoderKl::new(&file.scope(""), config)?))
            }
            VaeConfig::AutoencoderTiny(config) => {
                Vae::AutoencoderTiny(AutoencoderTiny::new(&file.scope(""), config)?)
            }
        })
    }

    /// The UNet's latents \[n, c, h, w] to pictures \[n, 3, H, W], about in \[-1, 1].
    pub fn decode(&self, latents: &Tensor) -> TensorResult<Tensor> {
        match self {
            Vae::AutoencoderKl(vae) => vae.decode(latents),
            Vae::AutoencoderTiny(vae) => vae.decode(latents),
        }
    }

    /// Pictures \[n, 3, H, W] in \[-1, 1] to the UNet's latents \[n, c, h, w].
    pub fn encode(&self, pictures: &Tensor) -> TensorResult<Tensor> {
        match self {
            Vae::AutoencoderKl(vae) => vae.encode(pictures),
            Vae::AutoencoderTiny(vae) => vae.encode(pictures),
        }
    }
}
