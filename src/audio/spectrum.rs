//! Samples go in, magnitude spectra on the hop grid come out, summed over the channels.
//!
//! Magnitudes are summed, not samples: a track whose channels cancel each other is silent in a mono
//! mix but not here. Two real channels share one complex transform.

use super::decode::Block;
use super::loudness::k_weight;
use crate::units::SampleRate;
use crate::vector::vectorized;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Distance of two hops and length of the taper for a sample rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    /// Samples between two hops: about 10 ms.
    pub(super) hop: usize,
    /// Samples under the taper: a power of two near 46 ms.
    pub(super) taper: usize,
    /// Samples a second.
    pub(super) rate: SampleRate,
}

impl Grid {
    pub(super) fn new(rate: SampleRate) -> Self {
        let exponent = (f64::from(rate.0) * 0.0464).log2().round().max(4.0);
        Grid { hop: (rate.0 as usize).div_ceil(100), taper: 1 << exponent as u32, rate }
    }

    /// Seconds between two hops.
    pub(super) fn seconds(self) -> f64 {
        self.hop as f64 / f64::from(self.rate.0)
    }

    /// Number of magnitudes in a spectrum.
    pub(super) fn bins(self) -> usize {
        self.taper / 2 + 1
    }

    /// Hertz between two bins.
    pub(super) fn bin_hz(self) -> f64 {
        f64::from(self.rate.0) / self.taper as f64
    }
}

/// One hop's spectrum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spectrum<'a> {
    /// Mean over the channels; a sine at full scale has magnitude 1.
    pub(super) magnitudes: &'a [f32],
    /// K-weighted mean square, summed over the channels as they are weighted.
    pub(super) square: f32,
}

/// Cuts a track into tapered stretches, centered on the hops, and transforms them.
pub(super) struct Spectra {
    grid: Grid,
    channels: usize,
    taper: Vec<f32>,
    fft: Arc<dyn Fft<f32>>,
    /// Interleaved samples that later hops still need.
    pending: Vec<f32>,
    buffer: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// Four times the power of the two channels, per bin.
    powers: Vec<[f32; 2]>,
    magnitudes: Vec<f32>,
    /// The K weighting of each bin's power, and what the power of each channel counts for.
    ear: Vec<f32>,
    weights: Vec<f32>,
    square: f32,
}

impl Spectra {
    /// Spectra of a signal with `channels` channels; the first `lead` of them lie before its first sample.
    pub(super) fn new(grid: Grid, channels: usize, lead: usize) -> Self {
        let step = std::f64::consts::TAU / grid.taper as f64;
        let hann = |i: usize| 0.5 - 0.5 * (step * i as f64).cos();
        let fft = FftPlanner::new().plan_fft_forward(grid.taper);
        // A sine at full scale has magnitude 1.
        let scale = 4.0 / grid.taper as f64;
        Spectra {
            grid,
            channels,
            taper: (0..grid.taper).map(|i| (hann(i) * scale) as f32).collect(),
            scratch: vec![Complex32::ZERO; fft.get_inplace_scratch_len()],
            fft,
            // Half a taper of silence puts the first one's center on the first sample.
            pending: vec![0.0; (grid.taper / 2 + lead * grid.hop) * channels],
            buffer: vec![Complex32::ZERO; grid.taper],
            powers: vec![[0.0; 2]; grid.bins()],
            magnitudes: vec![0.0; grid.bins()],
            ear: (0..grid.bins()).map(|k| k_weight(k as f64 * grid.bin_hz()) as f32).collect(),
            // One more, for the silence beside an odd channel.
            weights: vec![1.0; channels + 1],
            square: 0.0,
        }
    }

    /// The same, with these weights of the channels' power in the mean square.
    pub(super) fn weighted(mut self, weights: &[f32]) -> Self {
        self.weights[..weights.len()].copy_from_slice(weights);
        self
    }

