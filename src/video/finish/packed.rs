//! Frames with one number a pixel, to be read between the pixels at any place.

use super::placement::mirrored;
use crate::units::Size;
use crate::video::frame::Frame;
use rayon::prelude::*;

/// Steps between two pixels, and how many bits they take.
pub(super) const STEPS: f32 = (1 << BITS) as f32;
const BITS: u32 = 6;
/// Bits from one colour to the next: room for a value times all steps both ways.
const APART: u32 = 21;

/// A picture whose pixels are numbers, red in the lowest bits, then green and blue: one product does for all three.
pub(super) struct Packed {
    pixels: Vec<u64>, // [height, width]
    width: i32,
    height: i32,
}

impl Packed {
    pub fn of(frame: &Frame) -> Self {
        let Size { width, height } = frame.size();
        let mut pixels = vec![0u64; frame.size().pixels()];
        pixels.par_chunks_mut(4096).zip(frame.rgb().par_chunks(3 * 4096)).for_each(|(out, rgb)| {
            for (number, p) in out.iter_mut().zip(rgb.chunks_exact(3)) {
                let [r, g, b] = [p[0], p[1], p[2]].map(u64::from);
                *number = r | g << APART | b << (2 * APART);
            }
        });
        Packed { pixels, width: width as i32, height: height as i32 }
    }

    /// The colour at (`x`, `y`), in [`STEPS`] between pixels, whole pixels being pixels' centres: a mean of the four around it.
    /// Beyond its edges the picture goes on mirrored.
    #[inline(always)]
    pub fn at(&self, x: i32, y: i32) -> [u8; 3] {
        let (left, top) = (x >> BITS, y >> BITS);
        let mask = (1 << BITS) - 1;
        let (across, down) = ((x & mask) as u64, (y & mask) as u64);
        let inside = (left as u32) < self.width as u32 - 1 && (top as u32) < self.height as u32 - 1;
        let four = if inside { self.square((top * self.width + left) as usize) } else { None };
        let four = four.unwrap_or_else(|| self.around(left, top));
        // All weights are 2 ^ (2 · BITS) in all, of which a half is added to each colour.
        let half = (1u64 << (2 * BITS)) / 2 * (1 | 1 << APART | 1 << (2 * APART));
        let one = 1 << BITS;
        let upper = (one - across) * four[0] + across * four[1];
        let lower = (one - across) * four[2] + across * four[3];
        let sum = (one - down) * upper + down * lower + half;
        [0, APART, 2 * APART].map(|bit| (sum >> (bit + 2 * BITS)) as u8)
    }

    /// The pixel at `start`, the one right of it, and those below.
    #[inline(always)]
    fn square(&self, start: usize) -> Option<[u64; 4]> {
        let below = start + self.width as usize;
        match (self.pixels.get(start..start + 2)?, self.pixels.get(below..below + 2)?) {
            (&[a, b], &[c, d]) => Some([a, b, c, d]),
            _ => None,
        }
    }

    #[cold]
    fn around(&self, left: i32, top: i32) -> [u64; 4] {
        let (width, height) = (self.width as usize, self.height as usize);
        let column = |x: i32| mirrored(x.into(), width);
        let row = |y: i32| mirrored(y.into(), height) * width;
        let (l, r, t, b) = (column(left), column(left + 1), row(top), row(top + 1));
        [t + l, t + r, b + l, b + r].map(|i| self.pixels[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_themselves_and_between_them_colours_are_mixed() {
        let size = Size { width: 5, height: 4 };
        let frame = Frame::new(size, (0..60).map(|i| (i * 37 % 251) as u8).collect());
        let packed = Packed::of(&frame);
        let pixel = |x: usize, y: usize| <[u8; 3]>::try_from(&frame.rgb()[3 * (5 * y + x)..][..3]).unwrap();
        for (x, y) in (0..5).flat_map(|x| (0..4).map(move |y| (x, y))) {
            assert_eq!(packed.at(64 * x as i32, 64 * y as i32), pixel(x, y));
        }
        // A quarter of the way to the right, and half of the way down.
        let (a, b, c, d) = (pixel(1, 1), pixel(2, 1), pixel(1, 2), pixel(2, 2));
        let mixed = [0, 1, 2].map(|i| {
            let [a, b, c, d] = [a, b, c, d].map(|p| f32::from(p[i]));
            (0.375 * a + 0.125 * b + 0.375 * c + 0.125 * d).round() as u8
        });
        assert_eq!(packed.at(64 + 16, 64 + 32), mixed);
        // Mirrored beyond the edges.
        assert_eq!((packed.at(-64, 0), packed.at(5 * 64, 4 * 64)), (pixel(0, 0), pixel(4, 3)));
    }
}
