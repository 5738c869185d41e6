//! Lyrics that are to be shown: read, and where no layer shows them, given one.

use super::record::LyricsRecord;
use crate::audio::lyrics;
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use crate::score::{Layer, LayerKind, Show, Singing, Sung, sung};
use crate::text_file::{self, Text};
use std::path::Path;

/// Largest file of lyrics that is read, in bytes.
const LARGEST: u64 = 4 << 20;

/// Lyrics that are to be shown.
#[derive(Clone, Debug)]
pub struct Lyrics {
    /// Its lines.
    pub lines: Vec<Sung>,
    /// The file, for the finished video.
    pub record: LyricsRecord,
    /// That its encoding was guessed.
    pub note: Option<String>,
    /// Whether words have times of their own.
    timed: bool,
}

impl Lyrics {
    /// The lyrics of the file at `path`; `named` is how a project names it, if one does.
    ///
    /// # Errors
    /// Input: it can't be read, or holds no line with a time.
    pub fn read(path: &Path, named: Option<&str>) -> Result<Self> {
        let failed = || {
            Error::input(format!("can't use the lyrics '{}'", path.display()))
                .hint("name a file in LRC or SRT")
        };
        let bytes = bounded_read::bytes(path, LARGEST).context(failed)?;
        let Text { text, note } = text_file::decode(&bytes).context(failed)?;
        let lines = lyrics::parse(&text).context(failed)?;
        let ending = if text.contains("-->") { "srt" } else { "lrc" };
        let usual = || format!("lyrics.{ending}");
        let record =
            LyricsRecord { name: named.map_or_else(usual, str::to_owned), typed: named.is_none(), text };
        let timed = lines.iter().any(|line| !line.words.is_empty());
        let note = note.map(|note| format!("{}: {note}", path.display()));
        Ok(Lyrics { timed, lines: sung(&lines), record, note })
    }

    /// Gives `show` a layer for these where it has none: filled as it is sung where words are timed, else line by line.
    pub fn into(&self, show: &mut Show) {
        let of_looks = show.looks.iter().flat_map(|look| &look.preset.layers);
        if show.layers.iter().chain(of_looks).any(|layer| matches!(layer.kind, LayerKind::Lyrics(_))) {
            return;
        }
        let singing = if self.timed { Singing::Karaoke } else { Singing::Line };
        show.layers.push(Layer::usual("lyrics", LayerKind::Lyrics(singing)));
    }
}
