//! How bright a track is, and what a dull one is lifted by before the nets hear it.
//!
//! An old tape, a phone or a low-pass filter takes the treble away, in which the nets hear strokes best. What is left of
//! it is lifted to where the dullest produced tracks have theirs; brighter tracks stay as they are.

use super::band::{BANDS, Bands, center_hz};
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
        let dull = DULL * DULL_HZ / center_hz(i).max(DULL_HZ);
        level * (dull / mean).clamp(1.0, LARGEST) as f32
    })
}
