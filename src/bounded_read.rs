//! Whole files in memory, but never more of one than was agreed.

use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result};
use std::path::Path;

/// The bytes of the file at `path`.
///
/// # Errors
/// Whatever opening and reading say, and `FileTooLarge` for more than `most` bytes.
pub fn bytes(path: &Path, most: u64) -> Result<Vec<u8>> {
    // The stated size is not asked for: pipes and devices state none, and a file may grow.
    let mut bytes = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(Error::new(ErrorKind::FileTooLarge, format!("it has more than {most} bytes"))),
        false => Ok(bytes),
    }
}

/// The text of the file at `path`.
///
/// # Errors
/// As [`bytes`], and `InvalidData` for what is not UTF-8.
pub fn text(path: &Path, most: u64) -> Result<String> {
    String::from_utf8(bytes(path, most)?).map_err(|e| Error::new(ErrorKind::InvalidData, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_limit_and_refused_beyond() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "grün").unwrap();
        assert_eq!(text(&path, 5).unwrap(), "grün");
        assert_eq!(text(&path, 4).unwrap_err().kind(), ErrorKind::FileTooLarge);
        std::fs::write(&path, [0xff]).unwrap();
        assert_eq!(text(&path, 4).unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(bytes(&path, 4).unwrap(), [0xff]);
        assert_eq!(text(&folder.path().join("b"), 4).unwrap_err().kind(), ErrorKind::NotFound);
        #[cfg(unix)]
        assert_eq!(bytes(Path::new("/dev/zero"), 1000).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }
}
