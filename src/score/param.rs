//! Parameters: what a preset, a route or `--set` can turn.
//!
//! A parameter is a row of the [`TABLE`](super::PARAMS), which every job has, or a slot ([`super::Slots`]), which a job has under a name of its
//! own. Checks, help text and the README's table all come from these; a new parameter is one new row in `param_table.rs`
//! and one place in the renderer that reads its curve.

use crate::error::{Error, Result};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The largest factor of a setting that multiplies.
const MOST_TIMES: f32 = 10.0;

/// How often a parameter may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// Every frame has its own value.
    Frame,
    /// A window has one value: that of its first frame.
    Window,
    /// One value holds for the whole job; routes can't reach it.
    Job,
}

/// Who reads a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The denoiser: changing it makes other pictures.
    Generate,
    /// The effects on finished pictures; at its default such a parameter changes nothing.
    Finish,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number within the range.
    Number,
    /// `on` (1) or `off` (0).
    Switch,
}

/// What can be turned, and how far.
#[derive(Debug)]
pub struct Param {
    /// Index of its row in the table; none: it is a slot.
    pub(super) row: Option<usize>,
    /// What it is called in presets, in `--set` and in a timeline's curves.
    pub name: Cow<'static, str>,
    /// Unit of the value; empty for a plain factor.
    pub unit: &'static str,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// The value where nobody says otherwise.
    pub default: f64,
    /// What turning it up does.
    pub effect: &'static str,
    /// How often it may change.
    pub rate: Rate,
    /// Who reads it.
    pub group: Group,
    /// How a value is written.
    pub kind: Kind,
}

impl Param {
    /// What may be written, in a sentence.
    pub fn advice(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        match self.kind {
            Kind::Switch => format!("{} is on or off", self.name),
            Kind::Number => {
                format!(
                    "{} goes from {} to {}{unit}, by default {}",
                    self.name, self.min, self.max, self.default
                )
            }
        }
    }

    /// `value` moved to the nearest end of the range if it lies outside; degrees go round instead.
    pub fn clamp(&self, value: f32) -> f32 {
        let value = if self.unit == "degrees" && value.abs() > 360.0 { value % 360.0 } else { value };
        value.clamp(self.min as f32, self.max as f32)
    }
}

impl AsRef<Param> for Param {
    fn as_ref(&self) -> &Param {
        self
    }
}

/// A parameter of a job, cheap to clone. Names are unique in a job, so two of one name are the same.
#[derive(Clone, Debug)]
pub enum ParamRef {
    /// A row of the table.
    Row(&'static Param),
    /// A slot.
    Slot(Arc<Param>),
}

impl ParamRef {
    /// This parameter set to `value`.
    ///
    /// # Errors
    /// Usage, with the range as a hint, for a value outside it or not a number.
    pub fn set(&self, value: f64) -> Result<Setting> {
        if !(self.min..=self.max).contains(&value) {
            return Err(Error::usage(format!("{} = {value} is out of range", self.name)).hint(self.advice()));
        }
        Ok(Setting { param: self.clone(), value: value as f32, times: false })
    }

    /// This parameter set to what `text` says: a number, or `on` or `off` for a switch; `x1.5`: half as much again as it would have been.
    ///
    /// # Errors
    /// Usage, with what may be written as a hint.
    pub fn read(&self, text: &str) -> Result<Setting> {
        let value = match (self.kind, text) {
            (Kind::Switch, "on" | "true") => Some(1.0),
            (Kind::Switch, "off" | "false") => Some(0.0),
            (Kind::Switch, _) => None,
            (Kind::Number, text) => text.parse().ok(),
        };
        let bad = || {
            let error = Error::usage(format!("{} can't be '{text}'", self.name));
            let is_number = |text: &str| text.parse::<f64>().is_ok();
            match text.split_once(',') {
                Some((_, rest)) if rest.contains('=') => {
                    error.hint("--set takes one value, and is repeated: --set zoom=1.1 --set shake=0")
                }
                Some(_) if is_number(&text.replace(',', ".")) => {
                    error.hint(format!("write {}, with a point", text.replace(',', ".")))
                }
                _ => match text.strip_suffix(['x', 'X']).filter(|number| is_number(number)) {
                    Some(number) => error
                        .hint(format!("did you mean x{number}, to multiply what the preset makes of it?")),
                    None => error.hint(self.advice()),
                },
            }
        };
        if let (Kind::Number, Some(factor)) = (self.kind, text.strip_prefix('x')) {
            let factor = factor.parse().ok().filter(|factor| (0.0..=MOST_TIMES).contains(factor));
            let value =
                factor.ok_or_else(|| bad().hint("behind an x stands a factor from 0 to 10, like x1.5"))?;
            return Ok(Setting { param: self.clone(), value, times: true });
        }
        self.set(value.ok_or_else(bad)?)
    }
}

impl Deref for ParamRef {
    type Target = Param;

    fn deref(&self) -> &Param {
        match self {
            ParamRef::Row(param) => param,
            ParamRef::Slot(param) => param,
        }
    }
}

impl AsRef<Param> for ParamRef {
    fn as_ref(&self) -> &Param {
        self
    }
}

impl From<&'static Param> for ParamRef {
    fn from(param: &'static Param) -> Self {
        ParamRef::Row(param)
    }
}

impl PartialEq for ParamRef {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ParamRef {}

impl PartialOrd for ParamRef {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ParamRef {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name.cmp(&other.name)
    }
}

/// A parameter and a value inside its range, or a factor.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Which parameter.
    pub param: ParamRef,
    /// Its value, or by how much it is multiplied.
    pub value: f32,
    /// Whether what it would have been is multiplied, and not replaced.
    pub times: bool,
}

impl fmt::Display for Setting {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = if self.times { "x" } else { "" };
        write!(f, "{}={times}{}", self.param.name, self.value)
    }
}
