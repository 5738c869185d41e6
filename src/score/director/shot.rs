//! Shots: the sections of a track, cut into stretches of some bars with a look and a prompt each.

use super::film::{Film, View};
use super::role::Role;
use crate::audio::{Analysis, Section};
use crate::score::clock::{Clock, Length};
use crate::units::Seconds;

/// A stretch of the track with one look and one view, until the next shot begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// Where it begins.
    pub from: Length,
    /// The preset that holds.
    pub preset: &'static str,
    /// What is seen.
    pub view: View,
    /// Whether a take starts here.
    pub cut: bool,
    /// How many bars the way here takes.
    pub ease: f64,
    /// Index of the section that begins with it; none: it goes on in one, or ends the track.
    pub section: Option<usize>,
}

/// Most shots of a track; where there would be more, they last longer.
const MOST: usize = 400;
/// Fewest bars at the end of a section that are a shot of their own.
const LEAST: f64 = 2.0;
/// Bars in which the track ends, and the fewest bars of a track with such an end.
const END: f64 = 2.0;
const SHORTEST: f64 = 8.0;
/// The preset of the end.
const DUSK: &str = "dusk";

/// The shots of a track from its start on.
pub(super) fn shots(analysis: &Analysis, film: &Film, roles: &[(String, Role)], seed: u64) -> Vec<Shot> {
    let clock = Clock::new(analysis);
    let mut every = 1.0;
    let mut list = Vec::new();
    while every < 1e4 {
        list = sections(analysis, &clock, &Story { film, roles, seed, every });
        if list.len() <= MOST {
            break;
        }
        every *= 2.0;
    }
    list.truncate(MOST);
    if list.is_empty() {
        let role = roles.first().map_or(Role::Drive, |r| r.1);
        list.push(shot(Length::Seconds(0.0), role, film.view(role, 0, (0, 0)), None));
    }
    let end = end(analysis, &clock, &list);
    list.extend(end);
    list
}

/// What shots are told from.
struct Story<'a> {
    film: &'a Film,
    roles: &'a [(String, Role)],
    seed: u64,
    /// How many times as long as usual a shot is.
    every: f64,
}

fn shot(from: Length, role: Role, view: View, section: Option<usize>) -> Shot {
    Shot { from, preset: role.preset(), view, cut: false, ease: 0.0, section }
}

fn sections(analysis: &Analysis, clock: &Clock, story: &Story) -> Vec<Shot> {
    let mut list = Vec::new();
    let mut heard: Vec<&str> = Vec::new();
    let mut before: Option<Role> = None;
    for (index, section) in analysis.sections.iter().enumerate() {
        let Some(letter) = story.roles.iter().position(|(label, _)| *label == section.label) else {
            continue;
        };
        let role = story.roles[letter].1;
        // Which one of the letters with this role it is; the first seed begins with the first scene of each role.
        let scene = story.roles[..letter].iter().filter(|(_, other)| *other == role).count()
            + (story.seed.wrapping_sub(1) % 1000) as usize;
        let again = heard.iter().filter(|label| **label == section.label).count();
        heard.push(&section.label);
        for (step, from) in steps(clock, section, role, story.every).into_iter().enumerate() {
            let view = story.film.view(role, scene, (step, again));
            let mut shot = shot(from, role, view, (step == 0).then_some(index));
            (shot.cut, shot.ease) = match (step, before) {
                (0, None) => (false, 0.0),
                (0, Some(before)) => entrance(before, role),
                // A peak is cut, everything else flows.
                _ if role == Role::Peak => (true, 0.0),
                _ if role == Role::Calm => (false, 2.0),
                _ => (false, 1.0),
            };
            list.push(shot);
        }
        before = Some(role);
    }
    list
}

/// How a section is entered: with a cut, or on a way of so many bars.
fn entrance(before: Role, role: Role) -> (bool, f64) {
    match (before, role) {
        (_, Role::Peak) => (true, 0.0),
        // The film stops to breathe: the fall after a peak is as much of a cut.
        (Role::Peak | Role::Drive, Role::Calm) => (true, 0.0),
        (Role::Calm | Role::Rise, Role::Drive) => (true, 0.0),
        (_, Role::Calm) => (false, 2.0),
        _ => (false, 1.0),
    }
}

/// Where the shots of a section begin.
fn steps(clock: &Clock, section: &Section, role: Role, every: f64) -> Vec<Length> {
    let bars = every * if role == Role::Calm { 8.0 } else { 4.0 };
    let bar = clock.duration(Length::Bars(1.0)).0;
    let mut list = vec![place(clock, section.start)];
    for turn in (1..).take(10_000) {
        let from = match list[0] {
            Length::Bars(first) => Length::Bars(first + f64::from(turn) * bars),
            _ => seconds(section.start.0 + f64::from(turn) * bars * bar),
        };
        if clock.place(from).0 > section.end.0 - LEAST * bar {
            break;
        }
        list.push(from);
    }
    list
}

