//! Files that are there as a whole or not at all: written under another name, synced, then renamed.
//!
//! The folder may be everybody's, as `/tmp` is. What lies there under the other name may have been put there by somebody
//! else, to have us write where it points to: it is neither followed nor written to.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// Times that a file is tried for which others want as well.
const TRIES: usize = 1000;

/// Whether `path` is there and is no file and no folder, but a device or a pipe such as `/dev/null`: it is written to,
/// and never renamed over, which would take it from everybody on the machine.
pub fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// What `target` is called until it is whole: a hidden file or folder beside it.
pub fn hidden(target: &Path) -> PathBuf {
    beside(target, ".part")
}

/// The file beside `target` that is locked while it is being written.
pub fn lock_of(target: &Path) -> PathBuf {
    beside(target, ".lock")
}

fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut hidden = OsString::from(".");
    hidden.push(target.file_name().unwrap_or_default());
    hidden.push(ending);
    target.with_file_name(hidden)
}

/// Gives `part`, a file or a folder, the name `target` beside it, once its bytes are on the disk; an older file of that
/// name is replaced. Lasts through a power cut.
///
/// # Errors
/// The system's; `target` is then as it was.
pub fn publish(part: &Path, target: &Path) -> io::Result<()> {
    if is_device(target) {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is a device, not a file"));
    }
    #[cfg(unix)]
    File::open(part)?.sync_all()?;
    fs::rename(part, target)?;
    // The rename itself lives in the folder.
    #[cfg(unix)]
    File::open(folder_of(target))?.sync_all()?;
    Ok(())
}

/// Makes `bytes` the file `target`, by way of a [`Part`].
///
/// # Errors
/// The system's; `target` is then as it was.
pub fn put(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = Part::create(target)?;
    part.write_all(bytes)?;
    part.publish()
}

/// Makes `bytes` the file `target` if nothing is there yet; false if something is. Of several who do so at once one alone
/// succeeds, on a network drive too.
///
/// # Errors
/// The system's.
pub fn put_new(target: &Path, bytes: &[u8]) -> io::Result<bool> {
    let mut part = Part::create(target)?;
    part.write_all(bytes)?;
    part.publish_new()
}

/// A new file beside its target, under a name that nobody can foresee; removed when dropped before it is published.
#[derive(Debug)]
pub struct Part {
    file: NamedTempFile,
    target: PathBuf,
}

impl Part {
    /// Makes the file, which also proves that the folder can be written. Its name ends as `target` does: some writers tell
    /// the format by it.
    ///
    /// # Errors
    /// The system's.
    pub fn create(target: &Path) -> io::Result<Self> {
        let mut ending = OsString::new();
        if let Some(extension) = target.extension() {
            ending.push(".");
            ending.push(extension);
        }
        let mut builder = Builder::new();
        builder.prefix(".part-").suffix(&ending);
        // As any new file: whatever the person's mask leaves.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        Ok(Part { file: builder.tempfile_in(folder_of(target))?, target: target.to_owned() })
    }

    /// Where it is for now.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Gives the file its target's name, as [`publish`] does.
    ///
    /// # Errors
    /// The system's; the target is then as it was.
    pub fn publish(self) -> io::Result<()> {
        publish(self.file.path(), &self.target)?;
        // The old name is free and may be somebody else's by now: it is not removed.
        self.file.keep().map(drop).map_err(|e| e.error)
    }
}

impl Part {
    /// Gives the file its target's name if nothing has it yet; false, and the file goes, if something has.
    ///
    /// # Errors
    /// The system's.
    pub fn publish_new(self) -> io::Result<bool> {
        self.file.as_file().sync_all()?;
        match self.file.persist_noclobber(&self.target) {
            Ok(_) => {
                #[cfg(unix)]
                File::open(folder_of(&self.target))?.sync_all()?;
                Ok(true)
            }
            Err(e) if e.error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(e) => Err(e.error),
        }
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The file at `path` for writing, made if it isn't there; nothing of it is changed.
///
/// # Errors
/// `AlreadyExists`: what lies there is no file; the system's.
pub fn open(path: &Path) -> io::Result<File> {
    for _ in 0..TRIES {
        match File::options().write(true).create_new(true).open(path) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            opened => return opened,
        }
        match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => break,
            // Whoever it belonged to may be removing it.
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            Err(e) => return Err(e),
            Ok(_) => {}
        }
        match File::options().write(true).open(path) {
            Ok(file) if lies_at(&file, path) => return Ok(file),
            // It became a link in between, or another file.
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, format!("{} is no plain file", path.display())))
}

/// Whether `file` is what lies at `path`, and not behind a link there.
#[cfg(unix)]
pub fn lies_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(opened), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    (opened.dev(), opened.ino()) == (there.dev(), there.ino())
}

/// Whether `file` is what lies at `path`: links are a matter of privilege here.
#[cfg(not(unix))]
pub fn lies_at(_file: &File, path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_file())
}

/// The folder that `path` lies in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.txt");
        for text in ["one", "two"] {
            put(&target, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&target).unwrap(), text);
            assert_eq!(names(folder.path()), ["a.txt"]);
        }
        drop(Part::create(&target).unwrap());
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn two_who_write_one_file_at_once_each_write_it_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.txt");
        let [mut first, mut second] = [(); 2].map(|()| Part::create(&target).unwrap());
        first.write_all(b"fir").unwrap();
        second.write_all(b"second").unwrap();
        second.publish().unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "second");
        first.write_all(b"st").unwrap();
        first.publish().unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "first");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn of_several_one_makes_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.txt");
        let made: Vec<bool> = std::thread::scope(|scope| {
            let put = |i: u8| {
                let target = &target;
                scope.spawn(move || put_new(target, &[i]).unwrap())
            };
            [0, 1, 2, 3].map(put).map(|made| made.join().unwrap()).to_vec()
        });
        assert_eq!(made.iter().filter(|made| **made).count(), 1);
        assert!(made[usize::from(fs::read(&target).unwrap()[0])]);
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_may_be_read_by_whom_any_new_file_may() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let [plain, target] = ["plain", "a.txt"].map(|name| folder.path().join(name));
        File::create(&plain).unwrap();
        put(&target, b"one").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode();
        assert_eq!(mode(&target), mode(&plain));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_not_replaced() {
        use std::os::unix::{fs::FileTypeExt, net::UnixListener};
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.txt");
        let _listener = UnixListener::bind(&target).unwrap();
        assert!(is_device(&target) && !is_device(folder.path()) && !is_device(&folder.path().join("b")));
        assert!(put(&target, b"one").is_err());
        assert!(fs::metadata(&target).unwrap().file_type().is_socket());
    }

    #[cfg(unix)]
    #[test]
    fn what_somebody_put_there_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let [path, theirs] = ["a", "theirs"].map(|name| folder.path().join(name));
        fs::write(&theirs, "precious").unwrap();
        std::os::unix::fs::symlink(&theirs, &path).unwrap();
        assert_eq!(open(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
    }
}
