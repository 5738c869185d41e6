//! Deforum's schedules: `0:(1.0), 30:(1+0.1*sin(t/5))`.
//!
//! As Deforum plays them: between numbers values go straight; a formula is computed anew in every frame until the next
//! keyframe; what comes before the first and after the last value is held. A number is digits with at most one point
//! and a sign; anything else, 1e3 too, is a formula.

use super::express::expression;
use super::formula::{Formula, Names};
use super::points::Points;
use crate::error::{Error, Result};
use crate::score::grid::Span;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Most keyframes of a schedule.
const MAX_KEYS: usize = 2_000_000;
/// Longest text between two commas that is one schedule's entry, in bytes.
const MAX_ENTRY: usize = 4000;
/// Most keyframes with formulas that are written as one expression.
const MAX_EXPRESSED: usize = 6;

/// Points as a schedule.
pub fn written(points: &Points) -> String {
    let mut text = String::new();
    for (frame, value) in points {
        // Rust writes no exponents, which Deforum would take for formulas.
        let _ = write!(text, "{}{frame}:({value})", if text.is_empty() { "" } else { ", " });
    }
    text
}

/// The keyframes of a schedule.
pub struct Schedule {
    keys: BTreeMap<u64, Key>,
}

enum Key {
    Number(f64),
    Formula(Formula),
}

impl Schedule {
    /// Reads a schedule; `frames` is how many there are, for keyframes that are formulas of it.
    ///
    /// # Errors
    /// What is wrong, by frame and character.
    pub fn parse(text: &str, frames: Option<u64>, seed: f64) -> Result<Self> {
        let mut keys = BTreeMap::new();
        let max_f = frames.map_or(f64::NAN, |n| n as f64 - 1.0);
        for entry in entries(text) {
            let shown = || entry.chars().take(40).collect::<String>();
            if entry.len() > MAX_ENTRY || keys.len() >= MAX_KEYS {
                return Err(Error::input("this schedule is too long"));
            }
            let (frame, value) = entry.split_once(':').ok_or_else(|| {
                Error::input(format!("'{}' has no frame", shown())).hint("write frame:(value)")
            })?;
            let frame = frame_of(frame, max_f, seed)?;
            let value = value.trim();
            let inner = value.strip_prefix('(').and_then(|v| v.strip_suffix(')')).unwrap_or(value).trim();
            keys.insert(frame, key(inner, frame)?);
        }
        if keys.is_empty() {
            return Err(Error::input("this schedule is empty"));
        }
        Ok(Schedule { keys })
    }

    /// The last keyframe.
    pub fn last(&self) -> u64 {
        self.keys.keys().next_back().copied().unwrap_or(0)
    }

    /// Whether all keyframes are numbers.
    pub fn is_numbers(&self) -> bool {
        self.keys.values().all(|key| matches!(key, Key::Number(_)))
    }

    /// The keyframes, if all of them are numbers.
    pub fn points(&self) -> Option<Points> {
        let number = |(frame, key): (&u64, &Key)| match key {
            Key::Number(number) => Some((*frame, *number)),
            Key::Formula(_) => None,
        };
        self.keys.iter().map(number).collect()
    }

    /// One expression for all frames over `frame`, the expression of a frame's number; none for keyframes that are
    /// numbers, and where beatbolt has no word for a part of a formula.
    pub fn expression(&self, frame: &str, names: Names) -> Option<String> {
        if self.is_numbers() || self.keys.len() > MAX_EXPRESSED {
            return None;
        }
        let formula = |key: &Key| match key {
            Key::Formula(formula) => expression(formula, frame, names),
            Key::Number(_) => None,
        };
        let mut keys = self.keys.iter().rev();
        let mut text = formula(keys.next()?.1)?;
        let mut until = self.last();
        for (start, key) in keys {
            text = format!("if({frame} < {until}, {}, {text})", formula(key)?);
            until = *start;
        }
        Some(text)
    }

    /// The value of every frame.
    ///
    /// # Errors
    /// A formula has no value in a frame, or no keyframe lies inside the frames.
    pub fn play(&self, frames: u64, seed: f64) -> Result<Vec<f64>> {
        let mut values = vec![f64::NAN; frames as usize];
        let mut formula = None;
        for (frame, value) in (0..frames).zip(&mut values) {
            match self.keys.get(&frame) {
                Some(Key::Number(number)) => (formula, *value) = (None, *number),
                Some(Key::Formula(new)) => formula = Some(new),
                None => {}
            }
            if let Some(formula) = formula {
                *value = formula.value(Names { t: frame as f64, max_f: frames as f64 - 1.0, s: seed });
                if !value.is_finite() {
                    return Err(Error::input(format!("there is no value in frame {frame}")));
                }
            }
        }
        fill(&mut values).then_some(values).ok_or_else(|| Error::input("no keyframe lies inside the frames"))
    }
}

/// The entries of a schedule: split at commas outside of brackets.
fn entries(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    let parts = text.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth <= 0
    });
    parts.map(str::trim).filter(|e| !e.is_empty())
}

/// A keyframe's frame: a number, or a formula in quotes as in `"max_f/2":(1)`.
pub fn frame_of(text: &str, max_f: f64, seed: f64) -> Result<u64> {
    let text = text.trim().trim_matches(['"', '\'']);
    let bad = || Error::input(format!("'{}' is not a frame", text.chars().take(40).collect::<String>()));
    let frame = match text.parse::<u64>() {
        Ok(frame) => frame as f64,
        Err(_) => {
            let formula = Formula::parse(text).map_err(|w| bad().because(w.error))?;
            formula.value(Names { t: 0.0, max_f, s: seed })
        }
    };
    if !frame.is_finite() && text.contains("max_f") {
        return Err(bad().hint("give the number of frames with --frames"));
    }
    if !(0.0..Span::MAX_FRAMES as f64).contains(&frame) {
        return Err(bad().hint(format!("frames go from 0 to {}", Span::MAX_FRAMES - 1)));
    }
    Ok(frame as u64)
}

fn key(text: &str, frame: u64) -> Result<Key> {
    if let (true, Ok(number)) = (is_number(text), text.parse()) {
        return Ok(Key::Number(number));
    }
    Formula::parse(text).map(Key::Formula).map_err(|wrong| {
        let place = text[..wrong.at.min(text.len())].chars().count() + 1;
        let error = Error::input(format!("frame {frame}, character {place}: {}", wrong.error));
        wrong.error.hints().iter().fold(error, |e, hint| e.hint(hint.clone()))
    })
}

/// Digits with at most one point and a sign.
pub fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
}

/// Fills gaps straight, and both ends with the nearest value; says whether there was any.
pub fn fill(values: &mut [f64]) -> bool {
    let known: Vec<usize> = (0..values.len()).filter(|i| !values[*i].is_nan()).collect();
    let (Some(&first), Some(&last)) = (known.first(), known.last()) else { return false };
    let (start, end) = (values[first], values[last]);
    values[..first].fill(start);
    values[last..].fill(end);
    for gap in known.windows(2) {
        let (a, b) = (gap[0], gap[1]);
        for i in a + 1..b {
            values[i] = values[a] + (values[b] - values[a]) * (i - a) as f64 / (b - a) as f64;
        }
    }
    true
}
