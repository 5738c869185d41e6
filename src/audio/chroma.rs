//! Pitch classes: how strong C, D flat, D ... B are, whatever the octave.
//!
//! Only peaks of the spectrum count, each at the frequency that a parabola through its three bins gives (Smith and
//! Serra 1987): between 130 Hz and 2.5 kHz, where a bin is wider than a semitone at first, all else would smear.

use super::series::smooth;
use super::spectrum::Grid;
use std::ops::Range;

/// Names of the pitch classes, upwards from C.
pub(super) const CLASSES: [&str; 12] = ["c", "db", "d", "eb", "e", "f", "gb", "g", "ab", "a", "bb", "b"];
/// Hops whose pitch classes are taken together.
pub(super) const POOL: usize = 5;
/// Where pitches are looked for, in hertz.
const HEARD: (f64, f64) = (130.0, 2500.0);
/// Pools on either side that are taken together: a quarter of a second in all.
const REACH: usize = 2;
/// Least sum of peaks, for a track at level, that is a pitch; below lies noise.
const FAINT: f32 = 2e-3;

/// Collects pitch classes of spectra, [`POOL`] hops at a time.
pub(super) struct Chroma {
    grid: Grid,
    bins: Range<usize>,
    pool: [f32; 12],
    pools: Vec<[f32; 12]>,
    pooled: usize,
}

impl Chroma {
    pub(super) fn new(grid: Grid) -> Self {
        let bin = |hz: f64| ((hz / grid.bin_hz()) as usize).clamp(1, grid.bins() - 1);
        Chroma { grid, bins: bin(HEARD.0)..bin(HEARD.1), pool: [0.0; 12], pools: Vec::new(), pooled: 0 }
    }

    /// Takes the spectrum of the next hop.
    pub(super) fn push(&mut self, magnitudes: &[f32]) {
        for k in self.bins.clone() {
            let [below, peak, above] = [magnitudes[k - 1], magnitudes[k], magnitudes[k + 1]];
            if peak > below && peak >= above {
                let shift = 0.5 * (above - below) / (2.0 * peak - below - above);
                let octaves = ((k as f64 + f64::from(shift)) * self.grid.bin_hz() / 440.0).log2();
                // A is the ninth semitone above C.
                self.pool[((12.0 * octaves).round() as i32 + 9).rem_euclid(12) as usize] += peak;
            }
        }
        self.pooled += 1;
        if self.pooled == POOL {
            self.close();
        }
    }

    fn close(&mut self) {
        self.pools.push(self.pool.map(|v| v / self.pooled as f32));
        (self.pool, self.pooled) = ([0.0; 12], 0);
    }

    /// The mean magnitudes of the classes, pool after pool.
    pub(super) fn finish(mut self) -> Vec<[f32; 12]> {
        if self.pooled > 0 {
            self.close();
        }
        self.pools
    }
}

/// One list per class, a value per pool, as a share of the strongest class at that time; 0 where nothing has a pitch.
/// `pools` are magnitudes of a track at level.
pub(super) fn shares(pools: &[[f32; 12]]) -> [Vec<f32>; 12] {
    let list = |class: usize| smooth(&pools.iter().map(|p| p[class]).collect::<Vec<_>>(), REACH);
    let mut classes: [Vec<f32>; 12] = std::array::from_fn(list);
    for i in 0..pools.len() {
        let (sum, most) =
            classes.iter().map(|c| c[i]).fold((0.0, 0.0f32), |(sum, most), v| (sum + v, most.max(v)));
        let scale = if sum > FAINT { 1.0 / most } else { 0.0 };
        classes.iter_mut().for_each(|c| c[i] *= scale);
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::decode::Block;
    use crate::audio::spectrum::Spectra;
    use crate::units::SampleRate;

    /// Shares of a second of sines at some frequencies, in its middle.
    fn heard(rate: u32, hz: &[f64]) -> [f32; 12] {
        let sine = |i: u32, hz: f64| (std::f64::consts::TAU * hz * f64::from(i) / f64::from(rate)).sin();
        let samples: Vec<f32> =
            (0..rate).map(|i| hz.iter().map(|hz| 0.1 * sine(i, *hz)).sum::<f64>() as f32).collect();
        let rate = SampleRate(rate);
        let (mut spectra, mut chroma) = (Spectra::new(Grid::new(rate), 1, 0), Chroma::new(Grid::new(rate)));
        spectra.push(Block { rate, channels: 1, speakers: 0, samples: &samples }, &mut |s| {
            chroma.push(s.magnitudes)
        });
        shares(&chroma.finish()).map(|list| list[list.len() / 2])
    }

    #[test]
    fn a_chord_is_its_three_notes_in_any_octave_and_at_any_rate() {
        let triads = [[261.63, 329.63, 392.0], [523.25, 659.26, 783.99], [1046.5, 659.26, 392.0]];
        for (rate, hz) in [22_050, 44_100, 96_000].into_iter().flat_map(|r| triads.map(|t| (r, t))) {
            let classes = heard(rate, &hz);
            let strong: Vec<&str> = (0..12).filter(|i| classes[*i] > 0.5).map(|i| CLASSES[i]).collect();
            assert_eq!(strong, ["c", "e", "g"], "{rate} {hz:?} {classes:?}");
            assert!(classes.iter().all(|v| *v > 0.5 || *v < 0.1), "{classes:?}");
        }
        assert_eq!(heard(44_100, &[]), [0.0; 12]);
    }
}
