//! Analyses, what was heard: events with times, and envelopes on the hop grid.

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
    /// The tempo at which it is counted if not at this one, in beats a minute: half, twice, a third of it; none where nobody does.
    #[serde(default)]
    pub alternative_bpm: Option<f64>,
    /// Beats, ascending.
    pub beats: Vec<Seconds>,
    /// First beats of bars; each is also a beat.
    pub downbeats: Vec<Seconds>,
    /// Beats in a bar; none without beats.
    #[serde(default)]
    pub meter: Option<u32>,
    /// How sure the beats are, 0..=1: the mean chance of a beat where beats were found, times the chance that people count at this
    /// level and not at another; 0 without beats.
    #[serde(default)]
    pub confidence: f32,
    /// Loudness of the whole track, integrated as ITU-R BS.1770-4 says, in LUFS; none for silence and for less than 0.4 s.
    #[serde(default)]
    pub loudness_lufs: Option<f64>,
    /// Onsets, ascending.
    pub onsets: Vec<Seconds>,
    /// How strong each of the onsets is.
    #[serde(default)]
    pub onset_strengths: Vec<f32>,
    /// Drums that were told apart.
    #[serde(default)]
    pub drums: Drums,
    /// Sections in order, without gaps, from 0 to the end.
    pub sections: Vec<Section>,
    /// Envelopes by name, e.g. `loudness`, `bass.level`, `bass.hit`; values in 0..=1 unless said otherwise.
    pub envelopes: BTreeMap<String, Envelope>,
}

impl Analysis {
    /// Beats a minute from each beat to the next, over the two gaps around a beat where there are two: one value per
    /// beat, or none for fewer than two beats.
    pub fn tempo_curve(&self) -> Vec<f64> {
        let last = match self.beats.len() {
            0 | 1 => return Vec::new(),
            n => n - 1,
        };
        (0..=last)
            .map(|i| {
                let (from, to) = (i.saturating_sub(1), (i + 1).min(last));
                60.0 * (to - from) as f64 / (self.beats[to].0 - self.beats[from].0)
            })
            .collect()
    }

    /// The section that holds at `t` seconds; none before the first.
    pub fn section_at(&self, t: f64) -> Option<&Section> {
        self.sections.iter().rev().find(|s| s.start.0 <= t)
    }
}

/// Something that begins at once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// When it begins.
    pub time: Seconds,
    /// As a share of the strong ones of its kind in the track, 0..=1.
    pub strength: f32,
}

/// Hits of the drums, each list ascending.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drums {
    /// Bass drum.
    pub kick: Vec<Hit>,
    /// Snare drum, rim or clap.
    pub snare: Vec<Hit>,
    /// Hi-hat.
    pub hat: Vec<Hit>,
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

    /// The mean between two times in seconds, of one value at least; 0 behind the end.
    pub(crate) fn mean(&self, from: f64, to: f64) -> f32 {
        let index = |t: f64| (t / self.hop_seconds).max(0.0) as usize;
        let last = index(to).max(index(from) + 1).min(self.values.len());
        let part = &self.values[index(from).min(last)..last];
        part.iter().sum::<f32>() / part.len().max(1) as f32
    }

    /// The largest value whose hop lies in [from, to), or the value at `from` where no hop does.
    pub fn peak(&self, from: Seconds, to: Seconds) -> f32 {
        let index =
            |t: Seconds| ((t.0 / self.hop_seconds - 1e-9).ceil().max(0.0) as usize).min(self.values.len());
        let (a, b) = (index(from), index(to));
        self.values[a..b.max(a)].iter().copied().reduce(f32::max).unwrap_or_else(|| self.at(from))
    }
}
