//! Parts: other looks for stretches of the track, as they are changed in the project's file and told to the page.

mod told;

use super::snapping::GridWord;
use super::state::EditedPreset;
use crate::audio::Analysis;
use crate::error::{Error, Result};
use crate::score::{Clock, Document, PartText, ProjectDocument, find};
use crate::units::Seconds;
use serde::Deserialize;
use std::sync::Arc;
pub use told::told;

/// Most parts that are made here.
const MOST: usize = 200;
/// Most looks of their own.
const MOST_LOOKS: usize = 50;
/// Longest text of a part, in characters.
const LONGEST: usize = 2000;

/// A change of the parts, which are counted from 0 as in the project's file. Times are seconds of the track.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "how", rename_all = "snake_case", deny_unknown_fields)]
pub enum PartEdit {
    /// Another part behind the others.
    Add {
        /// In the sections of this label, or
        section: Option<String>,
        /// from here on
        from: Option<f64>,
        /// up to here.
        to: Option<f64>,
        /// What both snap to.
        #[serde(default)]
        grid: GridWord,
        /// Its preset; none: it changes the look beneath it.
        preset: Option<String>,
    },
    /// It begins or ends elsewhere.
    Edges {
        /// Which part.
        index: usize,
        /// Where it begins; none: where it does.
        from: Option<f64>,
        /// Where it ends; none: where it does.
        to: Option<f64>,
        /// What both snap to.
        #[serde(default)]
        grid: GridWord,
    },
    /// Another text: of its place, its preset, its prompt, its way there.
    Set {
        /// Which part.
        index: usize,
        /// Which of the keys of a part.
        key: String,
        /// The text; none: the key goes.
        value: Option<String>,
    },
    /// It holds a parameter at a value, whatever its look does with it.
    Hold {
        /// Which part.
        index: usize,
        /// The parameter.
        param: String,
        /// The value; none: as the look says.
        value: Option<f64>,
    },
    /// A take starts where it begins, or not.
    Cut {
        /// Which part.
        index: usize,
        /// Whether.
        on: bool,
    },
    /// It goes.
    Remove {
        /// Which part.
        index: usize,
    },
    /// It comes at another place among the others: later ones win.
    Move {
        /// Which part.
        index: usize,
        /// In the place of which.
        to: usize,
    },
    /// Its look is one of its own from now on, and is worked on.
    Own {
        /// Which part.
        index: usize,
    },
    /// This look is worked on: that of a part, or the one that holds where no part says otherwise.
    Focus {
        /// The part.
        index: Option<usize>,
    },
}

impl PartEdit {
    /// What it makes of `edited` while `analysis` is heard.
    ///
    /// # Errors
    /// Usage: there is nothing of the kind, or it can't be meant.
    pub fn of(&self, edited: &EditedPreset, analysis: &Analysis) -> Result<EditedPreset> {
        let mut edited = edited.clone();
        let clock = Clock::new(analysis);
        let place = |t: f64, grid: GridWord| match t.is_finite() && t >= 0.0 {
            true => Ok(clock.meant(Seconds(t.min(analysis.duration.0)), grid.0).written()),
            false => {
                Err(Error::usage("this is no time of the track").hint("drag it between the track's ends"))
            }
        };
        // What ends with the track has no end of its own.
        let end = |t: f64, grid| match t >= analysis.duration.0 - 0.05 {
            true => Ok(None),
            false => place(t, grid).map(Some),
        };
        let film = &edited.film;
        edited.film = match self {
            PartEdit::Add { section, from, to, grid, preset } => {
                if film.parts().len() >= MOST {
                    return Err(Error::usage("there are too many parts").hint(format!("at most {MOST}")));
                }
                let mut keys = Vec::new();
                match (section, from) {
                    (Some(section), _) => keys.push(("section", checked(section)?)),
                    (None, from) => keys.push(("from", place(from.unwrap_or(0.0), *grid)?)),
                }
                if let (None, Some(to)) = (section, to) {
                    keys.extend(end(*to, *grid)?.map(|to| ("to", to)));
                }
                if let Some(preset) = preset {
                    keys.push(("preset", known(&edited, preset)?));
                }
                film.with_part(&keys)?
            }
            PartEdit::Edges { index, from, to, grid } => {
                let mut film = film.clone();
                if let Some(from) = from {
                    film = film.with_key(*index, "from", Some(&place(*from, *grid)?))?;
                }
                if let Some(to) = to {
                    film = film.with_key(*index, "to", end(*to, *grid)?.as_deref())?;
                }
                lasts(&film, *index, &clock, analysis)?;
                film
            }
            PartEdit::Set { index, key, value } => {
                let value = value.as_deref().map(checked).transpose()?.filter(|text| !text.is_empty());
                if let (Some(preset), "preset") = (&value, key.as_str()) {
                    known(&edited, preset)?;
                }
                film.with_key(*index, key, value.as_deref())?
            }
            PartEdit::Hold { index, param, value } => {
                film.with_held(*index, &edited.preset()?.slots.find(param)?.name, *value)?
            }
            PartEdit::Cut { index, on } => film.with_cut(*index, *on)?,
            PartEdit::Remove { index } => film.without_part(*index)?,
            PartEdit::Move { index, to } => film.moved_part(*index, *to)?,
            PartEdit::Own { index } => {
                let preset = part(&edited, *index)?.preset.ok_or_else(|| {
                    Error::usage("this part changes the look beneath it and has none of its own")
                        .hint("choose one first")
                })?;
                let (name, document) = copied(&edited, &preset)?;
                if edited.looks.len() >= MOST_LOOKS {
                    return Err(
                        Error::usage("there are too many looks").hint(format!("at most {MOST_LOOKS}"))
                    );
                }
                edited.looks.insert(name.clone(), Arc::new(document));
                edited.focus = Some(name.clone());
                edited.film.with_key(*index, "preset", Some(&name))?
            }
            PartEdit::Focus { index } => {
                edited.focus =
                    index.map(|index| part(&edited, index)).transpose()?.and_then(|part| part.preset);
                if edited.focus.as_ref().is_some_and(|look| !edited.looks.contains_key(look)) {
                    return Err(Error::usage("this look is shared: it isn't changed here")
                        .hint("make it the part's own first"));
                }
                edited.film.clone()
            }
        };
        Ok(edited.settled())
    }
}

