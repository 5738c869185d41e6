//! Autoencoders: pictures to latents and back.

pub mod autoencoder_kl;
pub mod autoencoder_tiny;
