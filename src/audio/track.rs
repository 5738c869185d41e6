//! A track on the hop grid: what is measured of it, and the events in it.

use super::analysis::{Drums, Hit};
use super::cue::Sound;
use super::decode::Decoded;
use super::features::Features;
use super::net;
use super::net::Chances;
use super::pass::Kept;
use super::stroke;
use super::stroke::Bars;
use super::transient::Energy;
use super::weights::Weights;
use super::{onset, tone};
use crate::error::{Error, Result};
use crate::units::Seconds;
use std::ops::Range;

/// A hop sounds if it is less than 60 dB below the level of the music.
const QUIETEST: f32 = 2e-4;
/// Least chance of what is struck to a listener for beats.
const LEAST_STRIKE: f32 = 0.45;
/// Fewest beats that make a tempo.
pub(super) const FEWEST: usize = 4;

/// A track on the hop grid, at level.
pub(super) struct Track {
    /// Seconds between two hops.
    pub(super) hop: f64,
    pub(super) duration: Seconds,
    pub(super) decoded: Decoded,
    pub(super) features: Features,
    pub(super) energy: Energy,
    /// Whether there is sound, per hop.
    pub(super) sounding: Vec<bool>,
    /// The hops from the first sound to the last.
    pub(super) span: Range<usize>,
    /// What the net says of the hops of the span.
    pub(super) chances: Chances,
}

impl Track {
    pub(super) fn new(kept: Kept, weights: &Weights) -> Result<Self> {
        let Kept { decoded, grid, bands, low, extractor, energy, gain, loud: span, .. } = kept;
        let hops = usize::try_from(decoded.samples.div_ceil(grid.hop as u64))
            .map_err(|_| Error::input("the track is too long for this machine"))?;
        let level = gain.unwrap_or(0.0);
        let features = extractor.finish(hops, &bands, level);
        let sounding: Vec<bool> = features.loudness.iter().map(|a| *a > QUIETEST).collect();
        let gains = tone::gains(&bands, level, &span);
        let sound = Sound { bands: &bands, low: &low, gains: &gains, level };
        let chances = net::listen(weights, sound, span.clone());
        let duration = decoded.rate.time_of(decoded.samples);
        let energy = energy.levelled(level);
        Ok(Track { hop: grid.seconds(), duration, decoded, features, energy, sounding, span, chances })
    }

    /// The events of a kind, by their chance at each hop of the span and their flux at each hop.
    pub(super) fn hits(&self, chance: &[f32], least: f32, flux: &[f32]) -> Vec<Hit> {
        let picked: Vec<usize> =
            onset::picks(chance, least).into_iter().map(|hop| hop + self.span.start).collect();
        onset::hits(&picked, flux, &self.energy, self.hop, self.duration.0)
    }

    /// Where times lie on the hops of the span.
    pub(super) fn hops(&self, times: &[f64]) -> impl Iterator<Item = f64> {
        times.iter().map(|time| time / self.hop - self.span.start as f64)
    }

    pub(super) fn drums(&self, beats: &[f64], meter: usize) -> Drums {
        let (c, flux) = (&self.chances, &self.features.drums);
        let bars = Bars { beats: self.hops(beats).collect(), meter };
        let strokes = |chance, flux| self.hits(&stroke::weigh(chance, &bars), 0.5, flux);
        Drums {
            kick: strokes(&c.kick, &flux[0]),
            snare: strokes(&c.snare, &flux[1]),
            hat: strokes(&c.hat, &flux[2]),
        }
    }

    /// How much is struck to a listener for beats.
    pub(super) fn strikes(&self) -> usize {
        let kinds = self.chances.strikes.iter().zip(&self.features.drums);
        kinds.map(|(chance, flux)| onset::clear(&self.hits(chance, LEAST_STRIKE, flux))).sum()
    }
}
