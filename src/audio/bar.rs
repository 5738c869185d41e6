//! Bars: where they begin, and how many beats they have.
//!
//! Harmony changes with a bar more than anywhere else, kicks fall on its first beat, snares beside it, the net takes some
//! beats for first ones, and music seldom begins with a pick-up. Each beat has a voice, the sum of these signs, and bars begin
//! at the place whose beats have the highest mean. With the right number of beats in a bar, first beats stand out most:
//! it is the one that explains most of what the voices differ by. The weights are a conditional logit (McFadden 1974), fitted by
//! `training/ears/bars.py`.

use super::course::stretches;
use std::ops::Range;

/// Beats of most bars.
pub(super) const USUAL: usize = 4;
/// Other numbers of beats, and by how much each has to be likelier than four, as a natural logarithm.
const OTHERS: [(usize, f64); 3] = [(3, 4.0), (5, 6.0), (7, 6.0)];
/// Fewest bars that show another number: in a few, anything stands out.
const SHOWN: usize = 8;

/// What signs of variance 1 weigh in a voice.
const HARMONY: f32 = 3.1;
const KICK: f32 = 2.0;
const SNARE: f32 = -0.7;
/// What the net's share weighs, from 0 to 1.
const SHARE: f32 = 2.0;
/// What is added to the mean of the place where a bar is due: at the first sound, and where the count goes on behind a cut.
const DUE: f32 = 2.4;
/// Beats that tell as much as a track does; fewer tell less.
const ENOUGH: f32 = 100.0;
/// A share of all variance that can't be explained by bars.
const UNEXPLAINED: f64 = 0.01;

/// What is heard at each beat.
pub(super) struct Signs {
    /// Pitch classes from each beat to the next, vectors of length 1.
    pub(super) chroma: Vec<[f32; 12]>,
    /// Chances of a kick and of a snare.
    pub(super) kick: Vec<f32>,
    pub(super) snare: Vec<f32>,
    /// How much of its chance of a beat is the chance of a downbeat, 0..=1.
    pub(super) share: Vec<f32>,
}

/// Where bars begin.
#[derive(Debug, PartialEq)]
pub(super) struct Bars {
    /// Beats in a bar.
    pub(super) meter: usize,
    /// Indices of their first beats.
    pub(super) first: Vec<usize>,
}

/// Finds the bars of beats, which may begin anew behind each cut; `at_once`: the first beat lies on the first sound.
pub(super) fn bars(signs: &Signs, cuts: &[usize], at_once: bool) -> Bars {
    let voices = signs.voices();
    let stretches: Vec<Range<usize>> = stretches(cuts, voices.len()).collect();
    let gain = |meter: usize| gain(&voices, &stretches, meter);
    let usual = gain(USUAL);
    let others = OTHERS.into_iter().filter(|(meter, _)| meter * SHOWN <= voices.len());
    let likelier =
        others.map(|(meter, least)| (meter, gain(meter) - usual - least)).filter(|other| other.1 > 0.0);
    let meter = likelier.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(USUAL, |other| other.0);
    let places = places(&voices, &stretches, meter, at_once);
    let first = stretches.into_iter().zip(places).flat_map(|(stretch, place)| {
        let skipped = (place + meter - stretch.start % meter) % meter;
        stretch.skip(skipped).step_by(meter)
    });
    Bars { meter, first: first.collect() }
}

/// The likeliest places of the first beats in all stretches (Viterbi 1967), as what is left of their indices.
fn places(voices: &[f32], stretches: &[Range<usize>], meter: usize, at_once: bool) -> Vec<usize> {
    let best =
        |merits: &[f32]| (0..meter).rev().max_by(|a, b| merits[*a].total_cmp(&merits[*b])).unwrap_or(0);
    let mut merits = vec![0.0; meter];
    merits[0] += if at_once { DUE } else { 0.0 };
    let mut origins = Vec::with_capacity(stretches.len());
    for stretch in stretches {
        let (top, told) = (best(&merits), (stretch.len() as f32 / ENOUGH).min(1.0));
        let goes_on = |place: usize| merits[place] + DUE >= merits[top];
        let origin: Vec<usize> = (0..meter).map(|place| if goes_on(place) { place } else { top }).collect();
        let reached = |place: usize| merits[origin[place]] + if origin[place] == place { DUE } else { 0.0 };
        let means = means(voices, stretch, meter);
        merits = (0..meter).map(|place| reached(place) + told * means[place]).collect();
        origins.push(origin);
    }
    let (mut places, mut place) = (vec![0; stretches.len()], best(&merits));
    for (slot, origin) in places.iter_mut().zip(&origins).rev() {
        (*slot, place) = (place, origin[place]);
    }
    places
}

/// How much likelier the voices are if first beats have a mean of their own: of normal distributions, as a natural logarithm.
fn gain(voices: &[f32], stretches: &[Range<usize>], meter: usize) -> f64 {
    let all: f64 = voices.iter().map(|v| f64::from(*v).powi(2)).sum();
    let explained = stretches.iter().map(|stretch| {
        let best = means(voices, stretch, meter).into_iter().fold(0.0, f32::max);
        stretch.len() as f64 * f64::from(best).powi(2) / (meter - 1) as f64
    });
    let unexplained = 1.0 - explained.sum::<f64>() / all.max(1e-9);
    -0.5 * voices.len() as f64 * unexplained.max(UNEXPLAINED).ln()
}

