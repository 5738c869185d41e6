//! The files of a project: includes followed, variables filled in. Bounded, and nothing outside the folder.

use super::raw::RawProject;
use crate::error::{Error, Result, nearest};
use crate::score::preset::{MAX_LINE, MAX_TEXT};
use crate::score::raw::Source;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

/// Gives the text of the file at a path relative to the project's folder.
pub type Read<'a> = dyn FnMut(&str) -> Result<String> + 'a;

/// Most files of a project, presets among them, and most bytes of all together.
const MAX_FILES: usize = 64;
const MAX_BYTES: usize = 16 << 20;
/// Deepest chain of includes.
const MAX_DEPTH: usize = 8;
/// Most variables.
const MAX_VARIABLES: usize = 1000;

/// Reads the files of a project, each once.
pub(super) struct Loader<'a, 'r> {
    read: &'a mut Read<'r>,
    texts: BTreeMap<String, String>,
    /// Project files in the order in which they count, the last one most.
    pub order: Vec<String>,
    /// Those that are being read, each included by the one before.
    open: Vec<String>,
    variables: BTreeMap<String, String>,
}

impl<'a, 'r> Loader<'a, 'r> {
    pub fn new(read: &'a mut Read<'r>) -> Self {
        let (texts, variables) = (BTreeMap::new(), BTreeMap::new());
        Loader { read, texts, order: Vec::new(), open: Vec::new(), variables }
    }

    /// Takes in the project file `name` and, before it, all that it includes.
    pub fn gather(&mut self, name: &str, text: String) -> Result<()> {
        let source = Source { name, text: &text };
        source.bounded()?;
        let table = DeTable::parse(&text).map_err(|e| source.refused(&e))?;
        let find = |key: &str| table.get_ref().iter().find(|(k, _)| k.get_ref() == key).map(|(_, v)| v);
        self.open.push(name.to_owned());
        for (path, place) in find("include").map_or(Ok(Vec::new()), |v| includes(&source, v))? {
            self.include(&source, &path, place)?;
        }
        for (key, value) in find("variables").map_or(Ok(Vec::new()), |v| variables(&source, v))? {
            self.variables.insert(key, value);
        }
        self.open.pop();
        self.order.push(name.to_owned());
        self.texts.insert(name.to_owned(), text);
        Ok(())
    }

    fn include(&mut self, source: &Source, path: &str, place: Range<usize>) -> Result<()> {
        let path = inside(path).map_err(|e| source.at(place.clone(), e))?;
        if self.open.iter().any(|open| open == path) {
            let error = Error::usage(format!("'{path}' includes itself in the end"));
            return Err(source.at(place, error.hint("take this include out")));
        }
        if self.open.len() >= MAX_DEPTH {
            let error = Error::usage("includes are nested too deeply");
            return Err(source.at(place, error.hint(format!("at most {MAX_DEPTH} levels"))));
        }
        if self.texts.contains_key(path) {
            return Ok(());
        }
        let text = self.fetch(path).map_err(|e| source.at(place, e))?;
        self.gather(path, text)
    }

    /// The text of the file at `path`, which was checked.
    fn fetch(&mut self, path: &str) -> Result<String> {
        if self.texts.len() >= MAX_FILES {
            let error = Error::usage("the project has too many files");
            return Err(error.hint(format!("at most {MAX_FILES}")));
        }
        let text = (self.read)(path)?;
        if text.len() + self.texts.values().map(String::len).sum::<usize>() > MAX_BYTES {
            let error = Error::usage("the project's files are too large");
            return Err(error.hint(format!("at most {} MB together", MAX_BYTES >> 20)));
        }
        Ok(text)
    }

    /// The text of the preset at `path`.
    pub fn preset(&mut self, path: &str) -> Result<String> {
        if let Some(known) = self.texts.get(path) {
            return Ok(known.clone());
        }
        let text = self.fetch(path)?;
        self.texts.insert(path.to_owned(), text.clone());
        Ok(text)
    }

    /// The text of a project file that was taken in.
    pub fn text(&self, name: &str) -> String {
        self.texts.get(name).cloned().unwrap_or_default()
    }

    /// The tables of a project file, with variables filled in.
    pub fn tables(&self, source: &Source) -> Result<RawProject> {
        let mut table = DeTable::parse(source.text).map_err(|e| source.refused(&e))?;
        for (key, value) in table.get_mut().iter_mut() {
            if !["include", "variables"].contains(&key.get_ref().as_ref()) {
                self.fill(source, value)?;
            }
        }
        name_slots(source, table.get_mut())?;
        RawProject::deserialize(Deserializer::from(table)).map_err(|e| source.refused(&e))
    }

