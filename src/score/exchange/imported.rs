//! Imported curves and prompts as a preset.
//!
//! Curves of one value a frame hold each value for its frame: at the frame rate of the import the preset plays exactly
//! those values. Curves with times of their own play at any.

use super::timed::ByName;
use crate::error::{Error, Result};
use crate::score::clock::Length;
use crate::score::expr::Expr;
use crate::score::param::{Param, Rate};
use crate::score::param_table::{ParamId, TABLE};
use crate::units::{FrameIndex, FrameRate};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What another program's file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// Frames a second that it counts in, if it says so.
    pub fps: Option<FrameRate>,
    /// One value a frame for every name.
    pub curves: BTreeMap<String, Vec<f64>>,
    /// Curves with times of their own.
    pub drawn: ByName,
    /// Prompts, each with the frame from which it holds, ascending.
    pub prompts: Vec<(FrameIndex, String)>,
    /// What could not be taken over, by name and place.
    pub left_out: Vec<String>,
    /// What else the person should know: that an encoding was guessed.
    pub notes: Vec<String>,
}

impl Imported {
    /// A preset that plays the curves, those that count in frames at `fps`. Those of a parameter's name drive it; so do
    /// Deforum's `strength` and `cfg_scale` schedules. The others are there to be named.
    ///
    /// # Errors
    /// Usage: there are curves that count in frames, and neither `fps` nor the file says how many a second.
    pub fn preset(&self, name: &str, fps: Option<FrameRate>) -> Result<String> {
        // What stands in a comment comes from a file: a line's end or a control character would break ours.
        let plain = |foreign: &str| foreign.replace(char::is_control, " ");
        let mut text = format!("# From {}.\n", plain(name));
        let fps = fps.or(self.fps);
        if let (Some(fps), false) = (fps, self.curves.is_empty()) {
            let _ = writeln!(text, "# Its {fps} frames a second are played one by one with --fps {fps}.");
        }
        for what in &self.left_out {
            let _ = writeln!(text, "# Left out: {}", plain(what));
        }
        let _ = writeln!(text, "\nabout = \"curves of another program\"");
        self.write_routes(&mut text);
        for (name, drawn) in &self.drawn {
            // To the microsecond.
            let points = drawn.points.iter().map(|(at, value)| ((at.0 * 1e6).round() / 1e6, *value));
            write_curve(&mut text, name, drawn.steps, points);
        }
        match fps {
            Some(fps) => {
                for (name, values) in &self.curves {
                    write_curve(&mut text, name, true, changes(values, fps));
                }
                self.write_prompts(&mut text, fps);
            }
            None if self.curves.is_empty() => text.push_str(NO_PROMPT),
            None => {
                let error = Error::usage(format!("{name} doesn't say how many frames a second it counts in"));
                return Err(error.hint("say it with --fps; Deforum's own default is 15"));
            }
        }
        Ok(text)
    }

    fn write_routes(&self, text: &mut String) {
        let driven: Vec<(String, &Param, String)> = self.driven();
        if let (true, Some(name)) = (driven.is_empty(), self.curves.keys().chain(self.drawn.keys()).next()) {
            let name = curve_name(name);
            let _ = writeln!(text, "\n# Nothing moves yet. A route names a curve as its signal:");
            let _ = writeln!(text, "# [[route]]\n# signal = \"{name}\"\n# to = \"exposure\"");
            return;
        }
        text.push_str("\n[base]\n");
        for (_, param, _) in &driven {
            let _ = writeln!(text, "{} = {:?}", param.name, param.default);
        }
        for (curve, param, value) in &driven {
            let mode = if param.default == 0.0 { "add" } else { "multiply" };
            let _ = writeln!(text, "\n[[route]]  # {curve}\nvalue = \"{value}\"");
            let _ = writeln!(text, "to = \"{}\"\nmode = \"{mode}\"", param.name);
        }
    }

