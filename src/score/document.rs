//! A preset's file that can be changed and written again.
//!
//! What a [`Document`] writes is the file that it was read from, comments too, but for what was changed.

use super::edit::put;
use super::param::Param;
use super::preset::Preset;
use super::schema::{Form, Key, TABLES};
use super::signal::Signal;
use crate::error::{Error, Result};
use serde::Serialize;
use std::collections::BTreeMap;
use toml_edit::{DocumentMut, Item, Table, Value, table};

/// The keys of a route that are neither its wiring nor plain numbers.
const WORDS: [&str; 5] = ["curve", "quantiles", "quantize", "accumulate", "every"];

/// The texts at the head of a file that can be changed one by one.
const HEAD: [&str; 3] = ["about", "negative", "init"];

/// The part of a parameter's range that a new route gives, and how long its hits ring, in seconds.
const GENTLE: f64 = 1.0 / 8.0;
const RING: f64 = 0.2;

/// A preset's file; `base`, routes and prompts are tables of their own.
#[derive(Clone, Debug)]
pub struct Document(DocumentMut);

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

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
    /// The value of each of [`route_numbers`], in that order; none where the file says nothing.
    pub numbers: Vec<Option<Number>>,
    /// What is no number: `curve`, `quantiles`, `quantize`, `accumulate` and `every`, where the file says it.
    pub words: BTreeMap<&'static str, String>,
    /// Whether it is left out.
    pub bypass: bool,
}

/// The keys of a route that are numbers, each with its value where the file says nothing; none: it does nothing then, or
/// follows another one.
pub fn route_numbers() -> impl Iterator<Item = (&'static Key, Option<f64>)> {
    let keys = TABLES.iter().filter(|t| t.name == "route").flat_map(|t| t.keys);
    // A grid has no smallest length that leaves values as they are.
    let number = |k: &&Key| matches!(k.form, Form::Number(..) | Form::Length) && k.name != "quantize";
    keys.filter(number).map(|key| {
        let default = match key.name {
            "look_ahead" | "floor" | "ceiling" => None,
            "amount" => Some(1.0),
            _ => Some(0.0),
        };
        (key, default)
    })
}

impl Document {
    /// The preset that `text` describes, called `name` in errors.
    ///
    /// # Errors
    /// As [`Preset::parse`].
    pub fn read(name: &str, text: &str) -> Result<Self> {
        Preset::parse(name, text)?;
        let mut document = text
            .parse::<DocumentMut>()
            .map_err(|e| Error::usage(format!("{name} can't be read")).because(e.message()))?;
        // What was written in one line gets lines of its own, so that there is one form to change.
        for key in ["base", "route", "prompt", "curve", "cuts"] {
            if let Some(item) = document.get_mut(key) {
                *item = apart(std::mem::take(item));
            }
        }
        Ok(Document(document))
    }

    /// The file.
    pub fn text(&self) -> String {
        self.0.to_string()
    }

    /// Every route.
    pub fn routes(&self) -> Vec<RouteText> {
        let word = |route: &Table, key: &str| route.get(key).and_then(Item::as_str).unwrap_or("").to_owned();
        let of = |route: &Table| RouteText {
            input: word(route, if route.contains_key("signal") { "signal" } else { "value" }),
            to: word(route, "to"),
            mode: route.get("mode").and_then(Item::as_str).unwrap_or("add").to_owned(),
            numbers: route_numbers().map(|(key, _)| route.get(key.name).and_then(Number::read)).collect(),
            words: WORDS.into_iter().filter_map(|key| Some((key, plain(route.get(key)?)))).collect(),
            bypass: route.get("bypass").and_then(Item::as_bool).unwrap_or(false),
        };
        self.tables("route").map(of).collect()
    }

    /// Holds the base value of a parameter at `value`.
    pub fn set_base(&mut self, param: &str, value: f64) {
        if let Item::Table(base) = self.0.entry("base").or_insert_with(table) {
            put(base, param, value);
        }
    }

    /// Gives a base value back to the parameter's default.
    pub fn reset_base(&mut self, param: &str) {
        if let Some(base) = self.0.get_mut("base").and_then(Item::as_table_mut) {
            base.remove(param);
        }
    }

    /// Turns a number of a route; what it counts stays. Without a value, the file says nothing about it any more.
    ///
    /// # Errors
    /// Usage: no such route or key.
    pub fn set_number(&mut self, index: usize, key: &str, value: Option<f64>) -> Result<()> {
        if !route_numbers().any(|(known, _)| known.name == key) {
            let names: Vec<&str> = route_numbers().map(|(k, _)| k.name).collect();
            return Err(Error::usage(format!("a route has no number '{key}'"))
                .hint(format!("numbers are {}", names.join(", "))));
        }
        let route = self.table("route", index)?;
        let unit = route.get(key).and_then(Number::read).map_or_else(String::new, |n| n.unit);
        match value {
            None => drop(route.remove(key)),
            Some(value) if unit.is_empty() => put(route, key, value),
            Some(value) => put(route, key, format!("{value} {unit}")),
        }
        Ok(())
    }

