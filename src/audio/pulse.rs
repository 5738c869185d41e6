//! The track beat by beat: what sounds between one beat and the next.
//!
//! Where there are no beats, half seconds take their place, so that sections are found in any track.

use super::analysis::Envelope;
use super::features::{BANDS, POOL, TEXTURE, TIMBRE};
use std::collections::BTreeMap;

/// Seconds of a stand-in for a beat.
const STAND_IN: f64 = 0.5;

/// Fewest beats at which a track is cut.
pub(super) const FEWEST: usize = 8;

/// What sounds from one beat to the next.
#[derive(Clone, Debug)]
pub(super) struct Pulse {
    /// When it starts, in seconds.
    pub(super) start: f64,
    /// Mean level of each band and the loudness, 0..=1.
    pub(super) levels: [f32; BANDS.len() + 1],
    /// Mean log magnitudes in bands.
    pub(super) timbre: [f32; TIMBRE],
    /// Pitch classes, a vector of length 1.
    pub(super) chroma: [f32; 12],
}

/// Cuts the track at `beats`, or at every half second if there are fewer than [`FEWEST`].
pub(super) fn pulses(
    beats: &[f64],
    duration: f64,
    envelopes: &BTreeMap<String, Envelope>,
    textures: &[[f32; TEXTURE]],
) -> Vec<Pulse> {
    let stand_ins: Vec<f64> = (0..(duration / STAND_IN) as usize).map(|i| i as f64 * STAND_IN).collect();
    let starts = if beats.len() < FEWEST { &stand_ins } else { beats };
    let hop = envelopes["loudness"].hop_seconds;
    starts
        .iter()
        .enumerate()
        .map(|(i, start)| {
            let end = starts.get(i + 1).copied().unwrap_or(duration).max(start + hop);
            let level = |name: &str| mean_over(&envelopes[name], *start, end);
            let mut levels = [level("loudness"); BANDS.len() + 1];
            for (slot, (name, _, _)) in levels.iter_mut().zip(BANDS) {
                *slot = level(&format!("{name}.level"));
            }
            let texture = mean_texture(textures, *start / (hop * POOL as f64), end / (hop * POOL as f64));
            Pulse {
                start: *start,
                levels,
                timbre: std::array::from_fn(|k| texture[k]),
                chroma: unit(std::array::from_fn(|k| texture[TIMBRE + k])),
            }
        })
        .collect()
}

fn mean_over(envelope: &Envelope, start: f64, end: f64) -> f32 {
    let index = |t: f64| ((t / envelope.hop_seconds).max(0.0) as usize).min(envelope.values.len());
    let values = &envelope.values[index(start)..index(end)];
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

fn mean_texture(textures: &[[f32; TEXTURE]], start: f64, end: f64) -> [f32; TEXTURE] {
    let from = (start.max(0.0) as usize).min(textures.len());
    let to = (end.ceil().max(0.0) as usize).clamp(from, textures.len());
    let mut mean = [0.0; TEXTURE];
    for texture in &textures[from..to] {
        for (slot, value) in mean.iter_mut().zip(texture) {
            *slot += value / (to - from) as f32;
        }
    }
    mean
}

fn unit(vector: [f32; 12]) -> [f32; 12] {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    if length > 1e-6 { vector.map(|v| v / length) } else { [0.0; 12] }
}
