//! Courses of beats: what one is, and what speaks for one.

use std::ops::Range;

/// Beats of the bars that courses are made of. They only let some beats be heavier than others; [`super::bar`] finds
/// the music's bars.
pub(super) const BAR: usize = 4;
/// Share of a beat in which the chance of a beat is expected to be high.
const BEAT_SHARE: usize = 16;
/// Chances are held this far from 0 and 1: the net is never so sure.
const DOUBT: f64 = 1e-4;

/// A course of beats.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Course {
    /// The hop of each beat, ascending.
    pub(super) beats: Vec<usize>,
    /// How much likelier the course is than no beats at all: natural logarithm.
    pub(super) merit: f64,
    /// Indices of the beats with which the music sets in anew, as after a cut; ascending, never 0.
    pub(super) cuts: Vec<usize>,
}

impl Course {
    /// Its stretches without a cut, as indices of beats.
    pub(super) fn stretches(&self) -> impl Iterator<Item = Range<usize>> {
        stretches(&self.cuts, self.beats.len())
    }

    /// This course, or a likelier one.
    pub(super) fn or_likelier(self, other: Course) -> Course {
        if other.merit > self.merit { other } else { self }
    }
}

/// The stretches between cuts of a list of `count`, as indices of it.
pub(super) fn stretches(cuts: &[usize], count: usize) -> impl Iterator<Item = Range<usize>> {
    [0].into_iter()
        .chain(cuts.iter().copied())
        .zip(cuts.iter().copied().chain([count]))
        .map(|(from, to)| from..to)
}

/// What speaks for a beat or a downbeat, hop by hop.
pub(super) struct Merits {
    /// Running sums for a beat that is no downbeat and for a downbeat; element i: of all hops before i.
    beat: Vec<f64>,
    downbeat: Vec<f64>,
}

impl Merits {
    /// From the chance of a beat and of a downbeat at every hop.
    pub(super) fn new(beat: &[f32], downbeat: &[f32]) -> Self {
        let (mut beats, mut downbeats) = (vec![0.0], vec![0.0]);
        let (mut sum, mut down_sum) = (0.0, 0.0);
        for (b, d) in beat.iter().zip(downbeat) {
            let b = f64::from(*b).clamp(DOUBT, 1.0 - DOUBT);
            let d = f64::from(*d).clamp(DOUBT, b);
            let rest = ((1.0 - b) / (BEAT_SHARE - 1) as f64).ln();
            sum += (b - d).max(DOUBT).ln() - rest;
            down_sum += d.ln() - rest;
            beats.push(sum);
            downbeats.push(down_sum);
        }
        Merits { beat: beats, downbeat: downbeats }
    }

    /// Number of hops.
    pub(super) fn hops(&self) -> usize {
        self.beat.len() - 1
    }

    /// Hops at the start of a beat of `period` hops in which its chance is expected to be high.
    pub(super) fn near(period: usize) -> usize {
        period.div_ceil(BEAT_SHARE)
    }

    /// The merit of a beat of `period` hops from `start` on, up to hop `end`; position 0 is a downbeat.
    #[inline]
    pub(super) fn of(&self, position: usize, start: isize, period: usize, end: usize) -> f64 {
        let to = (start + Self::near(period) as isize).max(0) as usize;
        let (from, to) = (start.max(0) as usize, to.min(end));
        let sums = if position == 0 { &self.downbeat } else { &self.beat };
        sums[to] - sums[from.min(to)]
    }
}
