//! Deforum's settings: schedules, prompts, and what else such a file says of a video.
//!
//! In 2D a schedule's value is what happens from one frame to the next (`motion`), so `zoom`, `angle` and `translation_*` become
//! the camera that flies. `strength_schedule` is how much of a picture stays, `cfg_scale_schedule` the guidance. In 3D Deforum
//! looks into a depth that it guesses from every picture: that is named and left out, as a picture here is flat.

use super::curves::Curves;
use super::formula::Names;
use super::imported::{Frames, Imported, Meaning, Written};
use super::limits::bounded;
use super::motion::{MOTION, SIDE, deforum_size};
use super::own;
use super::own::{Own, noiseless, object};
use super::prompts::{Prompts, for_web_ui, pairs};
use super::schedule::{Schedule, frame_of, written};
use super::term::FRAME;
use crate::error::Result;
use crate::score::grid::Span;
use crate::score::param_table::ParamId;
use crate::units::{FrameRate, Size};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const STRENGTH: &str = "strength_schedule";
const GUIDANCE: &str = "cfg_scale_schedule";
/// What moves its camera in 3D only, as speeds.
const DEPTH_SPEEDS: [&str; 4] = ["translation_z", "rotation_3d_x", "rotation_3d_y", "rotation_3d_z"];
/// All that is for 3D only.
const DEPTH: [&str; 5] = ["translation_z", "rotation_3d_x", "rotation_3d_y", "rotation_3d_z", "fov_schedule"];
/// Schedules of names.
const SCHEDULES_OF_TEXT: [&str; 5] =
    ["sampler_schedule", "scheduler_schedule", "checkpoint_schedule", "mask_schedule", "noise_mask_schedule"];
/// What Deforum draws its noise from.
const SEEDS: [&str; 3] = ["seed_schedule", "subseed_schedule", "subseed_strength_schedule"];
/// Where prompts may be, the first that holds any.
const PROMPTS: [&str; 2] = ["prompts", "animation_prompts"];

/// What Deforum plays of `own`, by the names of its schedules.
fn fields(own: &Own, fps: FrameRate, size: Size) -> BTreeMap<&'static str, Vec<f64>> {
    let warps = own.warps(fps, size);
    let [zoom, angle, x, y] = MOTION;
    [
        (zoom, warps.iter().map(|w| w.zoom).collect()),
        (angle, warps.iter().map(|w| w.angle).collect()),
        (x, warps.iter().map(|w| w.translation[0]).collect()),
        (y, warps.iter().map(|w| w.translation[1]).collect()),
        (STRENGTH, own.values(ParamId::Denoise).iter().map(|d| 1.0 - d).collect()),
        (GUIDANCE, own.values(ParamId::Guidance)),
    ]
    .into()
}

/// A settings object: what Deforum plays, and beatbolt's own values beside it.
pub fn write(curves: &Curves) -> Value {
    let own = Own::of(curves);
    let (fps, size) = (curves.timeline.fps, deforum_size(curves.picture));
    let mut map = Map::new();
    for (name, values) in fields(&own, fps, size) {
        let noise = if name == MOTION[0] { 2e-7 } else { 2e-5 };
        map.insert(name.into(), written(&noiseless(&values, noise)).into());
    }
    map.insert("animation_mode".into(), "2D".into());
    map.insert("W".into(), size.width.into());
    map.insert("H".into(), size.height.into());
    map.insert("max_frames".into(), curves.frames().into());
    map.insert("fps".into(), json!(fps.per_second()));
    let prompts = curves.prompts().into_iter();
    let prompts = prompts.map(|(frame, text, not)| (frame.to_string(), Value::from(for_web_ui(text, not))));
    map.insert("prompts".into(), Value::Object(prompts.collect()));
    map.insert(own::KEY.into(), object(&own, size));
    Value::Object(map)
}

