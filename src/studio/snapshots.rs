//! Snapshots: states of the session under names, to go back to and to compare with.

use super::clips::{Clip, Form};
use super::session::Session;
use super::state::EditedPreset;
use crate::error::{Error, Result};
use crate::units::Seconds;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// Most snapshots.
const MOST: usize = 40;
/// Most states of earlier sessions that nobody saved.
const MOST_UNSAVED: usize = 5;
/// What the newest state of an earlier session is called where nobody saved it.
pub const UNSAVED: &str = "not saved";
/// Longest name and longest note, in characters.
const LONGEST: [usize; 2] = [60, 2000];

/// A change of the snapshots, which are told by their numbers.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "how", rename_all = "snake_case", deny_unknown_fields)]
pub enum SnapshotEdit {
    /// Keep what holds now.
    Keep {
        /// Its name; none: one after its look.
        name: Option<String>,
    },
    /// Another name.
    Name {
        /// Whose.
        number: u64,
        /// The name.
        name: String,
    },
    /// Another note.
    Note {
        /// To which.
        number: u64,
        /// The note; it may be empty.
        note: String,
    },
    /// It goes.
    Remove {
        /// Which one.
        number: u64,
    },
}

/// A state under a name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// Under which number it was kept, from 1.
    pub number: u64,
    /// Its name.
    pub name: String,
    /// What somebody wrote about it.
    pub note: String,
    /// The session's version that it is.
    #[serde(skip)]
    pub version: u64,
    /// The state.
    #[serde(skip)]
    pub edited: Arc<EditedPreset>,
}

/// The snapshots of a session, in the order in which they were kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshots {
    kept: u64,
    list: Vec<Snapshot>,
}

impl Snapshots {
    /// What `change` makes of them while `session` holds.
    ///
    /// # Errors
    /// Usage: there is no such snapshot, there are too many, or a text is too long.
    pub fn with(&self, change: &SnapshotEdit, session: &Session) -> Result<Self> {
        let mut next = self.clone();
        match change {
            SnapshotEdit::Keep { name } => {
                if next.list.len() >= MOST {
                    let error = Error::usage(format!("there are {MOST} snapshots"));
                    return Err(error.hint("remove one that isn't wanted any more"));
                }
                next.kept += 1;
                let (number, version, edited) = (next.kept, session.version, session.preset.clone());
                let usual = || format!("{number}: {}", edited.worked_on().0.trim_end_matches(".toml"));
                let given = name.as_deref().map(|name| checked(name, 0)).transpose()?;
                let name = given.filter(|name| !name.is_empty()).unwrap_or_else(usual);
                next.list.push(Snapshot { number, name, note: String::new(), version, edited });
            }
            SnapshotEdit::Name { number, name } => {
                let name = checked(name, 0)?;
                if name.is_empty() {
                    return Err(Error::usage("a snapshot has a name").hint("write one"));
                }
                next.list[self.place(*number)?].name = name;
            }
            SnapshotEdit::Note { number, note } => next.list[self.place(*number)?].note = checked(note, 1)?,
            SnapshotEdit::Remove { number } => {
                next.list.remove(self.place(*number)?);
            }
        }
        Ok(next)
    }

    /// Adds one of an earlier session. Of what nobody saved, the newest few are kept that differ.
    pub fn restore(&mut self, name: &str, note: &str, edited: EditedPreset) {
        let untouched = |snapshot: &Snapshot| snapshot.name == UNSAVED && snapshot.note.is_empty();
        if name == UNSAVED {
            self.list.retain(|snapshot| !untouched(snapshot) || !snapshot.edited.is_like(&edited));
            let mut many =
                (self.list.iter().filter(|s| untouched(s)).count() + 1).saturating_sub(MOST_UNSAVED);
            self.list.retain(|snapshot| {
                let old = many > 0 && untouched(snapshot);
                many -= usize::from(old);
                !old
            });
        }
        self.kept += 1;
        // No state of this session has such a version.
        let (number, version) = (self.kept, u64::MAX - self.kept);
        let (name, note, edited) = (name.to_owned(), note.to_owned(), Arc::new(edited));
        self.list.push(Snapshot { number, name, note, version, edited });
    }

    /// The snapshot of this number.
    ///
    /// # Errors
    /// Usage: there is none.
    pub fn get(&self, number: u64) -> Result<&Snapshot> {
        Ok(&self.list[self.place(number)?])
    }

