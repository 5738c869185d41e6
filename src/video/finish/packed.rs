//! Frames with one number a pixel, to be read between the pixels at any place.

use super::placement::mirrored;
use crate::units::Size;
use crate::video::frame::Frame;
use rayon::prelude::*;

/// Steps between two pixels.
pub(super) const STEPS: f32 = 256.0;

/// A picture whose pixels are numbers: red in the lowest byte, then green and blue.
pub(super) struct Packed {
    pixels: Vec<u32>, // [height, width]
    width: i32,
    height: i32,
}

impl Packed {
    pub fn of(frame: &Frame) -> Self {
        let Size { width, height } = frame.size();
        let mut pixels = vec![0u32; frame.size().pixels()];
        pixels.par_chunks_mut(4096).zip(frame.rgb().par_chunks(3 * 4096)).for_each(|(out, rgb)| {
            for (number, p) in out.iter_mut().zip(rgb.chunks_exact(3)) {
                *number = u32::from_le_bytes([p[0], p[1], p[2], 0]);
            }
        });
        Packed { pixels, width: width as i32, height: height as i32 }
    }

    /// The colour at (`x`, `y`), in [`STEPS`] between pixels, whole pixels being pixels' centres: a mean of the four around it.
    /// Beyond its edges the picture goes on mirrored.
    #[inline(always)]
    pub fn at(&self, x: i32, y: i32) -> [u8; 3] {
        let (left, top) = (x >> 8, y >> 8);
        let (across, down) = ((x & 255) as u64, (y & 255) as u64);
        let inside = left >= 0 && top >= 0 && left + 1 < self.width && top + 1 < self.height;
        let start = (top * self.width + left) as usize;
        let below = start + self.width as usize;
        let four = match (self.pixels.get(start..start + 2), self.pixels.get(below..below + 2)) {
            (Some(&[a, b]), Some(&[c, d])) if inside => [a, b, c, d],
            _ => self.around(left, top),
        };
        let weights =
            [(256 - across) * (256 - down), across * (256 - down), (256 - across) * down, across * down];
        // Two sums in one number: red below, blue above. The weights are 65536 in all.
        let (mut ends, mut middle) = (0x8000_0000_8000, 0x8000);
        for (pixel, weight) in four.into_iter().zip(weights) {
            let pixel = u64::from(pixel);
            ends += weight * (pixel & 0xff | (pixel & 0xff_0000) << 16);
            middle += weight * (pixel >> 8 & 0xff);
        }
        [(ends >> 16) as u8, (middle >> 16) as u8, (ends >> 48) as u8]
    }

    #[cold]
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
        for (x, y) in (0..5).flat_map(|x| (0..4).map(move |y| (x, y))) {
            assert_eq!(packed.at(256 * x as i32, 256 * y as i32), pixel(x, y));
        }
        // A quarter of the way to the right, and half of the way down.
        let (a, b, c, d) = (pixel(1, 1), pixel(2, 1), pixel(1, 2), pixel(2, 2));
        let mixed = [0, 1, 2].map(|i| {
            let [a, b, c, d] = [a, b, c, d].map(|p| f32::from(p[i]));
            (0.375 * a + 0.125 * b + 0.375 * c + 0.125 * d).round() as u8
        });
        assert_eq!(packed.at(256 + 64, 256 + 128), mixed);
        // Mirrored beyond the edges.
        assert_eq!((packed.at(-256, 0), packed.at(5 * 256, 4 * 256)), (pixel(0, 0), pixel(4, 3)));
    }
}
