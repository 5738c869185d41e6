//! Colour look-up tables: one curve a channel, or a cube of colours.

mod cube;
mod table;
#[cfg(test)]
mod tests;

pub use cube::read_lut;
pub use table::Lut;
pub(in crate::video) use table::cube;