    fn place(&self, number: u64) -> Result<usize> {
        let found = self.list.iter().position(|snapshot| snapshot.number == number);
        found.ok_or_else(|| Error::usage("there is no such snapshot any more").hint("choose another one"))
    }

    /// All of them, for the page.
    pub fn told(&self) -> &[Snapshot] {
        &self.list
    }

    /// What is to be rendered to compare two states from `at` on, and what the page is told of it; none of `sides` is what holds now.
    ///
    /// # Errors
    /// Usage: there is no such snapshot, or no such time.
    pub fn compared(
        &self,
        sides: &[Option<u64>; 2],
        at: f64,
        session: &Session,
    ) -> Result<(Vec<Clip>, Value)> {
        if !(at.is_finite() && at >= 0.0) {
            return Err(Error::usage("this is no time of the track"));
        }
        let side = |number: &Option<u64>| -> Result<Clip> {
            let (version, edited) = match number {
                Some(number) => self.get(*number).map(|kept| (kept.version, &kept.edited))?,
                None => (session.version, &session.preset),
            };
            // No two states of a session share a version.
            let key = format!("s{version}-{:.0}", at * 1000.0);
            Ok(Clip { key, edited: edited.clone(), at: Seconds(at), form: Form::Side, kept: None })
        };
        let clips: Vec<Clip> = sides.iter().map(side).collect::<Result<_>>()?;
        let keys: Vec<&str> = clips.iter().map(|clip| clip.key.as_str()).collect();
        let told = json!({ "type": "compare", "sides": sides, "at": at, "keys": keys });
        Ok((clips, told))
    }
}

fn checked(text: &str, kind: usize) -> Result<String> {
    match text.chars().count() <= LONGEST[kind] {
        true => Ok(text.trim().to_owned()),
        false => {
            let error = Error::usage("this text is too long");
            Err(error.hint(format!("at most {} characters", LONGEST[kind])))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::edit::Edit;
    use super::*;

    fn keep() -> SnapshotEdit {
        SnapshotEdit::Keep { name: None }
    }

    #[test]
    fn a_snapshot_stays_what_it_was_and_has_a_name_and_a_note() {
        let first = Session::new(EditedPreset::shipped("tide").unwrap());
        let glow = Edit::Base { param: "glow".into(), value: Some(0.4) };
        let second = first.edited(&glow, None).unwrap();
        let list = Snapshots::default().with(&keep(), &first).unwrap().with(&keep(), &second).unwrap();
        assert_eq!(list.told().iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["1: tide", "2: tide"]);
        assert_eq!(list.get(1).unwrap().edited, first.preset);
        let named = SnapshotEdit::Name { number: 2, name: " brighter ".into() };
        let noted = SnapshotEdit::Note { number: 2, note: "for the drop".into() };
        let list = list.with(&named, &first).unwrap().with(&noted, &first).unwrap();
        let kept = list.get(2).unwrap();
        assert_eq!((kept.name.as_str(), kept.note.as_str(), kept.version), ("brighter", "for the drop", 2));
        let (clips, told) = list.compared(&[Some(1), None], 1.5, &second).unwrap();
        assert_eq!((&clips[0].edited, &clips[1].edited), (&first.preset, &second.preset));
        assert_eq!(told["keys"], json!(["s1-1500", "s2-1500"]));
        let fewer = list.with(&SnapshotEdit::Remove { number: 1 }, &second).unwrap();
        assert!(fewer.get(1).is_err() && fewer.get(2).is_ok());
        // Numbers aren't given twice.
        assert_eq!(fewer.with(&keep(), &second).unwrap().told()[1].number, 3);
    }

    #[test]
    fn what_cannot_be_is_refused_and_there_are_not_more_than_agreed() {
        let session = Session::new(EditedPreset::shipped("tide").unwrap());
        let mut list = Snapshots::default();
        for _ in 0..MOST {
            list = list.with(&keep(), &session).unwrap();
        }
        for change in [
            keep(),
            SnapshotEdit::Name { number: 99, name: "a".into() },
            SnapshotEdit::Name { number: 1, name: " ".into() },
            SnapshotEdit::Name { number: 1, name: "a".repeat(61) },
            SnapshotEdit::Note { number: 1, note: "a".repeat(2001) },
            SnapshotEdit::Remove { number: 0 },
        ] {
            assert!(list.with(&change, &session).is_err(), "{change:?}");
        }
        for (side, at) in [(99, 0.0), (1, -1.0), (1, f64::NAN), (1, f64::INFINITY)] {
            assert!(list.compared(&[None, Some(side)], at, &session).is_err(), "{side} {at}");
        }
    }
}
