//! The session as one value, and what an edit makes of it. Nothing in here waits, reads or writes.

use super::heard::{BeatCorrection, Count};
use crate::error::Result;
use crate::score::{Document, Kind, PARAMS, Param, ParamId, Preset, Rate, Slots, find, shipped};
use crate::units::Seconds;
use serde::Deserialize;
use std::sync::Arc;

/// Most steps that can be undone.
const HISTORY: usize = 200;

/// A preset that is being worked on, and the beats that it is played by.
#[derive(Clone, Debug, PartialEq)]
pub struct EditedPreset {
    /// The preset that it began as.
    pub name: String,
    /// Its file.
    pub document: Document,
    /// What is known better of the track's beats.
    pub beats: BeatCorrection,
}

/// A change to an edited preset.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "edit", rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// Begin anew with a shipped preset.
    Preset {
        /// Which one.
        name: String,
    },
    /// Another base value; none: the parameter's default.
    Base {
        /// Of which parameter.
        param: String,
        /// The value.
        value: Option<f64>,
    },
    /// Another number of a route; none: as where the file says nothing.
    Route {
        /// Its place in the file.
        index: usize,
        /// Which number.
        key: String,
        /// The value.
        value: Option<f64>,
    },
    /// Another signal that a route listens to.
    Signal {
        /// Its place in the file.
        index: usize,
        /// Which signal.
        name: String,
    },
    /// Another parameter that a route turns.
    Target {
        /// Its place in the file.
        index: usize,
        /// Which parameter.
        param: String,
    },
    /// Another way in which a route gets into its parameter.
    Mode {
        /// Its place in the file.
        index: usize,
        /// `add` or `multiply`.
        mode: String,
    },
    /// A new route.
    AddRoute {
        /// From which signal.
        signal: String,
        /// Into which parameter.
        param: String,
    },
    /// Take a route away.
    RemoveRoute {
        /// Its place in the file.
        index: usize,
    },
    /// Leave a route out, or take it in again.
    Bypass {
        /// Its place in the file.
        index: usize,
        /// Whether it is left out.
        on: bool,
    },
    /// Another text of a prompt.
    Prompt {
        /// Its place in the file.
        index: usize,
        /// The text.
        text: String,
    },
    /// A prompt of its own for the sections of one label.
    AddPrompt {
        /// The label.
        section: String,
    },
    /// Take a prompt away.
    RemovePrompt {
        /// Its place in the file.
        index: usize,
    },
    /// Count half, twice or three times as many beats; none: as many as were heard.
    Count {
        /// How many.
        count: Option<Count>,
    },
    /// Beats of a constant tempo; none: as they were heard.
    Tempo {
        /// Beats a minute.
        bpm: Option<f64>,
    },
    /// Where a bar begins; none: as it was heard.
    FirstBeat {
        /// When.
        at: Option<Seconds>,
    },
    /// Take back all that is known better of the beats.
    AsHeard,
}

impl EditedPreset {
    /// The preset `name` with the file `text`.
    ///
    /// # Errors
    /// Usage: it isn't a preset.
    pub fn read(name: &str, text: &str) -> Result<Self> {
        let document = Document::read(name, text)?;
        Ok(EditedPreset { name: name.to_owned(), document, beats: BeatCorrection::default() })
    }

    /// The file that plays exactly this.
    pub fn text(&self) -> String {
        self.document.text()
    }

    /// What is played.
    ///
    /// # Errors
    /// Usage, with the line of [`Self::text`] that is wrong.
    pub fn preset(&self) -> Result<Preset> {
        Preset::parse(&self.name, &self.text())
    }

