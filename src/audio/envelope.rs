//! Raw features go in, envelopes between 0 and 1 come out, each relative to the track itself.

use super::analysis::{Drums, Envelope};
use super::chroma::{CLASSES, POOL, shares};
use super::features::{BANDS, Features};
use super::loudness;
use super::onset::spikes;
use super::series::{percentile, smooth};
use std::collections::BTreeMap;

/// Loudness grows with the amplitude to this power (Stevens 1956: 0.3 of the intensity).
const STEVENS: f32 = 0.6;
/// Share of the sounding hops that stay below full level.
const FULL: f32 = 0.95;
/// A band counts as full only within 40 dB of the whole; below lies what leaks into it.
const LEAKAGE: f32 = 0.01;
/// Smallest flux that is a full hit; below lies noise.
const FAINT: f32 = 0.25;
/// Seconds over which the presence of a band is averaged.
const PRESENCE: f64 = 8.0;

/// The envelopes of what sounds, by name; `sounding` says for every hop whether there is sound.
pub(super) fn envelopes(
    features: &Features,
    sounding: &[bool],
    hop_seconds: f64,
) -> BTreeMap<String, Envelope> {
    let mut all = BTreeMap::new();
    let mut keep = |name: String, values: Vec<f32>| all.insert(name, Envelope { hop_seconds, values });
    let whole = full(&features.loudness, sounding);
    keep("loudness".into(), level(&smooth(&features.loudness, 2), whole));
    let squares: Vec<f32> =
        smooth(&features.loudness.iter().map(|a| a * a).collect::<Vec<_>>(), loudness::reach(hop_seconds));
    let momentary: Vec<f32> = squares.iter().map(|square| square.sqrt()).collect();
    keep("momentary".into(), level(&momentary, full(&momentary, sounding)));
    let parts = [("harmonic", &features.harmonic), ("percussive", &features.percussive)];
    let most = parts.map(|(_, list)| full(list, sounding)).into_iter().fold(0.0, f32::max);
    for (name, list) in parts {
        keep(name.into(), level(&smooth(list, 2), most));
    }
    keep("brightness".into(), brightness(&features.centroid));
    keep("onset".into(), hits(&features.flux, hop_seconds));
    for (i, (name, _, _)) in BANDS.iter().enumerate() {
        let level = level(&features.bands[i], full(&features.bands[i], sounding).max(whole * LEAKAGE));
        let reach = (PRESENCE / 2.0 / hop_seconds) as usize;
        keep(format!("{name}.presence"), smooth(&level, reach));
        keep(format!("{name}.integral"), integral(&level, hop_seconds));
        keep(format!("{name}.hit"), hits(&features.fluxes[i], hop_seconds));
        keep(format!("{name}.level"), level);
    }
    for (class, values) in CLASSES.iter().zip(shares(&features.chroma)) {
        all.insert(format!("chroma.{class}"), Envelope { hop_seconds: hop_seconds * POOL as f64, values });
    }
    all
}

/// The envelopes of what is struck, over so many hops.
pub(super) fn struck(
    drums: &Drums,
    hops: usize,
    hop_seconds: f64,
) -> impl Iterator<Item = (String, Envelope)> {
    [("kick", &drums.kick), ("snare", &drums.snare), ("hat", &drums.hat)].into_iter().map(
        move |(name, list)| {
            (name.to_owned(), Envelope { hop_seconds, values: spikes(list, hops, hop_seconds) })
        },
    )
}

/// The amplitude that counts as full.
fn full(amplitudes: &[f32], sounding: &[bool]) -> f32 {
    let heard = amplitudes.iter().zip(sounding).filter(|(_, s)| **s).map(|(a, _)| *a).collect();
    percentile(heard, FULL)
}

fn level(amplitudes: &[f32], full: f32) -> Vec<f32> {
    let scale = if full > 0.0 { 1.0 / full } else { 0.0 };
    amplitudes.iter().map(|a| (a * scale).min(1.0).powf(STEVENS)).collect()
}

/// Flux above its surroundings, as a share of the strong hits of the track.
pub(super) fn hits(flux: &[f32], hop_seconds: f64) -> Vec<f32> {
    let around = smooth(flux, (0.5 / hop_seconds) as usize);
    let raw: Vec<f32> = flux.iter().zip(&around).map(|(f, mean)| (f - mean).max(0.0)).collect();
    let peaks = (1..raw.len().saturating_sub(1))
        .filter(|&i| raw[i] > FAINT * 0.5 && raw[i] >= raw[i - 1] && raw[i] > raw[i + 1])
        .map(|i| raw[i])
        .collect();
    let strong = percentile(peaks, 0.85).max(FAINT);
    raw.iter().map(|v| (v / strong).min(1.0)).collect()
}

/// Seconds at full level so far.
fn integral(level: &[f32], hop_seconds: f64) -> Vec<f32> {
    let mut sum = 0.0;
    level
        .iter()
        .map(|v| {
            sum += f64::from(*v) * hop_seconds;
            sum as f32
        })
        .collect()
}

/// Where the sound lies between 200 Hz (0) and 8 kHz (1), on a logarithmic scale; held through silence.
fn brightness(centroid: &[(f32, f32)]) -> Vec<f32> {
    let weighted = smooth(&centroid.iter().map(|c| c.0).collect::<Vec<_>>(), 4);
    let sum = smooth(&centroid.iter().map(|c| c.1).collect::<Vec<_>>(), 4);
    let (low, high) = (200f32.log2(), 8000f32.log2());
    let mut last = 0.0;
    weighted
        .iter()
        .zip(&sum)
        .map(|(w, s)| {
            if *s > 1e-3 {
                last = ((w / s - low) / (high - low)).clamp(0.0, 1.0);
            }
            last
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_loud_click_flattens_nothing() {
        let mut amplitudes = vec![0.1; 1000];
        amplitudes[500] = 100.0;
        let sounding = vec![true; 1000];
        let level = level(&amplitudes, full(&amplitudes, &sounding));
        assert_eq!(level[0], 1.0);
        let mut flux = vec![0.0; 1000];
        flux.iter_mut().step_by(50).for_each(|f| *f = 0.5);
        flux[525] = 50.0;
        assert!(hits(&flux, 0.01)[100] > 0.8);
    }

    #[test]
    fn half_the_amplitude_is_the_stevens_share_of_full() {
        assert!((level(&[0.5, 1.0], 1.0)[0] - 0.5f32.powf(0.6)).abs() < 1e-6);
    }
}
