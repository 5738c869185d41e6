//! Weights in prompts: `neon (tunnel:1.3)` asks for a tunnel more strongly than for neon.
//!
//! | written | means |
//! |---|---|
//! | `(words:1.3)` | this weight, whatever stands around it |
//! | `(words)`, `[words]` | 1.1 times the weight around it; divided by 1.1 |
//! | `\(` `\)` `\[` `\]` `\\` | the sign itself |
//! | `BREAK` | what follows begins a chunk of the text encoder's own |
//! | `<lora:NAME:0.7>` | a LoRA at this strength while the prompt holds; no text |
//!
//! Weights inside each other are ComfyUI's: one in digits replaces what is around it, where A1111 multiplies, and a bracket
//! without its other half is text, where A1111 weighs all that follows. `[words]` and `BREAK` are A1111's.

use super::lora::{LoraTag, tags};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

/// A prompt without its marks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Emphasis {
    /// What the text encoder reads.
    pub text: String,
    /// Bytes of `text` and their weight, ascending; 1 elsewhere.
    pub weights: Vec<(Range<usize>, f32)>,
    /// Bytes of `text` before which a chunk ends, ascending.
    pub breaks: Vec<usize>,
    /// The LoRAs that it names.
    pub loras: Vec<LoraTag>,
}

/// Weights that can be asked for: beyond them embeddings are unlike any that a model was trained on.
const WEIGHT: RangeInclusive<f32> = 0.0..=2.0;
/// What a bracket without digits does.
const STEP: f32 = 1.1;
/// The word that begins a chunk.
const BREAK: &str = "BREAK";

/// What a byte of a prompt begins.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mark {
    /// A weight that is multiplied.
    Times(f32),
    /// A weight in digits.
    Set(f32),
    /// The end of what a bracket encloses, and the byte behind it.
    End(usize),
}

impl Emphasis {
    /// Reads a prompt.
    ///
    /// # Errors
    /// Usage, for a weight outside 0 to 2, and for what A1111 means by `[a:b:0.5]` and `[a|b]`, by its column.
    pub fn parse(prompt: &str) -> Result<Self> {
        let tags = tags(prompt)?;
        let marks = marks(prompt, &tags)?;
        let loras = tags.iter().map(|(_, tag)| tag.clone()).collect();
        let mut found = Emphasis { text: String::with_capacity(prompt.len()), loras, ..Emphasis::default() };
        let (mut around, mut from, mut at) = (vec![1.0f32], 0, 0);
        while at < prompt.len() {
            let weight = around.last().copied().unwrap_or(1.0);
            if let Some((tag, _)) = tags.iter().find(|(tag, _)| tag.start == at) {
                at = tag.end;
                continue;
            }
            match marks.get(&at).copied() {
                Some(mark) => {
                    found.weigh(&mut from, weight);
                    match mark {
                        Mark::Times(factor) => around.push(in_range(prompt, at, weight * factor)?),
                        Mark::Set(weight) => around.push(in_range(prompt, at, weight)?),
                        Mark::End(_) => drop(around.pop()),
                    }
                    at = if let Mark::End(behind) = mark { behind } else { at + 1 };
                }
                None if breaks_at(prompt, at) => {
                    let kept = found.text.trim_end().len();
                    found.weigh(&mut from, weight);
                    found.text.truncate(kept);
                    found.weights.iter_mut().for_each(|(range, _)| range.end = range.end.min(kept));
                    found.text.push(' ');
                    found.breaks.push(found.text.len());
                    from = found.text.len();
                    at += BREAK.len();
                    at += prompt[at..].len() - prompt[at..].trim_start().len();
                }
                None => {
                    at += usize::from(escaped(prompt, at));
                    let Some(sign) = prompt[at..].chars().next() else { break };
                    found.text.push(sign);
                    at += sign.len_utf8();
                }
            }
        }
        found.weigh(&mut from, 1.0);
        found.weights.retain(|(range, _)| !range.is_empty());
        Ok(found)
    }

    /// What was read since byte `from` has this weight.
    fn weigh(&mut self, from: &mut usize, weight: f32) {
        let range = *from..self.text.len();
        if weight != 1.0 && !range.is_empty() {
            self.weights.push((range, weight));
        }
        *from = self.text.len();
    }

