//! Transitions: over a cut the last picture of the take before stays for a while.

use super::settings::Cut;
use crate::vector::vectorized;
use crate::video::frame::Frame;
use rayon::prelude::*;

/// How soft the edge of a wipe is, as a share of the picture's width.
const SOFT: f32 = 0.06;

/// `frame` with what `cut` still shows of the picture `before`: mixed evenly, and right of an edge that comes from the left.
pub(super) fn add(frame: &mut Frame, before: &Frame, cut: Cut) {
    let width = frame.size().width as usize;
    // Where the edge has got, from before the left edge of the picture to behind the right one.
    let edge = (1.0 - cut.wipe) * (1.0 + SOFT) - SOFT;
    let old = |x: usize| {
        let wiped = if cut.wipe > 0.0 {
            (((x as f32 + 0.5) / width as f32 - edge) / SOFT).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let share = 1.0 - (1.0 - wiped) * (1.0 - cut.dissolve);
        [(share * 256.0 + 0.5) as u16; 3]
    };
    let shares: Vec<u16> = (0..width).flat_map(old).collect();
    let rows = frame.rgb_mut().par_chunks_exact_mut(3 * width);
    rows.zip(before.rgb().par_chunks_exact(3 * width)).for_each(|(row, before)| {
        vectorized(
            #[inline(always)]
            || {
                for ((now, before), share) in row.iter_mut().zip(before).zip(&shares) {
                    let mixed =
                        u32::from(*now) * u32::from(256 - share) + u32::from(*before) * u32::from(*share);
                    *now = ((mixed + 128) >> 8) as u8;
                }
            },
        );
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Size;

    const SIZE: Size = Size { width: 100, height: 4 };

    fn mixed(cut: Cut) -> Frame {
        let mut frame = Frame::new(SIZE, vec![200; 3 * SIZE.pixels()]);
        add(&mut frame, &Frame::new(SIZE, vec![100; 3 * SIZE.pixels()]), cut);
        frame
    }

    #[test]
    fn a_dissolve_mixes_evenly() {
        for (dissolve, expected) in [(1.0, 100), (0.75, 125), (0.5, 150), (0.0, 200)] {
            let seen = mixed(Cut { dissolve, ..Cut::HARD });
            assert!(seen.rgb().iter().all(|v| *v == expected), "{dissolve}");
        }
    }

    #[test]
    fn a_wipe_comes_from_the_left_over_a_soft_edge() {
        let seen = mixed(Cut { wipe: 0.5, ..Cut::HARD });
        let row: Vec<u8> = seen.rgb()[..300].iter().step_by(3).copied().collect();
        let edge = (0.5 * (1.0 + SOFT) - SOFT) * 100.0;
        for (x, value) in row.iter().enumerate() {
            let old = ((x as f32 + 0.5 - edge) / (100.0 * SOFT)).clamp(0.0, 1.0);
            assert!((f32::from(*value) - (200.0 - 100.0 * old)).abs() <= 1.0, "{x}: {value}");
        }
        assert!(row[0] == 200 && row[99] == 100 && row.is_sorted_by(|a, b| a >= b));
        assert!(mixed(Cut { wipe: 1.0, ..Cut::HARD }).rgb().iter().all(|v| *v == 100));
    }
}
