//! Prompts of Deforum and Parseq, in their meaning: what AUTOMATIC1111's web UI makes of them.
//!
//! There `(word)` counts 1.1 times, `[word]` 1/1.1 times, `(word:1.3)` 1.3 times, one inside another multiplied; a bracket
//! behind a backslash is text. Here only `(word:1.3)` is a weight, and one can't stand in another. Formulas in backticks are
//! numbers; `--neg` begins what is to be avoided.

use super::formula::{Formula, Names};
use super::points::round;
use crate::score::emphasis::Emphasis;
use crate::score::words;
use crate::units::FrameIndex;
use serde_json::{Map, Value};
use std::ops::Range;

/// Longest prompt that a preset holds, in characters.
const MAX_TEXT: usize = 2000;
/// Most prompts that are taken over.
const MAX_PROMPTS: usize = 500;
/// Weights that a preset holds.
const WEIGHT: std::ops::RangeInclusive<f64> = 0.0..=2.0;

/// A prompt, and the frame from which it holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prompt {
    /// The frame.
    pub frame: FrameIndex,
    /// What is asked for, as a preset writes it.
    pub text: String,
    /// What is to be avoided.
    pub negative: String,
}

/// Prompts as they are put in order, and what could not be said.
#[derive(Debug, Default)]
pub struct Prompts {
    /// Ascending, one for a frame at most.
    pub list: Vec<Prompt>,
    /// What is not as it was, by place.
    pub notes: Vec<String>,
    /// What could not be taken over, by place.
    pub left_out: Vec<String>,
    /// Whether the file has a prompt that was not understood.
    pub lost: bool,
}

impl Prompts {
    /// Names a prompt that could not be taken over.
    pub fn lose(&mut self, what: String) {
        self.lost = true;
        self.left_out.push(what);
    }

    /// Takes over the texts of keyframes, each of which holds until the next.
    pub fn extend(&mut self, mut texts: Vec<(FrameIndex, String)>, frames: Option<FrameIndex>, seed: f64) {
        texts.sort_by_key(|t| t.0);
        if texts.len() > MAX_PROMPTS {
            self.lose(format!("{} prompts beyond the first {MAX_PROMPTS}", texts.len() - MAX_PROMPTS));
            texts.truncate(MAX_PROMPTS);
        }
        for (i, (frame, text)) in texts.iter().enumerate() {
            let next = texts.get(i + 1).map(|t| t.0).or(frames).unwrap_or(*frame);
            let names = |t: FrameIndex| Names {
                t: t as f64,
                max_f: frames.map_or(f64::NAN, |n| n as f64 - 1.0),
                s: seed,
            };
            let text: String = text.chars().take(4 * MAX_TEXT).collect();
            let text = self.numbers(&text, *frame, *frame..next.max(frame + 1), names);
            let (text, negative) = text.split_once("--neg").unwrap_or((&text, ""));
            let (text, negative) = (self.plain(text, *frame), self.plain(negative, *frame));
            self.list.push(Prompt { frame: *frame, text, negative });
        }
    }

    /// The text with its formulas, which stand in backticks, as numbers.
    fn numbers(
        &mut self,
        text: &str,
        frame: FrameIndex,
        holds: Range<FrameIndex>,
        names: impl Fn(FrameIndex) -> Names,
    ) -> String {
        let mut done = String::with_capacity(text.len());
        let mut parts = text.split('`');
        done.push_str(parts.next().unwrap_or_default());
        while let (Some(formula), Some(behind)) = (parts.next(), parts.next()) {
            match Formula::parse(formula) {
                Ok(parsed) => {
                    let step = ((holds.end - holds.start) / 200).max(1) as usize;
                    let values: Vec<f64> =
                        holds.clone().step_by(step).map(|t| parsed.value(names(t))).collect();
                    done.push_str(&self.mean(&values, formula, frame));
                }
                Err(wrong) => {
                    let is_weight = done.ends_with(':');
                    let (said, stands) =
                        if is_weight { ("1 in its place", "1") } else { ("taken as words", formula) };
                    let error = wrong.error;
                    self.notes.push(format!(
                        "the prompt of frame {frame}: `{formula}` is no number ({error}), {said}"
                    ));
                    done.push_str(stands);
                }
            }
            done.push_str(behind);
        }
        done
    }

