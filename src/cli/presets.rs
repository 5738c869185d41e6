//! `beatbolt presets`: what there is, and a start for one's own.

use super::args::{PresetsArgs, SchemaArg};
use super::terminal::say;
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use crate::score::{MAX_FILE_BYTES, Preset, find, json_schema, reference, shipped};
use std::path::Path;

/// A preset file larger than this, in bytes, is not one.
const MAX_FILE: u64 = MAX_FILE_BYTES as u64;

/// Prints the list, the parameters, or one preset.
pub fn run(args: &PresetsArgs) -> Result<()> {
    if args.params {
        say(reference().trim_end());
    } else if let Some(which) = args.schema {
        let schema = json_schema(match which {
            SchemaArg::Preset => "preset",
            SchemaArg::Project => "project",
        });
        say(serde_json::to_string_pretty(&schema)
            .context(|| Error::internal("the schema can't be printed"))?);
    } else if let Some(name) = &args.name {
        find(name)?;
        say(text_of(name));
    } else {
        for (name, text) in shipped() {
            say(format_args!("{name:10} {}", Preset::parse(name, text)?.about));
        }
    }
    Ok(())
}

/// The preset that is called, or lies at, `name`, and its text.
pub fn load(name: &str) -> Result<(Preset, String)> {
    let path = Path::new(name);
    if !name.ends_with(".toml") && !name.contains(std::path::MAIN_SEPARATOR) {
        let preset = find(name)?;
        return Ok((preset, text_of(name).to_owned()));
    }
    let failed = || {
        Error::input(format!("can't read the preset {}", path.display())).hint(
            "`beatbolt presets` lists those that come with the program; `beatbolt presets NAME` prints one",
        )
    };
    let text = bounded_read::text(path, MAX_FILE).context(failed)?;
    Ok((Preset::parse(name, &text)?, text))
}

/// The file of the shipped preset `name`; empty where there is none.
fn text_of(name: &str) -> &'static str {
    shipped().iter().find(|(n, _)| *n == name).map_or("", |(_, text)| text)
}