    /// Takes a block and calls `each` with the spectrum of every hop that is complete.
    pub(super) fn push(&mut self, block: Block<'_>, each: &mut impl FnMut(Spectrum<'_>)) {
        self.pending.extend_from_slice(block.samples);
        let (length, step) = (self.grid.taper * self.channels, self.grid.hop * self.channels);
        let mut start = 0;
        while start + length <= self.pending.len() {
            self.transform(start);
            each(Spectrum { magnitudes: &self.magnitudes, square: self.square });
            start += step;
        }
        self.pending.drain(..start.min(self.pending.len()));
    }

    /// Gives the hops whose taper reaches past the end, as if silence followed.
    pub(super) fn finish(mut self, each: &mut impl FnMut(Spectrum<'_>)) {
        let silence = vec![0.0; self.grid.taper / 2 * self.channels];
        let block = Block { rate: self.grid.rate, channels: self.channels, speakers: 0, samples: &silence };
        self.push(block, each);
    }

    /// The mean magnitude over the channels of the stretch at `start` of the pending samples, and its mean square.
    fn transform(&mut self, start: usize) {
        self.magnitudes.fill(0.0);
        let mut power = 0.0;
        for first in (0..self.channels).step_by(2) {
            let sets = &self.pending[start..];
            match self.channels {
                2 => load(&mut self.buffer, &self.taper, sets.as_chunks().0.iter().copied()),
                n => load(
                    &mut self.buffer,
                    &self.taper,
                    sets.chunks_exact(n).map(|set| [set[first], set.get(first + 1).copied().unwrap_or(0.0)]),
                ),
            }
            self.fft.process_with_scratch(&mut self.buffer, &mut self.scratch);
            let weights = [self.weights[first], self.weights[first + 1]];
            power += vectorized(
                #[inline(always)]
                || self.add_pair(weights),
            );
        }
        let mean = 0.5 / self.channels as f32;
        self.magnitudes.iter_mut().for_each(|m| *m *= mean);
        // A sine of magnitude m has the mean square m² / 2, and is in three bins: m, m / 2 and m / 2.
        self.square = 0.25 * power / 3.0;
    }

    /// Adds the magnitudes of the two channels whose transform is in the buffer; gives their weighted power.
    #[inline(always)]
    fn add_pair(&mut self, [a, b]: [f32; 2]) -> f32 {
        // Z(k) ± conj Z(n-k) takes the two channels apart again. Roots come last: they go many at a time.
        let half = self.buffer.len() / 2;
        self.powers[0] = apart(&self.buffer[0], &self.buffer[0]);
        let pairs = self.buffer[1..].iter().zip(self.buffer[half..].iter().rev());
        for (powers, (one, other)) in self.powers[1..].iter_mut().zip(pairs) {
            *powers = apart(one, other);
        }
        for (magnitude, [sum, difference]) in self.magnitudes.iter_mut().zip(&self.powers) {
            *magnitude += sum.sqrt() + difference.sqrt();
        }
        lanes(
            self.powers
                .iter()
                .zip(&self.ear)
                .map(|([sum, difference], ear)| (a * sum + b * difference) * ear),
        )
    }
}

/// Puts tapered pairs of channels into the buffer, as real and imaginary part.
#[inline(always)]
fn load(buffer: &mut [Complex32], taper: &[f32], pairs: impl Iterator<Item = [f32; 2]>) {
    for (slot, ([re, im], taper)) in buffer.iter_mut().zip(pairs.zip(taper)) {
        *slot = Complex32::new(re * taper, im * taper);
    }
}

/// Four times the powers of two real channels, from the values of their transform at a frequency and at its negative.
#[inline(always)]
fn apart(a: &Complex32, b: &Complex32) -> [f32; 2] {
    [(a + b.conj()).norm_sqr(), (a - b.conj()).norm_sqr()]
}

/// A sum in eight lanes, so that it goes many at a time; always in the same order.
#[inline(always)]
pub(super) fn lanes(values: impl ExactSizeIterator<Item = f32>) -> f32 {
    let mut sums = [0.0f32; 8];
    values.enumerate().for_each(|(i, v)| sums[i % 8] += v);
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spectra_of(rate: u32, channels: usize, samples: &[f32]) -> Vec<Vec<f32>> {
        let mut spectra = Spectra::new(Grid::new(SampleRate(rate)), channels, 0);
        let mut all = Vec::new();
        for part in samples.chunks(1000 * channels) {
            let block = Block { rate: SampleRate(rate), channels, speakers: 0, samples: part };
            spectra.push(block, &mut |s| all.push(s.magnitudes.to_vec()));
        }
        spectra.finish(&mut |s| all.push(s.magnitudes.to_vec()));
        all
    }

    #[test]
    fn a_sine_has_its_amplitude_in_its_bin() {
        let grid = Grid::new(SampleRate(48_000));
        let hz = grid.bin_hz() * 40.0;
        let sine: Vec<f32> = (0..48_000)
            .map(|i| 0.5 * (std::f64::consts::TAU * hz * f64::from(i) / 48_000.0).sin() as f32)
            .collect();
        let all = spectra_of(48_000, 1, &sine);
        let middle = &all[50];
        assert!((middle[40] - 0.5).abs() < 1e-3, "{}", middle[40]);
        assert!(middle[50] < 1e-3);
    }

    #[test]
    fn channels_that_cancel_are_heard_in_full() {
        let sets: Vec<f32> =
            (0..44_100).flat_map(|i| [(i as f32 * 0.1).sin(), -(i as f32 * 0.1).sin()]).collect();
        let left: Vec<f32> = sets.iter().step_by(2).copied().collect();
        let (both, one) = (spectra_of(44_100, 2, &sets), spectra_of(44_100, 1, &left));
        for (a, b) in both[50].iter().zip(&one[50]) {
            assert!((a - b).abs() < 1e-4);
        }
    }

    #[test]
    fn there_is_a_hop_for_every_hundredth_of_a_second() {
        for (rate, samples) in [(8000, 8000), (44_100, 44_100), (192_000, 192_000), (44_100, 100)] {
            let all = spectra_of(rate, 1, &vec![0.1; samples]);
            let hops = samples.div_ceil(Grid::new(SampleRate(rate)).hop);
            assert!(all.len().abs_diff(hops) <= 1, "{rate} {samples}: {} {hops}", all.len());
        }
    }
}
