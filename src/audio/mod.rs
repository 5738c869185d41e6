//! Music in, an [`Analysis`] out.

mod analysis;

pub use analysis::{Analysis, Envelope, Section};
