//! Diffusion models: text encoder, UNet with motion modules, VAE and sampling. Tensors only: no audio, no score, no frames a second.
//!
//! In reading order: [`model`] is the door; [`config`] reads what the files say; [`text`], [`unet`] and [`vae`] are the networks;
//! [`sampling`] turns their predictions into settled latents.

pub mod conditioning;
pub mod config;
pub mod control;
pub mod model;
pub mod recipe;
pub mod sampling;
pub mod text;
pub mod unet;
pub mod vae;

pub use crate::nn::device::open_device;
pub use model::{Inspection, Model, ModelFingerprint, ModelHints, ModelInfo, ModelSpec, Precision, Tier};
