//! Sections: where the music changes character, and which stretches sound alike.
//!
//! A section begins with a bar before which the music sounds different from behind it, more so than at the bars around
//! (energy distance, Székely and Rizzo 2004), and where repetitions begin or end. How much each of it says is a logistic regression,
//! fitted by `training/ears/sections.py`. Sections whose bars can't be told apart share a letter.

use super::analysis::{Envelope, Section};
use super::course::stretches;
use super::self_similarity::Likeness;
use super::series::around;
use crate::units::Seconds;
use std::ops::Range;

/// Seconds that are taken for a bar where there are no bars.
const BAR: f64 = 2.0;
/// Fewest bars in a section.
const SHORTEST: usize = 2;
/// Bars on either side that are compared.
const REACHES: [usize; 2] = [2, 4];
/// A difference of the sides that is nothing.
const FAINT: f32 = 0.1;
/// Bars that make a repetition.
const REPEATED: usize = 2;
/// A distance at which bars still sound alike.
const BLUR: f32 = 0.2;
/// The logarithm of the odds of a section: without signs, for each sign, and of a chance of 12 %, from which on one begins.
const CONSTANT: f32 = -8.68;
const PEAK: [f32; 2] = [2.75, 1.60];
const ENDS: f32 = 3.49;
const BEGIN: f32 = 8.87;
const LIKELY: f32 = -1.99;
/// Sections of which less than this share of their distance is due to their being different have the same letter.
const ALIKE: f32 = 0.15;
/// Seconds between two values of the novelty curve.
const CURVE: f64 = 0.1;

/// Where the bars of a track begin whose `beats` and first beats of bars, by index, are known; a pick-up of two
/// beats is a bar, and what is left at the end if it is half of one.
pub(super) fn starts(beats: &[f64], first: &[usize], duration: f64) -> Vec<f64> {
    let mut from: Vec<usize> = first.to_vec();
    match first.first() {
        None => return (0..(duration / BAR).ceil() as usize).map(|i| BAR * i as f64).collect(),
        Some(0) => {}
        Some(1) => from[0] = 0,
        Some(_) => from.insert(0, 0),
    }
    if let [.., before, last] = from[..]
        && (beats.len() - last < 2 || duration - beats[last] < 0.5 * (beats[last] - beats[before]))
    {
        from.pop();
    }
    from.into_iter().map(|i| beats[i]).collect()
}

/// The sections of a track of that duration, whose bars begin at `starts`.
pub(super) fn sections(bars: &Likeness, starts: &[f64], duration: f64) -> Vec<Section> {
    let edges = picked(&odds(bars));
    let spans: Vec<Range<usize>> = stretches(&edges, bars.len()).collect();
    let times: Vec<f64> =
        [0.0].into_iter().chain(edges.iter().map(|i| starts[*i])).chain([duration]).collect();
    let letters = labels(bars, &spans).into_iter().map(letter);
    let section =
        |(label, time): (String, &[f64])| Section { start: Seconds(time[0]), end: Seconds(time[1]), label };
    letters.zip(times.windows(2)).map(section).collect()
}

/// How much the music changes at each bar, the largest change being 1, on a grid of a tenth of a second.
pub(super) fn novelty_curve(bars: &Likeness, starts: &[f64], duration: f64) -> Envelope {
    let novelty = novelty(bars, REACHES[1]);
    let most = novelty.iter().copied().fold(0.0, f32::max);
    let scale = if most > 0.0 { 1.0 / most } else { 0.0 };
    let mut next = 0;
    let at = |i: usize| {
        let time = i as f64 * CURVE;
        next += starts[next..].iter().take_while(|start| **start <= time).count();
        let value = |bar: Option<usize>| bar.and_then(|bar| novelty.get(bar)).map_or(0.0, |v| v * scale);
        let (before, behind) = (value(next.checked_sub(1)), value(Some(next)));
        let from = next.checked_sub(1).map_or(0.0, |bar| starts[bar]);
        let to = starts.get(next).copied().unwrap_or(duration);
        before + (behind - before) * ((time - from) / (to - from).max(CURVE)).clamp(0.0, 1.0) as f32
    };
    Envelope { hop_seconds: CURVE, values: (0..(duration / CURVE) as usize + 1).map(at).collect() }
}

