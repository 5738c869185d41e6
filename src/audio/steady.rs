//! Music made by machines keeps one tempo: the likeliest course of beats at exactly equal distances.
//!
//! The bar pointer gives in where the net prefers an offbeat for a while; a course of one tempo weighs the whole
//! track at once. All periods near a given one are tried: bar by bar, each place in it gathers what speaks for a
//! downbeat there and beats after it. A track may be cut, as radio edits and mixes are: for a price the bars go on
//! from another place. The merit is the one of [`super::pointer`], so that both courses can be compared.

use super::course::{BAR, Course, Merits};
use crate::vector::vectorized;
use rayon::prelude::*;
use std::ops::Range;

/// How far from the given period others are tried, as a share of it.
const RANGE: f64 = 0.02;
/// Hops by which the last beat moves from one period to the next that is tried.
const DRIFT: f64 = 2.0;
/// Longest track for which this is done, in hops: 20 minutes; the work grows with the square.
const LONGEST: usize = 120_000;
/// Merit that a cut has to gain: about as much as thirty clear beats.
const CUT: f64 = 120.0;
/// What it has to gain besides where beats become offbeats: the net takes offbeats for beats more often than tracks are cut.
const OFFBEAT: f64 = 100.0;
/// What each cut takes from a course's merit when it is compared with one of free tempo.
const DEDUCTED: f64 = 60.0;
/// Bars before and after a cut in which its exact place is looked for.
const AROUND: f64 = 1.5;
/// Courses that are looked at closely, and by how many hops each is moved.
const CLOSELY: usize = 6;
const MOVES: [f64; 3] = [-0.5, 0.0, 0.5];

/// The likeliest course of one tempo near `period` hops a beat; none in a very long or very short track.
pub(super) fn steady(merits: &Merits, period: f64) -> Option<Course> {
    let hops = merits.hops();
    if hops > LONGEST || (hops as f64) < 4.0 * period * BAR as f64 {
        return None;
    }
    let near = Near::new(merits, period);
    let count = (RANGE * 2.0 * hops as f64 / DRIFT).ceil().max(2.0) as usize;
    let nth = |i: usize| period * (1.0 - RANGE + 2.0 * RANGE * i as f64 / count as f64);
    let best = |i: usize| {
        vectorized(
            #[inline(always)]
            || near.best(nth(i)),
        )
    };
    let mut grids: Vec<BeatGrid> = (0..=count).into_par_iter().map(best).collect();
    grids.sort_by(|a, b| b.merit.total_cmp(&a.merit));
    grids.truncate(CLOSELY);
    let courses = grids.iter().flat_map(|grid| MOVES.map(|by| near.lay(grid, by)));
    courses.reduce(Course::or_likelier)
}

/// Beats at equal distances, in one or more stretches.
struct BeatGrid {
    period: f64,
    /// From which hop on a stretch reaches, and the hop of one of its downbeats.
    stretches: Vec<(usize, f64)>,
    merit: f64,
}

/// What speaks for a beat, and for a downbeat, that begins at each hop.
struct Near {
    beat: Vec<f64>,
    downbeat: Vec<f64>,
}

impl Near {
    fn new(merits: &Merits, period: f64) -> Self {
        let length = period.ceil() as usize;
        let of = |position: usize| {
            (0..merits.hops()).map(|hop| merits.of(position, hop as isize, length, merits.hops())).collect()
        };
        Near { beat: of(1), downbeat: of(0) }
    }

