//! `beatbolt presets`: what there is, and a start for one's own.

use super::args::{PresetsArgs, SchemaArg};
use super::terminal::say;
use crate::draw::{palettes, scenes};
use crate::error::{Context, Error, Result};
use crate::job::presets::text_of;
use crate::score::{DEFAULT, Preset, find, json_schema, made_for, reference, shipped};

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
        say(format_args!("{DEFAULT:10} the default: a look for every section, out of those below"));
        for (name, text) in shipped() {
            let music = made_for(text).map(|music| format!(" ({music})")).unwrap_or_default();
            say(format_args!("{name:10} {}{music}", Preset::parse(name, text)?.about));
        }
        say("\nWhat frames can start from, as in --init draw:synthwave,palette=neon:");
        scenes().for_each(|(name, about)| say(format_args!("{name:10} {about}")));
        say(format_args!("in these palettes: {}", palettes().collect::<Vec<_>>().join(", ")));
    }
    Ok(())
}
