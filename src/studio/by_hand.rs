//! Beats and sections by hand: what a change that somebody makes to them is in a file.

use super::heard::BeatCorrection;
use super::marks::{APART, beats, round};
use super::snapping::GridWord;
use crate::audio::Analysis;
use crate::error::{Error, Result};
use crate::score::{ByHand, Clock, HandBeat, HandSection};
use crate::units::Seconds;
use serde::Deserialize;
use std::sync::Arc;

/// Longest name of a section, in characters.
const LONGEST: usize = 40;
/// Most sections.
const MOST: usize = 500;

/// A change by hand. Times are seconds of the track; beats and sections are counted from 0, as the page was told of them.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "how", rename_all = "snake_case", deny_unknown_fields)]
pub enum Hand {
    /// All beats come so much later.
    Nudge {
        /// Seconds; negative: earlier.
        by: f64,
    },
    /// Beats in a bar; none: as they were heard.
    Meter {
        /// How many.
        beats: Option<u32>,
    },
    /// What was tapped along: in place of the beats of that stretch, or as the tempo of the whole track.
    Taps {
        /// When.
        times: Vec<f64>,
        /// Whether it is the tempo of the whole track.
        steady: bool,
    },
    /// Another time of a beat.
    Beat {
        /// Which.
        index: usize,
        /// When it is.
        to: f64,
    },
    /// A beat that was missed.
    AddBeat {
        /// When.
        at: f64,
    },
    /// A beat that is none.
    RemoveBeat {
        /// Which.
        index: usize,
    },
    /// A section begins elsewhere.
    Border {
        /// Which, from 1 on.
        index: usize,
        /// Where.
        to: f64,
        /// What it snaps to.
        #[serde(default)]
        grid: GridWord,
    },
    /// Another section begins here.
    Split {
        /// Where.
        at: f64,
        /// What it snaps to.
        #[serde(default)]
        grid: GridWord,
    },
    /// A section is a part of the one before.
    Merge {
        /// Which, from 1 on.
        index: usize,
    },
    /// Another name.
    Name {
        /// Which section.
        index: usize,
        /// What it is called.
        name: String,
        /// Whether all that are called like it are renamed.
        #[serde(default)]
        all: bool,
    },
    /// Another colour in the studio.
    Color {
        /// Which section.
        index: usize,
        /// The colour, like `#3f7a49`.
        color: Option<String>,
    },
    /// Sections as they were heard.
    SectionsAsHeard,
}

impl Hand {
    /// What this makes of `known` while it leads to `analysis`.
    ///
    /// # Errors
    /// Usage: there is nothing of the kind, or it can't be meant.
    pub fn of(&self, known: &BeatCorrection, analysis: &Analysis) -> Result<BeatCorrection> {
        let mut known = known.clone();
        let length = analysis.duration.0;
        let inside = |t: f64| match (0.0..length).contains(&t) {
            true => Ok(t),
            false => {
                Err(Error::usage(format!("{t} is not inside the track")).hint("drag it between its ends"))
            }
        };
        match self {
            Hand::Nudge { by } => {
                if !by.is_finite() || by.abs() > 60.0 {
                    return Err(Error::usage("beats can't be moved so far").hint("at most a minute"));
                }
                let shift = round(known.shift.unwrap_or(0.0) + by);
                known.shift = Some(shift).filter(|shift| shift.abs() > 1e-9);
            }
            Hand::Meter { beats } => known.hand.meter = *beats,
            Hand::Taps { times, steady } => {
                let taps = taps::checked(times, analysis)?;
                known = match steady {
                    true => taps::at_tempo(known, &taps, analysis),
                    false => with_beats(known, taps::tapped(&taps, analysis)),
                };
            }
            Hand::Beat { index, to } => {
                let mut beats = beats(analysis);
                exists("beat", *index, beats.len())?;
                beats[*index].time = Seconds(round(inside(*to)?));
                known = with_beats(known, ordered(beats)?);
            }
            Hand::AddBeat { at } => {
                let mut beats = beats(analysis);
                beats.push(HandBeat { time: Seconds(round(inside(*at)?)), bar: false });
                known = with_beats(known, ordered(beats)?);
            }
            Hand::RemoveBeat { index } => {
                let mut beats = beats(analysis);
                exists("beat", *index, beats.len())?;
                beats.remove(*index);
                known = with_beats(known, beats);
            }
            Hand::SectionsAsHeard => known.hand.sections = None,
            _ => {
                let mut sections = sections(&known.hand, analysis);
                self.section(&mut sections, analysis)?;
                let close = sections.windows(2).any(|pair| pair[1].from.0 - pair[0].from.0 < APART);
                if close || sections.len() > MOST {
                    return Err(Error::usage(
                        "a section has to last a while, and begin after the one before",
                    )
                    .hint("merge it with the one before instead"));
                }
                known.hand.sections = Some(sections.into());
            }
        }
        Ok(known)
    }

