//! Lists of times in text files: beats, taps, section starts.
//!
//! One entry a line: a time (seconds, or minutes:seconds), then at most one word or number. Columns are parted by
//! spaces, tabs or commas; empty lines and lines that begin with `#` are skipped. This is what beat trackers and
//! label tracks of audio editors write; a second time (the end of a label) is passed over.

use crate::error::{Error, Result};
use crate::units::Seconds;

/// Most entries that are taken: more than six hours of semiquavers at 200 BPM.
const MOST: usize = 500_000;

/// A time and what stands beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When.
    pub time: Seconds,
    /// The rest of the line; may be empty.
    pub label: String,
}

/// Reads a list; entries come out ascending.
///
/// # Errors
/// Input: a line does not begin with a time, there are too many, or none.
pub fn parse(text: &str) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.split([' ', '\t', ',', ';']).filter(|w| !w.is_empty()).peekable();
        let time = words.next().unwrap_or_default().parse::<Seconds>();
        let time = time.map_err(|cause| {
            Error::input(format!("line {} does not begin with a time: '{}'", number + 1, shown(line)))
                .because(cause)
                .hint("write one time a line, in seconds, and what it is called after it")
        })?;
        // A label track gives start and end; only a number with a point is an end, so that '1' stays a position.
        words.next_if(|w| w.contains('.') && w.parse::<f64>().is_ok());
        entries.push(Entry { time, label: words.collect::<Vec<_>>().join(" ") });
        if entries.len() > MOST {
            return Err(Error::input(format!("more than {MOST} times are too many for one track")));
        }
    }
    if entries.is_empty() {
        return Err(Error::input("there is no time in the list").hint("write one time a line, in seconds"));
    }
    entries.sort_by(|a, b| a.time.0.total_cmp(&b.time.0));
    Ok(entries)
}

fn shown(line: &str) -> String {
    line.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_kinds_of_lists_are_read() {
        let at = |text: &str| -> Vec<(f64, String)> {
            parse(text).unwrap().into_iter().map(|e| (e.time.0, e.label)).collect()
        };
        assert_eq!(at("0.5\n1.0\n"), [(0.5, String::new()), (1.0, String::new())]);
        assert_eq!(at("# beats\r\n1.0 2\r\n\r\n0.5\t1"), [(0.5, "1".into()), (1.0, "2".into())]);
        assert_eq!(
            at("0.000,15.500,verse one\n1:02,chorus"),
            [(0.0, "verse one".into()), (62.0, "chorus".into())]
        );
    }

    #[test]
    fn what_is_no_list_is_an_error_with_its_line() {
        for text in ["", "# nothing\n", "\0\0", "one\n", "0.5\nnan\n", "-1\n"] {
            assert!(!parse(text).unwrap_err().hints().is_empty(), "{text:?}");
        }
        assert!(parse("1.0\nhello\n").unwrap_err().to_string().contains("line 2"));
    }
}
