//! The checks between a preset file and a [`super::Preset`]: names, types, ranges, one function per table.

use super::clock::Length;
use super::emphasis::Emphasis;
use super::expr::Expr;
use super::keyframe::Keyframes;
use super::param::{Kind, Rate, Setting};
use super::preset::{CutOn, Cuts, MAX_LINE, MAX_TEXT, Mode, Place, Prompt, Route};
use super::raw::{Field, RawCurve, RawCuts, RawPrompt, RawRoute, RawWords, Source, number};
use super::shape::{Curve, Shape};
use super::signal::Signal;
use super::slot::Slots;
use super::timeline::Blend;
use super::words;
use super::words::Words;
use crate::error::{Error, Result, nearest};
use crate::units::{FrameIndex, FrameRate};
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use toml::{Spanned, Value};

/// Amounts and limits of routes, and values of curves: wide enough for degrees.
pub(super) const AMOUNT: RangeInclusive<f64> = -1000.0..=1000.0;
/// Most words of a list.
const MAX_ENTRIES: usize = 1000;
/// Most points of a curve: an hour of frames, one by one.
pub(super) const MAX_POINTS: usize = 100_000;
/// How strength is bent, by name.
const CURVES: [(&str, Curve); 5] = [
    ("linear", Curve::Power(1.0)),
    ("square", Curve::Power(2.0)),
    ("cube", Curve::Power(3.0)),
    ("root", Curve::Power(0.5)),
    ("smooth", Curve::Smooth),
];

