//! Hashes of large files, remembered: a model of 4 GB takes seconds to hash, and every render asks for it.
//!
//! One small file per hash lies in the user's cache folder, named by all that changes when a file does: its path and place on the disk,
//! length, and times. A file that was changed a moment ago is hashed again the next time, for the clock of a file system may not tell the
//! next change from it.

use super::hash::Digest;
use crate::atomic_file;
use crate::bounded_read;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Bytes from which on a hash is worth remembering: a tenth of a second.
pub const LARGE: u64 = 64 << 20;
/// A file that has not changed for so long has another time when it does.
const SETTLED: Duration = Duration::from_secs(3);
/// Digits of a hash.
const DIGITS: u64 = 64;

/// The hash of a file at `path`, as it was remembered below `cache`, or as `hash` says.
///
/// # Errors
/// What `hash` says.
pub fn through(
    cache: Option<PathBuf>,
    (path, file): (&Path, &File),
    now: SystemTime,
    hash: impl FnOnce() -> io::Result<String>,
) -> io::Result<String> {
    let place = cache.and_then(|cache| Some((settled(path, file, now)?, cache)));
    let Some((before, cache)) = place else { return hash() };
    let remembered = cache.join("hashes").join(&before);
    if let Some(known) = load(&remembered) {
        return Ok(known);
    }
    let hash = hash()?;
    // It may have changed meanwhile. What can't be remembered is hashed again.
    if settled(path, file, now) == Some(before) {
        let _ = std::fs::create_dir_all(cache.join("hashes"));
        let _ = atomic_file::put(&remembered, hash.as_bytes());
    }
    Ok(hash)
}

/// What tells this file, as it is, from all others and from what it becomes; none where it was changed a moment ago.
fn settled(path: &Path, file: &File, now: SystemTime) -> Option<String> {
    let (path, found) = (path.canonicalize().ok()?, file.metadata().ok()?);
    let modified = found.modified().ok()?;
    if now.duration_since(modified).ok()? < SETTLED {
        return None;
    }
    let mut digest = Digest::default();
    digest.update(path.as_os_str().as_encoded_bytes());
    digest.update(format!(" {} {modified:?} {:?}", found.len(), node(&found)));
    Some(digest.finish())
}

/// Disk, place there, and when anything about it changed, which nobody sets back.
#[cfg(unix)]
fn node(found: &Metadata) -> [u64; 4] {
    use std::os::unix::fs::MetadataExt;
    [found.dev(), found.ino(), found.ctime() as u64, found.ctime_nsec() as u64]
}

#[cfg(not(unix))]
fn node(_: &Metadata) {}

fn load(path: &Path) -> Option<String> {
    let text = bounded_read::text(path, DIGITS).ok()?;
    (text.len() as u64 == DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::fs;

    #[test]
    fn a_file_is_hashed_once_and_again_when_it_or_what_was_remembered_changes() {
        let home = tempfile::tempdir().unwrap();
        let (path, cache) = (home.path().join("m"), home.path().join("cache"));
        let runs = Cell::new(0);
        let ask = |later: u64| {
            let now = SystemTime::now() + Duration::from_secs(later);
            let file = File::open(&path).unwrap();
            let hash = || {
                runs.set(runs.get() + 1);
                Ok(format!("{:064x}", runs.get()))
            };
            u64::from_str_radix(&through(Some(cache.clone()), (&path, &file), now, hash).unwrap(), 16)
                .unwrap()
        };
        fs::write(&path, "one").unwrap();
        assert_eq!([ask(0), ask(0)], [1, 2], "it was changed just now");
        assert_eq!([ask(60), ask(60)], [3, 3]);
        fs::write(&path, "two").unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!([ask(60), ask(60)], [4, 4]);
        for entry in fs::read_dir(cache.join("hashes")).unwrap() {
            fs::write(entry.unwrap().path(), "4".repeat(63)).unwrap();
        }
        assert_eq!([ask(60), ask(60)], [5, 5]);
    }

    #[test]
    fn without_a_folder_it_is_hashed_every_time_and_errors_come_through() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let now = SystemTime::now() + 2 * SETTLED;
        let place = || (file.path(), file.as_file());
        assert_eq!(through(None, place(), now, || Ok("a".into())).unwrap(), "a");
        assert_eq!(through(None, place(), now, || Ok("b".into())).unwrap(), "b");
        assert!(through(None, place(), now, || Err(io::Error::other("no"))).is_err());
    }
}