    /// What `edit` makes of this one, checked.
    ///
    /// # Errors
    /// Usage: there is nothing of the kind, or a value is out of range.
    pub fn with(&self, edit: &Edit) -> Result<Self> {
        let mut edited = self.clone();
        let document = &mut edited.document;
        // What is edited is read for a job without slots.
        let params = Slots::default();
        match edit {
            Edit::Preset { name } => {
                return Ok(EditedPreset { beats: self.beats, ..EditedPreset::shipped(name)? });
            }
            Edit::Base { param, value: Some(value) } => document.set_base(&params.find(param)?.name, *value),
            Edit::Base { param, value: None } => document.reset_base(&params.find(param)?.name),
            Edit::Route { index, key, value } => document.set_number(*index, key, *value)?,
            Edit::Signal { index, name } => document.set_signal(*index, name)?,
            Edit::Target { index, param } => document.set_target(*index, param)?,
            Edit::Mode { index, mode } => document.set_mode(*index, mode)?,
            Edit::AddRoute { signal, param } => document.add_route(signal, &*params.find(param)?),
            Edit::RemoveRoute { index } => document.remove("route", *index)?,
            Edit::Bypass { index, on } => document.set_bypass(*index, *on)?,
            Edit::Prompt { index, text } => document.set_prompt(*index, text)?,
            Edit::AddPrompt { section } => document.add_prompt(section),
            Edit::RemovePrompt { index } => document.remove("prompt", *index)?,
            Edit::Count { count } => edited.beats.count = *count,
            Edit::Tempo { bpm } => edited.beats = BeatCorrection { bpm: *bpm, count: None, ..edited.beats },
            Edit::FirstBeat { at } => edited.beats.first_beat = *at,
            Edit::AsHeard => edited.beats = BeatCorrection::default(),
        }
        edited.preset()?;
        Ok(edited)
    }

    fn shipped(name: &str) -> Result<Self> {
        let preset = find(name)?;
        let text = shipped().iter().find(|(n, _)| *n == preset.name).map_or("", |(_, text)| text);
        EditedPreset::read(name, text)
    }

    /// The parameters that can be turned, each with its base value; `guidance` is the model's own.
    ///
    /// # Errors
    /// As [`Self::preset`].
    pub fn bases(&self, guidance: f32) -> Result<Vec<(&'static Param, f64)>> {
        let mut preset = self.preset()?;
        preset.base.entry(ParamId::Guidance.into()).or_insert(guidance);
        let number = |p: &&Param| p.rate != Rate::Job && p.kind == Kind::Number;
        let base = |p: &'static Param| preset.base.get(&p.into()).map_or(p.default, |v| f64::from(*v));
        Ok(PARAMS.iter().filter(number).map(|p| (p, base(p))).collect())
    }
}

/// Presets in the order in which they were left.
type History = Vec<Arc<EditedPreset>>;

/// The preset and its history.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Grows with every change, undone ones as well: no two states of a session share one.
    pub version: u64,
    /// What holds now.
    pub preset: Arc<EditedPreset>,
    past: History,
    future: History,
    /// The gesture that made the last change.
    gesture: Option<u64>,
}

impl Session {
    /// A session that begins with `preset`.
    pub fn new(preset: EditedPreset) -> Self {
        Session { version: 1, preset: Arc::new(preset), past: vec![], future: vec![], gesture: None }
    }

    /// The session after `edit`. Edits of one `gesture`, like a knob that is dragged, are undone together.
    ///
    /// # Errors
    /// As [`EditedPreset::with`].
    pub fn edited(&self, edit: &Edit, gesture: Option<u64>) -> Result<Self> {
        let preset = self.preset.with(edit)?;
        if preset == *self.preset {
            return Ok(self.clone());
        }
        let mut past = self.past.clone();
        if gesture.is_none() || gesture != self.gesture {
            past.push(self.preset.clone());
        }
        let past = past.split_off(past.len().saturating_sub(HISTORY));
        Ok(Session { version: self.version + 1, preset: Arc::new(preset), past, future: vec![], gesture })
    }

    /// The session before the last change; the same where there is none.
    pub fn undone(&self) -> Self {
        self.walked(|session| (&mut session.past, &mut session.future))
    }

    /// The session with the last undone change made again; the same where there is none.
    pub fn redone(&self) -> Self {
        self.walked(|session| (&mut session.future, &mut session.past))
    }

    /// The session with the newest preset of the first list; the one that held until now goes to the second.
    fn walked(&self, lists: impl FnOnce(&mut Self) -> (&mut History, &mut History)) -> Self {
        let (mut next, held) = (self.clone(), self.preset.clone());
        let (from, to) = lists(&mut next);
        if let Some(preset) = from.pop() {
            to.push(held);
            (next.preset, next.version, next.gesture) = (preset, self.version + 1, None);
        }
        next
    }

