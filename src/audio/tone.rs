//! Tone: how bright a track is, and what a dull one is lifted by before the nets hear it.
//!
//! An old tape, a phone or a low-pass filter takes the treble away, in which the nets hear strokes best. What is left of
//! it is lifted to where the dullest produced tracks have theirs; brighter tracks stay as they are.

use super::band::{BANDS, Bands, WHOLE};
use std::ops::Range;

/// Mean magnitude below which a band is lifted, at 100 Hz; 6 dB less per octave: one in ten tracks is as dull as that.
const DULL: f64 = 0.008;
const DULL_HZ: f64 = 100.0;
/// Largest lift: 40 dB. What is missing by more than that is not there.
const LARGEST: f64 = 100.0;

/// The gain on each band for a track that is brought to level by `level`, by what sounds in the hops of `span`.
pub(super) fn gains(bands: &Bands, level: f32, span: &Range<usize>) -> [f32; BANDS] {
    let mut sums = [0.0; BANDS];
    for hop in span.clone() {
        sums.iter_mut().zip(bands.hop(hop as isize)).for_each(|(sum, m)| *sum += f64::from(m));
    }
    std::array::from_fn(|i| {
        let mean = sums[i] * f64::from(level) / span.len().max(1) as f64;
        let dull = DULL * DULL_HZ / WHOLE.center_hz(i).max(DULL_HZ);
        level * (dull / mean).clamp(1.0, LARGEST) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty hops in which the band `i` has `magnitude(i)`.
    fn track(magnitude: impl Fn(usize) -> f64) -> Bands {
        let hop: Vec<f32> = (0..BANDS).map(|i| magnitude(i) as f32).collect();
        Bands::of_values(&hop.repeat(20))
    }

    #[test]
    fn what_is_bright_enough_stays_as_it_is() {
        assert_eq!(gains(&track(|_| 0.01), 1.0, &(0..20)), [1.0; BANDS]);
        // The level counts, not what the file has: as loud as that once it is brought to it.
        assert_eq!(gains(&track(|_| 0.001), 10.0, &(0..20)), [10.0; BANDS]);
    }

    #[test]
    fn a_muffled_track_is_lifted_to_six_decibels_an_octave_and_no_further() {
        let muffled = |i: usize| if WHOLE.center_hz(i) < 4000.0 { 0.01 } else { 1e-5 };
        let lifted = gains(&track(muffled), 1.0, &(0..20));
        for (i, gain) in lifted.iter().enumerate() {
            let hz = WHOLE.center_hz(i);
            let expected = if hz < 4000.0 { 1.0 } else { (0.8 / hz / 1e-5) as f32 };
            assert!((gain / expected - 1.0).abs() < 0.01, "{hz} Hz by {gain}");
        }
        let silent = gains(&track(|i| if i < 40 { 0.01 } else { 0.0 }), 1.0, &(0..20));
        assert_eq!(silent[40..], [LARGEST as f32; BANDS - 40]);
    }

    #[test]
    fn only_what_sounds_counts() {
        let loud = track(|_| 0.01);
        let later = Bands::of_values(&[vec![0.0; 400 * BANDS], loud.values()].concat());
        assert_eq!(gains(&later, 1.0, &(400..420)), [1.0; BANDS]);
        assert_eq!(gains(&loud, 0.0, &(0..0)), [0.0; BANDS]);
    }
}
