//! Outputs that appear under their names only once they are whole, and that one render at a time writes.

use crate::atomic_file;
use crate::error::{Error, Result};
use crate::file_lock::FileLock;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A hidden file beside its target: renamed when finished, removed when dropped before.
pub(super) struct Partial {
    path: PathBuf,
    target: PathBuf,
    finished: bool,
    // Let go of when the file has its name or is gone.
    _lock: FileLock,
}

impl Partial {
    /// Creates the hidden file, which also proves that the folder can be written.
    pub(super) fn create(target: &Path) -> Result<Self> {
        if target.is_dir() || target.file_name().is_none() {
            return Err(Error::usage(format!("{} is a folder, not a file name", target.display()))
                .hint("add a file name, like video.mp4"));
        }
        if atomic_file::is_device(target) {
            return Err(Error::usage(format!(
                "{} is a device; a video can't be written there",
                target.display()
            ))
            .hint("give a file name, like video.mp4"));
        }
        let (lock, path) = reserve(target)?;
        // New, so that nothing is written where somebody else points to.
        let made = File::options().write(true).create_new(true).open(&path);
        made.map_err(|e| cannot_write(target, e))?;
        Ok(Partial { path, target: target.to_owned(), finished: false, _lock: lock })
    }

    /// Where to write.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes sure that the bytes are on the disk, then gives the file its name, replacing an older one.
    pub(super) fn finish(mut self) -> Result<()> {
        atomic_file::publish(&self.path, &self.target).map_err(|e| cannot_write(&self.target, e))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.finished {
            // Nobody is left to be told; the next render of the same name takes the file over.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The lock on `target`, a file or a folder, and what it is called until it is whole; nothing is there under that name.
/// Whoever writes a video takes the lock before anything else and holds it until the end.
///
/// # Errors
/// Output: another render writes it, or the place can't be written to.
pub(super) fn reserve(target: &Path) -> Result<(FileLock, PathBuf)> {
    let failed = |e| cannot_write(target, e);
    let lock = FileLock::exclusive(&atomic_file::lock_of(target)).map_err(failed)?;
    let lock = lock.ok_or_else(|| {
        Error::output(format!("{} is being written by another render", target.display()))
            .hint("wait for it, stop it, or choose another name with --output")
    })?;
    let hidden = atomic_file::hidden(target);
    // What a killed render left.
    let cleared = match fs::symlink_metadata(&hidden) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(&hidden),
        Ok(_) => fs::remove_file(&hidden),
        Err(_) => Ok(()),
    };
    cleared.map_err(failed)?;
    Ok((lock.fleeting(), hidden))
}

fn cannot_write(target: &Path, cause: io::Error) -> Error {
    let hint = match cause.kind() {
        io::ErrorKind::NotFound => "create the folder first, or choose another place with --output",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
        io::ErrorKind::AlreadyExists => "remove that, or choose another name with --output",
        _ => "choose a folder with --output that you have permission to write to",
    };
    Error::output(format!("can't write {}", target.display())).because(cause).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn the_name_appears_at_the_end_and_replaces_an_older_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.mp4");
        fs::write(&target, "old").unwrap();
        let partial = Partial::create(&target).unwrap();
        fs::write(partial.path(), "new").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "old");
        partial.finish().unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        assert_eq!(names(folder.path()), ["a.mp4"]);
    }

    #[test]
    fn two_renders_of_one_name_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.mp4");
        let first = Partial::create(&target).unwrap();
        let error = Partial::create(&target).err().unwrap();
        assert!(error.to_string().contains("another render"), "{error}");
        drop(first);
        assert!(names(folder.path()).is_empty());
        Partial::create(&target).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_video_is_not_written_where_somebody_else_points_to() {
        let folder = tempfile::tempdir().unwrap();
        let [target, theirs] = ["a.mp4", "theirs"].map(|name| folder.path().join(name));
        fs::write(&theirs, "precious").unwrap();
        std::os::unix::fs::symlink(&theirs, atomic_file::hidden(&target)).unwrap();
        fs::write(Partial::create(&target).unwrap().path(), "frames").unwrap();
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "precious");
        // Nor is a lock taken there.
        std::os::unix::fs::symlink(&theirs, atomic_file::lock_of(&target)).unwrap();
        let error = Partial::create(&target).map(drop).unwrap_err();
        assert!(error.to_string().contains("is no plain file"), "{error}");
    }

    #[test]
    fn what_a_killed_render_left_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.mp4");
        fs::write(atomic_file::lock_of(&target), "").unwrap();
        fs::create_dir_all(atomic_file::hidden(&target).join("000001.png")).unwrap();
        let partial = Partial::create(&target).unwrap();
        assert_eq!(fs::read(partial.path()).unwrap(), b"");
        partial.finish().unwrap();
        assert_eq!(names(folder.path()), ["a.mp4"]);
    }
}
