//! Curves for other programs, and from them.
//!
//! Out go the values of a stretch of a timeline, frame by frame from 0. In come schedules of Deforum (`deforum`) and
//! documents of Parseq (`parseq`), one value a frame for every name, and what has times of its own: MIDI files,
//! lyrics (`timed`) and tables (`table`). [`Imported::preset`] writes any of them down as a preset.

mod curves;
mod deforum;
mod export;
mod formula;
mod import;
mod imported;
mod limits;
mod parseq;
mod table;
mod timed;

pub use curves::Curves;
pub use export::Format;
pub use imported::Imported;
pub use limits::MAX_BYTES;

#[cfg(test)]
mod tests;
