//! Entries of a list, and the times in it.

use crate::error::Result;
use crate::units::Seconds;

/// A time and what stands beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When.
    pub time: Seconds,
    /// The name or number beside it; may be empty.
    pub label: String,
}

/// A time, whose decimal sign may be a comma.
///
/// # Errors
/// Usage: it is no time.
pub fn time(text: &str) -> Result<Seconds> {
    let one = text.matches(',').count() == 1 && !text.contains('.');
    if one { text.replace(',', ".").parse() } else { text.parse() }
}

/// Whether a text is a bar and a beat in it, `12.3`.
pub(super) fn is_place(text: &str) -> bool {
    let counts = |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    text.split_once('.').is_some_and(|(bar, beat)| counts(bar) && counts(beat) && !beat.starts_with('0'))
}

/// Whether a text that is a time can't be a place in a bar: it has a fraction or minutes.
pub(super) fn is_end(text: &str) -> bool {
    text.contains(['.', ':', ',']) && time(text).is_ok()
}
