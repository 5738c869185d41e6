//! A preset's file as values that can be changed and written again.
//!
//! What a [`Document`] writes is an ordinary preset; comments of the file that it was read from are lost.

use super::preset::Preset;
use crate::error::{Error, Result};
use serde::Serialize;
use std::collections::BTreeSet;
use toml::{Table, Value};

/// The numbers of a route that can be turned.
pub const ROUTE_KEYS: [&str; 6] = ["amount", "offset", "attack", "hold", "release", "look_ahead"];

/// A preset's file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document(Table);

/// A number with what it counts: nothing, or a word like `beats`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Number {
    /// How many.
    pub value: f64,
    /// Of what; empty for a plain number and for seconds.
    pub unit: String,
}

/// A route as it is written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RouteText {
    /// The signal or the expression.
    pub input: String,
    /// The parameter.
    pub to: String,
    /// `add` or `multiply`.
    pub mode: String,
    /// The value of each of [`ROUTE_KEYS`], in that order; none where the file says nothing.
    pub numbers: Vec<Option<Number>>,
}

/// A prompt as it is written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromptText {
    /// What is asked for.
    pub text: String,
    /// Where it holds, in words; empty for everywhere.
    pub place: String,
}

impl Document {
    /// The preset that `text` describes, called `name` in errors.
    ///
    /// # Errors
    /// As [`Preset::parse`].
    pub fn read(name: &str, text: &str) -> Result<Self> {
        Preset::parse(name, text)?;
        let table = text.parse::<Table>();
        table.map(Document).map_err(|e| Error::usage(format!("{name} can't be read")).because(e))
    }

    /// The file, without the routes in `without`.
    pub fn text(&self, without: &BTreeSet<usize>) -> String {
        let mut table = self.0.clone();
        if let Some(Value::Array(routes)) = table.get_mut("route") {
            let mut index = 0..;
            routes.retain(|_| index.next().is_some_and(|i| !without.contains(&i)));
        }
        table.to_string()
    }

    /// Every route.
    pub fn routes(&self) -> Vec<RouteText> {
        let word = |route: &Table, key: &str| route.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
        let of = |route: &Table| RouteText {
            input: word(route, if route.contains_key("signal") { "signal" } else { "value" }),
            to: word(route, "to"),
            mode: route.get("mode").and_then(Value::as_str).unwrap_or("add").to_owned(),
            numbers: ROUTE_KEYS.iter().map(|key| route.get(*key).and_then(Number::read)).collect(),
        };
        self.tables("route").map(of).collect()
    }

    /// Every prompt.
    pub fn prompts(&self) -> Vec<PromptText> {
        let shown = |prompt: &Table, key: &str| prompt.get(key).map(plain).unwrap_or_default();
        let of = |prompt: &Table| PromptText {
            text: shown(prompt, "text"),
            place: match (prompt.get("section"), prompt.get("from"), prompt.get("to")) {
                (Some(section), ..) => format!("section {}", plain(section)),
                (_, Some(from), Some(to)) => format!("{} to {}", plain(from), plain(to)),
                (_, Some(from), _) => format!("from {}", plain(from)),
                _ => String::new(),
            },
        };
        self.tables("prompt").map(of).collect()
    }

    /// Holds the base value of a parameter at `value`.
    pub fn set_base(&mut self, param: &str, value: f64) {
        let base = self.0.entry("base").or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(base) = base {
            base.insert(param.to_owned(), Value::Float(value));
        }
    }

    /// Gives a base value back to the parameter's default.
    pub fn reset_base(&mut self, param: &str) {
        if let Some(Value::Table(base)) = self.0.get_mut("base") {
            base.remove(param);
        }
    }

    /// Turns a number of a route; what it counts stays.
    ///
    /// # Errors
    /// Usage: no such route or key.
    pub fn set_route(&mut self, index: usize, key: &str, value: f64) -> Result<()> {
        if !ROUTE_KEYS.contains(&key) {
            return Err(Error::usage(format!("a route has no number '{key}'"))
                .hint(format!("numbers are {}", ROUTE_KEYS.join(", "))));
        }
        let route = self.table("route", index)?;
        let unit = route.get(key).and_then(Number::read).map_or_else(String::new, |n| n.unit);
        let value = match unit.as_str() {
            "" => Value::Float(value),
            unit => Value::String(format!("{value} {unit}")),
        };
        route.insert(key.to_owned(), value);
        Ok(())
    }

