//! Curves for other programs, and from them.
//!
//! Out go the values of a stretch of a timeline, frame by frame from 0. In come schedules of Deforum (`deforum`) and
//! documents of Parseq (`parseq`): one value a frame for every name, which [`Imported::preset`] writes down as a
//! preset whose curves hold each value for its frame. At the frame rate of the import it plays exactly those values.

mod deforum;
mod formula;
mod parseq;

use super::check::{AMOUNT, MAX_POINTS};
use super::clock::Length;
use super::grid::Span;
use super::param::{Param, Rate, TABLE};
use super::timeline::Timeline;
use crate::error::{Error, Result};
use crate::units::{FrameIndex, FrameRate};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 32 << 20;
/// Most values of an import, all curves together.
const MAX_VALUES: u64 = 8_000_000;
/// Most curves of an import: what a preset can hold.
const MAX_CURVES: usize = 200;

/// Whom curves are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table with a line for every frame.
    Csv,
    /// Schedule strings, as in a Deforum settings file.
    Deforum,
    /// A Parseq document with rendered frames.
    Parseq,
    /// Lists of values, for AnimateDiff-Evolved's nodes.
    AnimateDiff,
}

/// A stretch of a timeline.
#[derive(Clone, Debug)]
pub struct Curves<'a> {
    timeline: &'a Timeline,
    part: Range<FrameIndex>,
    params: Vec<&'static Param>,
}

impl<'a> Curves<'a> {
    /// The frames `part` of `timeline`: the parameters of these names, or, if there are none, all that move or differ
    /// from their default.
    ///
    /// # Errors
    /// Usage, for a name that is no parameter's.
    pub fn new(timeline: &'a Timeline, part: Range<FrameIndex>, names: &[String]) -> Result<Self> {
        let mut params = names.iter().map(|n| Param::find(n)).collect::<Result<Vec<_>>>()?;
        let all = part.start as usize..part.end as usize;
        if params.is_empty() {
            let told =
                |p: &&Param| timeline.curves[p.name][all.clone()].iter().any(|v| *v != p.default as f32);
            params =
                TABLE.iter().filter(|p| p.rate != Rate::Job && p.needs.is_empty()).filter(told).collect();
        }
        Ok(Curves { timeline, part, params })
    }

    /// The text for `format`.
    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Csv => self.csv(),
            Format::Deforum => pretty(&deforum::write(self)),
            Format::Parseq => pretty(&parseq::write(self)),
            Format::AnimateDiff => {
                let lists = self.params.iter().map(|p| (p.name.to_owned(), json!(self.values(p.name))));
                pretty(&Value::Object(lists.collect()))
            }
        }
    }

    fn frames(&self) -> usize {
        (self.part.end - self.part.start) as usize
    }

    fn values(&self, name: &str) -> &[f32] {
        &self.timeline.curves[name][self.part.start as usize..self.part.end as usize]
    }

    /// Frame, seconds in the track, and a column for every parameter.
    fn csv(&self) -> String {
        let names: Vec<&str> = self.params.iter().map(|p| p.name).collect();
        let mut text = format!("frame,seconds,{}\n", names.join(","));
        for (frame, absolute) in self.part.clone().enumerate() {
            let seconds = self.timeline.start.0 + self.timeline.fps.start_of(absolute).0;
            let _ = write!(text, "{frame},{seconds:.6}");
            self.params.iter().for_each(|p| {
                let _ = write!(text, ",{}", self.timeline.value(p.name, absolute));
            });
            text.push('\n');
        }
        text
    }

    /// The prompts, each with the frame from which it holds.
    fn prompts(&self) -> Vec<(FrameIndex, &'a str, &'a str)> {
        let spans = &self.timeline.prompts;
        let first = spans.partition_point(|s| s.start <= self.part.start).saturating_sub(1);
        let inside = spans[first..].iter().take_while(|s| s.start < self.part.end);
        inside
            .map(|s| (s.start.saturating_sub(self.part.start), s.prompt.as_str(), s.negative.as_str()))
            .collect()
    }
}

fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// What another program's file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// Frames a second that it counts in, if it says so.
    pub fps: Option<FrameRate>,
    /// One value a frame for every name.
    pub curves: BTreeMap<String, Vec<f64>>,
    /// Prompts, each with the frame from which it holds, ascending.
    pub prompts: Vec<(FrameIndex, String)>,
    /// What could not be taken over, by name and place.
    pub left_out: Vec<String>,
}

impl Imported {
    /// Reads the file called `name`: a Parseq document, a Deforum settings file, or text with schedules. Without
    /// `frames`, there are as many as the file says.
    ///
    /// # Errors
    /// Input: it is none of these, too large, or holds nothing that can be taken over.
    pub fn read(name: &str, text: &str, frames: Option<u64>) -> Result<Self> {
        if text.len() > MAX_BYTES {
            return Err(
                Error::input(format!("{name} is too large")).hint(format!("at most {} MB", MAX_BYTES >> 20))
            );
        }
        if frames.is_some_and(|n| n == 0 || n > Span::MAX_FRAMES) {
            return Err(Error::usage("this number of frames can't be played")
                .hint(format!("from 1 to {}", Span::MAX_FRAMES)));
        }
        let object = text.trim_start().starts_with('{');
        let mut imported = match object.then(|| serde_json::from_str::<Value>(text)) {
            Some(Ok(Value::Object(map)))
                if map.contains_key("rendered_frames") || map.contains_key("keyframes") =>
            {
                parseq::read(name, &map, frames)?
            }
            Some(Ok(Value::Object(map))) => deforum::read_settings(name, &map, frames)?,
            Some(Ok(_)) => {
                return Err(
                    Error::input(format!("{name} is no settings file")).hint("name a Deforum or Parseq file")
                );
            }
            Some(Err(e)) => {
                return Err(Error::input(format!("{name} is not JSON")).because(e).hint("export it again"));
            }
            None => deforum::read_text(name, text, frames)?,
        };
        imported.leave_out_what_no_preset_holds();
        if imported.curves.is_empty() {
            let error = Error::input(format!("{name} holds no curve that can be taken over"));
            let error = imported.left_out.iter().take(5).fold(error, |e, what| e.hint(what.clone()));
            return Err(error.hint("a schedule looks like 0:(1.0), 30:(1.05)"));
        }
        Ok(imported)
    }

