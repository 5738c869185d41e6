//! Frames with one number a pixel, to be read between the pixels at any place.

use super::placement::mirrored;
use crate::units::Size;
use crate::video::frame::Frame;
use rayon::prelude::*;

/// Steps between two pixels, and how many bits they take.
pub(super) const STEPS: f32 = (1 << BITS) as f32;
const BITS: u32 = 6;
/// What the weights of four pixels are in all.
const WHOLE: u32 = 1 << (2 * BITS);
/// Places that are read together: with a fixed number the compiler makes vector instructions.
pub(super) const LANES: usize = 64;

/// A picture whose pixels are numbers, red in the lowest byte, then green and blue: one read is a pixel.
pub(super) struct Packed {
    /// [height, width], then black up to a power of two, so that a mask keeps what is read within.
    pixels: Vec<u32>,
    width: i32,
    height: i32,
}

impl Packed {
    pub fn of(frame: &Frame) -> Self {
        let Size { width, height } = frame.size();
        let mut pixels = vec![0u32; frame.size().pixels().next_power_of_two()];
        pixels.par_chunks_mut(4096).zip(frame.rgb().par_chunks(3 * 4096)).for_each(|(out, rgb)| {
            for (number, p) in out.iter_mut().zip(rgb.chunks_exact(3)) {
                *number = u32::from_le_bytes([p[0], p[1], p[2], 0]);
            }
        });
        Packed { pixels, width: width as i32, height: height as i32 }
    }

    /// The colours at (`x`, `y`), in [`STEPS`] between pixels, whole pixels being pixels' centres: means of the four around each.
    /// Beyond its edges the picture goes on mirrored.
    #[inline(always)]
    pub fn read(&self, x: &[i32; LANES], y: &[i32; LANES], colours: &mut [[u8; 3]; LANES]) {
        let within = |v: &[i32; LANES], count: i32| {
            let outside = |v: &i32| u8::from((v >> BITS) as u32 >= count as u32 - 1);
            v.iter().map(outside).fold(0, |any, v| any | v) == 0
        };
        // A step at a time for all places, in loops and not by `map`: of these the compiler makes vector instructions.
        let mut four = [[0u32; LANES]; 4];
        if within(x, self.width) && within(y, self.height) {
            let (pixels, mask) = (&self.pixels[..], self.pixels.len() - 1);
            for (four, apart) in four.iter_mut().zip([0, 1, self.width, self.width + 1]) {
                for ((pixel, x), y) in four.iter_mut().zip(x).zip(y) {
                    let start = (y >> BITS) * self.width + (x >> BITS);
                    *pixel = pixels[(start + apart) as u32 as usize & mask];
                }
            }
        } else {
            for i in 0..LANES {
                let around = self.around(x[i] >> BITS, y[i] >> BITS);
                four.iter_mut().zip(around).for_each(|(pixel, seen)| pixel[i] = seen);
            }
        }
        let mut channels = [[0u8; LANES]; 3];
        for (channel, bit) in channels.iter_mut().zip([0, 8, 16]) {
            for i in 0..LANES {
                let one = 1u32 << BITS;
                let (right, down) = (x[i] as u32 & (one - 1), y[i] as u32 & (one - 1));
                let seen = |k: usize| (four[k][i] >> bit) & 255;
                let upper = (one - right) * seen(0) + right * seen(1);
                let lower = (one - right) * seen(2) + right * seen(3);
                channel[i] = (((one - down) * upper + down * lower + WHOLE / 2) / WHOLE) as u8;
            }
        }
        for (i, colour) in colours.iter_mut().enumerate() {
            *colour = [channels[0][i], channels[1][i], channels[2][i]];
        }
    }

    /// The pixel at a place, the one right of it, and those below.
    #[inline(never)]
    fn around(&self, left: i32, top: i32) -> [u32; 4] {
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
        let read = |x: i32, y: i32| {
            let mut colours = [[0; 3]; LANES];
            packed.read(&[x; LANES], &[y; LANES], &mut colours);
            assert!(colours.iter().all(|colour| *colour == colours[0]));
            colours[0]
        };
        for (x, y) in (0..5).flat_map(|x| (0..4).map(move |y| (x, y))) {
            assert_eq!(read(64 * x as i32, 64 * y as i32), pixel(x, y));
        }
        // A quarter of the way to the right, and half of the way down.
        let (a, b, c, d) = (pixel(1, 1), pixel(2, 1), pixel(1, 2), pixel(2, 2));
        let mixed = [0, 1, 2].map(|i| {
            let [a, b, c, d] = [a, b, c, d].map(|p| f32::from(p[i]));
            (0.375 * a + 0.125 * b + 0.375 * c + 0.125 * d).round() as u8
        });
        assert_eq!(read(64 + 16, 64 + 32), mixed);
        // Mirrored beyond the edges.
        assert_eq!((read(-64, 0), read(5 * 64, 4 * 64)), (pixel(0, 0), pixel(4, 3)));
    }
}
