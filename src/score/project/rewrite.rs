//! A project's file with another preset; everything else stays as it was written, comments too.

use crate::error::Result;
use crate::score::raw::Source;
use serde_json::Value;
use toml::de::DeTable;

/// The project file `text`, called `name` in errors, with the preset at the path `preset`.
///
/// # Errors
/// Usage: it isn't TOML.
pub fn with_preset(name: &str, text: &str, preset: &str) -> Result<String> {
    let source = Source { name, text };
    source.bounded()?;
    let table = DeTable::parse(text).map_err(|e| source.refused(&e))?;
    let found = table.get_ref().iter().find(|(key, _)| key.get_ref() == "preset");
    // JSON's escapes are TOML's.
    let quoted = Value::from(preset);
    Ok(match found.map(|(_, value)| value.span()) {
        Some(place) => format!("{}{quoted}{}", &text[..place.start], &text[place.end..]),
        None => format!("preset = {quoted}\n{text}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_preset_changes() {
        let with = |text: &str| with_preset("video.toml", text, "mine.toml").unwrap();
        assert_eq!(
            with("# a film\ntrack = \"a.wav\"\npreset  =  'pulse' # for now\n[[part]]\npreset = \"tide\"\n"),
            "# a film\ntrack = \"a.wav\"\npreset  =  \"mine.toml\" # for now\n[[part]]\npreset = \"tide\"\n"
        );
        assert_eq!(with("[cuts]\non = \"never\"\n"), "preset = \"mine.toml\"\n[cuts]\non = \"never\"\n");
        assert!(
            with_preset("video.toml", "preset = ", "a").unwrap_err().to_string().contains("video.toml:1")
        );
    }
}
