//! Chances of beats and downbeats go in, the likeliest course of beats and bars comes out.
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

use super::course::{Course, Merits};

/// Periods of a beat in hops, from shortest to longest: 215 to 55 beats a minute.
const PERIODS: (f64, f64) = (6000.0 / 215.0, 6000.0 / 55.0);
/// Periods that are tried, spaced evenly on a logarithmic scale; equal whole numbers count once.
const PERIOD_COUNT: usize = 60;
/// How unlikely another period is after each beat: exp(-TIGHT |ratio - 1|).
const TIGHT: f64 = 50.0;
/// Neighboring periods that a beat can be followed by, on either side.
const NEAR: usize = 3;
const NEVER: f64 = -1e30;

/// The likeliest course through bars of `meter` beats.
pub(super) fn course(merits: &Merits, meter: usize) -> Course {
    if merits.hops() == 0 {
        return Course { meter, ..Course::default() };
    }
    let model = Model::new(merits, meter);
    let (last, back) = model.forward(merits.hops());
    let mut beats = model.backward(last.state, &back);
    beats.reverse();
    Course { beats, meter, merit: last.merit, cuts: Vec::new() }
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

struct Model<'a> {
    merits: &'a Merits,
    meter: usize,
    periods: Vec<usize>,
    /// Logarithm of the chance of a change of period, by offset (0 to 2·NEAR) and new period.
    changes: Vec<Vec<f64>>,
}

impl<'a> Model<'a> {
    fn new(merits: &'a Merits, meter: usize) -> Self {
        let periods = periods();
        let ratio = |from: usize, to: usize| periods[to] as f64 / periods[from] as f64;
        let chance = |from: usize, to: usize| (-TIGHT * (ratio(from, to) - 1.0).abs()).exp();
        let all: Vec<f64> =
            (0..periods.len()).map(|i| (0..periods.len()).map(|j| chance(i, j)).sum()).collect();
        let change = |offset: usize, to: usize| match (to + offset).checked_sub(NEAR) {
            Some(from) if from < periods.len() => (chance(from, to) / all[from]).ln(),
            _ => NEVER,
        };
        let changes =
            (0..=2 * NEAR).map(|offset| (0..periods.len()).map(|to| change(offset, to)).collect()).collect();
        Model { merits, meter, periods, changes }
    }

    /// Goes through all hops; gives the best last beat, and for every beat which period came before.
    fn forward(&self, hops: usize) -> (Best, Origins) {
        let (meter, count) = (self.meter, self.periods.len());
        let row = meter * count;
        let longest = self.periods[count - 1];
        // Merits of the beats that begin at the last hops, by hop modulo the size of the ring.
        let ring = longest + 1;
        let slot = |hop: isize| hop.rem_euclid(ring as isize) as usize * row;
        let mut starts = vec![NEVER; ring * row];
        for hop in 1 - longest as isize..=0 {
            for (i, period) in self.periods.iter().enumerate().filter(|(_, p)| hop > -(**p as isize)) {
                for position in 0..meter {
                    starts[slot(hop) + position * count + i] = -((period * meter) as f64).ln();
                }
            }
        }
        let mut back = Origins::new(hops, row);
        let mut origins = vec![NEAR as u8; row];
        // Merits of the beats that end here, with room for offsets on both sides.
        let padded = count + 2 * NEAR;
        let mut ends = vec![NEVER; meter * padded];
        back.push(&origins);
        for hop in 1..hops {
            for (i, period) in self.periods.iter().enumerate() {
                let start = hop as isize - *period as isize;
                let from = slot(start);
                for position in 0..meter {
                    ends[position * padded + NEAR + i] = starts[from + position * count + i]
                        + self.merits.of(position, start, *period as f64, hop);
                }
            }
            let now = slot(hop as isize);
            for position in 0..meter {
                let before = &ends[(position + meter - 1) % meter * padded..][..padded];
                let best = &mut starts[now + position * count..][..count];
                self.enter(before, best, &mut origins[position * count..][..count]);
            }
            back.push(&origins);
        }
        (self.last(hops, &starts, slot), back)
    }

    /// For every period the best period before it.
    fn enter(&self, before: &[f64], best: &mut [f64], origin: &mut [u8]) {
        best.fill(NEVER);
        for (offset, changes) in self.changes.iter().enumerate() {
            let from = &before[offset..offset + best.len()];
            for (((best, origin), from), change) in best.iter_mut().zip(&mut *origin).zip(from).zip(changes) {
                let merit = from + change;
                if merit > *best {
                    (*best, *origin) = (merit, offset as u8);
                }
            }
        }
    }