    /// What stands for a weight that moves: its mean.
    pub fn mean(&mut self, values: &[f64], formula: &str, frame: FrameIndex) -> String {
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let count = finite().count();
        if count == 0 {
            self.notes.push(format!("the prompt of frame {frame}: {formula} has no value, 1 in its place"));
            return "1".into();
        }
        let mean = round(finite().sum::<f64>() / count as f64, 3);
        let (least, most) = finite().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
        if most - least > 0.01 {
            self.notes.push(format!(
                "the prompt of frame {frame}: {formula} moves between {} and {}; weights stand still here, at its mean, {mean}",
                round(least, 3),
                round(most, 3)
            ));
        }
        mean.to_string()
    }

    /// Words and weights as a preset writes them.
    fn plain(&mut self, text: &str, frame: FrameIndex) -> String {
        let mut note = |what: String| self.notes.push(format!("the prompt of frame {frame}: {what}"));
        let text = without_tags(text, &mut note);
        if text.split_whitespace().any(|word| word == "AND" || word == "BREAK") {
            note("AND and BREAK, which join prompts in the web UI, are read as words".into());
        }
        let mut done = String::with_capacity(text.len());
        for (words, weight) in weighted(&text) {
            let held = round(weight.clamp(*WEIGHT.start(), *WEIGHT.end()), 3);
            if !WEIGHT.contains(&weight) {
                note(format!("the weight {} of '{}' is cut to {held}", round(weight, 3), words.trim()));
            }
            push(&mut done, &words, held);
        }
        // {word} stands for other words here; the web UI reads what is inside.
        loop {
            let Some((at, word)) = words::braced(&done).next().map(|(at, word)| (at, word.len())) else {
                break;
            };
            done.replace_range(at + word + 1..at + word + 2, "");
            done.replace_range(at..at + 1, "");
        }
        let done = done.split_whitespace().collect::<Vec<_>>().join(" ").replace(" ,", ",");
        if done.chars().count() > MAX_TEXT {
            note(format!("what goes beyond {MAX_TEXT} characters is left out"));
        }
        let cut: String = done.chars().take(MAX_TEXT).collect();
        // A weight that was cut through, or a text that reads like one: better the words alone.
        if Emphasis::parse(&cut).is_ok() { cut } else { cut.replace(['(', ')'], "") }
    }
}

/// The text without tags that call a file, as `<lora:name:0.8>`.
fn without_tags(text: &str, note: &mut impl FnMut(String)) -> String {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let behind = &rest[open + 1..];
        let tag = behind.find('>').map(|close| &behind[..close]);
        let kind = tag.and_then(|t| t.split_once(':')).map(|(kind, _)| kind);
        match (tag, kind) {
            (Some(tag), Some("lora" | "lyco" | "hypernet")) => {
                done.push_str(&rest[..open]);
                note(format!("<{tag}> is left out; name its file with --lora"));
                rest = &behind[tag.len() + 1..];
            }
            _ => {
                done.push_str(&rest[..=open]);
                rest = behind;
            }
        }
    }
    done + rest
}

/// Words with their weights, as the web UI reads its brackets.
fn weighted(text: &str) -> Vec<(String, f64)> {
    let mut words: Vec<(String, f64)> = vec![(String::new(), 1.0)];
    let mut open: Vec<(char, usize)> = Vec::new();
    let scale = |words: &mut Vec<(String, f64)>, from: usize, by: f64| {
        words[from..].iter_mut().for_each(|w| w.1 *= by);
        words.push((String::new(), 1.0));
    };
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        let close = match c {
            ')' | ']' => {
                let opened = if c == ')' { '(' } else { '[' };
                open.iter().rposition(|o| o.0 == opened)
            }
            _ => None,
        };
        match (c, close) {
            ('\\', _) if text[at + 1..].starts_with(['(', ')', '[', ']', '\\']) => {
                let escaped = chars.next().map_or('\\', |c| c.1);
                push_char(&mut words, escaped);
            }
            ('(' | '[', _) => {
                words.push((String::new(), 1.0));
                open.push((c, words.len() - 1));
            }
            (_, Some(place)) => {
                let from = open[place].1;
                open.truncate(place);
                let said = (c == ')').then(|| take_weight(&mut words)).flatten();
                scale(&mut words, from, said.unwrap_or(if c == ')' { 1.1 } else { 1.0 / 1.1 }));
            }
            (c, None) => push_char(&mut words, c),
        }
    }
    for (bracket, from) in open {
        words[from..].iter_mut().for_each(|w| w.1 *= if bracket == '(' { 1.1 } else { 1.0 / 1.1 });
    }
    words.retain(|w| !w.0.is_empty());
    words.dedup_by(|b, a| {
        let same = (a.1 - b.1).abs() < 1e-9;
        if same {
            a.0.push_str(&b.0);
        }
        same
    });
    words
}

