//! Text encoder, UNet with motion modules, VAE and samplers. Tensors only: no audio, no score, no frames a second.

pub mod config;
pub mod denoise;
pub mod sampler;
pub mod schedule;