    /// The weight of what stands at `place` of the text.
    pub fn weight(&self, place: &Range<usize>) -> f32 {
        let mark = self.weights.iter().find(|(range, _)| range.contains(&place.start));
        mark.map_or(1.0, |(_, weight)| *weight)
    }
}

/// Whether a sign with a meaning follows, whose meaning is taken away.
fn escaped(prompt: &str, at: usize) -> bool {
    let bytes = prompt.as_bytes();
    bytes.get(at) == Some(&b'\\') && bytes.get(at + 1).is_some_and(|b| b"()[]\\".contains(b))
}

/// Whether the word that begins a chunk stands at byte `at`.
fn breaks_at(prompt: &str, at: usize) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let Some(rest) = prompt.get(at..).and_then(|rest| rest.strip_prefix(BREAK)) else { return false };
    !prompt[..at].chars().next_back().is_some_and(inside) && !rest.chars().next().is_some_and(inside)
}

/// What the brackets that have another half mean, by their bytes.
fn marks(prompt: &str, tags: &[(Range<usize>, LoraTag)]) -> Result<BTreeMap<usize, Mark>> {
    let (mut open, mut marks): (Vec<(usize, u8)>, _) = (Vec::new(), BTreeMap::new());
    let mut at = 0;
    while let Some(&byte) = prompt.as_bytes().get(at) {
        if let Some((tag, _)) = tags.iter().find(|(tag, _)| tag.start == at) {
            at = tag.end;
            continue;
        }
        match byte {
            b'\\' if escaped(prompt, at) => at += 1,
            b'(' | b'[' => open.push((at, byte)),
            b')' | b']' => {
                let half = if byte == b')' { b'(' } else { b'[' };
                if let Some(i) = open.iter().rposition(|(_, other)| *other == half) {
                    let (from, _) = open[i];
                    // What opened in between and didn't close is text.
                    open.truncate(i);
                    let (mark, end) = meant(prompt, from..at)?;
                    marks.insert(from, mark);
                    marks.insert(end, Mark::End(at + 1));
                }
            }
            _ => {}
        }
        at += 1;
    }
    Ok(marks)
}

/// What the brackets at the ends of `range` mean, and where what they enclose ends.
fn meant(prompt: &str, range: Range<usize>) -> Result<(Mark, usize)> {
    let inside = &prompt[range.start + 1..range.end];
    let digits = inside.rsplit_once(':').map(|(words, digits)| (words, digits.trim().parse::<f32>()));
    if prompt.as_bytes().get(range.start) == Some(&b'[') {
        if matches!(digits, Some((_, Ok(_)))) || inside.contains('|') {
            return Err(refused(prompt, range.start, "what A1111 means by [a:b:0.5] and [a|b] isn't known").hint(
                "prompts that follow each other are written one by one, each with its place (beatbolt presets --params)",
            ));
        }
        return Ok((Mark::Times(1.0 / STEP), range.end));
    }
    match digits {
        Some((words, Ok(weight))) if !words.is_empty() => {
            Ok((Mark::Set(weight), range.start + 1 + words.len()))
        }
        _ => Ok((Mark::Times(STEP), range.end)),
    }
}

fn in_range(prompt: &str, at: usize, weight: f32) -> Result<f32> {
    if WEIGHT.contains(&weight) {
        return Ok(weight);
    }
    Err(refused(prompt, at, &format!("the weight {weight} is out of range")).hint(
        "weights go from 0 to 2; 1.2 is a clear emphasis, and seven brackets around each other are 1.95",
    ))
}

