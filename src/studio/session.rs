//! The session as one value: the preset that is worked on, and its history. Nothing in here waits, reads or writes.

use super::edit::Edit;
use super::state::EditedPreset;
use crate::error::Result;
use std::sync::Arc;

/// Most steps that can be undone.
const HISTORY: usize = 200;

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
        Ok(self.changed(self.preset.with(edit)?, gesture))
    }

    /// The session with `preset` in place of what holds now.
    pub fn changed(&self, preset: EditedPreset, gesture: Option<u64>) -> Self {
        if preset == *self.preset {
            return self.clone();
        }
        let mut past = self.past.clone();
        if gesture.is_none() || gesture != self.gesture {
            past.push(self.preset.clone());
        }
        let past = past.split_off(past.len().saturating_sub(HISTORY));
        Session { version: self.version + 1, preset: Arc::new(preset), past, future: vec![], gesture }
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
    use crate::studio::prompts::PromptEdit;
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
    fn adapters_and_layers_of_the_look_are_turned_like_its_other_values() {
        let text = format!(
            "{}\n[[lora]]\nfile = \"smoke.safetensors\"\nstrength = 0.7\n\n[[layer]]\nname = \"line\"\nkind = \"waveform\"\n",
            session().preset.text()
        );
        let first = Session::new(EditedPreset::read("mine", &text).unwrap());
        let value = |session: &Session, name: &str| {
            let bases =
                session.preset.bases(&crate::job::Usual { guidance: 1.0, source_detail: 1.0 }).unwrap();
            bases.into_iter().find(|(param, _)| param.name == name).map(|(_, value)| (value * 100.0).round())
        };
        assert_eq!((value(&first, "lora.smoke"), value(&first, "layer.line.y")), (Some(70.0), Some(0.0)));
        let turned = Edit::Base { param: "lora.smoke".into(), value: Some(0.2) };
        let turned = first.edited(&turned, None).unwrap();
        assert_eq!(value(&turned, "lora.smoke"), Some(20.0));
        let kicked = Edit::AddRoute { signal: "kick".into(), param: "lora.smoke".into() };
        assert!(turned.edited(&kicked, None).is_ok());
        let back = turned.edited(&Edit::Base { param: "lora.smoke".into(), value: None }, None).unwrap();
        assert_eq!(back.preset.text(), first.preset.text());
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
            Edit::Prompt { change: PromptEdit::Remove { index: 0 } },
            Edit::Prompt { change: PromptEdit::text(99, "a") },
            Edit::Prompt { change: PromptEdit::text(0, &"a".repeat(5000)) },
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
            Edit::Prompt { change: PromptEdit::Add { section: Some("B".into()), from: None } },
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
