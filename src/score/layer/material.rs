//! Material: what layers show of a track, as plain data.

use super::spec::Hits;
use super::sung::Sung;
use crate::audio::{Analysis, Scope};
use std::sync::Arc;

/// What was heard and given, as layers show it. All times are seconds of the track, ascending.
#[derive(Clone, Debug, Default)]
pub struct Material {
    /// The lyrics.
    pub lines: Vec<Sung>,
    /// Artist and title, a line each.
    pub title: String,
    /// Beats.
    pub beats: Vec<f64>,
    /// First beats of bars.
    pub bars: Vec<f64>,
    /// Hits and their strengths, by what they are of: kick, snare, hat, onset.
    pub hits: [Vec<(f64, f32)>; 4],
    /// Waveform and spectrum of every frame; none where nothing shows them.
    pub scope: Option<Arc<Scope>>,
}

impl Material {
    /// What `analysis` holds of it.
    pub fn of(analysis: &Analysis) -> Self {
        let drum = |hits: &[crate::audio::Hit]| hits.iter().map(|h| (h.time.0, h.strength)).collect();
        let onsets = analysis.onsets.iter().enumerate();
        let strength = |i| analysis.onset_strengths.get(i).copied().unwrap_or(1.0);
        Material {
            beats: analysis.beats.iter().map(|t| t.0).collect(),
            bars: analysis.downbeats.iter().map(|t| t.0).collect(),
            hits: [
                drum(&analysis.drums.kick),
                drum(&analysis.drums.snare),
                drum(&analysis.drums.hat),
                onsets.map(|(i, t)| (t.0, strength(i))).collect(),
            ],
            ..Material::default()
        }
    }

    /// The hits that particles are born on.
    pub fn hits(&self, of: Hits) -> &[(f64, f32)] {
        &self.hits[of as usize]
    }
}