    /// Lets a route listen to another signal.
    ///
    /// # Errors
    /// Usage: no such route.
    pub fn set_signal(&mut self, index: usize, signal: &str) -> Result<()> {
        let route = self.table("route", index)?;
        route.remove("value");
        // Only beats and bars can be counted.
        if !Signal::find(signal).is_ok_and(Signal::counts) {
            route.remove("every");
        }
        put(route, "signal", signal);
        Ok(())
    }

    /// Lets a route turn another parameter.
    ///
    /// # Errors
    /// Usage: no such route.
    pub fn set_target(&mut self, index: usize, param: &str) -> Result<()> {
        put(self.table("route", index)?, "to", param);
        Ok(())
    }

    /// Adds or multiplies what a route gives.
    ///
    /// # Errors
    /// Usage: no such route.
    pub fn set_mode(&mut self, index: usize, mode: &str) -> Result<()> {
        put(self.table("route", index)?, "mode", mode);
        Ok(())
    }

    /// Leaves a route out, or takes it in again.
    ///
    /// # Errors
    /// Usage: no such route.
    pub fn set_bypass(&mut self, index: usize, on: bool) -> Result<()> {
        let route = self.table("route", index)?;
        match on {
            true => put(route, "bypass", true),
            false => drop(route.remove("bypass")),
        }
        Ok(())
    }

    /// Adds a route that moves `param` a little.
    pub fn add_route(&mut self, signal: &str, param: &Param) {
        let amount = GENTLE * (param.max - param.min);
        let words = [("signal", signal), ("to", &*param.name)].map(|(key, word)| (key, Value::from(word)));
        let numbers = [("amount", amount), ("release", RING)].map(|(key, number)| (key, Value::from(number)));
        self.push("route", words.into_iter().chain(numbers).collect());
    }

    /// Takes a route or a prompt away.
    ///
    /// # Errors
    /// Usage: no such one.
    pub fn remove(&mut self, name: &str, index: usize) -> Result<()> {
        self.table(name, index)?;
        if let Some(list) = self.0.get_mut(name).and_then(Item::as_array_of_tables_mut) {
            list.remove(index);
        }
        Ok(())
    }

    /// Writes a text at the head of the file, as `negative` or `init` are; none takes it out.
    ///
    /// # Errors
    /// Usage: there is no such text.
    pub fn set_head(&mut self, key: &str, text: Option<&str>) -> Result<()> {
        if !HEAD.contains(&key) {
            return Err(Error::usage(format!("a preset has no text '{key}'")).hint(HEAD.join(", ")));
        }
        match text {
            Some(text) => put(self.0.as_table_mut(), key, text),
            None => drop(self.0.remove(key)),
        }
        Ok(())
    }

    /// A text at the head of the file.
    pub fn head(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }

    fn push(&mut self, name: &str, made: Table) {
        let item = self.0.entry(name).or_insert_with(Item::default);
        match item {
            Item::ArrayOfTables(list) => list.push(made),
            // An empty list may have been written.
            _ => *item = Item::ArrayOfTables([made].into_iter().collect()),
        }
    }

    fn tables(&self, name: &str) -> impl Iterator<Item = &Table> {
        self.0.get(name).and_then(Item::as_array_of_tables).into_iter().flatten()
    }

    fn table(&mut self, name: &str, index: usize) -> Result<&mut Table> {
        let list = self.0.get_mut(name).and_then(Item::as_array_of_tables_mut);
        let found = list.and_then(|list| list.get_mut(index));
        found.ok_or_else(|| {
            Error::usage(format!("there is no {name} {index}"))
                .hint("they are counted from 0, as in the file")
        })
    }
}

impl Number {
    /// `0.5`, `"0.5 beats"`; none for other forms.
    fn read(item: &Item) -> Option<Self> {
        let (number, unit) = match item.as_value()? {
            Value::Float(number) => (*number.value(), ""),
            Value::Integer(number) => (*number.value() as f64, ""),
            Value::String(text) => {
                let text = text.value().trim();
                let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
                (number.parse().ok()?, unit.trim())
            }
            _ => return None,
        };
        Some(Number { value: number, unit: unit.to_owned() })
    }
}

/// Tables that stand in one line, as tables with lines of their own.
fn apart(item: Item) -> Item {
    let item = item.into_table().map_or_else(|item| item, Item::Table);
    item.into_array_of_tables().map_or_else(|item| item, Item::ArrayOfTables)
}

/// A value as a person writes it.
fn plain(item: &Item) -> String {
    let value = item.as_value().cloned().map(|value| value.decorated("", ""));
    value.map_or_else(String::new, |v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
}

mod curves;
mod prompts;
mod settings;
mod words;

pub use curves::CurveText;
pub use prompts::{PromptText, WordsKey, WordsText};

#[cfg(test)]
mod tests;
