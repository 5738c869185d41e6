//! The tactus: at which level and from which of its beats on people count a course of beats.
//!
//! The nets hear where beats may lie; twice as many, half as many, those between or every third explain the same chances nearly as
//! well. Each such level is a candidate, its [`super::evidence`] over the whole track is weighed, and the chances of the
//! candidates are those of a conditional logit (McFadden 1974), fitted by `training/ears/level.py`.

use super::course::{Course, stretches};
use super::evidence::{Evidence, SIGNS, in_threes, period, recurrence};
use super::tactus_weights::{LEVEL_WEIGHTS, USUAL, WEIGHTS};

/// Tempi at which people may count, in beats a minute.
const TEMPI: std::ops::RangeInclusive<f64> = 40.0..=232.0;
/// Fewest beats of a stretch that tell from which of them on it is counted.
const TELLING: usize = 16;
/// Onsets and strikes that a beat has at [`AT`] beats a minute where it is as likely half a beat, and how they grow with the tempo: to
/// this power. One sign among others, fitted by `training/ears/octave.py`.
const EVENTS: f64 = 2.59;
const AT: f64 = 150.0;
const POWER: i32 = 2;

/// A level: one of so many of the parts into which the gaps between beats fall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Level {
    pub(super) every: usize,
    pub(super) parts: usize,
    /// The parts from which on they may be counted.
    from: (usize, usize),
}

/// All levels; [`LEVEL_WEIGHTS`] says how likely each is where nothing else tells.
pub(super) const LEVELS: [Level; 9] = [
    level(1, 1, (0, 1)),
    level(2, 2, (1, 2)),
    level(2, 1, (0, 2)),
    level(1, 2, (0, 1)),
    level(3, 1, (0, 3)),
    level(3, 2, (0, 3)),
    level(2, 3, (0, 2)),
    level(1, 3, (0, 1)),
    level(4, 1, (0, 4)),
];

const fn level(every: usize, parts: usize, from: (usize, usize)) -> Level {
    Level { every, parts, from }
}

/// What was chosen.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) course: Course,
    /// How likely this level is among all, 0..=1.
    pub(super) chance: f32,
    /// How much recurs after a few beats, up to 1: in noise nothing does.
    pub(super) recurrence: f64,
    /// The tempo of the next likely one at another tempo, as a share of this one's; none where there is none.
    pub(super) other: Option<f64>,
}

/// A level with the course it gives.
struct Candidate {
    level: Level,
    course: Course,
    odds: f64,
    recurrence: f64,
}

/// The course that people count.
pub(super) fn counted(course: Course, evidence: &Evidence<'_>) -> Counted {
    let heard: Vec<f64> = course.beats.iter().map(|hop| *hop as f64).collect();
    let heard_by = (usual(&heard, evidence), evidence);
    let ways = LEVELS.into_iter().filter_map(|level| candidate(level, &course, &heard, heard_by));
    let mut all: Vec<Candidate> = ways.collect();
    all.sort_by(|a, b| b.odds.total_cmp(&a.odds));
    let Some(best) = all.first().map(|best| best.odds) else {
        return Counted { course, chance: 1.0, recurrence: 1.0, other: None };
    };
    // Of the beats as they were heard: of few beats, some are alike by chance.
    let as_heard = all.iter().find(|candidate| candidate.level == LEVELS[0]);
    let recurrence = as_heard.map_or(1.0, |candidate| candidate.recurrence);
    let sum: f64 = all.iter().map(|candidate| (candidate.odds - best).exp()).sum();
    let pace = |level: &Level| level.parts as f64 / level.every as f64;
    let chosen = all.remove(0);
    let other = all.iter().map(|other| pace(&other.level) / pace(&chosen.level)).find(|share| *share != 1.0);
    Counted { course: chosen.course, chance: (1.0 / sum) as f32, recurrence, other }
}

