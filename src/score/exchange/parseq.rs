//! Parseq's documents: JSON with keyframes, and with the frames rendered from them.
//!
//! Rendered frames are taken as they are: they are what every consumer of such a document reads. Without them the
//! keyframes are played, with the ways between them that Parseq calls L (straight), S (steps) and C (natural cubic
//! spline); formulas are named and left out.

use super::curves::Curves;
use super::deforum::fill;
use super::imported::Imported;
use super::limits::bounded;
use crate::error::{Error, Result};
use crate::score::grid::Span;
use crate::units::FrameRate;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Fields of a frame that are no curves.
const OTHERS: [&str; 6] = ["frame", "info", "deforum_prompt", "beat", "second", "label"];

/// A document whose rendered frames hold every parameter under its own name, and under Parseq's where it has one.
pub fn write(curves: &Curves) -> Value {
    let (guidance, denoise, roll, zoom) =
        (curves.values("guidance"), curves.values("denoise"), curves.values("roll"), curves.values("zoom"));
    let prompts = curves.prompts();
    let mut frames = Vec::with_capacity(curves.frames());
    for i in 0..curves.frames() {
        let mut frame = Map::new();
        frame.insert("frame".into(), i.into());
        for param in &curves.params {
            frame.insert(param.name.into(), json!(curves.values(param.name)[i]));
        }
        let before = |values: &[f32], first: f32| if i == 0 { first } else { values[i - 1] };
        frame.insert("scale".into(), json!(guidance[i]));
        frame.insert("strength".into(), json!(1.0 - denoise[i]));
        frame.insert("angle".into(), json!(roll[i]));
        frame.insert("angle_delta".into(), json!(roll[i] - before(roll, 0.0)));
        frame.insert("zoom".into(), json!(zoom[i]));
        frame.insert("zoom_delta".into(), json!(zoom[i] / before(zoom, 1.0)));
        let shown = prompts.iter().rev().find(|p| p.0 <= i as u64);
        let text = shown.map_or(String::new(), |(_, prompt, negative)| format!("{prompt} --neg {negative}"));
        frame.insert("deforum_prompt".into(), text.into());
        frames.push(Value::Object(frame));
    }
    let names: BTreeSet<&str> = curves.params.iter().map(|p| p.name).chain(["zoom"]).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let keyframe = |i: usize| {
        let fields = names.iter().map(|name| ((*name).to_owned(), json!(curves.values(name)[i])));
        Value::Object([("frame".to_owned(), json!(i))].into_iter().chain(fields).collect())
    };
    let fps = curves.timeline.fps.per_second();
    json!({
        "meta": { "generated_by": "beatbolt", "version": env!("CARGO_PKG_VERSION") },
        "options": { "input_fps": fps, "output_fps": fps, "cc_window_width": 0, "cc_window_slide_rate": 1, "cc_use_input": false },
        "managedFields": names, "displayedFields": names, "keyframeLock": "frames",
        "keyframes": [keyframe(0), keyframe(curves.frames() - 1)],
        "timeSeries": [], "prompts": { "format": "v2", "enabled": false, "commonPrompt": {}, "promptList": [] },
        "rendered_frames": frames,
    })
}

/// Reads a document.
pub fn read(name: &str, map: &Map<String, Value>, frames: Option<u64>) -> Result<Imported> {
    let fps = map.get("options").and_then(|o| o.get("output_fps"));
    let fps = fps.and_then(|v| v.as_f64().map(|x| x.to_string()).or(v.as_str().map(str::to_owned)));
    let fps = fps.map(|text| text.parse::<FrameRate>()).transpose()?;
    let list = |key: &str| map.get(key).and_then(Value::as_array).filter(|l| !l.is_empty());
    let mut imported = match (list("rendered_frames"), list("keyframes")) {
        (Some(rows), _) => Rows::new(name, rows, frames)?.rendered()?,
        (None, Some(rows)) => Rows::new(name, rows, frames)?.played()?,
        (None, None) => {
            return Err(Error::input(format!("{name} has no frames")).hint("render it in Parseq first"));
        }
    };
    imported.fps = fps;
    Ok(imported)
}

/// Objects with a frame each, ascending.
struct Rows<'a> {
    name: &'a str,
    rows: Vec<(u64, &'a Map<String, Value>)>,
    frames: u64,
}

impl<'a> Rows<'a> {
    fn new(name: &'a str, list: &'a [Value], frames: Option<u64>) -> Result<Self> {
        let mut rows = Vec::with_capacity(list.len());
        for (i, value) in list.iter().enumerate() {
            let row = value.as_object();
            let frame = row.and_then(|r| r.get("frame")).and_then(Value::as_f64);
            match (row, frame.filter(|f| (0.0..Span::MAX_FRAMES as f64).contains(f))) {
                (Some(row), Some(frame)) => rows.push((frame as u64, row)),
                _ => {
                    return Err(Error::input(format!("{name}: entry {i} has no frame that can be played"))
                        .hint("export the document from Parseq again"));
                }
            }
        }
        rows.sort_by_key(|(frame, _)| *frame);
        let frames = frames.unwrap_or(rows.last().map_or(0, |(frame, _)| frame + 1));
        let rows = Rows { name, rows, frames };
        bounded(name, rows.fields().len(), frames)?;
        Ok(rows)
    }

