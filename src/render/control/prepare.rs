//! Preparations: what is made of a picture before a ControlNet sees it, without any network.

use super::canny;
use crate::error::{Error, Result};
use crate::video::Frame;
use std::str::FromStr;

/// One preparation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Prepare {
    /// White edges on black, by their gradients' thresholds: what is below the first is none, what is above the second is one.
    Canny(u32, u32),
    /// Its luminance, Y of BT.601.
    Luminance,
    /// Light becomes dark.
    Invert,
    /// Blurred by a Gaussian of so many pixels.
    Blur(f32),
    /// White where the luminance is at least this share of the largest, else black.
    Threshold(f32),
}

impl FromStr for Prepare {
    type Err = Error;

    /// # Errors
    /// Usage: there is no such preparation.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::usage(format!("a control picture can't be prepared by '{text}'"))
                .hint("canny, canny@100-200, luminance, invert, blur@2, threshold@0.5 are there, several with + between them")
        };
        let (name, value) = match text.split_once('@') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (text.trim(), None),
        };
        let number = |usual: f32, most: f32| match value {
            None => Some(usual),
            Some(value) => value.parse::<f32>().ok().filter(|v| (0.0..=most).contains(v)),
        };
        let prepare = match (name, value) {
            ("canny", None) => Some(Prepare::Canny(100, 200)),
            ("canny", Some(value)) => value.split_once('-').and_then(|(low, high)| {
                let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
                (low <= high && high <= canny::MOST).then_some(Prepare::Canny(low, high))
            }),
            ("luminance", None) => Some(Prepare::Luminance),
            ("invert", None) => Some(Prepare::Invert),
            ("blur", _) => number(2.0, 64.0).map(Prepare::Blur),
            ("threshold", _) => number(0.5, 1.0).map(Prepare::Threshold),
            _ => None,
        };
        prepare.ok_or_else(wrong)
    }
}

impl Prepare {
    /// `frame` prepared.
    pub fn apply(self, frame: &Frame) -> Frame {
        match self {
            Prepare::Canny(low, high) => canny::edges(frame, low, high),
            Prepare::Luminance => each(frame, |pixel| [luma(pixel); 3]),
            Prepare::Invert => each(frame, |pixel| pixel.map(|v| 255 - v)),
            Prepare::Blur(sigma) => blurred(frame, sigma),
            Prepare::Threshold(share) => {
                each(frame, |pixel| [if f32::from(luma(pixel)) >= 255.0 * share { 255 } else { 0 }; 3])
            }
        }
    }
}

/// Y of BT.601, rounded.
fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((19_595 * u32::from(r) + 38_470 * u32::from(g) + 7_471 * u32::from(b) + 0x8000) >> 16) as u8
}

fn each(frame: &Frame, f: impl Fn([u8; 3]) -> [u8; 3]) -> Frame {
    let pixels = frame.rgb().as_chunks::<3>().0.iter();
    Frame::new(frame.size(), pixels.flat_map(|pixel| f(*pixel)).collect())
}

/// Convolved with e^(-x²/2σ²), cut off at 3σ, along rows and columns; the pixels at the edge go on beyond it.
fn blurred(frame: &Frame, sigma: f32) -> Frame {
    let reach = (3.0 * sigma).ceil() as isize;
    if reach == 0 {
        return frame.clone();
    }
    let weights: Vec<f32> = (-reach..=reach).map(|x| (-0.5 * (x as f32 / sigma).powi(2)).exp()).collect();
    let total: f32 = weights.iter().sum();
    let (width, height) = (frame.size().width as isize, frame.size().height as isize);
    let along = |values: &[f32], (x, y): (isize, isize), (dx, dy): (isize, isize), color: isize| -> f32 {
        let at = |i: isize| {
            let (x, y) = ((x + i * dx).clamp(0, width - 1), (y + i * dy).clamp(0, height - 1));
            values[(3 * (y * width + x) + color) as usize]
        };
        (-reach..=reach).zip(&weights).map(|(i, weight)| weight * at(i)).sum::<f32>() / total
    };
    let pass = |values: &[f32], step: (isize, isize)| -> Vec<f32> {
        let all =
            (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |color| (x, y, color))));
        all.map(|(x, y, color)| along(values, (x, y), step, color)).collect()
    };
    let values: Vec<f32> = frame.rgb().iter().map(|v| f32::from(*v)).collect();
    let values = pass(&pass(&values, (1, 0)), (0, 1));
    Frame::new(frame.size(), values.into_iter().map(|v| (v + 0.5) as u8).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Size;

    fn frame(width: u32, height: u32, value: impl Fn(usize) -> u8) -> Frame {
        let size = Size { width, height };
        Frame::new(size, (0..3 * size.pixels()).map(value).collect())
    }

    /// Values of Pillow's `convert("L")`.
    #[test]
    fn luminance_is_that_of_others_and_thresholds_split_by_it() {
        let pixels = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 200, 90], [255; 3]];
        let picture = frame(5, 1, |i| pixels[i / 3][i % 3]);
        let seen: Vec<u8> = Prepare::Luminance.apply(&picture).rgb().iter().copied().step_by(3).collect();
        assert_eq!(seen, [76, 150, 29, 131, 255]);
        let split: Vec<u8> =
            Prepare::Threshold(0.5).apply(&picture).rgb().iter().copied().step_by(3).collect();
        assert_eq!(split, [0, 255, 0, 255, 255]);
        assert_eq!(Prepare::Invert.apply(&picture).rgb()[..3], [0, 255, 255]);
    }

    /// A point becomes the Gaussian's own form; what is even stays so.
    #[test]
    fn blur_is_the_gaussian_and_keeps_the_mean() {
        let even = frame(9, 7, |_| 137);
        assert_eq!(Prepare::Blur(1.5).apply(&even), even);
        assert_eq!(Prepare::Blur(0.0).apply(&even), even);
        let point = frame(41, 41, |i| if i / 3 == 41 * 20 + 20 { 255 } else { 0 });
        let seen = Prepare::Blur(2.0).apply(&point);
        let at = |x: usize, y: usize| f64::from(seen.rgb()[3 * (41 * y + x)]);
        for (x, y) in [(20, 20), (22, 20), (20, 17), (23, 22), (26, 26)] {
            let square = ((x as f64 - 20.0).powi(2) + (y as f64 - 20.0).powi(2)) / 8.0;
            let expected = 255.0 * (-square).exp() / (8.0 * std::f64::consts::PI);
            assert!((at(x, y) - expected).abs() < 0.7, "{x} {y}: {} {expected}", at(x, y));
        }
    }
}