/// The mean voice in a stretch of the beats whose indices leave 0, 1, ... when divided by `meter`; 0 of none.
fn means(voices: &[f32], stretch: &Range<usize>, meter: usize) -> Vec<f32> {
    let of = |place: usize| {
        let every = stretch.clone().filter(|i| i % meter == place).map(|i| voices[i]);
        every.clone().sum::<f32>() / every.count().max(1) as f32
    };
    (0..meter).map(of).collect()
}

impl Signs {
    /// How well each beat would do as the first of a bar; 0 on the average.
    fn voices(&self) -> Vec<f32> {
        let harmony: Vec<f32> = (0..self.chroma.len()).map(|i| harmonic_change(&self.chroma, i)).collect();
        let share = self.share.iter().sum::<f32>() / self.share.len().max(1) as f32;
        let signs =
            standardized(&harmony).into_iter().zip(standardized(&self.kick)).zip(standardized(&self.snare));
        signs
            .zip(&self.share)
            .map(|(((harmony, kick), snare), net)| {
                HARMONY * harmony + KICK * kick + SNARE * snare + SHARE * (net - share)
            })
            .collect()
    }
}

/// How much the harmony differs before and after a beat, over one and over two beats: 0..=1.
fn harmonic_change(chroma: &[[f32; 12]], i: usize) -> f32 {
    let over = |reach: usize| {
        if i < reach || i + reach > chroma.len() {
            return 0.0;
        }
        let (before, after) = (sum(&chroma[i - reach..i]), sum(&chroma[i..i + reach]));
        let (dot, norms) = (dot(&before, &after), dot(&before, &before) * dot(&after, &after));
        if norms > 1e-9 { 1.0 - dot / norms.sqrt() } else { 0.0 }
    };
    0.5 * (over(1) + over(2))
}

fn sum(chroma: &[[f32; 12]]) -> [f32; 12] {
    std::array::from_fn(|k| chroma.iter().map(|c| c[k]).sum())
}

fn dot(a: &[f32; 12], b: &[f32; 12]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Mean 0, variance 1; all 0 for a constant.
fn standardized(values: &[f32]) -> Vec<f32> {
    let mean = values.iter().sum::<f32>() / values.len().max(1) as f32;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len().max(1) as f32;
    let scale = if variance > 1e-8 { 1.0 / variance.sqrt() } else { 0.0 };
    values.iter().map(|v| (v - mean) * scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    /// Beats of which all have a chord, and no drums and no net.
    fn chords(chords: impl Iterator<Item = usize>) -> Vec<[f32; 12]> {
        chords.map(|chord| std::array::from_fn(|k| f32::from(u8::from(k == chord * 5 % 12)))).collect()
    }

    fn found(chroma: &[[f32; 12]], cuts: &[usize], at_once: bool) -> Bars {
        let none = vec![0.0; chroma.len()];
        let signs = Signs { chroma: chroma.to_vec(), kick: none.clone(), snare: none.clone(), share: none };
        bars(&signs, cuts, at_once)
    }

    #[test]
    fn bars_begin_where_the_chords_change_whatever_their_length() {
        for meter in [3, 4, 5, 7] {
            for place in 0..meter {
                let chroma = chords((0..80).map(|i| (i + meter - place) / meter));
                let first = (place..80).step_by(meter).collect();
                assert_eq!(found(&chroma, &[], place == 0), Bars { meter, first }, "{meter} from {place}");
            }
        }
    }

    #[test]
    fn behind_a_cut_bars_begin_anew() {
        // Bars from 1 on, of which the last is cut short.
        let chroma = chords((0..83_usize).map(|i| if i < 40 { i.div_ceil(4) } else { 20 + (i - 37) / 4 }));
        let expected: Vec<usize> = (1..40).step_by(4).chain((41..83).step_by(4)).collect();
        assert_eq!(found(&chroma, &[40], false).first, expected);
    }

    #[test]
    fn drums_and_the_net_are_heard_too() {
        let chroma = chords((0..64).map(|_| 0));
        let every = |place: usize, meter: usize| {
            (0..64).map(|i| if i % meter == place { 0.9 } else { 0.1 }).collect::<Vec<f32>>()
        };
        let none = vec![0.0; 64];
        let rock =
            Signs { chroma: chroma.clone(), kick: every(1, 4), snare: every(3, 4), share: none.clone() };
        assert_eq!(bars(&rock, &[], false).first[..2], [1, 5]);
        let heard = Signs { chroma, kick: none.clone(), snare: none, share: every(2, 3) };
        assert_eq!(bars(&heard, &[], false), Bars { meter: 3, first: (2..64).step_by(3).collect() });
    }

    #[test]
    fn where_nothing_tells_the_first_sound_begins_bars_of_four() {
        let chroma = chords((0..9).map(|_| 3));
        assert_eq!(found(&chroma, &[], true), Bars { meter: 4, first: vec![0, 4, 8] });
        // Few beats show no other number, whatever they say.
        let seven = chords((0..21_usize).map(|i| i.div_ceil(7)));
        assert_eq!(found(&seven, &[], false).meter, 4);
        // Behind a cut it goes on, even if stretches are shorter than a bar.
        assert_eq!(found(&chroma, &[2, 3], true).first, [0, 4, 8]);
        assert_eq!(found(&[], &[], true).first, [0; 0]);
    }
}