    /// The best grid of a period (Viterbi 1967): where its downbeats lie in each bar.
    #[inline(always)]
    fn best(&self, period: f64) -> BeatGrid {
        let bar = period * BAR as f64;
        let places = bar as usize + 1;
        let bars = (self.beat.len() as f64 / bar).ceil() as usize;
        let prices = prices(period, places);
        let (mut merits, mut voices) = (vec![0.0f64; places], vec![0.0f64; places]);
        // The best place so far at the beginning of each bar, and whether a place was reached from it.
        let (mut tops, mut cut) = (Vec::with_capacity(bars), vec![false; bars * places]);
        for n in 0..bars {
            let top = best_of(&merits);
            let best = merits[top];
            tops.push(top);
            self.bar(bar * n as f64, period, &mut voices);
            let cut = &mut cut[n * places..][..places];
            let prices = &prices[places - 1 - top..][..places];
            for (((merit, cut), price), voice) in merits.iter_mut().zip(cut).zip(prices).zip(&voices) {
                let jump = best - price;
                *cut = jump > *merit;
                *merit = if *cut { jump } else { *merit } + voice;
            }
        }
        let mut place = best_of(&merits);
        let merit = merits[place];
        let mut stretches = Vec::new();
        for n in (1..bars).rev() {
            if cut[n * places + place] {
                let from = bar * n as f64;
                stretches.push((from as usize, from + place as f64));
                place = tops[n];
            }
        }
        stretches.push((0, place as f64));
        stretches.reverse();
        BeatGrid { period, stretches, merit }
    }

    /// The merit of a bar that begins at hop `from`, for every place that its downbeat can have in it.
    #[inline(always)]
    fn bar(&self, from: f64, period: f64, voices: &mut [f64]) {
        let bar = period * BAR as f64;
        let hop = |at: f64| (at + 0.5) as usize;
        voices.fill(0.0);
        add(voices, &self.downbeat, hop(from));
        for later in (1..BAR).map(|k| k as f64 * period) {
            // From this place on, the beat lies before the downbeat.
            let turn = (bar - later).ceil();
            let (after, before) = voices.split_at_mut((turn as usize).min(voices.len()));
            add(after, &self.beat, hop(from + later));
            add(before, &self.beat, hop(from + turn + later - bar));
        }
    }

    /// All beats of a grid that is moved by some hops, with their exact merit.
    fn lay(&self, grid: &BeatGrid, by: f64) -> Course {
        let mut course = Course::default();
        let mut stretches = grid.stretches.iter().map(|(from, start)| (*from, start + by)).peekable();
        let mut from = 0;
        while let Some((_, start)) = stretches.next() {
            let next = stretches.peek().map(|next| self.join(grid.period, start, *next));
            let last = next.map_or(self.beat.len(), |next| (next as f64 - grid.period / 2.0) as usize);
            for (hop, position) in self.beats(grid.period, start, from..last) {
                course.merit += if position == 0 { self.downbeat[hop] } else { self.beat[hop] };
                course.beats.push(hop);
            }
            if let Some(next) = next {
                course.merit -= DEDUCTED;
                course.cuts.push(course.beats.len());
                from = next;
            }
        }
        course
    }

    /// The first beat of the stretch after a cut: where most speaks for the beats before it and for those after it.
    fn join(&self, period: f64, before: f64, (from, start): (usize, f64)) -> usize {
        let around = AROUND * period * BAR as f64;
        let span =
            (from as f64 - around).max(0.0) as usize..((from as f64 + around) as usize).min(self.beat.len());
        let merit = |beats: &[(usize, usize)]| -> f64 { beats.iter().map(|beat| self.beat[beat.0]).sum() };
        let before = self.beats(period, before, span.clone()).collect::<Vec<_>>();
        let after = self.beats(period, start, span).collect::<Vec<_>>();
        let merits = (0..after.len()).map(|i| {
            let kept = before.partition_point(|b| (b.0 as f64) < after[i].0 as f64 - period / 2.0);
            merit(&before[..kept]) + merit(&after[i..])
        });
        let merits: Vec<f64> = merits.collect();
        after.get(best_of(&merits)).map_or(from, |beat| beat.0)
    }

    /// Hops and positions in the bar of the beats in a span, with a downbeat at hop `start`.
    fn beats(&self, period: f64, start: f64, span: Range<usize>) -> impl Iterator<Item = (usize, usize)> {
        let nth = move |k: i64| start + k as f64 * period;
        // A beat on the first sound may begin a little before it.
        let early = if span.start == 0 { period / 16.0 } else { 0.5 };
        let first = ((span.start as f64 - early - start) / period).ceil() as i64;
        (first..)
            .map(move |k| (nth(k).round().max(0.0) as usize, k.rem_euclid(BAR as i64) as usize))
            .skip_while(move |beat| beat.0 < span.start)
            .take_while(move |beat| beat.0 < span.end)
    }
}

