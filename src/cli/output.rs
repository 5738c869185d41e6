//! A file that appears only when it is complete.

use crate::atomic_file::{self, Part};
use crate::error::{Context, Error, Result};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file under a temporary name beside its place; removed unless it is committed. A device is written to as it is.
pub struct Output {
    target: PathBuf,
    /// None for a device.
    part: Option<Part>,
}

impl Output {
    /// Makes the temporary file of a document, which replaces another file only where that was asked for.
    ///
    /// # Errors
    /// As [`Output::new`]; there is a file and no `overwrite`.
    pub fn document(target: &Path, input: &Path, overwrite: bool) -> Result<Self> {
        let output = Self::new(target, input)?;
        if !overwrite && target.exists() && !atomic_file::is_device(target) {
            return Err(Error::output(format!("{} already exists", target.display()))
                .hint("name another file, or add --overwrite"));
        }
        Ok(output)
    }

    /// Makes the temporary file; `track` is the input, which must not be overwritten.
    ///
    /// # Errors
    /// The folder is missing or can't be written to, or `target` is a folder or the track itself.
    pub fn new(target: &Path, track: &Path) -> Result<Self> {
        let failed = || Error::output(format!("can't write '{}'", target.display()));
        if target.is_dir() || target.file_name().is_none() {
            return Err(failed().hint("name a file, not a folder"));
        }
        let same = |a: &Path, b: &Path| matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b);
        if same(target, track) {
            return Err(failed().hint("that is the track itself; choose another name"));
        }
        let part = (!atomic_file::is_device(target)).then(|| Part::create(target)).transpose();
        let part =
            part.context(|| failed().hint("the folder must exist and you must be allowed to write there"))?;
        Ok(Output { target: target.to_owned(), part })
    }

    /// Where to write for now.
    pub fn path(&self) -> &Path {
        self.part.as_ref().map_or(&self.target, Part::path)
    }

    /// Lets `write` fill the file and commits.
    pub fn fill(mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        let filled = match &mut self.part {
            Some(part) => write(part),
            None => File::create(&self.target).and_then(|mut device| write(&mut device)),
        };
        filled.map_err(|e| io::Error::from(e.kind())).context(|| self.failed())?;
        self.commit()
    }

    /// Gives the file its name, once its bytes are on the disk.
    pub fn commit(mut self) -> Result<()> {
        self.part.take().map_or(Ok(()), Part::publish).context(|| self.failed())
    }

    /// Without the temporary name that is in the system's words.
    fn failed(&self) -> Error {
        Error::output(format!("can't write '{}'", self.target.display())).hint("is the disk full?")
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

    #[test]
    fn a_document_replaces_another_file_only_where_it_may() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("video.toml");
        let write = |overwrite, text: &str| {
            let output = Output::document(&target, Path::new("track.wav"), overwrite)?;
            output.fill(|file| file.write_all(text.as_bytes()))
        };
        write(false, "a day's work").unwrap();
        let error = write(false, "curves").unwrap_err();
        assert!(error.hints().iter().any(|hint| hint.contains("--overwrite")), "{error}");
        assert_eq!(fs::read_to_string(&target).unwrap(), "a day's work");
        write(true, "curves").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "curves");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_written_where_somebody_else_points_to() {
        let folder = tempfile::tempdir().unwrap();
        let [target, theirs] = ["a.json", "theirs"].map(|name| folder.path().join(name));
        fs::write(&theirs, "precious").unwrap();
        // The name that another person on this machine can foresee.
        let link = folder.path().join(format!(".part-{}-a.json", std::process::id()));
        std::os::unix::fs::symlink(&theirs, link).unwrap();
        let output = Output::new(&target, Path::new("track.wav")).unwrap();
        assert_eq!(output.path().extension(), target.extension());
        output.fill(|file| file.write_all(b"{}")).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "{}");
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "precious");
    }
}
