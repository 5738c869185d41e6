//! The file formats of videos, and which sound plays from them.

use super::coding::Coding;
use super::ffmpeg;
use crate::error::{Error, Result, nearest};
use ffmpeg_next::codec::Id;
use std::path::Path;

/// A file format for videos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    Mp4,
    Mov,
    Mkv,
    Webm,
    Gif,
    /// A folder of pictures.
    Folder,
}

const EXTENSIONS: [(&str, Container); 6] = [
    ("mp4", Container::Mp4),
    ("mkv", Container::Mkv),
    ("mov", Container::Mov),
    ("m4v", Container::Mp4),
    ("webm", Container::Webm),
    ("gif", Container::Gif),
];

impl Container {
    /// What the extension of `path` stands for.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let known = "the known endings are .mp4, .mkv, .mov, .webm and .gif";
        let bad = || Error::usage(format!("can't tell the video format from the name {}", path.display()));
        let Some(extension) = path.extension() else {
            return Err(bad().hint(known).hint(format!("if it is a folder, write {}/", path.display())));
        };
        let extension = extension.to_string_lossy().to_ascii_lowercase();
        if let Some((_, container)) = EXTENSIONS.iter().find(|(name, _)| *name == extension) {
            return Ok(*container);
        }
        let guess = nearest(&extension, EXTENSIONS.map(|(name, _)| name));
        Err(match guess {
            Some(guess) => bad().hint(format!("did you mean .{guess}?")).hint(known),
            None => bad().hint(known),
        })
    }

    /// FFmpeg's name of the muxer.
    pub(super) fn muxer(self) -> &'static str {
        match self {
            Container::Mp4 => "mp4",
            Container::Mov => "mov",
            Container::Mkv => "matroska",
            Container::Webm => "webm",
            Container::Gif => "gif",
            Container::Folder => "image2",
        }
    }

    /// What the names of such files end in; none for a folder.
    pub(super) fn ending(self) -> Option<&'static str> {
        EXTENSIONS.iter().find(|(_, container)| *container == self).map(|(name, _)| *name)
    }

    /// Whether it can hold sound at all.
    pub(super) fn is_silent(self) -> bool {
        matches!(self, Container::Gif | Container::Folder)
    }

    /// Whether it is of MP4's family.
    pub(super) fn is_mp4(self) -> bool {
        matches!(self, Container::Mp4 | Container::Mov)
    }

    /// What people call it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Container::Mp4 => "MP4",
            Container::Mov => "MOV",
            Container::Mkv => "MKV",
            Container::Webm => "WebM",
            Container::Gif => "GIF",
            Container::Folder => "a folder of pictures",
        }
    }

    /// Whether it takes sound that is encoded as `coding`.
    pub(super) fn takes(self, coding: Coding) -> bool {
        match self {
            Container::Mp4 | Container::Mkv => coding != Coding::Vorbis,
            Container::Mov => matches!(coding, Coding::Alac(_) | Coding::Aac),
            Container::Webm => coding == Coding::Vorbis,
            Container::Gif | Container::Folder => false,
        }
    }

    /// What a person should know of a copy of this sound: where padding follows it.
    pub(super) fn padded(self, sound: Id) -> Option<String> {
        let told =
            "MP4 doesn't say where Opus sound ends: up to 20 ms of silence follow; .mkv and .webm are exact";
        (self == Container::Mp4 && sound == Id::OPUS).then(|| told.to_owned())
    }

    /// Whether common players play this sound from this container. FFmpeg can write more (Vorbis into MP4), but then
    /// many players stay silent.
    pub(super) fn plays(self, sound: Id) -> bool {
        match self {
            Container::Mp4 => matches!(
                sound,
                Id::AAC | Id::MP3 | Id::MP2 | Id::OPUS | Id::ALAC | Id::FLAC | Id::AC3 | Id::EAC3
            ),
            Container::Mov => matches!(
                sound,
                Id::AAC
                    | Id::MP3
                    | Id::ALAC
                    | Id::AC3
                    | Id::EAC3
                    | Id::PCM_S16LE
                    | Id::PCM_S16BE
                    | Id::PCM_S24LE
                    | Id::PCM_S24BE
                    | Id::PCM_S32LE
                    | Id::PCM_F32LE
            ),
            Container::Mkv => ffmpeg::can_hold(self.muxer(), sound),
            Container::Webm => matches!(sound, Id::OPUS | Id::VORBIS),
            Container::Gif | Container::Folder => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_read_without_case_and_typos_are_answered() {
        assert_eq!(Container::of(Path::new("a/b.MP4")).unwrap(), Container::Mp4);
        let error = Container::of(Path::new("b.mpv")).unwrap_err();
        assert!(error.hints()[0].contains("did you mean"), "{error:?}");
    }
}
