//! SHA-256 as hexadecimal digits: of files, and of whatever else decides how a video comes out.

use crate::error::{Context, Error, Result};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A hash that grows.
#[derive(Clone, Debug, Default)]
pub struct Digest(Sha256);

impl Digest {
    /// Takes in some bytes.
    pub fn update(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.update(bytes);
    }

    /// Takes in a file's length and contents.
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
        let mut file = File::open(path).context(failed)?;
        self.update(file.metadata().context(failed)?.len().to_le_bytes());
        let mut block = vec![0; 1 << 20];
        loop {
            match file.read(&mut block).context(failed)? {
                0 => return Ok(()),
                n => self.update(&block[..n]),
            }
        }
    }

    /// The hash of everything taken in, as 64 hexadecimal digits.
    pub fn finish(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    #[test]
    fn the_published_answer_is_given() {
        let mut digest = Digest::default();
        digest.update("abc");
        assert_eq!(digest.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

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
