//! Upscaling by networks of the ESRGAN family: SRVGG compact (realesr-animevideov3, realesr-general-x4v3) and RRDB (RealESRGAN x2plus,
//! x4plus, anime 6B, and the many that were trained by others).
//!
//! ```text
//! file ─► UpscalerFile: which network, by its tensors ─► Upscaler: weights
//! pictures ─► reflected edges, tiles with overlap ─► network ─► tiles faded into each other ─► exact size
//! ```
//!
//! A picture's result depends on the picture, the file and the size alone: tiles are laid by the size, and whoever computes them, in
//! whatever order, computes the same.

mod file;
mod network;
mod reflect;
mod resize;
#[cfg(test)]
mod tests;
mod upscaler;

pub use file::UpscalerFile;
pub use upscaler::Upscaler;
