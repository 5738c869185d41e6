//! Contrast-adaptive sharpening: soft outlines become crisp, strong ones grow no rims.

use super::neighbours::{Around, map};
use crate::video::frame::Frame;

/// `frame` sharpened by `amount`, from 0 to 1.
///
/// AMD FidelityFX CAS (Lottes 2019) over a cross: out = (c + w · (n + e + s + w)) / (1 + 4w), where the weight is
/// −amount / 5 · √(min(darkest, 1 − brightest) / brightest) of the five: least where something is near black or white.
pub(super) fn add(frame: &Frame, amount: f32) -> Frame {
    map(
        frame,
        #[inline(always)]
        |around| sharpened(around, amount),
    )
}

#[inline(always)]
fn sharpened([[_, north, _], [west, centre, east], [_, south, _]]: Around, amount: f32) -> f32 {
    let darkest = centre.min(north).min(south).min(west.min(east));
    let brightest = centre.max(north).max(south).max(west.max(east));
    let room = darkest.min(255.0 - brightest) / brightest.max(1.0);
    let weight = -0.2 * amount * room.min(1.0).sqrt();
    (centre + weight * (north + south + west + east)) / (1.0 + 4.0 * weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Size;

    const SIZE: Size = Size { width: 16, height: 8 };

    fn columns(value: impl Fn(usize) -> u8) -> Frame {
        Frame::new(SIZE, (0..8).flat_map(|_| (0..16).flat_map(|x| [value(x); 3])).collect())
    }

    fn row(frame: &Frame) -> Vec<u8> {
        frame.rgb()[3 * 64..].iter().step_by(3).take(16).copied().collect()
    }

    #[test]
    fn even_pictures_and_slopes_stay_and_nothing_is_nothing() {
        for frame in [columns(|_| 90), columns(|x| 40 + 8 * x as u8)] {
            let seen = add(&frame, 1.0);
            assert_eq!(row(&seen)[1..15], row(&frame)[1..15]);
        }
        let noisy = columns(|x| (x * 97 % 255) as u8);
        assert_eq!(add(&noisy, 0.0), noisy);
    }

    #[test]
    fn a_step_is_higher_by_the_formula_and_never_beyond_the_range() {
        let (low, high) = (100.0f32, 140.0f32);
        let step = columns(|x| if x < 8 { low as u8 } else { high as u8 });
        // The bright side of it: three bright neighbours and a dark one.
        let weight = -0.2 * (low.min(255.0 - high) / high).sqrt();
        let expected = (high + weight * (3.0 * high + low)) / (1.0 + 4.0 * weight);
        let seen = row(&add(&step, 1.0));
        assert!((f32::from(seen[8]) - expected).abs() <= 0.5 && seen[8] > 140 && seen[7] < 100, "{seen:?}");
        assert_eq!((seen[6], seen[9]), (100, 140));
        let hard = columns(|x| if x < 8 { 0 } else { 255 });
        assert_eq!(add(&hard, 1.0), hard);
    }
}
