//! Sampling: noise levels, samplers, and the window loop with its hand-off.

pub mod denoise;
pub mod handoff;
mod holds;
pub mod level;
pub mod prediction;
pub mod retime;
pub mod sampler;
pub mod samplers;
pub mod schedule;
pub mod window;