    /// Writes another text into a prompt.
    ///
    /// # Errors
    /// Usage: no such prompt.
    pub fn set_prompt(&mut self, index: usize, text: &str) -> Result<()> {
        self.table("prompt", index)?.insert("text".into(), Value::String(text.to_owned()));
        Ok(())
    }

    /// Adds a prompt for the sections of one label, to begin with the first prompt's text.
    pub fn add_prompt(&mut self, section: &str) {
        let text = self.prompts().first().map(|p| p.text.clone()).unwrap_or_default();
        if let Some(Value::Array(prompts)) = self.0.get_mut("prompt") {
            let pairs = [("text", text), ("section", section.to_owned())];
            let table = pairs.map(|(key, value)| (key.to_owned(), Value::String(value)));
            prompts.push(Value::Table(table.into_iter().collect()));
        }
    }

    fn tables(&self, name: &str) -> impl Iterator<Item = &Table> {
        let list = self.0.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_table)
    }

    fn table(&mut self, name: &str, index: usize) -> Result<&mut Table> {
        let list = self.0.get_mut(name).and_then(Value::as_array_mut);
        let found = list.and_then(|list| list.get_mut(index)).and_then(Value::as_table_mut);
        found.ok_or_else(|| {
            Error::usage(format!("there is no {name} {index}"))
                .hint("they are counted from 0, as in the file")
        })
    }
}

impl Number {
    /// `0.5`, `"0.5 beats"`; none for other forms.
    fn read(value: &Value) -> Option<Self> {
        let (number, unit) = match value {
            Value::Float(number) => (*number, ""),
            Value::Integer(number) => (*number as f64, ""),
            Value::String(text) => {
                let (number, unit) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
                (number.parse().ok()?, unit.trim())
            }
            _ => return None,
        };
        Some(Number { value: number, unit: unit.to_owned() })
    }
}

/// A value as a person writes it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::shipped;

    #[test]
    fn what_is_written_is_the_same_preset() {
        for (name, text) in shipped() {
            let document = Document::read(name, text).unwrap();
            let again = Preset::parse(name, &document.text(&BTreeSet::new())).unwrap();
            assert_eq!(again, Preset::parse(name, text).unwrap(), "{name}");
        }
    }

    #[test]
    fn numbers_keep_what_they_count() {
        let text = "[[route]]\nsignal = \"kick\"\nto = \"zoom\"\nrelease = \"0.5 beats\"\n[[prompt]]\ntext = \"a\"\n";
        let mut document = Document::read("test", text).unwrap();
        document.set_route(0, "release", 0.25).unwrap();
        document.set_route(0, "amount", 2.0).unwrap();
        let written = document.text(&BTreeSet::new());
        assert!(
            written.contains("release = \"0.25 beats\"") && written.contains("amount = 2.0"),
            "{written}"
        );
        assert!(document.set_route(1, "amount", 1.0).is_err());
        assert!(document.set_route(0, "signal", 1.0).is_err());
    }

    #[test]
    fn a_route_can_be_left_out() {
        let document = Document::read("pulse", shipped()[0].1).unwrap();
        let written = document.text(&BTreeSet::from([1, 3]));
        let inputs: Vec<_> = Document::read("pulse", &written).unwrap().routes();
        let inputs: Vec<_> = inputs.iter().map(|r| (r.input.as_str(), r.to.as_str())).collect();
        assert_eq!(
            inputs,
            [("loudness", "motion_scale"), ("loudness", "motion_scale"), ("kick", "exposure")]
        );
    }

    #[test]
    fn base_values_and_prompts_are_written() {
        let mut document = Document::read("pulse", shipped()[0].1).unwrap();
        document.set_base("glow", 0.5);
        document.set_prompt(0, "a \"quoted\"\n rose").unwrap();
        document.add_prompt("B");
        let preset = Preset::parse("pulse", &document.text(&BTreeSet::new())).unwrap();
        assert_eq!(preset.base["glow"], 0.5);
        assert_eq!(preset.prompts[1].text, "a \"quoted\"\n rose");
        document.reset_base("glow");
        assert!(!document.text(&BTreeSet::new()).contains("glow"));
    }
}