/// What it costs to go from one of `places` to another, by how many hops it is later, from `1 - places` on.
fn prices(period: f64, places: usize) -> Vec<f64> {
    let price = CUT + (places as f64).ln();
    let by_hops = |hops: f64| {
        let off = (hops / period).rem_euclid(1.0);
        if (off - 0.5).abs() < 0.1 { price + OFFBEAT } else { price }
    };
    (1..2 * places).map(|i| by_hops(i as f64 - places as f64)).collect()
}

/// Adds the values from an index on, as far as there are any.
#[inline(always)]
fn add(sums: &mut [f64], values: &[f64], from: usize) {
    let values = values.get(from..).unwrap_or_default();
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

/// The index of the largest value; of equal ones the first, and 0 of none.
#[inline(always)]
fn best_of(values: &[f64]) -> usize {
    // In lanes, so that it goes many at a time.
    let mut tops = [f64::MIN; 8];
    for eight in values.chunks(8) {
        tops.iter_mut().zip(eight).for_each(|(top, value)| *top = if *value > *top { *value } else { *top });
    }
    let top = tops.into_iter().fold(f64::MIN, f64::max);
    values.iter().position(|value| *value == top).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::pointer::course;

    #[test]
    fn one_tempo_is_kept_through_a_stretch_of_offbeats() {
        let (mut beat, mut downbeat) = (vec![0.02f32; 12_000], vec![0.01f32; 12_000]);
        let truth: Vec<usize> = (0..250).map(|i| (21.0 + 47.3 * f64::from(i)).round() as usize).collect();
        for (i, hop) in truth.iter().enumerate() {
            // For 40 beats, between them sounds more than on them.
            let offbeat = (100..140).contains(&i);
            beat[hop + if offbeat { 24 } else { 0 }] = 0.8;
            if i % 4 == 2 {
                downbeat[*hop] = 0.5;
            }
        }
        let merits = Merits::new(&beat, &downbeat);
        let free = course(&merits);
        let found = steady(&merits, 47.0).unwrap();
        let off = |c: &Course| truth.iter().filter(|t| c.beats.iter().all(|b| b.abs_diff(**t) > 3)).count();
        assert_eq!(off(&found), 0);
        assert!(found.merit > free.merit - 0.5 * truth.len() as f64, "{} {}", found.merit, free.merit);
    }

    #[test]
    fn after_a_cut_the_beats_go_on_from_another_place() {
        let (mut beat, mut downbeat) = (vec![0.02f32; 12_000], vec![0.01f32; 12_000]);
        let before = (0..120).map(|i| (i, 21.0 + 47.3 * f64::from(i)));
        let after = (0..134).map(|i| (i + 2, 5_690.0 + 47.3 * f64::from(i)));
        let truth: Vec<(i32, usize)> =
            before.chain(after).map(|(i, hop)| (i, hop.round() as usize)).collect();
        for (i, hop) in &truth {
            beat[*hop] = 0.8;
            downbeat[*hop] = if i % 4 == 0 { 0.5 } else { 0.01 };
        }
        let found = steady(&Merits::new(&beat, &downbeat), 47.0).unwrap();
        assert_eq!((found.cuts.as_slice(), found.beats.len()), ([120].as_slice(), truth.len()));
        assert!(found.beats.iter().zip(&truth).all(|(found, truth)| found.abs_diff(truth.1) <= 3));
    }

    #[test]
    fn a_ramp_is_no_steady_course() {
        let (mut beat, downbeat) = (vec![0.02f32; 12_000], vec![0.01f32; 12_000]);
        let mut hop = 20.0;
        while hop < 11_990.0 {
            beat[hop as usize] = 0.8;
            hop += 50.0 - hop / 1200.0;
        }
        let merits = Merits::new(&beat, &downbeat);
        let (free, found) = (course(&merits), steady(&merits, 45.0).unwrap());
        assert!(found.merit < free.merit - found.beats.len() as f64);
    }

    #[test]
    fn short_tracks_have_no_steady_course() {
        assert_eq!(steady(&Merits::new(&[0.5; 100], &[0.1; 100]), 50.0), None);
        assert_eq!(steady(&Merits::new(&[], &[]), 50.0), None);
    }
}
