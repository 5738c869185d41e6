//! What is being worked on: a preset, with the parts of a track that look otherwise. Nothing in here waits, reads or writes.

use super::by_hand::Hand;
use super::heard::BeatCorrection;
use crate::audio::Analysis;
use crate::error::Result;
use crate::job::Usual;
use crate::score::{Document, Kind, ParamRef, Preset, ProjectDocument, Rate, find, shipped};
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

    /// Whether what holds where no part says otherwise is a shipped preset as it is shipped.
    pub fn is_shipped(&self) -> bool {
        shipped().iter().any(|(name, text)| *name == self.name && *text == self.text())
    }

    /// Whether it is the same video, whichever look is worked on.
    pub fn is_like(&self, other: &Self) -> bool {
        let looks = |edited: &Self| {
            edited.looks.iter().map(|(name, look)| (name.clone(), look.text())).collect::<Vec<_>>()
        };
        (&self.name, &self.beats, &self.film) == (&other.name, &other.beats, &other.film)
            && self.text() == other.text()
            && looks(self) == looks(other)
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

    /// The parameters that can be turned, each with its base value; `usual` is what the model wants.
    ///
    /// # Errors
    /// As [`Self::preset`].
    pub fn bases(&self, usual: &Usual) -> Result<Vec<(ParamRef, f64)>> {
        let mut preset = self.preset()?;
        usual.under(&mut preset.base);
        let number = |p: &ParamRef| p.rate != Rate::Job && p.kind == Kind::Number;
        let value = |p: &ParamRef| preset.base.get(p).map_or(p.default, |v| f64::from(*v));
        Ok(preset.slots.params().filter(number).map(|p| (p.clone(), value(&p))).collect())
    }
}
