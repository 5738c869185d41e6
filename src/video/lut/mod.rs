//! Colour look-up tables: one curve a channel, or a cube of colours.

mod cube;

use crate::bounded_read;
use crate::digest::Digest;
use crate::error::{Context, Error, Result};
use serde::{Serialize, Serializer};
use std::path::Path;
use std::sync::Arc;

/// A colour; the last value is idle, so that it is read at once.
type Colour = [f32; 4];

/// Largest file, in bytes.
const MOST_BYTES: u64 = 64 << 20;

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
    /// The table in the `.cube` file at `path`.
    ///
    /// # Errors
    /// Input: it can't be read, or is none; the line is named.
    pub fn read(path: &Path) -> Result<Self> {
        let text = bounded_read::text(path, MOST_BYTES).context(|| {
            Error::input(format!("can't read the look-up table {}", path.display()))
                .hint("give a .cube file, as DaVinci Resolve and others write them")
        })?;
        cube::parse(&path.display().to_string(), &text)
    }

    fn new(entries: Vec<Colour>, (side, cube): (usize, bool), domain: [[f32; 3]; 2], text: &str) -> Self {
        let mut digest = Digest::default();
        digest.update(text);
        let ways = ORDERS.map(|order| order.map(|axis| side.pow(axis)));
        Lut { entries: entries.into(), side, cube, ways, domain, hash: digest.finish() }
    }

    /// SHA-256 of the file, as hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Puts `amount` of the table, from 0 to 1, over a row of RGB values from 0 to 255.
    // Not for the widest vectors: they gather entries, which takes twice as long as reading four at a time.
    #[inline(never)]
    pub(super) fn apply(&self, row: &mut [f32], amount: f32) {
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
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.hash.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lut(text: &str) -> Lut {
        cube::parse("test", text).unwrap()
    }

    /// A cube of `side` entries on a side that holds `f` of every colour.
    fn sampled(side: usize, f: impl Fn([f32; 3]) -> [f32; 3]) -> Lut {
        let unit = |i: usize| i as f32 / (side - 1) as f32;
        let mut text = format!("LUT_3D_SIZE {side}\n");
        for (b, g, r) in
            (0..side).flat_map(|b| (0..side).flat_map(move |g| (0..side).map(move |r| (b, g, r))))
        {
            let [x, y, z] = f([unit(r), unit(g), unit(b)]);
            text += &format!("{x} {y} {z}\n");
        }
        lut(&text)
    }

    fn colours() -> impl Iterator<Item = [f32; 3]> {
        (0..500u32).map(|i| [i * 37 % 256, i * 101 % 256, i * 59 % 256].map(|v| v as f32))
    }

    fn applied(lut: &Lut, mut colour: [f32; 3], amount: f32) -> [f32; 3] {
        lut.apply(&mut colour, amount);
        colour
    }

    /// Tetrahedra reproduce what is straight, exactly.
    #[test]
    fn a_straight_map_is_exact_at_any_size_and_mixes_by_the_amount() {
        let straight = |[r, g, b]: [f32; 3]| [0.5 * r + 0.3 * b, 1.0 - g, 0.1 + 0.2 * r + 0.3 * g + 0.4 * b];
        for side in [2, 5, 17] {
            let lut = sampled(side, straight);
            for colour in colours() {
                let expected = straight(colour.map(|v| v / 255.0)).map(|v| 255.0 * v);
                let (whole, half) = (applied(&lut, colour, 1.0), applied(&lut, colour, 0.5));
                for c in 0..3 {
                    assert!(
                        (whole[c] - expected[c]).abs() < 0.01,
                        "{side} {colour:?}: {whole:?} {expected:?}"
                    );
                    assert!((half[c] - 0.5 * (expected[c] + colour[c])).abs() < 0.01);
                }
            }
        }
    }

    /// The corner at white alone gives the smallest of the three in tetrahedra, their product in a cube.
    #[test]
    fn it_is_tetrahedra_that_are_read() {
        let corner = sampled(2, |rgb| [if rgb == [1.0; 3] { 1.0 } else { 0.0 }; 3]);
        for colour in colours() {
            let least = colour.iter().copied().fold(255.0, f32::min);
            assert!(applied(&corner, colour, 1.0).iter().all(|v| (v - least).abs() < 0.01), "{colour:?}");
        }
    }

    #[test]
    fn curves_are_read_along_straight_lines_within_their_domain() {
        let lut = lut("LUT_1D_SIZE 3\nDOMAIN_MIN 0 0 0.2\nDOMAIN_MAX 1 0.5 1\n0 0 0\n0.25 0.5 1\n1 1 0\n");
        let close = |a: [f32; 3], b: [f32; 3]| (0..3).all(|c| (a[c] - 255.0 * b[c]).abs() < 0.01);
        let at = |r: f32, g: f32, b: f32| applied(&lut, [255.0 * r, 255.0 * g, 255.0 * b], 1.0);
        assert!(close(at(0.25, 0.125, 0.4), [0.125, 0.25, 0.5]));
        assert!(close(at(0.75, 0.9, 0.1), [0.625, 1.0, 0.0]), "{:?}", at(0.75, 0.9, 0.1));
    }
}
