//! Prompts, and the words in braces in them: as they are changed in a look's file, and told to the page.

use super::player::Player;
use super::state::EditedPreset;
use crate::error::Result;
use crate::score::{Document, PromptFault, WordsKey, prompt_fault};
use serde::Deserialize;
use serde_json::{Value, json};
use std::ops::Range;

/// Phrases that are named where a prompt says nothing that the model knows.
const SUGGESTED: usize = 6;

/// A change of a look's prompts, which are counted from 0 as in its file.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "how", rename_all = "snake_case", deny_unknown_fields)]
pub enum PromptEdit {
    /// Another text: what is asked for, `negative`, its place, the way there.
    Set {
        /// Which prompt.
        index: usize,
        /// Which of its keys.
        key: String,
        /// The text; none: the key goes.
        text: Option<String>,
    },
    /// Another prompt, for
    Add {
        /// the sections of this label, or
        section: Option<String>,
        /// from here on.
        from: Option<String>,
    },
    /// It goes.
    Remove {
        /// Which prompt.
        index: usize,
    },
    /// A word in braces stands for something from now on.
    AddWords {
        /// The word.
        name: String,
    },
    /// It stands for something else.
    SetWords {
        /// The word.
        name: String,
        /// Which text of it.
        key: WordsKey,
        /// The text; none: the key goes.
        text: Option<String>,
    },
    /// It stands for nothing any more.
    RemoveWords {
        /// The word.
        name: String,
    },
}

impl PromptEdit {
    /// What is asked for with it, or avoided, if it is such a text.
    pub fn said(&self) -> Option<&str> {
        match self {
            PromptEdit::Set { key, text: Some(text), .. } if key == "text" || key == "negative" => Some(text),
            _ => None,
        }
    }

    /// Makes it in `look`.
    ///
    /// # Errors
    /// Usage: there is nothing of the kind.
    pub fn apply(&self, look: &mut Document) -> Result<()> {
        match self {
            PromptEdit::Set { index, key, text } => look.set_prompt(*index, key, text.as_deref())?,
            PromptEdit::Add { section, from } => look.add_prompt(section.as_deref(), from.as_deref()),
            PromptEdit::Remove { index } => look.remove("prompt", *index)?,
            PromptEdit::AddWords { name } => look.add_words(name)?,
            PromptEdit::SetWords { name, key, text } => look.set_words_text(name, key, text.as_deref())?,
            PromptEdit::RemoveWords { name } => look.remove_words(name),
        }
        Ok(())
    }
}

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
                vec![format!("braces hold {}; a plain word needs none", known.join(", "))]
            }
            None => error.hints().to_vec(),
        };
        let word = at.clone().map(|range| text[range].trim_matches(['{', '}']));
        let at = at.clone().map(|range| units(text, range));
        Some(json!({ "message": error.to_string(), "hints": hints, "at": at, "word": word }))
    }
}

#[cfg(test)]
impl PromptEdit {
    /// Another text of the prompt `index`.
    pub(super) fn text(index: usize, text: &str) -> Self {
        PromptEdit::Set { index, key: "text".into(), text: Some(text.into()) }
    }
}

/// A part of a text as the page counts it, which is as its texts do.
pub(super) fn units(text: &str, bytes: Range<usize>) -> [usize; 2] {
    [bytes.start, bytes.end].map(|byte| text[..byte].encode_utf16().count())
}
