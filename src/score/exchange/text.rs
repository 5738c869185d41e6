//! Imported curves and prompts as a preset's text.
//!
//! Curves of one value a frame are curves of frames: at the frame rate of the import the preset plays exactly what the other
//! program plays. Where the file has numbers or formulas, these are what is written; where it has every frame, as few points
//! as lie within a share of the curve's span. Curves with times of their own play at any rate.

use super::drives::{Drives, curve_name, drives};
use super::imported::{Frames, Imported};
use super::points::{Points, few, round, short};
use crate::error::{Error, Result};
use crate::score::Preset;
use crate::score::clock::Length;
use crate::units::{FrameIndex, FrameRate};
use std::fmt::Write;

/// How far points may lie from what the file has frame by frame, as a share of the curve's span.
const BESIDE: f64 = 1.0 / 2000.0;
/// Most names of curves that are left out in a note.
const NAMED: usize = 6;

impl Imported {
    /// A preset that plays the curves, those that count in frames at `fps`, and what there is to say of it. What has no
    /// counterpart is there to be named.
    ///
    /// # Errors
    /// Usage: there are curves that count in frames, and neither `fps` nor the file says how many a second.
    pub fn preset(&self, name: &str, fps: Option<FrameRate>) -> Result<(String, Vec<String>)> {
        let fps = fps.or(self.fps);
        let counts = !self.curves.is_empty() || !self.own.curves.is_empty() || !self.prompts.is_empty();
        if fps.is_none() && counts {
            let error = Error::usage(format!("{name} doesn't say its frame rate"));
            return Err(error.hint("give it with --fps; Deforum's default is 15"));
        }
        // A formula that is too long for an expression is a curve of points instead.
        let (text, notes) = self.written(name, fps, true);
        match Preset::parse(name, &text) {
            Ok(_) => Ok((text, notes)),
            Err(_) => Ok(self.written(name, fps, false)),
        }
    }

    fn written(&self, name: &str, fps: Option<FrameRate>, inline: bool) -> (String, Vec<String>) {
        let drives = drives(self, fps, inline);
        let mut notes: Vec<String> = self.left_out.iter().map(|what| format!("left out: {what}")).collect();
        notes.extend(self.notes.iter().cloned());
        notes.extend(drives.notes.iter().cloned());
        notes.extend(self.unused(&drives));
        // What stands in a comment comes from a file: a line's end or a control character would break ours.
        let plain = |foreign: &str| foreign.replace(char::is_control, " ");
        let mut text = format!("# From {}.\n", plain(name));
        if let (Some(fps), false) = (fps, self.curves.is_empty() && self.own.curves.is_empty()) {
            let _ = writeln!(text, "# Its {fps} frames a second are played one by one with --fps {fps}.");
        }
        if self.curves.values().any(|c| c.dense) {
            let _ = writeln!(text, "# Points lie within 1/2000 of each curve's span of the file's values.");
        }
        for what in &notes {
            let _ = writeln!(text, "# {}", plain(what));
        }
        let about: String = format!("motion of {}", plain(name)).chars().take(100).collect();
        let _ = writeln!(text, "\nabout = {}", toml::Value::String(about));
        self.write_routes(&mut text, &drives);
        self.write_curves(&mut text, &drives, fps);
        self.write_prompts(&mut text, fps);
        (text, notes)
    }

    /// What moves here and drives nothing, and what stands still and means nothing.
    fn unused(&self, drives: &Drives) -> Vec<String> {
        let unused = || self.curves.keys().filter(|name| !drives.used.contains(*name));
        let told = |names: Vec<&String>, what: &str| {
            let shown: Vec<&str> = names.iter().take(NAMED).map(|n| n.as_str()).collect();
            let more = names.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (!names.is_empty()).then(|| format!("{}{more}: {what}", shown.join(", ")))
        };
        let moving = unused().filter(|name| self.moves(name)).collect();
        let moving = told(moving, "no parameter here does that; kept as a curve that a route can name");
        let still: Vec<&String> = unused().filter(|name| !self.moves(name)).collect();
        let still = if drives.list.is_empty() {
            None
        } else {
            told(still, "no counterpart here, and no movement; left out")
        };
        moving.into_iter().chain(still).collect()
    }

    fn write_routes(&self, text: &mut String, drives: &Drives) {
        let names = self.curves.keys().chain(self.own.curves.keys()).chain(self.drawn.keys());
        if let (true, Some(name)) = (drives.list.is_empty(), names.into_iter().next()) {
            let name = curve_name(name);
            let _ = writeln!(text, "\n# Nothing moves yet. A route names a curve as its signal:");
            let _ = writeln!(text, "# [[route]]\n# signal = \"{name}\"\n# to = \"exposure\"");
            return;
        }
        let still = || drives.list.iter().filter_map(|d| Some((d.param, d.value.constant()?)));
        if still().next().is_some() {
            text.push_str("\n[base]\n");
        }
        for (param, value) in still() {
            let value = round(value.clamp(param.min, param.max), 6);
            let _ = writeln!(text, "{} = {value:?}", param.name);
        }
        for drive in drives.list.iter().filter(|d| d.value.constant().is_none()) {
            let mode = if drive.param.default == 0.0 { "add" } else { "multiply" };
            let value = drive.value.written();
            let value = value
                .strip_prefix('(')
                .and_then(|v| v.strip_suffix(')'))
                .filter(|v| balanced(v))
                .unwrap_or(&value);
            let _ = writeln!(text, "\n[[route]]\nvalue = \"{value}\"");
            let _ = writeln!(text, "to = \"{}\"\nmode = \"{mode}\"", drive.param.name);
        }
    }

