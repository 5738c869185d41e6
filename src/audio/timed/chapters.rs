//! Lines that people write: "1. 0:00 - Intro" and its relatives.
//!
//! A time, with brackets, bullets or a number before it, perhaps an end behind a dash, then the name; or the name first.

use super::entry::{Entry, is_end, time};
use crate::error::Result;
use crate::units::Seconds;

/// What stands between a time and a name, and means nothing.
const BETWEEN: &[char] = &[
    ' ', '\t', '\u{a0}', '-', '\u{2010}', '\u{2011}', '\u{2013}', '\u{2014}', '\u{2212}', '|', ':', '•', '·',
    '~', '=', '>', ')', ']',
];

/// The entry of a line whose words are parted by blanks.
///
/// # Errors
/// Usage: there is no time where one is to be.
pub(super) fn entry(line: &str) -> Result<Entry> {
    let (first, rest) = word(line);
    // A number that only counts has a time behind it: at once, or behind the name.
    let next = clock(rest.trim_start_matches(BETWEEN));
    let numbered = is_number(first) && next.is_some_and(|(_, at, _)| at == 0 || first.ends_with(['.', ')']));
    let started = if numbered { None } else { time(first).ok() };
    if let Some(time) = started {
        return Ok(Entry { time, label: label(rest).to_owned() });
    }
    let Some((time, at, behind)) = clock(line) else {
        // The error of the word at which a time was looked for.
        return time(first).map(|time| Entry { time, label: label(rest).to_owned() });
    };
    let before = line[..at].trim_end_matches(BETWEEN).trim_end_matches(['(', '[', '<']);
    let label = match label(&line[behind..]) {
        "" if !is_number(before.trim()) => undashed(before.trim_end_matches(BETWEEN)),
        after => after,
    };
    Ok(Entry { time, label: label.to_owned() })
}

/// A name without the dashes before it.
pub(super) fn undashed(text: &str) -> &str {
    let dashes: &[char] =
        &['-', '\u{2010}', '\u{2011}', '\u{2013}', '\u{2014}', '\u{2212}', '|', '•', '·', '~'];
    text.trim().trim_start_matches(dashes).trim()
}

/// Takes the numbers off names that are counted one by one: "1. Intro", "2. Verse".
pub(super) fn unnumber(entries: &mut [Entry]) {
    let parted = |label: &str| -> Option<(u32, usize)> {
        let digits = label.bytes().take_while(u8::is_ascii_digit).count();
        let name = label[digits..].trim_start_matches(['.', ')']).trim_start_matches(BETWEEN);
        // "1st" and "2000s" are names.
        let parts = label[digits..].starts_with(|c: char| !c.is_alphanumeric());
        let begins = name.starts_with(char::is_alphabetic);
        (parts && begins).then_some((label[..digits].parse().ok()?, label.len() - name.len()))
    };
    let found: Option<Vec<(u32, usize)>> = entries.iter().map(|e| parted(&e.label)).collect();
    let Some(found) =
        found.filter(|f| f.len() > 1 && f.windows(2).all(|p| Some(p[1].0) == p[0].0.checked_add(1)))
    else {
        return;
    };
    for (entry, (_, from)) in entries.iter_mut().zip(found) {
        entry.label.drain(..from);
    }
}

/// What is behind a time: without an end, dashes and quotes around.
fn label(rest: &str) -> &str {
    let mut rest = rest.trim_start_matches(BETWEEN);
    let (next, after) = word(rest);
    if is_end(next) {
        rest = after.trim_start_matches(BETWEEN);
    }
    let rest = rest.trim();
    // Place in the bar, number of the bar.
    if rest.split([' ', '\t']).all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_digit())) {
        return word(rest).0;
    }
    rest.strip_prefix('"').and_then(|r| r.strip_suffix('"')).filter(|r| !r.contains('"')).unwrap_or(rest)
}

/// The first word, and what is behind it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_at(text.find([' ', '\t', '\u{a0}']).unwrap_or(text.len()))
}

/// Whether a word only counts: "1", "01.", "2)".
fn is_number(word: &str) -> bool {
    let digits = word.trim_end_matches(['.', ')']);
    (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The first time with minutes in a text, where it begins, and where it ends.
fn clock(text: &str) -> Option<(Seconds, usize, usize)> {
    let part = |c: char| c.is_ascii_digit() || ":.,".contains(c);
    let mut from = 0;
    while let Some(start) = text[from..].find(|c: char| c.is_ascii_digit()).map(|i| from + i) {
        let end = text[start..].find(|c| !part(c)).map_or(text.len(), |i| start + i);
        let found = text[start..end].trim_end_matches([':', '.', ',']);
        let seconds = found.rsplit(':').next().unwrap_or_default();
        let two = seconds.bytes().take_while(u8::is_ascii_digit).count() == 2;
        let inside = text[..start].ends_with(char::is_alphanumeric);
        if let (true, true, false, Ok(time)) = (found.contains(':'), two, inside, time(found)) {
            return Some((time, start, start + found.len()));
        }
        from = end;
    }
    None
}
