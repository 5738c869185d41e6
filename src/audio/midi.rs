//! A Standard MIDI File goes in; notes, controllers, beats and bars with times in seconds come out.
//!
//! Formats 0 and 1 (Standard MIDI Files 1.0, RP-001), also inside a RIFF (`.rmi`). Ticks divide quarter notes,
//! and all tracks share one tempo map, or they divide the frames of a film, and there are no beats. System-exclusive
//! messages, pitch bends and texts are skipped, and so is what follows the last track.

use super::timed::Entry;
use crate::error::{Error, Result};
use crate::text_file;
use crate::units::Seconds;

/// Most events that are taken.
const MOST: usize = 4_000_000;
/// Microseconds a quarter note where the file does not say.
const USUAL_TEMPO: u32 = 500_000;

/// A note.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Note {
    /// When it is struck.
    pub start: Seconds,
    /// When it is let go; the end of the file if it never is.
    pub end: Seconds,
    /// 0 to 15; 9 are the drums of General MIDI.
    pub channel: u8,
    /// 0 to 127; 60 is middle C.
    pub key: u8,
    /// 1 to 127.
    pub velocity: u8,
}

/// A controller that is moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Control {
    /// When.
    pub time: Seconds,
    /// 0 to 15.
    pub channel: u8,
    /// 0 to 127; 1 is modulation, 7 volume, 64 the pedal.
    pub number: u8,
    /// 0 to 127.
    pub value: u8,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Midi {
    /// Notes in the order of their starts.
    pub notes: Vec<Note>,
    /// Movements of controllers, ascending.
    pub controls: Vec<Control>,
    /// Beats up to the last event: quarter notes, or what the time signature counts (dotted quarters in 6/8). None
    /// where ticks divide frames.
    pub beats: Vec<Seconds>,
    /// First beats of bars; each is also a beat.
    pub downbeats: Vec<Seconds>,
    /// Names of places: rehearsal letters, sections.
    pub markers: Vec<Entry>,
}

/// Reads a file.
///
/// # Errors
/// Input: the bytes are no MIDI file of a kind that is read here, or it is damaged.
pub fn parse(bytes: &[u8]) -> Result<Midi> {
    let mut reader = Reader { bytes: unwrapped(bytes)? };
    let (kind, mut header) = reader.chunk()?;
    if kind != *b"MThd" {
        return Err(wrong("it does not begin as a MIDI file does"));
    }
    let (format, tracks, division) = (header.u16()?, header.u16()?, Division::new(header.u16()?)?);
    if format > 1 {
        return Err(wrong("its tracks are songs of their own (format 2)"));
    }
    let mut events = Vec::new();
    let mut read = 0;
    // Writers leave all kinds of things behind the last track, and some count their tracks wrongly.
    while reader.bytes.len() >= 8 && (read < tracks || reader.bytes.starts_with(b"MTrk")) {
        let (kind, track) = reader.chunk()?;
        if kind == *b"MTrk" {
            read_track(track, &mut events)?;
            read = read.saturating_add(1);
        }
    }
    if read == 0 {
        return Err(wrong("there is no track in it"));
    }
    events.sort_by_key(|e| e.tick);
    Ok(compose(&events, division))
}

/// Whether bytes begin as a MIDI file does.
pub fn is_midi(bytes: &[u8]) -> bool {
    bytes.starts_with(b"MThd") || bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"RMID")
}

/// The file inside a RIFF: its `data` chunk.
fn unwrapped(bytes: &[u8]) -> Result<&[u8]> {
    if !is_midi(bytes) || bytes.starts_with(b"MThd") {
        return Ok(bytes);
    }
    let mut reader = Reader { bytes: &bytes[12..] };
    loop {
        let head = reader.take(8)?;
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let content = reader.take(length.min(reader.bytes.len()))?;
        if head.starts_with(b"data") {
            return Ok(content);
        }
        // Chunks of odd lengths are padded.
        reader.take((length % 2).min(reader.bytes.len()))?;
    }
}

/// What ticks divide.
#[derive(Clone, Copy)]
enum Division {
    /// Quarter notes: ticks in one.
    Quarter(u16),
    /// Time: seconds a tick.
    Time(f64),
}

