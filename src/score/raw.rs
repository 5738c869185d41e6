//! Preset files as they are written: the TOML tables one to one, and errors that name the place.
//!
//! Every value is kept as it stands with its position, so that the checks in [`super::check`] can say which
//! key on which line is wrong, and what would be right.

use super::clock::Length;
use super::slot::SLOT_KINDS;
use super::unreadable::explained;
use crate::error::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use toml::de::{DeString, DeTable, DeValue, Deserializer};
use toml::{Spanned, Value};

/// A value that may be left out, with its position.
pub(super) type Field = Option<Spanned<Value>>;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPreset {
    pub about: Field,
    pub negative: Field,
    #[serde(default)]
    pub base: BTreeMap<Spanned<String>, Spanned<Value>>,
    #[serde(default)]
    pub route: Vec<Spanned<RawRoute>>,
    #[serde(default)]
    pub curve: Vec<Spanned<RawCurve>>,
    #[serde(default)]
    pub prompt: Vec<Spanned<RawPrompt>>,
    #[serde(default)]
    pub words: BTreeMap<Spanned<String>, Spanned<RawWords>>,
    #[serde(default)]
    pub layer: Vec<Spanned<RawLayer>>,
    #[serde(default)]
    pub lora: Vec<Spanned<RawLora>>,
    #[serde(default)]
    pub control: Vec<Spanned<RawControl>>,
    pub blend: Field,
    pub init: Field,
    pub cuts: Option<RawCuts>,
}

/// A `[[route]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRoute {
    pub signal: Field,
    pub value: Field,
    pub to: Field,
    pub mode: Field,
    pub every: Field,
    pub quantiles: Field,
    pub gate: Field,
    pub attack: Field,
    pub hold: Field,
    pub release: Field,
    pub look_ahead: Field,
    pub curve: Field,
    pub quantize: Field,
    pub accumulate: Field,
    pub amount: Field,
    pub offset: Field,
    pub floor: Field,
    pub ceiling: Field,
    pub bypass: Field,
}

/// A `[[curve]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCurve {
    pub name: Field,
    pub points: Field,
    pub ease: Field,
    pub fps: Field,
}

/// A `[words.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWords {
    pub every: Field,
    pub list: Field,
    #[serde(default)]
    pub section: BTreeMap<String, Spanned<Value>>,
    pub other: Field,
}

/// A `[[prompt]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPrompt {
    pub text: Field,
    pub negative: Field,
    pub section: Field,
    pub from: Field,
    pub to: Field,
    pub ease: Field,
}

/// A `[[layer]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLayer {
    pub name: Field,
    pub kind: Field,
    pub show: Field,
    pub form: Field,
    pub on: Field,
    pub text: Field,
    pub font: Field,
    pub at: Field,
    pub size: Field,
    pub color: Field,
    pub sung: Field,
    pub blend: Field,
    pub fade_in: Field,
    pub fade_out: Field,
    pub section: Field,
    pub from: Field,
    pub to: Field,
}

/// A `[[lora]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLora {
    pub name: Field,
    pub file: Field,
    pub strength: Field,
    pub text_strength: Field,
}

/// A `[[control]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawControl {
    pub name: Field,
    pub net: Field,
    pub source: Field,
    pub strength: Field,
    pub start: Field,
    pub end: Field,
}

/// The `[cuts]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCuts {
    pub on: Field,
    pub min: Field,
}

/// Largest preset or project file, in bytes.
pub const MAX_FILE_BYTES: usize = 4 << 20;

/// A preset's text and what to call it in errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// File name, or the name of a shipped preset.
    pub name: &'a str,
    /// All of it.
    pub text: &'a str,
}

