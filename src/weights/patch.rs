//! Patches: what changes weights while they are loaded. LoRA and its kin come here.
//!
//! Every weight passes the getter of [`super::Weights`], and there it passes the patches, in their order. A new kind of patch is
//! a file that implements [`Patch`], and a line where the model's patches are collected.

use crate::error::Result;
use candle_core::Tensor;
use std::fmt::Debug;

/// A change to the weights of a network.
pub trait Patch: Debug {
    /// The weight `key` (our name, as diffusers has it) as it is to be, from `weight` on the CPU, in the file's own type; none where
    /// it stays as it is.
    ///
    /// # Errors
    /// Model: the patch is for a weight of another shape.
    fn apply(&self, key: &str, weight: &Tensor) -> Result<Option<Tensor>>;
}
