//! The files of the program, which file takes a name from which, and where that goes round.

use super::source::{Source, Use};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Re-exports of re-exports that are followed.
const DEEPEST: usize = 8;

/// All files below a folder.
pub struct House {
    pub files: Vec<File>,
    /// Which file a module's path is, like `["video", "finish"]`.
    modules: BTreeMap<Vec<String>, usize>,
}

pub struct File {
    /// From the folder on.
    pub path: PathBuf,
    pub source: Source,
    module: Vec<String>,
}

/// What a path in a file means.
#[derive(Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A path inside the program, from its root on.
    Ours(Vec<String>),
    /// Of another crate, or of this file alone.
    Other,
}

impl House {
    /// Reads the source below `folder`.
    pub fn read(folder: &Path) -> Self {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => walk(&path, found),
                    false if path.extension().is_some_and(|e| e == "rs") => found.push(path),
                    false => {}
                }
            }
        }
        let mut found = Vec::new();
        walk(folder, &mut found);
        found.sort();
        let text = |path: &PathBuf| fs::read_to_string(path).unwrap();
        House::of(found.iter().map(|p| (p.strip_prefix(folder).unwrap(), text(p))))
    }

    /// The house of these files and texts, without those that are there for tests only.
    pub fn of<'a>(files: impl Iterator<Item = (&'a Path, String)>) -> Self {
        let files: Vec<File> = files
            .map(|(path, text)| File {
                path: path.to_owned(),
                source: Source::read(&text),
                module: module(path),
            })
            .collect();
        let tests: Vec<Vec<String>> = files
            .iter()
            .flat_map(|f| {
                f.source.tests.iter().map(|name| [&f.module[..], std::slice::from_ref(name)].concat())
            })
            .collect();
        let serves = |f: &File| !tests.iter().any(|test| f.module.starts_with(test));
        let files: Vec<File> = files.into_iter().filter(serves).collect();
        let modules = files.iter().enumerate().map(|(i, f)| (f.module.clone(), i)).collect();
        House { files, modules }
    }

    /// What `path` means in `file`; `named`: names that the file brought in count as well.
    pub fn meaning(&self, file: &File, path: &[String], named: bool) -> Meaning {
        let Some((first, rest)) = path.split_first() else { return Meaning::Other };
        let join = |module: &[String], rest: &[String]| Meaning::Ours([module, rest].concat());
        match first.as_str() {
            "crate" | "beatbolt" => join(&[], rest),
            "self" => join(&file.module, rest),
            "super" => {
                let ups = path.iter().take_while(|name| *name == "super").count();
                join(&file.module[..file.module.len().saturating_sub(ups)], &path[ups..])
            }
            _ if self.modules.contains_key(&[&file.module[..], &path[..1]].concat()) => {
                join(&file.module, path)
            }
            _ if named => match file.source.uses.iter().find(|u| u.name == *first) {
                Some(brought) => match self.meaning(file, &brought.path, false) {
                    Meaning::Ours(module) => join(&module, rest),
                    Meaning::Other => Meaning::Other,
                },
                None => Meaning::Other,
            },
            _ => Meaning::Other,
        }
    }

    /// The file in which what `path` means lies, through re-exports.
    fn home(&self, path: &[String], depth: usize) -> Option<usize> {
        let (file, rest) =
            (0..=path.len()).rev().find_map(|n| Some((*self.modules.get(&path[..n])?, &path[n..])))?;
        let Some((name, rest)) = rest.split_first().filter(|_| depth < DEEPEST) else { return Some(file) };
        let found = self.files[file].source.uses.iter().find(|u| u.name == *name);
        match found.map(|u| self.meaning(&self.files[file], &u.path, false)) {
            Some(Meaning::Ours(path)) => self.home(&[&path[..], rest].concat(), depth + 1),
            _ => Some(file),
        }
    }

    /// Whether a file only hands on what a `use` brings in: from a module inside its own, without using it itself.
    fn hands_on(&self, file: &File, brought: &Use, path: &[String]) -> bool {
        brought.public && path.starts_with(&file.module) && !file.source.words.contains(&brought.name)
    }

    /// For each file, those from which it takes a name.
    pub fn arrows(&self) -> Vec<BTreeSet<usize>> {
        let arrows = |(at, file): (usize, &File)| {
            let mut to = BTreeSet::new();
            for brought in &file.source.uses {
                let Meaning::Ours(path) = self.meaning(file, &brought.path, false) else { continue };
                // A folder's name by itself leads nowhere yet: the paths that begin with it do.
                let folder = self.modules.get(&path).is_some_and(|m| self.files[*m].path.ends_with("mod.rs"));
                if !(self.hands_on(file, brought, &path) || folder && brought.name != "*") {
                    to.extend(self.home(&path, 0));
                }
            }
            for named in &file.source.paths {
                if let Meaning::Ours(path) = self.meaning(file, &named.path, true) {
                    to.extend(self.home(&path, 0));
                }
            }
            to.remove(&at);
            to
        };
        self.files.iter().enumerate().map(arrows).collect()
    }

    /// The groups of files of which each leads to each other, by their names.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let arrows = self.arrows();
        let reach: Vec<BTreeSet<usize>> = (0..arrows.len()).map(|from| reachable(&arrows, from)).collect();
        let mut circles = BTreeSet::new();
        for (from, to) in reach.iter().enumerate() {
            let group: Vec<usize> = to.iter().copied().filter(|i| reach[*i].contains(&from)).collect();
            if group.len() > 1 {
                circles.insert(group.iter().map(|i| self.files[*i].path.display().to_string()).collect());
            }
        }
        circles.into_iter().collect()
    }

    /// The arrows among these files, for a person to see what ties them.
    pub fn ties(&self, circle: &[String]) -> Vec<String> {
        let name = |i: usize| self.files[i].path.display().to_string();
        let arrows = self.arrows();
        let inside = |i: &usize| circle.contains(&name(*i));
        (0..arrows.len())
            .filter(inside)
            .flat_map(|from| arrows[from].iter().filter(|to| inside(to)).map(move |to| (from, *to)))
            .map(|(from, to)| format!("{} -> {}", name(from), name(to)))
            .collect()
    }
}