/// How different the sides of each bar's beginning are: their energy distance.
fn novelty(bars: &Likeness, reach: usize) -> Vec<f32> {
    let at = |i: usize| {
        let (before, behind) = (i.saturating_sub(reach)..i, i..(i + reach).min(bars.len()));
        let within = 0.5 * (bars.between(&before, &before) + bars.between(&behind, &behind));
        if i > 0 { (bars.between(&before, &behind) - within).max(0.0) } else { 0.0 }
    };
    (0..bars.len()).map(at).collect()
}

/// The logarithm of the odds that a section begins with each bar.
fn odds(bars: &Likeness) -> Vec<f32> {
    let mut odds: Vec<f32> =
        repetitions(bars).map(|[ends, begin]| CONSTANT + ENDS * ends + BEGIN * begin).collect();
    for (reach, weight) in REACHES.into_iter().zip(PEAK) {
        let novelty = novelty(bars, reach);
        for (i, odds) in odds.iter_mut().enumerate() {
            let most = around(&novelty, i, reach).iter().copied().fold(0.0, f32::max);
            *odds += weight * novelty[i] / (most + FAINT);
        }
    }
    odds
}

/// For every bar how clearly a repetition ends before it, and how much of the track is repeated from it on but not up to it.
///
/// Bars (i, i+1) repeat (j, j+1) as far as both pairs are alike: paths along the diagonal of the self-similarity matrix (Foote 1999).
fn repetitions(bars: &Likeness) -> impl Iterator<Item = [f32; 2]> {
    let count = bars.len();
    let blur = 0.5 * bars.middle() + BLUR;
    let row = move |i: Option<usize>| -> Vec<f32> {
        let alike = |i: usize| move |j: usize| (-(bars.distance(i, j) / blur).powi(2)).exp();
        i.filter(|i| *i < count).map_or_else(Vec::new, |i| (0..count).map(alike(i)).collect())
    };
    // How alike all bars are to those from two before the one in question to one behind it; nothing lies outside.
    let mut rows = [row(None), row(None), row(Some(0)), row(Some(1))];
    (0..count).map(move |i| {
        let at = |row: usize, j: Option<usize>| j.and_then(|j| rows[row].get(j)).copied().unwrap_or(0.0);
        let (mut ends, mut begin) = (0.0f32, 0.0);
        for j in (0..count).filter(|j| i.abs_diff(*j) >= REPEATED) {
            let ahead = 0.5 * (at(2, Some(j)) + at(3, Some(j + 1)));
            let behind = 0.5 * (at(1, j.checked_sub(1)) + at(0, j.checked_sub(2)));
            ends = ends.max(behind - ahead);
            begin += (ahead - behind).max(0.0);
        }
        rows.rotate_left(1);
        rows[3] = row(Some(i + 2));
        [ends.sqrt(), begin / count as f32]
    })
}

/// Bars that begin a section, the first left out: the likeliest first, none too near to another.
fn picked(odds: &[f32]) -> Vec<usize> {
    let last = odds.len().saturating_sub(SHORTEST);
    let mut likely: Vec<usize> =
        (SHORTEST..=last).filter(|i| odds.get(*i).is_some_and(|o| *o >= LIKELY)).collect();
    likely.sort_by(|a, b| odds[*b].total_cmp(&odds[*a]));
    let mut edges: Vec<usize> = Vec::new();
    for i in likely {
        if edges.iter().all(|edge| edge.abs_diff(i) >= SHORTEST) {
            edges.push(i);
        }
    }
    edges.sort_unstable();
    edges
}

/// A number per stretch, the same for those that sound alike.
fn labels(bars: &Likeness, spans: &[Range<usize>]) -> Vec<usize> {
    let mut labels: Vec<usize> = Vec::new();
    for (i, span) in spans.iter().enumerate() {
        let within = |j: usize| 0.5 * (bars.within(&spans[j]) + bars.within(span));
        let share = |j: usize| {
            let between = bars.between(&spans[j], span);
            (between - within(j)) / between.max(1e-6)
        };
        let nearest = (0..i).map(|j| (j, share(j))).min_by(|a, b| a.1.total_cmp(&b.1));
        let next = labels.iter().max().map_or(0, |m| m + 1);
        labels.push(nearest.filter(|(_, share)| *share < ALIKE).map_or(next, |(j, _)| labels[j]));
    }
    labels
}

