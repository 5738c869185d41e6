//! Music made by machines keeps one tempo: the likeliest course of beats at exactly equal distances.
//!
//! The bar pointer gives in where the net prefers an offbeat for a while; a course of one tempo weighs the whole
//! track at once. All periods near a given one are tried: a track is folded into one bar, so that a place in the
//! bar gathers what speaks for a beat or a downbeat there, and the best start is read off. The merit is the one
//! of [`super::meter`], so that both courses can be compared.

use super::meter::{Course, Merits};
use rayon::prelude::*;

/// How far from the given period others are tried, as a share of it.
const RANGE: f64 = 0.02;
/// Hops by which the last beat moves from one period to the next that is tried.
const DRIFT: f64 = 2.0;
/// Longest track for which this is done, in hops: 20 minutes; the work grows with the square.
const LONGEST: usize = 120_000;
/// Folded courses that are looked at closely, and by how many hops each is moved.
const CLOSELY: usize = 6;
const MOVES: [f64; 3] = [-0.5, 0.0, 0.5];

/// Hops beside a beat in which its chances are highest.
const BESIDE: usize = 2;
/// Chance of a beat below which its share of a downbeat says little.
const UNSURE: f32 = 0.05;

/// Hops after the first sound up to which a beat begins with it.
const AT_ONCE: usize = 15;
/// What the first sound adds to the mean voice, from 0 to 1, of its place in the bar.
const FIRST_SOUND: f64 = 0.1;

/// The likeliest course of one tempo near `period` hops a beat; none in a very long or very short track.
pub(super) fn steady(merits: &Merits, period: f64, meter: usize) -> Option<Course> {
    let hops = merits.hops();
    if hops > LONGEST || (hops as f64) < 4.0 * period * meter as f64 {
        return None;
    }
    let near = Near::new(merits, period);
    let count = (RANGE * 2.0 * hops as f64 / DRIFT).ceil().max(2.0) as usize;
    let nth = |i: usize| period * (1.0 - RANGE + 2.0 * RANGE * i as f64 / count as f64);
    let mut folded: Vec<Grid> = (0..=count).into_par_iter().map(|i| near.fold(nth(i), meter)).collect();
    folded.sort_by(|a, b| b.merit.total_cmp(&a.merit));
    folded.truncate(CLOSELY);
    let moved = folded.iter().flat_map(|grid| MOVES.map(|by| Grid { start: grid.start + by, ..*grid }));
    let courses = moved.map(|grid| near.lay(grid, meter));
    courses.reduce(Course::or_likelier)
}

/// Numbers the beats of a course of one tempo anew, so that the bars begin where downbeats are heard.
///
/// Every beat has a voice of the same size, the share of its chance of a beat that goes to a downbeat: in the
/// merit, a few beats at which the net is very sure that there is none would decide. The first sound, at hop 0,
/// has a voice too: music seldom begins with a pick-up.
pub(super) fn begin_bars(course: &mut Course, beat: &[f32], downbeat: &[f32]) {
    let near = |chance: &[f32], hop: usize| {
        let span = hop.saturating_sub(BESIDE)..(hop + BESIDE + 1).min(chance.len());
        chance[span].iter().copied().fold(0.0, f32::max)
    };
    let mut voices = vec![0.0f64; course.meter];
    for (i, (hop, _)) in course.beats.iter().enumerate() {
        voices[i % course.meter] += f64::from(near(downbeat, *hop) / (near(beat, *hop) + UNSURE));
    }
    voices.iter_mut().for_each(|v| *v *= course.meter as f64 / course.beats.len().max(1) as f64);
    if course.beats.first().is_some_and(|b| b.0 <= AT_ONCE) {
        voices[0] += FIRST_SOUND;
    }
    let best = (0..course.meter).rev().max_by(|a, b| voices[*a].total_cmp(&voices[*b])).unwrap_or(0);
    for (i, (_, position)) in course.beats.iter_mut().enumerate() {
        *position = (i + course.meter - best) % course.meter;
    }
}

/// Beats at equal distances.
#[derive(Clone, Copy)]
struct Grid {
    period: f64,
    /// The hop of a downbeat.
    start: f64,
    merit: f64,
}

/// What speaks for a beat, and for a downbeat, that begins at each hop.
struct Near {
    beat: Vec<f64>,
    downbeat: Vec<f64>,
}

