//! Layers: what is drawn over the pictures: words, title, waveform, spectrum, particles, rings.
//!
//! A `[[layer]]` of a preset or a project says what, where and how; routes turn its `layer.NAME.opacity`, `size`, `x` and `y`.
//! Where a preset's layers hold, its look does; a project's hold everywhere, and win over those of the same name.

mod check;
mod material;
mod shown;
pub(super) mod spec;
mod sung;

pub use material::Material;
pub use shown::ShownLayer;
pub use spec::{Form, Hits, Layer, LayerBlend, LayerKind, Singing, Tint};
pub use sung::{Beat, Sung, sung};

#[cfg(test)]
mod tests;
