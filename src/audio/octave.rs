//! Whether a course counts twice as fast as people do, and the course at half the tempo.
//!
//! Half the tempo explains the same beats nearly as well, so the merit can't tell. What sounds between two beats can: at a
//! fast tempo people expect much of it, or they count slower. The rule is a logistic regression on the logarithms of the
//! tempo and of the events a beat, fitted by `training/ears/octave.py`; at even chances it is the curve below.

use super::course::Course;

/// Onsets and strikes that a beat has at [`AT`] beats a minute where both counts are equally likely.
const EVENTS: f64 = 2.59;
const AT: f64 = 150.0;
/// How these events grow with the tempo: to this power.
const POWER: i32 = 2;

/// Whether beats of `tempo` beats a minute, with so many events a beat, are rather half beats.
pub(super) fn doubled(tempo: f64, events: f64) -> bool {
    events < EVENTS * (tempo / AT).powi(POWER)
}

/// Every other beat of a course: in each stretch those at which the net hears more of one.
pub(super) fn halve(course: &Course, beat: &[f32]) -> Course {
    let mut half = Course { merit: course.merit, ..Course::default() };
    for stretch in course.stretches().filter(|stretch| !stretch.is_empty()) {
        let beats = &course.beats[stretch];
        let every_other = |first: usize| beats.iter().copied().skip(first).step_by(2);
        let voice = |first: usize| -> f32 { every_other(first).map(|hop| beat[hop]).sum() };
        if !half.beats.is_empty() {
            half.cuts.push(half.beats.len());
        }
        half.beats.extend(every_other(usize::from(voice(1) > voice(0))));
    }
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_tempo_wants_more_between_its_beats() {
        assert!(doubled(180.0, 2.0) && !doubled(90.0, 2.0));
        assert!(!doubled(180.0, 4.5) && doubled(150.0, 2.5) && !doubled(150.0, 2.7));
        // A slow tempo is never halved for what drums at every eighth of it play.
        assert!(!doubled(75.0, 1.0));
    }

    #[test]
    fn of_two_halves_the_louder_one_stays() {
        let course = Course { beats: (0..20).map(|i| i * 30).collect(), merit: 1.0, cuts: vec![11] };
        let mut beat = vec![0.1f32; 600];
        // Before the cut odd beats are louder, behind it even ones.
        (0..20).filter(|i| (i % 2 == 1) == (*i < 11)).for_each(|i| beat[i * 30] = 0.8);
        let half = halve(&course, &beat);
        assert_eq!(half.beats, [30, 90, 150, 210, 270, 360, 420, 480, 540]);
        assert_eq!(half.cuts, [5]);
    }
}
