//! Neural network layers: linear, convolution, norms, attention, and the fast paths that they take on each device.

pub mod attention;
pub mod blocks;
pub mod cpu;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod device;
mod kept;
pub mod layers;
pub mod tiles;
pub mod trial;
