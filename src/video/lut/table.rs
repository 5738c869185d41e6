//! Tables: what becomes of a colour.

use crate::digest::Digest;
use serde::{Serialize, Serializer};
use std::sync::Arc;

/// A colour; the last value is idle, so that it is read at once.
pub(super) type Colour = [f32; 4];

/// The axes with the largest and the smallest share, red being 0, by whether red is not below green, green not below blue, red
/// not below blue.
const ORDERS: [[u32; 2]; 8] = [[2, 0], [2, 1], [1, 0], [0, 2], [2, 0], [0, 1], [1, 2], [0, 2]];

/// A look-up table: colour → colour, over values from 0 to 1. Cheap to clone.
#[derive(Clone, PartialEq)]
pub struct Lut {
    /// A curve: entry i holds what red, green and blue of i become. A cube: red counts first, then green, then blue.
    entries: Arc<[Colour]>,
    /// Entries on a side.
    side: usize,
    cube: bool,
    /// Along [`ORDERS`]: how far apart neighbours are on the two axes.
    ways: [[usize; 2]; 8],
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
        let ways = ORDERS.map(|order| order.map(|axis| side.pow(axis)));
        Lut { entries: entries.into(), side, cube, ways, domain, hash: digest.finish() }
    }

    /// The cube of what `of` makes of colours, `side` entries on a side, over values from 0 to 1. It has no file, and no hash.
    pub(in crate::video) fn cube(side: usize, of: impl Fn([f32; 3]) -> [f32; 3]) -> Self {
        let unit = |i: usize| i as f32 / (side - 1) as f32;
        let entry = |i: usize| {
            let [r, g, b] = of([i % side, i / side % side, i / side / side].map(unit));
            [r, g, b, 0.0]
        };
        let ways = ORDERS.map(|order| order.map(|axis| side.pow(axis)));
        let entries = (0..side.pow(3)).map(entry).collect();
        Lut { entries, side, cube: true, ways, domain: [[0.0; 3], [1.0; 3]], hash: String::new() }
    }

    /// SHA-256 of the file, as hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Puts `amount` of the table, from 0 to 1, over a row of RGB values from 0 to 255.
    // Not for the widest vectors: they gather entries, which takes twice as long as reading four at a time.
    #[inline(never)]
    pub(in crate::video) fn apply(&self, row: &mut [f32], amount: f32) {
        // Just below, so that there is always an entry behind.
        let last = ((self.side - 1) as f32).next_down();
        let [low, high] = self.domain;
        // Four lanes, as a processor has them.
        let (mut lows, mut scale) = ([0.0f32; 4], [0.0f32; 4]);
        for c in 0..3 {
            (lows[c], scale[c]) = (low[c], (self.side - 1) as f32 / (high[c] - low[c]));
        }
        for pixel in row.chunks_exact_mut(3) {
            let mut own = [pixel[0], pixel[1], pixel[2], 0.0];
            let (mut index, mut share) = ([0i32; 4], [0.0f32; 4]);
            for c in 0..4 {
                own[c] = (own[c] * (1.0 / 255.0)).clamp(0.0, 1.0);
                let place = ((own[c] - lows[c]) * scale[c]).clamp(0.0, last);
                index[c] = place as i32;
                share[c] = place - index[c] as f32;
            }
            let index = index.map(|i| i as usize);
            let found = if self.cube { self.in_cube(index, share) } else { self.on_curves(index, share) };
            for c in 0..3 {
                pixel[c] = 255.0 * (own[c] + amount * (found[c] - own[c]));
            }
        }
    }

    /// Along straight lines between the entries of each curve: `index` is the one before, `share` how far behind it.
    #[inline(always)]
    fn on_curves(&self, index: [usize; 4], share: Colour) -> Colour {
        let mut out = [0.0; 4];
        for c in 0..3 {
            let (a, b) = (self.entries[index[c]][c], self.entries[index[c] + 1][c]);
            out[c] = a + share[c] * (b - a);
        }
        out
    }

    /// Between the four corners of the tetrahedron around it (Kasson, Nin, Plouffe, Hafner 1995, "Performing color space
    /// conversions with three-dimensional linear interpolation"): greys come from greys alone.
    #[inline(always)]
    fn in_cube(&self, [r, g, b, _]: [usize; 4], [fr, fg, fb, _]: Colour) -> Colour {
        let near = r + self.side * (g + self.side * b);
        let far = near + 1 + self.side * (1 + self.side);
        // From the near corner along the axis with the largest share, to the far one along that with the smallest. Looked up, since
        // colours are too wild for a processor to guess which.
        let order = usize::from(fr >= fg) | usize::from(fg >= fb) << 1 | usize::from(fr >= fb) << 2;
        let [first, last] = self.ways[order];
        let (most, least) = (fr.max(fg).max(fb), fr.min(fg).min(fb));
        let middle = fr + fg + fb - most - least;
        let weights = [1.0 - most, most - middle, middle - least, least];
        let corners = [near, near + first, far - last, far].map(|i| self.entries[i]);
        let mut out = [0.0; 4];
        for (corner, weight) in corners.iter().zip(&weights) {
            for lane in 0..4 {
                out[lane] += weight * corner[lane];
            }
        }
        out
    }
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
