//! Tables: what becomes of a colour.

use crate::digest::Digest;
use crate::vector::whole;
use serde::{Serialize, Serializer};
use std::sync::Arc;

/// A colour; the last value is idle, so that it is read at once.
pub(super) type Colour = [f32; 4];

/// Pixels that are looked up together.
const LANES: usize = 32;

/// A look-up table: colour → colour, over values from 0 to 1. Cheap to clone.
#[derive(Clone, PartialEq)]
pub struct Lut {
    /// A curve: entry i holds what red, green and blue of i become. A cube: red counts first, then green, then blue.
    entries: Arc<[Colour]>,
    /// Entries on a side.
    side: usize,
    cube: bool,
    /// The values that belong to the first and to the last entry.
    domain: [[f32; 3]; 2],
    /// SHA-256 of the file.
    hash: String,
}

impl Lut {
    pub(super) fn new(
        entries: Vec<Colour>,
        (side, cube): (usize, bool),
        domain: [[f32; 3]; 2],
        text: &str,
    ) -> Self {
        let mut digest = Digest::default();
        digest.update(text);
        Lut { entries: entries.into(), side, cube, domain, hash: digest.finish() }
    }

    /// The cube of `colours`, which stand for those of [`cube`]. It has no file, and no hash.
    pub(in crate::video) fn of_cube(side: usize, colours: impl Iterator<Item = [f32; 3]>) -> Self {
        let entries = colours.map(|[r, g, b]| [r, g, b, 0.0]).collect();
        Lut { entries, side, cube: true, domain: [[0.0; 3], [1.0; 3]], hash: String::new() }
    }

    /// SHA-256 of the file, as hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Puts `amount` of the table, from 0 to 1, over a row of RGB values from 0 to 255.
    #[inline(always)]
    pub(in crate::video) fn apply(&self, row: &mut [f32], amount: f32) {
        for block in row.chunks_mut(3 * LANES) {
            let mut own = [[0.0f32; LANES]; 3];
            for (i, pixel) in block.chunks_exact(3).enumerate() {
                for c in 0..3 {
                    own[c][i] = (pixel[c] * (1.0 / 255.0)).clamp(0.0, 1.0);
                }
            }
            let (index, share) = self.places(&own);
            let found = if self.cube { self.in_cube(&index, &share) } else { self.on_curves(&index, &share) };
            for (i, pixel) in block.chunks_exact_mut(3).enumerate() {
                for c in 0..3 {
                    pixel[c] = 255.0 * (own[c][i] + amount * (found[i][c] - own[c][i]));
                }
            }
        }
    }

    /// Of each channel's values, the entries before them and how far behind these they lie.
    #[inline(always)]
    fn places(&self, own: &[[f32; LANES]; 3]) -> ([[i32; LANES]; 3], [[f32; LANES]; 3]) {
        // Just below, so that there is always an entry behind.
        let last = ((self.side - 1) as f32).next_down();
        let [low, high] = self.domain;
        let (mut index, mut share) = ([[0; LANES]; 3], [[0.0; LANES]; 3]);
        for c in 0..3 {
            let scale = (self.side - 1) as f32 / (high[c] - low[c]);
            for i in 0..LANES {
                // What is no number lies at the start: an index must never lie outside.
                let place = ((own[c][i] - low[c]) * scale).max(0.0).min(last);
                (index[c][i], share[c][i]) = (whole(place), place - place.floor());
            }
        }
        (index, share)
    }

    /// Along straight lines between the entries of each curve.
    #[inline(always)]
    fn on_curves(&self, index: &[[i32; LANES]; 3], share: &[[f32; LANES]; 3]) -> [Colour; LANES] {
        let mut out = [[0.0; 4]; LANES];
        for (i, out) in out.iter_mut().enumerate() {
            for c in 0..3 {
                let first = index[c][i] as usize;
                let (a, b) = (self.entries[first][c], self.entries[first + 1][c]);
                out[c] = a + share[c][i] * (b - a);
            }
        }
        out
    }

    /// Between the four corners of the tetrahedron around it (Kasson, Nin, Plouffe, Hafner 1995, "Performing color space
    /// conversions with three-dimensional linear interpolation"): greys come from greys alone.
    #[inline(always)]
    fn in_cube(&self, [r, g, b]: &[[i32; LANES]; 3], share: &[[f32; LANES]; 3]) -> [Colour; LANES] {
        let row = self.side as i32;
        let (plane, far) = (row * row, 1 + row + row * row);
        let (mut corners, mut weights) = ([[0; LANES]; 4], [[0.0; LANES]; 4]);
        for i in 0..LANES {
            let [red, green, blue] = [share[0][i], share[1][i], share[2][i]];
            // From the near corner along the axis with the largest share, to the far one along that with the smallest.
            let most = red.max(green).max(blue);
            let least = red.min(green).min(blue);
            let middle = red + green + blue - most - least;
            let first = if red == most {
                1
            } else if green == most {
                row
            } else {
                plane
            };
            let last = if blue == least {
                plane
            } else if green == least {
                row
            } else {
                1
            };
            let near = r[i] + row * g[i] + plane * b[i];
            let ends = [near, near + first, near + far - last, near + far];
            let parts = [1.0 - most, most - middle, middle - least, least];
            for k in 0..4 {
                (corners[k][i], weights[k][i]) = (ends[k], parts[k]);
            }
        }
        let mut out = [[0.0; 4]; LANES];
        for (i, out) in out.iter_mut().enumerate() {
            for k in 0..4 {
                let entry = &self.entries[corners[k][i] as usize];
                for lane in 0..4 {
                    out[lane] += weights[k][i] * entry[lane];
                }
            }
        }
        out
    }
}

/// The colours that the entries of a cube stand for, `side` on a side, over values from 0 to 1.
pub(in crate::video) fn cube(side: usize) -> impl Iterator<Item = [f32; 3]> {
    let unit = move |i: usize| i as f32 / (side - 1) as f32;
    (0..side.pow(3)).map(move |i| [i % side, i / side % side, i / side / side].map(unit))
}

impl std::fmt::Debug for Lut {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Lut")
            .field("side", &self.side)
            .field("cube", &self.cube)
            .field("hash", &self.hash)
            .finish()
    }
}

impl Serialize for Lut {
    /// As its hash: what is looked up is decided by it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.hash.serialize(serializer)
    }
}
