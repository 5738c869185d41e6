//! Beat grids, where the beats lie: aubio's guesses and the onset strength go in, beats over the whole track come out.
//!
//! A tempo is chosen from the autocorrelation of the onset strength, with a bonus for aubio's. Then
//! dynamic programming (Ellis 2007, "Beat tracking by dynamic programming") lays beats over the track
//! that sit on onsets and keep the tempo, from the first sound to the last.

use super::align::{Found, in_pause, straighten, tempo as tempo_of};

/// Periods that are considered, in seconds: 200 to 60 BPM.
const PERIODS: (f64, f64) = (0.3, 1.0);
/// The period that is likeliest before anything is heard, in seconds.
const USUAL: f64 = 0.5;
/// How unlikely other periods are: octaves at one standard deviation.
const SPREAD: f64 = 0.9;
/// How much better aubio's tempo is than another one.
const AUBIO_BONUS: f64 = 1.15;
/// Least periodicity of something with beats: share of the strength's variance.
const CONFIDENCE: f64 = 0.06;
/// Cost of leaving the tempo, against onsets of unit variance.
const TIGHTNESS: f32 = 100.0;
/// Onset strength from which a beat lies where the onset does.
const CLEAR_ONSET: f64 = 0.15;

/// The beats of a track.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct BeatGrid {
    /// Beats a minute; none without beats.
    pub(super) bpm: Option<f64>,
    /// Times in seconds, ascending.
    pub(super) beats: Vec<f64>,
}

/// Onset strength on the hop grid, with what else the search needs.
pub(super) struct Strength<'a> {
    /// Onset strength per hop, 0..=1.
    pub(super) onset: &'a [f32],
    /// Whether there is sound, per hop.
    pub(super) sounding: &'a [bool],
    /// Seconds between two hops.
    pub(super) hop: f64,
}

/// Lays beats over the track.
///
/// `guesses` are aubio's beats in seconds; `exact` gives the time of the onset near a time.
pub(super) fn lay(strength: &Strength<'_>, guesses: &[f64], exact: &dyn Fn(f64) -> f64) -> BeatGrid {
    let (Some(first), Some(last)) =
        (strength.sounding.iter().position(|s| *s), strength.sounding.iter().rposition(|s| *s))
    else {
        return BeatGrid::default();
    };
    let Some(period) = tempo(&strength.onset[first..=last], guesses, strength.hop) else {
        return BeatGrid::default();
    };
    let span = first.saturating_sub(2)..last + 1;
    let hops = track(&strength.onset[span.clone()], period / strength.hop);
    let found: Vec<Found> = hops.iter().map(|i| place(strength, span.start + i, exact)).collect();
    let mut beats = straighten(&found);
    let bpm = tempo_of(&beats);
    beats.retain(|t| *t > -0.02 && !in_pause(strength.sounding, strength.hop, *t));
    // A beat on the first sample may come out a little before it.
    beats.iter_mut().for_each(|t| *t = t.max(0.0));
    BeatGrid { bpm: bpm.filter(|_| beats.len() >= 2), beats }
}

/// The period in seconds; none where nothing recurs.
fn tempo(onset: &[f32], guesses: &[f64], hop: f64) -> Option<f64> {
    let longest = ((PERIODS.1 * 4.0 / hop) as usize + 2).min(onset.len());
    if (onset.len() as f64) * hop < 4.0 * PERIODS.0 || longest < 2 {
        return None;
    }
    let mean = onset.iter().sum::<f32>() / onset.len() as f32;
    let centered: Vec<f32> = onset.iter().map(|v| v - mean).collect();
    let correlation: Vec<f64> = (0..longest)
        .map(|lag| centered.iter().zip(&centered[lag..]).map(|(a, b)| f64::from(a * b)).sum::<f64>())
        .collect();
    if correlation[0] <= 0.0 {
        return None;
    }
    let at = |lag: f64| {
        let i = lag as usize;
        let next = *correlation.get(i + 1)?;
        Some((correlation[i] + (next - correlation[i]) * (lag - i as f64)) / correlation[0])
    };
    let heard = median_interval(guesses);
    let periodicity = |period: f64| {
        let values: Vec<f64> = (1..=4).filter_map(|n| at(period * f64::from(n) / hop)).collect();
        values.iter().sum::<f64>() / values.len().max(1) as f64
    };
    let merit = |period: f64| {
        let octaves = (period / USUAL).log2() / SPREAD;
        let bonus = heard.filter(|h| (h / period - 1.0).abs() < 0.03).map_or(1.0, |_| AUBIO_BONUS);
        periodicity(period) * (-0.5 * octaves * octaves).exp() * bonus
    };
    let steps = ((PERIODS.1 / PERIODS.0).ln() / 0.002) as i32;
    let best = (0..=steps)
        .map(|i| PERIODS.0 * (0.002 * f64::from(i)).exp())
        .max_by(|a, b| merit(*a).total_cmp(&merit(*b)))?;
    (periodicity(best) > CONFIDENCE).then_some(best)
}

