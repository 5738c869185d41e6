//! The prompts of a preset's file and the words that stand in braces in them, as they are written and changed.

use super::{Document, plain};
use crate::error::{Error, Result};
use crate::score::edit::put;
use serde::Serialize;
use std::collections::BTreeMap;
use toml_edit::{Array, Item, Table, Value, table};

/// The texts of a prompt; of `section` on the one hand and `from` and `to` on the other, there is only one.
const KEYS: [&str; 6] = ["text", "negative", "section", "from", "to", "ease"];
/// How long each of a new list's words holds.
const TURN: &str = "4 bars";

/// A prompt as it is written.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PromptText {
    /// What is asked for.
    pub text: String,
    /// What is to be avoided, where it says so itself.
    pub negative: Option<String>,
    /// The label of the sections in which it holds.
    pub section: Option<String>,
    /// Where it begins instead.
    pub from: Option<String>,
    /// Where it ends.
    pub to: Option<String>,
    /// How long the way there takes.
    pub ease: Option<String>,
}

/// What a word in braces stands for, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WordsText {
    /// The word.
    pub name: String,
    /// How long each word of the list holds.
    pub every: Option<String>,
    /// Words in turn.
    pub list: Vec<String>,
    /// Or a word for sections of a label.
    pub section: BTreeMap<String, String>,
    /// And the one for all other sections.
    pub other: Option<String>,
}

impl Document {
    /// Every prompt.
    pub fn prompts(&self) -> Vec<PromptText> {
        let of = |prompt: &Table| {
            let [text, negative, section, from, to, ease] = KEYS.map(|key| prompt.get(key).map(plain));
            PromptText { text: text.unwrap_or_default(), negative, section, from, to, ease }
        };
        self.tables("prompt").map(of).collect()
    }

    /// Writes a text of a prompt; none takes it out.
    ///
    /// # Errors
    /// Usage: no such prompt or text.
    pub fn set_prompt(&mut self, index: usize, key: &str, text: Option<&str>) -> Result<()> {
        if !KEYS.contains(&key) {
            return Err(Error::usage(format!("a prompt has no text '{key}'")).hint(KEYS.join(", ")));
        }
        let prompt = self.table("prompt", index)?;
        match text {
            Some(text) if matches!(key, "from" | "to" | "ease") => put(prompt, key, place(text)),
            Some(text) => put(prompt, key, text),
            None => drop(prompt.remove(key)),
        }
        let others: &[&str] = match key {
            "section" => &["from", "to"],
            "from" | "to" => &["section"],
            _ => &[],
        };
        others.iter().for_each(|other| drop(prompt.remove(other)));
        Ok(())
    }

    /// Adds a prompt for the sections of one label or from a place on, to begin with the first prompt's text.
    pub fn add_prompt(&mut self, section: Option<&str>, from: Option<&str>) {
        let text = self.prompts().first().map(|p| p.text.clone()).unwrap_or_default();
        let section = section.map(|section| ("section", Value::from(section)));
        let from = from.map(|from| ("from", place(from)));
        self.push("prompt", [("text", text.into())].into_iter().chain(section).chain(from).collect());
    }

    /// Every word in braces that the file explains.
    pub fn words(&self) -> Vec<WordsText> {
        let of = |(name, words): (&str, &Item)| {
            let text = |key: &str| words.get(key).map(plain);
            let list = words.get("list").and_then(Item::as_array);
            let list =
                list.into_iter().flatten().filter_map(|word| Some(word.as_str()?.to_owned())).collect();
            let by = words.get("section").and_then(Item::as_table_like);
            let section =
                by.into_iter().flat_map(|by| by.iter().map(|(k, v)| (k.to_owned(), plain(v)))).collect();
            WordsText { name: name.to_owned(), every: text("every"), list, section, other: text("other") }
        };
        let all = self.0.get("words").and_then(Item::as_table_like);
        all.into_iter().flat_map(|all| all.iter().map(of)).collect()
    }

    /// Explains another word in braces, to begin with by the word itself.
    ///
    /// # Errors
    /// Usage: it is explained already.
    pub fn add_words(&mut self, name: &str) -> Result<()> {
        let all = self.0.entry("words").or_insert_with(table);
        if let Item::Table(all) = all {
            all.set_implicit(true);
        }
        let Some(all) = all.as_table_like_mut().filter(|all| !all.contains_key(name)) else {
            return Err(
                Error::usage(format!("{{{name}}} is defined already")).hint("change it in its own row")
            );
        };
        let words =
            Table::from_iter([("every", Value::from(TURN)), ("list", Array::from_iter([name]).into())]);
        all.insert(name, Item::Table(words));
        Ok(())
    }

