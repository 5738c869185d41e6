//! Prompts of Parseq's documents: those of rendered frames, or the list from which Parseq renders them.

use super::imported::Frames;
use super::parseq_formula::ParseqFormula;
use super::parseq_function::At;
use super::points::round;
use super::prompts::Prompts;
use super::spline::Spline;
use crate::units::FrameIndex;
use serde_json::Value;
use std::collections::BTreeMap;

/// The prompts of rendered frames, one where the words change: numbers in them move with every frame in many documents.
pub fn rendered_prompts(texts: &[(FrameIndex, &str)], frames: FrameIndex) -> Prompts {
    let mut prompts = Prompts::default();
    let mut list: Vec<(FrameIndex, String)> = Vec::new();
    let (mut words, mut moved) = (None, false);
    for (frame, text) in texts {
        let now: String = text.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '.' | '-')).collect();
        if words.as_ref() == Some(&now) {
            moved |= list.last().is_some_and(|(_, last)| last != text);
        } else {
            list.push((*frame, (*text).to_owned()));
            words = Some(now);
        }
    }
    if moved {
        prompts
            .notes
            .push("weights in Parseq's prompts move; here they stay as each prompt begins with them".into());
    }
    prompts.extend(list, Some(frames), 0.0);
    prompts
}

/// A prompt of the list and where it holds.
struct Listed {
    from: FrameIndex,
    /// The frame behind its last.
    to: FrameIndex,
    text: String,
}

/// The prompts that stand in a document beside its keyframes, `curves` being its fields.
pub fn take_prompts(field: Option<&Value>, curves: &BTreeMap<String, Frames>, frames: FrameIndex) -> Prompts {
    let mut prompts = Prompts::default();
    let Some(field) = field.filter(|f| !f.is_null()) else { return prompts };
    let list = match (field, field.get("promptList").and_then(Value::as_array)) {
        (_, Some(list)) => list.clone(),
        (Value::Array(list), None) => list.clone(),
        // The first form of all: one prompt.
        (other, None) => vec![other.clone()],
    };
    let enabled = |v: &Value| v.get("enabled").and_then(Value::as_bool) != Some(false);
    if !enabled(field) || list.first().is_some_and(|p| !enabled(p)) {
        if list.iter().any(|p| !part(p, "positive").is_empty()) {
            prompts.lose("prompts: Parseq has them switched off".into());
        }
        return prompts;
    }
    let common = field.get("commonPrompt");
    let common = |key: &str| common.map_or(String::new(), |c| part(c, key));
    let mut listed: Vec<Listed> = Vec::new();
    for prompt in &list {
        let join = |key: &str| [part(prompt, key), common(key)].join(" ").trim().to_owned();
        let (positive, negative) = (join("positive"), join("negative"));
        if positive.is_empty() && negative.is_empty() {
            continue;
        }
        let frame = |key: &str| prompt.get(key).and_then(Value::as_f64).filter(|f| (0.0..1e9).contains(f));
        let all = prompt.get("allFrames").and_then(Value::as_bool) == Some(true) || frame("from").is_none();
        let (from, to) = match all {
            true => (0, frames),
            false => (frame("from").unwrap_or(0.0) as u64, frame("to").map_or(frames, |to| to as u64 + 1)),
        };
        let text = if negative.is_empty() { positive } else { format!("{positive} --neg {negative}") };
        listed.push(Listed { from, to, text });
    }
    let texts = laid_out(&listed, &mut prompts);
    let texts =
        texts.into_iter().map(|(frame, text)| (frame, numbers(&text, frame, curves, &mut prompts))).collect();
    prompts.extend(texts, Some(frames), 0.0);
    prompts
}

fn part(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
}

/// Which prompt holds from which frame on: of several at once the one that begins last.
fn laid_out(listed: &[Listed], prompts: &mut Prompts) -> Vec<(FrameIndex, String)> {
    let mut edges: Vec<FrameIndex> = listed.iter().flat_map(|p| [p.from, p.to]).collect();
    edges.sort_unstable();
    edges.dedup();
    edges.truncate(2000);
    let mut texts: Vec<(FrameIndex, String)> = Vec::new();
    let mut at_once = false;
    for edge in edges {
        let here = || listed.iter().filter(|p| (p.from..p.to).contains(&edge));
        at_once |= here().count() > 1;
        let Some(shown) = here().max_by_key(|p| p.from) else { continue };
        if texts.last().is_none_or(|(_, last)| *last != shown.text) {
            texts.push((edge, shown.text.clone()));
        }
    }
    if at_once {
        prompts.notes.push("prompts that Parseq mixes where they overlap follow each other here".into());
    }
    texts
}

/// The text with Parseq's `${formulas}` as numbers, in the frame in which it begins.
fn numbers(
    text: &str,
    frame: FrameIndex,
    curves: &BTreeMap<String, Frames>,
    prompts: &mut Prompts,
) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once("${") {
        done.push_str(before);
        let Some((formula, behind)) = behind.split_once('}') else {
            rest = behind;
            continue;
        };
        let value = curves.get(formula.trim()).and_then(|c| c.values.get(frame as usize)).copied();
        let value = value.or_else(|| computed(formula, frame)).filter(|v| v.is_finite());
        match value {
            Some(value) => {
                let value = round(value, 3);
                prompts.notes.push(format!("the prompt of frame {frame}: ${{{formula}}} stays at {value}"));
                done.push_str(&value.to_string());
            }
            None => prompts
                .left_out
                .push(format!("${{{formula}}} in the prompt of frame {frame}: it is no number here")),
        }
        rest = behind;
    }
    done + rest
}

/// The value of a formula that names no field and no time.
fn computed(formula: &str, frame: FrameIndex) -> Option<f64> {
    let formula = ParseqFormula::parse(formula).ok()?;
    let keys = Spline::new(vec![(0, 0.0)])?;
    Some(formula.value(&At { frame: frame as f64, keys: &keys, before: 0.0, fps: f64::NAN, bpm: f64::NAN }))
}
