//! Edits: what a page may change in the look that is worked on, and in how its beats are counted.

use super::heard::{BeatCorrection, Count};
use super::prompts::PromptEdit;
use super::state::EditedPreset;
use crate::error::{Error, Result};
use crate::score::{ByHand, Document, Preset};
use crate::units::Seconds;
use serde::Deserialize;

/// The longest file of a look that is made here, in bytes: a session remembers hundreds of them.
const LONGEST: usize = 256 << 10;

/// A change to an edited preset.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "edit", rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// Begin anew with a shipped preset.
    Preset {
        /// Which one.
        name: String,
    },
    /// Begin anew with a copy of a look that is here.
    Look {
        /// Which one; none: the one that holds where no part says otherwise.
        name: Option<String>,
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
    /// What is typed for a route: an expression, a word, a length with its unit; none: as where the file says nothing.
    Words {
        /// Its place in the file.
        index: usize,
        /// Which key.
        key: String,
        /// The text.
        text: Option<String>,
    },
    /// Another file of the look, typed as a whole.
    Text {
        /// The file.
        text: String,
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
    /// Other prompts, or words in braces in them.
    Prompt {
        /// How.
        change: PromptEdit,
    },
    /// Another text at the head of the look's file: what is avoided, what frames start from.
    Head {
        /// Which key.
        key: String,
        /// The text; none: the key goes.
        text: Option<String>,
    },
    /// Another word in a table of the look's file: whether effects are on, when takes start; none: as where the file says nothing.
    Setting {
        /// Which table.
        table: String,
        /// Which key.
        key: String,
        /// The word.
        word: Option<String>,
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
    /// Take back all that is known better of the beats; sections stay.
    AsHeard,
}

impl EditedPreset {
    /// What `edit` makes of this one, checked.
    ///
    /// # Errors
    /// Usage: there is nothing of the kind, or a value is out of range.
    pub fn with(&self, edit: &Edit) -> Result<Self> {
        // The table's, and those of its own layers and adapters.
        let params = self.preset()?.slots;
        let mut edited = self.clone();
        let document = edited.worked_on_mut();
        match edit {
            Edit::Preset { name } => {
                let chosen = EditedPreset::shipped(name)?;
                *document = chosen.document;
                if self.focus.is_none() {
                    edited.name = chosen.name;
                }
            }
            Edit::Look { name: None } => *document = self.document.clone(),
            Edit::Look { name: Some(name) } => {
                let missing = || Error::usage("there is no such look here").hint("reload the page");
                *document = Document::clone(self.looks.get(name).ok_or_else(missing)?);
            }
            Edit::Base { param, value: Some(value) } => document.set_base(&params.find(param)?.name, *value),
            Edit::Base { param, value: None } => document.reset_base(&params.find(param)?.name),
            Edit::Route { index, key, value } => document.set_number(*index, key, *value)?,
            Edit::Words { index, key, text } => document.set_words(*index, key, text.as_deref())?,
            Edit::Text { text } => *document = Document::read(self.worked_on().0, text)?,
            Edit::Signal { index, name } => document.set_signal(*index, name)?,
            Edit::Target { index, param } => document.set_target(*index, param)?,
            Edit::Mode { index, mode } => document.set_mode(*index, mode)?,
            Edit::AddRoute { signal, param } => document.add_route(signal, &*params.find(param)?),
            Edit::RemoveRoute { index } => document.remove("route", *index)?,
            Edit::Bypass { index, on } => document.set_bypass(*index, *on)?,
            Edit::Prompt { change } => change.apply(document)?,
            Edit::Head { key, text } => document.set_head(key, text.as_deref())?,
            Edit::Setting { table, key, word } => document.set_setting((table, key), word.as_deref())?,
            Edit::Count { count } => edited.beats.count = *count,
            Edit::Tempo { bpm } => edited.beats = BeatCorrection { bpm: *bpm, ..without_beats(edited.beats) },
            Edit::FirstBeat { at } => edited.beats.first_beat = *at,
            Edit::AsHeard => {
                edited.beats = BeatCorrection { hand: sections_only(edited.beats), ..Default::default() }
            }
        }
        let (name, document) = edited.worked_on();
        let text = document.text();
        // What another program drew may be longer, but grows no further.
        if text.len() > LONGEST && text.len() > self.worked_on().1.text().len() {
            return Err(Error::usage("this look's file gets too long")
                .hint(format!("at most {} KB; take something out first", LONGEST >> 10)));
        }
        Preset::parse(name, &text)?;
        Ok(edited)
    }
}

/// A tempo of its own takes the place of a count and of beats one by one.
fn without_beats(beats: BeatCorrection) -> BeatCorrection {
    let hand = ByHand { beats: None, ..beats.hand };
    BeatCorrection { count: None, hand, ..beats }
}

fn sections_only(beats: BeatCorrection) -> ByHand {
    ByHand { sections: beats.hand.sections, ..ByHand::default() }
}
