//! Text files of other programs: their encoding, their lines, and the fields of a line.

mod delimited;
mod encoding;

pub use delimited::{Separator, may_group, number};
pub use encoding::{Text, decode};
