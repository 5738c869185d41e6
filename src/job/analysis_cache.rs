//! The analysis cache: what was heard before is not listened to again.
//!
//! One file per sound and way of listening lies in the user's cache folder, under the hash of the track's bytes, of the way
//! and of this very program: another build never reads it. A file appears whole or not at all, holds the hash of what is in
//! it, and is left aside if anything is wrong with it. Whatever fails here costs time, never the analysis.

use crate::atomic_file::Part;
use crate::audio::{Analysis, Options};
use crate::bounded_read;
use crate::cache_folder::{cache_folder, prune, this_build};
use crate::digest::Digest;
use crate::error::Result;
use crate::progress::{Flow, Progress};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Mutex;

/// Largest file that is read, and what all files may take together, in bytes: some hours of music.
const LARGEST: u64 = 256 << 20;
const TOGETHER: u64 = 512 << 20;
/// Hexadecimal digits of a hash.
const DIGITS: usize = 64;

/// What a file holds.
#[derive(Serialize, Deserialize)]
struct Entry {
    /// What the person was told while it was heard.
    notes: Vec<String>,
    analysis: Analysis,
}

/// The analysis of `track` from the cache, or what `listen` hears, which is kept.
///
/// # Errors
/// The track can't be read; what `listen` says.
pub(super) fn through(
    track: &Path,
    options: &Options,
    progress: &dyn Progress,
    listen: impl Fn(&dyn Progress) -> Result<Analysis>,
) -> Result<Analysis> {
    let Some(folder) = cache_folder() else { return listen(progress) };
    let path = folder.join(key(track, options)?);
    if let Some(entry) = load(&path) {
        entry.notes.iter().for_each(|note| progress.note(note));
        return Ok(entry.analysis);
    }
    let hearer = Hearer { inner: progress, notes: Mutex::default() };
    let analysis = listen(&hearer)?;
    let notes = hearer.notes.into_inner().unwrap_or_default();
    let entry = Entry { notes, analysis };
    // Where nothing can be kept, the next run listens again.
    let _ = store(&path, &entry);
    Ok(entry.analysis)
}

/// The name of the file for a track that is heard in a certain way by this build of the program.
fn key(track: &Path, options: &Options) -> Result<String> {
    let mut digest = Digest::default();
    digest.update(format!("{} {:?} {:?} ", this_build(), options.tracker, options.stream));
    options.weights.as_deref().map_or(Ok(()), |weights| digest.update_file(weights))?;
    digest.update_file(track)?;
    Ok(digest.finish())
}

fn load(path: &Path) -> Option<Entry> {
    let bytes = bounded_read::bytes(path, LARGEST).ok()?;
    let (body, hash) = bytes.split_at_checked(bytes.len().checked_sub(DIGITS)?)?;
    let mut digest = Digest::default();
    digest.update(body);
    (digest.finish().as_bytes() == hash).then(|| postcard::from_bytes(body).ok()).flatten()
}

/// Writes an entry as it is made and its hash behind it: of an hour of music it is 45 MB.
fn store(path: &Path, entry: &Entry) -> Option<()> {
    let folder = path.parent()?;
    fs::create_dir_all(folder).ok()?;
    let part = BufWriter::new(Part::create(path).ok()?);
    let hashed = postcard::to_io(entry, Hashed { part, digest: Digest::default(), room: LARGEST }).ok()?;
    let Hashed { mut part, digest, .. } = hashed;
    part.write_all(digest.finish().as_bytes()).ok()?;
    part.into_inner().ok()?.publish().ok()?;
    prune(folder, TOGETHER);
    Some(())
}

/// A file that is written, and the hash of what was.
struct Hashed {
    part: BufWriter<Part>,
    digest: Digest,
    /// Bytes that may follow.
    room: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.room.checked_sub(bytes.len() as u64);
        self.room = room.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        self.part.write_all(bytes)?;
        self.digest.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.part.flush()
    }
}

/// Passes everything on and remembers the notes.
struct Hearer<'a> {
    inner: &'a dyn Progress,
    notes: Mutex<Vec<String>>,
}

impl Progress for Hearer<'_> {
    fn stage(&self, name: &str, total: u64) {
        self.inner.stage(name, total);
    }

    fn advance(&self, done: u64) -> Flow {
        self.inner.advance(done)
    }

    fn note(&self, text: &str) {
        if let Ok(mut notes) = self.notes.lock() {
            notes.push(text.to_owned());
        }
        self.inner.note(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::analyze;
    use crate::progress::Silent;

    fn entry() -> Entry {
        let track = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/first-light.m4a");
        Entry { notes: vec!["damaged at 0:03".into()], analysis: analyze(&track, &Silent).unwrap() }
    }

    #[test]
    fn what_is_kept_comes_back_to_the_bit_and_what_is_damaged_does_not() {
        let home = tempfile::tempdir().unwrap();
        let (path, entry) = (home.path().join("a/b"), entry());
        store(&path, &entry).unwrap();
        let back = load(&path).unwrap();
        assert_eq!((&back.notes, &back.analysis), (&entry.notes, &entry.analysis));
        let whole = fs::read(&path).unwrap();
        for damaged in [
            &whole[1..],
            &whole[..whole.len() - 1],
            &whole[..40],
            &[],
            &[&whole[..900], &[0], &whole[901..]].concat(),
        ] {
            fs::write(&path, damaged).unwrap();
            assert!(load(&path).is_none() || damaged == &whole[..], "{} bytes", damaged.len());
        }
        assert!(load(&home.path().join("none")).is_none());
    }

    #[test]
    fn the_name_follows_the_sound_and_the_way_of_listening() {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            fs::write(home.path().join(name), text).unwrap();
            home.path().join(name)
        };
        let (a, b, c) = (write("a", "one"), write("b", "one"), write("c", "two"));
        let plain = Options::default();
        let aubio = Options { tracker: crate::audio::Tracker::Aubio, ..Options::default() };
        let others = Options { weights: Some(c.clone()), ..Options::default() };
        let second = Options { stream: Some(2), ..Options::default() };
        let name = |path: &Path, options: &Options| key(path, options).unwrap();
        assert_eq!(name(&a, &plain), name(&b, &plain));
        let options = [&plain, &aubio, &others, &second].map(|options| name(&a, options));
        let all = [&options[..], &[name(&c, &plain)]].concat();
        assert!((0..5).all(|i| (0..i).all(|j| all[i] != all[j])));
        assert!(key(&home.path().join("none"), &plain).is_err());
    }
}
