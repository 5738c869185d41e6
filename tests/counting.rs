//! At which level people count: drums that are sparse, shuffled or slow, and noise.

use crate::audio::write_wav;
use beatbolt::audio::{Analysis, analyze};
use beatbolt::progress::Silent;
use std::f64::consts::TAU;

const RATE: u32 = 44_100;

/// A bar of drums: kicks and snares at beats, hats at parts of every beat.
struct Pattern {
    bpm: f64,
    kick: &'static [f64],
    snare: &'static [f64],
    hats: &'static [f64],
}

/// Noise between -1 and 1, always the same.
fn noise(state: &mut u32) -> f64 {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    f64::from(*state >> 8) / f64::from(1 << 23) - 1.0
}

/// Adds what a drum does so many seconds after its stroke, for a quarter of a second.
fn strike(track: &mut [f32], at: f64, mut sound: impl FnMut(f64) -> f64) {
    let from = (at * f64::from(RATE)).round() as usize;
    let end = (from + RATE as usize / 4).min(track.len());
    for (i, value) in track.get_mut(from..end).into_iter().flatten().enumerate() {
        *value += sound(i as f64 / f64::from(RATE)) as f32;
    }
}

impl Pattern {
    /// The sound of so many seconds, from the first beat of a bar on.
    fn play(&self, seconds: f64) -> Vec<f32> {
        let (beat, mut state) = (60.0 / self.bpm, 7);
        let mut track = vec![0.0; (seconds * f64::from(RATE)) as usize];
        let mut before = 0.0;
        for bar in 0..(seconds / beat / 4.0) as usize + 1 {
            let at = |place: f64| (4.0 * bar as f64 + place) * beat;
            for place in self.kick {
                let phase = |t: f64| TAU * (50.0 * t + 4.0 * (1.0 - (-30.0 * t).exp()));
                strike(&mut track, at(*place), |t| 0.9 * phase(t).sin() * (-14.0 * t).exp());
            }
            for place in self.snare {
                let body = |t: f64, noise: f64| 0.24 * noise + 0.35 * (TAU * 190.0 * t).sin();
                strike(&mut track, at(*place), |t| body(t, noise(&mut state)) * (-22.0 * t).exp());
            }
            for place in (0..4).flat_map(|i| self.hats.iter().map(move |part| f64::from(i) + part)) {
                strike(&mut track, at(place), |t| {
                    // A difference keeps the high end only.
                    let (now, last) = (noise(&mut state), before);
                    before = now;
                    0.17 * (now - last) * (-80.0 * t).exp()
                });
            }
        }
        track
    }

    fn heard(&self) -> Analysis {
        heard(&self.play(40.0))
    }
}

fn heard(track: &[f32]) -> Analysis {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("track.wav");
    write_wav(&path, RATE, track, &[1.0]);
    analyze(&path, &Silent).unwrap()
}

fn near(analysis: &Analysis, bpm: f64) -> bool {
    analysis.tempo_bpm.is_some_and(|tempo| (tempo / bpm - 1.0).abs() < 0.02)
}

#[test]
fn of_fast_sparse_drums_every_beat_is_counted_and_bars_begin_with_the_kick() {
    for (bpm, hats) in [(165.0, &[][..]), (174.0, &[]), (174.0, &[0.0, 0.5])] {
        let analysis = Pattern { bpm, kick: &[0.0, 2.5], snare: &[1.0, 3.0], hats }.heard();
        assert!(near(&analysis, bpm), "{bpm}: {:?}", analysis.tempo_bpm);
        let bar = 240.0 / bpm;
        let first = analysis.downbeats.iter().filter(|time| (time.0 + 0.03) % bar < 0.1).count();
        assert!(first * 10 > analysis.downbeats.len() * 8, "{bpm}: {first} of {}", analysis.downbeats.len());
    }
}

#[test]
fn thirds_of_slow_beats_are_no_beats() {
    let (swung, triplets) = (&[0.0, 2.0 / 3.0][..], &[0.0, 1.0 / 3.0, 2.0 / 3.0][..]);
    for (bpm, hats) in [(70.0, swung), (93.0, swung), (60.0, triplets)] {
        let analysis = Pattern { bpm, kick: &[0.0, 2.0], snare: &[1.0, 3.0], hats }.heard();
        assert!(near(&analysis, bpm), "{bpm}: {:?}", analysis.tempo_bpm);
        // Whoever counts otherwise is told so, and what is told is another tempo.
        let other = analysis.alternative_bpm.unwrap();
        assert!((other / bpm).log2().abs() > 0.5 && (30.0..=240.0).contains(&other), "{other}");
    }
}

#[test]
fn noise_has_no_beats_however_loud() {
    for level in [0.0003, 0.3] {
        let mut state = 3;
        let track: Vec<f32> = (0..20 * RATE).map(|_| (level * noise(&mut state)) as f32).collect();
        let analysis = heard(&track);
        assert_eq!(
            (analysis.beats.len(), analysis.tempo_bpm, analysis.confidence),
            (0, None, 0.0),
            "{level}"
        );
    }
}
