//! Locks on files: whoever works on an output or a folder holds one, so that no other render does the same.
//!
//! The system lets go of them when the process ends, however it ends.

use crate::atomic_file;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A lock on a file, held until it is dropped.
#[derive(Debug)]
pub struct FileLock {
    file: File,
    path: PathBuf,
    /// Whether the file was made for the lock alone and goes with it.
    fleeting: bool,
    /// Whether the system knows locks there at all.
    holds: bool,
}

impl FileLock {
    /// The lock at `path` for one alone; none if another holds it.
    ///
    /// # Errors
    /// The system's: the file can't be made or locked.
    pub fn exclusive(path: &Path) -> io::Result<Option<Self>> {
        Self::take(path, File::try_lock)
    }

    /// The lock at `path` for several together; none if one holds it alone.
    ///
    /// # Errors
    /// As [`Self::exclusive`].
    pub fn shared(path: &Path) -> io::Result<Option<Self>> {
        Self::take(path, File::try_lock_shared)
    }

    /// Removes the file when the lock, which must be exclusive, is dropped.
    pub fn fleeting(mut self) -> Self {
        self.fleeting = true;
        self
    }

    /// A shared lock as one for one alone; none, and it is let go of, if others hold it too.
    pub fn alone(self) -> Option<Self> {
        // Some systems let nobody lock a file twice, not even the holder.
        self.file.unlock().ok()?;
        self.file.try_lock().ok().map(|()| self)
    }

    /// Whether it keeps others out: some network drives know no locks, and who works there has to look out in another way.
    pub fn holds(&self) -> bool {
        self.holds
    }

    fn take(path: &Path, lock: impl Fn(&File) -> Result<(), TryLockError>) -> io::Result<Option<Self>> {
        loop {
            let file = atomic_file::open(path)?;
            let holds = match lock(&file) {
                Ok(()) => true,
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(e)) if knows_no_locks(&e) => false,
                Err(TryLockError::Error(e)) => return Err(e),
            };
            // Between opening and locking, the holder before may have removed the file: the lock is then on one that
            // nobody finds any more.
            if atomic_file::lies_at(&file, path) {
                return Ok(Some(FileLock { file, path: path.to_owned(), fleeting: false, holds }));
            }
        }
    }
}

/// Whether the system says that there are no locks on this drive, in one of its two ways.
fn knows_no_locks(error: &io::Error) -> bool {
    /// ENOLCK: NFS without a lock service.
    const NO_LOCKS: i32 = if cfg!(target_os = "linux") { 37 } else { 77 };
    error.kind() == ErrorKind::Unsupported || cfg!(unix) && error.raw_os_error() == Some(NO_LOCKS)
}

impl Drop for FileLock {
    fn drop(&mut self) {
        if self.fleeting {
            // Nobody is left to be told; a lock file that stays behind locks nothing.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_or_several_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let exclusive = || FileLock::exclusive(&path).unwrap();
        let shared = || FileLock::shared(&path).unwrap();
        let alone = exclusive().unwrap();
        assert!(exclusive().is_none() && shared().is_none());
        drop(alone);
        let (first, second) = (shared().unwrap(), shared().unwrap());
        assert!(exclusive().is_none());
        assert!(first.alone().is_none() && exclusive().is_none());
        drop(second);
        let alone = shared().unwrap().alone().unwrap();
        assert!(shared().is_none());
        drop(alone);
        assert!(path.is_file() && exclusive().is_some());
    }

    #[test]
    fn a_fleeting_file_goes_with_its_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = FileLock::exclusive(&path).unwrap().unwrap().fleeting();
        assert!(path.is_file() && FileLock::exclusive(&path).unwrap().is_none());
        drop(lock);
        assert!(!path.exists());
        // A file that was left by a killed process is no lock.
        fs::write(&path, "").unwrap();
        assert!(FileLock::exclusive(&path).unwrap().is_some());
    }

    /// Many want the lock at once, and each removes the file that it locked: never do two have it.
    #[test]
    fn a_lock_on_a_removed_file_is_none() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let (holders, had) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        let Some(lock) = FileLock::exclusive(&path).unwrap() else { continue };
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                        had.fetch_add(1, Ordering::SeqCst);
                        assert_eq!(holders.fetch_sub(1, Ordering::SeqCst), 1);
                        drop(lock.fleeting());
                    }
                });
            }
        });
        assert!(had.load(Ordering::SeqCst) > 0);
    }
}
