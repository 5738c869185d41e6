//! The first pass over a track: how long it is, how loud, and which one-channel mix carries it.
//!
//! All later work happens on the levelled signal, so that a gain changes nothing, and the level is a
//! high percentile of short blocks, so that neither one click nor a long silence decides it.

use super::decode::{Block, Decoded, decode};
use crate::error::{Error, ErrorKind, Result};
use crate::progress::{Flow, Progress};
use std::path::Path;

/// Root mean square that the loud parts are brought to; where produced music lies at full scale ±1.
const TARGET: f64 = 0.2;
/// Below this root mean square (-90 dB) a track counts as silent: it is dither or less.
const SILENCE: f64 = 3e-5;

/// What the first pass tells the second.
pub(super) struct Survey {
    /// Length, rate, channels, notes.
    pub(super) decoded: Decoded,
    /// Factor that brings the track to the target level; none for a silent track.
    pub(super) gain: Option<f32>,
    /// How the channels are mixed for the one-channel listeners.
    pub(super) mix: Mix,
}

/// A one-channel mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mix {
    /// The mean of the channels.
    Sum,
    /// Every other channel inverted: what remains of a track whose channels cancel each other.
    Difference,
}

impl Mix {
    /// Mixes one interleaved set of channels.
    pub(super) fn apply(self, channels: &[f32]) -> f32 {
        let sign = |i: usize| if self == Mix::Difference && i % 2 == 1 { -1.0 } else { 1.0 };
        channels.iter().enumerate().map(|(i, v)| sign(i) * v).sum::<f32>() / channels.len() as f32
    }
}

/// Decodes the whole track once.
pub(super) fn survey(path: &Path, progress: &dyn Progress) -> Result<Survey> {
    progress.stage("Reading the track", 0);
    let mut meter = Meter::default();
    let mut done = 0u64;
    let decoded = decode(path, &mut |block| {
        meter.push(block);
        done += (block.samples.len() / block.channels) as u64;
        go_on(progress, done)
    })?;
    for note in &decoded.notes {
        progress.note(note);
    }
    let level = meter.level();
    let gain = (level > SILENCE).then(|| (TARGET / level) as f32);
    let mix = if meter.difference > 4.0 * meter.sum { Mix::Difference } else { Mix::Sum };
    Ok(Survey { decoded, gain, mix })
}

/// Tells how far the work is; an error if the person asked to stop.
pub(super) fn go_on(progress: &dyn Progress, done: u64) -> Result<()> {
    match progress.advance(done) {
        Flow::Continue => Ok(()),
        Flow::Stop => Err(Error::new(ErrorKind::Stopped, "stopped while listening to the track")),
    }
}

/// Measures the power of tenths of a second.
#[derive(Default)]
struct Meter {
    blocks: Vec<f64>,
    power: f64,
    filled: usize,
    /// Power of the two mixes over the whole track.
    sum: f64,
    difference: f64,
}

impl Meter {
    fn push(&mut self, block: Block<'_>) {
        let length = (block.rate.0 as usize / 10).max(1);
        for set in block.samples.chunks_exact(block.channels) {
            self.power += set.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / set.len() as f64;
            self.sum += f64::from(Mix::Sum.apply(set)).powi(2);
            self.difference += f64::from(Mix::Difference.apply(set)).powi(2);
            self.filled += 1;
            if self.filled == length {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        self.blocks.push(self.power / self.filled as f64);
        (self.power, self.filled) = (0.0, 0);
    }

    /// The 95th percentile of the blocks that sound, as a root mean square.
    fn level(&mut self) -> f64 {
        if self.blocks.is_empty() && self.filled > 0 {
            self.close();
        }
        let loudest = self.blocks.iter().copied().fold(0.0, f64::max);
        self.blocks.retain(|power| *power > loudest * 1e-8);
        self.blocks.sort_by(f64::total_cmp);
        self.blocks.get(self.blocks.len().saturating_sub(1) * 95 / 100).map_or(0.0, |power| power.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SampleRate;

    #[test]
    fn the_level_ignores_one_click_and_a_long_silence() {
        let rate = 8000;
        let mut samples = vec![0.0; rate * 30];
        for (i, v) in samples.iter_mut().take(rate * 10).enumerate() {
            *v = (i as f32 * 0.3).sin() * 0.1;
        }
        samples[rate * 5] = 1.0;
        let mut meter = Meter::default();
        meter.push(Block { rate: SampleRate(rate as u32), channels: 1, samples: &samples });
        assert!((meter.level() - 0.1 / 2f64.sqrt()).abs() < 1e-3);
    }

    #[test]
    fn opposite_channels_survive_in_the_difference() {
        assert_eq!(Mix::Sum.apply(&[0.5, -0.5]), 0.0);
        assert_eq!(Mix::Difference.apply(&[0.5, -0.5]), 0.5);
    }
}
