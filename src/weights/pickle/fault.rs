//! Faults: what is wrong with a pickled file, before it is known which file it is.

use crate::error::Error;
use std::path::Path;

/// Why a file isn't read, and what to do about it.
#[derive(Debug)]
pub(super) struct Fault {
    what: String,
    hint: &'static str,
}

/// The result of looking at a part of a file.
pub(super) type Checked<T> = Result<T, Fault>;

impl Fault {
    /// Something that no program writes.
    pub fn damaged(what: impl Into<String>) -> Self {
        Fault { what: what.into(), hint: "the file may be damaged or cut short; download it again" }
    }

    /// Something that isn't taken, whoever wrote it.
    pub fn refused(what: impl Into<String>) -> Self {
        let hint = "beatbolt runs nothing that a file brings along; take the model's .safetensors file";
        Fault { what: what.into(), hint }
    }

    /// The error about the file at `path`.
    pub fn at(self, path: &Path) -> Error {
        Error::model(format!("{}: {}", path.display(), self.what)).hint(self.hint)
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Fault::damaged(format!("it can't be read: {error}"))
    }
}

/// A name out of a file as it is told to people: short, and without what moves a terminal's cursor.
pub(super) fn told(name: &str) -> String {
    name.chars().take(80).flat_map(char::escape_debug).collect()
}
