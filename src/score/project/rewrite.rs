//! A project's file with other values; everything else stays as it was written, comments too.

use crate::error::{Error, Result};
use crate::score::edit::put;
use crate::score::raw::Source;
use toml::de::DeTable;
use toml_edit::{DocumentMut, Value, table};

/// The project file `text`, called `name` in errors, with these values: keys like `hearing.bpm`, each with its TOML; none takes
/// the key out.
///
/// # Errors
/// Usage: it isn't TOML, or a value isn't.
pub fn with_values(name: &str, text: &str, values: &[(&str, Option<String>)]) -> Result<String> {
    let source = Source { name, text };
    source.bounded()?;
    DeTable::parse(text).map_err(|e| source.refused(&e))?;
    let unreadable = |what: &str| Error::usage(format!("a project can't say {what}"));
    let mut document = text.parse::<DocumentMut>().map_err(|e| unreadable(name).because(e.message()))?;
    for (path, toml) in values {
        let root = document.as_table_mut();
        let (table, key) = match path.split_once('.') {
            Some((name, _)) if toml.is_none() && !root.contains_key(name) => continue,
            Some((name, key)) => (root.entry(name).or_insert_with(table).as_table_like_mut(), key),
            None => (Some(root as _), *path),
        };
        let table = table.ok_or_else(|| unreadable(path))?;
        match toml {
            None => drop(table.remove(key)),
            Some(toml) => {
                let value = toml.parse::<Value>().map_err(|e| unreadable(toml).because(e.message()))?;
                put(table, key, value);
            }
        }
    }
    Ok(document.to_string())
}

/// Text as a TOML value, in quotes; JSON's escapes are TOML's.
pub fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, values: &[(&str, Option<&str>)]) -> Result<String> {
        let values: Vec<_> = values.iter().map(|(k, v)| (*k, v.map(str::to_owned))).collect();
        with_values("video.toml", text, &values)
    }

    #[test]
    fn only_the_values_change() {
        let mine = [("preset", Some("\"mine.toml\""))];
        assert_eq!(
            with(
                "# a film\ntrack = \"a.wav\"\npreset  =  'pulse' # for now\n[[part]]\npreset = \"tide\"\n",
                &mine
            )
            .unwrap(),
            "# a film\ntrack = \"a.wav\"\npreset  =  \"mine.toml\" # for now\n[[part]]\npreset = \"tide\"\n"
        );
        assert_eq!(
            with("[cuts]\non = \"never\"\n", &mine).unwrap(),
            "preset = \"mine.toml\"\n[cuts]\non = \"never\"\n"
        );
        let hearing = "[hearing]\n# tapped\nbeats_file = \"taps\" # by hand\nshift_beats = 0.1 # late\n";
        let heard = [
            ("hearing.bpm", Some("128")),
            ("hearing.beats_file", None),
            ("hearing.shift_beats", Some("0.2")),
        ];
        assert_eq!(with(hearing, &heard).unwrap(), "[hearing]\nshift_beats = 0.2 # late\nbpm = 128\n");
        assert_eq!(with("", &heard[..2]).unwrap(), "[hearing]\nbpm = 128\n");
        assert_eq!(with("seed = 1\n", &heard[1..2]).unwrap(), "seed = 1\n");
    }

    #[test]
    fn what_is_no_toml_is_refused() {
        let one = [("seed", Some("1"))];
        assert!(with("preset = ", &one).unwrap_err().to_string().contains("video.toml:1"));
        assert!(with("hearing = 1\n", &[("hearing.bpm", Some("1"))]).is_err());
        assert!(with("", &[("seed", Some("18446744073709551615"))]).is_err());
    }
}
