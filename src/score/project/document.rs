//! A project's file whose parts can be changed; everything else stays as it was written, comments too.

use crate::error::{Error, Result};
use crate::score::edit::put;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value};

/// A project's file. It is kept as text, since a studio remembers hundreds of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectDocument(Arc<str>);

/// A part as it is written.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PartText {
    /// The label of the sections in which it holds.
    pub section: Option<String>,
    /// Where it begins instead.
    pub from: Option<String>,
    /// Where it ends.
    pub to: Option<String>,
    /// The name or the file of its preset.
    pub preset: Option<String>,
    /// The prompt that is shown instead of the preset's.
    pub prompt: Option<String>,
    /// What is to be avoided.
    pub negative: Option<String>,
    /// What frames start from.
    pub init: Option<String>,
    /// How long the way there takes.
    pub ease: Option<String>,
    /// Whether a take starts where it begins.
    pub cut: bool,
    /// The parameters that it holds at a value.
    pub set: BTreeMap<String, f64>,
}

impl ProjectDocument {
    /// The keys of a part that are text or a place.
    pub const KEYS: [&'static str; 8] =
        ["section", "from", "to", "preset", "prompt", "negative", "init", "ease"];

    /// The project's file `text`.
    ///
    /// # Errors
    /// Usage: it isn't TOML.
    pub fn read(text: &str) -> Result<Self> {
        let document = ProjectDocument(text.into());
        document.parsed()?;
        Ok(document)
    }

    /// The file.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Every part.
    pub fn parts(&self) -> Vec<PartText> {
        let Ok(document) = self.parsed() else { return Vec::new() };
        let list = document.get("part").and_then(Item::as_array_of_tables);
        list.into_iter().flatten().map(PartText::of).collect()
    }

    /// The preset that holds where no part says otherwise.
    pub fn preset(&self) -> Option<String> {
        Some(self.parsed().ok()?.get("preset")?.as_str()?.trim().to_owned())
    }

    /// With another part behind the others, that says this.
    ///
    /// # Errors
    /// Usage: there is no room for parts in it.
    pub fn with_part(&self, keys: &[(&str, String)]) -> Result<Self> {
        self.changed(|parts| {
            let mut part = Table::new();
            keys.iter().for_each(|(key, text)| put(&mut part, key, value(key, text)));
            parts.push(part);
            Ok(())
        })
    }

    /// With this text at `key` of a part; none takes the key out. A part is either in a section or between places.
    ///
    /// # Errors
    /// Usage: there is no such part or key.
    pub fn with_key(&self, index: usize, key: &str, text: Option<&str>) -> Result<Self> {
        if !Self::KEYS.contains(&key) {
            return Err(Error::usage(format!("a part has no text '{key}'")).hint(Self::KEYS.join(", ")));
        }
        self.changed_part(index, |part| {
            match text {
                Some(text) => put(part, key, value(key, text)),
                None => drop(part.remove(key)),
            }
            let others: &[&str] = match key {
                "section" => &["from", "to"],
                "from" | "to" => &["section"],
                _ => &[],
            };
            others.iter().for_each(|other| drop(part.remove(other)));
        })
    }

    /// With a parameter that a part holds at this value; none: as its look says.
    ///
    /// # Errors
    /// Usage: there is no such part.
    pub fn with_held(&self, index: usize, param: &str, value: Option<f64>) -> Result<Self> {
        self.changed_part(index, |part| {
            let set = part.entry("set").or_insert_with(|| {
                let mut set = Table::new();
                set.set_dotted(true);
                Item::Table(set)
            });
            let Some(set) = set.as_table_like_mut() else { return };
            match value {
                Some(value) => put(set, param, value),
                None => drop(set.remove(param)),
            }
            if set.is_empty() {
                part.remove("set");
            }
        })
    }

    /// With a take that starts where a part begins, or without.
    ///
    /// # Errors
    /// Usage: there is no such part.
    pub fn with_cut(&self, index: usize, on: bool) -> Result<Self> {
        self.changed_part(index, |part| match on {
            true => put(part, "cut", true),
            false => drop(part.remove("cut")),
        })
    }

    /// Without a part.
    ///
    /// # Errors
    /// Usage: there is no such part.
    pub fn without_part(&self, index: usize) -> Result<Self> {
        self.changed(|parts| {
            exists(parts, index)?;
            parts.remove(index);
            Ok(())
        })
    }

    /// With a part at another place among the others: later ones win.
    ///
    /// # Errors
    /// Usage: there is no such part or place.
    pub fn moved_part(&self, index: usize, to: usize) -> Result<Self> {
        self.changed(|parts| {
            exists(parts, index)?;
            exists(parts, to)?;
            let mut all: Vec<Table> = parts.iter().cloned().collect();
            let places: Vec<Option<isize>> = all.iter().map(Table::position).collect();
            let moved = all.remove(index);
            all.insert(to, moved);
            parts.clear();
            for (mut table, place) in all.into_iter().zip(places) {
                table.set_position(place);
                parts.push(table);
            }
            Ok(())
        })
    }

    /// With the parts of another project's file before its own, beneath them.
    ///
    /// # Errors
    /// Usage: there is no room for parts in it, or the other one isn't TOML.
    pub fn with_beneath(&self, other: &str) -> Result<Self> {
        let other = ProjectDocument::read(other)?.parsed()?;
        let beneath = other.get("part").and_then(Item::as_array_of_tables);
        self.changed(|parts| {
            let own: Vec<Table> = parts.iter().cloned().collect();
            parts.clear();
            for mut table in beneath.into_iter().flatten().cloned().chain(own) {
                table.set_position(None);
                parts.push(table);
            }
            Ok(())
        })
    }

    fn parsed(&self) -> Result<DocumentMut> {
        self.0.parse().map_err(|e: toml_edit::TomlError| {
            Error::usage("the project's file can't be read").because(e.message())
        })
    }

    fn changed(&self, how: impl FnOnce(&mut ArrayOfTables) -> Result<()>) -> Result<Self> {
        let mut document = self.parsed()?;
        let item = document.entry("part").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        if !item.is_array_of_tables() {
            // What was written in one line gets lines of its own.
            *item = match std::mem::take(item).into_array_of_tables() {
                Ok(list) => Item::ArrayOfTables(list),
                Err(_) => Item::ArrayOfTables(ArrayOfTables::new()),
            };
        }
        let parts = item.as_array_of_tables_mut().ok_or_else(|| Error::internal("parts are no list"))?;
        how(parts)?;
        Ok(ProjectDocument(document.to_string().into()))
    }

    fn changed_part(&self, index: usize, how: impl FnOnce(&mut Table)) -> Result<Self> {
        self.changed(|parts| {
            exists(parts, index)?;
            if let Some(part) = parts.get_mut(index) {
                how(part);
            }
            Ok(())
        })
    }
}

impl PartText {
    fn of(part: &Table) -> Self {
        let text = |key: &str| {
            let value = part.get(key)?.as_value()?.clone().decorated("", "");
            Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        PartText {
            section: text("section"),
            from: text("from"),
            to: text("to"),
            preset: text("preset"),
            prompt: text("prompt"),
            negative: text("negative"),
            init: text("init"),
            ease: text("ease"),
            cut: part.get("cut").and_then(Item::as_bool).unwrap_or(false),
            set: held(part),
        }
    }
}

/// The parameters that a part holds at a value.
fn held(part: &Table) -> BTreeMap<String, f64> {
    let number = |item: &Item| item.as_float().or_else(|| item.as_integer().map(|whole| whole as f64));
    let set = part.get("set").and_then(Item::as_table_like);
    let all = set.into_iter().flat_map(|set| set.iter());
    all.filter_map(|(name, item)| Some((name.to_owned(), number(item)?))).collect()
}

/// Places that are plain numbers are written as such.
fn value(key: &str, text: &str) -> Value {
    let number = || text.parse::<f64>().ok().filter(|n| n.is_finite());
    match number().filter(|_| ["from", "to", "ease"].contains(&key)) {
        Some(seconds) => seconds.into(),
        None => text.into(),
    }
}

fn exists(parts: &ArrayOfTables, index: usize) -> Result<()> {
    match index < parts.len() {
        true => Ok(()),
        false => Err(Error::usage(format!("there is no part {index}"))
            .hint("they are counted from 0, as in the project's file")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILM: &str = "# a film\ntrack = \"a.wav\"\n\n# the calm one\n[[part]]\nfrom = \"0 bars\" # here\npreset = \"tide\"\n\n\
        # loud\n[[part]]\nsection = \"B\"\ncut = true\n\n[hearing]\nbpm = 120 # tapped\n";

    #[test]
    fn only_what_was_changed_changes() {
        let film = ProjectDocument::read(FILM).unwrap();
        let moved = film.with_key(0, "from", Some("2 bars")).unwrap();
        assert_eq!(moved.text(), FILM.replace("0 bars", "2 bars"));
        let back = moved.with_key(0, "from", Some("0 bars")).unwrap();
        assert_eq!(back, film);
        assert_eq!(film.with_cut(1, true).unwrap(), film);
        let gone = film.without_part(0).unwrap();
        assert_eq!(
            gone.text(),
            FILM.replace("\n# the calm one\n[[part]]\nfrom = \"0 bars\" # here\npreset = \"tide\"\n", "")
        );
    }

    #[test]
    fn a_part_holds_parameters_at_values() {
        let text = "[[part]]\nfrom = 0.0\nset.denoise = 0 # as drawn\n";
        let film = ProjectDocument::read(text).unwrap();
        let painted = film.with_held(0, "denoise", Some(0.35)).unwrap();
        assert_eq!(painted.text(), text.replace("= 0 #", "= 0.35 #"));
        let both = painted.with_held(0, "hue", Some(-20.0)).unwrap();
        assert_eq!(both.parts()[0].set, [("denoise".to_owned(), 0.35), ("hue".to_owned(), -20.0)].into());
        let none = ["denoise", "hue"].iter().fold(both, |film, name| film.with_held(0, name, None).unwrap());
        assert_eq!(none.text(), "[[part]]\nfrom = 0.0\n");
        assert_eq!(
            none.with_held(0, "glow", Some(1.0)).unwrap().text(),
            "[[part]]\nfrom = 0.0\nset.glow = 1.0\n"
        );
        assert!(none.with_held(1, "glow", None).is_err());
    }

    #[test]
    fn a_part_is_in_a_section_or_between_places() {
        let film = ProjectDocument::read(FILM).unwrap();
        let between = film.with_key(1, "from", Some("1.5")).unwrap().parts()[1].clone();
        assert_eq!((between.section, between.from.as_deref(), between.cut), (None, Some("1.5"), true));
        let section = film.with_key(0, "section", Some("A")).unwrap().parts()[0].clone();
        assert_eq!((section.section.as_deref(), section.from), (Some("A"), None));
    }

    #[test]
    fn parts_are_added_and_change_places() {
        let empty = ProjectDocument::default();
        let first = [("from", "0".to_owned()), ("preset", "pulse".to_owned())];
        let film = empty.with_part(&first).unwrap().with_part(&[("section", "B \"x\"".to_owned())]).unwrap();
        assert_eq!(
            film.text(),
            "[[part]]\nfrom = 0.0\npreset = \"pulse\"\n\n[[part]]\nsection = 'B \"x\"'\n"
        );
        let turned = film.moved_part(1, 0).unwrap();
        assert_eq!(turned.parts()[0].section.as_deref(), Some("B \"x\""));
        let film = ProjectDocument::read(FILM).unwrap();
        let turned = film.moved_part(0, 1).unwrap();
        assert!(turned.text().ends_with("[hearing]\nbpm = 120 # tapped\n"), "{}", turned.text());
        assert_eq!(turned.moved_part(0, 1).unwrap().parts(), film.parts());
    }

    #[test]
    fn parts_in_one_line_get_lines_of_their_own() {
        let film = ProjectDocument::read("part = [{ section = \"A\", preset = \"tide\" }]\n").unwrap();
        let turned = film.with_key(0, "preset", Some("pulse")).unwrap();
        assert_eq!(turned.parts()[0].preset.as_deref(), Some("pulse"));
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let film = ProjectDocument::read(FILM).unwrap();
        assert!(film.with_key(2, "from", None).is_err() && film.without_part(9).is_err());
        assert!(film.with_key(0, "track", Some("/etc/passwd")).is_err());
        assert!(film.moved_part(0, 2).is_err() && ProjectDocument::read("a = ").is_err());
    }
}
