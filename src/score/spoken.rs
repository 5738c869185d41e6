//! Prompts and expressions as they are written, one by one: what is wrong with one, and what words it may say.

use super::emphasis::Emphasis;
use super::expr::{Expr, Wrong};
use super::keyframe::Keyframes;
use super::preset::Preset;
use super::words::{Words, braced, check, fill};
use crate::error::Error;
use std::collections::BTreeMap;
use std::ops::Range;

/// What is wrong with a text as a prompt.
#[derive(Debug)]
pub struct PromptFault {
    /// The bytes of the text that are wrong; none: it is not known which.
    pub at: Option<Range<usize>>,
    /// What is wrong with them.
    pub error: Error,
}

/// What is wrong with `text` as a prompt whose words in braces are `words`; none if nothing is.
pub fn prompt_fault(text: &str, words: &BTreeMap<String, Words>) -> Option<PromptFault> {
    let braces = check(text, words).err().map(|(at, error)| {
        let end = text[at..].find('}').map_or(text.len(), |length| at + length + 1);
        PromptFault { at: Some(at..end), error }
    });
    braces.or_else(|| Emphasis::parse(text).err().map(|error| PromptFault { at: None, error }))
}

/// What is wrong with `text` as an expression over signals and `curves`; none if nothing is.
pub fn expression_fault(text: &str, curves: &[Keyframes]) -> Option<PromptFault> {
    let Wrong { at, error } = Expr::parse(text, curves).err()?;
    let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    // The word that is wrong, or the sign.
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let length = text[at..].find(|c| !word(c)).unwrap_or(text.len() - at);
    let end = at + length.max(text[at..].chars().next().map_or(0, char::len_utf8));
    Some(PromptFault { at: Some(at..end), error })
}

impl Preset {
    /// The words that `text` may say as a prompt: those in braces by all that they stand for.
    pub fn spoken(&self, text: &str) -> String {
        let mut spoken = fill(text, |_| " ");
        for words in braced(text).filter_map(|(_, name)| self.words.get(name)) {
            let all: Vec<&String> = match words {
                Words::InTurn(_, list) => list.iter().collect(),
                Words::BySection(by, other) => by.values().chain([other]).collect(),
            };
            all.into_iter().for_each(|word| spoken.extend([" ", word]));
        }
        spoken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::clock::Length;

    fn words() -> BTreeMap<String, Words> {
        let list = ["neon", "gold"].map(String::from).to_vec();
        [("color".to_owned(), Words::InTurn(Length::Bars(4.0), list))].into()
    }

    #[test]
    fn a_fault_has_its_place() {
        let fault = |text: &str| prompt_fault(text, &words()).map(|fault| fault.at);
        assert_eq!(fault("é {colour} sea"), Some(Some(3..11)));
        assert_eq!((fault("(sea:9)"), fault("{color} sea {section}")), (Some(None), None));
    }

    #[test]
    fn a_fault_of_an_expression_is_the_word_that_is_wrong() {
        let fault = |text: &str| expression_fault(text, &[]).and_then(|fault| fault.at);
        assert_eq!((fault("0.5 * kick"), fault("0.5 * kik + 1")), (None, Some(6..9)));
        for text in ["0.5 *", "0.5 * \u{e9}", "\u{1f40b}", "kick \u{1f40b}", "(", ""] {
            let at = fault(text).unwrap();
            assert!(text.get(at.clone()).is_some(), "{text}: {at:?}");
        }
    }

    #[test]
    fn words_in_braces_say_all_that_they_stand_for() {
        let preset = Preset { words: words(), ..crate::score::find("pulse").unwrap() };
        let spoken = preset.spoken("{color} sea, {section}");
        let said: Vec<&str> = spoken.split_whitespace().collect();
        assert_eq!(said, ["sea,", "neon", "gold"]);
    }
}