/// A settings file: every field that is a schedule, and the prompts.
pub fn read_settings(name: &str, map: &Map<String, Value>, frames: Option<u64>) -> Result<Imported> {
    // What is sent to Deforum's server holds the settings, or a list of them.
    let inner = map.get("deforum_settings").map(|s| s.get(0).unwrap_or(s)).and_then(Value::as_object);
    let map = inner.unwrap_or(map);
    let number = |key: &str| map.get(key).and_then(own::number);
    let seed = number("seed").unwrap_or(0.0);
    let said = number("max_frames").filter(|n| (1.0..=Span::MAX_FRAMES as f64).contains(n)).map(|n| n as u64);
    let frames = frames.or(said);
    let lines = map.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?)));
    let lines = lines.filter(|(key, text)| looks_like_one(text) && !PROMPTS.contains(&key.as_str()));
    let mut imported = read(name, lines, frames, seed)?;
    imported.fps = number("fps").and_then(|fps| fps.to_string().parse().ok());
    let side = |key| number(key).filter(|n| (1.0..=1e5).contains(n)).map_or(SIDE, |n| n as u32);
    let size = Size { width: side("W"), height: side("H") };
    imported.meaning = Meaning::Speeds(size);
    take_prompts(&mut imported, map, frames, seed);
    match (frames.and_then(|n| Own::read(map, n)), imported.fps) {
        (Some(own), Some(fps)) => {
            let values = fields(&own, fps, size);
            let others = [(STRENGTH, ParamId::Denoise), (GUIDANCE, ParamId::Guidance)];
            imported
                .take_own(own, &Written { values, motion: &MOTION, others, taken: "as Deforum plays them" });
        }
        _ => leave_out_what_is_not_played(&mut imported, map),
    }
    Ok(imported)
}

/// Names what Deforum would not play of this file, or what beatbolt has nothing for.
fn leave_out_what_is_not_played(imported: &mut Imported, map: &Map<String, Value>) {
    let mode = map.get("animation_mode").and_then(Value::as_str).unwrap_or("2D");
    if mode == "3D" {
        let why = "in 3D, Deforum's camera moves through a depth that it guesses; pictures are flat here";
        imported.leave_out_speeds(&DEPTH_SPEEDS, why);
        imported.leave_out_speeds(&MOTION[2..], why);
    }
    let mut drop_all = |names: &[&str], why: &str| imported.leave_out(names, why);
    match mode {
        "2D" => drop_all(&DEPTH, "Deforum plays this in 3D only; this is read as 2D"),
        "3D" => {
            drop_all(&["fov_schedule"], "pictures are flat here and have no field of view");
            drop_all(&MOTION[..2], "Deforum plays this in 2D only, and the file says 3D");
        }
        _ => {
            let why = format!("in the mode '{mode}', Deforum moves no camera");
            drop_all(&MOTION, &why);
            drop_all(&DEPTH, &why);
        }
    }
    drop_all(&SEEDS, "the noise of a frame is the seed's alone here, which --seed sets");
    let flip = ["flip_2d_perspective", "enable_perspective_flip"]
        .iter()
        .any(|k| map.get(*k) == Some(&Value::Bool(true)));
    let angles = ["theta", "phi", "gamma", "fv"].map(|a| format!("perspective_flip_{a}"));
    let angles: Vec<&str> = angles.iter().map(String::as_str).collect();
    if flip {
        imported.left_out.push(format!("{}: pictures are not tilted here", angles.join(", ")));
    }
    angles.iter().for_each(|name| drop(imported.curves.remove(*name)));
}

