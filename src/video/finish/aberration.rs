//! A simple lens, which bends red less than blue.

use super::packed::{LANES, Packed, STEPS};
use crate::vector::vectorized;
use crate::video::frame::Frame;
use rayon::prelude::*;

/// By how much of its size red is larger and blue smaller than green at full strength.
const SPREAD: f32 = 0.02;

/// `frame` with red enlarged about the middle and blue made smaller, each by `amount`, from 0 to 1, of [`SPREAD`].
pub(super) fn add(frame: &Frame, amount: f32) -> Frame {
    let (size, source) = (frame.size(), Packed::of(frame));
    let mut out = frame.clone();
    let scales = [1.0 / (1.0 + SPREAD * amount), 1.0 / (1.0 - SPREAD * amount)];
    let place =
        |v: f32, middle: f32, scale: f32| (((v - middle) * scale + middle) * STEPS + 0.5).floor() as i32;
    let [middle_x, middle_y] = [size.width, size.height].map(|v| v as f32 / 2.0 - 0.5);
    let width = size.width.next_multiple_of(LANES as u32);
    let columns =
        scales.map(|scale| (0..width).map(|x| place(x as f32, middle_x, scale)).collect::<Vec<_>>());
    out.rgb_mut().par_chunks_exact_mut(3 * size.width as usize).enumerate().for_each(|(y, row)| {
        let [red, blue] = scales.map(|scale| [place(y as f32, middle_y, scale); LANES]);
        vectorized(
            #[inline(always)]
            || {
                let [reds, blues] = columns.each_ref().map(|places| places.as_chunks().0);
                let (mut near, mut far) = ([[0; 3]; LANES], [[0; 3]; LANES]);
                for (pixels, (reds, blues)) in row.chunks_mut(3 * LANES).zip(reds.iter().zip(blues)) {
                    source.read(reds, &red, &mut near);
                    source.read(blues, &blue, &mut far);
                    for (pixel, (near, far)) in pixels.chunks_exact_mut(3).zip(near.iter().zip(&far)) {
                        (pixel[0], pixel[2]) = (near[0], far[2]);
                    }
                }
            },
        );
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Size;

    #[test]
    fn red_grows_blue_shrinks_and_green_stays() {
        let size = Size { width: 80, height: 60 };
        let slope = |x: u32, y: u32| [(2 * x + 20) as u8, (x + y) as u8, (3 * y + 10) as u8];
        let pixels = (0..60).flat_map(|y| (0..80).flat_map(move |x| slope(x, y)));
        let frame = Frame::new(size, pixels.collect());
        let seen = add(&frame, 0.5);
        for (i, (pixel, own)) in seen.rgb().chunks_exact(3).zip(frame.rgb().chunks_exact(3)).enumerate() {
            let (x, y) = ((i % 80) as f32, (i / 80) as f32);
            let red = 20.0 + 2.0 * (39.5 + (x - 39.5) / 1.01);
            let blue = 10.0 + 3.0 * (29.5 + (y - 29.5) / 0.99).clamp(0.0, 59.0);
            assert!((f32::from(pixel[0]) - red).abs() < 0.6, "{x}: {pixel:?} {red}");
            assert!((f32::from(pixel[2]) - blue).abs() < 0.6 && pixel[1] == own[1], "{y}: {pixel:?} {blue}");
        }
        assert_eq!(add(&frame, 0.0), frame);
    }
}
