//! A file that appears under its name only once it is whole.

use crate::atomic_file;
use crate::error::{Error, Result};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A hidden file beside its target: renamed when finished, removed when dropped before.
pub(super) struct Partial {
    /// Holds the lock.
    _file: File,
    path: PathBuf,
    target: PathBuf,
    finished: bool,
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
                "{} is a device, and no video fits in there",
                target.display()
            ))
            .hint("name a file, like video.mp4"));
        }
        let path = atomic_file::hidden(target);
        let file = atomic_file::claim(&path).map_err(|cause| match cause.kind() {
            io::ErrorKind::WouldBlock => {
                Error::output(format!("{} is being written by another render", target.display()))
                    .hint("wait for it, stop it, or choose another name with --output")
            }
            _ => cannot_write(target, cause),
        })?;
        Ok(Partial { _file: file, path, target: target.to_owned(), finished: false })
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

fn cannot_write(target: &Path, cause: io::Error) -> Error {
    let hint = match cause.kind() {
        io::ErrorKind::NotFound => "create the folder first, or choose another place with --output",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space, then run it again",
        io::ErrorKind::AlreadyExists => "remove that, or choose another name with --output",
        _ => "choose a folder that you may write to with --output",
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
        let error = Partial::create(&target).map(|partial| fs::write(partial.path(), "frames").unwrap());
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "precious");
        let error = error.unwrap_err();
        assert!(error.to_string().contains("is no plain file"), "{error}");
    }
}
