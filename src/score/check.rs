//! The checks between a preset file and a [`super::Preset`]: names, types, ranges, one function per table.

use super::clock::Length;
use super::param::{Kind, Param, Rate, Setting};
use super::preset::{CutOn, Cuts, MAX_LINE, MAX_TEXT, Mode, Place, Prompt, Route};
use super::raw::{Field, RawCuts, RawPrompt, RawRoute, Source};
use super::shape::{Curve, Shape};
use super::signal::Signal;
use crate::error::{Error, Result, nearest};
use std::ops::RangeInclusive;
use toml::{Spanned, Value};

/// Amounts and limits of routes: wide enough for degrees.
const AMOUNT: RangeInclusive<f64> = -1000.0..=1000.0;

impl Source<'_> {
    /// Text that may be left out; then empty.
    pub fn optional_text(&self, key: &str, field: &Field, longest: usize) -> Result<String> {
        let text = field.as_ref().map(|v| self.text(key, v, longest)).transpose()?;
        Ok(text.unwrap_or_default().to_owned())
    }

    /// A line of `[base]`.
    pub fn base(&self, key: &Spanned<String>, value: &Spanned<Value>) -> Result<Setting> {
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
    pub fn route(&self, raw: &Spanned<RawRoute>) -> Result<Route> {
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
    pub fn prompt(&self, raw: &Spanned<RawPrompt>, negative: &str) -> Result<Prompt> {
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
    pub fn cuts(&self, raw: &RawCuts) -> Result<Cuts> {
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