/// A time in bars, where a bar begins there; else in seconds.
fn place(clock: &Clock, time: Seconds) -> Length {
    let bar = clock.bars().iter().position(|bar| bar.0 == time.0);
    bar.filter(|_| time.0 > 0.0).map_or(seconds(time.0), |bar| Length::Bars(bar as f64))
}

/// A time as a person would write it.
fn seconds(time: f64) -> Length {
    Length::Seconds((time * 1e3).round() / 1e3)
}

/// The last bars: home to where the film began, and dark.
fn end(analysis: &Analysis, clock: &Clock, list: &[Shot]) -> Option<Shot> {
    let bar = clock.duration(Length::Bars(1.0)).0;
    let ([first, ..], [.., last]) = (list, list) else { return None };
    let latest = analysis.duration.0 - END * bar;
    if analysis.duration.0 < SHORTEST * bar {
        return None;
    }
    let bars = clock.bars().iter().rposition(|at| at.0 <= latest);
    let from = bars.map_or(seconds(latest), |bar| Length::Bars(bar as f64));
    // What has begun only now is seen first.
    let begun = clock.place(last.from).0;
    let from = if clock.place(from).0 < begun + LEAST * bar {
        seconds(begun + 0.5 * (analysis.duration.0 - begun))
    } else {
        from
    };
    (clock.place(from).0 > begun).then(|| Shot {
        from,
        preset: DUSK,
        view: first.view.clone(),
        cut: false,
        ease: END,
        section: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::role::tests::track;
    use super::super::{Direction, direct};
    use super::*;
    use crate::score::fixture;
    use std::collections::BTreeMap;

    const FORM: [(&str, f32, f32, bool); 6] = [
        ("A", 0.3, 0.3, false),
        ("B", 0.3, 0.5, true),
        ("C", 0.9, 0.9, true),
        ("D", 0.4, 0.4, false),
        ("C", 0.9, 0.9, true),
        ("D", 0.3, 0.3, false),
    ];

    /// What the sections begin with: letter, preset, prompt, cut.
    fn entrances<'a>(analysis: &'a Analysis, direction: &'a Direction) -> Vec<(&'a str, &'a Shot)> {
        let shown = direction.shots.iter().filter_map(|shot| Some((shot.section?, shot)));
        shown.map(|(section, shot)| (analysis.sections[section].label.as_str(), shot)).collect()
    }

    #[test]
    fn a_letter_comes_back_as_itself_and_letters_differ() {
        let analysis = track(&FORM, 16.0);
        for seed in 0..50 {
            let direction = direct(&analysis, seed, true);
            let shown = entrances(&analysis, &direction);
            assert_eq!(shown.len(), FORM.len());
            let mut by_letter: BTreeMap<&str, &str> = BTreeMap::new();
            for (letter, shot) in &shown {
                let first = by_letter.entry(letter).or_insert(&shot.view.init);
                assert_eq!(*first, shot.view.init, "{seed} {letter}");
            }
            let prompts: std::collections::BTreeSet<&str> = by_letter.values().copied().collect();
            assert_eq!(prompts.len(), by_letter.len(), "{seed}: {by_letter:?}");
            // Later shots of a section that is heard again are others.
            let after = |section: usize| -> Vec<&str> {
                let at = direction.shots.iter().position(|s| s.section == Some(section)).unwrap();
                direction.shots[at + 1..]
                    .iter()
                    .take_while(|s| s.section.is_none())
                    .map(|s| s.view.init.as_str())
                    .collect()
            };
            assert!(!after(2).is_empty() && after(2) != after(4), "{seed}: {:?}", after(2));
        }
    }

    #[test]
    fn the_loudest_is_cut_to_and_the_end_goes_home_in_the_dark() {
        let analysis = track(&FORM, 16.0);
        let direction = direct(&analysis, 1, true);
        let shown = entrances(&analysis, &direction);
        assert!(shown.iter().filter(|(letter, _)| *letter == "C").all(|(_, s)| s.cut && s.preset == "peak"));
        let last = direction.shots.last().unwrap();
        assert_eq!(
            (last.preset, last.ease, last.view.clone()),
            ("dusk", END, direction.shots[0].view.clone())
        );
        // Bars of 2 s: the last two of 96 s.
        assert_eq!(last.from, Length::Bars(46.0));
    }

    #[test]
    fn every_track_has_shots_in_order_from_its_start_on() {
        let long = fixture(9000.0);
        let mut beatless = fixture(40.0);
        (beatless.beats, beatless.downbeats, beatless.tempo_bpm) = Default::default();
        let mut nothing = fixture(1.0);
        (nothing.sections, nothing.beats, nothing.downbeats) = Default::default();
        for analysis in [long, beatless, nothing, fixture(0.0), fixture(17.0)] {
            let direction = direct(&analysis, 3, true);
            let clock = Clock::new(&analysis);
            let times: Vec<f64> = direction.shots.iter().map(|s| clock.place(s.from).0).collect();
            assert_eq!(times[0], 0.0);
            assert!(times.len() <= MOST + 1 && times.windows(2).all(|t| t[0] < t[1]), "{times:?}");
            direction.show().unwrap();
        }
    }
}