    /// Seeds and distances to a horizon are in schedules, too: they are no curves that a picture could follow.
    fn leave_out_what_no_preset_holds(&mut self) {
        let left_out = &mut self.left_out;
        self.curves.retain(|name, values| {
            let changes = 1 + values.windows(2).filter(|pair| pair[0] != pair[1]).count();
            let why = match values.iter().find(|v| v.is_finite() && !AMOUNT.contains(v)) {
                Some(far) => format!("{far} is beyond ±{}", AMOUNT.end()),
                None if !values.iter().any(|v| v.is_finite()) => "none of its values is a number".to_owned(),
                None if changes > MAX_POINTS => format!("it changes more than {MAX_POINTS} times"),
                None => return true,
            };
            left_out.push(format!("{name}: {why}"));
            false
        });
    }

    /// A preset that plays the curves at `fps`. Those of a parameter's name drive it; so do Deforum's `strength` and
    /// `cfg_scale` schedules. The others are there to be named.
    pub fn preset(&self, name: &str, fps: FrameRate) -> String {
        // What stands in a comment comes from a file: a line's end or a control character would break ours.
        let plain = |foreign: &str| foreign.replace(char::is_control, " ");
        let mut text = format!("# From {}.\n", plain(name));
        let _ = writeln!(text, "# Its {fps} frames a second are played one by one with --fps {fps}.");
        for what in &self.left_out {
            let _ = writeln!(text, "# Left out: {}", plain(what));
        }
        let _ = writeln!(text, "\nabout = \"curves of another program\"\n\n[base]");
        let driven: Vec<(String, &Param, String)> = self.driven();
        for (_, param, _) in &driven {
            let _ = writeln!(text, "{} = {:?}", param.name, param.default);
        }
        for (curve, param, value) in &driven {
            let mode = if param.default == 0.0 { "add" } else { "multiply" };
            let _ = write!(
                text,
                "\n[[route]]  # {curve}\nvalue = \"{value}\"\nto = \"{}\"\nmode = \"{mode}\"\n",
                param.name
            );
        }
        for (name, values) in &self.curves {
            let _ =
                write!(text, "\n[[curve]]\nname = \"{}\"\nease = \"step\"\npoints = [\n", curve_name(name));
            let mut last = None;
            for (frame, value) in values.iter().enumerate().filter(|(_, v)| v.is_finite()) {
                if let Some(at) = place(frame as u64, fps).filter(|_| last != Some(*value)) {
                    let _ = writeln!(text, "  [{at}, {value:?}],");
                }
                last = Some(*value);
            }
            text.push_str("]\n");
        }
        self.write_prompts(&mut text, fps);
        text
    }

    fn write_prompts(&self, text: &mut String, fps: FrameRate) {
        if self.prompts.is_empty() {
            text.push_str("\n# What to show is yours to say.\n[[prompt]]\ntext = \"neon tunnel\"\n");
        }
        for (frame, prompt) in &self.prompts {
            let Some(at) = place(*frame, fps) else { continue };
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
        let has = |name: &str| self.curves.contains_key(name);
        let mut all: Vec<(String, &'static Param, String)> = Vec::new();
        for param in TABLE.iter().filter(|p| p.rate != Rate::Job && p.needs.is_empty()) {
            let others: &[&str] = match param.name {
                "guidance" => &["cfg_scale_schedule", "scale"],
                "denoise" => &["strength_schedule", "strength"],
                _ => &[],
            };
            if has(param.name) {
                all.push((param.name.to_owned(), param, curve_name(param.name)));
            } else if let Some(other) = others.iter().find(|o| has(o)) {
                let curve = curve_name(other);
                // Deforum's strength is how much of the picture stays.
                let value = if param.name == "denoise" { format!("1 - {curve}") } else { curve };
                all.push(((*other).to_owned(), param, value));
            }
        }
        all
    }
}

/// Seconds at which a frame begins; none past the end of the longest track.
fn place(frame: FrameIndex, fps: FrameRate) -> Option<f64> {
    let at = fps.start_of(frame).0;
    Length::seconds(at).is_ok().then_some(at)
}

/// A name that a preset's curve can have.
fn curve_name(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("c_{plain}").chars().take(150).collect()
}

/// Refuses more values than can be held.
fn bounded(name: &str, curves: usize, frames: u64) -> Result<()> {
    if curves > MAX_CURVES || curves as u64 * frames > MAX_VALUES {
        let message = format!("{name}: {curves} curves of {frames} frames are too many");
        return Err(
            Error::input(message).hint(format!("at most {MAX_CURVES} curves and {MAX_VALUES} values in all"))
        );
    }
    Ok(())
}

/// The prompts of a JSON object whose keys are frames.
fn prompts_of(map: &Map<String, Value>) -> Vec<(FrameIndex, String)> {
    let entry = |(frame, text): (&String, &Value)| {
        let text = text.as_str().map(str::trim).filter(|t| !t.is_empty())?;
        Some((frame.trim().parse().ok()?, text.to_owned()))
    };
    let mut list: Vec<(FrameIndex, String)> = map.iter().filter_map(entry).take(500).collect();
    list.sort();
    list
}

#[cfg(test)]
mod tests;
