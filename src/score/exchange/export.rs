//! Curves as other programs read them.

use super::curves::Curves;
use super::{deforum, parseq};
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
                let lists = self.params.iter().map(|p| (p.name.to_owned(), json!(self.values(p.name))));
                pretty(&Value::Object(lists.collect()))
            }
        }
    }
}

fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
