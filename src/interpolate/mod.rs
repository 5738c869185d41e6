//! Interpolation: the pictures between two pictures, at any time between them.
//!
//! ```text
//! file ─► InterpolatorFile: which network, by its tensors ─► Interpolator: weights
//! picture ─► Seen: what the network sees of it, once
//! two Seen, a time ─► motion, mask ─► the picture of that time
//! ```
//!
//! The network that is taken where none is named is our own, small, and comes with the program (`models/interpolation`, trained by
//! `training/interpolation`). Of pictures that are much larger than those it was trained on it sees a half or a quarter of the size: motion is
//! smooth, and what is shown is fetched from the pictures themselves. Files are of RIFE 4. Both compute on the CPU.
//!
//! A picture between depends on its two neighbours, the time and the network alone.

mod file;
mod interpolator;
mod layer;
mod network;
mod own;
mod rife;
#[cfg(test)]
mod tests;

pub use file::InterpolatorFile;
pub use interpolator::{Interpolator, Seen};