fn push_char(words: &mut [(String, f64)], c: char) {
    if let Some(last) = words.last_mut() {
        last.0.push(c);
    }
}

/// The number behind the last colon, taken off the words that end here.
fn take_weight(words: &mut [(String, f64)]) -> Option<f64> {
    let last = words.last_mut()?;
    let (before, number) = last.0.rsplit_once(':')?;
    let weight: f64 = number.trim().parse().ok().filter(|w: &f64| w.is_finite())?;
    last.0 = before.to_owned();
    Some(weight)
}

/// Adds words with a weight; brackets that are text stay outside of marks.
fn push(done: &mut String, words: &str, weight: f64) {
    if weight == 1.0 {
        // Brackets that would be read as a weight lose their colon.
        match Emphasis::parse(words).is_ok_and(|read| read.weights.is_empty()) {
            true => done.push_str(words),
            false => done.push_str(&words.replace(':', " ")),
        }
        return;
    }
    for piece in words.split_inclusive(['(', ')']) {
        let bracket = piece.chars().next_back().filter(|c| matches!(c, '(' | ')'));
        let inner = bracket.map_or(piece, |b| &piece[..piece.len() - b.len_utf8()]);
        let (trimmed, blank) = (inner.trim(), |c: char| c.is_whitespace());
        if inner.starts_with(blank) {
            done.push(' ');
        }
        if !trimmed.is_empty() {
            done.push_str(&format!("({trimmed}:{weight})"));
        }
        if inner.ends_with(blank) {
            done.push(' ');
        }
        done.extend(bracket);
    }
}

/// A preset's prompt as the web UI reads it: brackets that are text get a backslash.
pub fn for_web_ui(prompt: &str, negative: &str) -> String {
    let escaped = |text: &str| match Emphasis::parse(text) {
        Err(_) => escape(text),
        Ok(read) => {
            let (mut done, mut at) = (String::new(), 0);
            for (range, weight) in &read.weights {
                done.push_str(&escape(&read.text[at..range.start]));
                done.push_str(&format!("({}:{weight})", escape(&read.text[range.clone()])));
                at = range.end;
            }
            done + &escape(&read.text[at..])
        }
    };
    match negative.is_empty() {
        true => escaped(prompt),
        false => format!("{} --neg {}", escaped(prompt), escaped(negative)),
    }
}

fn escape(text: &str) -> String {
    let mut done = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '(' | ')' | '[' | ']' | '\\') {
            done.push('\\');
        }
        done.push(c);
    }
    done
}

/// The pairs of a JSON object; also where it stands in a text, and where that is written loosely, as in a notebook:
/// `{0: 'a', 'max_f/2': "b",}`.
pub fn pairs(value: &Value) -> Option<Vec<(String, Value)>> {
    match value {
        Value::Object(map) => Some(map.clone().into_iter().collect()),
        Value::String(text) => match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(map) => Some(map.into_iter().collect()),
            Err(_) => loose(text).filter(|list| !list.is_empty()),
        },
        _ => None,
    }
}

fn loose(text: &str) -> Option<Vec<(String, Value)>> {
    let text = text.trim();
    let mut rest = text.strip_prefix('{').map_or(text, |t| t.strip_suffix('}').unwrap_or(t)).trim_start();
    let mut list = Vec::new();
    while !rest.is_empty() {
        let (key, behind) = match quoted(rest) {
            Some((key, behind)) => (key, behind.trim_start().strip_prefix(':')?),
            None => rest.split_once(':').map(|(key, behind)| (key.trim().to_owned(), behind))?,
        };
        let (value, behind) = quoted(behind.trim_start())?;
        list.push((key, value.into()));
        rest = behind.trim_start().strip_prefix(',').map_or(behind.trim_start(), str::trim_start);
    }
    Some(list)
}

