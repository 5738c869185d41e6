//! Energy by the millisecond, and with it the exact time of an onset.

use super::decode::Block;
use super::spectrum::lanes;

/// Milliseconds searched before and after a guess: what a spectrum blurs.
const SEARCH: usize = 20;
/// Milliseconds that are compared before and after a candidate.
const BEFORE: usize = 15;
const AFTER: usize = 6;

/// Energy of the levelled signal's changes, one value per millisecond.
pub(super) struct Energy {
    cells: Vec<f32>,
    last: Vec<f32>,
    index: u64,
}

impl Energy {
    /// Of a track that is still to come.
    pub(super) fn new() -> Self {
        Energy { cells: Vec::new(), last: Vec::new(), index: 0 }
    }

    /// As if the track had been brought to level by `gain` before.
    pub(super) fn levelled(mut self, gain: f32) -> Self {
        self.cells.iter_mut().for_each(|cell| *cell *= gain * gain);
        self
    }

    pub(super) fn push(&mut self, block: Block<'_>) {
        self.last.resize(block.channels, 0.0);
        let rate = u64::from(block.rate.0);
        // Differences grow with the frequency and shrink with the rate; attacks are bright.
        let scale = rate as f32 / 44_100.0;
        let mut samples = block.samples;
        while !samples.is_empty() {
            let cell = self.index * 1000 / rate;
            let rest = ((cell + 1) * rate).div_ceil(1000) - self.index;
            let (now, later) = samples.split_at(samples.len().min(rest as usize * block.channels));
            self.cells.resize(cell as usize + 1, 0.0);
            self.cells[cell as usize] += self.changes(now, scale);
            self.index += (now.len() / block.channels) as u64;
            samples = later;
        }
    }

    /// The power of the changes from sample to sample, and a little of the power itself.
    fn changes(&mut self, samples: &[f32], scale: f32) -> f32 {
        let power = |(value, before): (&f32, &f32)| {
            let change = (value - before) * scale;
            change * change + 0.01 * value * value
        };
        let channels = self.last.len();
        let first: f32 = samples[..channels].iter().zip(&self.last).map(power).sum();
        let sum = first + lanes(samples[channels..].iter().zip(samples).map(power));
        self.last.copy_from_slice(&samples[samples.len() - channels..]);
        sum
    }

    /// The onset nearest to what the guess meant, in seconds: where the energy rises most.
    pub(super) fn refine(&self, guess: f64) -> f64 {
        let at = (guess * 1000.0).round().max(0.0) as usize;
        let from = at.saturating_sub(SEARCH);
        let to = (at + SEARCH + 1).min(self.cells.len());
        let rise = |cell: usize| {
            let cell = cell as isize;
            let after = self.mean(cell, AFTER as isize);
            let before = self.mean(cell - BEFORE as isize, BEFORE as isize);
            // What is far below the music's level is no rise.
            ((after + 1e-4) / (before + 1e-4)).ln()
        };
        // Nothing begins in silence, not even a moment before a sound.
        let best = (from..to)
            .filter(|cell| self.cells[*cell] > 1e-9)
            .map(|cell| (rise(cell), cell))
            .fold((0.0f32, at), |a, b| if b.0 > a.0 { b } else { a });
        // In the middle of its millisecond, so that errors have no sign.
        (best.1 as f64 + 0.5) / 1000.0
    }

    /// The mean of `count` cells; before and after the track there is silence.
    fn mean(&self, from: isize, count: isize) -> f32 {
        let inside = |cell: isize| (cell.max(0) as usize).min(self.cells.len());
        self.cells[inside(from)..inside(from + count)].iter().sum::<f32>() / count as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SampleRate;

    #[test]
    fn a_burst_is_found_to_the_millisecond() {
        let mut samples = vec![0.0f32; 44_100];
        for (i, v) in samples[13_230..].iter_mut().enumerate() {
            *v = (i as f32 * 0.5).sin() * (-(i as f32) / 4000.0).exp() * 0.5;
        }
        let mut energy = Energy::new();
        energy.push(Block { rate: SampleRate(44_100), channels: 1, speakers: 0, samples: &samples });
        for guess in [0.281, 0.3, 0.319] {
            assert!((energy.refine(guess) - 0.3).abs() <= 0.002, "{}", energy.refine(guess));
        }
    }
}