impl Division {
    /// The third number of the header: positive, or the frames a second, negative, and ticks a frame in its two bytes.
    fn new(word: u16) -> Result<Self> {
        let [high, ticks] = word.to_be_bytes();
        let frame = match (-(i16::from(high as i8)), ticks) {
            (_, 0) if high >= 0x80 => return Err(wrong("its frames have no ticks")),
            (24, _) => 1.0 / 24.0,
            (25, _) => 1.0 / 25.0,
            // 30 frames with two counts dropped a minute.
            (29, _) => 1001.0 / 30_000.0,
            (30, _) => 1.0 / 30.0,
            _ if high >= 0x80 => return Err(wrong("its frames a second are none of 24, 25, 29 and 30")),
            _ if word == 0 => return Err(wrong("its quarter notes have no ticks")),
            _ => return Ok(Division::Quarter(word)),
        };
        Ok(Division::Time(frame / f64::from(ticks)))
    }

    /// Seconds a tick at so many microseconds a quarter note.
    fn per_tick(self, tempo: u32) -> f64 {
        match self {
            Division::Quarter(ticks) => f64::from(tempo) * 1e-6 / f64::from(ticks),
            Division::Time(seconds) => seconds,
        }
    }
}

fn wrong(why: &str) -> Error {
    Error::input("the MIDI file can't be read")
        .because(why.to_owned())
        .hint("export it again as a type 1 MIDI file")
}

struct Event {
    tick: u64,
    what: What,
}

enum What {
    On {
        channel: u8,
        key: u8,
        velocity: u8,
    },
    Off {
        channel: u8,
        key: u8,
    },
    Control {
        channel: u8,
        number: u8,
        value: u8,
    },
    /// Microseconds a quarter note.
    Tempo(u32),
    /// Numerator, and the denominator as a power of two.
    Signature(u8, u8),
    Marker(String),
    End,
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (head, rest) = self.bytes.split_at_checked(count).ok_or_else(|| wrong("it is cut off"))?;
        self.bytes = rest;
        Ok(head)
    }

    fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<u16> {
        let b = self.take(2)?;
        Ok(u16::from_be_bytes([b[0], b[1]]))
    }

    /// A chunk's name and content; a last chunk that is cut off counts as far as it goes.
    fn chunk(&mut self) -> Result<([u8; 4], Reader<'a>)> {
        let head = self.take(8)?;
        let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let content = self.take(length.min(self.bytes.len()))?;
        Ok(([head[0], head[1], head[2], head[3]], Reader { bytes: content }))
    }

    /// A number of up to four times seven bits.
    fn variable(&mut self) -> Result<u32> {
        let mut value = 0;
        for _ in 0..4 {
            let byte = self.u8()?;
            value = value << 7 | u32::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(wrong("a number in it is too long"))
    }
}

fn read_track(mut track: Reader<'_>, events: &mut Vec<Event>) -> Result<()> {
    // The running status: of the last message of a channel. By the standard it ends with other events, but not every
    // writer knows, and no reader can take the data that follows for anything else.
    let (mut tick, mut running) = (0u64, 0u8);
    while !track.bytes.is_empty() {
        tick += u64::from(track.variable()?);
        let (status, first) = match track.u8()? {
            byte @ 0x80.. => (byte, None),
            data => (running, Some(data)),
        };
        let what = match status {
            0xff => meta(&mut track)?,
            0xf0 | 0xf7 => {
                let length = track.variable()?;
                track.take(length as usize)?;
                None
            }
            0x80..=0xef => {
                running = status;
                channel_event(&mut track, status, first)?
            }
            _ => return Err(wrong("a track in it is damaged")),
        };
        if matches!(what, Some(What::End)) {
            // What a writer left behind the end is no music.
            break;
        }
        if let Some(what) = what {
            if events.len() == MOST {
                return Err(wrong("it has too many events"));
            }
            events.push(Event { tick, what });
        }
    }
    events.push(Event { tick, what: What::End });
    Ok(())
}

fn channel_event(track: &mut Reader<'_>, status: u8, first: Option<u8>) -> Result<Option<What>> {
    let channel = status & 0x0f;
    let mut data = || -> Result<u8> { Ok(track.u8()? & 0x7f) };
    let a = match first {
        Some(byte) => byte,
        None => data()?,
    };
    Ok(match status & 0xf0 {
        0x90 => match data()? {
            0 => Some(What::Off { channel, key: a }),
            velocity => Some(What::On { channel, key: a, velocity }),
        },
        0x80 => {
            data()?;
            Some(What::Off { channel, key: a })
        }
        0xb0 => Some(What::Control { channel, number: a, value: data()? }),
        0xa0 | 0xe0 => {
            data()?;
            None
        }
        _ => None,
    })
}