/// All files to which arrows lead from `from`, over any number of them.
fn reachable(arrows: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let (mut found, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(at) = next.pop() {
        next.extend(arrows[at].iter().filter(|to| found.insert(**to)));
    }
    found
}

/// The module that a file is.
fn module(path: &Path) -> Vec<String> {
    let names = path.with_extension("");
    let mut names: Vec<String> = names.iter().map(|n| n.to_string_lossy().into_owned()).collect();
    if names.last().is_some_and(|last| last == "mod") || names == ["lib"] {
        names.pop();
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(files: &[(&str, &str)]) -> House {
        House::of(files.iter().map(|(path, text)| (Path::new(*path), (*text).to_owned())))
    }

    #[test]
    fn circles_are_seen_through_braces_aliases_reexports_and_paths() {
        let house = house(&[
            ("lib.rs", "pub mod a; pub mod b;"),
            (
                "a/mod.rs",
                "mod x; mod y; mod z; #[cfg(test)] mod t; pub use x::One; pub use self::{y::{Two}}; fn f() { z::g() }",
            ),
            ("a/x.rs", "use super::{\n    y::{self as why, Zero},\n};\nfn f() { why::f(); }"),
            ("a/y.rs", "pub struct Two; fn f() { crate::b::Three::new(); }"),
            ("a/z.rs", "use super::super::b::four; #[cfg(test)] mod tests { use super::super::f; }"),
            ("a/t.rs", "use super::z::g;"),
            ("b.rs", "use crate::a::One; use std::fmt; struct Three; fn g(x: a::y) { fmt::f() }"),
        ]);
        assert_eq!(house.circles(), [["a/x.rs", "a/y.rs", "b.rs"]]);
        let ties = house.ties(&house.circles()[0]);
        assert_eq!(ties, ["a/x.rs -> a/y.rs", "a/y.rs -> b.rs", "b.rs -> a/x.rs"]);
        let arrows = house.arrows();
        // A module hands names on without taking them, and a test belongs to nobody's way.
        assert_eq!(arrows[1], BTreeSet::from([4]));
        assert_eq!(arrows[4], BTreeSet::from([5]));
    }

    #[test]
    fn a_name_that_a_module_uses_itself_is_an_arrow_though_it_is_handed_on() {
        let files = [("a/mod.rs", "pub use x::One; fn f(one: One) {}"), ("a/x.rs", "use super::f;")];
        assert_eq!(house(&files).circles(), [["a/mod.rs", "a/x.rs"]]);
    }
}
