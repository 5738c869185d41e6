//! Curves with times of their own: a MIDI file's notes and controllers, lyrics.
//!
//! Of each channel of a MIDI file: `ch1`, how hard the hardest note that sounds was struck; `ch1_hit`, as hard as a note is
//! struck and from there to 0 at its end; `ch1_pitch`, the highest note that sounds, held until the next; `ch1_cc7`, a
//! controller. Channel 10, the drums, has a hit for every key: `drum_36`. All from 0 to 1.
//!
//! Of lyrics: `sung`, 1 while there are words; `line`, from 1 at the start of a line to 0 at its end.

use crate::audio::lyrics;
use crate::audio::lyrics::Line;
use crate::audio::midi;
use crate::audio::midi::{Midi, Note};
use crate::error::Result;
use crate::units::Seconds;
use std::collections::BTreeMap;

/// The drums' channel, counted from 0.
const DRUMS: u8 = 9;
/// How long a hit falls at least, and a last line of lyrics without an end lasts, in seconds.
const SHORTEST: f64 = 0.1;
const LAST_LINE: f64 = 4.0;

/// A curve over seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    /// Whether each value holds until the next; else the way between them is straight.
    pub steps: bool,
    /// Times, not descending, and values. Two values at one time are a jump.
    pub points: Vec<(Seconds, f64)>,
}

/// Curves by name.
pub type ByName = BTreeMap<String, Drawn>;

/// The curves of lyrics, if a text is lyrics.
///
/// # Errors
/// Inside: Input, where it begins like them, but is damaged or too large.
pub fn read_lyrics(text: &str) -> Option<Result<ByName>> {
    let told = text.contains("-->") || lyrics::is_lrc(text);
    told.then(|| lyrics::parse(text).map(|lines| of_lyrics(&lines)))
}

/// The curves of a MIDI file.
///
/// # Errors
/// Input: it is damaged.
pub fn read_midi(bytes: &[u8]) -> Result<ByName> {
    midi::parse(bytes).map(|midi| of_midi(&midi))
}

fn of_midi(midi: &Midi) -> ByName {
    let mut voices: BTreeMap<(u8, Option<u8>), Vec<&Note>> = BTreeMap::new();
    for note in &midi.notes {
        let drum = (note.channel == DRUMS).then_some(note.key);
        voices.entry((note.channel, drum)).or_default().push(note);
    }
    let mut curves = ByName::new();
    for ((channel, drum), notes) in &voices {
        let channel = channel + 1;
        if let Some(key) = drum {
            curves.insert(format!("drum_{key}"), hits(notes));
            continue;
        }
        let level = sounding(notes, |n| n.velocity).into_iter().map(|(t, v)| (t, share(v.unwrap_or(0))));
        let pitch = sounding(notes, |n| n.key).into_iter().filter_map(|(t, v)| Some((t, share(v?))));
        curves.insert(format!("ch{channel}"), stairs(level));
        curves.insert(format!("ch{channel}_pitch"), stairs(pitch));
        curves.insert(format!("ch{channel}_hit"), hits(notes));
    }
    let mut controls: BTreeMap<String, Vec<(Seconds, f64)>> = BTreeMap::new();
    for control in &midi.controls {
        let name = format!("ch{}_cc{}", control.channel + 1, control.number);
        controls.entry(name).or_default().push((control.time, share(control.value)));
    }
    let moved = controls.into_iter().map(|(name, points)| (name, stairs(points.into_iter())));
    // Most controllers are set once, for the instrument.
    curves.extend(moved.filter(|(_, curve)| curve.points.len() > 1));
    curves
}

/// A MIDI value from 0 to 127 as a share, in as many digits as it has.
fn share(value: u8) -> f64 {
    rounded(f64::from(value) / 127.0, 1e4)
}

fn rounded(x: f64, parts: f64) -> f64 {
    (x * parts).round() / parts
}

/// Steps, one a change.
pub(super) fn stairs(points: impl Iterator<Item = (Seconds, f64)>) -> Drawn {
    let mut points: Vec<(Seconds, f64)> = points.collect();
    points.dedup_by_key(|(_, value)| *value);
    Drawn { steps: true, points }
}

/// The largest value of the notes that sound, from each time on at which one starts or ends; none where none sounds.
fn sounding(notes: &[&Note], value: impl Fn(&Note) -> u8) -> Vec<(Seconds, Option<u8>)> {
    let ends = |n: &Note| Seconds(n.end.0.max(n.start.0));
    let mut changes: Vec<(Seconds, bool, u8)> = Vec::with_capacity(2 * notes.len() + 1);
    changes.push((Seconds(0.0), false, 0));
    changes.extend(notes.iter().flat_map(|n| [(n.start, true, value(n)), (ends(n), false, value(n))]));
    // A note that ends where it starts was there.
    changes.sort_by(|a, b| a.0.0.total_cmp(&b.0.0).then(b.1.cmp(&a.1)));
    let mut held = [0_u32; 256];
    let mut found: Vec<(Seconds, Option<u8>)> = Vec::new();
    for (time, starts, value) in changes {
        let count = &mut held[usize::from(value)];
        *count = if starts { *count + 1 } else { count.saturating_sub(1) };
        let top = (0..=u8::MAX).rev().find(|v| held[usize::from(*v)] > 0);
        match found.last_mut() {
            Some(last) if last.0 == time => last.1 = top,
            _ => found.push((time, top)),
        }
    }
    found
}

