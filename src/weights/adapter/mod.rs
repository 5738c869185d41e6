//! Adapters: files that change a model, LoRA and its kin.
//!
//! ```text
//! file ─► names: layer, part ─► targets: the model's own layer ─► change: formula, sizes checked ─► difference of the weight
//! ```
//!
//! Files come from strangers in many dialects: their names are taken apart (`names.rs`) and matched against the layers that the model has
//! (`targets.rs`); what a layer's tensors are, their names and shapes tell (`change.rs`), and every shape is checked against the layer before a
//! value is read. What is then computed is in `formula.rs`. Nothing matched is an error that tells what the names look like.

mod change;
mod file;
mod formula;
mod merge;
mod names;
pub mod overlay;
mod scale;
mod stranger;
mod targets;

pub use file::{Adapter, family};
pub use merge::{Merge, section};
pub use overlay::{Difference, Moving, Now, Overlay};
pub use targets::{Section, Target, Targets};

#[cfg(test)]
mod tests;
