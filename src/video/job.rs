//! The settings of a render, kept inside the file that it made: as a tag, in MP4 and MOV as a box of its own behind
//! everything else, which players pass over.

use crate::bounded_read;
use crate::demux;
use crate::error::{Context, Error, Result};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Far more than any job: a project's files are 16 MB at most.
const MAX_BYTES: u64 = 64 << 20;
/// The file in a folder of pictures that holds the job.
pub(super) const FILE: &str = "job.json";
/// The metadata key that holds the job.
pub(super) const KEY: &str = "beatbolt";
/// What the box begins with (ISO/IEC 14496-12: a user type of 16 bytes).
const BOX: [u8; 16] = *b"beatbolt job\x9d\x0c\xe7\x51";
/// Boxes that are looked at: finished files have four or five.
const MOST_BOXES: usize = 1000;

/// The job's text that a [`super::Writer`] stored in the video at `path`.
///
/// # Errors
/// If the file can't be read or was not made by this program.
pub fn read_job(path: &Path) -> Result<String> {
    if path.is_dir() && !path.join(FILE).is_file() {
        return Err(none(path));
    }
    if path.is_dir() {
        return bounded_read::text(&path.join(FILE), MAX_BYTES).context(|| none(path));
    }
    let boxed = demux::open_file(path).map(|mut file| find_box(&mut file).ok().flatten())?;
    if let Some(text) = boxed.and_then(|bytes| String::from_utf8(bytes).ok()) {
        return Ok(text);
    }
    let input = demux::open(path)?;
    let metadata = input.metadata();
    let text = metadata.get(KEY).and_then(|text| {
        // The wrapper hands out the file's bytes unchecked.
        std::str::from_utf8(text.as_bytes()).ok()
    });
    text.map(str::to_owned).ok_or_else(|| none(path))
}

fn none(path: &Path) -> Error {
    Error::input(format!("{} holds no beatbolt settings", path.display()))
        .hint("only videos made by beatbolt carry them, GIFs aside; sites that re-encode a video drop them")
}

/// Adds the job to a finished file of MP4's family.
///
/// # Errors
/// The system's.
pub(super) fn append(path: &Path, job: &str) -> io::Result<()> {
    let length = u32::try_from(8 + BOX.len() + job.len()).map_err(io::Error::other)?;
    let mut file = File::options().append(true).open(path)?;
    file.write_all(&[&length.to_be_bytes()[..], b"uuid", &BOX, job.as_bytes()].concat())
}

/// The job in a file of MP4's family, if there is one.
fn find_box(file: &mut File) -> io::Result<Option<Vec<u8>>> {
    let end = file.metadata()?.len();
    let mut at = 0u64;
    for _ in 0..MOST_BOXES {
        let mut head = [0; 32];
        let have = end.saturating_sub(at).min(32) as usize;
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut head[..have])?;
        if have < 8 || at == 0 && &head[4..8] != b"ftyp" {
            return Ok(None);
        }
        let length = match u32::from_be_bytes([head[0], head[1], head[2], head[3]]) {
            0 => end - at,
            1 => head[8..16].iter().fold(0, |n, byte| n << 8 | u64::from(*byte)),
            n => u64::from(n),
        };
        if &head[4..8] == b"uuid" && head[8..24] == BOX && (24..=MAX_BYTES).contains(&length) {
            let mut text = Vec::new();
            file.seek(SeekFrom::Start(at + 24))?;
            file.take(length - 24).read_to_end(&mut text)?;
            return Ok(Some(text));
        }
        let Some(next) = at.checked_add(length).filter(|next| *next > at && *next < end) else {
            return Ok(None);
        };
        at = next;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_found_behind_the_others_and_nothing_is_found_in_damage() {
        let part = |name: &[u8; 4], length: u32, rest: usize| {
            [&length.to_be_bytes()[..], name, &vec![7; rest]].concat()
        };
        let found = |head: &[u8], job: Option<&str>| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.mp4");
            std::fs::write(&path, head).unwrap();
            job.iter().for_each(|job| append(&path, job).unwrap());
            find_box(&mut File::open(&path).unwrap()).unwrap().map(|bytes| String::from_utf8(bytes).unwrap())
        };
        let whole = [part(b"ftyp", 16, 8), part(b"mdat", 108, 100)].concat();
        assert_eq!(found(&whole, Some("{\"a\": \"ü\"}")).as_deref(), Some("{\"a\": \"ü\"}"));
        assert_eq!(found(&whole, None), None);
        let large =
            [part(b"ftyp", 16, 8), part(b"mdat", 1, 0), 24u64.to_be_bytes().to_vec(), vec![0; 8]].concat();
        assert_eq!(found(&large, Some("{}")).as_deref(), Some("{}"));
        for damaged in [&part(b"ftyp", 4, 8), &part(b"ftyp", u32::MAX, 8), &part(b"RIFF", 16, 8), &vec![0; 3]]
        {
            assert_eq!(found(damaged, Some("{}")), None);
        }
    }
}