fn median_interval(beats: &[f64]) -> Option<f64> {
    let mut intervals: Vec<f64> = beats.windows(2).map(|w| w[1] - w[0]).collect();
    intervals.sort_by(f64::total_cmp);
    (intervals.len() >= 4).then(|| intervals[intervals.len() / 2])
}

/// The best chain of hops for a period in hops.
fn track(onset: &[f32], period: f64) -> Vec<usize> {
    let mean_square = onset.iter().map(|v| v * v).sum::<f32>() / onset.len() as f32;
    let scale = 1.0 / mean_square.sqrt().max(1e-6);
    let (near, far) = ((period * 0.6) as usize, (period * 1.6).ceil() as usize);
    let costs: Vec<f32> =
        (near..=far).map(|d| TIGHTNESS * ((d as f64 / period).ln() as f32).powi(2)).collect();
    let mut score = vec![0.0f32; onset.len()];
    let mut from = vec![usize::MAX; onset.len()];
    for i in 0..onset.len() {
        let mut best = (0.0, usize::MAX);
        for (cost, distance) in costs.iter().zip(near..=far.min(i)) {
            let value = score[i - distance] - cost;
            if value > best.0 {
                best = (value, i - distance);
            }
        }
        score[i] = best.0 + onset[i] * scale;
        from[i] = best.1;
    }
    let tail = onset.len().saturating_sub(period as usize);
    let mut at = (tail..onset.len()).max_by(|a, b| score[*a].total_cmp(&score[*b])).unwrap_or(0);
    let mut chain = vec![at];
    while from[at] != usize::MAX {
        at = from[at];
        chain.push(at);
    }
    chain.reverse();
    extend_to_start(chain, period)
}

/// A chain begins at its first onset; the beats before it follow from the period.
fn extend_to_start(mut chain: Vec<usize>, period: f64) -> Vec<usize> {
    let first = chain[0] as f64;
    let missing = (first / period + 0.1) as usize;
    let before = (1..=missing).rev().map(|n| (first - n as f64 * period).round().max(0.0) as usize);
    chain.splice(0..0, before);
    chain
}

/// The time of a beat at a hop and how much it can be relied on: exact where there is an onset.
fn place(strength: &Strength<'_>, hop: usize, exact: &dyn Fn(f64) -> f64) -> Found {
    let onset = f64::from(strength.onset.get(hop).copied().unwrap_or(0.0));
    let time = hop as f64 * strength.hop;
    let time = if onset > CLEAR_ONSET { exact(time) } else { time };
    Found { time, weight: 0.02 + if onset > CLEAR_ONSET { onset } else { 0.0 } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulses(hops: usize, period: f64, phase: f64) -> Vec<f32> {
        let mut onset = vec![0.0; hops];
        for n in 0.. {
            let at = (phase + n as f64 * period).round() as usize;
            if at >= hops {
                break;
            }
            onset[at] = 1.0;
        }
        onset
    }

    #[test]
    fn beats_reach_from_the_first_sound_to_the_last() {
        for bpm in [66.0, 87.0, 120.0, 128.0, 174.0] {
            let period = 60.0 / bpm;
            let onset = pulses(3000, period * 100.0, 20.0);
            let sounding = vec![true; 3000];
            let grid = lay(&Strength { onset: &onset, sounding: &sounding, hop: 0.01 }, &[], &|t| t);
            let found = grid.bpm.unwrap();
            let octave = (found / bpm).log2();
            assert!((octave - octave.round()).abs() < 0.01, "{bpm}: {found}");
            if octave.abs() < 0.1 {
                let expected = ((30.0 - 0.2) / period) as usize + 1;
                assert!(grid.beats.len().abs_diff(expected) <= 1, "{bpm}: {} {expected}", grid.beats.len());
                let worst = grid.beats.iter().map(|t| {
                    let n = ((t - 0.2) / period).round();
                    (t - 0.2 - n * period).abs()
                });
                assert!(worst.fold(0.0, f64::max) < 0.008, "{bpm}");
            }
        }
    }

    #[test]
    fn nothing_recurring_has_no_beats() {
        let flat = vec![0.0; 3000];
        let sounding = vec![true; 3000];
        assert_eq!(
            lay(&Strength { onset: &flat, sounding: &sounding, hop: 0.01 }, &[], &|t| t),
            BeatGrid::default()
        );
        let silent = vec![false; 3000];
        assert_eq!(
            lay(&Strength { onset: &flat, sounding: &silent, hop: 0.01 }, &[], &|t| t),
            BeatGrid::default()
        );
    }
}