/// The likeliest way to count a course at a level; none where nobody counts so fast or slowly.
fn candidate(
    level: Level,
    course: &Course,
    heard: &[f64],
    (rule, evidence): ((usize, usize), &Evidence<'_>),
) -> Option<Candidate> {
    let weigh =
        |signs: &[f64; SIGNS]| signs.iter().zip(WEIGHTS).map(|(sign, weight)| sign * weight).sum::<f64>();
    let (mut beats, mut cuts) = (Vec::new(), Vec::new());
    for stretch in stretches(&course.cuts, heard.len()).filter(|stretch| stretch.len() > 1) {
        let odds = |beats: &[f64]| {
            let signs = evidence.signs(beats).filter(|_| beats.len() >= TELLING);
            signs.map_or(f64::MIN, |signs| weigh(&signs))
        };
        let ways = level.starts().map(|from| level.lay(&heard[stretch.clone()], from));
        let rated = ways.map(|beats| (odds(&beats), beats));
        // Of equals the first one.
        let best = rated.reduce(|a, b| if b.0 > a.0 { b } else { a });
        if !beats.is_empty() {
            cuts.push(beats.len());
        }
        beats.extend(best.into_iter().flat_map(|best| best.1));
    }
    let tempo = evidence.tempo(period(&beats)?);
    let pace = (level.every, level.parts);
    let signs = evidence.signs(&beats).filter(|_| pace == (1, 1) || TEMPI.contains(&tempo))?;
    let prior =
        LEVELS.iter().zip(LEVEL_WEIGHTS).filter(|(other, _)| **other == level).map(|(_, weight)| weight);
    let usual = if level.is_as_fast_as(rule) { USUAL } else { 0.0 };
    let beats = beats.into_iter().map(|beat| beat.round() as usize).collect();
    Some(Candidate {
        level,
        course: Course { beats, merit: course.merit, cuts },
        odds: weigh(&signs) + prior.sum::<f64>() + usual,
        recurrence: recurrence(&signs),
    })
}

/// The level at which fast beats are counted by how little sounds between them: every one or every other, which would go across bars of
/// three.
pub(super) fn usual(heard: &[f64], evidence: &Evidence<'_>) -> (usize, usize) {
    let doubled = period(heard)
        .is_some_and(|period| evidence.events(period) < EVENTS * (evidence.tempo(period) / AT).powi(POWER));
    let halved = doubled && !evidence.signs(heard).is_some_and(|signs| in_threes(&signs));
    if halved { (2, 1) } else { (1, 1) }
}

impl Level {
    /// The beats of this level in a stretch of at least two, from a part of the first gap on.
    pub(super) fn lay(&self, heard: &[f64], from: usize) -> Vec<f64> {
        let last = heard.len() - 1;
        let end = heard[last] + (heard[last] - heard[last - 1]);
        let at = |part: usize| {
            let (beat, share) = (part / self.parts, (part % self.parts) as f64 / self.parts as f64);
            let next = heard.get(beat + 1).copied().unwrap_or(end);
            heard[beat] + (next - heard[beat]) * share
        };
        (from..heard.len() * self.parts).step_by(self.every).map(at).collect()
    }

    /// Whether it has as many beats as one with so many of so many parts.
    pub(super) fn is_as_fast_as(&self, (every, parts): (usize, usize)) -> bool {
        self.parts * every == parts * self.every
    }

    /// The parts from which on it may be counted.
    pub(super) fn starts(&self) -> std::ops::Range<usize> {
        self.from.0..self.from.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::net::Chances;

    #[test]
    fn levels_lay_beats_between_and_leave_some_out() {
        let heard: Vec<f64> = (0..6).map(|i| 10.0 + 30.0 * f64::from(i)).collect();
        let laid = |at: usize, from: usize| LEVELS[at].lay(&heard, from);
        assert_eq!(laid(0, 0), heard);
        assert_eq!(laid(1, 1), [25.0, 55.0, 85.0, 115.0, 145.0, 175.0]);
        assert_eq!((laid(2, 0), laid(2, 1)), (vec![10.0, 70.0, 130.0], vec![40.0, 100.0, 160.0]));
        assert_eq!(laid(3, 0)[..4], [10.0, 25.0, 40.0, 55.0]);
        assert_eq!(laid(4, 2), [70.0, 160.0]);
        assert_eq!(laid(5, 0), [10.0, 55.0, 100.0, 145.0]);
        assert_eq!(laid(6, 1)[..3], [20.0, 40.0, 60.0]);
        // Every level that is not the one that was heard has another tempo, or other beats.
        for (i, level) in LEVELS.iter().enumerate().skip(1) {
            assert!(level.starts().all(|from| laid(i, from) != heard), "{level:?}");
        }
    }

    #[test]
    fn beats_between_are_as_fast_as_those_that_were_heard() {
        let as_fast_as = |pace| {
            LEVELS.iter().enumerate().filter(move |(_, level)| level.is_as_fast_as(pace)).map(|(i, _)| i)
        };
        assert_eq!(as_fast_as((1, 1)).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(as_fast_as((2, 1)).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn what_is_too_short_is_counted_as_it_was_heard() {
        let chances = Chances { beat: vec![0.9; 100], ..Chances::default() };
        let evidence = Evidence::new(&chances, 0, &[], 3, 0.01);
        for beats in [vec![], vec![5], vec![5, 50]] {
            let course = Course { beats, ..Course::default() };
            let counted = counted(course.clone(), &evidence);
            assert_eq!((counted.course, counted.chance, counted.other), (course, 1.0, None));
        }
    }
}
