//! Where the beats lie: aubio's guesses and the onset strength go in, beats over the whole track come out.
//!
//! A tempo is chosen from the autocorrelation of the onset strength, with a bonus for aubio's. Then
//! dynamic programming (Ellis 2007, "Beat tracking by dynamic programming") lays beats over the track
//! that sit on onsets and keep the tempo, from the first sound to the last. Music made by machines is
//! recognized by its straight line of beats and gets exactly that line.

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
/// Beats that lie this close to a line, in seconds, come from a machine.
const STRAIGHT: f64 = 0.02;
/// Onset strength from which a beat lies where the onset does.
const CLEAR_ONSET: f64 = 0.15;
/// A pause of this length, in seconds, has no beats.
const PAUSE: f64 = 2.5;

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
    let (raw, weights): (Vec<f64>, Vec<f64>) =
        hops.iter().map(|i| place(strength, span.start + i, exact)).unzip();
    let mut beats = straighten(&raw, &weights);
    let bpm = line(&beats, &vec![1.0; beats.len()]).map(|(_, period)| 60.0 / period);
    beats.retain(|t| *t > -STRAIGHT && !in_pause(strength, *t));
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
fn place(strength: &Strength<'_>, hop: usize, exact: &dyn Fn(f64) -> f64) -> (f64, f64) {
    let onset = f64::from(strength.onset.get(hop).copied().unwrap_or(0.0));
    let time = hop as f64 * strength.hop;
    if onset > CLEAR_ONSET { (exact(time), 0.02 + onset) } else { (time, 0.02) }
}

/// One line through all beats where they lie on one, local lines elsewhere.
fn straighten(beats: &[f64], weights: &[f64]) -> Vec<f64> {
    let Some((start, period)) = line(beats, weights) else { return beats.to_vec() };
    let on_line = |i: usize| start + period * i as f64;
    let error: f64 =
        beats.iter().zip(weights).enumerate().map(|(i, (t, w))| w * (t - on_line(i)).powi(2)).sum();
    if (error / weights.iter().sum::<f64>()).sqrt() < STRAIGHT {
        return (0..beats.len()).map(on_line).collect();
    }
    (0..beats.len())
        .map(|i| {
            let (a, b) = (i.saturating_sub(3), (i + 4).min(beats.len()));
            line(&beats[a..b], &weights[a..b]).map_or(beats[i], |(s, p)| s + p * (i - a) as f64)
        })
        .collect()
}

/// Weighted least squares: start and period of equidistant beats.
fn line(beats: &[f64], weights: &[f64]) -> Option<(f64, f64)> {
    if beats.len() < 2 {
        return None;
    }
    let total: f64 = weights.iter().sum();
    let mean_index = weights.iter().enumerate().map(|(i, w)| w * i as f64).sum::<f64>() / total;
    let mean_time = weights.iter().zip(beats).map(|(w, t)| w * t).sum::<f64>() / total;
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (i, (t, w)) in beats.iter().zip(weights).enumerate() {
        let d = i as f64 - mean_index;
        covariance += w * d * (t - mean_time);
        variance += w * d * d;
    }
    let period = covariance / variance;
    (period.is_finite() && period > 0.0).then_some((mean_time - period * mean_index, period))
}

/// Whether all around `time` is silent.
fn in_pause(strength: &Strength<'_>, time: f64) -> bool {
    let hop = |t: f64| ((t / strength.hop).max(0.0) as usize).min(strength.sounding.len());
    !strength.sounding[hop(time - PAUSE / 2.0)..hop(time + PAUSE / 2.0)].contains(&true)
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