impl EditedPreset {
    /// The same with the parts of a project's `text` beneath its own.
    ///
    /// # Errors
    /// Usage: it isn't TOML. Whether these are too many is seen when they are played.
    pub fn with_parts_beneath(&self, text: &str) -> Result<Self> {
        let film = self.film.with_beneath(text)?;
        Ok(EditedPreset { film, ..self.clone() })
    }

    /// The same with its looks under other names.
    ///
    /// # Errors
    /// The project's file can't be changed.
    pub fn with_looks_named(&self, name: impl Fn(&str) -> String) -> Result<Self> {
        let mut named = EditedPreset { looks: Default::default(), focus: None, ..self.clone() };
        for (look, document) in &self.looks {
            if named.looks.insert(name(look), document.clone()).is_some() {
                return Err(Error::usage(format!("two looks would be called {}", name(look)))
                    .hint("rename the file of one of them"));
            }
        }
        for (index, part) in self.film.parts().into_iter().enumerate() {
            if let Some(look) = part.preset.filter(|look| self.looks.contains_key(look)) {
                named.film = named.film.with_key(index, "preset", Some(&name(&look)))?;
            }
        }
        Ok(named)
    }

    /// The same without looks that no part names any more.
    pub fn settled(mut self) -> Self {
        let named: Vec<String> = self.film.parts().into_iter().filter_map(|part| part.preset).collect();
        self.looks.retain(|name, _| named.contains(name));
        self.focus = self.focus.take().filter(|name| self.looks.contains_key(name));
        self
    }
}

fn part(edited: &EditedPreset, index: usize) -> Result<PartText> {
    let missing = || Error::usage(format!("there is no part {index}")).hint("reload the page");
    edited.film.parts().into_iter().nth(index).ok_or_else(missing)
}

fn checked(text: &str) -> Result<String> {
    match text.chars().count() <= LONGEST {
        true => Ok(text.trim().to_owned()),
        false => Err(Error::usage("this text is too long").hint(format!("at most {LONGEST} characters"))),
    }
}

/// A preset that a part may name here: a shipped one, or a look of the project.
fn known(edited: &EditedPreset, preset: &str) -> Result<String> {
    if !edited.looks.contains_key(preset) {
        find(preset)?;
    }
    Ok(preset.to_owned())
}

/// Refuses a part that ends before it begins.
fn lasts(film: &ProjectDocument, index: usize, clock: &Clock, analysis: &Analysis) -> Result<()> {
    let Some(part) = film.parts().into_iter().nth(index) else { return Ok(()) };
    let at = |text: &Option<String>, usual: f64| match text {
        Some(text) => Ok::<f64, Error>(match text.parse::<f64>() {
            Ok(seconds) => seconds,
            Err(_) => clock.place(text.parse()?).0,
        }),
        None => Ok(usual),
    };
    match at(&part.from, 0.0)? < at(&part.to, analysis.duration.0)? {
        true => Ok(()),
        false => Err(Error::usage("a part ends before it begins").hint("remove it if it isn't wanted")),
    }
}

/// A copy of a look, and a name for it that no look has.
fn copied(edited: &EditedPreset, preset: &str) -> Result<(String, Document)> {
    let (like, text) = match edited.looks.get(preset) {
        Some(look) => (preset.to_owned(), look.text()),
        None => {
            let shipped = EditedPreset::shipped(preset)?;
            (shipped.name.clone(), shipped.text())
        }
    };
    let name = free(edited, &like);
    let document = Document::read(&name, &text)?;
    Ok((name, document))
}

/// `tide-2.toml` of `tide`.
fn free(edited: &EditedPreset, like: &str) -> String {
    let stem = like.rsplit('/').next().unwrap_or(like).trim_end_matches(".toml");
    let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    let plain: String = stem
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-' || *c == '_')
        .take(24)
        .collect();
    let stem = if plain.is_empty() { "look".to_owned() } else { plain };
    let mut names = (2..).map(|i| format!("{stem}-{i}.toml"));
    names.find(|name| !edited.looks.contains_key(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
