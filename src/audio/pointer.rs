//! Chances of beats and downbeats go in, the likeliest course of beats comes out.
//!
//! The bar-pointer model (Krebs, Böck and Widmer 2015): a pointer runs through bars of a fixed number of beats at
//! a tempo that may change from beat to beat, and near a beat the net's chances are expected to be high:
//!
//! ```text
//! beat of period d, position k:  |■■|· · · · · · · · · · · · · ·|   ■: ln chance of a (down)beat
//!                                 d/16           rest                ·: ln (1 - chance of a beat)/15
//! ```
//!
//! A whole beat is one step of a semi-Markov chain, its merit a difference of running sums, so a hop costs as many
//! operations as there are periods and not as there are places in a bar. Merits are taken relative to "no beat",
//! which changes all courses by the same amount.

use super::course::{BAR, Course, Merits};
use crate::vector::vectorized;

/// Periods of a beat in hops, from shortest to longest: 215 to 55 beats a minute.
const PERIODS: (f64, f64) = (6000.0 / 215.0, 6000.0 / 55.0);
/// Periods that are tried, spaced evenly on a logarithmic scale; equal whole numbers count once.
const PERIOD_COUNT: usize = 60;
/// How unlikely another period is after each beat: exp(-TIGHT |ratio - 1|).
const TIGHT: f64 = 50.0;
/// Neighboring periods that a beat can be followed by, on either side.
const NEAR: usize = 3;
const OFFSETS: usize = 2 * NEAR + 1;
const NEVER: f64 = -1e30;

/// The likeliest course of beats.
pub(super) fn course(merits: &Merits) -> Course {
    if merits.hops() == 0 {
        return Course::default();
    }
    let model = Model::new(merits);
    let (last, origins) = vectorized(
        #[inline(always)]
        || model.forward(),
    );
    let mut beats = model.backward(last.state, &origins);
    beats.reverse();
    Course { beats, merit: last.merit, cuts: Vec::new() }
}

/// A beat that begins at `hop` with the period of that index, at a position in the bar.
#[derive(Clone, Copy)]
struct State {
    hop: usize,
    position: usize,
    period: usize,
}

struct Best {
    merit: f64,
    state: State,
}

/// A value for each position in the bar: one vector.
type Bar = [f64; BAR];

struct Model<'a> {
    merits: &'a Merits,
    periods: Vec<usize>,
    /// Logarithm of the chance of a change of period, by new period and offset (0 to 2·NEAR).
    changes: Vec<[f64; OFFSETS]>,
}

impl<'a> Model<'a> {
    fn new(merits: &'a Merits) -> Self {
        let periods = periods();
        let ratio = |from: usize, to: usize| periods[to] as f64 / periods[from] as f64;
        let chance = |from: usize, to: usize| (-TIGHT * (ratio(from, to) - 1.0).abs()).exp();
        let all: Vec<f64> =
            (0..periods.len()).map(|i| (0..periods.len()).map(|j| chance(i, j)).sum()).collect();
        let change = |offset: usize, to: usize| match (to + offset).checked_sub(NEAR) {
            Some(from) if from < periods.len() => (chance(from, to) / all[from]).ln(),
            _ => NEVER,
        };
        let changes = (0..periods.len()).map(|to| std::array::from_fn(|offset| change(offset, to))).collect();
        Model { merits, periods, changes }
    }

    /// Goes through all hops; gives the best last beat, and for every beat which period came before.
    #[inline(always)]
    fn forward(&self) -> (Best, Origins) {
        let hops = self.merits.hops();
        let mut pending: Vec<Pending> = self.periods.iter().map(|p| self.before_the_track(*p)).collect();
        let mut origins = Origins::new(hops, self.periods.len());
        // Merits of the beats that end here, with room for offsets on both sides.
        let mut ends = vec![[NEVER; BAR]; self.periods.len() + 2 * NEAR];
        for hop in 1..hops {
            for (end, pending) in ends[NEAR..].iter_mut().zip(&pending) {
                *end = pending.next();
            }
            let mut near = (0, [0.0; BAR]);
            for (i, (pending, changes)) in pending.iter_mut().zip(&self.changes).enumerate() {
                let (best, origin) = likeliest(&ends[i..], changes);
                if near.0 != Merits::near(self.periods[i]) {
                    near = (Merits::near(self.periods[i]), self.beats(hop as isize, self.periods[i]));
                }
                pending.push(std::array::from_fn(|position| best[position] + near.1[position]));
                origins.push(origin);
            }
        }
        (self.last(&pending), origins)
    }

    /// The beats of a period that end in the track but began before it, or with it.
    fn before_the_track(&self, period: usize) -> Pending {
        let merit = -((period * BAR) as f64).ln();
        let bar = |start: isize| self.beats(start, period).map(|beat| merit + beat);
        Pending { merits: (1 - period as isize..=0).map(bar).collect(), next: 0 }
    }

    /// What speaks for a beat that begins at a hop, by position.
    #[inline(always)]
    fn beats(&self, start: isize, period: usize) -> Bar {
        let of = |position| self.merits.of(position, start, period, self.merits.hops());
        let (down, other) = (of(0), of(1));
        [down, other, other, other]
    }

    /// The best beat that reaches past the end.
    fn last(&self, pending: &[Pending]) -> Best {
        let hops = self.merits.hops();
        let mut best = Best { merit: f64::MIN, state: State { hop: 0, position: 0, period: 0 } };
        for (i, (period, pending)) in self.periods.iter().zip(pending).enumerate() {
            for hop in (hops + 1).saturating_sub(*period)..hops {
                for (position, merit) in pending.begun(hops - hop).into_iter().enumerate() {
                    if merit > best.merit {
                        best = Best { merit, state: State { hop, position, period: i } };
                    }
                }
            }
        }
        best
    }

