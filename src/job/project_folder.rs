//! Project folders: nothing outside of one is read or written, whatever its files and links say.

use crate::atomic_file::folder_of;
use crate::bounded_read;
use crate::diffusion::Tier;
use crate::error::{Context, Error, Result};
use crate::score::{Choices, MAX_FILE_BYTES, Preset, Project, Slots, toml_text};
use crate::video::{Audio, Profile};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Words of projects that only the networks and the encoders know.
pub const CHOICES: Choices = Choices { profiles: &Profile::NAMES, audio: &Audio::NAMES, tiers: &Tier::NAMES };

/// The folder that a project lies in.
#[derive(Clone, Debug)]
pub struct Folder {
    given: PathBuf,
    /// Without links.
    real: PathBuf,
}

/// Reads the project at `path` and everything that it names.
///
/// # Errors
/// Input: a file can't be read; Usage: something in it is wrong, or leads out of the folder.
pub fn load(path: &Path) -> Result<(Project, Folder)> {
    load_for(path, &Slots::default())
}

/// As [`load`], for a job with these slots.
///
/// # Errors
/// As [`load`].
pub fn load_for(path: &Path, slots: &Slots) -> Result<(Project, Folder)> {
    let folder = Folder::around(path)?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let entry = text(path)?;
    let mut file = |path: &str| text(&folder.inside(path)?);
    match Project::parse_for(&name, &entry, &CHOICES, slots, &mut file) {
        Ok(project) => Ok((project, folder)),
        Err(_) if Preset::parse(&name, &entry).is_ok() => {
            Err(Error::usage(format!("{name} is a preset, not a project"))
                .hint(format!("render a track with it: beatbolt render TRACK --preset {}", path.display())))
        }
        // What only presets have was meant to be one, whatever else is wrong with it.
        Err(_) if looks_like_a_preset(&entry) => {
            let wrong =
                Preset::parse(&name, &entry).err().unwrap_or_else(|| Error::usage("it can't be read"));
            Err(wrong.hint(format!(
                "{name} is a preset: render a track with it, beatbolt render TRACK --preset {}",
                path.display()
            )))
        }
        Err(error) => Err(error),
    }
}

/// Whether a file has what only presets have, and no track.
fn looks_like_a_preset(text: &str) -> bool {
    let is_track = |line: &str| line.split_once('=').is_some_and(|(key, _)| key.trim() == "track");
    text.lines().any(|line| matches!(line.trim(), "[base]" | "[[route]]")) && !text.lines().any(is_track)
}

/// The project called `name` whose texts are `files`, by their paths, as if it lay beside `place`, where all else that it names is.
///
/// # Errors
/// Input: a text is missing; Usage: something in it is wrong, or leads out of the folder.
pub fn parse(
    place: &Path,
    name: &str,
    files: &BTreeMap<String, String>,
    slots: &Slots,
) -> Result<(Project, Folder)> {
    let kept = |path: &str| {
        let text = files.get(path).cloned();
        text.ok_or_else(|| Error::input(format!("the record doesn't hold {path}")))
    };
    let project = Project::parse_for(name, &kept(name)?, &CHOICES, slots, &mut |path| kept(path))?;
    Ok((project, Folder::around(place)?))
}

impl Folder {
    /// The folder around the file at `path`.
    ///
    /// # Errors
    /// Input: there is no such folder.
    pub fn around(path: &Path) -> Result<Self> {
        let given = folder_of(path);
        let real = fs::canonicalize(given).context(|| unreadable(path))?;
        Ok(Folder { given: given.to_owned(), real })
    }

    /// The folder as it was named.
    pub fn path(&self) -> &Path {
        &self.given
    }

    /// Whether it is the folder at `path`.
    pub fn is(&self, path: &Path) -> bool {
        fs::canonicalize(path).is_ok_and(|real| real == self.real)
    }

    /// Something that is there, at a path that the project's checks let through.
    ///
    /// # Errors
    /// Input, if it is missing; Usage, if a link leads out of the folder.
    pub fn inside(&self, path: &str) -> Result<PathBuf> {
        let full = self.given.join(path);
        let real = fs::canonicalize(&full).context(|| {
            Error::input(format!("can't read {}", full.display()))
                .hint("the project names this file: correct its name there, or put the file into the project's folder")
        })?;
        self.check(&real, path)?;
        Ok(full)
    }

    /// A place for something that need not be there yet.
    ///
    /// # Errors
    /// As [`Self::inside`], about the folder that it goes into, and about what is there already.
    pub fn place(&self, path: &str) -> Result<PathBuf> {
        let full = self.given.join(path);
        let around = folder_of(&full);
        let real = fs::canonicalize(around).context(|| {
            Error::output(format!("there is no folder {}", around.display())).hint("create it first")
        })?;
        self.check(&real, path)?;
        if full.symlink_metadata().is_ok_and(|m| m.is_symlink()) {
            return Err(leads_out(path));
        }
        Ok(full)
    }

    fn check(&self, real: &Path, path: &str) -> Result<()> {
        if real.starts_with(&self.real) { Ok(()) } else { Err(leads_out(path)) }
    }
}

/// As [`path_from`], as a value of the project's text; none where there is no path.
///
/// # Errors
/// As [`path_from`].
pub fn path_value(project: &Path, path: Option<&Path>) -> Result<Option<String>> {
    path.map(|path| Ok(toml_text(&path_from(project, path)?))).transpose()
}

/// The path to the file at `path` from the folder of a project that lies, or will lie, at `project`.
///
/// # Errors
/// Input: there is no such file; Output: there is no such folder; Usage: the file doesn't lie in it.
pub fn path_from(project: &Path, path: &Path) -> Result<String> {
    let missing = || {
        Error::input(format!("can't read {}", path.display()))
            .hint("check the path, and that you have permission to read the file")
    };
    let real = fs::canonicalize(path).context(missing)?;
    let folder = fs::canonicalize(folder_of(project)).context(|| {
        Error::output(format!("there is no folder for {}", project.display())).hint("create it first")
    })?;
    let inside = real.strip_prefix(&folder).map_err(|_| {
        Error::usage(format!("{} is not in the project's folder", path.display()))
            .hint("a project holds everything it needs: copy the file beside it")
    })?;
    inside.to_str().map(str::to_owned).ok_or_else(|| {
        Error::usage(format!("the name of {} is not valid UTF-8", path.display())).hint("rename the file")
    })
}

fn leads_out(path: &str) -> Error {
    Error::usage(format!("'{path}' is a link that leads out of the project's folder"))
        .hint("copy what it points to into the folder, or name it on the command line")
}

fn text(path: &Path) -> Result<String> {
    bounded_read::text(path, MAX_FILE_BYTES as u64).context(|| unreadable(path))
}

fn unreadable(path: &Path) -> Error {
    Error::input(format!("can't read {}", path.display()))
        .hint("check the path, and that you have permission to read the file; `beatbolt new TRACK` writes a first project")
}
