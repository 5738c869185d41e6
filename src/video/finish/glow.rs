//! Light that spills from bright places.

use super::srgb::{to_light, to_srgb};
use crate::video::frame::Frame;
use rayon::prelude::*;

/// How far light spills, as a share of the picture's height.
const REACH: f32 = 1.0 / 24.0;

/// `frame` with a glow of strength `amount`: per channel light + (1 − light) · min(amount · b, 1), where b is the
/// square of the light, blurred. So only bright places spill, and nothing goes beyond white.
pub(super) fn add(frame: &Frame, amount: f32) -> Frame {
    let size = frame.size();
    let (width, height) = (size.width as usize, size.height as usize);
    let light: Vec<f32> = frame.rgb().par_iter().map(|v| to_light(f32::from(*v) / 255.0)).collect();
    let mut spill: Vec<f32> = light.iter().map(|v| v * v).collect();
    let reach = ((height as f32 * REACH).round() as usize).max(1);
    // Three boxes are nearly a Gaussian; turned over in between, so that columns lie as rows do.
    blur_rows(&mut spill, width, reach);
    let mut columns = turned(&spill, width, height);
    blur_rows(&mut columns, height, reach);
    let spill = turned(&columns, height, width);
    let mut out = Frame::black(size);
    out.rgb_mut().par_iter_mut().zip(light.par_iter().zip(&spill)).for_each(|(byte, (light, spill))| {
        let lit = light + (1.0 - light) * (amount * spill).min(1.0);
        // The cast keeps to 0..=255.
        *byte = (255.0 * to_srgb(lit) + 0.5) as u8;
    });
    out
}

/// Rows of `width` pixels of three values as columns.
fn turned(pixels: &[f32], width: usize, height: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(pixels.len());
    for x in 0..width {
        for y in 0..height {
            out.extend_from_slice(&pixels[3 * (y * width + x)..][..3]);
        }
    }
    out
}

/// Each row of `width` pixels three times averaged over `reach` pixels on either side, the edge going on as it is.
fn blur_rows(pixels: &mut [f32], width: usize, reach: usize) {
    pixels.par_chunks_exact_mut(3 * width).for_each_init(
        || vec![0.0f32; width],
        |line, row| {
            for c in 0..3 {
                for _ in 0..3 {
                    line.iter_mut().enumerate().for_each(|(x, v)| *v = row[3 * x + c]);
                    let at = |x: isize| line[x.clamp(0, width as isize - 1) as usize];
                    let r = reach as isize;
                    let mut sum: f64 = (-r..=r).map(|x| f64::from(at(x))).sum();
                    for x in 0..width {
                        row[3 * x + c] = (sum / (2 * r + 1) as f64) as f32;
                        let x = x as isize;
                        sum += f64::from(at(x + r + 1)) - f64::from(at(x - r));
                    }
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Size;

    fn flat(value: u8) -> Frame {
        let size = Size { width: 40, height: 24 };
        Frame::new(size, vec![value; 3 * size.pixels()])
    }

    #[test]
    fn a_flat_picture_follows_the_formula() {
        for (value, amount) in [(0u8, 2.0f32), (100, 0.0), (100, 1.0), (200, 0.5), (255, 2.0)] {
            let light = to_light(f32::from(value) / 255.0);
            let expected = 255.0 * to_srgb(light + (1.0 - light) * (amount * light * light).min(1.0));
            let seen = add(&flat(value), amount);
            assert!(seen.rgb().iter().all(|v| (f32::from(*v) - expected).abs() <= 1.0), "{value} {amount}");
        }
    }

    #[test]
    fn light_spills_evenly_and_only_from_bright_places() {
        let size = Size { width: 49, height: 49 };
        let mut frame = Frame::black(size);
        let centre = 3 * (24 * 49 + 24);
        frame.rgb_mut()[centre..centre + 3].fill(255);
        let seen = add(&frame, 2.0);
        let at = |x: usize, y: usize| seen.rgb()[3 * (y * 49 + x)];
        assert!(at(24, 24) == 255 && at(25, 24) > 0 && at(0, 0) == 0);
        for d in 1..8 {
            assert_eq!(at(24 + d, 24), at(24 - d, 24));
            assert_eq!(at(24 + d, 24), at(24, 24 + d));
            assert!(at(24 + d, 24) <= at(23 + d, 24));
        }
    }
}