    /// The beats from the last to the first.
    fn backward(&self, last: State, origins: &Origins) -> Vec<usize> {
        let State { mut hop, mut position, mut period } = last;
        let mut beats = vec![hop];
        while hop > 0 {
            let offset = origins.get(hop, period, position);
            period = (period + offset).saturating_sub(NEAR).min(self.periods.len() - 1);
            position = (position + BAR - 1) % BAR;
            match hop.checked_sub(self.periods[period]) {
                Some(before) => hop = before,
                None => break,
            }
            beats.push(hop);
        }
        beats
    }
}

/// The best beat before one, by position, and its period's offset; `before` begins with the first offset.
#[inline(always)]
fn likeliest(before: &[Bar], changes: &[f64; OFFSETS]) -> (Bar, [u64; BAR]) {
    let (mut best, mut origin) = ([NEVER; BAR], [NEAR as u64; BAR]);
    for (offset, (before, change)) in before.iter().zip(changes).enumerate() {
        for position in 0..BAR {
            let merit = before[position] + change;
            let better = merit > best[position];
            best[position] = if better { merit } else { best[position] };
            origin[position] = if better { offset as u64 } else { origin[position] };
        }
    }
    (best, origin)
}

/// The beats of one period that have begun and not ended, as many as the period has hops.
struct Pending {
    merits: Vec<Bar>,
    /// The one that ends next.
    next: usize,
}

impl Pending {
    /// Merits of the beats that end now, by the position of the beats after them.
    #[inline(always)]
    fn next(&self) -> Bar {
        let [a, b, c, d] = self.merits[self.next];
        [d, a, b, c]
    }

    /// Puts beats that begin now in the place of those that end.
    #[inline(always)]
    fn push(&mut self, merits: Bar) {
        self.merits[self.next] = merits;
        self.next = if self.next + 1 == self.merits.len() { 0 } else { self.next + 1 };
    }

    /// Merits of the beats that were put in so many calls ago; the last ones are those of 1 call ago.
    fn begun(&self, calls: usize) -> Bar {
        self.merits[(self.next + self.merits.len() - calls) % self.merits.len()]
    }
}

/// Which period came before a beat that begins at a hop, as an offset of 0 to 2·NEAR: those of a bar in two bytes,
/// for it is the largest thing that is known of a long track.
struct Origins {
    periods: usize,
    bars: Vec<u16>,
}

impl Origins {
    /// Room for `hops` hops but the first, at which no beat ends.
    fn new(hops: usize, periods: usize) -> Self {
        Origins { periods, bars: Vec::with_capacity((hops - 1) * periods) }
    }

    /// The offsets of the next period, by position.
    #[inline(always)]
    fn push(&mut self, [a, b, c, d]: [u64; BAR]) {
        self.bars.push((a | b << 4 | c << 8 | d << 12) as u16);
    }

    fn get(&self, hop: usize, period: usize, position: usize) -> usize {
        usize::from(self.bars[(hop - 1) * self.periods + period] >> (4 * position) & 15)
    }
}

fn periods() -> Vec<usize> {
    let (shortest, longest) = PERIODS;
    let step = (longest / shortest).ln() / (PERIOD_COUNT - 1) as f64;
    let mut all: Vec<usize> =
        (0..PERIOD_COUNT).map(|i| (shortest * (step * i as f64).exp()).round() as usize).collect();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chances that are high at `beats`, every fourth of them, from `first` on, a downbeat.
    fn chances(hops: usize, beats: &[usize], first: usize) -> (Vec<f32>, Vec<f32>) {
        let (mut beat, mut downbeat) = (vec![0.02; hops], vec![0.01; hops]);
        for (i, hop) in beats.iter().enumerate() {
            beat[*hop] = 0.8;
            if i % BAR == first {
                downbeat[*hop] = 0.6;
            }
        }
        (beat, downbeat)
    }

    #[test]
    fn a_steady_course_is_followed_at_any_tempo() {
        for (period, first) in [(31, 0), (50, 2), (47, 3), (98, 1)] {
            let truth: Vec<usize> = (13..5900).step_by(period).collect();
            let (beat, downbeat) = chances(6000, &truth, first);
            let found = course(&Merits::new(&beat, &downbeat));
            assert!(found.beats.len() >= truth.len(), "{period}");
            // The chance of a beat may be high anywhere in the first sixteenth of it.
            let near = |(found, truth): (&usize, &usize)| found <= truth && truth - found <= period / 16;
            assert!(found.beats.iter().zip(&truth).all(near), "{period}: {:?}", found.beats);
        }
    }

    #[test]
    fn a_ramp_is_followed_and_a_gap_is_bridged() {
        let mut truth = vec![30];
        while truth[truth.len() - 1] < 5900 {
            let last = truth[truth.len() - 1];
            truth.push(last + 60 - last * 20 / 6000);
        }
        truth.pop();
        let (mut beat, mut downbeat) = chances(6000, &truth, 0);
        beat[2500..2800].fill(0.02);
        downbeat[2500..2800].fill(0.01);
        let found = course(&Merits::new(&beat, &downbeat));
        let off = truth.iter().map(|t| found.beats.iter().map(|b| b.abs_diff(*t)).min().unwrap_or(99));
        assert!(off.clone().all(|d| d <= 4), "{:?}", off.collect::<Vec<_>>());
    }

    #[test]
    fn short_tracks_are_no_trouble() {
        assert!(course(&Merits::new(&[], &[])).beats.is_empty());
        for hops in [1, 2, 30, 200] {
            let found = course(&Merits::new(&vec![0.5; hops], &vec![0.1; hops]));
            assert!(found.beats.iter().all(|b| *b < hops));
        }
    }
}
