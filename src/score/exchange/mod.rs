//! Curves for other programs, and from them.
//!
//! Out go the values of a stretch of a timeline, frame by frame from 0. In come schedules of Deforum (`deforum`) and
//! documents of Parseq (`parseq`), one value a frame for every name, and what has times of its own: MIDI files,
//! lyrics (`timed`) and tables (`table`). [`Imported::preset`] writes any of them down as a preset; what their names mean here stands in
//! `drives`, how other cameras move in `motion`. Beats, bars and sections go to editors and DJs as [`Markers`].

mod curves;
mod deforum;
mod drives;
mod export;
mod express;
mod formula;
mod import;
mod imported;
mod limits;
mod markers;
mod motion;
mod numexpr;
mod own;
mod parseq;
mod parseq_formula;
mod parseq_function;
mod parseq_prompts;
mod points;
mod prompts;
mod schedule;
mod spline;
mod table;
mod tempo_grid;
mod term;
mod text;
mod timecode;
mod timed;

pub use curves::Curves;
pub use export::Format;
pub use imported::Imported;
pub use limits::MAX_BYTES;
pub use markers::{MarkerFormat, Markers};

#[cfg(test)]
mod cases;
#[cfg(test)]
mod marker_tests;
#[cfg(test)]
mod tests;
