//! Beats to the hop go in, beats to the millisecond come out.
//!
//! A beat lies where an onset does, if there is a clear one, and music made by machines is recognized by its
//! straight line of beats and gets exactly that line; elsewhere short lines through seven beats take the jitter
//! out of onsets and let a player's tempo live. What has no sound has no beats.

/// Beats that lie this close to a line, in seconds, come from a machine.
const STRAIGHT: f64 = 0.02;
/// Beats before and after that a beat is lined up with.
const NEIGHBORS: usize = 3;
/// A pause of this length, in seconds, has no beats.
const PAUSE: f64 = 2.5;

/// A beat as found: a time and how much it can be relied on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) time: f64,
    /// More than 0.
    pub(super) weight: f64,
}

/// One line through all beats where they lie on one, local lines elsewhere; times in seconds, ascending.
pub(super) fn straighten(beats: &[Found]) -> Vec<f64> {
    let Some((start, period)) = line(beats) else { return beats.iter().map(|b| b.time).collect() };
    let on_line = |i: usize| start + period * i as f64;
    let error: f64 = beats.iter().enumerate().map(|(i, b)| b.weight * (b.time - on_line(i)).powi(2)).sum();
    let total: f64 = beats.iter().map(|b| b.weight).sum();
    let mut times: Vec<f64> = if (error / total).sqrt() < STRAIGHT {
        (0..beats.len()).map(on_line).collect()
    } else {
        (0..beats.len())
            .map(|i| {
                let from = i.saturating_sub(NEIGHBORS);
                let near = &beats[from..(i + NEIGHBORS + 1).min(beats.len())];
                line(near).map_or(beats[i].time, |(start, period)| start + period * (i - from) as f64)
            })
            .collect()
    };
    // Two local lines may cross where the tempo jumps.
    for i in 1..times.len() {
        times[i] = times[i].max(times[i - 1] + 1e-3);
    }
    times
}

/// Weighted least squares: start and period of equidistant beats.
fn line(beats: &[Found]) -> Option<(f64, f64)> {
    let total: f64 = beats.iter().map(|b| b.weight).sum();
    let mean_index = beats.iter().enumerate().map(|(i, b)| b.weight * i as f64).sum::<f64>() / total;
    let mean_time = beats.iter().map(|b| b.weight * b.time).sum::<f64>() / total;
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (i, beat) in beats.iter().enumerate() {
        let d = i as f64 - mean_index;
        covariance += beat.weight * d * (beat.time - mean_time);
        variance += beat.weight * d * d;
    }
    let period = covariance / variance;
    (period.is_finite() && period > 0.0).then_some((mean_time - period * mean_index, period))
}

/// Beats a minute: the slope of the line through all beats where they lie on one, else the median.
pub(super) fn tempo(times: &[f64]) -> Option<f64> {
    let mut gaps: Vec<f64> = times.windows(2).map(|w| w[1] - w[0]).collect();
    gaps.sort_by(f64::total_cmp);
    let middle = *gaps.get(gaps.len() / 2)?;
    // A pause lengthens the slope but not the median, which local lines make smooth.
    let steady = gaps.iter().filter(|g| (*g / middle - 1.0).abs() < 0.02);
    let (sum, count) = steady.fold((0.0, 0usize), |(sum, count), gap| (sum + gap, count + 1));
    Some(60.0 * count as f64 / sum)
}

/// Whether all around `time` is silent; `sounding` says for every hop whether there is sound.
pub(super) fn in_pause(sounding: &[bool], hop_seconds: f64, time: f64) -> bool {
    let hop = |t: f64| ((t / hop_seconds).max(0.0) as usize).min(sounding.len());
    !sounding[hop(time - PAUSE / 2.0)..hop(time + PAUSE / 2.0)].contains(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(times: impl Iterator<Item = f64>) -> Vec<Found> {
        times.map(|time| Found { time, weight: 1.0 }).collect()
    }

    #[test]
    fn a_machine_gets_its_line_and_a_player_keeps_the_tempo() {
        let jitter = |i: i32| 0.008 * f64::from(i * 7 % 5 - 2) / 2.0;
        let machine = straighten(&found((0..200).map(|i| 0.3 + 0.5 * f64::from(i) + jitter(i))));
        assert!(machine.windows(2).all(|w| (w[1] - w[0] - 0.5).abs() < 2e-4));
        assert!((tempo(&machine).unwrap() - 120.0).abs() < 0.02);
        let ramp = |i: i32| 0.5 * f64::from(i) + 0.0005 * f64::from(i * i);
        let player = straighten(&found((0..200).map(|i| ramp(i) + jitter(i))));
        assert!(player.iter().enumerate().all(|(i, t)| (t - ramp(i as i32)).abs() < 0.01));
    }

    #[test]
    fn one_beat_has_no_tempo_and_a_crossing_is_undone() {
        assert_eq!(straighten(&found([0.7].into_iter())), [0.7]);
        assert_eq!((tempo(&[]), tempo(&[0.7])), (None, None));
        let jump = straighten(&found((0..12).map(|i| f64::from(i) * if i < 6 { 0.3 } else { 0.9 })));
        assert!(jump.windows(2).all(|w| w[0] < w[1]), "{jump:?}");
    }
}
