//! Deforum's schedules: `0:(1.0), 30:(1+0.1*sin(t/5))`.
//!
//! As Deforum plays them: between numbers values go straight; a formula is computed anew in every frame until the next
//! keyframe; what comes before the first and after the last value is held. A number is digits with at most one point
//! and a sign; anything else, 1e3 too, is a formula.

use super::curves::Curves;
use super::formula::{Formula, Names};
use super::imported::{Imported, prompts_of};
use super::limits::bounded;
use crate::error::{Error, Result};
use crate::score::grid::Span;
use crate::units::FrameRate;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Most keyframes of a schedule.
const MAX_KEYS: usize = 2_000_000;
/// Longest text between two commas that is one schedule's entry, in bytes.
const MAX_ENTRY: usize = 4000;

/// A settings object: a schedule for every parameter, and what else Deforum wants to know.
pub fn write(curves: &Curves) -> Value {
    let mut map: Map<String, Value> =
        curves.params.iter().map(|p| (p.name.to_owned(), schedule(curves.values(p.name)).into())).collect();
    let strength: Vec<f32> = curves.values("denoise").iter().map(|d| 1.0 - d).collect();
    map.insert("strength_schedule".into(), schedule(&strength).into());
    map.insert("cfg_scale_schedule".into(), schedule(curves.values("guidance")).into());
    map.insert("max_frames".into(), curves.frames().into());
    map.insert("fps".into(), json!(curves.timeline.fps.per_second()));
    let prompt = |(frame, prompt, negative): (u64, &str, &str)| {
        let text = if negative.is_empty() { prompt.to_owned() } else { format!("{prompt} --neg {negative}") };
        (frame.to_string(), Value::from(text))
    };
    map.insert("prompts".into(), Value::Object(curves.prompts().into_iter().map(prompt).collect()));
    Value::Object(map)
}

/// A keyframe for every value, but none inside a run of equal ones.
fn schedule(values: &[f32]) -> String {
    let mut text = String::new();
    for (frame, value) in values.iter().enumerate() {
        let like = |other: Option<&f32>| other == Some(value);
        let inside = frame > 0 && like(values.get(frame - 1)) && like(values.get(frame + 1));
        if !inside {
            // Rust writes no exponents, which Deforum would take for formulas.
            let _ = write!(text, "{}{frame}:({value})", if frame > 0 { ", " } else { "" });
        }
    }
    text
}

/// A settings file: every field that is a schedule.
pub fn read_settings(name: &str, map: &Map<String, Value>, frames: Option<u64>) -> Result<Imported> {
    let number = |key: &str| map.get(key).and_then(Value::as_f64);
    let seed = number("seed").unwrap_or(0.0);
    let fps = number("fps").map(|fps| fps.to_string().parse::<FrameRate>()).transpose()?;
    let said = number("max_frames").filter(|n| (1.0..=Span::MAX_FRAMES as f64).contains(n)).map(|n| n as u64);
    let lines = map.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?)));
    let lines = lines.filter(|(_, text)| looks_like_one(text));
    let mut imported = read(name, lines, frames.or(said), seed)?;
    imported.fps = fps;
    if let Some(prompts) = map.get("prompts").and_then(Value::as_object) {
        imported.prompts = prompts_of(prompts);
    }
    Ok(imported)
}

/// Text: a schedule alone, or one a line as `name = schedule`.
pub fn read_text(name: &str, text: &str, frames: Option<u64>) -> Result<Imported> {
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let named = lines.map(|line| {
        let line = line.trim_end_matches(',');
        match line.split_once('=').filter(|(key, _)| !key.contains([':', '('])) {
            Some((key, schedule)) => (key, schedule),
            // As in a settings file: "zoom": "0:(1)". A frame in quotes has its value in brackets.
            None => match line.strip_prefix('"').and_then(|l| l.split_once("\":")) {
                Some((key, rest)) if !rest.trim_start().starts_with('(') => (key, rest),
                _ => ("curve", line),
            },
        }
    });
    let plain = |t: &str| t.trim().trim_matches(['"', '\'']).to_owned();
    let lines: Vec<(String, String)> = named.map(|(key, text)| (plain(key), plain(text))).collect();
    read(name, lines.iter().map(|(key, text)| (key.clone(), text.as_str())), frames, 0.0)
}

/// Whether a field's text is meant as a schedule.
fn looks_like_one(text: &str) -> bool {
    let head = text.trim_start().trim_start_matches(['"', '\'']);
    let digits = head.find(|c: char| !c.is_ascii_digit()).unwrap_or(head.len());
    let behind = head[digits..].trim_start_matches(['"', '\'']).trim_start();
    digits > 0 && behind.strip_prefix(':').is_some_and(|rest| rest.trim_start().starts_with('('))
}

/// All schedules that can be read, over as many frames as the longest needs where nobody says.
fn read<'a>(
    name: &str,
    lines: impl Iterator<Item = (String, &'a str)>,
    frames: Option<u64>,
    seed: f64,
) -> Result<Imported> {
    let mut imported = Imported::default();
    let mut read = BTreeMap::new();
    for (key, text) in lines {
        match Schedule::parse(text, frames, seed) {
            Ok(schedule) => drop(read.insert(key, schedule)),
            Err(error) => {
                let hints = error.hints().iter().map(|h| format!(" ({h})")).collect::<String>();
                imported.left_out.push(format!("{key}: {error}{hints}"));
            }
        }
    }
    let last = read.values().filter_map(|s| s.keys.keys().next_back()).max().copied().unwrap_or(0);
    let frames = frames.unwrap_or(last + 1);
    bounded(name, read.len(), frames)?;
    for (key, schedule) in read {
        match schedule.play(frames, seed) {
            Ok(values) => drop(imported.curves.insert(key, values)),
            Err(error) => imported.left_out.push(format!("{key}: {error}")),
        }
    }
    Ok(imported)
}

/// The keyframes of a schedule.
struct Schedule {
    keys: BTreeMap<u64, Key>,
}

enum Key {
    Number(f64),
    Formula(Formula),
}

impl Schedule {
    fn parse(text: &str, frames: Option<u64>, seed: f64) -> Result<Self> {
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

    /// The value of every frame.
    fn play(&self, frames: u64, seed: f64) -> Result<Vec<f64>> {
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
fn frame_of(text: &str, max_f: f64, seed: f64) -> Result<u64> {
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
        return Err(bad().hint("say with --frames how many frames there are"));
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
fn is_number(text: &str) -> bool {
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