/// A, B, ... Z, AA, AB, ...
fn letter(mut index: usize) -> String {
    let mut text = String::new();
    loop {
        text.insert(0, char::from(b'A' + (index % 26) as u8));
        if index < 26 {
            return text;
        }
        index = index / 26 - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::self_similarity::tests::kinds;

    /// So many bars of each kind, one after another.
    fn stretches(parts: &[(usize, usize)]) -> (Likeness, Vec<f64>, f64) {
        let all: Vec<usize> =
            parts.iter().flat_map(|(kind, count)| std::iter::repeat_n(*kind, *count)).collect();
        (kinds(&all), (0..all.len()).map(|i| i as f64).collect(), all.len() as f64)
    }

    #[test]
    fn stretches_that_recur_are_found_and_named() {
        let (bars, starts, end) = stretches(&[(0, 8), (4, 8), (0, 4), (4, 12), (2, 6)]);
        let found = sections(&bars, &starts, end);
        let edges: Vec<f64> = found.iter().map(|s| s.start.0).collect();
        let labels: Vec<&str> = found.iter().map(|s| s.label.as_str()).collect();
        assert_eq!((edges, labels), (vec![0.0, 8.0, 16.0, 20.0, 32.0], vec!["A", "B", "A", "B", "C"]));
        assert_eq!(found[4].end.0, end);
        let curve = novelty_curve(&bars, &starts, end);
        assert!([8.0, 16.0, 20.0].iter().all(|t| curve.at(Seconds(*t)) > 0.7), "{curve:?}");
        assert!(curve.at(Seconds(12.0)) < 0.3 && curve.peak(Seconds(0.0), Seconds(end)) > 0.999, "{curve:?}");
    }

    #[test]
    fn a_row_of_bars_that_recurs_is_a_section_though_every_bar_differs() {
        let (a, b, c) = ([0, 1, 2, 3, 4, 5], [6; 6], [7; 6]);
        let starts: Vec<f64> = (0..30).map(f64::from).collect();
        let found = sections(&kinds(&[a, b, a, c, a].concat()), &starts, 30.0);
        let edges: Vec<f64> = found.iter().map(|s| s.start.0).collect();
        let labels: Vec<&str> = found.iter().map(|s| s.label.as_str()).collect();
        assert_eq!((edges, labels), (vec![0.0, 6.0, 12.0, 18.0, 24.0], vec!["A", "B", "A", "C", "A"]));
    }

    #[test]
    fn what_does_not_change_is_one_section() {
        for count in [0, 1, 3, 60] {
            let (bars, starts, end) = stretches(&[(1, count)]);
            assert_eq!(sections(&bars, &starts, end).len(), 1);
            assert!(novelty_curve(&bars, &starts, end).values.iter().all(|v| *v == 0.0));
        }
    }

    #[test]
    fn a_long_pick_up_is_a_bar_and_a_last_beat_is_none() {
        let beats: Vec<f64> = (0..14).map(f64::from).collect();
        assert_eq!(starts(&beats, &[0, 4, 8, 12], 14.0), [0.0, 4.0, 8.0, 12.0]);
        assert_eq!(starts(&beats, &[1, 5, 9, 13], 14.0), [0.0, 5.0, 9.0]);
        assert_eq!(starts(&beats, &[3, 7, 11], 14.0), [0.0, 3.0, 7.0, 11.0]);
        assert_eq!(starts(&beats, &[0, 4, 8, 12], 13.9), [0.0, 4.0, 8.0]);
        assert_eq!(starts(&[], &[], 5.0), [0.0, 2.0, 4.0]);
        assert!(starts(&[], &[], 0.0).is_empty());
    }

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!(
            (letter(0), letter(25), letter(26), letter(52)),
            ("A".into(), "Z".into(), "AA".into(), "BA".into())
        );
    }
}
