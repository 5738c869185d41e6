//! Beat counts, from chances to beats: whether the track keeps one tempo.

use super::course::{Course, Merits};
use super::net::Chances;
use super::pointer::course;
use super::steady::steady;

/// How much merit a course of one tempo may lack, per beat, and still be taken: a ramp of one per cent lacks more.
const SLACK: f64 = 1.0;
/// How far gaps between beats may differ and be one period, as a share of it.
const ALIKE: f64 = 0.04;
/// Fewest gaps between beats that tell a period.
const FEWEST: usize = 4;

/// The likeliest beats of a track.
pub(super) fn count(chances: &Chances) -> Course {
    let merits = Merits::new(&chances.beat, &chances.downbeat);
    let free = course(&merits);
    let least = free.merit - SLACK * free.beats.len() as f64;
    let same = period(&free).and_then(|period| steady(&merits, period)).filter(|one| one.merit >= least);
    same.unwrap_or(free)
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
