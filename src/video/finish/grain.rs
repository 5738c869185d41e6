//! The grain of fast film.

use crate::noise::{Stream, bell};
use crate::units::{ShownFrame, Size};

/// Spread of the grain at full strength, of 255 steps.
const SPREAD: f32 = 24.0;

/// Grain of one frame: a function of seed, frame and place alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grain {
    /// How strong, from 0 to 1.
    pub amount: f32,
    /// What all noise depends on.
    pub seed: u64,
    /// Index of the frame, counted from the start of the track.
    pub frame: ShownFrame,
}

impl Grain {
    /// None at all.
    pub const NONE: Grain = Grain { amount: 0.0, seed: 0, frame: ShownFrame(0) };

    /// Adds the grain of row `y` to a row of RGB values from 0 to 255; the same for all three, as film has it.
    #[inline(always)]
    pub(super) fn add(&self, y: usize, row: &mut [f32], draws: &mut Vec<f32>) {
        draws.resize(row.len() / 3, 0.0);
        let rows = u64::from(Size::MAX_SIDE);
        bell(self.seed, Stream::Finish, self.frame.0.wrapping_mul(rows).wrapping_add(y as u64), draws);
        for (pixel, draw) in row.chunks_exact_mut(3).zip(draws.iter()) {
            pixel.iter_mut().for_each(|v| *v += SPREAD * self.amount * draw);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grain_has_its_spread_no_colour_and_no_offset() {
        let mut row = vec![100.0; 3 * 8192];
        Grain { amount: 0.5, seed: 3, frame: ShownFrame(9) }.add(4, &mut row, &mut Vec::new());
        assert!(row.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]));
        let mean = row.iter().sum::<f32>() / row.len() as f32;
        let spread = (row.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / row.len() as f32).sqrt();
        assert!((mean - 100.0).abs() < 1.0 && (spread - 12.0).abs() < 0.5, "{mean} {spread}");
    }

    #[test]
    fn every_frame_and_row_has_its_own_and_always_the_same() {
        let drawn = |frame, y| {
            let mut row = vec![0.0; 30];
            Grain { amount: 1.0, seed: 3, frame: ShownFrame(frame) }.add(y, &mut row, &mut Vec::new());
            row
        };
        assert_eq!(drawn(1, 2), drawn(1, 2));
        assert!(drawn(1, 2) != drawn(1, 3) && drawn(1, 2) != drawn(2, 2));
    }
}