impl Source<'_> {
    /// Largest file, in bytes: curves that another program drew take a line a frame.
    pub const MAX_BYTES: usize = MAX_FILE_BYTES;

    /// The file as tables.
    ///
    /// # Errors
    /// Usage: too long, not TOML, or with a key that doesn't exist.
    pub fn read(&self) -> Result<RawPreset> {
        self.bounded()?;
        let mut table = DeTable::parse(self.text).map_err(|e| self.refused(&e))?;
        if let Some(DeValue::Table(base)) = table.get_mut().get_mut("base").map(Spanned::get_mut) {
            self.name_slots(base)?;
        }
        RawPreset::deserialize(Deserializer::from(table)).map_err(|e| self.refused(&e))
    }

    /// Gives values of slots their names in a table of parameters: to TOML, `lora.smoke = 1` is a table `lora`.
    ///
    /// # Errors
    /// Usage: one is there in both spellings.
    pub fn name_slots(&self, settings: &mut DeTable) -> Result<()> {
        for kind in SLOT_KINDS {
            let (before, behind) = kind.around();
            let Some(value) = settings.get_mut(before) else { continue };
            let DeValue::Table(named) = value.get_mut() else { continue };
            let named = std::mem::take(named);
            settings.remove(before);
            for (key, value) in
                named.into_iter().flat_map(|(key, value)| inner(!behind.is_empty(), key, value))
            {
                let (place, name) = (key.span(), format!("{before}.{}", key.get_ref()));
                let known = settings.insert(Spanned::new(place.clone(), name.clone().into()), value);
                if known.is_some() {
                    let error = Error::usage(format!("{name} is set twice"));
                    return Err(self.at(place, error.hint(format!("the other one is \"{name}\" in quotes"))));
                }
            }
        }
        Ok(())
    }

    /// Whether the file is short enough to be looked at.
    ///
    /// # Errors
    /// Usage, if it is not.
    pub fn bounded(&self) -> Result<()> {
        if self.text.len() > Self::MAX_BYTES {
            return Err(Error::usage(format!("{}: {} bytes are too long", self.name, self.text.len()))
                .hint(format!("a file has at most {} bytes", Self::MAX_BYTES)));
        }
        Ok(())
    }

    /// What the TOML parser found wrong, with its place.
    pub fn refused(&self, e: &toml::de::Error) -> Error {
        let span = e.span().unwrap_or(0..0);
        let before = self.text.get(..span.start).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = self.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        self.at(span, explained(e.message(), line))
    }

    /// `error` with the place in front: `file:line:column`.
    pub fn at(&self, span: Range<usize>, error: Error) -> Error {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let placed = Error::usage(format!("{}:{line}:{column}: {error}", self.name));
        error.hints().iter().fold(placed, |e, hint| e.hint(hint))
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// Usage, naming the table and the key.
    pub fn need<'f>(&self, key: &str, table: &Range<usize>, field: &'f Field) -> Result<&'f Spanned<Value>> {
        field.as_ref().ok_or_else(|| {
            let error = Error::usage(format!("'{key}' is missing here"));
            self.at(table.clone(), error.hint(format!("add a line: {key} = ...")))
        })
    }

    /// Text of at most `longest` characters, trimmed.
    ///
    /// # Errors
    /// Usage, for another type or longer text.
    pub fn text<'f>(&self, key: &str, value: &'f Spanned<Value>, longest: usize) -> Result<&'f str> {
        let Value::String(text) = value.get_ref() else {
            return Err(self.wrong_type(key, value, "text in quotes"));
        };
        if text.chars().count() > longest {
            let error = Error::usage(format!("{key} is too long"));
            return Err(self.at(value.span(), error.hint(format!("at most {longest} characters"))));
        }
        Ok(text.trim())
    }

    /// A number within `range`.
    ///
    /// # Errors
    /// Usage, for another type, a number outside, or none (nan).
    pub fn number(&self, key: &str, value: &Spanned<Value>, range: RangeInclusive<f64>) -> Result<f64> {
        let number = number(value.get_ref()).ok_or_else(|| self.wrong_type(key, value, "a number"))?;
        if !range.contains(&number) {
            let error = Error::usage(format!("{key} = {number} is out of range"));
            let hint = format!("{key} goes from {} to {}", range.start(), range.end());
            return Err(self.at(value.span(), error.hint(hint)));
        }
        Ok(number)
    }

    /// A length of time: a number of seconds, or text like `"0.25 beats"`.
    ///
    /// # Errors
    /// Usage, for anything else.
    pub fn length(&self, key: &str, value: &Spanned<Value>) -> Result<Length> {
        let length = match value.get_ref() {
            Value::Float(x) => Length::seconds(*x),
            Value::Integer(i) => Length::seconds(*i as f64),
            Value::String(text) => text.parse(),
            _ => return Err(self.wrong_type(key, value, "seconds or text like \"0.25 beats\"")),
        };
        length.map_err(|e| self.at(value.span(), e))
    }

    /// The place of `inner` in the text, `inner` being a part of what `value` says.
    pub fn span_in(&self, value: &Spanned<Value>, inner: &str, at: usize) -> Range<usize> {
        // Text with escapes stands there in other letters: then the value is all that can be pointed at.
        let span = value.span();
        let start = self.text.get(span.clone()).and_then(|raw| raw.find(inner));
        start.map_or(span.clone(), |from| span.start + from + at..span.end)
    }

    /// The error for a value of a type that the key can't have.
    pub fn wrong_type(&self, key: &str, value: &Spanned<Value>, wanted: &str) -> Error {
        let found = value.get_ref().type_str();
        self.at(
            value.span(),
            Error::usage(format!("{key} has the wrong type ({found})")).hint(format!("write {wanted}")),
        )
    }
}

/// What a table under a name holds, each called `name.key`; or the value itself, where it isn't one or none is `meant`.
fn inner<'a>(
    meant: bool,
    name: Spanned<DeString<'a>>,
    value: Spanned<DeValue<'a>>,
) -> Vec<(Spanned<DeString<'a>>, Spanned<DeValue<'a>>)> {
    let place = value.span();
    match value.into_inner() {
        DeValue::Table(table) if meant => {
            let called = |key: &Spanned<DeString>| format!("{}.{}", name.get_ref(), key.get_ref()).into();
            table.into_iter().map(|(key, value)| (Spanned::new(key.span(), called(&key)), value)).collect()
        }
        value => vec![(name, Spanned::new(place, value))],
    }
}

/// A number, written with a point or without.
pub(super) fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|i| i as f64))
}
