//! Light that spills from bright places, near and far at once.

use super::pyramid::Plane;
use super::spill::{light, squared};
use crate::video::frame::Frame;

/// Rows of the finest plane: all widths are shares of the height.
const ROWS: u32 = 180;
/// How many widths there are, each twice the one before.
const WIDTHS: usize = 6;
/// How much brighter the spill is than what it comes from: far and wide there is little of it.
const GAIN: f32 = 1.5;

/// `frame` with a bloom of strength `amount`: per channel light + (1 − light) · min(amount · b, 1), where b is the mean of the
/// squared light blurred in [`WIDTHS`] widths, times [`GAIN`]. So only bright places spill, and nothing goes beyond white.
///
/// Blurs go over ever smaller pictures (Jimenez 2014, "Next Generation Post Processing in Call of Duty: Advanced Warfare").
pub(super) fn add(frame: &mut Frame, amount: f32) {
    let spill = spread(squared(frame, ROWS), WIDTHS);
    light(frame, &spill, amount * GAIN / WIDTHS as f32);
}

/// The sum of `plane` blurred in `widths` widths.
fn spread(plane: Plane, widths: usize) -> Plane {
    let half = plane.halved();
    // A blur is what is left of the picture in its half.
    let coarse = if widths > 1 { spread(half, widths - 1) } else { half };
    let even = Plane { width: plane.width, height: plane.height, values: vec![0.0; plane.values.len()] };
    match widths {
        WIDTHS => even.plus(&coarse),
        _ => plane.plus(&coarse),
    }
}

#[cfg(test)]
mod tests {
    use super::super::srgb::{to_light, to_srgb};
    use super::*;
    use crate::units::Size;

    fn lit(mut frame: Frame, amount: f32) -> Frame {
        add(&mut frame, amount);
        frame
    }

    #[test]
    fn a_flat_picture_follows_the_formula() {
        let size = Size { width: 40, height: 24 };
        for (value, amount) in [(0u8, 2.0f32), (100, 0.0), (100, 1.0), (200, 0.5), (255, 2.0)] {
            let light = to_light(f32::from(value) / 255.0);
            let expected = 255.0 * to_srgb(light + (1.0 - light) * (amount * GAIN * light * light).min(1.0));
            let seen = lit(Frame::new(size, vec![value; 3 * size.pixels()]), amount);
            let off = seen.rgb().iter().map(|v| (f32::from(*v) - expected).abs()).fold(0.0, f32::max);
            assert!(off <= 1.0, "{value} {amount}: {off}");
        }
    }

    /// The picture of a bright square, and the light that is added at so many pixels from its edge.
    fn spilt(side: u32) -> impl Fn(usize) -> f32 {
        let size = Size { width: 2 * side, height: side };
        let mut frame = Frame::black(size);
        let (middle, half) = (side as usize / 2, side as usize / 20);
        for y in middle - half..middle + half {
            frame.rgb_mut()[3 * (2 * side as usize * y + middle - half)..][..6 * half].fill(255);
        }
        let seen = lit(frame, 2.0);
        move |away| {
            to_light(f32::from(seen.rgb()[3 * (2 * side as usize * middle + middle + half + away)]) / 255.0)
        }
    }

    #[test]
    fn light_spills_near_and_far_and_less_with_every_step() {
        let at = spilt(180);
        let row: Vec<f32> = (0..100).map(&at).collect();
        assert!(row.is_sorted_by(|a, b| a >= b), "{row:?}");
        // One width alone would be gone at some times its size.
        assert!(row[2] > 2.0 * row[12] && row[12] > 2.0 * row[45] && row[60] > 0.0005, "{row:?}");
    }

    #[test]
    fn widths_are_shares_of_the_height() {
        let (small, large) = (spilt(180), spilt(540));
        for away in [4usize, 10, 20, 40] {
            let (a, b) = (small(away), large(3 * away + 1));
            assert!((a - b).abs() < 0.15 * a + 0.003, "{away}: {a} {b}");
        }
    }
}