fn meta(track: &mut Reader<'_>) -> Result<Option<What>> {
    let kind = track.u8()?;
    let length = track.variable()? as usize;
    Ok(match (kind, track.take(length)?) {
        // Standard MIDI files don't say in which encoding.
        (0x06, text) => Some(What::Marker(match text_file::decode(text) {
            Ok(read) => read.text.trim().to_owned(),
            Err(_) => String::from_utf8_lossy(text).trim().to_owned(),
        })),
        (0x2f, _) => Some(What::End),
        (0x51, [a, b, c]) => Some(What::Tempo(u32::from_be_bytes([0, *a, *b, *c]).max(1))),
        (0x58, [numerator, denominator, ..]) if *numerator > 0 && *denominator <= 6 => {
            Some(What::Signature(*numerator, *denominator))
        }
        _ => None,
    })
}

/// Ticks to seconds, with the tempos so far.
struct TempoMap {
    /// Tick, seconds, seconds a tick from there on.
    changes: Vec<(u64, f64, f64)>,
}

impl TempoMap {
    fn new(events: &[Event], division: Division) -> Self {
        let mut map = TempoMap { changes: vec![(0, 0.0, division.per_tick(USUAL_TEMPO))] };
        for event in events {
            if let What::Tempo(tempo) = event.what {
                map.changes.push((event.tick, map.seconds(event.tick), division.per_tick(tempo)));
            }
        }
        map
    }

    fn seconds(&self, tick: u64) -> f64 {
        let after = self.changes.partition_point(|c| c.0 <= tick);
        let (from, seconds, per_tick) = self.changes[after.max(1) - 1];
        seconds + (tick - from) as f64 * per_tick
    }
}

fn compose(events: &[Event], division: Division) -> Midi {
    let map = TempoMap::new(events, division);
    let at = |tick: u64| Seconds(map.seconds(tick));
    let end = events.last().map_or(0, |e| e.tick);
    let mut midi = Midi::default();
    // Index of the note that sounds, by channel and key.
    let mut sounding = vec![None::<usize>; 16 * 128];
    for event in events {
        match &event.what {
            &What::On { channel, key, velocity } => {
                let slot = &mut sounding[usize::from(channel) * 128 + usize::from(key)];
                if let Some(before) = slot.replace(midi.notes.len()) {
                    midi.notes[before].end = at(event.tick);
                }
                midi.notes.push(Note { start: at(event.tick), end: at(end), channel, key, velocity });
            }
            &What::Off { channel, key } => {
                if let Some(note) = sounding[usize::from(channel) * 128 + usize::from(key)].take() {
                    midi.notes[note].end = at(event.tick);
                }
            }
            &What::Control { channel, number, value } => {
                midi.controls.push(Control { time: at(event.tick), channel, number, value });
            }
            What::Marker(name) => midi.markers.push(Entry { time: at(event.tick), label: name.clone() }),
            What::Tempo(_) | What::Signature(..) | What::End => {}
        }
    }
    let grid = match division {
        Division::Quarter(ticks) => beats(events, ticks, end),
        Division::Time(_) => Vec::new(),
    };
    midi.beats = grid.iter().map(|(tick, _)| at(*tick)).collect();
    midi.downbeats = grid.iter().filter(|(_, first)| *first).map(|(tick, _)| at(*tick)).collect();
    midi
}

/// The ticks of all beats, and whether they begin a bar.
fn beats(events: &[Event], division: u16, end: u64) -> Vec<(u64, bool)> {
    let mut signatures = vec![(0, 4, 2)];
    for event in events {
        if let What::Signature(numerator, denominator) = event.what {
            signatures.retain(|(tick, _, _)| *tick != event.tick);
            signatures.push((event.tick, numerator, denominator));
        }
    }
    let mut grid = Vec::new();
    for (i, (start, numerator, denominator)) in signatures.iter().enumerate() {
        let stop = signatures.get(i + 1).map_or(end, |next| next.0);
        let unit = ((u64::from(division) * 4) >> denominator).max(1);
        // Eighths in threes are counted in dotted quarters.
        let compound = *denominator == 3 && numerator % 3 == 0 && *numerator > 3;
        let (step, count) =
            if compound { (unit * 3, u64::from(numerator / 3)) } else { (unit, u64::from(*numerator)) };
        let mut tick = *start;
        while tick < stop && grid.len() < MOST {
            grid.push((tick, (tick - start) / step % count == 0));
            tick += step;
        }
    }
    grid
}

#[cfg(test)]
mod tests;
