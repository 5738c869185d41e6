//! The low end of a track, heard more finely: blocks of samples go in, magnitudes in 37 bands below 520 Hz come out.
//!
//! Where a taper of 46 ms sees a kick and a bass note in the same two bands, one of 200 ms tells them apart. It costs
//! little, since it is laid over far fewer samples: the sound is brought down to about 2 kHz first, by a cubic B-spline (four
//! boxes, each as long as the distance of two new samples). That is nearly zero around all multiples of the new
//! rate, from where the lowest frequencies would be folded over (Hogenauer 1981).

use super::band::{Bands, LEAD, LOW, LOW_BANDS};
use super::decode::Block;
use super::spectrum::{Grid, Spectra, lanes};
use crate::units::SampleRate;
use crate::vector::vectorized;

/// Samples a second that are aimed at.
const RATE: f64 = 2000.0;
/// Length of the taper, in seconds.
const TAPER: f64 = 0.2;
/// Boxes in the kernel.
const BOXES: usize = 4;

/// Listens to the low end.
pub(super) struct Low {
    decimator: Decimator,
    grid: Grid,
    spectra: Spectra,
    bands: Bands<LOW_BANDS>,
}

impl Low {
    /// For a signal with `channels` channels; the hops are those of `grid`.
    pub(super) fn new(grid: Grid, channels: usize) -> Self {
        let factor = factor(grid);
        let rate = f64::from(grid.rate.0) / factor as f64;
        let taper = ((rate * TAPER / 2.0).round() as usize).max(1) * 2;
        let grid = Grid { hop: grid.hop / factor, taper, rate: SampleRate((rate.round() as u32).max(1)) };
        Low {
            decimator: Decimator::new(factor, channels, factor * grid.hop),
            grid,
            // The kernel reaches before the first sample: a hop more comes from the decimator.
            spectra: Spectra::new(grid, channels, LEAD - 1),
            bands: Bands::new(grid, LOW),
        }
    }

    /// Takes the next samples.
    pub(super) fn push(&mut self, block: Block<'_>) {
        let Low { decimator, grid, spectra, bands } = self;
        let samples = decimator.push(block.samples);
        let block = Block { rate: grid.rate, channels: block.channels, speakers: 0, samples };
        spectra.push(block, &mut |spectrum| bands.push(spectrum.magnitudes));
    }

    /// What was heard; silence follows.
    pub(super) fn finish(mut self) -> Bands<LOW_BANDS> {
        let (rate, channels) = (self.grid.rate, self.decimator.pending.len());
        let silence = vec![0.0; self.decimator.kernel.len() * channels];
        self.push(Block { rate, channels, speakers: 0, samples: &silence });
        let Low { spectra, mut bands, .. } = self;
        spectra.finish(&mut |spectrum| bands.push(spectrum.magnitudes));
        bands
    }
}

/// How many samples become one: so many that the rate is near [`RATE`] and that hops still lie on samples.
fn factor(grid: Grid) -> usize {
    let off = |factor: &usize| (f64::from(grid.rate.0) / *factor as f64 / RATE).ln().abs();
    let divisors = (1..=grid.hop).filter(|factor| grid.hop.is_multiple_of(*factor));
    divisors.min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(1)
}

/// Takes a low-passed sample out of every few.
struct Decimator {
    factor: usize,
    kernel: Vec<f32>,
    /// Per channel, the samples that later ones still need.
    pending: Vec<Vec<f32>>,
    /// The interleaved samples that the last block gave.
    out: Vec<f32>,
}

impl Decimator {
    /// Begins with the sample that lies `before` the first.
    fn new(factor: usize, channels: usize, before: usize) -> Self {
        let kernel = (0..BOXES).fold(vec![1.0], |kernel, _| boxed(&kernel, factor));
        let pending = vec![vec![0.0; kernel.len() / 2 + before]; channels];
        Decimator { factor, kernel: kernel.iter().map(|v| *v as f32).collect(), pending, out: Vec::new() }
    }