impl Source<'_> {
    /// Text that may be left out; then empty.
    pub fn optional_text(&self, key: &str, field: &Field, longest: usize) -> Result<String> {
        let text = field.as_ref().map(|v| self.text(key, v, longest)).transpose()?;
        Ok(text.unwrap_or_default().to_owned())
    }

    /// The name of what frames start from.
    pub fn source(&self, key: &str, field: &Field) -> Result<Option<String>> {
        field.as_ref().map(|v| self.text(key, v, MAX_LINE).map(String::from)).transpose()
    }

    /// A line of `[base]`.
    pub fn base(&self, key: &Spanned<String>, value: &Spanned<Value>, slots: &Slots) -> Result<Setting> {
        let param = slots.find(key.get_ref()).map_err(|e| self.at(key.span(), e))?;
        let setting = match (param.kind, value.get_ref()) {
            (Kind::Number, Value::Float(x)) => param.set(*x),
            (Kind::Number, Value::Integer(i)) => param.set(*i as f64),
            (Kind::Switch, Value::Boolean(on)) => param.set(f64::from(u8::from(*on))),
            (Kind::Switch, Value::String(text)) => param.read(text),
            (Kind::Number, _) => return Err(self.wrong_type(&param.name, value, "a number")),
            (Kind::Switch, _) => return Err(self.wrong_type(&param.name, value, "\"on\" or \"off\"")),
        };
        setting.map_err(|e| self.at(value.span(), e))
    }

    /// A `[[route]]`.
    pub fn route(&self, raw: &Spanned<RawRoute>, curves: &[Keyframes], slots: &Slots) -> Result<Route> {
        let (table, raw) = (raw.span(), raw.get_ref());
        let input = self.input(&table, raw, curves)?;
        let name = self.need("to", &table, &raw.to)?;
        let to = slots.find(self.text("to", name, MAX_LINE)?).map_err(|e| self.at(name.span(), e))?;
        if to.rate == Rate::Job {
            let error = Error::usage(format!("{} holds for the whole video, no route can move it", to.name));
            return Err(self.at(name.span(), error.hint("set it under [base]")));
        }
        let mode = match &raw.mode {
            None => Mode::Add,
            Some(v) => self.one_of("mode", v, &[("add", Mode::Add), ("multiply", Mode::Multiply)])?,
        };
        Ok(Route { input, to, mode, shape: self.shape(raw)? })
    }

    /// Whether a route is left out.
    pub fn bypassed(&self, raw: &Spanned<RawRoute>) -> Result<bool> {
        self.truth("bypass", &raw.get_ref().bypass)
    }

    fn truth(&self, key: &str, field: &Field) -> Result<bool> {
        match field.as_ref().map(|v| (v, v.get_ref())) {
            None => Ok(false),
            Some((_, Value::Boolean(on))) => Ok(*on),
            Some((v, _)) => Err(self.wrong_type(key, v, "true or false")),
        }
    }

    /// What a route listens to.
    fn input(&self, table: &Range<usize>, raw: &RawRoute, curves: &[Keyframes]) -> Result<Expr> {
        if let Some(value) = &raw.value {
            let two = [(&raw.signal, "signal"), (&raw.every, "every")];
            if let Some((Some(other), key)) = two.into_iter().find(|(field, _)| field.is_some()) {
                let error = Error::usage(format!("a route with a value has no {key}"));
                let hint = "name the signal in the value; every second bar is saw(2 bars)";
                return Err(self.at(other.span(), error.hint(hint)));
            }
            let text = self.text("value", value, MAX_TEXT)?;
            return Expr::parse(text, curves)
                .map_err(|wrong| self.at(self.span_in(value, text, wrong.at), wrong.error));
        }
        let name = self.need("signal", table, &raw.signal)?;
        let text = self.text("signal", name, MAX_LINE)?;
        if let Some(curve) = curves.iter().find(|c| c.name == text) {
            return match &raw.every {
                None => Ok(Expr::curve(curve)),
                Some(every) => Err(self.at(every.span(), Error::usage("a curve can't be counted"))),
            };
        }
        let signal = Signal::find(text).map_err(|e| self.at(name.span(), e))?;
        Ok(Expr::signal(signal, self.every(raw, signal)?))
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
            quantiles: raw.quantiles.as_ref().map(|v| self.quantiles(v)).transpose()?,
            gate: number("gate", &raw.gate, 0.0..=1.0, plain.gate)?,
            attack: length("attack", &raw.attack)?.unwrap_or(plain.attack),
            hold: length("hold", &raw.hold)?.unwrap_or(plain.hold),
            release: length("release", &raw.release)?.unwrap_or(plain.release),
            look_ahead: length("look_ahead", &raw.look_ahead)?,
            curve: raw.curve.as_ref().map_or(Ok(plain.curve), |v| self.curve(v))?,
            quantize: raw.quantize.as_ref().map(|v| self.grid("quantize", v)).transpose()?,
            accumulate: self.truth("accumulate", &raw.accumulate)?,
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

    /// Two shares of the track.
    fn quantiles(&self, value: &Spanned<Value>) -> Result<(f32, f32)> {
        let pair = match value.get_ref().as_array().map(Vec::as_slice) {
            Some([low, high]) => number(low).zip(number(high)),
            _ => None,
        };
        match pair {
            Some((low, high)) if 0.0 <= low && low < high && high <= 1.0 => Ok((low as f32, high as f32)),
            _ => {
                let error = Error::usage("quantiles are two shares of the track");
                Err(self.at(value.span(), error.hint("like [0.1, 0.9]: from 0 to 1, the smaller one first")))
            }
        }
    }

    /// A length that repeats.
    fn grid(&self, key: &str, value: &Spanned<Value>) -> Result<Length> {
        let length = self.length(key, value)?;
        if length.amount() < 0.1 {
            let error = Error::usage(format!("{key} is too short")).hint("at least 0.1 of its unit");
            return Err(self.at(value.span(), error));
        }
        Ok(length)
    }

    /// A length that a shape can have.
    pub fn short(&self, key: &str, value: &Spanned<Value>) -> Result<Length> {
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
        match value.get_ref() {
            Value::String(_) => self.one_of("curve", value, &CURVES),
            _ => Ok(Curve::Power(self.number("curve", value, 0.1..=10.0)? as f32)),
        }
    }

    /// A word out of a list.
    pub fn one_of<T: Copy>(&self, key: &str, value: &Spanned<Value>, words: &[(&str, T)]) -> Result<T> {
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

    /// A `[[curve]]`.
    pub fn drawn(&self, raw: &Spanned<RawCurve>) -> Result<Keyframes> {
        let (table, raw) = (raw.span(), raw.get_ref());
        let field = self.need("name", &table, &raw.name)?;
        let name = self.text("name", field, MAX_LINE)?.to_owned();
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name || Expr::is_taken(&name) {
            let error = Error::usage(format!("a curve can't be called '{name}'"));
            let hint = "letters, digits and _, and no signal's or function's name";
            return Err(self.at(field.span(), error.hint(hint)));
        }
        let ease = match &raw.ease {
            None => Some(Curve::Power(1.0)),
            Some(v) => {
                let step = [("step", None)];
                let words = CURVES.iter().map(|(word, curve)| (*word, Some(*curve))).chain(step);
                self.one_of("ease", v, &words.collect::<Vec<_>>())?
            }
        };
        let frames = self.frames(&raw.fps)?;
        let field = self.need("points", &table, &raw.points)?;
        let wrong = || {
            let error = Error::usage("points are pairs of a place and a value");
            let hint = match frames {
                None => "like [[\"0 bars\", 0], [\"8 bars\", 1]], 1 to 100000 of them",
                Some(_) => "with fps, places are frames: [[0, 1], [30, 1.5]], 1 to 100000 of them",
            };
            self.at(field.span(), error.hint(hint))
        };
        let points = match field.get_ref() {
            Value::Array(list) if (1..=MAX_POINTS).contains(&list.len()) => {
                list.iter().map(|p| point(p, frames).ok_or_else(wrong)).collect::<Result<_>>()?
            }
            _ => return Err(wrong()),
        };
        Ok(Keyframes { name, points, ease, frames })
    }

    /// The frame rate that a curve's places count in.
    fn frames(&self, field: &Field) -> Result<Option<FrameRate>> {
        let Some(value) = field else { return Ok(None) };
        let text = match value.get_ref() {
            Value::String(text) => text.clone(),
            other => number(other).map_or_else(String::new, |x| x.to_string()),
        };
        text.parse().map(Some).map_err(|error| self.at(value.span(), error))
    }

    /// A `[words.NAME]`.
    pub fn words(&self, key: &Spanned<String>, raw: &Spanned<RawWords>) -> Result<(String, Words)> {
        let (table, raw) = (raw.span(), raw.get_ref());
        let name = key.get_ref();
        if name == "section" || words::braced(&format!("{{{name}}}")).next().is_none() {
            let error = Error::usage(format!("words can't be called '{name}'"));
            return Err(self.at(key.span(), error.hint("letters, digits and _; {section} already exists")));
        }
        let words = if raw.section.is_empty() {
            let every = self.grid("every", self.need("every", &table, &raw.every)?)?;
            let field = self.need("list", &table, &raw.list)?;
            let list: Option<Vec<String>> = match field.get_ref() {
                Value::Array(list) if (1..=MAX_ENTRIES).contains(&list.len()) => {
                    list.iter().map(|v| v.as_str().map(str::to_owned)).collect()
                }
                _ => None,
            };
            let long = |list: &Vec<String>| list.iter().any(|w| w.chars().count() > MAX_LINE);
            let Some(list) = list.filter(|l| !long(l)) else {
                let error = Error::usage("a list of words is needed");
                return Err(self.at(field.span(), error.hint("like [\"neon\", \"gold\"]")));
            };
            Words::InTurn(every, list)
        } else {
            let other = self.need("other", &table, &raw.other)?;
            let by = raw.section.iter();
            let by = by.map(|(label, v)| Ok((label.clone(), self.text(label, v, MAX_LINE)?.to_owned())));
            let by = by.collect::<Result<BTreeMap<_, _>>>()?;
            Words::BySection(by, self.text("other", other, MAX_LINE)?.to_owned())
        };
        Ok((name.clone(), words))
    }

    /// Whether words in braces in `text`, which `value` holds, stand for something and weights are in range.
    pub fn braces(&self, value: &Spanned<Value>, text: &str, words: &BTreeMap<String, Words>) -> Result<()> {
        words::check(text, words).map_err(|(at, error)| self.at(self.span_in(value, text, at), error))?;
        Emphasis::parse(text).map(drop).map_err(|error| self.at(value.span(), error))
    }

    /// How prompts are blended.
    pub fn blend(&self, field: &Field) -> Result<Blend> {
        let words = [("slerp", Blend::Slerp), ("lerp", Blend::Lerp)];
        field.as_ref().map_or(Ok(Blend::default()), |v| self.one_of("blend", v, &words))
    }

    /// A `[[prompt]]`.
    pub fn prompt(
        &self,
        raw: &Spanned<RawPrompt>,
        negative: &str,
        words: &BTreeMap<String, Words>,
    ) -> Result<Prompt> {
        let (table, raw) = (raw.span(), raw.get_ref());
        let field = self.need("text", &table, &raw.text)?;
        let text = self.text("text", field, MAX_TEXT)?.to_owned();
        self.braces(field, &text, words)?;
        let negative = match &raw.negative {
            None => negative.to_owned(),
            Some(v) => {
                let negative = self.text("negative", v, MAX_TEXT)?;
                self.braces(v, negative, words)?;
                negative.to_owned()
            }
        };
        let ease = raw.ease.as_ref().map_or(Ok(Length::Seconds(0.0)), |v| self.short("ease", v))?;
        let place = self.place([&raw.section, &raw.from, &raw.to])?;
        Ok(Prompt { text, negative, place, ease })
    }

    /// Where something holds, as its fields `section`, `from` and `to` say.
    pub fn place(&self, [section, from, to]: [&Field; 3]) -> Result<Place> {
        match (section, from, to) {
            (None, None, None) => Ok(Place::Everywhere),
            (Some(label), None, None) => {
                Ok(Place::Section(self.text("section", label, MAX_LINE)?.to_owned()))
            }
            (None, Some(from), None) => Ok(Place::From(self.length("from", from)?)),
            (None, from, Some(to)) => {
                let start = from.as_ref().map_or(Ok(Length::Seconds(0.0)), |v| self.length("from", v))?;
                let end = self.length("to", to)?;
                if std::mem::discriminant(&start) == std::mem::discriminant(&end)
                    && end.amount() <= start.amount()
                {
                    let error = Error::usage("'to' does not come after 'from'");
                    return Err(self.at(to.span(), error.hint("both count from the start of the track")));
                }
                Ok(Place::Between(start, end))
            }
            (Some(_), Some(other), _) | (Some(_), None, Some(other)) => {
                let error = Error::usage("this has either a section or a from");
                Err(self.at(other.span(), error.hint("make two tables of it")))
            }
        }
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

/// A place and a value out of a pair; places may count frames.
fn point(pair: &Value, frames: Option<FrameRate>) -> Option<(Length, f64)> {
    let [place, value] = pair.as_array()?.as_slice() else {
        return None;
    };
    let place = match (frames, place.as_str()) {
        (Some(fps), _) => {
            let frame = number(place).filter(|n| n.fract() == 0.0 && (0.0..=1e9).contains(n))?;
            Length::seconds(fps.start_of(frame as FrameIndex).0).ok()?
        }
        (None, Some(text)) => text.parse().ok()?,
        (None, None) => Length::seconds(number(place)?).ok()?,
    };
    Some((place, number(value).filter(|v| AMOUNT.contains(v))?))
}
