//! The mixer: any number of channels go in, samples of 16 bits of one or two come out, never louder than they came.

use crate::audio::decode::pull::Pulled;
use crate::audio::decode::{Side, sides};

/// What the middle is turned down by where it goes to both sides.
const MIDDLE: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// Brings any number of channels to one or two.
pub struct Mixer {
    channels: usize,
    /// For each channel that comes out, what it takes of each that goes in.
    gains: Vec<Vec<f32>>,
}

impl Mixer {
    /// For `track`, to so many channels.
    pub fn new(track: &Pulled, channels: u16) -> Self {
        let from = track.channels;
        if channels == 1 {
            return Mixer { channels: from, gains: vec![vec![1.0 / from as f32; from]] };
        }
        if from == 2 {
            return Mixer { channels: from, gains: vec![vec![1.0, 0.0], vec![0.0, 1.0]] };
        }
        let sides: Vec<Side> =
            sides(track.speakers).chain(std::iter::repeat(Side::Middle)).take(from).collect();
        let row = |own: Side| {
            let gain = |side: &Side| match side {
                Side::Middle => MIDDLE,
                side if *side == own => 1.0,
                _ => 0.0,
            };
            let row: Vec<f32> = sides.iter().map(gain).collect();
            let sum: f32 = row.iter().sum::<f32>().max(1.0);
            row.into_iter().map(|gain| gain / sum).collect()
        };
        Mixer { channels: from, gains: vec![row(Side::Left), row(Side::Right)] }
    }

    /// The block as samples of 16 bits.
    pub fn mix(&self, block: &[f32]) -> Vec<u8> {
        let value = |set: &[f32], gains: &Vec<f32>| {
            let sum: f32 = set.iter().zip(gains).map(|(value, gain)| value * gain).sum();
            ((sum * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16).to_le_bytes()
        };
        let sets = block.chunks_exact(self.channels);
        sets.flat_map(|set| self.gains.iter().flat_map(move |gains| value(set, gains))).collect()
    }
}
