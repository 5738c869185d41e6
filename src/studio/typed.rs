//! What is typed for prompts and expressions, as the page is told of it: what is wrong with it and where, and what the model knows instead.

use super::player::Player;
use super::state::EditedPreset;
use crate::error::Result;
use crate::score::{PromptFault, expression_fault, prompt_fault};
use serde_json::{Value, json};
use std::ops::Range;

/// Phrases that are named where a prompt says nothing that the model knows.
const SUGGESTED: usize = 6;

impl Player {
    /// The prompts, what the model makes of them, and what the words in braces stand for.
    ///
    /// # Errors
    /// As [`EditedPreset::preset`].
    pub(super) fn prompts(&self, edited: &EditedPreset) -> Result<Value> {
        let preset = edited.preset()?;
        let document = edited.worked_on().1;
        let told = document.prompts().into_iter().map(|prompt| {
            let spoken = preset.spoken(&prompt.text);
            let unknown = self.model.words.as_ref().filter(|words| !words.know(&spoken));
            let mut told = json!(prompt);
            told["near"] = json!(unknown.map(|words| words.nearest(&spoken, SUGGESTED)));
            told
        });
        Ok(json!({
            "list": told.collect::<Vec<_>>(),
            "words": document.words(),
            "negative": document.head("negative"),
            "init": document.head("init"),
        }))
    }

    /// What is wrong with `text` as a prompt of `edited`, and where; the word in braces that isn't defined, if it is one.
    pub fn prompt_fault(&self, edited: &EditedPreset, text: &str) -> Option<Value> {
        let words = edited.preset().ok()?.words;
        let PromptFault { at, error } = prompt_fault(text, &words)?;
        let hints = match at {
            // A table of words is written into the file, not here.
            Some(_) => {
                let known = words.keys().map(String::as_str).chain(["section"]);
                let known: Vec<String> = known.map(|word| format!("{{{word}}}")).collect();
                vec![format!(
                    "give it words of its own, or use {}; a plain word needs no braces",
                    known.join(", ")
                )]
            }
            None => error.hints().to_vec(),
        };
        let word = at.clone().map(|range| text[range].trim_matches(['{', '}']));
        let at = at.clone().map(|range| units(text, range));
        Some(json!({ "message": error.to_string(), "hints": hints, "at": at, "word": word }))
    }

    /// What is wrong with `text` as an expression of `edited`, and where.
    pub fn expression_fault(&self, edited: &EditedPreset, text: &str) -> Option<Value> {
        let curves = edited.worked_on().1.keyframes().ok()?;
        let PromptFault { at, error } = expression_fault(text, &curves)?;
        Some(
            json!({ "message": error.to_string(), "hints": error.hints(), "at": at.map(|range| units(text, range)) }),
        )
    }
}

/// A part of a text as the page counts it, which is as its texts do.
fn units(text: &str, bytes: Range<usize>) -> [usize; 2] {
    [bytes.start, bytes.end].map(|byte| text[..byte].encode_utf16().count())
}
