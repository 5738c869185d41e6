//! Pictures as JPEG, as they are or smaller.

use crate::error::{Context, Error, Result};
use crate::units::Size;
use crate::video::Frame;
use jpeg_encoder::{ColorType, Encoder};
use std::sync::Arc;

/// Of JPEG, in percent: what a draft shows comes through.
const QUALITY: u8 = 82;

/// `frame` as a JPEG.
///
/// # Errors
/// Internal: it can't be written.
pub fn jpeg(frame: &Frame) -> Result<Arc<[u8]>> {
    let mut bytes = Vec::new();
    let (width, height) = (frame.size().width as u16, frame.size().height as u16);
    Encoder::new(&mut bytes, QUALITY)
        .encode(frame.rgb(), width, height, ColorType::Rgb)
        .context(|| Error::internal("a picture can't be written as JPEG"))?;
    Ok(bytes.into())
}

/// `frame` at most so wide, in its own shape: every pixel is the mean of those that lie under it.
pub fn shrunk(frame: Frame, most: u32) -> Frame {
    let from = frame.size();
    if from.width <= most {
        return frame;
    }
    let height = (u64::from(from.height) * u64::from(most)).div_ceil(u64::from(from.width)) as u32;
    let size = Size { width: most, height };
    let [rows, columns] = [(from.height, height), (from.width, most)].map(|(all, few)| {
        let at = move |i: u32| (u64::from(i) * u64::from(all) / u64::from(few)) as usize;
        move |i: u32| at(i)..at(i + 1).max(at(i) + 1)
    });
    let mut rgb = Vec::with_capacity(3 * size.pixels());
    for y in 0..height {
        for x in 0..most {
            let (under, count) = (rows(y), rows(y).len() * columns(x).len());
            let mut sums = [count / 2; 3];
            for row in under {
                let start = row * from.width as usize;
                let pixels = &frame.rgb()[3 * (start + columns(x).start)..3 * (start + columns(x).end)];
                for pixel in pixels.chunks_exact(3) {
                    sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += usize::from(*value));
                }
            }
            rgb.extend(sums.map(|sum| (sum / count) as u8));
        }
    }
    Frame::new(size, rgb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pictures_are_means_of_large_ones_and_keep_their_shape() {
        let size = Size { width: 4, height: 2 };
        let grey = [0, 100, 10, 20, 200, 101, 30, 41];
        let frame = Frame::new(size, grey.iter().flat_map(|v| [*v, *v, 255 - *v]).collect());
        assert_eq!(shrunk(frame.clone(), 4), frame);
        let small = shrunk(frame.clone(), 2);
        assert_eq!((small.size().width, small.size().height), (2, 1));
        assert_eq!(small.rgb(), [100, 100, 155, 25, 25, 230]);
        // Where sides don't divide, none of the pixels is left out and none is outside.
        let odd = shrunk(Frame::new(Size { width: 7, height: 5 }, vec![9; 105]), 3);
        assert_eq!((odd.size().width, odd.size().height), (3, 3));
        assert!(odd.rgb().iter().all(|value| *value == 9));
    }
}
