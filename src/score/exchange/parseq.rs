//! Parseq's documents: JSON with keyframes, and with the frames rendered from them.
//!
//! A field says where the camera stands, its `_delta` what Deforum plays of that from one frame to the next. Rendered
//! frames are taken as they are: they are what every consumer of such a document reads. Without them the keyframes are
//! played, with the formulas that say how each goes to the next.

use super::curves::Curves;
use super::imported::{Frames, Imported, Meaning, Written};
use super::limits::bounded;
use super::motion::{DELTAS, MOTION, MOVES, SIDE, deforum_size};
use super::own;
use super::own::{Own, noiseless, number, object, size_of};
use super::parseq_formula::ParseqFormula;
use super::parseq_function::At;
use super::parseq_prompts::{rendered_prompts, take_prompts};
use super::points::{Points, played, short};
use super::prompts::for_web_ui;
use super::spline::Spline;
use crate::error::{Error, Result};
use crate::score::grid::Span;
use crate::score::param_table::ParamId;
use crate::units::{FrameRate, Size};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Fields of a frame that are no curves.
const OTHERS: [&str; 9] =
    ["frame", "info", "deforum_prompt", "beat", "second", "label", "subseed", "subseed_strength", "rowId"];
/// What Parseq's fields are where no keyframe says it, if not 0.
const DEFAULTS: [(&str, f64); 6] = [
    ("zoom", 1.0),
    ("scale", 7.0),
    ("strength", 0.6),
    ("noise", 0.08),
    ("contrast", 1.0),
    ("prompt_weight_1", 1.0),
];
/// How far keyframes may lie from places: times, degrees, pixels.
const PLACE: f64 = 2e-5;
const STRENGTH: &str = "strength";
const GUIDANCE: &str = "scale";

/// What stands in a document of `own`: places, and how they change.
fn fields(own: &Own, fps: FrameRate, size: Size) -> BTreeMap<&'static str, Vec<f64>> {
    let warps = own.warps(fps, size);
    let start = |id| own.value(id, 0);
    let mut at = [
        start(ParamId::Zoom),
        -start(ParamId::Roll),
        start(ParamId::PanX) * f64::from(size.width),
        start(ParamId::PanY) * f64::from(size.height),
    ];
    let mut all: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for (i, warp) in warps.iter().enumerate() {
        let mut delta = [warp.zoom, warp.angle, warp.translation[0], warp.translation[1]];
        match i {
            // As Parseq has it: the first frame's change is its value.
            0 => delta = at,
            _ => {
                at[0] *= delta[0];
                (1..4).for_each(|field| at[field] += delta[field]);
            }
        }
        for field in 0..4 {
            all.entry(MOTION[field]).or_default().push(at[field]);
            all.entry(DELTAS[field]).or_default().push(delta[field]);
        }
    }
    all.insert(STRENGTH, own.values(ParamId::Denoise).iter().map(|d| 1.0 - d).collect());
    all.insert(GUIDANCE, own.values(ParamId::Guidance));
    all
}

/// A document with rendered frames, keyframes from which Parseq renders them again, and beatbolt's own values.
pub fn write(curves: &Curves) -> Value {
    let own = Own::of(curves);
    let (timeline, count) = (curves.timeline, curves.frames());
    let (fps, size) = (timeline.fps, deforum_size(curves.picture));
    let fields = fields(&own, fps, size);
    let prompts = curves.prompts();
    let rendered = (0..count).map(|i| {
        let mut frame: Map<String, Value> =
            fields.iter().map(|(name, values)| ((*name).to_owned(), json!(short(values[i])))).collect();
        frame.insert("frame".into(), i.into());
        // Ours beside theirs; both have a zoom, and theirs is what is played.
        for (name, values) in own.curves.iter().filter(|(name, _)| !fields.contains_key(name.as_str())) {
            frame.insert(name.clone(), json!(short(values[i])));
        }
        let shown = prompts.iter().rev().find(|p| p.0 <= i as u64);
        let text = shown.map_or(String::new(), |(_, prompt, negative)| for_web_ui(prompt, negative));
        frame.insert("deforum_prompt".into(), text.into());
        Value::Object(frame)
    });
    let rendered: Vec<Value> = rendered.collect();
    let managed: Vec<&str> = MOTION.into_iter().chain([STRENGTH, GUIDANCE]).collect();
    let per_second = fps.per_second();
    json!({
        "meta": { "generated_by": own::KEY, "version": env!("CARGO_PKG_VERSION") },
        "options": {
            "input_fps": per_second, "output_fps": per_second, "bpm": curves.bpm.map_or(120.0, short),
            "cc_window_width": 0, "cc_window_slide_rate": 1, "cc_use_input": false
        },
        "managedFields": managed, "displayedFields": managed, "keyframeLock": "frames",
        "keyframes": keyframes(&managed.iter().map(|name| (*name, noiseless(&fields[name], PLACE))).collect::<Vec<_>>(), count),
        "timeSeries": [],
        "prompts": written_prompts(&prompts, count),
        "rendered_frames": rendered,
        own::KEY: object(&own, size),
    })
}

