//! Presets by name, of those that come with the program, or by file.

use super::project_folder;
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use crate::score::{MAX_FILE_BYTES, Preset, Slots, find, shipped};
use std::path::{MAIN_SEPARATOR, Path};

/// A preset file larger than this, in bytes, is not one.
const MAX_FILE: u64 = MAX_FILE_BYTES as u64;

/// The preset that is called, or lies at, `name`, and its text.
///
/// # Errors
/// Usage: there is none of this name, or something in it is wrong; Input: the file can't be read.
pub fn load(name: &str) -> Result<(Preset, String)> {
    load_for(name, &Slots::default())
}

/// As [`load`], for a job with these slots.
///
/// # Errors
/// As [`load`].
pub fn load_for(name: &str, slots: &Slots) -> Result<(Preset, String)> {
    let path = Path::new(name);
    if !name.ends_with(".toml") && !name.contains(MAIN_SEPARATOR) {
        let known = find(name)?;
        let text = text_of(name).to_owned();
        let preset = if slots == &Slots::default() { known } else { Preset::parse_for(name, &text, slots)? };
        return Ok((preset, text));
    }
    let failed = || {
        Error::input(format!("can't read the preset {}", path.display()))
            .hint("`beatbolt presets` lists the built-in ones; `beatbolt presets NAME` prints one")
    };
    let text = bounded_read::text(path, MAX_FILE).context(failed)?;
    match Preset::parse_for(name, &text, slots) {
        Ok(preset) => Ok((preset, text)),
        Err(_) if project_folder::load_for(path, slots).is_ok() => {
            Err(Error::usage(format!("{} is a project, not a preset", path.display()))
                .hint(format!("render it: beatbolt render {}", path.display())))
        }
        Err(error) => Err(error),
    }
}

/// The file of the shipped preset `name`; empty where there is none.
pub fn text_of(name: &str) -> &'static str {
    shipped().iter().find(|(n, _)| *n == name).map_or("", |(_, text)| text)
}
