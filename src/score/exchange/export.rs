//! Curves as other programs read them.

use super::curves::Curves;
use super::motion::MOVES;
use super::{deforum, parseq};
use crate::score::param_table::ParamId;
use serde_json::{Value, json};

/// Whom curves are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table with a line for every frame.
    Csv,
    /// Schedule strings, as in a Deforum settings file.
    Deforum,
    /// A Parseq document with rendered frames.
    Parseq,
    /// Lists of values, for AnimateDiff-Evolved's nodes.
    AnimateDiff,
}

impl Curves<'_> {
    /// The text for `format`.
    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Csv => self.csv(),
            Format::Deforum => pretty(&deforum::write(self)),
            Format::Parseq => pretty(&parseq::write(self)),
            Format::AnimateDiff => {
                let lists = self.params.iter().map(|p| (p.name.to_string(), json!(self.values(p))));
                pretty(&Value::Object(lists.collect()))
            }
        }
    }

    /// What `format` can't say.
    pub fn unsaid(&self, format: Format) -> Vec<String> {
        let program = match format {
            Format::Deforum => "Deforum",
            Format::Parseq => "Parseq",
            Format::Csv | Format::AnimateDiff => return Vec::new(),
        };
        let played = MOVES.iter().chain(&[ParamId::Denoise, ParamId::Guidance]);
        let played: Vec<&str> = played.map(|id| &*id.param().name).collect();
        let names = self.params.iter().map(|p| &*p.name).filter(|name| !played.contains(name));
        let names: Vec<&str> = names.collect();
        let mut notes = Vec::new();
        if !names.is_empty() {
            let names = names.join(", ");
            notes.push(format!(
                "{program} can't play {names}: they are in the file for `beatbolt import` only"
            ));
        }
        if self.travels() {
            notes.push(format!("{program} changes prompts at once: transitions are left out"));
        }
        if self.timeline.cuts.iter().any(|cut| self.part.contains(cut) && *cut > self.part.start) {
            notes.push(format!("{program} has no cuts: they are left out"));
        }
        notes
    }
}

fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
