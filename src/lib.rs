//! beatbolt turns a track into a music video whose pictures move with the music.
//!
//! The modules in reading order, and who may know whom (held by `tests/layers.rs`):
//!
//! - [`error`], [`units`], [`noise`], [`progress`], [`timing`], [`digest`], [`read`], [`whole`], [`vector`],
//!   [`demux`]: the foundation, knows nothing.
//! - [`audio`]: a track goes in, an [`audio::Analysis`] comes out.
//! - [`score`]: analysis and preset become a [`score::Timeline`]: the value of every parameter in every frame.
//! - [`diffusion`]: text encoder, UNet with motion modules, VAE, samplers. Tensors only.
//! - [`video`]: frames go in, a finished file with the untouched audio comes out. No tensors.
//! - [`render`]: the only place where score, diffusion and video meet.
//! - [`studio`]: a page on which presets are made while the track plays.
//! - [`cli`]: what is typed and what is printed.

pub mod audio;
pub mod cli;
pub mod demux;
pub mod diffusion;
pub mod digest;
pub mod error;
pub mod noise;
pub mod progress;
pub mod read;
pub mod render;
pub mod score;
pub mod studio;
pub mod system;
pub mod timing;
pub mod units;
pub mod vector;
pub mod video;
pub mod whole;
