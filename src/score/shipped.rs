//! The presets that come with the program.

use super::preset::Preset;
use super::slot::Slots;
use crate::error::{Error, Result, nearest};

/// What is played where nothing is named: no preset, but the director's choice of several.
pub const DEFAULT: &str = "director";
/// The preset to begin with where there has to be one.
pub const PLAIN: &str = "pulse";

const SHIPPED: &[(&str, &str)] = &[
    ("pulse", include_str!("../../presets/pulse.toml")),
    ("tide", include_str!("../../presets/tide.toml")),
    ("ember", include_str!("../../presets/ember.toml")),
    ("prism", include_str!("../../presets/prism.toml")),
    ("warp", include_str!("../../presets/warp.toml")),
    ("vinyl", include_str!("../../presets/vinyl.toml")),
    ("forge", include_str!("../../presets/forge.toml")),
    ("sonata", include_str!("../../presets/sonata.toml")),
    ("outrun", include_str!("../../presets/outrun.toml")),
    ("drizzle", include_str!("../../presets/drizzle.toml")),
    ("venom", include_str!("../../presets/venom.toml")),
    ("meadow", include_str!("../../presets/meadow.toml")),
    ("lounge", include_str!("../../presets/lounge.toml")),
    ("echo", include_str!("../../presets/echo.toml")),
    ("confetti", include_str!("../../presets/confetti.toml")),
    ("nova", include_str!("../../presets/nova.toml")),
    // The director's looks.
    ("calm", include_str!("../../presets/director/calm.toml")),
    ("rise", include_str!("../../presets/director/rise.toml")),
    ("drive", include_str!("../../presets/director/drive.toml")),
    ("peak", include_str!("../../presets/director/peak.toml")),
    ("dusk", include_str!("../../presets/director/dusk.toml")),
];

/// Names and texts of all of them, the plain one first.
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    SHIPPED
}

/// The shipped preset called `name`, for a job without slots.
///
/// # Errors
/// As `find_for`.
pub fn find(name: &str) -> Result<Preset> {
    find_for(name, &Slots::default())
}

/// The shipped preset called `name`, for a job with these slots.
///
/// # Errors
/// Usage, with the nearest name or all of them as a hint.
pub(super) fn find_for(name: &str, slots: &Slots) -> Result<Preset> {
    if let Some((name, text)) = SHIPPED.iter().find(|(n, _)| *n == name) {
        return Preset::parse_for(name, text, slots);
    }
    if name == DEFAULT {
        return Err(Error::usage("the director is no single preset: it chooses a look for every section")
            .hint("`beatbolt new TRACK` writes down what it chooses; `beatbolt presets` lists the looks"));
    }
    let names = || SHIPPED.iter().map(|(n, _)| *n);
    let error = Error::usage(format!("there is no preset '{name}'"));
    Err(match nearest(name, names()) {
        Some(near) => error.hint(format!("did you mean '{near}'?")),
        None => error.hint(format!("presets are {}; or name a file", names().collect::<Vec<_>>().join(", "))),
    })
}

/// The music that a preset is for, as the first line of its text says: `# Made for techno and house: ...`.
pub fn made_for(text: &str) -> Option<&str> {
    text.lines().next()?.strip_prefix("# Made for ")?.split([':', '.']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_preset_says_which_music_it_is_for() {
        for (name, text) in shipped() {
            assert!(made_for(text).is_some_and(|music| !music.is_empty()), "{name}");
        }
        assert_eq!(made_for("# Made for pop: verses that wait\n"), Some("pop"));
        assert_eq!(made_for("about = \"x\"\n"), None);
    }
}