/// As hard as each note is struck, falling straight to 0 at its end.
fn hits(notes: &[&Note]) -> Drawn {
    let mut notes = notes.to_vec();
    notes.sort_by(|a, b| a.start.0.total_cmp(&b.start.0).then(b.velocity.cmp(&a.velocity)));
    notes.dedup_by_key(|n| n.start.0);
    falls(notes.iter().map(|n| (n.start, Seconds(n.end.0.max(n.start.0 + SHORTEST)), share(n.velocity))))
}

/// Falls to 0 from start to end, each from its own height; the next one breaks off the one before.
fn falls(all: impl Iterator<Item = (Seconds, Seconds, f64)>) -> Drawn {
    let mut points: Vec<(Seconds, f64)> = Vec::new();
    let mut open: Option<(Seconds, Seconds, f64)> = None;
    let close = |points: &mut Vec<_>, open: Option<(Seconds, Seconds, f64)>, next: Seconds| {
        let Some((start, end, height)) = open else {
            return points.push((next, 0.0));
        };
        if end.0 <= next.0 {
            points.extend([(end, 0.0), (next, 0.0)]);
        } else {
            let left = (end.0 - next.0) / (end.0 - start.0);
            points.push((next, rounded(height * left, 1e4)));
        }
    };
    for fall in all {
        close(&mut points, open, fall.0);
        points.push((fall.0, fall.2));
        open = Some(fall);
    }
    if let Some((_, end, _)) = open {
        points.push((end, 0.0));
    }
    points.dedup();
    Drawn { steps: false, points }
}

fn of_lyrics(lines: &[Line]) -> ByName {
    let next = |i: usize| lines.get(i + 1).map(|l| l.start);
    let end = |i: usize, line: &Line| {
        let own = line.end.or(next(i)).unwrap_or(Seconds(line.start.0 + LAST_LINE));
        Seconds(next(i).map_or(own.0, |n| own.0.min(n.0)))
    };
    let sung: Vec<(Seconds, Seconds)> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !line.text.is_empty())
        .map(|(i, line)| (line.start, end(i, line)))
        .filter(|(start, end)| start.0 < end.0)
        .collect();
    let edges = sung.iter().flat_map(|(start, end)| [(*start, 1.0), (*end, 0.0)]);
    let mut steps: Vec<(Seconds, f64)> = vec![(Seconds(0.0), 0.0)];
    for (time, value) in edges {
        match steps.last_mut() {
            Some(last) if last.0 == time => last.1 = value,
            _ => steps.push((time, value)),
        }
    }
    let line = falls(sung.iter().map(|(start, end)| (*start, *end, 1.0)));
    [("sung".to_owned(), stairs(steps.into_iter())), ("line".to_owned(), line)].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(start: f64, end: f64, key: u8, velocity: u8) -> Note {
        Note { start: Seconds(start), end: Seconds(end), channel: 0, key, velocity }
    }

    fn at(drawn: &Drawn) -> Vec<(f64, f64)> {
        drawn.points.iter().map(|(t, v)| (t.0, (v * 127.0).round())).collect()
    }

    #[test]
    fn notes_are_levels_pitches_and_hits() {
        let notes = vec![note(1.0, 3.0, 60, 100), note(2.0, 4.0, 72, 80), note(6.0, 6.0, 64, 127)];
        let curves = of_midi(&Midi { notes, ..Midi::default() });
        assert_eq!(at(&curves["ch1"]), [(0.0, 0.0), (1.0, 100.0), (3.0, 80.0), (4.0, 0.0)]);
        assert_eq!(at(&curves["ch1_pitch"]), [(1.0, 60.0), (2.0, 72.0)]);
        let hits = [
            (1.0, 0.0),
            (1.0, 100.0),
            (2.0, 50.0),
            (2.0, 80.0),
            (4.0, 0.0),
            (6.0, 0.0),
            (6.0, 127.0),
            (6.1, 0.0),
        ];
        assert_eq!(at(&curves["ch1_hit"]), hits);
        assert!(curves["ch1"].steps && !curves["ch1_hit"].steps);
    }

    #[test]
    fn drums_have_a_curve_a_key_and_controllers_one_each() {
        let drum = Note { channel: DRUMS, ..note(0.5, 0.6, 36, 127) };
        let control = |time, value| midi::Control { time: Seconds(time), channel: 1, number: 7, value };
        let midi =
            Midi { notes: vec![drum], controls: vec![control(0.0, 127), control(2.0, 0)], ..Midi::default() };
        let curves = of_midi(&midi);
        assert_eq!(curves.keys().collect::<Vec<_>>(), ["ch2_cc7", "drum_36"]);
        assert_eq!(at(&curves["ch2_cc7"]), [(0.0, 127.0), (2.0, 0.0)]);
    }

    #[test]
    fn lyrics_tell_where_is_sung_and_how_far_a_line_is() {
        let curves =
            read_lyrics("[00:02.00]one\n[00:04.00]\n[00:05.00]two\n[00:06.00]three\n").unwrap().unwrap();
        let points = |name: &str| curves[name].points.iter().map(|(t, v)| (t.0, *v)).collect::<Vec<_>>();
        assert_eq!(points("sung"), [(0.0, 0.0), (2.0, 1.0), (4.0, 0.0), (5.0, 1.0), (10.0, 0.0)]);
        let line =
            [(2.0, 0.0), (2.0, 1.0), (4.0, 0.0), (5.0, 0.0), (5.0, 1.0), (6.0, 0.0), (6.0, 1.0), (10.0, 0.0)];
        assert_eq!(points("line"), line);
    }
}
