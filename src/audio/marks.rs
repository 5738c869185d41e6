//! What other programs know of a track: beats and sections out of whatever file holds them.
//!
//! Lists in text, MIDI files, cue sheets, the collections of DJ programs, in which the track is found by its name, and the track's
//! own tags, in which Serato keeps them.

use super::beat_grid::{self, Anchor};
use super::collection;
use super::cue_sheet;
use super::midi;
use super::serato;
use super::timed::{self, Entry, Wanted};
use crate::error::{Error, Result};
use crate::text_file::{self, Text};
use crate::units::Seconds;
use std::path::Path;

/// Beats that are known.
#[derive(Clone, Debug, PartialEq)]
pub enum GivenBeats {
    /// Each for itself; a label of `1`, or of the form `bar.beat` with a 1 behind the point, marks a downbeat.
    List(Vec<Entry>),
    /// By the places at which a tempo begins.
    Grid(Vec<Anchor>),
}

impl GivenBeats {
    /// The beats of a track of this length.
    pub(super) fn entries(&self, duration: Seconds) -> Vec<Entry> {
        match self {
            GivenBeats::List(entries) => entries.clone(),
            GivenBeats::Grid(anchors) => beat_grid::beats(anchors, duration),
        }
    }
}

const SERATO: &str = "Serato writes beat grid and cue points into tracks that it has analyzed";
const MIXXX: &str =
    "have Mixxx write Serato metadata into the tracks (Preferences, Library), then give the track itself";

/// What a file holds for a track.
struct Marks {
    beats: GivenBeats,
    sections: Vec<Entry>,
    notes: Vec<String>,
}

/// The beats in the bytes of a file for the track at `track`, and notes about how they were found.
///
/// # Errors
/// Input: it is no file of a kind that is read, is damaged, doesn't know the track, or knows no beats of it.
pub fn beats(bytes: &[u8], track: &Path) -> Result<(GivenBeats, Vec<String>)> {
    let marks = read(bytes, track, Wanted::Beats)?;
    let none = match &marks.beats {
        GivenBeats::List(entries) => entries.is_empty(),
        GivenBeats::Grid(anchors) => anchors.is_empty(),
    };
    if none {
        return Err(Error::input("it has no beats for this track")
            .hint("analyze the track in the program that it comes from, and export again"));
    }
    Ok((marks.beats, marks.notes))
}

/// The sections in the bytes of a file for the track at `track`, and notes about how they were found.
///
/// # Errors
/// Input: as [`beats`].
pub fn sections(bytes: &[u8], track: &Path) -> Result<(Vec<Entry>, Vec<String>)> {
    let marks = read(bytes, track, Wanted::Sections)?;
    if marks.sections.is_empty() {
        return Err(Error::input("it has no sections for this track")
            .hint("cue points, markers and the tracks of a cue sheet count as sections"));
    }
    Ok((marks.sections, marks.notes))
}

fn read(bytes: &[u8], track: &Path, wanted: Wanted) -> Result<Marks> {
    if midi::is_midi(bytes) {
        return midi::parse(bytes).map(of_midi);
    }
    if let Some(found) = serato::read(bytes) {
        if found == serato::Serato::default() {
            return Err(Error::input("its tags hold no Serato data").hint(SERATO));
        }
        let (beats, notes) = (GivenBeats::Grid(found.grid), found.note.into_iter().collect());
        return Ok(Marks { beats, sections: found.cues, notes });
    }
    if bytes.starts_with(b"SQLite format 3") {
        return Err(Error::input("this is a database, such as Mixxx's own, which can't be read").hint(MIXXX));
    }
    let Text { text, note } = text_file::decode(bytes)?;
    let mut marks = if collection::is_one(&text) {
        let (song, note) = collection::find(&text, track)?;
        Marks { beats: GivenBeats::Grid(song.grid), sections: song.cues, notes: note.into_iter().collect() }
    } else if cue_sheet::is_one(&text) {
        if wanted == Wanted::Beats {
            return Err(Error::input("a cue sheet has no beats").hint("name it with --sections-file"));
        }
        let sections = cue_sheet::parse(&text, track)?;
        Marks { beats: GivenBeats::List(Vec::new()), sections, notes: Vec::new() }
    } else if text.starts_with("#EXTM3U") {
        return Err(Error::input("this is a playlist, which has no beats and no cue points").hint(MIXXX));
    } else {
        let entries = timed::parse_for(&text, wanted)?;
        Marks { beats: GivenBeats::List(entries.clone()), sections: entries, notes: Vec::new() }
    };
    marks.notes.extend(note);
    Ok(marks)
}

fn of_midi(midi: midi::Midi) -> Marks {
    let entry = |time: Seconds| {
        let label = if midi.downbeats.contains(&time) { "1" } else { "" };
        Entry { time, label: label.to_owned() }
    };
    let beats = GivenBeats::List(midi.beats.iter().map(|t| entry(*t)).collect());
    Marks { beats, sections: midi.markers, notes: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_midi_file_gives_its_beats_and_markers() {
        // 3/4 at 120 BPM, 96 ticks a quarter; "verse" at the start, "drop" four quarters later.
        let track = [
            &[0, 0xff, 0x58, 4, 3, 2, 24, 8, 0, 0xff, 6, 5][..],
            b"verse",
            &[0x83, 0, 0xff, 6, 4],
            b"drop",
            &[0, 0xff, 0x2f, 0],
        ]
        .concat();
        let head = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0";
        let bytes = [&head[..], &[track.len() as u8], &track].concat();
        let (beats, _) = beats(&bytes, Path::new("a.wav")).unwrap();
        let told: Vec<_> = beats.entries(Seconds(9.0)).into_iter().map(|e| (e.time.0, e.label)).collect();
        let right = [(0.0, "1"), (0.5, ""), (1.0, ""), (1.5, "1")];
        assert_eq!(told, right.map(|(t, l)| (t, l.to_owned())));
        let (sections, _) = sections(&bytes, Path::new("a.wav")).unwrap();
        assert_eq!(sections[1], Entry { time: Seconds(2.0), label: "drop".into() });
    }

    #[test]
    fn what_holds_nothing_of_the_kind_is_refused() {
        let cue = b"FILE \"a.wav\" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n";
        let error = beats(cue, Path::new("a.wav")).unwrap_err();
        assert!(error.hints()[0].contains("--sections-file"));
        assert!(sections(cue, Path::new("a.wav")).is_ok());
        let nothing = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x04\0\xff\x2f\0";
        assert!(
            sections(nothing, Path::new("a.wav")).is_err() && beats(nothing, Path::new("a.wav")).is_err()
        );
    }

    #[test]
    fn a_guessed_encoding_is_told() {
        let (entries, notes) = sections(b"0.0\trefr\xe3o da can\xe7\xe3o\n", Path::new("a.wav")).unwrap();
        assert_eq!(entries[0].label, "refrão da canção");
        assert!(notes[0].contains("windows-1252"), "{notes:?}");
    }
}
