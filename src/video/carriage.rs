//! Carriage: how a track's sound gets into a video: unchanged where the container holds it, else without loss.

use super::coding::Coding;
use super::container::Container;
use super::ffmpeg;
use super::profile::Profile;
use crate::demux::Packets;
use crate::error::{Error, Result, nearest};
use ffmpeg_next::codec::Id;
use ffmpeg_next::format::Sample;
use ffmpeg_next::{codec, encoder};
use std::path::{Path, PathBuf};

/// What may be asked of the sound in a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audio {
    /// The track's own packets, or nothing.
    Copy,
    /// Encoded anew, without loss, for Apple's players.
    Alac,
    /// Encoded anew, without loss.
    Flac,
    /// Encoded anew, with losses.
    Aac,
}

impl Audio {
    /// All names.
    pub const NAMES: [&'static str; 4] = ["copy", "alac", "flac", "aac"];

    /// What is called `name`.
    ///
    /// # Errors
    /// Usage, with the nearest name or all of them as a hint.
    pub fn find(name: &str) -> Result<Self> {
        let all = [Audio::Copy, Audio::Alac, Audio::Flac, Audio::Aac];
        Self::NAMES.iter().zip(all).find(|(n, _)| **n == name).map(|(_, audio)| audio).ok_or_else(|| {
            let error = Error::usage(format!("sound can't go in as '{name}'"));
            match nearest(name, Self::NAMES) {
                Some(near) => error.hint(format!("did you mean '{near}'?")),
                None => error.hint(format!("one of {}", Self::NAMES.join(", "))),
            }
        })
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// How the sound gets into a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carriage {
    /// Not at all: the format is silent.
    Silent,
    /// Packet by packet as it is.
    Copied,
    /// Encoded anew.
    Encoded(Coding),
}

/// The sound that a video is to have.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The track.
    pub track: &'a Path,
    /// Which of its audio streams, from 1; none: the one that players choose.
    pub stream: Option<usize>,
    /// Whether one description holds for all packets of the stream (see [`crate::demux::Survey`]).
    pub uniform: bool,
    /// How it is to go in; none: unchanged where that is possible.
    pub audio: Option<Audio>,
    /// Whether a person named the file: then its ending stays.
    pub named: bool,
}

/// Where the video will be written, and how the track's sound goes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPlan {
    /// The file to write: the one named, or one that nobody named with an ending that holds the sound unchanged.
    pub path: PathBuf,
    /// How the sound goes in.
    pub sound: Carriage,
    /// What a person should know about it.
    pub note: Option<String>,
}

/// The container for a video of this profile at `path`.
///
/// # Errors
/// Usage, where the name's ending is unknown or can't hold it.
pub(super) fn container_for(path: &Path, profile: Profile) -> Result<Container> {
    let row = profile.row();
    if row.containers == [Container::Folder] {
        return Ok(Container::Folder);
    }
    let container = Container::of(path)?;
    if row.containers.contains(&container) {
        return Ok(container);
    }
    let endings: Vec<String> =
        row.containers.iter().filter_map(|c| c.ending()).map(|e| format!(".{e}")).collect();
    let message = format!("{} does not go into the file {}", row.title, path.display());
    Err(Error::usage(message).hint(format!("end its name in {}", endings.join(" or "))))
}

/// Decides how the sound of a track goes into a video of this profile at `path`.
///
/// # Errors
/// If the ending of `path` is unknown or doesn't suit the profile, FFmpeg has no encoder for it, the track can't be read,
/// or its sound can't go in as it is wished.
pub fn check_container(path: &Path, wish: &Wish<'_>, profile: Profile) -> Result<ContainerPlan> {
    let container = container_for(path, profile)?;
    profile.encoders()?;
    let source = Source::read(wish)?;
    let plan = |path: &Path, sound, note| Ok(ContainerPlan { path: path.to_owned(), sound, note });
    if container.is_silent() {
        let what = if container == Container::Folder { container.title() } else { "a GIF" };
        let note = format!("{what} has no sound");
        return plan(path, Carriage::Silent, Some(note));
    }
    if wish.audio.is_none_or(|audio| audio == Audio::Copy) && wish.uniform {
        // Who asks for a copy gets what FFmpeg can write, wherever it plays.
        let forced = wish.audio.is_some() && ffmpeg::can_hold(container.muxer(), source.codec);
        if forced || container.plays(source.codec) {
            return plan(path, Carriage::Copied, container.padded(source.codec));
        }
        let is_free =
            !wish.named && wish.audio.is_none() && profile.row().containers.contains(&Container::Mkv);
        if is_free && Container::Mkv.plays(source.codec) {
            let changed = path.with_extension("mkv");
            let note = format!(
                "{} sound doesn't play from {} everywhere; writing {} with the sound unchanged",
                source.codec.name(),
                container.title(),
                changed.display()
            );
            return plan(&changed, Carriage::Copied, Some(note));
        }
    }
    let coding = source.coding(container, wish)?;
    plan(path, Carriage::Encoded(coding), Some(source.note(container, wish, coding)))
}

