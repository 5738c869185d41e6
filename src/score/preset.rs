//! Presets: a look, as base values, routes, prompts and cuts, checked and complete.
//!
//! A preset arrives as TOML text; [`Preset::parse`] either returns something that can be played on every track
//! or says which line is wrong. What a preset is made for belongs in a comment at the top of its file.

use super::clock::Length;
use super::param::{Kind, Param, Rate, Setting};
use super::raw::{Field, RawCuts, RawPrompt, RawRoute, Source};
use super::shape::{Curve, Shape};
use super::signal::Signal;
use crate::error::{Error, Result, nearest};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use toml::{Spanned, Value};

/// A look: what a track is turned into.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// Its name, or the file it came from.
    pub name: String,
    /// One line about it.
    pub about: String,
    /// Values that differ from the parameter table's defaults, by parameter.
    pub base: BTreeMap<&'static str, f32>,
    /// What moves what.
    pub routes: Vec<Route>,
    /// What is shown when, as in the file; never empty.
    pub prompts: Vec<Prompt>,
    /// When a new take starts.
    pub cuts: Cuts,
}

/// A signal's way into a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// What is listened to.
    pub signal: &'static Signal,
    /// What is turned.
    pub to: &'static Param,
    /// How it gets in.
    pub mode: Mode,
    /// Beats and bars count every so many of them.
    pub every: usize,
    /// What happens on the way.
    pub shape: Shape,
}

/// How a route gets into its parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Its value is added to the base.
    Add,
    /// Base and additions are multiplied by its value.
    Multiply,
}

/// A text and where it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// What is asked for.
    pub text: String,
    /// What is to be avoided.
    pub negative: String,
    /// Where it holds.
    pub place: Place,
}

/// Where a prompt holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// Everywhere.
    Everywhere,
    /// In sections of this label.
    Section(String),
    /// From here to the end.
    From(Length),
}

/// When a new take starts, and how long a take lasts at least.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cuts {
    /// What starts one.
    pub on: CutOn,
    /// Nothing starts one sooner than this after the last.
    pub min: Length,
}

/// What starts a new take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutOn {
    /// Nothing: the video is one take.
    Never,
    /// Every section.
    Section,
    /// Every so many bars.
    Bars(usize),
}

impl Default for Cuts {
    fn default() -> Self {
        Cuts { on: CutOn::Never, min: Length::Seconds(2.0) }
    }
}

/// Most routes in a preset.
const MAX_ROUTES: usize = 200;
/// Most prompts in a preset.
const MAX_PROMPTS: usize = 500;
/// Longest prompt, in characters.
pub(super) const MAX_TEXT: usize = 2000;
/// Longest one-line description and other short texts, in characters.
const MAX_LINE: usize = 200;
/// Amounts and limits of routes: wide enough for degrees.
const AMOUNT: RangeInclusive<f64> = -1000.0..=1000.0;

impl Preset {
    /// The preset that `text` describes, called `name` in errors.
    ///
    /// # Errors
    /// Usage, with file, line and column, for whatever is wrong first.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let source = Source { name, text };
        let raw = source.read()?;
        let negative = source.optional_text("negative", &raw.negative, MAX_TEXT)?;
        for (table, count, most) in
            [("route", raw.route.len(), MAX_ROUTES), ("prompt", raw.prompt.len(), MAX_PROMPTS)]
        {
            if count > most {
                let error = Error::usage(format!("{name}: {count} [[{table}]] tables are too many"));
                return Err(error.hint(format!("at most {most}")));
            }
        }
        if raw.prompt.is_empty() {
            return Err(Error::usage(format!("{name}: there is no prompt"))
                .hint("add a [[prompt]] table with a line like: text = \"neon tunnel\""));
        }
        let base = raw.base.iter().map(|(k, v)| source.base(k, v)).collect::<Result<Vec<_>>>()?;
        Ok(Preset {
            name: name.to_owned(),
            about: source.optional_text("about", &raw.about, MAX_LINE)?,
            base: base.into_iter().map(|s| (s.param.name, s.value)).collect(),
            routes: raw.route.iter().map(|r| source.route(r)).collect::<Result<_>>()?,
            prompts: raw.prompt.iter().map(|p| source.prompt(p, &negative)).collect::<Result<_>>()?,
            cuts: raw.cuts.as_ref().map_or(Ok(Cuts::default()), |c| source.cuts(c))?,
        })
    }
}

