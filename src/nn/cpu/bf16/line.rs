//! Lines: what tiles are made of.

/// Rows of a tile, and columns of its sums.
pub const ROWS: usize = 16;
/// Channels of a line, which a tile multiplies at once.
pub const STEP: usize = 32;
/// Rows and outputs that are summed up together: two tiles each.
pub const BLOCK: usize = 2 * ROWS;

/// 32 channels of one row, or 16 outputs' weights for two channels, in bf16. It is a cache line, for of tiles whose rows lie across
/// two AMX loads a sixth as many.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line(pub [u16; STEP]);

impl Line {
    /// All zeros.
    pub const ZERO: Line = Line([0; STEP]);
}
