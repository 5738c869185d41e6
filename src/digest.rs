//! SHA-256 as hexadecimal digits: of files, and of whatever else decides how a video comes out.

mod hash;
mod remembered;

use crate::cache_folder::cache_folder;
use crate::error::{Context, Error, Result};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

pub use hash::Digest;

impl Digest {
    /// The hash of these files, one after the other, as [`Self::update_file`] takes them in.
    ///
    /// # Errors
    /// Input, where one can't be read.
    pub fn of_files<P: AsRef<Path>>(files: impl IntoIterator<Item = P>) -> Result<String> {
        let mut digest = Digest::default();
        files.into_iter().try_for_each(|file| digest.update_file(file.as_ref()))?;
        Ok(digest.finish())
    }

    /// Takes in a file's length and contents; of a large file, the hash of its contents, which is remembered in the user's cache folder.
    ///
    /// # Errors
    /// Input, where the file can't be read.
    pub fn update_file(&mut self, path: &Path) -> Result<()> {
        let failed = || {
            Error::input(format!("can't read {}", path.display()))
                .hint("check that the file exists and that you have permission to read it")
        };
        if path.is_dir() {
            let error = Error::input(format!("'{}' is a folder", path.display()));
            return Err(error.hint("name a file in it"));
        }
        let file = File::open(path).context(failed)?;
        let length = file.metadata().context(failed)?.len();
        self.update(length.to_le_bytes());
        if length < remembered::LARGE {
            return self.take(&file).context(failed);
        }
        let hash = remembered::through(cache_folder(), (path, &file), SystemTime::now(), || {
            let mut own = Digest::default();
            own.take(&file)?;
            Ok(own.finish())
        });
        self.update(hash.context(failed)?);
        Ok(())
    }

    fn take(&mut self, mut from: impl Read) -> io::Result<()> {
        let mut block = vec![0; 1 << 20];
        loop {
            match from.read(&mut block)? {
                0 => return Ok(()),
                n => self.update(&block[..n]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_share_their_bytes_differ_by_where_they_end() {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = home.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let both = |a: &str, b: &str| {
            let mut digest = Digest::default();
            digest.update_file(&write("a", a)).unwrap();
            digest.update_file(&write("b", b)).unwrap();
            digest.finish()
        };
        assert_ne!(both("ab", "c"), both("a", "bc"));
        assert!(Digest::default().update_file(&home.path().join("none")).is_err());
    }
}