    /// Whether there is something to undo, and to do again.
    pub fn can(&self) -> (bool, bool) {
        (!self.past.is_empty(), !self.future.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn session() -> Session {
        Session::new(EditedPreset::shipped("pulse").unwrap())
    }

    fn glow(value: f64) -> Edit {
        Edit::Base { param: "glow".into(), value: Some(value) }
    }

    #[test]
    fn undo_and_redo_walk_the_history_and_versions_only_grow() {
        let first = session();
        let second = first.edited(&glow(0.5), None).unwrap();
        let back = second.undone();
        assert_eq!((&back.preset, back.version, back.can()), (&first.preset, 3, (false, true)));
        let again = back.redone();
        assert_eq!((&again.preset, again.version, again.can()), (&second.preset, 4, (true, false)));
        let other = back.edited(&glow(0.25), None).unwrap();
        assert_eq!(other.can(), (true, false));
        assert_eq!((first.undone(), first.redone()), (first.clone(), first.clone()));
    }

    #[test]
    fn a_gesture_is_undone_as_one() {
        let mut dragged = session();
        for value in [0.1, 0.2, 0.3] {
            dragged = dragged.edited(&glow(value), Some(7)).unwrap();
        }
        let other = dragged.edited(&glow(0.4), Some(8)).unwrap();
        assert_eq!(other.undone().preset, dragged.preset);
        assert_eq!(other.undone().undone().preset, session().preset);
    }

    #[test]
    fn what_cannot_be_is_refused_and_changes_nothing() {
        let session = session();
        let route = |index, key: &str, value| Edit::Route { index, key: key.into(), value: Some(value) };
        for edit in [
            Edit::Preset { name: "../../etc/passwd".into() },
            Edit::Base { param: "glow".into(), value: Some(1e9) },
            Edit::Base { param: "glow".into(), value: Some(f64::NAN) },
            Edit::Base { param: "zebra".into(), value: None },
            route(99, "amount", 1.0),
            route(0, "signal", 1.0),
            route(0, "attack", -1.0),
            Edit::Bypass { index: 99, on: true },
            Edit::Signal { index: 0, name: "zebra".into() },
            Edit::Target { index: 0, param: "drift_guard".into() },
            Edit::Mode { index: 0, mode: "divide".into() },
            Edit::AddRoute { signal: "zebra".into(), param: "glow".into() },
            Edit::AddRoute { signal: "kick".into(), param: "lora.smoke".into() },
            Edit::RemoveRoute { index: 99 },
            Edit::RemovePrompt { index: 0 },
            Edit::Prompt { index: 99, text: "a".into() },
            Edit::Prompt { index: 0, text: "a".repeat(5000) },
        ] {
            assert!(session.edited(&edit, None).is_err(), "{edit:?}");
        }
    }

    #[test]
    fn what_was_saved_is_found_again() {
        let edits = [
            Edit::Bypass { index: 0, on: true },
            Edit::AddRoute { signal: "snare".into(), param: "hue".into() },
            Edit::Route { index: 1, key: "hold".into(), value: Some(0.1) },
            Edit::AddPrompt { section: "B".into() },
        ];
        let mut edited = session();
        for edit in &edits {
            edited = edited.edited(edit, None).unwrap();
        }
        assert_eq!(EditedPreset::read("pulse", &edited.preset.text()).unwrap(), *edited.preset);
        assert_ne!(edited.preset, session().preset);
    }

    proptest! {
        /// Whatever is done, as many undos as there were edits lead back to where it began.
        #[test]
        fn everything_can_be_undone(values in proptest::collection::vec(0u8..20, 0..30)) {
            let first = session();
            let mut edited = first.clone();
            for value in &values {
                edited = edited.edited(&glow(f64::from(*value) / 20.0), None).unwrap();
            }
            for _ in &values {
                edited = edited.undone();
            }
            prop_assert_eq!(edited.preset, first.preset);
        }
    }
}