    /// Names of what has a value in the first frame: Parseq's contract is that it names every field.
    fn fields(&self) -> Vec<&'a str> {
        let first = self.rows.first().map(|(_, row)| *row);
        let names = first.into_iter().flat_map(|row| row.keys()).map(String::as_str);
        names.filter(|n| !OTHERS.contains(n) && !n.ends_with("_i")).collect()
    }

    fn inside(&self) -> impl Iterator<Item = &(u64, &'a Map<String, Value>)> {
        self.rows.iter().filter(|(frame, _)| *frame < self.frames)
    }

    /// Frames that are rendered already.
    fn rendered(&self) -> Result<Imported> {
        let mut imported = Imported::default();
        for field in self.fields() {
            let mut values = vec![f64::NAN; self.frames as usize];
            for (frame, row) in self.inside() {
                if let Some(number) = row.get(field).and_then(Value::as_f64).filter(|v| v.is_finite()) {
                    values[*frame as usize] = number;
                }
            }
            if fill(&mut values) {
                imported.curves.insert(field.to_owned(), values);
            }
        }
        for (frame, row) in self.inside() {
            let text = row.get("deforum_prompt").and_then(Value::as_str).map(str::trim).unwrap_or_default();
            let same = imported.prompts.last().is_some_and(|(_, last)| last == text);
            if !text.is_empty() && !same && imported.prompts.len() < 500 {
                imported.prompts.push((*frame, text.to_owned()));
            }
        }
        Ok(imported)
    }

    /// Keyframes, played.
    fn played(&self) -> Result<Imported> {
        let mut imported = Imported::default();
        for field in self.fields() {
            match self.play(field) {
                Ok(Some(values)) => drop(imported.curves.insert(field.to_owned(), values)),
                Ok(None) => {}
                Err(error) => imported.left_out.push(format!("{field}: {error}")),
            }
        }
        if imported.curves.is_empty() && imported.left_out.is_empty() {
            return Err(Error::input(format!("{}: the first keyframe holds no number", self.name)));
        }
        Ok(imported)
    }

    fn play(&self, field: &str) -> Result<Option<Vec<f64>>> {
        let mut points: Vec<(u64, f64)> = Vec::new();
        let mut ways: Vec<(u64, Way)> = Vec::new();
        for (frame, row) in &self.rows {
            match row.get(&format!("{field}_i")).and_then(Value::as_str).map(str::trim) {
                None | Some("") => {}
                Some(text) => ways.push((*frame, way(text, *frame)?)),
            }
            if let Some(number) = row.get(field).and_then(Value::as_f64).filter(|v| v.is_finite()) {
                // Of several keyframes in one frame the last counts.
                points.retain(|(f, _)| f != frame);
                points.push((*frame, number));
            }
        }
        if points.is_empty() {
            return Ok(None);
        }
        let slopes = natural(&points);
        let value = |frame: u64| {
            let way = ways.iter().rev().find(|(from, _)| *from <= frame).map_or(Way::Straight, |w| w.1);
            let after = points.partition_point(|p| p.0 <= frame);
            let Some(a) = after.checked_sub(1) else { return points[0].1 };
            let (Some(next), (start, from)) = (points.get(after), points[a]) else { return points[a].1 };
            let length = (next.0 - start) as f64;
            let x = (frame - start) as f64 / length;
            match way {
                Way::Step => from,
                Way::Straight => from + (next.1 - from) * x,
                Way::Cubic => {
                    let bend = |x: f64| x * x * x - x;
                    let curve = bend(1.0 - x) * slopes[a] + bend(x) * slopes[after];
                    (1.0 - x) * from + x * next.1 + length * length / 6.0 * curve
                }
            }
        };
        Ok(Some((0..self.frames).map(value).collect()))
    }
}

/// How a keyframe's value becomes the next one's.
#[derive(Clone, Copy)]
enum Way {
    Straight,
    Step,
    Cubic,
}

fn way(text: &str, frame: u64) -> Result<Way> {
    match text {
        "L" => Ok(Way::Straight),
        "S" => Ok(Way::Step),
        "C" => Ok(Way::Cubic),
        _ => {
            let shown: String = text.chars().take(40).collect();
            let word =
                shown.split(|c: char| !c.is_ascii_alphanumeric()).find(|w| !w.is_empty()).unwrap_or("");
            Err(Error::input(format!("keyframe {frame}: '{word}' in '{shown}' is not known"))
                .hint("render the document in Parseq: rendered frames are taken as they are"))
        }
    }
}

/// Second derivatives of the natural cubic spline through the points (Press et al., "Numerical Recipes", 3.3).
fn natural(points: &[(u64, f64)]) -> Vec<f64> {
    let n = points.len();
    let (mut second, mut part) = (vec![0.0; n], vec![0.0; n]);
    let at = |i: usize| (points[i].0 as f64, points[i].1);
    for i in 1..n.saturating_sub(1) {
        let ((x0, y0), (x1, y1), (x2, y2)) = (at(i - 1), at(i), at(i + 1));
        let share = (x1 - x0) / (x2 - x0);
        let pivot = share * second[i - 1] + 2.0;
        second[i] = (share - 1.0) / pivot;
        let turn = (y2 - y1) / (x2 - x1) - (y1 - y0) / (x1 - x0);
        part[i] = (6.0 * turn / (x2 - x0) - share * part[i - 1]) / pivot;
    }
    if n > 0 {
        second[n - 1] = 0.0;
    }
    for i in (0..n.saturating_sub(1)).rev() {
        second[i] = if i == 0 { 0.0 } else { second[i] * second[i + 1] + part[i] };
    }
    second
}
