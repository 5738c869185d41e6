//! A file goes in, blocks of samples come out, in order, exactly as many as the track has.
//!
//! FFmpeg's demuxer says where everything lies ([`crate::demux`]): by it players play, and packets are copied. symphonia
//! decodes MP3, FLAC, WAV, AIFF and Ogg Vorbis where it comes to the same places, which is looked up before. All else
//! goes to FFmpeg: MP4 with its edit lists, Opus, WMA, Matroska, surround, joined and damaged files, and whatever
//! symphonia stumbles over on the way. The file's content decides, never its name. Both paths remove encoder delay and
//! padding, and both end in one outlet that guards the limits.
//!
//! **Invariant:** a block is handed on and forgotten; nothing here grows with the length of the track.

mod ffmpeg;
mod native;
mod outlet;
mod promise;
pub mod pull;
mod speaker;

pub use outlet::{Block, Decoded, Sink};
pub(super) use speaker::weights;
pub use speaker::{Side, sides};

use crate::demux::{self, Survey};
use crate::error::{Context, Error, Result};
use outlet::Outlet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

/// Samples by which two counts of a track may differ.
const ROUNDING: f64 = 1.0;

/// What the first bytes of a file say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// MP3, whose frames begin at this byte.
    Mp3(u64),
    /// Another container that symphonia reads without losing or gaining a sample.
    Native,
    /// Anything else.
    Other,
}

/// Decodes an audio stream of the file at `path` and hands it to `sink` block by block: the one of number `stream`, from
/// 1, or the one that players choose (see [`demux::choose`]).
///
/// # Errors
/// The file can't be read, holds no sound or not that stream, is longer than six hours, or `sink` returned an error.
pub fn decode(path: &Path, stream: Option<usize>, sink: &mut Sink<'_>) -> Result<Decoded> {
    let choice = demux::choose(path, stream)?;
    let mut outlet = Outlet::new(path, sink);
    choice.note.into_iter().for_each(|note| outlet.note(note));
    let mut file = demux::open_file(path)?;
    let family = sniff(&mut file).context(|| unreadable(path))?;
    let mut varied = false;
    if choice.of == 1 && family != Family::Other {
        let (survey, plan) = looked_at(path, stream)?;
        varied = survey.changes;
        outlet.promise(match family {
            Family::Mp3(start) => promise::of_mp3(&mut file, start),
            _ => plan.and_then(|plan| plan.stated),
        });
        if let Some(plan) = plan.filter(|plan| agree(*plan, &survey)) {
            native::decode(demux::open_file(path)?, &mut outlet)?;
            if outlet.samples() == plan.samples {
                return outlet.finish();
            }
            outlet.begin_again();
        }
    }
    ffmpeg::decode(path, stream, varied, &mut outlet)?;
    outlet.finish()
}

/// What FFmpeg and symphonia say of all packets, each beside the other: a look takes a twentieth of the analysis.
fn looked_at(path: &Path, stream: Option<usize>) -> Result<(Survey, Option<native::Plan>)> {
    let file = demux::open_file(path)?;
    thread::scope(|scope| {
        let plan = scope.spawn(|| native::plan(file));
        let survey = demux::survey(path, stream)?;
        Ok((survey, plan.join().unwrap_or_else(|panic| resume_unwind(panic))))
    })
}

/// Whether symphonia finds as much in a file as FFmpeg does, and nothing that would change it on the way.
fn agree(plan: native::Plan, survey: &Survey) -> bool {
    let samples = survey.length * f64::from(plan.rate);
    !survey.changes && (samples - plan.samples as f64).abs() < ROUNDING
}

fn unreadable(path: &Path) -> Error {
    Error::input(format!("can't read '{}'", path.display())).hint("check the disk")
}

/// Looks at the first bytes, past ID3 tags if there are any.
fn sniff(file: &mut File) -> std::io::Result<Family> {
    let mut start = 0;
    let mut head = read_head(file)?;
    while head.starts_with(b"ID3") {
        // The tag's length is four times seven bits.
        let length = head[6..10].iter().fold(0u64, |n, byte| n << 7 | u64::from(byte & 0x7f));
        start += 10 + length;
        file.seek(SeekFrom::Start(start))?;
        head = read_head(file)?;
    }
    Ok(family_of(&head, start))
}

fn read_head(file: &mut File) -> std::io::Result<[u8; 12]> {
    let mut head = Vec::with_capacity(12);
    file.take(12).read_to_end(&mut head)?;
    head.resize(12, 0);
    Ok(head.try_into().expect("resized to twelve bytes"))
}

fn family_of(head: &[u8; 12], start: u64) -> Family {
    let layer_three = head[0] == 0xff && head[1] & 0xe6 == 0xe2;
    match (&head[..4], &head[8..]) {
        (b"RIFF", b"WAVE") | (b"FORM", b"AIFF" | b"AIFC") | (b"fLaC" | b"OggS", _) => Family::Native,
        _ if layer_three => Family::Mp3(start),
        _ => Family::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family_of_start(head: &[u8; 12]) -> Family {
        family_of(head, 7)
    }

    #[test]
    fn containers_are_told_by_their_first_bytes() {
        assert_eq!(family_of_start(b"RIFF....WAVE"), Family::Native);
        assert_eq!(family_of_start(b"RIFF....AVI "), Family::Other);
        assert_eq!(family_of_start(b"....ftypM4A "), Family::Other);
        assert_eq!(family_of_start(b"\xff\xfb\x90\x64........"), Family::Mp3(7));
        assert_eq!(family_of_start(b"\xff\xf1\x50\x80........"), Family::Other, "AAC in ADTS");
        assert_eq!(family_of_start(b"some text..."), Family::Other);
    }
}
