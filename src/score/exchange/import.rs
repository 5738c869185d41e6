//! What another program's file says, as a preset.
//!
//! Curves of one value a frame hold each value for its frame: at the frame rate of the import the preset plays exactly
//! those values. Curves with times of their own play at any.

use super::timed;
use super::timed::ByName;
use super::{MAX_BYTES, MAX_CURVES, deforum, parseq};
use crate::error::{Error, Result};
use crate::score::check::{AMOUNT, MAX_POINTS};
use crate::score::clock::Length;
use crate::score::emphasis::Emphasis;
use crate::score::expr::Expr;
use crate::score::grid::Span;
use crate::score::param::{Param, ParamId, Rate, TABLE};
use crate::score::words;
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
}

impl Imported {
    /// Reads the file called `name`: a Parseq document, a Deforum settings file, text with schedules, a MIDI file, lyrics,
    /// or a table. Without `frames`, there are as many as the file says.
    ///
    /// # Errors
    /// Input: it is none of these, too large, or holds nothing that can be taken over.
    pub fn read(name: &str, bytes: &[u8], frames: Option<u64>) -> Result<Self> {
        if bytes.len() > MAX_BYTES {
            return Err(
                Error::input(format!("{name} is too large")).hint(format!("at most {} MB", MAX_BYTES >> 20))
            );
        }
        if frames.is_some_and(|n| n == 0 || n > Span::MAX_FRAMES) {
            return Err(Error::usage("this number of frames can't be played")
                .hint(format!("from 1 to {}", Span::MAX_FRAMES)));
        }
        let mut imported = match timed::read(name, bytes) {
            Some(drawn) => Imported { drawn: drawn?, ..Imported::default() },
            None => Self::of_frames(name, bytes, frames)?,
        };
        imported.leave_out_what_no_preset_holds();
        if imported.curves.is_empty() && imported.drawn.is_empty() {
            let error = Error::input(format!("{name} holds no curve that can be taken over"));
            let error = imported.left_out.iter().take(5).fold(error, |e, what| e.hint(what.clone()));
            let error = error.hint("a schedule looks like 0:(1.0), 30:(1.05)");
            return Err(error.hint("a table names its columns in its first line; one of them is seconds"));
        }
        if imported.curves.len() + imported.drawn.len() > MAX_CURVES {
            let error = Error::input(format!("{name} holds more than {MAX_CURVES} curves"));
            return Err(error.hint("a preset has no room for them; take some out"));
        }
        Ok(imported)
    }

    /// A file that counts in frames.
    fn of_frames(name: &str, bytes: &[u8], frames: Option<u64>) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let error = Error::input(format!("{name} is neither text nor a MIDI file")).because(e);
            error.hint("name a Deforum or Parseq file, lyrics (LRC, SRT), a table (CSV) or a MIDI file")
        })?;
        if !text.trim_start().starts_with('{') {
            return deforum::read_text(name, text, frames);
        }
        let map: Map<String, Value> = serde_json::from_str(text)
            .map_err(|e| Error::input(format!("{name} is not JSON")).because(e).hint("export it again"))?;
        match map.contains_key("rendered_frames") || map.contains_key("keyframes") {
            true => parseq::read(name, &map, frames),
            false => deforum::read_settings(name, &map, frames),
        }
    }

    /// Seeds and distances to a horizon are in schedules, too: they are no curves that a picture could follow.
    fn leave_out_what_no_preset_holds(&mut self) {
        let left_out = &mut self.left_out;
        let mut fits = |name: &str, changes: usize, values: &mut dyn Iterator<Item = f64>| {
            let mut finite = values.filter(|v| v.is_finite()).peekable();
            let why = match (finite.peek().is_some(), finite.find(|v| !AMOUNT.contains(v))) {
                (_, Some(far)) => format!("{far} is beyond ±{}", AMOUNT.end()),
                (false, None) => "none of its values is a number".to_owned(),
                (true, None) if changes > MAX_POINTS => format!("it changes more than {MAX_POINTS} times"),
                (true, None) => return true,
            };
            left_out.push(format!("{name}: {why}"));
            false
        };
        self.curves.retain(|name, values| {
            let changes = 1 + values.windows(2).filter(|pair| pair[0] != pair[1]).count();
            fits(name, changes, &mut values.iter().copied())
        });
        self.drawn.retain(|name, drawn| {
            drawn.points.retain(|(time, _)| Length::seconds(time.0).is_ok());
            fits(name, drawn.points.len(), &mut drawn.points.iter().map(|(_, v)| *v))
        });
        self.prompts.retain(|(frame, prompt)| {
            let why = match (words::braced(prompt).next(), Emphasis::parse(prompt)) {
                (Some((_, word)), _) => format!("{{{word}}} would stand for other words here"),
                (None, Err(error)) => error.to_string(),
                (None, Ok(_)) => return true,
            };
            left_out.push(format!("the prompt of frame {frame}: {why}"));
            false
        });
    }

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