/// Rows with the values of the fields that have a point there; all in the first and in the last frame.
fn keyframes(fields: &[(&str, Points)], frames: usize) -> Vec<Value> {
    let last = frames.saturating_sub(1) as u64;
    let mut rows: BTreeMap<u64, Map<String, Value>> = BTreeMap::new();
    for (name, points) in fields {
        let end = played(points, last + 1).last().map(|value| (last, *value));
        for (frame, value) in points.iter().copied().chain(end) {
            rows.entry(frame).or_default().insert((*name).to_owned(), json!(value));
        }
        rows.entry(0).or_default().insert(format!("{name}_i"), "L".into());
    }
    let row = |(frame, mut row): (u64, Map<String, Value>)| {
        row.insert("frame".into(), frame.into());
        Value::Object(row)
    };
    rows.into_iter().map(row).collect()
}

fn written_prompts(prompts: &[(u64, &str, &str)], frames: usize) -> Value {
    let overlap = json!({ "inFrames": 0, "outFrames": 0, "type": "none", "custom": "prompt_weight_1" });
    let list = prompts.iter().enumerate().map(|(i, (from, prompt, negative))| {
        let to = prompts.get(i + 1).map_or(frames as u64, |next| next.0).saturating_sub(1);
        json!({
            "name": format!("Prompt {}", i + 1), "positive": for_web_ui(prompt, ""), "negative": for_web_ui(negative, ""),
            "allFrames": prompts.len() == 1, "from": from, "to": to, "overlap": overlap,
        })
    });
    let common = json!({ "name": "Common", "positive": "", "negative": "", "allFrames": true, "from": 0, "to": frames, "overlap": overlap });
    json!({ "format": "v2", "enabled": true, "commonPrompt": common, "promptList": list.collect::<Vec<_>>() })
}

/// Reads a document.
pub fn read(name: &str, map: &Map<String, Value>, frames: Option<u64>) -> Result<Imported> {
    let option = |key: &str| map.get("options").and_then(|o| o.get(key)).and_then(number);
    let fps = option("output_fps").and_then(|fps| fps.to_string().parse::<FrameRate>().ok());
    let list = |key: &str| map.get(key).and_then(Value::as_array).filter(|l| !l.is_empty());
    let (rows, rendered) = match (list("rendered_frames"), list("keyframes")) {
        (Some(rows), _) => (rows, true),
        (None, Some(rows)) => (rows, false),
        (None, None) => {
            return Err(Error::input(format!("{name} has no frames")).hint("render it in Parseq first"));
        }
    };
    let rows = Rows::new(name, rows, frames)?;
    let mut imported = match rendered {
        true => rows.rendered(),
        false => rows.played(fps.map_or(f64::NAN, FrameRate::per_second), option("bpm").unwrap_or(f64::NAN)),
    };
    imported.fps = fps;
    let texts = rows.inside().filter_map(|(frame, row)| Some((*frame, row.get("deforum_prompt")?.as_str()?)));
    let texts: Vec<(u64, &str)> = texts.filter(|(_, text)| !text.trim().is_empty()).collect();
    imported.take(match (texts.is_empty(), map.get("prompts")) {
        (false, _) => rendered_prompts(&texts, rows.frames),
        (true, prompts) => take_prompts(prompts, &imported.curves, rows.frames),
    });
    // Ours beside theirs move nothing twice.
    let theirs = MOTION.iter().any(|name| imported.curves.contains_key(*name));
    imported
        .curves
        .retain(|name, _| !(theirs && MOVES.iter().any(|id| id.param().name == *name && name != "zoom")));
    let size = size_of(map).unwrap_or(Size { width: SIDE, height: SIDE });
    imported.meaning = Meaning::Places(size);
    if let (Some(own), Some(fps)) = (Own::read(map, rows.frames), fps) {
        let values = fields(&own, fps, size);
        let others = [(STRENGTH, ParamId::Denoise), (GUIDANCE, ParamId::Guidance)];
        let motion = [MOTION, DELTAS].concat();
        imported.take_own(own, &Written { values, motion: &motion, others, taken: "as Parseq has them" });
        let Imported { curves, own, .. } = &mut imported;
        curves.retain(|name, _| !own.curves.contains_key(name));
    }
    Ok(imported)
}

/// Objects with a frame each, ascending.
struct Rows<'a> {
    rows: Vec<(u64, &'a Map<String, Value>)>,
    frames: u64,
    fields: Vec<&'a str>,
}

