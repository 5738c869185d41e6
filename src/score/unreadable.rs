//! What the TOML parser says of a file, in the words of who writes one.

use crate::error::{Error, nearest};

/// The parser's `message` as an error: a key that nobody knows with the nearest one, or all that are known here; tables and
/// lists by these names. `line` is what it stumbled over.
pub(super) fn explained(message: &str, line: &str) -> Error {
    if let Some((error, hint)) = slip(message, line) {
        return Error::usage(error).hint(hint);
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field") {
        let (key, known) = (quoted.next().unwrap_or_default(), quoted.collect::<Vec<_>>());
        return unknown(key, &known);
    }
    if let (true, Some(key)) = (message.starts_with("missing field"), quoted.next()) {
        return Error::usage(format!("'{key}' is missing here")).hint(format!("add a line: {key} = ..."));
    }
    let error = Error::usage(named(message));
    if message.starts_with("invalid type: map, expected a sequence") {
        return error.hint(
            "several tables of a name can stand in a file: begin each with two brackets, as in [[prompt]]",
        );
    }
    error.hint("`beatbolt presets --params` lists the keys and what they take")
}

/// What is written so by people who know other languages, and what to write.
fn slip(message: &str, line: &str) -> Option<(&'static str, &'static str)> {
    let (key, value) = line.split_once('=').unwrap_or((line, ""));
    let (key, value) = (key.trim(), value.trim());
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let decimal = value.split_once(',').is_some_and(|(whole, rest)| {
        let rest = rest.split(['#', ' ']).next().unwrap_or_default();
        !whole.is_empty() && !rest.is_empty() && digits(whole.trim_start_matches('-')) && digits(rest)
    });
    if value.starts_with(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}']) {
        return Some(("curly quotes", "use plain ones: text = \"neon tunnel\""));
    }
    if decimal {
        return Some(("a number with a comma", "write it with a point, as in 0.2"));
    }
    if message.starts_with("string values must be quoted") {
        return Some(match value.is_empty() {
            true => ("there is no value behind the =", "write one, as in zoom = 1.2"),
            false => ("text without quotes", "put it in quotes: signal = \"kick\""),
        });
    }
    if message.starts_with("invalid basic string") {
        return Some(("the text has no closing quote", "end it on the same line, as in signal = \"kick\""));
    }
    if message.starts_with("duplicate key") {
        return Some((
            "this stands here twice",
            "put both into one; [[route]] and [[prompt]] may stand there as often as you like",
        ));
    }
    if message.starts_with("key with no value") && line.contains(':') {
        return Some(("a colon in place of =", "write it with =, as in text = \"neon tunnel\""));
    }
    if message.starts_with("key with no value") && key.contains(' ') {
        return Some(("a name with a space", "names have underscores, as in motion_scale = 1"));
    }
    None
}

fn unknown(key: &str, known: &[&str]) -> Error {
    let error = Error::usage(format!("there is no key '{key}' here"));
    match (nearest(key, known.iter().copied()), key) {
        (Some(near), _) => error.hint(format!("did you mean '{near}'?")),
        // A project's own keys are another list than a preset's.
        (None, "route") => error.hint(
            "routes belong in a preset: write them into a file of their own, and name it in the project with preset = \"FILE.toml\"",
        ),
        (None, _) => error.hint(format!("the keys here are {}", known.join(", "))),
    }
}

/// The message in one line, its types by TOML's names.
fn named(message: &str) -> String {
    let types = [("a sequence", "a list"), ("sequence", "a list"), ("a map", "a table"), ("map", "a table")];
    let line = message.trim_end().replace('\n', "; ");
    let Some(rest) = line.strip_prefix("invalid type: ") else { return line };
    let name =
        |said: &str| types.iter().find(|(word, _)| *word == said).map_or(said.to_owned(), |t| t.1.into());
    match rest.split_once(", expected ") {
        Some((found, wanted)) => format!("{} stands where {} belongs", name(found), name(wanted)),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parser_says_is_said_in_the_words_of_who_writes_a_file() {
        for (message, error, hint) in [
            (
                "unknown field `amont`, expected one of `to`, `amount`",
                "there is no key 'amont' here",
                "did you mean 'amount'?",
            ),
            (
                "unknown field `xyz`, expected `to` or `amount`",
                "there is no key 'xyz' here",
                "the keys here are to, amount",
            ),
            (
                "unknown field `route`, expected one of `track`, `seed`",
                "there is no key 'route' here",
                "routes belong in a preset",
            ),
            ("missing field `to`", "'to' is missing here", "add a line: to = ..."),
            ("invalid type: map, expected a sequence\n", "a table stands where a list belongs", "[[prompt]]"),
            (
                "invalid type: string \"x\", expected a map",
                "string \"x\" stands where a table belongs",
                "lists the keys",
            ),
            ("unclosed table\nexpected `]`", "unclosed table; expected `]`", "lists the keys"),
        ] {
            let explained = explained(message, "");
            assert_eq!(explained.to_string(), error);
            assert!(explained.hints()[0].contains(hint), "{message}: {:?}", explained.hints());
        }
    }

    /// By the parser's own messages.
    #[test]
    fn slips_are_told_with_what_to_write() {
        for (line, error) in [
            ("amount = 0,2", "a number with a comma"),
            ("amount = -1,25 # half", "a number with a comma"),
            ("text = \u{201c}gold\u{201d}", "curly quotes"),
            ("zoom =", "there is no value behind the ="),
            ("signal = kick", "text without quotes"),
            ("signal = \"kick", "the text has no closing quote"),
            ("zoom = 1\nzoom = 2", "this stands here twice"),
            ("[base]\n[base]", "this stands here twice"),
            ("text: \"a\"", "a colon in place of ="),
            ("motion scale = 1", "a name with a space"),
        ] {
            let source = crate::score::raw::Source { name: "p.toml", text: line };
            let refused = toml::from_str::<toml::Table>(line).unwrap_err();
            let told = source.refused(&refused);
            assert!(
                told.to_string().ends_with(&format!(": {error}")),
                "{line}: {told} ({})",
                refused.message()
            );
            assert!(!told.hints().is_empty(), "{line}");
        }
    }
}
