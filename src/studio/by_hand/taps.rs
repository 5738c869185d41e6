//! What was tapped along with a track: a tempo, or the beats of a stretch.

use crate::audio::Analysis;
use crate::error::{Error, Result};
use crate::score::{ByHand, HandBeat};
use crate::studio::heard::BeatCorrection;
use crate::studio::marks::{APART, beats, round};
use crate::units::Seconds;

/// What is as near to a hit as a hand can tap, in seconds.
const NEAR: f64 = 0.05;
/// Fewest taps that tell a tempo, and most that are taken.
const TAPS: std::ops::RangeInclusive<usize> = 4..=2000;
/// Beats in a bar where none were heard.
const USUAL_METER: u32 = 4;

/// The taps in their order, checked.
pub fn checked(times: &[f64], analysis: &Analysis) -> Result<Vec<f64>> {
    let inside = times.iter().all(|t| (0.0..analysis.duration.0).contains(t));
    let mut taps = times.to_vec();
    taps.sort_by(f64::total_cmp);
    taps.dedup_by(|a, b| *a - *b < APART);
    match inside && TAPS.contains(&taps.len()) {
        true => Ok(taps),
        false => Err(Error::usage(format!("{} taps tell no beat", taps.len()))
            .hint(format!("tap along for {} beats or more", TAPS.start()))),
    }
}

/// The tempo and the first bar that `taps` tell, the first of them being the first beat of a bar.
pub fn at_tempo(known: BeatCorrection, taps: &[f64], analysis: &Analysis) -> BeatCorrection {
    let mut gaps: Vec<f64> = taps.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_by(f64::total_cmp);
    // Each tap is so many beats behind the one before; a line through them is the tempo.
    let gap = gaps[gaps.len() / 2];
    let mut counts = vec![0.0];
    for pair in taps.windows(2) {
        counts.push(counts[counts.len() - 1] + ((pair[1] - pair[0]) / gap).round().max(1.0));
    }
    let n = taps.len() as f64;
    let (count, time) = (counts.iter().sum::<f64>() / n, taps.iter().sum::<f64>() / n);
    let over: f64 = counts.iter().zip(taps).map(|(c, t)| (c - count) * (t - time)).sum();
    let period = over / counts.iter().map(|c| (c - count).powi(2)).sum::<f64>();
    let bpm = (6000.0 / period).round() / 100.0;
    let first = time - count * period;
    let bar = f64::from(known.hand.meter.or(analysis.meter).unwrap_or(USUAL_METER).max(1)) * 60.0 / bpm;
    let hand = ByHand { beats: None, ..known.hand };
    let first_beat = Some(Seconds(round(first.rem_euclid(bar))));
    BeatCorrection { bpm: Some(bpm), first_beat, hand, ..BeatCorrection::default() }
}

/// The beats with the taps in place of those of their stretch, each tap at the hit that it meant.
pub fn tapped(taps: &[f64], analysis: &Analysis) -> Vec<HandBeat> {
    let half = (taps[taps.len() - 1] - taps[0]) / (taps.len() - 1) as f64 / 2.0;
    let hit = |t: f64| {
        let apart = |o: &&Seconds| (o.0 - t).abs();
        let near = analysis.onsets.iter().min_by(|a, b| apart(a).total_cmp(&apart(b)));
        near.filter(|o| apart(o) <= NEAR).map_or(t, |o| o.0)
    };
    let (from, to) = (taps[0] - half, taps[taps.len() - 1] + half);
    let all = beats(analysis);
    let (before, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|beat| beat.time.0 < from);
    let meter = analysis.meter.unwrap_or(USUAL_METER).max(1) as usize;
    // Bars go on as they were counted before.
    let counted = before.iter().rev().position(|beat| beat.bar).map_or(0, |behind| behind + 1);
    let own = taps
        .iter()
        .enumerate()
        .map(|(i, t)| HandBeat { time: Seconds(round(hit(*t))), bar: (counted + i).is_multiple_of(meter) });
    let behind = rest.into_iter().filter(|beat| beat.time.0 > to);
    let mut beats: Vec<HandBeat> = before.into_iter().chain(own).chain(behind).collect();
    // Two taps may have meant one hit.
    beats.dedup_by(|a, b| a.time.0 - b.time.0 < APART);
    beats
}