impl<'a> Rows<'a> {
    fn new(name: &'a str, list: &'a [Value], frames: Option<u64>) -> Result<Self> {
        let mut rows = Vec::with_capacity(list.len());
        for (i, value) in list.iter().enumerate() {
            let row = value.as_object();
            let frame = row.and_then(|r| r.get("frame")).and_then(number);
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
        // What has a number anywhere; what Parseq makes of a field for its own graphs is left aside.
        let numbers = |(name, value): (&'a String, &Value)| number(value).map(|_| name.as_str());
        // A field that has formulas alone goes on from its default.
        let ways = |(name, way): (&'a String, &Value)| {
            way.as_str().filter(|t| !t.trim().is_empty()).and_then(|_| name.strip_suffix("_i"))
        };
        let fields =
            rows.iter().flat_map(|(_, row)| row.iter().filter_map(move |f| numbers(f).or_else(|| ways(f))));
        let fields: BTreeSet<&str> = fields.collect();
        let made = |name: &str| {
            let delta = name.ends_with("_delta") && !DELTAS.contains(&name);
            OTHERS.contains(&name) || name.ends_with("_i") || name.ends_with("_pc") || delta
        };
        let fields: Vec<&str> = fields.into_iter().filter(|name| !made(name)).collect();
        bounded(name, fields.len(), frames)?;
        Ok(Rows { rows, frames, fields })
    }

    fn inside(&self) -> impl Iterator<Item = &(u64, &'a Map<String, Value>)> {
        self.rows.iter().filter(|(frame, _)| *frame < self.frames)
    }

    /// The keyframes of a field; of several in one frame the last counts.
    fn keys(&self, field: &str) -> Points {
        let mut points: Points = Vec::new();
        for (frame, row) in &self.rows {
            if let Some(value) = row.get(field).and_then(number) {
                match points.last_mut().filter(|last| last.0 == *frame) {
                    Some(last) => last.1 = value,
                    None => points.push((*frame, value)),
                }
            }
        }
        points
    }

    /// The keyframes from the first row to the last: where a field has no value in these, Parseq puts the nearest there, or its
    /// default.
    fn whole_keys(&self, field: &str) -> Points {
        let mut points = self.keys(field);
        let otherwise = DEFAULTS.iter().find(|d| d.0 == field).map_or(0.0, |d| d.1);
        if let (Some((first, _)), Some((last, _))) = (self.rows.first(), self.rows.last()) {
            let start = points.first().copied().unwrap_or((u64::MAX, otherwise));
            if *first < start.0 {
                points.insert(0, (*first, start.1));
            }
            let end = points.last().copied().unwrap_or((0, otherwise));
            if *last > end.0 {
                points.push((*last, end.1));
            }
        }
        points
    }

    /// Frames that are rendered already.
    fn rendered(&self) -> Imported {
        let mut imported = Imported::default();
        for field in &self.fields {
            let points = self.keys(field);
            let values = played(&points, self.frames);
            imported.curves.insert((*field).to_owned(), Frames { values, formula: None, dense: true });
        }
        imported
    }

    /// Keyframes, played.
    fn played(&self, fps: f64, bpm: f64) -> Imported {
        let mut imported = Imported::default();
        for field in &self.fields {
            match self.play(field, fps, bpm) {
                Ok(curve) => drop(imported.curves.insert((*field).to_owned(), curve)),
                Err(error) => imported.left_out.push(format!("{field}: {error}")),
            }
        }
        // What Parseq would render of them.
        for (field, delta) in MOTION.into_iter().zip(DELTAS) {
            let Some(places) = imported.curves.get(field) else { continue };
            let neutral = if field == "zoom" { 1.0 } else { 0.0 };
            let change = places.values.windows(2).map(|pair| neutral + pair[1] - pair[0]);
            let values = places.values.first().copied().into_iter().chain(change).collect();
            imported.curves.insert(delta.to_owned(), Frames { values, formula: None, dense: true });
        }
        imported
    }

    fn play(&self, field: &str, fps: f64, bpm: f64) -> Result<Frames> {
        let mut ways: Vec<(u64, ParseqFormula)> = Vec::new();
        for (frame, row) in &self.rows {
            let text = row.get(&format!("{field}_i")).and_then(Value::as_str).map(str::trim);
            if let Some(text) = text.filter(|t| !t.is_empty()) {
                let way = ParseqFormula::parse(text);
                ways.push((*frame, way.map_err(|error| at_keyframe(*frame, text, &error))?));
            }
        }
        let straight = ways.iter().all(|(_, way)| way.is_straight());
        let keys = Spline::new(self.whole_keys(field)).ok_or_else(|| Error::input("there is no keyframe"))?;
        let (mut values, mut before, mut way) = (Vec::with_capacity(self.frames as usize), 0.0, 0);
        for frame in 0..self.frames {
            while ways.get(way).is_some_and(|w| w.0 <= frame) {
                way += 1;
            }
            let at = At { frame: frame as f64, keys: &keys, before, fps, bpm };
            before = match way.checked_sub(1).and_then(|i| ways.get(i)) {
                Some((_, formula)) => formula.value(&at),
                None => keys.straight(at.frame),
            };
            if !before.is_finite() {
                let error = Error::input(format!("there is no value in frame {frame}"));
                return Err(
                    error.hint("render the document in Parseq: rendered frames are taken as they are")
                );
            }
            values.push(before);
        }
        Ok(Frames { values, formula: None, dense: !straight })
    }
}

fn at_keyframe(frame: u64, text: &str, error: &Error) -> Error {
    let shown: String = text.chars().take(40).collect();
    let wrong = Error::input(format!("keyframe {frame}: {error} in '{shown}'"));
    error.hints().iter().fold(wrong, |e, hint| e.hint(hint.clone()))
}
