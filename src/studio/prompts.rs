//! Prompts, and the words in braces in them, as they are changed in a look's file.

use crate::error::Result;
use crate::score::{Document, WordsKey};
use serde::Deserialize;

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

#[cfg(test)]
impl PromptEdit {
    /// Another text of the prompt `index`.
    pub(super) fn text(index: usize, text: &str) -> Self {
        PromptEdit::Set { index, key: "text".into(), text: Some(text.into()) }
    }
}