    /// Writes a text of a word in braces: `list` with commas between its words, `every`, `other`, or the label of a section.
    /// Without text, the file says nothing about it any more.
    ///
    /// # Errors
    /// Usage: the word isn't explained, or has no such text.
    pub fn set_words_text(&mut self, name: &str, key: &WordsKey, text: Option<&str>) -> Result<()> {
        let all = self.0.get_mut("words").and_then(Item::as_table_like_mut);
        let words = all.and_then(|all| all.get_mut(name)?.as_table_like_mut());
        let Some(words) = words else {
            return Err(Error::usage(format!("{{{name}}} is not defined")).hint("reload the page"));
        };
        let key = match key {
            WordsKey::Section(label) => {
                let by = words.entry("section").or_insert(table());
                let by = by.as_table_like_mut();
                by.into_iter().for_each(|by| match text {
                    Some(text) => put(by, label, text),
                    None => drop(by.remove(label)),
                });
                return Ok(());
            }
            WordsKey::List => "list",
            WordsKey::Every => "every",
            WordsKey::Other => "other",
        };
        match text {
            Some(text) if key == "list" => {
                let list = text.split(',').map(str::trim).filter(|word| !word.is_empty());
                put(words, key, list.collect::<Array>());
            }
            Some(text) if key == "every" => put(words, key, place(text)),
            Some(text) => put(words, key, text),
            None => drop(words.remove(key)),
        }
        Ok(())
    }

    /// Takes the explanation of a word in braces away.
    pub fn remove_words(&mut self, name: &str) {
        let all = self.0.get_mut("words").and_then(Item::as_table_like_mut);
        all.into_iter().for_each(|all| drop(all.remove(name)));
    }
}

/// Which text of a word in braces is meant.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WordsKey {
    /// The words in turn.
    List,
    /// How long each of them holds.
    Every,
    /// The word for sections of this label.
    Section(String),
    /// The word for all other sections.
    Other,
}

/// Lengths that are plain numbers are written as such.
fn place(text: &str) -> Value {
    text.parse::<f64>().ok().filter(|n| n.is_finite()).map_or_else(|| text.into(), Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: &str = "# mine\n[[prompt]]\ntext = \"waves\" # calm\nsection = \"A\"\n";

    fn valid(look: &Document) {
        assert!(Document::read("mine", &look.text()).is_ok(), "{}", look.text());
    }

    #[test]
    fn every_text_of_a_prompt_is_written_and_taken_out_again() {
        let mut look = Document::read("mine", LOOK).unwrap();
        for (key, text) in [("from", "8 bars"), ("to", "16 bars"), ("ease", "0.5"), ("negative", "fog")] {
            look.set_prompt(0, key, Some(text)).unwrap();
        }
        valid(&look);
        let text = LOOK.replace(
            "section = \"A\"\n",
            "from = \"8 bars\"\nto = \"16 bars\"\nease = 0.5\nnegative = \"fog\"\n",
        );
        assert_eq!(look.text(), text);
        look.set_prompt(0, "section", Some("A")).unwrap();
        for key in ["ease", "negative"] {
            look.set_prompt(0, key, None).unwrap();
        }
        assert_eq!(look.text(), LOOK);
        look.add_prompt(None, Some("33 beats"));
        look.add_prompt(Some("B"), None);
        valid(&look);
        let places: Vec<_> = look.prompts().into_iter().map(|p| (p.section, p.from)).collect();
        assert_eq!(places[1..], [(None, Some("33 beats".into())), (Some("B".into()), None)]);
        assert!(look.set_prompt(9, "text", None).is_err() && look.set_prompt(0, "weight", None).is_err());
    }

    #[test]
    fn words_in_braces_come_in_turn_or_by_section() {
        let mut look = Document::read("mine", LOOK).unwrap();
        look.add_words("color").unwrap();
        look.set_prompt(0, "text", Some("{color} waves")).unwrap();
        look.set_words_text("color", &WordsKey::List, Some("neon, deep gold,")).unwrap();
        look.set_words_text("color", &WordsKey::Every, Some("2 bars")).unwrap();
        valid(&look);
        let list = ["neon", "deep gold"].map(String::from).to_vec();
        let words =
            WordsText { name: "color".into(), every: Some("2 bars".into()), list, ..WordsText::default() };
        assert_eq!(look.words(), [words]);
        look.set_words_text("color", &WordsKey::Other, Some("grey")).unwrap();
        look.set_words_text("color", &WordsKey::Section("B".into()), Some("red")).unwrap();
        valid(&look);
        assert_eq!(look.words()[0].section["B"], "red");
        look.set_words_text("color", &WordsKey::Section("B".into()), None).unwrap();
        assert!(look.words()[0].section.is_empty());
        assert!(
            look.add_words("color").is_err() && look.set_words_text("c", &WordsKey::Every, None).is_err()
        );
        look.remove_words("color");
        look.set_prompt(0, "text", Some("waves")).unwrap();
        assert_eq!(look.text(), LOOK);
    }
}
