//! Words in braces inside prompts: `{scene}` stands for another word in every section, or every few bars.
//!
//! `{section}` is the section's label itself; everything else is a `[words.NAME]` table of the preset. Filled in
//! before anything else looks at a prompt.

use super::clock::{Clock, Length};
use crate::error::{Error, Result, nearest};
use crate::units::Seconds;
use std::collections::BTreeMap;

/// What a word in braces stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Words {
    /// The next of the list in every such length, from the first bar on; never empty.
    InTurn(Length, Vec<String>),
    /// By the section's label, and in all other sections.
    BySection(BTreeMap<String, String>, String),
}

impl Words {
    /// All that it may stand for.
    pub(super) fn all(&self) -> Vec<&str> {
        match self {
            Words::InTurn(_, list) => list.iter().map(String::as_str).collect(),
            Words::BySection(by, other) => by.values().chain([other]).map(String::as_str).collect(),
        }
    }

    /// What it stands for at time `t`, in a section with this label.
    pub(super) fn at<'a>(&'a self, clock: &Clock, t: Seconds, label: &str) -> &'a str {
        match self {
            Words::InTurn(every, list) => {
                // Half a millisecond later, so that rounding doesn't show the word before.
                let turn = clock.turns(*every, Seconds(t.0 + 5e-4)).floor();
                list.get(turn.rem_euclid(list.len().max(1) as f64) as usize).map_or("", String::as_str)
            }
            Words::BySection(by, other) => by.get(label).unwrap_or(other),
        }
    }
}

/// The words in braces in `text`, each with the byte at which its brace opens.
pub(super) fn braced(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices('{').filter_map(|(at, _)| {
        let name = text[at + 1..].split('}').next()?;
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        (is_name && text[at + 1 + name.len()..].starts_with('}')).then_some((at, name))
    })
}

/// `text` with every word in braces replaced by what it stands for.
pub(super) fn fill<'a>(text: &str, stands_for: impl Fn(&str) -> &'a str) -> String {
    let (mut filled, mut done) = (String::with_capacity(text.len()), 0);
    for (at, name) in braced(text) {
        filled.push_str(&text[done..at]);
        filled.push_str(stands_for(name));
        done = at + name.len() + 2;
    }
    filled.push_str(&text[done..]);
    filled
}

/// Whether every word in braces stands for something; else the byte of the one that doesn't, and why.
pub(super) fn check(text: &str, words: &BTreeMap<String, Words>) -> Result<(), (usize, Error)> {
    for (at, name) in braced(text) {
        if name != "section" && !words.contains_key(name) {
            let error = Error::usage(format!("{{{name}}} is not defined"));
            let known = words.keys().map(String::as_str).chain(["section"]);
            let hint = match nearest(name, known) {
                Some(near) => format!("did you mean {{{near}}}?"),
                None => {
                    format!("add a table [words.{name}], or in a project {name} = \"...\" under [variables]")
                }
            };
            return Err((at, error.hint(hint)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::fixture;
    use crate::units::Seconds;

    #[test]
    fn words_in_braces_are_replaced_and_other_braces_stay() {
        let stands_for = |name: &str| if name == "a" { "x" } else { "yy" };
        assert_eq!(fill("{a} {b}, { a } {} {c {a}", stands_for), "x yy, { a } {} {c x");
        assert_eq!(fill("é{a}é", stands_for), "éxé");
    }

    #[test]
    fn lists_go_round_with_the_bars_and_sections_have_their_own() {
        let analysis = fixture(16.0);
        let clock = Clock::new(&analysis);
        let list = Words::InTurn(Length::Bars(2.0), ["p", "q", "r"].map(String::from).to_vec());
        // Two bars are 4 s.
        let said = [0.0, 3.9, 4.0, 8.0, 12.0].map(|t| list.at(&clock, Seconds(t), "A"));
        assert_eq!(said, ["p", "p", "q", "r", "p"]);
        let by = Words::BySection([("B".to_owned(), "b".to_owned())].into(), "other".into());
        assert_eq!(["A", "B"].map(|l| by.at(&clock, Seconds(0.0), l)), ["other", "b"]);
    }
}
