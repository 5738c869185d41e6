//! What the TOML parser says of a file, in the words of who writes one.

use crate::error::{Error, nearest};

/// The parser's `message` as an error: a key that nobody knows with the nearest one, or all that are known here; tables and
/// lists by these names.
pub(super) fn explained(message: &str) -> Error {
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field") {
        let (key, known) = (quoted.next().unwrap_or_default(), quoted.collect::<Vec<_>>());
        return unknown(key, &known);
    }
    if let (true, Some(key)) = (message.starts_with("missing field"), quoted.next()) {
        return Error::usage(format!("'{key}' is missing here")).hint(format!("add a line: {key} = ..."));
    }
    if message.starts_with("string values must be quoted") {
        return Error::usage("text without quotes").hint("put it in quotes: signal = \"kick\"");
    }
    let error = Error::usage(named(message));
    if message.starts_with("invalid type: map, expected a sequence") {
        return error.hint(
            "several tables of a name can stand in a file: begin each with two brackets, as in [[prompt]]",
        );
    }
    error.hint("`beatbolt presets --params` lists the keys and what they take")
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
            (
                "string values must be quoted, expected literal string",
                "text without quotes",
                "signal = \"kick\"",
            ),
            ("unclosed table\nexpected `]`", "unclosed table; expected `]`", "lists the keys"),
        ] {
            let explained = explained(message);
            assert_eq!(explained.to_string(), error);
            assert!(explained.hints()[0].contains(hint), "{message}: {:?}", explained.hints());
        }
    }
}
