//! Lyrics with times: LRC or SubRip (SRT) text goes in, lines with starts and ends come out.
//!
//! LRC: `[mm:ss.xx]words`, several times before one text, `[offset:ms]`, times of single words (`<mm:ss.xx>`). SRT: `hh:mm:ss,mmm --> hh:mm:ss,mmm` above the text; tags in angle brackets are dropped.

use crate::error::{Error, Result};
use crate::units::Seconds;

/// Most lines that are taken.
const MOST: usize = 100_000;

/// A line of a song.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// When it begins.
    pub start: Seconds,
    /// When it ends; none where only the next line ends it.
    pub end: Option<Seconds>,
    /// What is sung; empty where the singing stops.
    pub text: String,
    /// When words are sung that have times of their own: each with the byte of the text at which it begins, ascending.
    pub words: Vec<(Seconds, usize)>,
}

/// Reads LRC or SRT, whichever it is; lines come out ascending.
///
/// # Errors
/// Input: there is no line with a time.
pub fn parse(text: &str) -> Result<Vec<Line>> {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = if text.contains("-->") { srt(text) } else { lrc(text) };
    if lines.is_empty() {
        return Err(Error::input("there is no line with a time in the lyrics")
            .hint("lyrics are LRC ('[01:02.50]words') or SRT ('00:01:02,500 --> 00:01:04,000')"));
    }
    if lines.len() > MOST {
        return Err(Error::input(format!("more than {MOST} lines are no lyrics")));
    }
    lines.sort_by(|a, b| a.start.0.total_cmp(&b.start.0));
    Ok(lines)
}

fn lrc(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut offset = 0.0;
    for line in text.lines() {
        let (mut rest, mut times) = (line.trim(), Vec::new());
        while let Some((tag, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
            if let Some(time) = clock(tag) {
                times.push(time);
            } else if let Some(ms) = tag.strip_prefix("offset:").and_then(|v| v.trim().parse::<f64>().ok()) {
                // A positive offset shows the words earlier.
                offset = if ms.is_finite() { ms / 1000.0 } else { 0.0 };
            }
            rest = after.trim_start();
        }
        let (text, words) = timed(rest);
        // Of a line that comes several times, its words are timed for the first.
        let first = times.first().copied().unwrap_or(0.0);
        let at = |t: f64| Seconds((t - offset).max(0.0));
        lines.extend(times.into_iter().map(|t| Line {
            start: at(t),
            end: None,
            text: text.clone(),
            words: words.iter().map(|(time, byte)| (at(time - first + t), *byte)).collect(),
        }));
    }
    lines
}

fn srt(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut open = false;
    for line in text.lines().map(str::trim) {
        let times = line.split_once("-->").and_then(|(from, to)| {
            // What follows the end is the place on the screen.
            Some((clock(from.trim())?, clock(to.trim().split(' ').next()?)?))
        });
        match times {
            Some((start, end)) => {
                open = true;
                lines.push(Line {
                    start: Seconds(start),
                    end: Some(Seconds(end.max(start))),
                    text: String::new(),
                    words: Vec::new(),
                });
            }
            None if line.is_empty() => open = false,
            None if open => {
                if let Some(last) = lines.last_mut() {
                    let text = without(line, '<', '>');
                    let gap = if last.text.is_empty() || text.is_empty() { "" } else { " " };
                    last.text = format!("{}{gap}{text}", last.text);
                }
            }
            None => {}
        }
    }
    lines
}

/// The text without its `<mm:ss.xx>`, and these with the bytes of the text at which they stand, ascending in both.
fn timed(line: &str) -> (String, Vec<(f64, usize)>) {
    let (mut text, mut words): (String, Vec<(f64, usize)>) = Default::default();
    for (i, part) in line.trim().split('<').enumerate() {
        let (tag, behind) = part.split_once('>').filter(|_| i > 0).unwrap_or(("", part));
        let time = clock(tag);
        if let Some(time) = time.filter(|time| words.last().is_none_or(|last| last.0 <= *time)) {
            words.push((time, text.len()));
        }
        // One space parts what only a time stood between.
        let doubled = text.is_empty() || text.ends_with(' ');
        text.push_str(if doubled { behind.trim_start() } else { behind });
    }
    text.truncate(text.trim_end().len());
    // A time behind the last word ends it.
    words.iter_mut().for_each(|(_, byte)| *byte = text.len().min(*byte));
    (text, words)
}

/// `mm:ss.xx`, `hh:mm:ss,mmm`: seconds.
fn clock(text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    let parts: Vec<&str> = text.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    for part in parts {
        let part = part.trim().replace(',', ".");
        let plain = !part.is_empty() && part.chars().all(|c| c.is_ascii_digit() || c == '.');
        seconds = seconds * 60.0 + part.parse::<f64>().ok().filter(|v| plain && *v < 1e6)?;
    }
    Some(seconds)
}

/// The text without what stands between two characters.
fn without(text: &str, from: char, to: char) -> String {
    let (mut out, mut inside) = (String::new(), false);
    for c in text.chars() {
        inside = (inside || c == from) && c != to;
        if !inside && c != to {
            out.push(c);
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lrc_lines_have_their_times() {
        let lines =
            parse("[ar:Somebody]\n[offset:500]\n[00:12.50][01:00.00]la <00:12.90>la\n[00:15.25]\n").unwrap();
        let told: Vec<_> = lines.iter().map(|l| (l.start.0, l.text.as_str())).collect();
        assert_eq!(told, [(12.0, "la la"), (14.75, ""), (59.5, "la la")]);
        let words: Vec<_> = lines.iter().map(|l| l.words.clone()).collect();
        assert_eq!(words, [vec![(Seconds(12.4), 3)], vec![], vec![(Seconds(59.9), 3)]]);
        let whole = parse("[00:01.00] <00:01.00> one <00:01.50> two <00:02.00>").unwrap().remove(0);
        assert_eq!(whole.text, "one two");
        assert_eq!(whole.words, [(Seconds(1.0), 0), (Seconds(1.5), 4), (Seconds(2.0), 7)]);
    }

    #[test]
    fn srt_lines_have_starts_and_ends() {
        let text = "1\r\n00:00:01,500 --> 00:00:03,000\r\n<i>one</i>\r\ntwo\r\n\r\n2\n01:00:00,000 --> 01:00:01,000 X1:0\nthree";
        let lines = parse(text).unwrap();
        assert_eq!(
            lines[0],
            Line { start: Seconds(1.5), end: Some(Seconds(3.0)), text: "one two".into(), words: vec![] }
        );
        assert_eq!((lines[1].start.0, lines[1].text.as_str()), (3600.0, "three"));
    }

    #[test]
    fn what_is_no_lyrics_is_an_error() {
        for text in ["", "la la la", "[ar:x]", "a --> b", "[aa:bb]x", "[1e9:00]x"] {
            assert!(!parse(text).unwrap_err().hints().is_empty(), "{text:?}");
        }
    }
}