    /// The best beat that reaches past the end.
    fn last(&self, hops: usize, starts: &[f64], slot: impl Fn(isize) -> usize) -> Best {
        let mut best = Best { merit: f64::MIN, state: State { hop: 0, position: 0, period: 0 } };
        for (i, period) in self.periods.iter().enumerate() {
            for hop in (hops + 1).saturating_sub(*period)..hops {
                for position in 0..self.meter {
                    let merit = starts[slot(hop as isize) + position * self.periods.len() + i]
                        + self.merits.of(position, hop as isize, *period as f64, hops);
                    if merit > best.merit {
                        best = Best { merit, state: State { hop, position, period: i } };
                    }
                }
            }
        }
        best
    }

    /// The beats from the last to the first.
    fn backward(&self, last: State, back: &Origins) -> Vec<(usize, usize)> {
        let count = self.periods.len();
        let State { mut hop, mut position, mut period } = last;
        let mut beats = vec![(hop, position)];
        while hop > 0 {
            let offset = back.get(hop, position * count + period);
            period = (period + offset).saturating_sub(NEAR).min(count - 1);
            position = (position + self.meter - 1) % self.meter;
            match hop.checked_sub(self.periods[period]) {
                Some(before) => hop = before,
                None => break,
            }
            beats.push((hop, position));
        }
        beats
    }
}

/// Which period came before a beat that begins at a hop, as an offset of 0 to 2·NEAR: two of them in a byte, for it is
/// the largest thing that is known of a long track.
struct Origins {
    bytes_a_hop: usize,
    pairs: Vec<u8>,
}

impl Origins {
    /// Room for `hops` hops with `row` offsets each.
    fn new(hops: usize, row: usize) -> Self {
        let bytes_a_hop = row.div_ceil(2);
        Origins { bytes_a_hop, pairs: Vec::with_capacity(hops * bytes_a_hop) }
    }

    /// The offsets of the next hop.
    fn push(&mut self, row: &[u8]) {
        self.pairs.extend(row.chunks(2).map(|pair| pair[0] | pair.get(1).map_or(0, |second| second << 4)));
    }

    fn get(&self, hop: usize, index: usize) -> usize {
        let pair = self.pairs[hop * self.bytes_a_hop + index / 2];
        usize::from(pair >> (4 * (index % 2)) & 15)
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

    /// Chances that are high at `beats`, every `meter`-th of them, from `first` on, a downbeat.
    fn chances(hops: usize, beats: &[usize], meter: usize, first: usize) -> (Vec<f32>, Vec<f32>) {
        let (mut beat, mut downbeat) = (vec![0.02; hops], vec![0.01; hops]);
        for (i, hop) in beats.iter().enumerate() {
            beat[*hop] = 0.8;
            if i % meter == first {
                downbeat[*hop] = 0.6;
            }
        }
        (beat, downbeat)
    }

    #[test]
    fn a_steady_course_is_followed_in_its_own_meter() {
        for (period, meter, first) in [(31, 4, 0), (50, 3, 2), (47, 4, 3), (98, 4, 1)] {
            let truth: Vec<usize> = (13..5900).step_by(period).collect();
            let (beat, downbeat) = chances(6000, &truth, meter, first);
            let found = course(&Merits::new(&beat, &downbeat), meter);
            assert!(found.beats.len() >= truth.len(), "{period}");
            // The chance of a beat may be high anywhere in the first sixteenth of it.
            let near = |(found, truth): (&(usize, usize), &usize)| {
                found.0 <= *truth && truth - found.0 <= period / 16
            };
            assert!(found.beats.iter().zip(&truth).all(near), "{period}: {:?}", found.beats);
            assert!(found.beats.iter().enumerate().all(|(i, b)| b.1 == (i + meter - first) % meter));
            assert!(
                found.merit > course(&Merits::new(&beat, &downbeat), 7 - meter).merit,
                "{period}: {meter} beats"
            );
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
        let (mut beat, mut downbeat) = chances(6000, &truth, 4, 0);
        beat[2500..2800].fill(0.02);
        downbeat[2500..2800].fill(0.01);
        let found = course(&Merits::new(&beat, &downbeat), 4);
        let off = truth.iter().map(|t| found.beats.iter().map(|b| b.0.abs_diff(*t)).min().unwrap_or(99));
        assert!(off.clone().all(|d| d <= 4), "{:?}", off.collect::<Vec<_>>());
    }

    #[test]
    fn short_tracks_are_no_trouble() {
        assert!(course(&Merits::new(&[], &[]), 4).beats.is_empty());
        for hops in [1, 2, 30, 200] {
            let found = course(&Merits::new(&vec![0.5; hops], &vec![0.1; hops]), 4);
            assert!(found.beats.iter().all(|b| b.0 < hops));
        }
    }
}
