//! Outlines that light up in the colours of what they part.

use super::neighbours::{Around, map};
use crate::video::frame::Frame;

/// A change of brightness from black to white over this share of the height is a line at full light.
const WIDTH: f32 = 1.0 / 24.0;

/// `frame` with its outlines added: v · (1 − amount / 2) + amount · outline, where an outline is as bright as the slope of the
/// channel is steep (Sobel's operator).
pub(super) fn add(frame: &Frame, amount: f32) -> Frame {
    let gain = frame.size().height as f32 * WIDTH;
    map(
        frame,
        #[inline(always)]
        |around| around[1][1] * (1.0 - 0.5 * amount) + amount * (gain * slope(around)).min(255.0),
    )
}

/// How much brighter it gets from one pixel to the next, in the direction in which it does most.
#[inline(always)]
fn slope([top, middle, bottom]: Around) -> f32 {
    let across = (top[2] - top[0]) + 2.0 * (middle[2] - middle[0]) + (bottom[2] - bottom[0]);
    let down = (bottom[0] - top[0]) + 2.0 * (bottom[1] - top[1]) + (bottom[2] - top[2]);
    (across * across + down * down).sqrt() / 8.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Size;

    const SIZE: Size = Size { width: 32, height: 36 };

    fn slopes(right: u8, down: u8) -> Frame {
        let pixels = (0..36u8).flat_map(|y| (0..32u8).flat_map(move |x| [right * x + down * y + 5; 3]));
        Frame::new(SIZE, pixels.collect())
    }

    #[test]
    fn an_outline_is_as_bright_as_its_slope_is_steep_whichever_way_it_goes() {
        for (right, down) in [(3u8, 0u8), (0, 3), (2, 2), (1, 4)] {
            let (frame, amount) = (slopes(right, down), 0.8);
            let seen = add(&frame, amount);
            let slope = f32::from(right).hypot(f32::from(down));
            for (x, y) in (1..31).flat_map(|x| (1..35).map(move |y| (x, y))) {
                let at = 3 * (32 * y + x);
                let expected = 0.6 * f32::from(frame.rgb()[at]) + amount * (36.0 * WIDTH * slope);
                assert!(
                    (f32::from(seen.rgb()[at]) - expected.min(255.0)).abs() <= 0.51,
                    "{right} {down} {x} {y}"
                );
            }
        }
    }

    #[test]
    fn where_nothing_changes_there_is_no_outline() {
        let flat = Frame::new(SIZE, vec![120; 3 * SIZE.pixels()]);
        assert_eq!(add(&flat, 0.0), flat);
        assert!(add(&flat, 2.0).rgb().iter().all(|v| *v == 0), "at 2 there are outlines alone");
    }
}
