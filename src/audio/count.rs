//! Beat counts, from chances to beats: whether the track keeps one tempo, and at which of two tempi people count it.

use super::course::{Course, Merits};
use super::net::Chances;
use super::octave::{doubled, halve};
use super::pointer::course;
use super::steady::steady;

/// How much merit a course of one tempo may lack, per beat, and still be taken: a ramp of one per cent lacks more.
const SLACK: f64 = 1.0;
/// How far gaps between beats may differ and be one period, as a share of it.
const ALIKE: f64 = 0.04;
/// Fewest gaps between beats that tell a period.
const FEWEST: usize = 4;

/// The beats of a track.
#[derive(Debug)]
pub(super) struct Counted {
    /// The likeliest.
    pub(super) course: Course,
    /// Those that people rather count, half as many; none where they are the same.
    pub(super) half: Option<Course>,
}

/// The likeliest beats of a track that has so many `events`; a hop has so many `seconds`.
pub(super) fn count(chances: &Chances, events: usize, seconds: f64) -> Counted {
    let merits = Merits::new(&chances.beat, &chances.downbeat);
    let free = course(&merits);
    let least = free.merit - SLACK * free.beats.len() as f64;
    let same = period(&free).and_then(|period| steady(&merits, period)).filter(|one| one.merit >= least);
    let one_tempo = same.is_some();
    let course = same.unwrap_or(free);
    let per_beat = events as f64 / course.beats.len() as f64;
    let fast = doubled(pace(&course) * 60.0 / seconds, per_beat);
    let half = Some(&course).filter(|_| fast).and_then(period).map(|gap| {
        let slower = one_tempo.then(|| steady(&merits, 2.0 * gap)).flatten();
        slower.unwrap_or_else(|| halve(&course, &chances.beat))
    });
    Counted { course, half }
}

/// The period, in hops, that a course keeps to for most of its time; none of a course that is too short.
fn period(course: &Course) -> Option<f64> {
    let mut gaps: Vec<usize> = course.beats.windows(2).map(|w| w[1] - w[0]).collect();
    gaps.sort_unstable();
    let alike =
        |gap: usize| gaps.iter().filter(move |other| (**other as f64 / gap as f64 - 1.0).abs() < ALIKE);
    // In hops, few gaps differ, however long the track is.
    let kinds = gaps.chunk_by(|a, b| a == b).map(|same| same[0]);
    let commonest = kinds.max_by_key(|gap| alike(*gap).sum::<usize>())?;
    (gaps.len() >= FEWEST).then(|| alike(commonest).sum::<usize>() as f64 / alike(commonest).count() as f64)
}

/// Beats a hop of a course of at least two, on average.
fn pace(course: &Course) -> f64 {
    match course.beats.as_slice() {
        [first, .., last] => (course.beats.len() - 1) as f64 / (last - first) as f64,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beats with so many gaps of so many hops each, one after another.
    fn beats(parts: &[(usize, f64)]) -> Course {
        let gaps = parts.iter().flat_map(|(count, gap)| std::iter::repeat_n(*gap, *count));
        let times = gaps.scan(10.0, |time, gap| Some(std::mem::replace(time, *time + gap)));
        Course { beats: times.map(|time| time.round() as usize).collect(), ..Course::default() }
    }

    #[test]
    fn the_period_is_that_of_most_of_the_time_and_finer_than_a_hop() {
        let off = |course: &Course, gap: f64| (period(course).unwrap() - gap).abs();
        assert!(off(&beats(&[(200, 48.03)]), 48.03) < 0.01);
        // More beats are at twice the tempo, but for less time; and none keeps to what lies between.
        assert!(off(&beats(&[(70, 75.0), (9, 50.0), (80, 37.5)]), 75.0) < 0.05);
        assert_eq!(period(&beats(&[(4, 50.0)])), None);
    }
}
