//! Interpolation: the pictures between two pictures, at any time between them.
//!
//! ```text
//! picture ─► Seen: features at a half, a quarter and an eighth of its size, once
//! two Seen, a time ─► motion, mask, residue ─► the picture of that time
//! ```
//!
//! The network is our own, small, and comes with the program (`models/interpolation`, trained by `training/interpolation`). It computes on
//! the CPU. Of pictures that are much larger than those it was trained on it sees a half or a quarter of the size: motion is smooth, and
//! what is shown is fetched from the pictures themselves.
//!
//! A picture between depends on its two neighbours and the time alone.

mod interpolator;
mod network;
#[cfg(test)]
mod tests;

pub use interpolator::{Interpolator, Seen};
