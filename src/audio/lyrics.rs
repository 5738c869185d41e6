//! Lyrics with times: LRC or SubRip (SRT) text goes in, lines with starts and ends come out.
//!
//! LRC: `[mm:ss.xx]words`, several times before one text, `[offset:ms]`, times of single words (`<mm:ss.xx>`, or in brackets), of
//! which one behind the last word ends the line. `[mm:ss:xx]` counts hundredths. Lines without a time are titles. SRT:
//! `hh:mm:ss,mmm --> hh:mm:ss,mmm` above the text; tags in angle brackets are dropped.

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
        return Err(Error::input("the lyrics have no line with a time")
            .hint("lyrics are LRC ('[01:02.50]words') or SRT ('00:01:02,500 --> 00:01:04,000')"));
    }
    if lines.len() > MOST {
        return Err(Error::input(format!("more than {MOST} lines are too many for lyrics")));
    }
    lines.sort_by(|a, b| a.start.0.total_cmp(&b.start.0));
    Ok(lines)
}

/// Whether a text is LRC: a line of it begins with a time in brackets.
pub fn is_lrc(text: &str) -> bool {
    text.lines().any(|line| tag(line.trim()).is_some_and(|(inside, _)| clock(inside).is_some()))
}

/// What stands in brackets at the beginning, and what behind them. Only as far as a time or an offset may be long.
fn tag(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('[')?;
    let (end, _) = rest.char_indices().take(40).find(|(_, c)| *c == ']')?;
    Some((&rest[..end], &rest[end + 1..]))
}

/// Longest tag within a line, in characters.
const LONGEST_TAG: usize = 80;

fn lrc(text: &str) -> Vec<Line> {
    // Where no time has a fraction, a third number counts hundredths: songs have no hours.
    let tags = text.lines().filter_map(|line| tag(line.trim())).map(|(inside, _)| inside);
    let hundredths = !tags.clone().any(|inside| inside.contains(['.', ',']) && clock(inside).is_some());
    let time = |inside: &str| match inside.rsplit_once(':') {
        Some((minutes, rest)) if hundredths && minutes.contains(':') => clock(&format!("{minutes}.{rest}")),
        _ => clock(inside),
    };
    // A positive offset shows the words earlier, wherever in the file it stands.
    let offset = tags.filter_map(offset).next_back().unwrap_or(0.0);
    let mut lines = Vec::new();
    for line in text.lines() {
        let (mut rest, mut times) = (line.trim(), Vec::new());
        while let Some((start, after)) = tag(rest).and_then(|(inside, after)| Some((time(inside)?, after))) {
            times.push(start);
            rest = after.trim_start();
        }
        let end = last_tag(rest).and_then(&time).filter(|end| matches!(times[..], [start] if start < *end));
        let (text, words) = timed(rest, time);
        // Of a line that comes several times, its words are timed for the first.
        let first = times.first().copied().unwrap_or(0.0);
        let at = |t: f64| Seconds((t - offset).max(0.0));
        lines.extend(times.into_iter().map(|t| Line {
            start: at(t),
            end: end.map(at),
            text: text.clone(),
            words: words.iter().map(|(time, byte)| (at(time - first + t), *byte)).collect(),
        }));
    }
    lines
}

/// The seconds of `offset:ms`.
fn offset(inside: &str) -> Option<f64> {
    let (name, ms) = inside.split_once(':')?;
    let ms: f64 = ms.trim().parse().ok().filter(|ms: &f64| ms.is_finite())?;
    name.trim().eq_ignore_ascii_case("offset").then_some(ms / 1000.0)
}

