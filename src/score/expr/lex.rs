//! Text → tokens with their places.

use super::tree::Wrong;
use crate::error::{Error, Result};
use crate::score::clock::Length;

/// A piece of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Number(f64),
    /// A number and a unit: `2 bars`.
    Length(Length),
    /// A signal, a curve, a function or a word.
    Name(&'a str),
    /// In quotes of either kind.
    Text(&'a str),
    /// An operator, bracket or comma.
    Mark(&'static str),
    End,
}

/// Longer marks first, so that `<=` isn't read as `<`.
const MARKS: [&str; 15] = ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "^", "(", ")", ","];

/// The tokens of `text` and the bytes at which they start; the last one is the end.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token<'_>)>, Wrong> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, length) = match first {
            '0'..='9' | '.' => number(rest).map_err(|error| Wrong { at, error })?,
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = word(rest, |c| c.is_ascii_alphanumeric() || "_.".contains(c));
                (Token::Name(&rest[..length]), length)
            }
            '\'' | '"' => match rest[1..].find(first) {
                Some(length) => (Token::Text(&rest[1..=length]), length + 2),
                None => return Err(Wrong { at, error: Error::usage("this text has no end") }),
            },
            _ => match MARKS.iter().find(|m| rest.starts_with(**m)) {
                Some(mark) => (Token::Mark(mark), mark.len()),
                None => {
                    let error = Error::usage(format!("'{first}' means nothing here"));
                    return Err(Wrong { at, error: error.hint(format!("marks are {}", MARKS.join(" "))) });
                }
            },
        };
        found.push((at, token));
        at += length;
    }
    found.push((text.len(), Token::End));
    Ok(found)
}

/// How many bytes at the start of `text` are of this kind.
fn word(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

/// A number, or a length where a unit follows, and how many bytes it takes.
fn number(text: &str) -> Result<(Token<'_>, usize)> {
    let digit = |c: char| c.is_ascii_digit() || c == '.';
    let mut length = word(text, digit);
    if let Some(exponent) = text[length..].strip_prefix(['e', 'E']) {
        let sign = exponent.len() - exponent.trim_start_matches(['+', '-']).len();
        let digits = word(&exponent[sign..], |c| c.is_ascii_digit());
        if sign <= 1 && digits > 0 {
            length += 1 + sign + digits;
        }
    }
    let bad = || Error::usage(format!("'{}' is not a number", &text[..length]));
    let value: f64 = text[..length].parse().map_err(|_| bad())?;
    let gap = word(&text[length..], |c| c == ' ');
    let unit = &text[length + gap..];
    let unit = &unit[..word(unit, |c| c.is_ascii_alphanumeric() || "_.".contains(c))];
    if !["s", "second", "seconds", "ms", "beat", "beats", "bar", "bars"].contains(&unit) {
        return Ok((Token::Number(value), length));
    }
    let length = length + gap + unit.len();
    Ok((Token::Length(text[..length].parse()?), length))
}