    fn write_curves(&self, text: &mut String, drives: &Drives, fps: Option<FrameRate>) {
        for (name, drawn) in &self.drawn {
            // To the microsecond.
            let points = drawn.points.iter().map(|(at, value)| ((at.0 * 1e6).round() / 1e6, *value));
            let ease = if drawn.steps { "step" } else { "linear" };
            write_curve(text, name, &format!("ease = \"{ease}\""), points);
        }
        let Some(fps) = fps else { return };
        let alone = drives.list.is_empty();
        let rate = match fps.den() {
            1 => format!("fps = {fps}"),
            _ => format!("fps = \"{fps}\""),
        };
        let theirs = self.curves.iter().filter(|(name, _)| {
            let driving = drives.used.contains(*name) && !drives.unwritten.contains(*name);
            let idle = !drives.used.contains(*name);
            (driving && self.moves(name)) || (idle && (self.moves(name) || alone))
        });
        let own = self.own.curves.iter().filter(|(_, v)| v.windows(2).any(|pair| pair[0] != pair[1]));
        let own = own.filter_map(|(name, _)| Some((name, self.own.points.get(name)?.clone())));
        for (name, points) in theirs.map(|(name, curve)| (name, points(curve))).chain(own) {
            write_curve(text, name, &rate, points.iter().map(|(frame, value)| (*frame, *value)));
        }
    }

    fn write_prompts(&self, text: &mut String, fps: Option<FrameRate>) {
        let placed = |frame: FrameIndex| place(frame, fps?);
        let prompts: Vec<_> = self.prompts.iter().filter_map(|p| Some((placed(p.frame)?, p))).collect();
        if prompts.len() < self.prompts.len() {
            let _ = writeln!(text, "\n# Left out: prompts past the end of the longest track.");
        }
        if prompts.is_empty() {
            text.push_str(match self.prompt_lost || !self.prompts.is_empty() {
                true => "\n# The file's prompts could not be taken over; what to show is yours to say.\n[[prompt]]\ntext = \"\"\n",
                false => "\n# The file has no prompt; what to show is yours to say.\n[[prompt]]\ntext = \"neon tunnel\"\n",
            });
        }
        for (at, prompt) in &prompts {
            let shown = |t: &str| toml::Value::String(t.to_owned()).to_string();
            let _ = writeln!(text, "\n[[prompt]]\ntext = {}", shown(&prompt.text));
            if !prompt.negative.is_empty() {
                let _ = writeln!(text, "negative = {}", shown(&prompt.negative));
            }
            let _ = writeln!(text, "from = {at}");
        }
    }
}

/// The points of a curve of frames.
fn points(curve: &Frames) -> Points {
    let (least, most) = curve.values.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
    if !curve.dense {
        // Numbers stay as they are written; those of formulas need no noise behind them.
        let mut points = few(&curve.values, (most - least) * 1e-9);
        points.iter_mut().for_each(|p| p.1 = short(p.1));
        return points;
    }
    let mut points = few(&curve.values, (most - least) * BESIDE);
    // A digit more than the tolerance needs.
    let digits = 1 - ((most - least) * BESIDE).max(1e-9).log10().floor() as i32;
    points.iter_mut().for_each(|p| p.1 = round(p.1, digits));
    points
}

/// Whether every bracket has its partner inside.
fn balanced(text: &str) -> bool {
    let mut open = 0_i32;
    text.chars().all(|c| {
        open += i32::from(c == '(') - i32::from(c == ')');
        open >= 0
    })
}

fn write_curve<T: std::fmt::Display>(
    text: &mut String,
    name: &str,
    how: &str,
    points: impl Iterator<Item = (T, f64)>,
) {
    let _ = write!(text, "\n[[curve]]\nname = \"{}\"\n{how}\npoints = [", curve_name(name));
    // One to a line, as other programs' readers of such lists like it.
    for (at, value) in points {
        let _ = write!(text, "\n  [{at}, {value}],");
    }
    text.push_str("\n]\n");
}

/// Seconds at which a frame begins, to the microsecond behind it; none past the end of the longest track.
fn place(frame: FrameIndex, fps: FrameRate) -> Option<f64> {
    let at = (fps.start_of(frame).0 * 1e6 - 1e-3).ceil().abs() / 1e6;
    Length::seconds(at).is_ok().then_some(at)
}