/// What stands in the brackets, square or angle, that end a line.
fn last_tag(line: &str) -> Option<&str> {
    let open = if line.ends_with(']') { '[' } else { '<' };
    let inside = line.strip_suffix([']', '>'])?;
    Some(inside.rsplit_once(open)?.1)
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

/// The text without the times of its words, and these with the bytes of the text at which they stand, ascending in both. Other tags
/// in angle brackets are dropped, other brackets stay.
fn timed(line: &str, time: impl Fn(&str) -> Option<f64>) -> (String, Vec<(f64, usize)>) {
    let (mut text, mut words): (String, Vec<(f64, usize)>) = Default::default();
    // One space parts what only a time stood between.
    let push = |text: &mut String, part: &str| {
        let doubled = text.is_empty() || text.ends_with(' ');
        text.push_str(if doubled { part.trim_start() } else { part });
    };
    let mut rest = line.trim();
    while let Some((before, from)) = rest.find(['<', '[']).map(|at| rest.split_at(at)) {
        push(&mut text, before);
        let (angle, inside) = (from.starts_with('<'), &from[1..]);
        let close = if angle { '>' } else { ']' };
        let end = inside.char_indices().take(LONGEST_TAG).find(|(_, c)| *c == close).map(|(end, _)| end);
        rest = match end.map(|end| (time(&inside[..end]), &inside[end + 1..])) {
            Some((Some(at), after)) => {
                if words.last().is_none_or(|last| last.0 <= at) {
                    words.push((at, text.len()));
                }
                after
            }
            Some((None, after)) if angle => after,
            _ => {
                text.push_str(&from[..1]);
                inside
            }
        };
    }
    push(&mut text, rest);
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

    fn told(text: &str) -> Vec<(f64, Option<f64>, String)> {
        parse(text).unwrap().into_iter().map(|l| (l.start.0, l.end.map(|e| e.0), l.text)).collect()
    }

    #[test]
    fn a_third_number_counts_hundredths_or_seconds() {
        let starts = |text: &str| parse(text).unwrap().iter().map(|l| l.start.0).collect::<Vec<_>>();
        assert_eq!(starts("[00:02:50]a\n[01:00:00]b\n"), [2.5, 60.0]);
        assert_eq!(starts("[59:58.00]a\n[01:00:02]b\n"), [3598.0, 3602.0]);
        assert_eq!(starts("[00:02,5]a\n[00:00:03.25]b\n"), [2.5, 3.25]);
    }

    #[test]
    fn an_offset_holds_for_the_whole_file_whatever_its_case() {
        let starts = |text: &str| parse(text).unwrap().iter().map(|l| l.start.0).collect::<Vec<_>>();
        assert_eq!(starts("[Offset:500]\n[00:02.00]a\n"), [1.5]);
        assert_eq!(starts("[00:02.00]a\n[OFFSET: -250 ]\n"), [2.25]);
        assert_eq!(starts("[offset:x]\n[00:02.00]a\n"), [2.0]);
    }

    #[test]
    fn a_time_behind_the_words_ends_the_line() {
        let one = [(2.0, Some(4.0), "one two".to_owned())];
        assert_eq!(told("[00:02.00]one two[00:04.00]\n"), one);
        assert_eq!(told("[00:02.00]one [00:03.00]two [00:04.00]\n"), one);
        assert_eq!(told("[00:02.00]<00:02.00>one <00:03.00>two <00:04.00>\n"), one);
        assert_eq!(told("[00:02.00]one [x] two\n"), [(2.0, None, "one [x] two".to_owned())]);
        // Words that are sung twice have one end too few.
        assert_eq!(told("[00:01.00][00:05.00]a[00:06.00]\n")[0].1, None);
    }

    #[test]
    fn lines_without_a_time_are_titles() {
        let text = "Lantern\nThe Example [live]\n\n[by: me]\n[00:02.00]one\n";
        assert!(is_lrc(text) && !is_lrc("[ar:x]\n[Chorus]\n"));
        assert_eq!(told(text), [(2.0, None, "one".to_owned())]);
    }

    #[test]
    fn what_is_no_lyrics_is_an_error() {
        for text in ["", "la la la", "[ar:x]", "a --> b", "[aa:bb]x", "[1e9:00]x"] {
            assert!(!parse(text).unwrap_err().hints().is_empty(), "{text:?}");
        }
    }
}
