//! Self-similarity: how unlike the bars of a track sound: by levels, colour, what is struck and harmony.

use super::analysis::Envelope;
use super::chroma::CLASSES;
use super::features::BANDS;
use std::collections::BTreeMap;
use std::iter::once;
use std::ops::Range;

/// What is compared besides harmony.
const COLOUR: [&str; 3] = ["brightness", "harmonic", "percussive"];
const STRUCK: [&str; 4] = ["onset", "kick", "snare", "hat"];
/// Numbers of a bar, group by group.
const WIDTHS: [usize; 4] = [BANDS.len() + 1, COLOUR.len(), STRUCK.len(), CLASSES.len()];
const WIDTH: usize = WIDTHS[0] + WIDTHS[1] + WIDTHS[2] + WIDTHS[3];
/// A mean distance of a group that is nothing.
const NOTHING: [f32; 4] = [0.02, 0.02, 0.02, 0.05];
/// Bars that tell the scale of all, at most.
const SAMPLE: usize = 256;
/// Bars that tell a stretch, at most.
const TOLD: usize = 64;

/// The bars of a track.
pub(super) struct Likeness {
    /// Means over each bar, such that the mean distance of two bars is 1 in each group.
    bars: Vec<[f32; WIDTH]>,
}

impl Likeness {
    /// Of bars that begin at `starts` and reach to the next or to `duration`, in seconds; from envelopes, those of drums among them.
    pub(super) fn new(starts: &[f64], duration: f64, envelopes: &BTreeMap<String, Envelope>) -> Self {
        let levels = once("loudness".to_owned()).chain(BANDS.iter().map(|band| format!("{}.level", band.0)));
        let plain = COLOUR.iter().chain(&STRUCK).map(|name| (*name).to_owned());
        let names = levels.chain(plain).chain(CLASSES.iter().map(|class| format!("chroma.{class}")));
        let lists: Vec<&Envelope> = names.map(|name| &envelopes[&name]).collect();
        let ends = starts.iter().skip(1).copied().chain([duration]);
        let bar = |(start, end): (&f64, f64)| std::array::from_fn(|i| lists[i].mean(*start, end));
        let mut all = Likeness { bars: starts.iter().zip(ends).map(bar).collect() };
        all.scale();
        all
    }

    /// Brings all groups to the same mean distance.
    fn scale(&mut self) {
        let sample = || some(&(0..self.len()), SAMPLE);
        let pairs = (sample().count() * sample().count()).max(1) as f32;
        let mut factors = [0.0; WIDTH];
        for (group, nothing) in groups().zip(NOTHING) {
            let apart =
                |a: usize, b: usize| apart(&self.bars[a][group.clone()], &self.bars[b][group.clone()]);
            let sum: f32 = sample().map(|a| sample().map(|b| apart(a, b)).sum::<f32>()).sum();
            factors[group.clone()].fill(1.0 / (sum / pairs + nothing));
        }
        self.bars
            .iter_mut()
            .for_each(|bar| bar.iter_mut().zip(&factors).for_each(|(v, factor)| *v *= factor));
    }

    /// Number of bars.
    pub(super) fn len(&self) -> usize {
        self.bars.len()
    }

    /// How unlike two bars are: 4 on the average, 0 for equal ones.
    pub(super) fn distance(&self, a: usize, b: usize) -> f32 {
        groups().map(|group| apart(&self.bars[a][group.clone()], &self.bars[b][group])).sum()
    }

    /// The mean distance of the bars of one stretch to those of another.
    pub(super) fn between(&self, a: &Range<usize>, b: &Range<usize>) -> f32 {
        let told = |of| some(of, TOLD);
        let sum: f32 = told(a).map(|i| told(b).map(|j| self.distance(i, j)).sum::<f32>()).sum();
        sum / (told(a).count() * told(b).count()).max(1) as f32
    }

    /// The mean distance of two bars of a stretch.
    pub(super) fn within(&self, a: &Range<usize>) -> f32 {
        let count = some(a, TOLD).count() as f32;
        self.between(a, a) * count / (count - 1.0).max(1.0)
    }

    /// The middle one of the distances of bars that differ; 0 of none.
    pub(super) fn middle(&self) -> f32 {
        let sample = || some(&(0..self.len()), SAMPLE);
        let pairs = sample().flat_map(|a| sample().filter(move |b| *b > a).map(move |b| (a, b)));
        let mut all: Vec<f32> = pairs.map(|(a, b)| self.distance(a, b)).filter(|d| *d > 0.0).collect();
        let Some(last) = all.len().checked_sub(1) else { return 0.0 };
        *all.select_nth_unstable_by(last / 2, f32::total_cmp).1
    }
}

/// At most so many bars of a stretch, evenly chosen.
fn some(of: &Range<usize>, most: usize) -> impl Iterator<Item = usize> + use<> {
    of.clone().step_by(of.len().div_ceil(most).max(1))
}

/// Where the numbers of each group lie.
fn groups() -> impl Iterator<Item = Range<usize>> {
    WIDTHS.iter().scan(0, |from, width| Some(*from..std::mem::replace(from, *from + width) + width))
}

/// The Euclidean distance.
fn apart(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f32>().sqrt()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Bars of a second of which each is of a kind: a level and a pitch class.
    pub(in crate::audio) fn kinds(kinds: &[usize]) -> Likeness {
        let envelope = |value: &dyn Fn(usize) -> f32| Envelope {
            hop_seconds: 0.25,
            values: kinds.iter().flat_map(|kind| [value(*kind); 4]).collect(),
        };
        let flat = COLOUR.iter().chain(&STRUCK).map(|name| (*name).to_owned());
        let levels = BANDS.iter().map(|band| format!("{}.level", band.0)).chain(["loudness".to_owned()]);
        let classes = CLASSES.iter().enumerate();
        let mut all: BTreeMap<String, Envelope> = flat.map(|name| (name, envelope(&|_| 0.5))).collect();
        all.extend(levels.map(|name| (name, envelope(&|kind| 0.2 + 0.1 * kind as f32))));
        all.extend(classes.map(|(class, name)| {
            (format!("chroma.{name}"), envelope(&|kind| f32::from(u8::from(kind * 5 % 12 == class))))
        }));
        let starts: Vec<f64> = (0..kinds.len()).map(|i| i as f64).collect();
        Likeness::new(&starts, kinds.len() as f64, &all)
    }

    #[test]
    fn equal_bars_are_0_apart_and_others_are_not() {
        let all = kinds(&[0, 1, 0, 1, 2]);
        assert_eq!(all.len(), 5);
        assert!(all.distance(0, 2) == 0.0 && all.distance(1, 3) == 0.0);
        assert!(all.distance(0, 4) > all.distance(0, 1) && all.distance(0, 1) > 1.0);
        assert!((all.between(&(0..2), &(2..4)) - all.distance(0, 1) / 2.0).abs() < 1e-5);
        assert!((all.within(&(0..2)) - all.distance(0, 1)).abs() < 1e-5 && all.within(&(0..1)) == 0.0);
        // Two of the four groups differ: their mean distance is 1 each, less what is nothing.
        let mean = all.between(&(0..5), &(0..5));
        assert!((1.7..2.0).contains(&mean), "{mean}");
        assert!(all.middle() > 1.0);
    }

    #[test]
    fn what_is_the_same_all_over_has_no_distance() {
        assert_eq!(kinds(&[3; 9]).middle(), 0.0);
        let none = kinds(&[]);
        assert_eq!((none.len(), none.middle(), none.between(&(0..0), &(0..0))), (0, 0.0, 0.0));
    }
}
