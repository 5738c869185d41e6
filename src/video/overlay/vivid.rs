//! The colour of a picture: its own hue, as light as a colour of that hue can be.

use crate::video::frame::Frame;

/// Pixels that are looked at, at most.
const SAMPLES: usize = 4096;

/// The mean colour of `frame`, in which a pixel counts by the square of its chroma (largest - smallest channel), brought to a full
/// largest channel; grey pictures give white.
pub fn vivid(frame: &Frame) -> [u8; 3] {
    let pixels = frame.rgb().len() / 3;
    let step = (pixels / SAMPLES).max(1) | 1;
    let (mut sum, mut weights) = ([0.0f64; 3], 0.0);
    for pixel in frame.rgb().chunks_exact(3).step_by(step) {
        let (least, most) = pixel.iter().fold((255, 0), |(a, b), v| (a.min(*v), b.max(*v)));
        let weight = f64::from(most - least.min(most)).powi(2);
        (0..3).for_each(|c| sum[c] += weight * f64::from(pixel[c]));
        weights += weight;
    }
    let most = sum.iter().copied().fold(0.0, f64::max);
    if weights < pixels.div_ceil(step) as f64 || most <= 0.0 {
        return [255; 3];
    }
    sum.map(|v| (255.0 * v / most).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Size;

    #[test]
    fn the_colour_is_the_hue_of_what_has_one() {
        let size = Size { width: 90, height: 50 };
        let of = |color: [u8; 3], share: usize| {
            let pixel = |i: usize| if i % 10 < share { color } else { [90; 3] };
            vivid(&Frame::new(size, (0..size.pixels()).flat_map(pixel).collect()))
        };
        assert_eq!(of([0; 3], 10), [255; 3]);
        assert_eq!(of([128; 3], 10), [255; 3]);
        assert_eq!(of([100, 50, 0], 10), [255, 128, 0]);
        assert_eq!(of([100, 50, 0], 5), [255, 128, 0]);
        assert_eq!(vivid(&Frame::black(Size { width: 0, height: 0 })), [255; 3]);
    }
}
