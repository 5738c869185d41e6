//! Where the music changes character, and which stretches sound alike.
//!
//! At every beat the stretches before and after are compared by the energy distance (Székely and Rizzo
//! 2004): how much farther apart the beats of different sides are than those of the same side. Its
//! peaks are boundaries, moved to the nearest bar. Sections whose beats can't be told apart share a letter.

use super::analysis::{Envelope, Section};
use super::pulse::Pulse;
use crate::units::Seconds;

/// Most beats on either side that are compared at a boundary.
const REACH: usize = 16;
/// Fewest beats in a section.
const SHORTEST: usize = 6;
/// Share of the distance that must be due to the sides being different.
const DIFFERENT: f32 = 0.3;
/// Least distance of two sides: closer ones sound alike to anyone.
const AUDIBLE: f32 = 0.12;
/// Seconds between two values of the novelty curve.
const CURVE: f64 = 0.1;
/// Sections up to this share of difference have the same letter.
const ALIKE: f32 = 0.25;

/// The sections of a track; `downbeats` are indices of pulses, `novelty` is what [`novelties`] says of them.
pub(super) fn sections(
    pulses: &[Pulse],
    downbeats: &[usize],
    novelty: &[f32],
    duration: f64,
) -> Vec<Section> {
    let mut edges = vec![0];
    edges.extend(boundaries(pulses, downbeats, novelty));
    edges.push(pulses.len());
    let spans: Vec<&[Pulse]> = edges.windows(2).map(|e| &pulses[e[0]..e[1]]).collect();
    let labels = labels(&spans);
    let times: Vec<f64> = edges[1..edges.len() - 1].iter().map(|i| pulses[*i].start).collect();
    let start = |i: usize| if i == 0 { 0.0 } else { times[i - 1] };
    let end = |i: usize| times.get(i).copied().unwrap_or(duration);
    (0..spans.len())
        .map(|i| Section { start: Seconds(start(i)), end: Seconds(end(i)), label: letter(labels[i]) })
        .collect()
}

/// How different the sides of every pulse are.
pub(super) fn novelties(pulses: &[Pulse]) -> Vec<f32> {
    let reach = (pulses.len() / 7).clamp(4, REACH);
    (0..pulses.len()).map(|i| novelty(pulses, i, reach)).collect()
}

/// Novelty as an envelope on a grid of a tenth of a second, the largest being 1.
pub(super) fn novelty_curve(pulses: &[Pulse], novelty: &[f32], duration: f64) -> Envelope {
    let most = novelty.iter().copied().fold(0.0, f32::max);
    let scale = if most > 0.0 { 1.0 / most } else { 0.0 };
    let mut next = 0;
    let at = |i: usize| {
        let time = i as f64 * CURVE;
        next += pulses[next..].iter().take_while(|p| p.start <= time).count();
        if next == 0 { 0.0 } else { novelty[next - 1] * scale }
    };
    Envelope { hop_seconds: CURVE, values: (0..(duration / CURVE) as usize + 1).map(at).collect() }
}

/// Indices of the pulses that begin a section, without the first.
fn boundaries(pulses: &[Pulse], downbeats: &[usize], novelty: &[f32]) -> Vec<usize> {
    let is_peak = |i: &usize| {
        let near = i.saturating_sub(SHORTEST)..(i + SHORTEST + 1).min(pulses.len());
        novelty[*i] > 0.0 && novelty[near].iter().all(|n| *n <= novelty[*i])
    };
    let mut edges: Vec<usize> =
        (0..pulses.len()).filter(is_peak).map(|i| nearest_bar(i, downbeats)).collect();
    edges.retain(|edge| *edge >= SHORTEST && *edge + SHORTEST <= pulses.len());
    edges.dedup_by(|later, earlier| *later < *earlier + SHORTEST);
    drop_needless(pulses, edges)
}

/// Takes away edges, the least first, until all neighbors are different as a whole.
fn drop_needless(pulses: &[Pulse], mut edges: Vec<usize>) -> Vec<usize> {
    loop {
        let weakest = (0..edges.len())
            .map(|k| {
                let from = if k == 0 { 0 } else { edges[k - 1] };
                let to = edges.get(k + 1).copied().unwrap_or(pulses.len());
                (k, merit(&pulses[from..edges[k]], &pulses[edges[k]..to]))
            })
            .min_by(|a, b| a.1.total_cmp(&b.1));
        match weakest {
            Some((k, merit)) if merit <= 0.0 => edges.remove(k),
            _ => return edges,
        };
    }
}

/// The bar within two beats of `i`, or `i` itself.
fn nearest_bar(i: usize, downbeats: &[usize]) -> usize {
    downbeats.iter().copied().min_by_key(|d| d.abs_diff(i)).filter(|d| d.abs_diff(i) <= 2).unwrap_or(i)
}