/// Reads the prompts, with what goes before and behind each of them.
fn take_prompts(imported: &mut Imported, map: &Map<String, Value>, frames: Option<u64>, seed: f64) {
    let mut prompts = Prompts::default();
    let text = |keys: [&str; 2]| {
        let texts = keys.iter().filter_map(|key| map.get(*key).and_then(Value::as_str)).map(str::trim);
        texts.into_iter().find(|t| !t.is_empty()).unwrap_or_default()
    };
    let before = text(["animation_prompts_positive", "positive_prompts"]);
    let behind = text(["animation_prompts_negative", "negative_prompts"]);
    let said = |value: &&Value| !matches!(value, Value::Null) && value.as_str() != Some("");
    let fields: Vec<(&str, &Value)> =
        PROMPTS.iter().filter_map(|key| Some((*key, map.get(*key).filter(said)?))).collect();
    let found = fields.iter().find_map(|(key, value)| Some((*key, pairs(value)?)));
    match (found, fields.first()) {
        (Some((key, list)), _) => {
            let mut texts = Vec::new();
            for (frame, text) in list {
                let max_f = frames.map_or(f64::NAN, |n| n as f64 - 1.0);
                match (frame_of(&frame, max_f, seed), text.as_str()) {
                    (Ok(frame), Some(text)) => texts.push((frame, around(before, text, behind))),
                    (Ok(_), None) => {
                        prompts.lose(format!("the prompt '{}' of {key} is no text", shown(&frame)))
                    }
                    (Err(error), text) => {
                        let hints = error.hints().iter().map(|h| format!(" ({h})")).collect::<String>();
                        prompts.lose(format!("the prompt '{}': {error}{hints}", shown(text.unwrap_or(""))));
                    }
                }
            }
            prompts.extend(texts, frames, seed);
        }
        // Still pictures have a list, of which each makes one.
        (None, Some((_, Value::Array(list)))) => {
            let first = list.iter().find_map(Value::as_str);
            prompts.extend(first.map(|t| (0, around(before, t, behind))).into_iter().collect(), frames, seed);
            if list.len() > 1 || first.is_none() {
                prompts.lose("all prompts of a list but the first: a list has no frames".into());
            }
        }
        (None, Some((key, value))) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            prompts.lose(format!("{key}: '{}' are no prompts with frames", shown(&text)));
        }
        (None, None) if !before.is_empty() => {
            prompts.extend(vec![(0, around(before, "", behind))], frames, seed);
        }
        (None, None) => {}
    }
    imported.take(prompts);
}

/// A prompt with what goes before and behind every one.
fn around(before: &str, text: &str, behind: &str) -> String {
    let text = format!("{before} {text}");
    match (behind.is_empty(), text.contains("--neg")) {
        (true, _) => text,
        (false, true) => format!("{text} {behind}"),
        (false, false) => format!("{text} --neg {behind}"),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Text: a schedule alone, or one a line as `name = schedule`.
pub fn read_text(name: &str, text: &str, frames: Option<u64>) -> Result<Imported> {
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let named = lines.map(|line| {
        // What a notebook's form needs to know.
        let line = line.split("#@param").next().unwrap_or(line).trim_end().trim_end_matches(',');
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
    let mut imported = read(name, lines.iter().map(|(key, text)| (key.clone(), text.as_str())), frames, 0.0)?;
    imported.meaning = Meaning::Speeds(Size { width: SIDE, height: SIDE });
    leave_out_what_is_not_played(&mut imported, &Map::new());
    Ok(imported)
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
        if text.contains(['"', '\'']) && SCHEDULES_OF_TEXT.contains(&key.as_str()) {
            imported.left_out.push(format!("{key}: texts have no counterpart here"));
            continue;
        }
        match Schedule::parse(text, frames, seed) {
            Ok(schedule) => drop(read.insert(key, schedule)),
            Err(error) => {
                let hints = error.hints().iter().map(|h| format!(" ({h})")).collect::<String>();
                imported.left_out.push(format!("{key}: {error}{hints}"));
            }
        }
    }
    let last = read.values().map(Schedule::last).max().unwrap_or(0);
    let frames = frames.unwrap_or(last + 1);
    bounded(name, read.len(), frames)?;
    for (key, schedule) in read {
        match schedule.play(frames, seed) {
            Ok(values) => drop(imported.curves.insert(key, curve(&schedule, values, seed))),
            Err(error) => imported.left_out.push(format!("{key}: {error}")),
        }
    }
    Ok(imported)
}

fn curve(schedule: &Schedule, values: Vec<f64>, seed: f64) -> Frames {
    let names = Names { t: 0.0, max_f: values.len() as f64 - 1.0, s: seed };
    let formula = schedule.expression(FRAME, names);
    Frames { values, formula, dense: false }
}