    /// Takes interleaved samples, gives those that they make possible.
    fn push(&mut self, samples: &[f32]) -> &[f32] {
        let channels = self.pending.len();
        let ready = |held: usize| (held + self.factor).saturating_sub(self.kernel.len()) / self.factor;
        let count = ready(self.pending.first().map_or(0, Vec::len) + samples.len() / channels.max(1));
        self.out.clear();
        self.out.resize(count * channels, 0.0);
        for (c, held) in self.pending.iter_mut().enumerate() {
            held.extend(samples.iter().skip(c).step_by(channels));
            let (kernel, factor) = (&self.kernel, self.factor);
            let out =
                self.out.iter_mut().skip(c).step_by(channels).zip(held.windows(kernel.len()).step_by(factor));
            vectorized(
                #[inline(always)]
                || out.for_each(|(out, near)| *out = lanes(near.iter().zip(kernel).map(|(x, k)| x * k))),
            );
            held.drain(..count * factor);
        }
        &self.out
    }
}

/// The kernel with a mean over so many values after it.
fn boxed(kernel: &[f64], length: usize) -> Vec<f64> {
    let mut longer = vec![0.0; kernel.len() + length - 1];
    for (i, value) in kernel.iter().enumerate() {
        longer[i..i + length].iter_mut().for_each(|sum| *sum += value / length as f64);
    }
    longer
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The middle of two seconds of a sine, and whether it sounds in the bands of `rate`.
    fn heard(rate: u32, hz: f64) -> [f32; LOW_BANDS] {
        let step = std::f64::consts::TAU * hz / f64::from(rate);
        let sine: Vec<f32> = (0..2 * rate).map(|i| (step * f64::from(i)).sin() as f32).collect();
        let mut low = Low::new(Grid::new(SampleRate(rate)), 1);
        sine.chunks(777).for_each(|samples| {
            low.push(Block { rate: SampleRate(rate), channels: 1, speakers: 0, samples })
        });
        low.finish().hop(100)
    }

    #[test]
    fn tones_ten_hertz_apart_are_told_apart_at_every_rate() {
        for rate in [8000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000] {
            for band in [4, 9, 20] {
                let bands = heard(rate, LOW.center_hz(band));
                let loudest = (0..LOW_BANDS).max_by(|a, b| bands[*a].total_cmp(&bands[*b]));
                assert_eq!(loudest, Some(band), "{rate} Hz: {bands:?}");
                assert!((0.45..0.8).contains(&bands[band]) && bands[band + 2] < 0.05, "{rate} Hz: {bands:?}");
            }
        }
    }

    #[test]
    fn what_is_high_is_not_folded_over() {
        for hz in [1900.0, 2200.0, 4100.0, 6350.0, 12_700.0] {
            let bands = heard(44_100, hz);
            assert!(bands.iter().all(|m| *m < 2e-3), "{hz} Hz: {bands:?}");
        }
    }

    #[test]
    fn how_the_sound_is_cut_changes_nothing_and_hops_stay_hops() {
        let samples: Vec<f32> =
            (0..88_200).map(|i| ((i % 3001) * (i % 1999) % 1009) as f32 / 1009.0 - 0.5).collect();
        let listen = |silence: usize, part: usize| {
            let mut low = Low::new(Grid::new(SampleRate(44_100)), 2);
            let all = [vec![0.0; 2 * 441 * silence], samples.clone()].concat();
            all.chunks(part).for_each(|samples| {
                low.push(Block { rate: SampleRate(44_100), channels: 2, speakers: 0, samples });
            });
            low.finish()
        };
        let (whole, parts, later) = (listen(0, 88_200), listen(0, 34), listen(17, 5000));
        assert_eq!(whole.values(), parts.values());
        for hop in -11..100 {
            assert_eq!(whole.hop(hop), later.hop(hop + 17), "hop {hop}");
        }
        assert!(whole.count() >= LEAD + 100);
    }
}