fn refused(prompt: &str, at: usize, why: &str) -> Error {
    let column = prompt[..at].chars().count() + 1;
    let words: String = prompt[at..].chars().take(30).collect();
    Error::usage(format!("{why}: column {column} of a prompt, '{words}'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_are_taken_out_and_remembered() {
        let read = Emphasis::parse("a (neon é:1.3) (tunnel:0.5), :) (").unwrap();
        assert_eq!(read.text, "a neon é tunnel, :) (");
        assert_eq!(read.weights, [(2..9, 1.3), (10..16, 0.5)]);
        assert_eq!([0..1, 2..6, 7..9, 9..10, 10..16].map(|p| read.weight(&p)), [1.0, 1.3, 1.3, 1.0, 0.5]);
    }

    /// A reading as pieces of text with their weights, neighbours of the same weight in one; a break weighs -1.
    fn pieces(read: &Emphasis) -> Vec<(String, f32)> {
        let mut edges: Vec<usize> =
            read.weights.iter().flat_map(|(range, _)| [range.start, range.end]).collect();
        edges.extend(read.breaks.iter().chain(&[0, read.text.len()]));
        edges.sort_unstable();
        edges.dedup();
        let mut found: Vec<(String, f32)> = Vec::new();
        for pair in edges.windows(2) {
            let (text, weight) = (&read.text[pair[0]..pair[1]], read.weight(&(pair[0]..pair[1])));
            let breaks = read.breaks.contains(&pair[0]);
            found.extend(breaks.then(|| ("BREAK".to_owned(), -1.0)));
            match found.last_mut().filter(|(_, before)| !breaks && (*before - weight).abs() < 1e-6) {
                Some((before, _)) => before.push_str(text),
                None => found.push((text.to_owned(), weight)),
            }
        }
        found
    }

    /// `tests/fixtures/emphasis/make.py` has both programs' rules.
    #[test]
    fn prompts_are_read_as_comfyui_and_a1111_read_them() {
        let rows: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../tests/fixtures/emphasis/prompts.json")).unwrap();
        assert!(rows.len() >= 60);
        for row in rows {
            let text = row["prompt"].as_str().unwrap();
            let breaks = row["a1111"].to_string().contains("BREAK");
            let trimmed = |text: &str| if breaks { text.trim().to_owned() } else { text.to_owned() };
            let ours = pieces(&Emphasis::parse(text).unwrap());
            // Before a break ours has a space.
            let ours: Vec<(String, f32)> =
                ours.into_iter().filter(|(text, _)| !trimmed(text).is_empty()).collect();
            let same = |name: &str| {
                let theirs = row[name].as_array().unwrap();
                theirs.len() == ours.len()
                    && theirs.iter().zip(&ours).all(|(theirs, (text, weight))| {
                        let (words, number) = (theirs[0].as_str().unwrap(), theirs[1].as_f64().unwrap());
                        trimmed(words) == trimmed(text) && (number - f64::from(*weight)).abs() < 1e-5
                    })
            };
            let whose = row["whose"].as_str().unwrap();
            assert_eq!(
                (same("comfy"), same("a1111")),
                (whose != "a1111", whose != "comfy"),
                "{text}: {ours:?}"
            );
        }
    }

    #[test]
    fn chunks_break_where_the_word_stands_alone() {
        let read = Emphasis::parse("a (red  BREAK\n blue:1.5) BREAKER, BREAK").unwrap();
        assert_eq!((read.text.as_str(), &read.breaks[..]), ("a red blue BREAKER, ", &[6, 20][..]));
        assert_eq!(read.weights, [(2..5, 1.5), (6..10, 1.5)]);
    }

    #[test]
    fn what_is_out_of_range_or_unknown_is_refused_by_its_column() {
        for text in ["(a:3)", "(a:-1)", "(a:nan)", "(a:inf)", "((((((((a))))))))"] {
            let error = Emphasis::parse(text).unwrap_err();
            assert!(error.hints()[0].contains("from 0 to 2"), "{text}: {error}");
        }
        for text in ["é [a:b:0.5]", "é [a|b]", "é [a:10]"] {
            let error = Emphasis::parse(text).unwrap_err();
            assert!(error.to_string().contains("column 3"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[]():.0-9a-é\\[\\\\ |BREAK]{0,40}") {
            if let Ok(read) = Emphasis::parse(&text) {
                let inside = |range: &Range<usize>| read.text.get(range.clone()).is_some();
                prop_assert!(read.weights.iter().all(|(range, _)| inside(range)));
                prop_assert!(read.weights.is_sorted_by(|(a, _), (b, _)| a.end <= b.start));
                prop_assert!(read.breaks.iter().all(|at| read.text.is_char_boundary(*at)));
            }
        }

        #[test]
        fn text_without_signs_stays_as_it_is(text in "[a-z ,:.]{0,40}") {
            let read = Emphasis::parse(&text).unwrap();
            prop_assert_eq!((read.text, read.weights.len()), (text, 0));
        }
    }
}