impl Near {
    fn new(merits: &Merits, period: f64) -> Self {
        let of = |position: usize| {
            (0..merits.hops()).map(|hop| merits.of(position, hop as isize, period, merits.hops())).collect()
        };
        Near { beat: of(1), downbeat: of(0) }
    }

    /// The best start for a period, by the track folded into one bar.
    fn fold(&self, period: f64, meter: usize) -> Grid {
        let bar = period * meter as f64;
        let places = bar as usize + 1;
        let (mut beat, mut downbeat) = (vec![0.0; places], vec![0.0; places]);
        let mut hop = 0;
        for n in 0.. {
            let (from, to) = (bar * f64::from(n), bar * f64::from(n + 1));
            if hop >= self.beat.len() {
                break;
            }
            let end = (to.ceil() as usize).min(self.beat.len());
            for i in hop..end {
                let place = ((i as f64 - from + 0.5) as usize).min(places - 1);
                beat[place] += self.beat[i];
                downbeat[place] += self.downbeat[i];
            }
            hop = end;
        }
        let merit = |place: usize| {
            let others = (1..meter).map(|k| beat[(place as f64 + k as f64 * period + 0.5) as usize % places]);
            downbeat[place] + others.sum::<f64>()
        };
        let best = (0..places)
            .map(|place| (place, merit(place)))
            .fold((0, f64::MIN), |best, next| if next.1 > best.1 { next } else { best });
        Grid { period, start: best.0 as f64, merit: best.1 }
    }

    /// All beats of a grid, with their exact merit.
    fn lay(&self, grid: Grid, meter: usize) -> Course {
        let mut course = Course { meter, ..Course::default() };
        for k in -(meter as i64)..=(self.beat.len() as f64 / grid.period) as i64 {
            // A beat on the first sound may begin a little before it.
            let hop = (grid.start + k as f64 * grid.period).round();
            if hop < -grid.period / 16.0 || hop >= self.beat.len() as f64 {
                continue;
            }
            let hop = hop.max(0.0);
            let (hop, position) = (hop as usize, k.rem_euclid(meter as i64) as usize);
            course.merit += if position == 0 { self.downbeat[hop] } else { self.beat[hop] };
            course.beats.push((hop, position));
        }
        course
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::meter::course;

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
        let free = course(&merits, 4);
        let found = steady(&merits, 47.0, 4).unwrap();
        let off = |c: &Course| truth.iter().filter(|t| c.beats.iter().all(|b| b.0.abs_diff(**t) > 3)).count();
        assert_eq!(off(&found), 0);
        let downbeats = found.beats.iter().filter(|b| b.1 == 0 && b.0 < 11_800);
        assert!(downbeats.clone().all(|b| downbeat[b.0.saturating_sub(4)..b.0 + 5].contains(&0.5)));
        assert!(found.merit > free.merit - 0.5 * truth.len() as f64, "{} {}", found.merit, free.merit);
    }

    #[test]
    fn bars_begin_where_most_downbeats_are() {
        let beats: Vec<(usize, usize)> = (0..100).map(|i| (10 + i * 50, i % 4)).collect();
        let mut course = Course { beats, meter: 4, merit: 0.0 };
        let (beat, mut downbeat) = (vec![0.5f32; 5100], vec![0.1f32; 5100]);
        (0..25).for_each(|i| downbeat[10 + i * 200 + 150] = if i % 5 == 0 { 1e-6 } else { 0.3 });
        begin_bars(&mut course, &beat, &downbeat);
        assert!(course.beats.iter().enumerate().all(|(i, b)| b.1 == (i + 1) % 4));
        // Where nothing else is heard, the first beat begins the first bar.
        begin_bars(&mut course, &beat, &vec![0.1; 5100]);
        assert_eq!(course.beats[0].1, 0);
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
        let (free, found) = (course(&merits, 4), steady(&merits, 45.0, 4).unwrap());
        assert!(found.merit < free.merit - found.beats.len() as f64);
    }

    #[test]
    fn short_tracks_have_no_steady_course() {
        assert_eq!(steady(&Merits::new(&[0.5; 100], &[0.1; 100]), 50.0, 4), None);
        assert_eq!(steady(&Merits::new(&[], &[]), 50.0, 4), None);
    }
}
