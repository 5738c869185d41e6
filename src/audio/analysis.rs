//! What was heard: events with times, and envelopes on the hop grid.

use crate::units::{SampleRate, Seconds};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything the score may know about a track. All times are seconds from its first sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// Length of the track.
    pub duration: Seconds,
    /// Sample rate of the file.
    pub sample_rate: SampleRate,
    /// Number of samples per channel in the file, once delay and padding are gone.
    pub samples: u64,
    /// Beats a minute; none where no beat was found.
    pub tempo_bpm: Option<f64>,
    /// Beats, ascending.
    pub beats: Vec<Seconds>,
    /// First beats of bars; each is also a beat.
    pub downbeats: Vec<Seconds>,
    /// Onsets, ascending.
    pub onsets: Vec<Seconds>,
    /// Sections in order, without gaps, from 0 to the end.
    pub sections: Vec<Section>,
    /// Envelopes by name, e.g. `loudness`, `bass.level`, `bass.hit`; values in 0..=1 unless said otherwise.
    pub envelopes: BTreeMap<String, Envelope>,
}

/// A stretch of the track that sounds alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// When it starts.
    pub start: Seconds,
    /// When it ends.
    pub end: Seconds,
    /// A letter that recurs where the music does: A, B, A, C.
    pub label: String,
}

/// A value per hop. Value *i* stands for the time *i* · `hop_seconds`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// The distance of two values.
    pub hop_seconds: f64,
    /// The values, the first one at time 0.
    pub values: Vec<f32>,
}

impl Envelope {
    /// The value at time `t`, linear between hops, held at both ends; 0 where there are no values.
    pub fn at(&self, t: Seconds) -> f32 {
        let x = (t.0 / self.hop_seconds).max(0.0);
        let last = match self.values.len() {
            0 => return 0.0,
            n => n - 1,
        };
        let i = (x as usize).min(last);
        let next = self.values[(i + 1).min(last)];
        self.values[i] + (next - self.values[i]) * (x - i as f64).clamp(0.0, 1.0) as f32
    }

    /// The largest value whose hop lies in [from, to), or the value at `from` where no hop does.
    pub fn peak(&self, from: Seconds, to: Seconds) -> f32 {
        let index =
            |t: Seconds| ((t.0 / self.hop_seconds - 1e-9).ceil().max(0.0) as usize).min(self.values.len());
        let (a, b) = (index(from), index(to));
        self.values[a..b.max(a)].iter().copied().reduce(f32::max).unwrap_or_else(|| self.at(from))
    }
}
