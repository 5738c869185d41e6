//! beatbolt turns a track into a music video whose pictures move with the music.
//!
//! The modules in reading order, and who may know whom (held by `tests/layers.rs`):
//!
//! - [`error`], [`units`], [`noise`], [`progress`], [`timing`], [`digest`], [`bounded_read`], [`atomic_file`], [`file_lock`],
//!   [`vector`], [`demux`]: the foundation, knows nothing.
//! - [`audio`]: a track goes in, an [`audio::Analysis`] comes out.
//! - [`score`]: analysis and preset become a [`score::Timeline`]: the value of every parameter in every frame.
//! - [`weights`]: files of tensors go in, checked tensors come out under our own names.
//! - [`nn`]: the layers that networks are made of, on processors and graphics cards.
//! - [`interpolate`]: two pictures and a time go in, the picture between them comes out.
//! - [`diffusion`]: recipes, text encoder, UNet with motion modules, VAE, sampling. Tensors only.
//! - [`draw`]: scenes that frames start from, or are. No tensors.
//! - [`video`]: frames go in, a finished file with the untouched audio comes out. No tensors.
//! - [`render`]: the only place where score, diffusion and video meet.
//! - [`job`]: from what is asked for to a finished video.
//! - [`studio`]: a page on which presets are made while the track plays.
//! - [`cli`]: what is typed and what is printed.

pub mod atomic_file;
pub mod audio;
pub mod bounded_read;
pub mod cache_folder;
pub mod cli;
pub mod demux;
pub mod diffusion;
pub mod digest;
pub mod draw;
pub mod error;
pub mod file_lock;
pub mod interpolate;
pub mod job;
pub mod nn;
pub mod noise;
pub mod progress;
pub mod render;
pub mod score;
pub mod studio;
pub mod system;
pub mod text_file;
pub mod timing;
pub mod units;
pub mod upscale;
pub mod vector;
pub mod video;
pub mod weights;