    fn section(&self, sections: &mut Vec<HandSection>, analysis: &Analysis) -> Result<()> {
        let clock = Clock::new(analysis);
        let snapped = |t: f64, grid: &GridWord| {
            let t = t.clamp(0.0, analysis.duration.0);
            Seconds(round(clock.place(clock.meant(Seconds(t), grid.0)).0))
        };
        match self {
            Hand::Border { index, to, grid } => {
                inner(*index, sections.len())?;
                sections[*index].from = snapped(*to, grid);
            }
            Hand::Split { at, grid } => {
                let from = snapped(*at, grid);
                let behind = sections.partition_point(|s| s.from.0 <= from.0).max(1);
                let name = free_name(sections);
                sections.insert(behind, HandSection { from, name, color: None });
            }
            Hand::Merge { index } => {
                inner(*index, sections.len())?;
                sections.remove(*index);
            }
            Hand::Name { index, name, all } => {
                exists("section", *index, sections.len())?;
                let name = name.trim();
                if name.is_empty() || name.chars().count() > LONGEST || name.chars().any(char::is_control) {
                    return Err(Error::usage("a section can't be called so")
                        .hint(format!("1 to {LONGEST} characters")));
                }
                let old = sections[*index].name.clone();
                for (i, section) in sections.iter_mut().enumerate() {
                    if i == *index || (*all && section.name == old) {
                        section.name = name.to_owned();
                    }
                }
            }
            Hand::Color { index, color } => {
                exists("section", *index, sections.len())?;
                let hex = |c: &str| {
                    c.len() == 7 && c.starts_with('#') && c[1..].bytes().all(|b| b.is_ascii_hexdigit())
                };
                if color.as_deref().is_some_and(|color| !hex(color)) {
                    return Err(Error::usage("this is not a colour").hint("like #3f7a49"));
                }
                sections[*index].color = color.clone();
            }
            _ => return Err(Error::internal("this is no change of sections")),
        }
        Ok(())
    }
}

fn exists(what: &str, index: usize, count: usize) -> Result<()> {
    match index < count {
        true => Ok(()),
        false => Err(Error::usage(format!("there is no {what} {index}")).hint("reload the page")),
    }
}

/// Refuses the first section, which begins with the track.
fn inner(index: usize, count: usize) -> Result<()> {
    exists("section", index, count)?;
    match index {
        0 => Err(Error::usage("the first section begins with the track").hint("move the border after it")),
        _ => Ok(()),
    }
}

fn sections(hand: &ByHand, analysis: &Analysis) -> Vec<HandSection> {
    let heard = || {
        let of = |s: &crate::audio::Section| HandSection {
            from: Seconds(round(s.start.0)),
            name: s.label.clone(),
            color: None,
        };
        analysis.sections.iter().map(of).collect()
    };
    hand.sections.as_ref().map_or_else(heard, |own| own.to_vec())
}

/// The first letter that no section is called by.
fn free_name(sections: &[HandSection]) -> String {
    let letters = ('A'..='Z').map(String::from).chain((1..).map(|i| format!("section {i}")));
    letters.into_iter().find(|name| sections.iter().all(|s| s.name != *name)).unwrap_or_default()
}

/// In place of all that was known of the beats: these.
fn with_beats(known: BeatCorrection, beats: Vec<HandBeat>) -> BeatCorrection {
    let hand = ByHand { beats: Some(Arc::from(beats)), ..known.hand };
    BeatCorrection { hand, ..BeatCorrection::default() }
}

/// In the order of time, none on another.
fn ordered(mut beats: Vec<HandBeat>) -> Result<Vec<HandBeat>> {
    beats.sort_by(|a, b| a.time.0.total_cmp(&b.time.0));
    match beats.windows(2).any(|pair| pair[1].time.0 - pair[0].time.0 < APART) {
        true => Err(Error::usage("there is a beat already").hint("beats keep 20 ms apart")),
        false => Ok(beats),
    }
}

mod taps;
#[cfg(test)]
mod tests;
