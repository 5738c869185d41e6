//! Files opened for reading, by FFmpeg or as they are.

use crate::error::{Context as _, Error, Result};
use ffmpeg_next::format::context::{Input, StreamIo};
use ffmpeg_next::{Dictionary, format, log};
use std::fs::File;
use std::path::Path;
use std::sync::Once;

/// Prepares FFmpeg: its error texts, and silence on the terminal (failures come back as errors).
pub fn ready() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Registers the texts of error codes; documented as infallible since FFmpeg 4.
        ffmpeg_next::init().expect("nothing in it can fail");
        log::set_level(log::Level::Fatal);
    });
}

/// Opens a media file for reading. Its content says what it is, never its name, and it can't lead to other files.
///
/// # Errors
/// Input: it can't be read, is empty, or is nothing that FFmpeg knows.
pub fn open(path: &Path) -> Result<Input> {
    ready();
    let mut options = Dictionary::new();
    // A playlist must not make us open other files or addresses.
    options.set("protocol_whitelist", "none");
    StreamIo::from_read_seek(open_file(path)?)
        .and_then(|io| format::input_from_stream(io, None, Some(options)))
        .context(|| {
            let is_toml = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
            Error::input(format!("'{}' can't be read as sound or video", path.display())).hint(match is_toml {
                true => "this is a project or a preset: name the track itself",
                false => "MP3, FLAC, WAV, AIFF, Ogg, Opus, M4A, MP4, MKV and WMA can be read; if it is one of these, it is damaged",
            })
        })
}

/// Opens a file that has something in it.
///
/// # Errors
/// Input: it can't be read, is a folder or is empty.
pub fn open_file(path: &Path) -> Result<File> {
    let unreadable = || {
        let is_address =
            path.to_str().is_some_and(|text| text.starts_with("http:") || text.starts_with("https:"));
        Error::input(format!("can't read '{}'", path.display())).hint(match is_address {
            true => "addresses aren't read: download the file first",
            false => "check the path, and that you have permission to read the file",
        })
    };
    let file = File::open(path).context(unreadable)?;
    let meta = file.metadata().context(unreadable)?;
    if meta.is_dir() {
        return Err(Error::input(format!("'{}' is a folder", path.display())).hint("name one audio file"));
    }
    if meta.is_file() && meta.len() == 0 {
        return Err(Error::input(format!("'{}' is empty", path.display()))
            .hint("the download or copy may have failed; get the file again"));
    }
    Ok(file)
}