    fn write_prompts(&self, text: &mut String, fps: FrameRate) {
        let placed = |(frame, prompt): &(FrameIndex, String)| Some((place(*frame, fps)?, prompt.clone()));
        let prompts: Vec<(f64, String)> = self.prompts.iter().filter_map(placed).collect();
        if prompts.len() < self.prompts.len() {
            let _ = writeln!(text, "\n# Left out: prompts past the end of the longest track.");
        }
        if prompts.is_empty() {
            text.push_str(NO_PROMPT);
        }
        for (at, prompt) in &prompts {
            // Deforum keeps what is to be avoided behind this word.
            let (wanted, avoided) = prompt.split_once("--neg").unwrap_or((prompt, ""));
            let shown = |t: &str| toml::Value::String(t.trim().chars().take(2000).collect()).to_string();
            let _ = writeln!(text, "\n[[prompt]]\ntext = {}", shown(wanted));
            if !avoided.trim().is_empty() {
                let _ = writeln!(text, "negative = {}", shown(avoided));
            }
            let _ = writeln!(text, "from = {at}");
        }
    }

    /// Which curve drives which parameter, and how.
    fn driven(&self) -> Vec<(String, &'static Param, String)> {
        let has = |name: &str| self.curves.contains_key(name) || self.drawn.contains_key(name);
        let mut all: Vec<(String, &'static Param, String)> = Vec::new();
        for param in TABLE.iter().filter(|p| p.rate != Rate::Job) {
            let is_denoise = param.is(ParamId::Denoise);
            let others: &[&str] = if param.is(ParamId::Guidance) {
                &["cfg_scale_schedule", "scale"]
            } else if is_denoise {
                &["strength_schedule", "strength"]
            } else {
                &[]
            };
            if has(&param.name) {
                all.push((param.name.to_string(), param, curve_name(&param.name)));
            } else if let Some(other) = others.iter().find(|o| has(o)) {
                let curve = curve_name(other);
                // Deforum's strength is how much of the picture stays.
                let value = if is_denoise { format!("1 - {curve}") } else { curve };
                all.push(((*other).to_owned(), param, value));
            }
        }
        all
    }
}

/// The prompts of a JSON object whose keys are frames.
pub fn prompts_of(map: &Map<String, Value>) -> Vec<(FrameIndex, String)> {
    let entry = |(frame, text): (&String, &Value)| {
        let text = text.as_str().map(str::trim).filter(|t| !t.is_empty())?;
        Some((frame.trim().parse().ok()?, text.to_owned()))
    };
    let mut list: Vec<(FrameIndex, String)> = map.iter().filter_map(entry).take(500).collect();
    list.sort();
    list
}

/// A prompt to begin with.
const NO_PROMPT: &str = "\n# What to show is yours to say.\n[[prompt]]\ntext = \"neon tunnel\"\n";

fn write_curve(text: &mut String, name: &str, steps: bool, points: impl Iterator<Item = (f64, f64)>) {
    let ease = if steps { "step" } else { "linear" };
    let _ = writeln!(text, "\n[[curve]]\nname = \"{}\"\nease = \"{ease}\"\npoints = [", curve_name(name));
    for (at, value) in points {
        let _ = writeln!(text, "  [{at}, {value:?}],");
    }
    text.push_str("]\n");
}

/// Seconds and values where one value a frame changes.
fn changes(values: &[f64], fps: FrameRate) -> impl Iterator<Item = (f64, f64)> {
    let mut last = None;
    values.iter().enumerate().filter(|(_, v)| v.is_finite()).filter_map(move |(frame, value)| {
        let at = place(frame as FrameIndex, fps).filter(|_| last != Some(*value));
        last = Some(*value);
        Some((at?, *value))
    })
}

/// Seconds at which a frame begins; none past the end of the longest track.
fn place(frame: FrameIndex, fps: FrameRate) -> Option<f64> {
    let at = fps.start_of(frame).0;
    Length::seconds(at).is_ok().then_some(at)
}

/// A name that a preset's curve can have: the file's own as far as it goes.
fn curve_name(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(150).collect();
    match plain.starts_with(|c: char| c.is_ascii_alphabetic()) && !Expr::is_taken(&plain) {
        true => plain,
        false => format!("c_{plain}"),
    }
}
