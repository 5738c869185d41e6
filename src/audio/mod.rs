//! Music in, an [`Analysis`] out.
//!
//! ```text
//! file ─► decode ─► pass: spectrum ─► band (80 magnitudes a hop), low (37 more), level, transient
//!                            │
//!        cue ─► net: chances of beats, downbeats, onsets, drums, per hop
//!                            │
//!        pointer, steady ─► count ─► evidence, tactus ─► rhythm: beats
//!        onset, stroke: exact onsets and drums
//!        features ─► envelope ─► bar, likeness ─► section
//!        (loudness, split, chroma)
//! ```
//!
//! The track is decoded once and never held. `beat` and `grid` are a second opinion by aubio.
//!
//! **Invariant:** nothing here reads the clock or draws random numbers; the same file gives the same analysis.

mod align;
mod analysis;
mod band;
mod bar;
mod beat;
mod beat_grid;
mod chroma;
mod collection;
mod correct;
mod count;
mod course;
mod cue;
mod cue_sheet;
pub mod decode;
mod envelope;
mod evidence;
mod features;
mod grid;
mod hpss;
mod level;
mod listen;
mod loudness;
mod low;
pub mod lyrics;
pub mod marks;
pub mod midi;
mod net;
mod onset;
mod pass;
mod pointer;
mod resample;
mod rhythm;
mod scope;
mod section;
mod self_similarity;
mod serato;
mod series;
mod spectrum;
mod steady;
mod stroke;
mod tactus;
mod tactus_weights;
#[cfg(test)]
mod teaching;
pub mod timed;
mod tone;
mod track;
mod transient;
mod weights;

pub use analysis::{Analysis, Drums, Envelope, Hit, Section};
pub use correct::{Corrections, Octave};
pub use listen::{Options, Tracker, analyze, analyze_with};
pub use scope::Scope;