/// What stands between quotes at the start, and what comes behind.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (mut inside, mut escaped) = (String::new(), false);
    for (at, c) in text.char_indices().skip(1) {
        match (escaped, c) {
            (true, c) => {
                inside.push(if c == 'n' { ' ' } else { c });
                escaped = false;
            }
            (false, '\\') => escaped = true,
            (false, c) if c == quote => return Some((inside, &text[at + 1..])),
            (false, c) => inside.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::proptest;

    fn taken(text: &str) -> (Prompt, Vec<String>) {
        let mut prompts = Prompts::default();
        prompts.extend(vec![(0, text.to_owned())], Some(61), 0.0);
        (prompts.list.remove(0), prompts.notes)
    }

    #[test]
    fn brackets_count_as_in_the_web_ui() {
        for (text, expected) in [
            ("a (b) c", "a (b:1.1) c"),
            ("a ((b)) [c]", "a (b:1.21) (c:0.909)"),
            ("(a, (b:1.5), c:0.8)", "(a,:0.8) (b:1.2)(, c:0.8)"),
            ("a \\(b\\) (c:1.3)", "a (b) (c:1.3)"),
            ("a (b", "a (b:1.1)"),
            ("a) b]", "a) b]"),
            ("\\(ratio 16:9\\) x", "(ratio 16 9) x"),
            ("sky {section}, {a|b}", "sky section, {a|b}"),
            ("plain: words, 16:9", "plain: words, 16:9"),
        ] {
            let (prompt, notes) = taken(text);
            assert_eq!(prompt.text, expected, "{text}");
            assert!(notes.is_empty(), "{notes:?}");
        }
    }

    #[test]
    fn what_is_not_as_it_was_is_named() {
        let (prompt, notes) = taken("sea <lora:water:0.8>, (rain:`0.5+0.5*sin(t/10)`) --neg (text:3)");
        assert!(prompt.text.starts_with("sea, (rain:0.") && prompt.negative == "(text:2)", "{prompt:?}");
        assert!(notes[0].contains("0.5+0.5*sin(t/10) moves between"), "{notes:?}");
        assert!(
            notes[1].contains("<lora:water:0.8>") && notes[2].contains("'text' is cut to 2"),
            "{notes:?}"
        );
        let (prompt, notes) = taken("a (b:`where(t<99, 0.25, 1)`) (c:`wobble(t)`)");
        assert_eq!(prompt.text, "a (b:0.25) c");
        assert!(notes.len() == 1 && notes[0].contains("wobble"), "{notes:?}");
        assert!(taken("a AND b").1[0].contains("AND"));
    }

    #[test]
    fn what_goes_out_comes_back() {
        for (text, negative) in [("a (b:1.2), (plain:1.1) (x:0.909) \\o/", "(c:0.5)"), ("neon", "")] {
            let (back, notes) = taken(&for_web_ui(text, negative));
            assert_eq!((&*back.text, &*back.negative), (text, negative));
            assert!(notes.is_empty(), "{notes:?}");
        }
    }

    #[test]
    fn objects_are_found_in_text_however_they_are_written() {
        let keys = |text: &str| {
            let list = pairs(&Value::from(text))?;
            Some(
                list.into_iter()
                    .map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or("?")))
                    .collect::<Vec<_>>(),
            )
        };
        let both = Some(vec!["0=a".to_owned(), "max_f/2=it's".to_owned()]);
        assert_eq!(keys(r#"{"0": "a", "max_f/2": "it's"}"#), both);
        assert_eq!(keys("{0: 'a', 'max_f/2': \"it's\",}"), both);
        assert_eq!(keys("\"0\": \"a\",\n\"max_f/2\": \"it's\""), both);
        assert_eq!(keys("calm sea"), None);
        assert_eq!(keys(""), None);
    }

    proptest! {
        #[test]
        fn any_text_becomes_a_prompt_that_a_preset_holds(text in "[-a-b()\\[\\]:0-9.`<>{}\\\\ é]{0,60}") {
            let (prompt, _) = taken(&text);
            for text in [prompt.text, prompt.negative] {
                assert!(Emphasis::parse(&text).is_ok() && words::braced(&text).next().is_none(), "{text}");
            }
        }
    }
}
