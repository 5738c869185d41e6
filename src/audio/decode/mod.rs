//! A file goes in, blocks of samples come out, in order, exactly as many as the track has.
//!
//! symphonia decodes what it places exactly: MP3, FLAC, WAV, AIFF and Ogg Vorbis. All else goes to
//! FFmpeg: MP4 (symphonia does not read edit lists, so AAC would come 23 ms late), Opus, WMA, Matroska
//! and sound inside video files. The file's content decides, never its name. Both paths remove
//! encoder delay and padding, and both end in one outlet that guards the limits.
//!
//! **Invariant:** a block is handed on and forgotten; nothing here grows with the length of the track.

mod ffmpeg;
mod native;
mod outlet;

pub use outlet::{Block, Decoded, Sink};

use crate::error::{Context, Error, Result};
use outlet::Outlet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// What the first bytes of a file say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// A container that symphonia reads without losing or gaining a sample.
    ModelHints,
    /// Anything else.
    Other,
}

/// Decodes the sound of the file at `path` and hands it to `sink` block by block.
///
/// # Errors
/// The file can't be read, holds no sound, is longer than six hours, or `sink` returned an error.
pub fn decode(path: &Path, sink: &mut Sink<'_>) -> Result<Decoded> {
    let mut file = open(path)?;
    let family = sniff(&mut file).context(|| unreadable(path))?;
    let mut outlet = Outlet::new(path, sink);
    let done = family == Family::ModelHints && native::decode(file, &mut outlet)?;
    if !done {
        ffmpeg::decode(open(path)?, path, &mut outlet)?;
    }
    outlet.finish()
}

fn open(path: &Path) -> Result<File> {
    let file = File::open(path).context(|| unreadable(path))?;
    let meta = file.metadata().context(|| unreadable(path))?;
    if meta.is_dir() {
        return Err(Error::input(format!("'{}' is a folder", path.display())).hint("name one audio file"));
    }
    if meta.is_file() && meta.len() == 0 {
        return Err(Error::input(format!("'{}' is empty", path.display()))
            .hint("the download or copy may have failed; get the file again"));
    }
    Ok(file)
}

fn unreadable(path: &Path) -> Error {
    Error::input(format!("can't read '{}'", path.display()))
        .hint("check the path and that you may read the file")
}

/// Looks at the first bytes, past an ID3 tag if there is one, and rewinds.
fn sniff(file: &mut File) -> std::io::Result<Family> {
    let mut head = read_head(file)?;
    if head.starts_with(b"ID3") {
        // The tag's length is four times seven bits.
        let length = head[6..10].iter().fold(0u64, |n, byte| n << 7 | u64::from(byte & 0x7f));
        file.seek(SeekFrom::Start(10 + length))?;
        head = read_head(file)?;
    }
    file.rewind()?;
    Ok(family_of(&head))
}

fn read_head(file: &mut File) -> std::io::Result<[u8; 12]> {
    let mut head = Vec::with_capacity(12);
    file.take(12).read_to_end(&mut head)?;
    head.resize(12, 0);
    Ok(head.try_into().expect("resized to twelve bytes"))
}

fn family_of(head: &[u8; 12]) -> Family {
    let layer_three = head[0] == 0xff && head[1] & 0xe6 == 0xe2;
    match (&head[..4], &head[8..]) {
        (b"RIFF", b"WAVE") | (b"FORM", b"AIFF" | b"AIFC") | (b"fLaC" | b"OggS", _) => Family::ModelHints,
        _ if layer_three => Family::ModelHints,
        _ => Family::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_told_by_their_first_bytes() {
        assert_eq!(family_of(b"RIFF....WAVE"), Family::ModelHints);
        assert_eq!(family_of(b"RIFF....AVI "), Family::Other);
        assert_eq!(family_of(b"....ftypM4A "), Family::Other);
        assert_eq!(family_of(b"\xff\xfb\x90\x64........"), Family::ModelHints, "MP3");
        assert_eq!(family_of(b"\xff\xf1\x50\x80........"), Family::Other, "AAC in ADTS");
        assert_eq!(family_of(b"some text..."), Family::Other);
    }
}
