//! Text encoder, UNet with motion modules, VAE and samplers. Tensors only: no audio, no score, no frames a second.
//!
//! In reading order: [`model`] is the door; [`config`], [`weights`] and [`keys`] bring files in; [`unet`] is built of
//! [`blocks`], [`transformer`] and [`motion`], these of [`layers`] and the one [`attention`]; [`cpu`] and `cuda` hold the
//! layers' fast paths. [`schedule`], [`sampler`] and [`denoise`] turn predictions into settled latents.

pub mod attention;
pub mod blocks;
pub mod config;
pub mod cpu;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod denoise;
pub mod device;
mod hints;
mod join;
pub mod keys;
pub mod layers;
mod loading;
pub mod model;
pub mod motion;
pub mod pace;
pub mod sampler;
pub mod schedule;
pub mod text_encoder;
pub mod tokenizer;
pub mod transformer;
mod typography;
pub mod unet;
pub mod vae;
pub mod vae_tiny;
mod vocabulary;
pub mod weights;

pub use device::open_device;
pub use hints::{Effort, Native};
pub use model::{Model, ModelSpec, Precision};