/// What a stream's sound is made of.
struct Source {
    codec: Id,
    /// Bits that a sample needs, where it is a whole number.
    bits: Option<u8>,
    channels: u16,
}

impl Source {
    fn read(wish: &Wish<'_>) -> Result<Self> {
        let packets = Packets::open(wish.track, wish.stream)?;
        let parameters = packets.parameters();
        let (codec, stored) = (parameters.id(), ffmpeg::stored_bits(&parameters));
        let decoder = codec::Context::from_parameters(parameters).and_then(|c| c.decoder().audio()).ok();
        let bits = match decoder.as_ref().map(codec::decoder::Audio::format) {
            Some(Sample::U8(_) | Sample::I16(_)) => Some(16),
            Some(Sample::I32(_)) => Some(stored.filter(|bits| *bits <= 32).unwrap_or(32)),
            _ => None,
        };
        Ok(Source { codec, bits, channels: decoder.map_or(0, |d| d.channels()) })
    }

    fn coding(&self, container: Container, wish: &Wish<'_>) -> Result<Coding> {
        // Eight bits more are added where they can't be known to be needless.
        let bits = if self.bits.is_some_and(|bits| bits <= 16) { 16 } else { 24 };
        let coding = match (wish.audio, container) {
            (Some(Audio::Copy), _) => return Err(self.refused(container, wish)),
            (Some(Audio::Alac), _) => Coding::Alac(bits),
            (Some(Audio::Flac), _) => Coding::Flac(bits),
            (Some(Audio::Aac), _) => Coding::Aac,
            (None, Container::Mov) => Coding::Alac(bits),
            (None, Container::Webm) => Coding::Vorbis,
            (None, _) => Coding::Flac(bits),
        };
        if !container.takes(coding) {
            let message = format!("{} can't hold {} sound", container.title(), coding.encoder());
            return Err(Error::usage(message).hint("leave out --audio, or write to a file that ends in .mkv"));
        }
        if encoder::find_by_name(coding.encoder()).is_none() {
            let message = format!("this FFmpeg has no {} encoder", coding.encoder());
            return Err(Error::output(message)
                .hint("write to a file that ends in .mkv, or choose another encoder with --audio"));
        }
        if self.channels > 8 {
            let message = format!("{} channels can't be encoded anew", self.channels);
            return Err(Error::input(message).hint("write to a file that ends in .mkv"));
        }
        Ok(coding)
    }

    fn refused(&self, container: Container, wish: &Wish<'_>) -> Error {
        let (codec, title) = (self.codec.name(), container.title());
        let error = match wish.uniform {
            true => Error::usage(format!("{title} can't hold {codec} sound unchanged")),
            false => Error::usage(format!("the {codec} sound changes on the way: copied, it would not play")),
        };
        error.hint("leave out --audio, or choose alac, flac or aac")
    }

    /// What a person should know about sound that is encoded anew.
    fn note(&self, container: Container, wish: &Wish<'_>, coding: Coding) -> String {
        let (codec, title) = (self.codec.name(), container.title());
        let why = match (wish.audio, wish.uniform) {
            (Some(_), _) => format!("the {codec} sound is stored as asked"),
            (None, false) => format!("the {codec} sound changes on the way and can't be copied"),
            (None, true) => format!("{codec} sound doesn't play from {title} everywhere"),
        };
        let how = match (coding, self.bits) {
            (Coding::Aac | Coding::Vorbis, _) => "",
            (_, Some(..=24)) => ", sample for sample the same",
            (_, Some(_)) => ", rounded to 24 bits",
            (_, None) if self.codec.name().starts_with("pcm") => ", rounded to 24 bits",
            (_, None) => ", as it is decoded",
        };
        let other = match wish.audio {
            None if wish.uniform && Container::Mkv.plays(self.codec) => "; an .mkv would hold it unchanged",
            _ => "",
        };
        format!("{why}: {}{how}{other}", coding.told())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_does_not_suit_its_profile_is_answered_with_those_that_do() {
        for (name, hint) in [("b.webm", ".mkv"), ("b", ".mp4"), ("b.avi", ".mov"), ("", ".mp4")] {
            let error = container_for(Path::new(name), Profile::H264).unwrap_err();
            assert!(error.hints().iter().any(|h| h.contains(hint)), "{name}: {error:?}");
        }
    }
}