/// How different the sides of `i` are; 0 where they are not different enough.
fn novelty(pulses: &[Pulse], i: usize, reach: usize) -> f32 {
    let before = &pulses[i.saturating_sub(reach)..i];
    let after = &pulses[i..(i + reach).min(pulses.len())];
    if before.len() < 4 || after.len() < 4 {
        return 0.0;
    }
    merit(before, after)
}

/// How different two stretches are; 0 where they are not different enough.
fn merit(before: &[Pulse], after: &[Pulse]) -> f32 {
    let (share, distance) = difference(before, after);
    if share > DIFFERENT && distance > AUDIBLE { share * distance } else { 0.0 }
}

/// The share of the mean distance between two sets that is due to their being different, and that distance.
fn difference(a: &[Pulse], b: &[Pulse]) -> (f32, f32) {
    let between = mean_distance(a, b);
    let within = 0.5 * (mean_distance(a, a) + mean_distance(b, b));
    if between > 0.0 { ((between - within) / between, between) } else { (0.0, 0.0) }
}

fn mean_distance(a: &[Pulse], b: &[Pulse]) -> f32 {
    // A long section is told by some of its beats.
    let (step_a, step_b) = (a.len().div_ceil(64), b.len().div_ceil(64));
    let (mut sum, mut count) = (0.0, 0);
    for x in a.iter().step_by(step_a) {
        for y in b.iter().step_by(step_b) {
            sum += distance(x, y);
            count += 1;
        }
    }
    sum / count.max(1) as f32
}

/// How different two beats sound: levels, timbre and a little harmony.
fn distance(a: &Pulse, b: &Pulse) -> f32 {
    let mean_square = |x: &[f32], y: &[f32]| {
        x.iter().zip(y).map(|(p, q)| (p - q).powi(2)).sum::<f32>() / x.len().max(1) as f32
    };
    let levels = mean_square(&a.levels, &b.levels);
    let timbre = mean_square(&a.timbre, &b.timbre);
    let harmony = mean_square(&a.chroma, &b.chroma);
    (levels + 0.3 * timbre + 0.2 * harmony).sqrt()
}

/// A number per span, the same for those that sound alike.
fn labels(spans: &[&[Pulse]]) -> Vec<usize> {
    let mut labels: Vec<usize> = Vec::new();
    for (i, span) in spans.iter().enumerate() {
        let like = (0..i)
            .map(|j| (j, difference(spans[j], span)))
            .filter(|(_, (share, distance))| *share < ALIKE || *distance < AUDIBLE)
            .min_by(|a, b| a.1.0.total_cmp(&b.1.0));
        let next = labels.iter().max().map_or(0, |m| m + 1);
        labels.push(like.map_or(next, |(j, _)| labels[j]));
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
    use crate::audio::features::TIMBRE;

    fn stretch(level: f32, count: usize) -> Vec<Pulse> {
        let wobble = |i: usize| level + if i.is_multiple_of(2) { 0.02 } else { -0.02 };
        (0..count)
            .map(|i| Pulse {
                start: 0.0,
                levels: [wobble(i); 6],
                timbre: [wobble(i); TIMBRE],
                chroma: [0.0; 12],
            })
            .collect()
    }

    #[test]
    fn loud_and_quiet_blocks_are_found_and_recur() {
        let mut pulses = [stretch(0.2, 16), stretch(0.8, 32), stretch(0.2, 12), stretch(0.8, 20)].concat();
        pulses.iter_mut().enumerate().for_each(|(i, p)| p.start = i as f64 * 0.5);
        let bars: Vec<usize> = (0..80).step_by(4).collect();
        let novelty = novelties(&pulses);
        let found = sections(&pulses, &bars, &novelty, 40.0);
        let edges: Vec<f64> = found.iter().map(|s| s.start.0).collect();
        let labels: Vec<&str> = found.iter().map(|s| s.label.as_str()).collect();
        assert_eq!(edges, [0.0, 8.0, 24.0, 30.0]);
        assert_eq!(labels, ["A", "B", "A", "B"]);
        assert_eq!(found[3].end.0, 40.0);
        let curve = novelty_curve(&pulses, &novelty, 40.0);
        assert!([8.0, 24.0].iter().all(|t| curve.at(Seconds(*t)) > 0.8), "{curve:?}");
        assert!(curve.at(Seconds(16.0)) < 0.3 && curve.peak(Seconds(0.0), Seconds(40.0)) == 1.0, "{curve:?}");
    }

    #[test]
    fn what_does_not_change_is_one_section() {
        assert_eq!(sections(&stretch(0.5, 60), &[], &[0.0; 60], 30.0).len(), 1);
        assert_eq!(sections(&[], &[], &[], 0.3).len(), 1);
        assert_eq!(novelties(&stretch(0.5, 60)), [0.0; 60]);
    }

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!(
            (letter(0), letter(25), letter(26), letter(52)),
            ("A".into(), "Z".into(), "AA".into(), "BA".into())
        );
    }
}
