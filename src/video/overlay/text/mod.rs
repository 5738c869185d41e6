//! Text: from words and a font to a mask. The only home of fonts.
//!
//! ```text
//! text ─► bidi: runs of one direction ─► font, script: runs of one font ─► shaping: glyphs ─► lines ─► outlines ─► mask
//! ```
//!
//! Right-to-left and mixed text is put in order as UAX 9 says, broken as UAX 14 says, and shaped by the font's own rules
//! (OpenType): letters join, marks sit, ligatures form.

mod font;
mod layout;
mod shape;

pub use font::{Fonts, plain};
pub use layout::{Text, Word};
