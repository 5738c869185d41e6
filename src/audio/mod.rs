//! Music in, an [`Analysis`] out.
//!
//! ```text
//! file ─► decode ─► survey             length, level                                   (first pass)
//!         decode ─► spectrum ─► features ─► envelope                                   (second pass)
//!                ─► beat (aubio) ─► grid ─► bar ─► section
//!                ─► transient               exact onsets
//! ```
//!
//! The track is decoded twice and never held: the first pass finds the level that the second works at.
//!
//! **Invariant:** nothing here reads the clock or draws random numbers; the same file gives the same analysis.

mod analysis;
mod bar;
mod beat;
pub mod decode;
mod envelope;
mod features;
mod grid;
mod listen;
mod pulse;
mod resample;
mod section;
mod spectrum;
mod survey;
mod transient;

pub use analysis::{Analysis, Envelope, Section};
pub use listen::analyze;
