//! Strips: some consecutive pictures in one piece, as the page fetches them and the cache keeps them.
//!
//! A line of JSON says the frames a second, when the first of them is shown and how long each JPEG is; then come the JPEGs.

use crate::atomic_file;
use crate::bounded_read;
use crate::cache_folder::prune;
use crate::digest::Digest;
use crate::error::{Context, Error, Result};
use crate::units::Seconds;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// Largest file that is read, and what all files may take together, in bytes.
const LARGEST: u64 = 4 << 20;
const TOGETHER: u64 = 64 << 20;
/// Hexadecimal digits of a hash.
const DIGITS: usize = 64;

/// Pictures in one piece.
pub type Strip = Arc<[u8]>;

/// The strip of `jpegs`, of which so many are shown a second, the first at `start` of the track.
pub fn packed(fps: f64, start: Seconds, jpegs: &[Arc<[u8]>]) -> Strip {
    let lengths: Vec<usize> = jpegs.iter().map(|jpeg| jpeg.len()).collect();
    let mut bytes = json!({ "fps": fps, "start": start, "lengths": lengths }).to_string().into_bytes();
    bytes.push(b'\n');
    jpegs.iter().for_each(|jpeg| bytes.extend_from_slice(jpeg));
    bytes.into()
}

/// The strip that is kept at `path`; none where there is none, or anything is wrong with it.
pub fn load(path: &Path) -> Option<Strip> {
    let bytes = bounded_read::bytes(path, LARGEST).ok()?;
    let (strip, hash) = bytes.split_at_checked(bytes.len().checked_sub(DIGITS)?)?;
    (hash_of(strip).as_bytes() == hash).then(|| strip.into())
}

/// Keeps `strip` at `path`, with its hash behind it; the oldest in its folder make room.
///
/// # Errors
/// Output: nothing can be kept there.
pub fn store(path: &Path, strip: &Strip) -> Result<()> {
    let failed = || Error::output(format!("can't write {}", path.display())).hint("check the cache folder");
    let folder = atomic_file::folder_of(path);
    std::fs::create_dir_all(folder).context(failed)?;
    let bytes = [strip, hash_of(strip).as_bytes()].concat();
    atomic_file::put(path, &bytes).context(failed)?;
    prune(folder, TOGETHER);
    Ok(())
}

fn hash_of(bytes: &[u8]) -> String {
    let mut digest = Digest::default();
    digest.update(bytes);
    digest.finish()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::Value;

    /// Head and JPEGs of a strip, as the page reads them.
    pub fn unpacked(strip: &[u8]) -> (Value, Vec<Vec<u8>>) {
        let end = strip.iter().position(|b| *b == b'\n').unwrap();
        let head: Value = serde_json::from_slice(&strip[..end]).unwrap();
        let mut rest = &strip[end + 1..];
        let lengths = head["lengths"].as_array().unwrap();
        let pictures = lengths.iter().map(|length| {
            let (picture, after) = rest.split_at(length.as_u64().unwrap() as usize);
            rest = after;
            picture.to_vec()
        });
        let pictures = pictures.collect();
        assert!(rest.is_empty());
        (head, pictures)
    }

    #[test]
    fn what_is_kept_comes_back_and_what_is_damaged_does_not() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b.strip");
        let strip = packed(12.5, Seconds(1.5), &[vec![10; 3].into(), vec![255, 10].into()]);
        let (head, pictures) = unpacked(&strip);
        assert_eq!((head["fps"].as_f64(), head["start"].as_f64()), (Some(12.5), Some(1.5)));
        assert_eq!(pictures, [vec![10; 3], vec![255, 10]]);
        assert!(load(&path).is_none());
        store(&path, &strip).unwrap();
        assert_eq!(load(&path).unwrap(), strip);
        let whole = std::fs::read(&path).unwrap();
        for damaged in [&whole[1..], &whole[..whole.len() - 1], &whole[..30], &[]] {
            std::fs::write(&path, damaged).unwrap();
            assert!(load(&path).is_none(), "{} bytes", damaged.len());
        }
    }
}
