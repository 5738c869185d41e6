//! Files that are there as a whole or not at all: written under another name, synced, then renamed.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

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
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a device, not a file"));
    }
    #[cfg(unix)]
    File::open(part)?.sync_all()?;
    fs::rename(part, target)?;
    // The rename itself lives in the folder.
    #[cfg(unix)]
    File::open(target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?
        .sync_all()?;
    Ok(())
}

/// Makes `bytes` the file `target`, by way of `part` beside it.
///
/// # Errors
/// The system's; `target` is then as it was.
pub fn put(part: &Path, target: &Path, bytes: &[u8]) -> io::Result<()> {
    File::create(part)?.write_all(bytes)?;
    publish(part, target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (part, target) = (folder.path().join("part"), folder.path().join("a.txt"));
        for text in ["one", "two"] {
            put(&part, &target, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&target).unwrap(), text);
            assert!(!part.exists());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_not_replaced() {
        use std::os::unix::{fs::FileTypeExt, net::UnixListener};
        let folder = tempfile::tempdir().unwrap();
        let (part, target) = (folder.path().join("part"), folder.path().join("a.txt"));
        let _listener = UnixListener::bind(&target).unwrap();
        assert!(is_device(&target) && !is_device(folder.path()) && !is_device(&part));
        assert!(put(&part, &target, b"one").is_err());
        assert!(fs::metadata(&target).unwrap().file_type().is_socket());
    }
}
