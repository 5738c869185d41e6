//! Level: how loud a track is, and which one-channel mix carries it.
//!
//! All conclusions are drawn on the levelled signal, so that a gain changes nothing. The level is a high
//! percentile over the hops, so that neither one click nor a long silence decides it, nor silence in front.

use super::decode::Block;
use super::spectrum::lanes;
use std::ops::Range;

/// Root mean square that the loud parts are brought to; where produced music lies at full scale ±1.
const TARGET: f64 = 0.2;
/// Below this root mean square (-90 dB) a track counts as silent: it is dither or less.
const SILENCE: f64 = 3e-5;
/// Share of the hops that stay below the level.
const LOUD: f64 = 0.95;
/// A hop sounds if its power is less than 60 dB below the level.
const QUIETEST: f64 = 1e-6;

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

/// Measures the power of hops.
pub(super) struct Meter {
    hop: usize,
    /// Mean power of each hop, over the channels.
    powers: Vec<f64>,
    power: f64,
    filled: usize,
    /// Power of the two mixes over the whole track.
    sum: f64,
    difference: f64,
}

impl Meter {
    /// A meter for hops of so many samples.
    pub(super) fn new(hop: usize) -> Self {
        Meter { hop, powers: Vec::new(), power: 0.0, filled: 0, sum: 0.0, difference: 0.0 }
    }

    pub(super) fn push(&mut self, block: Block<'_>) {
        let channels = block.channels;
        let mut samples = block.samples;
        while !samples.is_empty() {
            let rest = (self.hop - self.filled) * channels;
            let (now, later) = samples.split_at(samples.len().min(rest));
            self.power += f64::from(lanes(now.iter().map(|v| v * v)));
            for set in now.chunks_exact(channels) {
                let even: f32 = set.iter().step_by(2).sum();
                let odd: f32 = set[1..].iter().step_by(2).sum();
                self.sum += f64::from((even + odd).powi(2));
                self.difference += f64::from((even - odd).powi(2));
            }
            self.filled += now.len() / channels;
            if self.filled == self.hop {
                self.close(channels);
            }
            samples = later;
        }
    }

    fn close(&mut self, channels: usize) {
        self.powers.push(self.power / (self.hop * channels) as f64);
        (self.power, self.filled) = (0.0, 0);
    }

    /// The factor that brings the track to the target level, none for a silent track; and the hops from the first that
    /// sounds to the last.
    pub(super) fn finish(mut self, channels: usize) -> (Option<f32>, Range<usize>) {
        if self.filled > 0 {
            self.close(channels);
        }
        let loudest = self.powers.iter().copied().fold(0.0, f64::max);
        let mut heard: Vec<f64> =
            self.powers.iter().copied().filter(|power| *power > loudest * 1e-8).collect();
        heard.sort_by(f64::total_cmp);
        let Some(last) = heard.len().checked_sub(1) else { return (None, 0..0) };
        let level = heard[(last as f64 * LOUD) as usize].sqrt();
        let sounds = |power: &f64| *power > level * level * QUIETEST;
        let first = self.powers.iter().position(sounds).unwrap_or(0);
        let end = self.powers.iter().rposition(sounds).map_or(first, |last| last + 1);
        ((level > SILENCE).then(|| (TARGET / level) as f32), first..end)
    }

    /// How the channels are best mixed for a one-channel listener.
    pub(super) fn mix(&self) -> Mix {
        if self.difference > 4.0 * self.sum { Mix::Difference } else { Mix::Sum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SampleRate;

    fn gain_of(samples: &[f32]) -> Option<f32> {
        let mut meter = Meter::new(80);
        for part in samples.chunks(1001) {
            meter.push(Block { rate: SampleRate(8000), channels: 1, speakers: 0, samples: part });
        }
        meter.finish(1).0
    }

    #[test]
    fn the_level_ignores_one_click_and_a_long_silence() {
        let mut samples = vec![0.0; 8000 * 30];
        for (i, v) in samples.iter_mut().take(8000 * 10).enumerate() {
            // Ten whole waves a hop.
            *v = (i as f32 * std::f32::consts::FRAC_PI_4).sin() * 0.1;
        }
        samples[8000 * 5] = 1.0;
        let gain = gain_of(&samples).unwrap();
        assert!((gain - 0.2 / 0.1 * 2f32.sqrt()).abs() < 0.03, "{gain}");
    }

    #[test]
    fn twice_the_signal_takes_exactly_half_the_gain() {
        let samples: Vec<f32> = (0..80_000).map(|i| (i as f32 * 0.3).sin() * 0.1).collect();
        let twice: Vec<f32> = samples.iter().map(|v| v * 2.0).collect();
        let shifted = [&vec![0.0; 80 * 7], &samples[..]].concat();
        assert_eq!(gain_of(&samples), gain_of(&twice).map(|g| g * 2.0));
        assert_eq!(gain_of(&samples), gain_of(&shifted));
        assert_eq!(gain_of(&[0.0; 8000]), None);
    }

    #[test]
    fn opposite_channels_survive_in_the_difference() {
        assert_eq!(Mix::Sum.apply(&[0.5, -0.5]), 0.0);
        assert_eq!(Mix::Difference.apply(&[0.5, -0.5]), 0.5);
        let mut meter = Meter::new(80);
        meter.push(Block {
            rate: SampleRate(8000),
            channels: 2,
            speakers: 0,
            samples: &[0.5, -0.5].repeat(500),
        });
        assert_eq!(meter.mix(), Mix::Difference);
    }
}
