//! Layers over finished pictures, drawn in the video's size behind all effects.
//!
//! What a layer shows at a time is a function of what was heard, the timeline and that time: nothing is carried from frame to frame but
//! what was drawn anyway, text, which is kept while it stays. So parts and resumed renders have the same layers.

mod alone;
mod list;
mod now;
mod painter;
mod playing;
mod words;

pub(super) use alone::{Moment, alone, tunnel};
pub use list::Layers;
pub use painter::Painter;