    /// Replaces variables in all texts in `value`.
    fn fill(&self, source: &Source, value: &mut Spanned<DeValue>) -> Result<()> {
        let place = value.span();
        match value.get_mut() {
            DeValue::String(text) if text.contains("${") => {
                let filled = self.filled(text).map_err(|e| source.at(place, e))?;
                *text = filled.into();
            }
            DeValue::Array(list) => list.iter_mut().try_for_each(|v| self.fill(source, v))?,
            DeValue::Table(table) => table.iter_mut().try_for_each(|(_, v)| self.fill(source, v))?,
            _ => {}
        }
        Ok(())
    }

    fn filled(&self, text: &str) -> Result<String> {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, name, behind)) = rest
            .split_once("${")
            .and_then(|(before, from)| from.split_once('}').map(|(name, behind)| (before, name, behind)))
        {
            let value = self.variables.get(name).ok_or_else(|| self.unknown(name))?;
            out.push_str(before);
            out.push_str(value);
            rest = behind;
            if out.len() > 4 * MAX_TEXT {
                return Err(Error::usage("this text is too long with its variables filled in"));
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn unknown(&self, name: &str) -> Error {
        let error = Error::usage(format!("there is no variable '{name}'"));
        match nearest(name, self.variables.keys().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean '{near}'?")),
            None => error.hint(format!("add it under [variables]: {name} = \"...\"")),
        }
    }

    /// Every file that was read, by path.
    pub fn files(self) -> BTreeMap<String, String> {
        self.texts
    }
}

/// Gives values of slots their names, in the project's `set` and those of its parts.
fn name_slots(source: &Source, project: &mut DeTable) -> Result<()> {
    let set = |table: &mut DeTable| match table.get_mut("set").map(Spanned::get_mut) {
        Some(DeValue::Table(set)) => source.name_slots(set),
        _ => Ok(()),
    };
    set(project)?;
    let Some(DeValue::Array(parts)) = project.get_mut("part").map(Spanned::get_mut) else { return Ok(()) };
    let mut tables = parts.iter_mut().filter_map(|part| match part.get_mut() {
        DeValue::Table(part) => Some(part),
        _ => None,
    });
    tables.try_for_each(set)
}

/// The paths of an `include`, with their places.
fn includes(source: &Source, value: &Spanned<DeValue>) -> Result<Vec<(String, Range<usize>)>> {
    let wrong = || {
        let error = Error::usage("include is a list of files").hint("like include = [\"looks.toml\"]");
        source.at(value.span(), error)
    };
    let list = value.get_ref().as_array().ok_or_else(wrong)?;
    list.iter().map(|v| Ok((v.get_ref().as_str().ok_or_else(wrong)?.to_owned(), v.span()))).collect()
}

/// The lines of `[variables]`.
fn variables(source: &Source, value: &Spanned<DeValue>) -> Result<Vec<(String, String)>> {
    let wrong = |place: Range<usize>, what: &str| {
        source.at(place, Error::usage(what.to_owned()).hint("like mood = \"golden\""))
    };
    let Some(table) = value.get_ref().as_table() else {
        return Err(wrong(value.span(), "variables are a table"));
    };
    if table.len() > MAX_VARIABLES {
        return Err(wrong(value.span(), "these are too many variables"));
    }
    let mut found = Vec::new();
    for (key, value) in table {
        let name = key.get_ref();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(wrong(key.span(), "a variable's name has letters, digits and _"));
        }
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            _ => return Err(wrong(value.span(), "a variable is text or a number")),
        };
        if text.chars().count() > MAX_LINE {
            return Err(wrong(value.span(), "this variable is too long"));
        }
        found.push((name.to_string(), text));
    }
    Ok(found)
}

/// `path`, if it can't lead out of the project's folder by its form. Links are looked at by who opens it.
pub(super) fn inside(path: &str) -> Result<&str> {
    let parts = || path.split(['/', '\\']);
    let bad = |why: &str| {
        Error::usage(format!("'{path}' {why}"))
            .hint("name a file inside the project's folder, like \"song.flac\" or \"looks/night.toml\"")
    };
    if path.is_empty() || path.chars().any(char::is_control) {
        return Err(bad("is not a path"));
    }
    if path.starts_with(['/', '\\', '~']) || path.contains(':') {
        return Err(bad("is not relative to the project's folder"));
    }
    if parts().any(|part| part == "..") {
        return Err(bad("leads out of the project's folder"));
    }
    if parts().any(|part| part.is_empty() || part == ".") {
        return Err(bad("is not written plainly"));
    }
    Ok(path)
}