impl Source<'_> {
    fn optional_text(&self, key: &str, field: &Field, longest: usize) -> Result<String> {
        let text = field.as_ref().map(|v| self.text(key, v, longest)).transpose()?;
        Ok(text.unwrap_or_default().to_owned())
    }

    /// A line of `[base]`.
    fn base(&self, key: &Spanned<String>, value: &Spanned<Value>) -> Result<Setting> {
        let param = Param::find(key.get_ref()).map_err(|e| self.at(key.span(), e))?;
        let setting = match (param.kind, value.get_ref()) {
            (Kind::Number, Value::Float(x)) => param.set(*x),
            (Kind::Number, Value::Integer(i)) => param.set(*i as f64),
            (Kind::Switch, Value::Boolean(on)) => param.set(f64::from(u8::from(*on))),
            (Kind::Switch, Value::String(text)) => param.read(text),
            (Kind::Number, _) => return Err(self.wrong_type(param.name, value, "a number")),
            (Kind::Switch, _) => return Err(self.wrong_type(param.name, value, "\"on\" or \"off\"")),
        };
        setting.map_err(|e| self.at(value.span(), e))
    }

    /// A `[[route]]`.
    fn route(&self, raw: &Spanned<RawRoute>) -> Result<Route> {
        let (table, raw) = (raw.span(), raw.get_ref());
        let name = self.need("signal", &table, &raw.signal)?;
        let signal =
            Signal::find(self.text("signal", name, MAX_LINE)?).map_err(|e| self.at(name.span(), e))?;
        let name = self.need("to", &table, &raw.to)?;
        let to = Param::find(self.text("to", name, MAX_LINE)?).map_err(|e| self.at(name.span(), e))?;
        if to.rate == Rate::Job {
            let error = Error::usage(format!("{} holds for the whole video, no route can move it", to.name));
            return Err(self.at(name.span(), error.hint("set it under [base]")));
        }
        let mode = match &raw.mode {
            None => Mode::Add,
            Some(v) => self.one_of("mode", v, &[("add", Mode::Add), ("multiply", Mode::Multiply)])?,
        };
        Ok(Route { signal, to, mode, every: self.every(raw, signal)?, shape: self.shape(raw)? })
    }

    fn every(&self, raw: &RawRoute, signal: &Signal) -> Result<usize> {
        let Some(value) = &raw.every else {
            return Ok(1);
        };
        if !signal.counts() {
            let error = Error::usage(format!("'{}' can't be counted", signal.name));
            return Err(self.at(value.span(), error.hint("every belongs to beat, bar and downbeat signals")));
        }
        match value.get_ref() {
            Value::Integer(_) => Ok(self.number("every", value, 1.0..=1000.0)? as usize),
            _ => Err(self.wrong_type("every", value, "a whole number from 1 to 1000")),
        }
    }

    fn shape(&self, raw: &RawRoute) -> Result<Shape> {
        let plain = Shape::default();
        let number = |key, field: &Field, range, or: f32| match field {
            None => Ok(or),
            Some(v) => self.number(key, v, range).map(|x| x as f32),
        };
        let length = |key, field: &Field| field.as_ref().map(|v| self.short(key, v)).transpose();
        let shape = Shape {
            gate: number("gate", &raw.gate, 0.0..=1.0, plain.gate)?,
            attack: length("attack", &raw.attack)?.unwrap_or(plain.attack),
            hold: length("hold", &raw.hold)?.unwrap_or(plain.hold),
            release: length("release", &raw.release)?.unwrap_or(plain.release),
            look_ahead: length("look_ahead", &raw.look_ahead)?,
            curve: raw.curve.as_ref().map_or(Ok(plain.curve), |v| self.curve(v))?,
            amount: number("amount", &raw.amount, AMOUNT, plain.amount)?,
            offset: number("offset", &raw.offset, AMOUNT, plain.offset)?,
            floor: number("floor", &raw.floor, AMOUNT, plain.floor)?,
            ceiling: number("ceiling", &raw.ceiling, AMOUNT, plain.ceiling)?,
        };
        match &raw.ceiling {
            Some(v) if shape.ceiling < shape.floor => {
                let error = Error::usage("the ceiling lies below the floor");
                Err(self.at(v.span(), error.hint(format!("ceiling must be at least {}", shape.floor))))
            }
            _ => Ok(shape),
        }
    }

    /// A length that a shape can have.
    fn short(&self, key: &str, value: &Spanned<Value>) -> Result<Length> {
        let length = self.length(key, value)?;
        match length {
            Length::Seconds(n) if n <= 60.0 => Ok(length),
            Length::Beats(n) if n <= 64.0 => Ok(length),
            Length::Bars(n) if n <= 16.0 => Ok(length),
            _ => {
                let error = Error::usage(format!("{key} is too long"));
                Err(self.at(value.span(), error.hint("at most 60 seconds, 64 beats or 16 bars")))
            }
        }
    }

    fn curve(&self, value: &Spanned<Value>) -> Result<Curve> {
        let named = [
            ("linear", Curve::Power(1.0)),
            ("square", Curve::Power(2.0)),
            ("cube", Curve::Power(3.0)),
            ("root", Curve::Power(0.5)),
            ("smooth", Curve::Smooth),
        ];
        match value.get_ref() {
            Value::String(_) => self.one_of("curve", value, &named),
            _ => Ok(Curve::Power(self.number("curve", value, 0.1..=10.0)? as f32)),
        }
    }

    /// A word out of a list.
    fn one_of<T: Copy>(&self, key: &str, value: &Spanned<Value>, words: &[(&str, T)]) -> Result<T> {
        let word = self.text(key, value, MAX_LINE)?;
        if let Some((_, found)) = words.iter().find(|(w, _)| *w == word) {
            return Ok(*found);
        }
        let names: Vec<&str> = words.iter().map(|(w, _)| *w).collect();
        let error = Error::usage(format!("{key} can't be '{word}'"));
        let hint = match nearest(word, names.iter().copied()) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("{key} is one of {}", names.join(", ")),
        };
        Err(self.at(value.span(), error.hint(hint)))
    }

    /// A `[[prompt]]`.
    fn prompt(&self, raw: &Spanned<RawPrompt>, negative: &str) -> Result<Prompt> {
        let (table, raw) = (raw.span(), raw.get_ref());
        let text = self.text("text", self.need("text", &table, &raw.text)?, MAX_TEXT)?.to_owned();
        let negative = match &raw.negative {
            None => negative.to_owned(),
            Some(v) => self.text("negative", v, MAX_TEXT)?.to_owned(),
        };
        let place = match (&raw.section, &raw.from) {
            (None, None) => Place::Everywhere,
            (Some(label), None) => Place::Section(self.text("section", label, MAX_LINE)?.to_owned()),
            (None, Some(from)) => Place::From(self.length("from", from)?),
            (Some(_), Some(from)) => {
                let error = Error::usage("a prompt has either a section or a from");
                return Err(self.at(from.span(), error.hint("make two [[prompt]] tables of it")));
            }
        };
        Ok(Prompt { text, negative, place })
    }

    /// The `[cuts]`.
    fn cuts(&self, raw: &RawCuts) -> Result<Cuts> {
        let mut cuts = Cuts::default();
        if let Some(min) = &raw.min {
            cuts.min = self.length("min", min)?;
        }
        if let Some(on) = &raw.on {
            let word = self.text("on", on, MAX_LINE)?;
            let bars = word.strip_prefix("bars:").and_then(|n| n.trim().parse().ok());
            cuts.on = match bars {
                Some(n @ 1..=1000) => CutOn::Bars(n),
                Some(_) => {
                    let error = Error::usage(format!("cuts can't be on '{word}'"));
                    return Err(self.at(on.span(), error.hint("from bars:1 to bars:1000")));
                }
                None => {
                    let known =
                        [("never", CutOn::Never), ("section", CutOn::Section), ("bars:8", CutOn::Bars(8))];
                    self.one_of("on", on, &known)?
                }
            };
        }
        Ok(cuts)
    }
}
