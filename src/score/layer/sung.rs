//! Lines of lyrics with the times of their words, told or shared out.
//!
//! Where a file times its words, these times hold. Where it times lines alone, a line's words are shared out over it by their letters,
//! which is said nowhere to be what is sung but fills a line evenly.

use crate::audio::lyrics::Line;
use std::ops::Range;

/// Longest that a line without an end stays, in seconds, and how long the last one does.
const LONGEST: f64 = 12.0;
const LAST: f64 = 5.0;

/// A line of a song, ready to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Sung {
    /// When it is seen, in seconds.
    pub time: Range<f64>,
    /// Its words.
    pub text: String,
    /// When each of its words is sung, in their order.
    pub beats: Vec<Beat>,
}

/// A word, or a part of it that has a time of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    /// Its bytes in the line's text.
    pub bytes: Range<usize>,
    /// When it is sung, in seconds.
    pub time: Range<f64>,
}

/// Lines in the order of their times; those without words end the one before and are gone.
pub fn sung(lines: &[Line]) -> Vec<Sung> {
    let shown = |(i, line): (usize, &Line)| {
        let start = line.start.0;
        let next = lines.get(i + 1).map(|next| next.start.0);
        let end = match (line.end, next) {
            (Some(end), _) => end.0,
            (None, Some(next)) => next.min(start + LONGEST),
            (None, None) => start + LAST,
        };
        let last = line.words.last().map_or(start, |word| word.0.0);
        let time = start..end.max(last).max(start);
        let text = line.text.clone();
        let beats = match line.words.is_empty() {
            true => shared(&text, &time),
            false => told(line, &time),
        };
        Sung { time, text, beats }
    };
    lines.iter().enumerate().filter(|(_, line)| !line.text.is_empty()).map(shown).collect()
}

/// The words as they are timed.
fn told(line: &Line, time: &Range<f64>) -> Vec<Beat> {
    let before = (line.words[0].1 > 0).then_some((time.start, 0));
    let marks: Vec<(f64, usize)> =
        before.into_iter().chain(line.words.iter().map(|(t, byte)| (t.0, *byte))).collect();
    let end = |i: usize| marks.get(i + 1).copied().unwrap_or((time.end, line.text.len()));
    let beat = |(i, (from, byte)): (usize, &(f64, usize))| {
        let (to, end) = end(i);
        // The blank behind a word is sung in no time.
        let end = line.text.get(..end).map_or(end, |text| text.trim_end().len()).max(*byte);
        Beat { bytes: *byte..end, time: *from..to.max(*from) }
    };
    let beats = marks.iter().enumerate().map(beat);
    beats.filter(|beat| line.text.get(beat.bytes.clone()).is_some_and(|t| !t.trim().is_empty())).collect()
}

/// The words, each as long as its share of the letters.
fn shared(text: &str, time: &Range<f64>) -> Vec<Beat> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let letters = |words: &[&str]| words.iter().map(|w| w.chars().count()).sum::<usize>() as f64;
    let (all, length) = (letters(&words).max(1.0), time.end - time.start);
    let beat = |(i, word): (usize, &&str)| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        let at = |count: usize| time.start + length * letters(&words[..count]) / all;
        Beat { bytes: start..start + word.len(), time: at(i)..at(i + 1) }
    };
    words.iter().enumerate().map(beat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::lyrics::parse;

    #[test]
    fn told_words_keep_their_times_and_others_are_shared_out_by_letters() {
        let text = "[00:10.00]<00:10.00>one <00:10.50>three <00:12.00>\n[00:20.00]ab cdef\n[00:23.00]\n[00:50.00]end";
        let lines = sung(&parse(text).unwrap());
        let told = |line: &Sung| -> Vec<(String, f64, f64)> {
            line.beats
                .iter()
                .map(|b| (line.text[b.bytes.clone()].trim().to_owned(), b.time.start, b.time.end))
                .collect()
        };
        assert_eq!(told(&lines[0]), [("one".into(), 10.0, 10.5), ("three".into(), 10.5, 12.0)]);
        assert_eq!(told(&lines[1]), [("ab".into(), 20.0, 21.0), ("cdef".into(), 21.0, 23.0)]);
        let times: Vec<_> = lines.iter().map(|l| (l.time.start, l.time.end)).collect();
        assert_eq!(times, [(10.0, 12.0), (20.0, 23.0), (50.0, 55.0)]);
    }

    #[test]
    fn an_end_that_is_told_holds_and_a_line_without_one_goes_at_last() {
        let srt = sung(&parse("1\n00:00:01,500 --> 00:00:03,000\none\n").unwrap());
        assert_eq!(srt[0].time, 1.5..3.0);
        let lrc = sung(&parse("[00:01.00]one\n[01:00.00]two").unwrap());
        assert_eq!((lrc[0].time.clone(), lrc[1].time.clone()), (1.0..13.0, 60.0..65.0));
    }
}
