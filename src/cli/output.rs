//! A file that appears only when it is complete.

use crate::atomic_file;
use crate::error::{Context, Error, Result};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file under a temporary name beside its place; removed unless it is committed. A device is written to as it is.
pub struct Output {
    target: PathBuf,
    temporary: PathBuf,
    committed: bool,
}

impl Output {
    /// Makes the temporary file; `track` is the input, which must not be overwritten.
    ///
    /// # Errors
    /// The folder is missing or can't be written to, or `target` is a folder or the track itself.
    pub fn new(target: &Path, track: &Path) -> Result<Self> {
        let failed = || Error::output(format!("can't write '{}'", target.display()));
        let name = target.file_name().filter(|_| !target.is_dir());
        let name = name.ok_or_else(|| failed().hint("name a file, not a folder"))?;
        let same = |a: &Path, b: &Path| matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b);
        if same(target, track) {
            return Err(failed().hint("that is the track itself; choose another name"));
        }
        if atomic_file::is_device(target) {
            return Ok(Output { target: target.to_owned(), temporary: target.to_owned(), committed: true });
        }
        // The extension stays last: it decides the format of pictures.
        let part = format!(".part-{}-{}", std::process::id(), name.to_string_lossy());
        let temporary = target.with_file_name(part);
        File::create(&temporary)
            .context(|| failed().hint("the folder must exist and you must be allowed to write there"))?;
        Ok(Output { target: target.to_owned(), temporary, committed: false })
    }

    /// Where to write for now.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// Lets `write` fill the file and commits.
    pub fn fill(self, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
        File::create(&self.temporary).and_then(|mut file| write(&mut file)).context(|| self.failed())?;
        self.commit()
    }

    /// Gives the file its name, once its bytes are on the disk.
    pub fn commit(mut self) -> Result<()> {
        if !self.committed {
            atomic_file::publish(&self.temporary, &self.target).context(|| self.failed())?;
            self.committed = true;
        }
        Ok(())
    }

    fn failed(&self) -> Error {
        Error::output(format!("can't write '{}'", self.target.display())).hint("is the disk full?")
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing is lost if a temporary file stays behind.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_written_to_and_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("nothing.json");
        std::os::unix::fs::symlink("/dev/null", &target).unwrap();
        let output = Output::new(&target, Path::new("track.wav")).unwrap();
        output.fill(|file| file.write_all(b"{}")).unwrap();
        drop(Output::new(&target, Path::new("track.wav")).unwrap());
        assert!(atomic_file::is_device(&target));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
