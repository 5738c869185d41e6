//! What is drawn over finished pictures: shapes and text as masks, and the ways in which a colour gets through them.

mod mask;
mod mix;
mod text;
mod vivid;

pub use mask::Mask;
pub use mix::{Ink, Mix, Part, paint, paint_part};
pub use text::{Fonts, Text, Word, plain};
pub use vivid::vivid;
