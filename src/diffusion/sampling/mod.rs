//! Sampling: noise levels, samplers, and the window loop with its hand-off.

pub mod denoise;
mod handoff;
pub mod retime;
pub mod sampler;
pub mod schedule;
