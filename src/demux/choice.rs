//! Stream choice: which of a file's audio streams is heard, shown and copied: the one that players choose.

use super::open::open;
use crate::error::{Error, Result};
use ffmpeg_next::format::context::Input;
use ffmpeg_next::format::stream::Disposition;
use ffmpeg_next::{Stream, codec, media};
use std::path::Path;

/// The audio stream that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its index among all streams of the file.
    pub index: usize,
    /// Its number among the audio streams, from 1.
    pub number: usize,
    /// How many audio streams there are.
    pub of: usize,
    /// What the person should know, where there was a choice that nobody made.
    pub note: Option<String>,
}

/// Chooses from the audio streams of the file at `path`: the one of number `asked`, from 1; without that the default
/// stream, of several the first, of none the first of all that can be decoded.
///
/// # Errors
/// Input: the file can't be read or has no sound; Usage: there is no stream of that number.
pub fn choose(path: &Path, asked: Option<usize>) -> Result<Choice> {
    choose_of(&open(path)?, path, asked)
}

pub(super) fn choose_of(input: &Input, path: &Path, asked: Option<usize>) -> Result<Choice> {
    let streams: Vec<Stream<'_>> =
        input.streams().filter(|s| s.parameters().medium() == media::Type::Audio).collect();
    let of = streams.len();
    if of == 0 {
        return Err(Error::input(format!("'{}' has no sound in it", path.display()))
            .hint("name a file with an audio stream; `ffprobe FILE` lists the streams"));
    }
    let at = match asked {
        Some(number) => number.checked_sub(1).filter(|at| *at < of).ok_or_else(|| {
            Error::usage(format!("'{}' has no audio stream {number}", path.display()))
                .hint(format!("its audio streams: {}", list(&streams)))
        })?,
        None => usual(&streams),
    };
    let note = (of > 1 && asked.is_none()).then(|| {
        let why = match streams.iter().filter(|s| is_default(s)).count() {
            0 => "the first",
            1 => "the default one",
            _ => "the first of the default ones",
        };
        format!(
            "the file has {of} audio streams, and number {} is taken, {why}; --audio-stream takes another: {}",
            at + 1,
            list(&streams)
        )
    });
    Ok(Choice { index: streams[at].index(), number: at + 1, of, note })
}

fn usual(streams: &[Stream<'_>]) -> usize {
    let playable = |s: &&Stream<'_>| codec::decoder::find(s.parameters().id()).is_some();
    let at = |wanted: &dyn Fn(&&Stream<'_>) -> bool| streams.iter().position(|s| wanted(&s));
    at(&|s| is_default(s) && playable(s)).or_else(|| at(&|s| playable(s))).unwrap_or(0)
}

fn is_default(stream: &Stream<'_>) -> bool {
    stream.disposition().contains(Disposition::DEFAULT)
}

/// The streams as they are told apart by a person.
fn list(streams: &[Stream<'_>]) -> String {
    let told: Vec<String> =
        streams.iter().enumerate().map(|(i, s)| format!("{} {}", i + 1, describe(s))).collect();
    told.join(", ")
}

fn describe(stream: &Stream<'_>) -> String {
    let decoder = codec::Context::from_parameters(stream.parameters()).and_then(|c| c.decoder().audio());
    let channels = decoder.map_or(0, |d| d.channels());
    let mut text = format!("({}", stream.parameters().id().name());
    match channels {
        0 => {}
        1 => text.push_str(", mono"),
        2 => text.push_str(", stereo"),
        n => text.push_str(&format!(", {n} channels")),
    }
    let metadata = stream.metadata();
    for key in ["language", "title"] {
        let value = metadata.get(key).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
        if let Some(value) = value.filter(|v| !v.is_empty() && v != "und") {
            text.push_str(&format!(", {}", value.escape_debug()));
        }
    }
    text + ")"
}
