//! Light that spills from bright places.

use super::pyramid::Plane;
use super::spill::{light, squared};
use crate::video::frame::Frame;

/// How far light spills, as a share of the picture's height.
const REACH: f32 = 1.0 / 24.0;
/// Rows that are enough to blur.
const ROWS: u32 = 180;

/// Adds a glow of strength `amount`: per channel light + (1 − light) · min(amount · b, 1), where b is the
/// square of the light, blurred. So only bright places spill, and nothing goes beyond white.
pub(super) fn add(frame: &mut Frame, amount: f32) {
    let mut spill = squared(frame, ROWS);
    let reach = ((spill.height as f32 * REACH).round() as usize).max(1);
    // Once each way; turned over twice, it lies as it did.
    for _ in 0..2 {
        blur_columns(&mut spill, reach);
        spill = turned(&spill);
    }
    light(frame, &spill, amount);
}

/// Rows as columns.
fn turned(plane: &Plane) -> Plane {
    Plane::of(plane.height, plane.width, |x, out| {
        for (y, pixel) in out.chunks_exact_mut(3).enumerate() {
            pixel.copy_from_slice(&plane.row(y)[3 * x..][..3]);
        }
    })
}

/// Each column three times averaged over `reach` pixels up and down, the edge going on as it is: nearly a Gaussian.
fn blur_columns(plane: &mut Plane, reach: usize) {
    let last = plane.height - 1;
    for _ in 0..3 {
        let before = Plane { width: plane.width, height: plane.height, values: plane.values.clone() };
        let mut sums: Vec<f32> = before.row(0).iter().map(|v| v * (reach + 1) as f32).collect();
        for y in 1..=reach {
            sums.iter_mut().zip(before.row(y.min(last))).for_each(|(sum, v)| *sum += v);
        }
        let share = 1.0 / (2 * reach + 1) as f32;
        for (y, row) in plane.values.chunks_exact_mut(3 * before.width).enumerate() {
            let (enters, leaves) =
                (before.row((y + reach + 1).min(last)), before.row(y.saturating_sub(reach)));
            for ((out, sum), (enters, leaves)) in row.iter_mut().zip(&mut sums).zip(enters.iter().zip(leaves))
            {
                *out = (share * *sum).max(0.0);
                *sum += enters - leaves;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::srgb::{to_light, to_srgb};
    use super::*;
    use crate::units::Size;

    fn flat(value: u8) -> Frame {
        let size = Size { width: 40, height: 24 };
        Frame::new(size, vec![value; 3 * size.pixels()])
    }

    fn lit(mut frame: Frame, amount: f32) -> Frame {
        add(&mut frame, amount);
        frame
    }

    #[test]
    fn a_flat_picture_follows_the_formula() {
        for (value, amount) in [(0u8, 2.0f32), (100, 0.0), (100, 1.0), (200, 0.5), (255, 2.0)] {
            let light = to_light(f32::from(value) / 255.0);
            let expected = 255.0 * to_srgb(light + (1.0 - light) * (amount * light * light).min(1.0));
            let seen = lit(flat(value), amount);
            assert!(seen.rgb().iter().all(|v| (f32::from(*v) - expected).abs() <= 1.0), "{value} {amount}");
        }
    }

    #[test]
    fn light_spills_evenly_and_only_from_bright_places() {
        let size = Size { width: 49, height: 49 };
        let mut frame = Frame::black(size);
        let centre = 3 * (24 * 49 + 24);
        frame.rgb_mut()[centre..centre + 3].fill(255);
        let seen = lit(frame, 2.0);
        let at = |x: usize, y: usize| seen.rgb()[3 * (y * 49 + x)];
        assert!(at(24, 24) == 255 && at(25, 24) > 0 && at(0, 0) == 0);
        for d in 1..8 {
            assert_eq!(at(24 + d, 24), at(24 - d, 24));
            assert_eq!(at(24 + d, 24), at(24, 24 + d));
            assert!(at(24 + d, 24) <= at(23 + d, 24));
        }
    }
}
