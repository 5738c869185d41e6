//! The director: what is shown of a track where nobody says what.
//!
//! ```text
//! Analysis ─► character ─► role of every letter ─┐
//!        └──► character of the track ─► film ────┴─► shots ─► project text ─► Show
//! ```
//!
//! A [`Direction`] is a list of shots, a pure function of analysis and seed. It is written down as a project, and what is played
//! is what that text says, so that a person who takes the text over begins with exactly what was shown.

mod character;
mod film;
mod role;
mod shot;
mod write;

pub use film::Film;
pub use role::Role;
pub use shot::Shot;

use super::project::{Choices, Project};
use super::shipped::DEFAULT;
use super::show::{Part, Show};
use crate::audio::Analysis;
use crate::error::{Error, Result};
use character::Character;

/// What it is called where a preset is named.
pub const NAME: &str = DEFAULT;

/// The preset beneath its shots.
pub const BASE: &str = "calm";

/// What is shown when.
#[derive(Clone, Debug, PartialEq)]
pub struct Direction {
    /// Where scenes and colours come from.
    pub film: &'static Film,
    /// Every letter of the track, in the order in which they are heard first, with what its sections are.
    pub roles: Vec<(String, Role)>,
    /// The shots from the start on.
    pub shots: Vec<Shot>,
    /// Whether scenes are drawn: what a small model would make of them is soft, so it has no hand in them unless a person says so.
    pub drawn: bool,
}

/// What the director shows of a track; `drawn`: in drawn scenes, instead of a model's own.
pub fn direct(analysis: &Analysis, seed: u64, drawn: bool) -> Direction {
    let film = film::choose(&Character::of_track(analysis), seed);
    let roles = role::roles(analysis);
    let shots = shot::shots(analysis, film, &roles, seed);
    Direction { film, roles, shots, drawn }
}

impl Direction {
    /// The show.
    ///
    /// # Errors
    /// Internal: the director wrote down what can't be read.
    pub fn show(&self) -> Result<Show> {
        let text = format!("track = \"track\"\n{}", self.project());
        let nothing = Choices { profiles: &[], tiers: &[], audio: &[] };
        let mut read = |path: &str| Err(Error::internal(format!("the director names no file like {path}")));
        Ok(Project::parse(NAME, &text, &nothing, &mut read)?.show)
    }

    /// The show, with what a project says laid over it.
    ///
    /// # Errors
    /// As [`Self::show`].
    pub fn under(&self, over: Show) -> Result<Show> {
        let Show { mut looks, mut parts, .. } = self.show()?;
        let (before, directed) = (looks.len(), parts.len());
        parts.extend(over.parts.iter().map(|p| Part { look: p.look + before, ..p.clone() }));
        looks.extend(over.looks.iter().cloned());
        Ok(Show { looks, parts, directed, ..over })
    }
}

#[cfg(test)]
mod tests;
