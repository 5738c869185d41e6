//! What is being worked on, a preset with the parts of a track that look otherwise, and what an edit makes of it. Nothing in here waits, reads or writes.

use super::by_hand::Hand;
use super::heard::{BeatCorrection, Count};
use crate::audio::Analysis;
use crate::error::{Error, Result};
use crate::score::{
    ByHand, Document, Kind, PARAMS, Param, ParamId, Preset, ProjectDocument, Rate, Slots, find, shipped,
};
use crate::units::Seconds;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A preset that is being worked on, and the beats that it is played by.
#[derive(Clone, Debug, PartialEq)]
pub struct EditedPreset {
    /// The preset that it began as.
    pub name: String,
    /// Its file.
    pub document: Document,
    /// What is known better of the track's beats and sections.
    pub beats: BeatCorrection,
    /// The project's file, for its parts; empty for a track.
    pub film: ProjectDocument,
    /// The looks that parts name as files of their own; the history shares those that didn't change.
    pub looks: BTreeMap<String, Arc<Document>>,
    /// The one of them that is worked on; none: the preset that holds where no part says otherwise.
    pub focus: Option<String>,
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
    /// Take back all that is known better of the beats; sections stay.
    AsHeard,
}

impl EditedPreset {
    /// The preset `name` with the file `text`.
    ///
    /// # Errors
    /// Usage: it isn't a preset.
    pub fn read(name: &str, text: &str) -> Result<Self> {
        let document = Document::read(name, text)?;
        Ok(EditedPreset {
            name: name.to_owned(),
            document,
            beats: BeatCorrection::default(),
            film: ProjectDocument::default(),
            looks: BTreeMap::new(),
            focus: None,
        })
    }

    /// The file that plays exactly this where no part says otherwise.
    pub fn text(&self) -> String {
        self.document.text()
    }

    /// What is played where no part says otherwise.
    ///
    /// # Errors
    /// Usage, with the line of [`Self::text`] that is wrong.
    pub fn base(&self) -> Result<Preset> {
        Preset::parse(&self.name, &self.text())
    }

    /// The look that is worked on, by its name.
    pub fn worked_on(&self) -> (&str, &Document) {
        let look = self.focus.as_ref().and_then(|name| Some((name.as_str(), &**self.looks.get(name)?)));
        look.unwrap_or((&self.name, &self.document))
    }

    /// The same, to be changed.
    pub fn worked_on_mut(&mut self) -> &mut Document {
        let look = self.focus.as_ref().and_then(|name| self.looks.get_mut(name));
        look.map_or(&mut self.document, Arc::make_mut)
    }

    /// The look that is worked on, as it is played.
    ///
    /// # Errors
    /// Usage, with the line of its file that is wrong.
    pub fn preset(&self) -> Result<Preset> {
        let (name, document) = self.worked_on();
        Preset::parse(name, &document.text())
    }

    /// What `edit` makes of this one, checked.
    ///
    /// # Errors
    /// Usage: there is nothing of the kind, or a value is out of range.
    pub fn with(&self, edit: &Edit) -> Result<Self> {
        let mut edited = self.clone();
        let document = edited.worked_on_mut();
        // What is edited is read for a job without slots.
        let params = Slots::default();
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
            Edit::Prompt { index, text } => document.set_prompt(*index, text)?,
            Edit::AddPrompt { section } => document.add_prompt(section),
            Edit::RemovePrompt { index } => document.remove("prompt", *index)?,
            Edit::Count { count } => edited.beats.count = *count,
            Edit::Tempo { bpm } => edited.beats = BeatCorrection { bpm: *bpm, ..without_beats(edited.beats) },
            Edit::FirstBeat { at } => edited.beats.first_beat = *at,
            Edit::AsHeard => {
                edited.beats = BeatCorrection { hand: sections_only(edited.beats), ..Default::default() }
            }
        }
        edited.preset()?;
        Ok(edited)
    }

    /// What `change` by hand makes of it while `analysis` is heard.
    ///
    /// # Errors
    /// As `Hand::of`.
    pub fn by_hand(&self, change: &Hand, analysis: &Analysis) -> Result<Self> {
        Ok(EditedPreset { beats: change.of(&self.beats, analysis)?, ..self.clone() })
    }

    /// The shipped preset `name`.
    ///
    /// # Errors
    /// Usage: there is none.
    pub fn shipped(name: &str) -> Result<Self> {
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

/// A tempo of its own takes the place of a count and of beats one by one.
fn without_beats(beats: BeatCorrection) -> BeatCorrection {
    let hand = ByHand { beats: None, ..beats.hand };
    BeatCorrection { count: None, hand, ..beats }
}

fn sections_only(beats: BeatCorrection) -> ByHand {
    ByHand { sections: beats.hand.sections, ..ByHand::default() }
}
