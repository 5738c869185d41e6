//! The one error type: what failed, because of what, and what to do about it.

use std::fmt;

/// What kind of thing went wrong; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The command line or a preset asks for something that can't be.
    Usage,
    /// A file that was given can't be used: missing, damaged, of the wrong kind.
    Input,
    /// Model weights are missing, damaged or don't fit together.
    Model,
    /// An output can't be written.
    Output,
    /// A device can't be opened, or a computation on it failed.
    Device,
    /// The person asked to stop.
    Stopped,
    /// A mistake of ours.
    Internal,
}

impl ErrorKind {
    /// The process exit code; stable, scripts may rely on it.
    pub fn exit_code(self) -> u8 {
        match self {
            ErrorKind::Internal => 1,
            ErrorKind::Usage => 2,
            ErrorKind::Input => 3,
            ErrorKind::Model => 4,
            ErrorKind::Output => 5,
            ErrorKind::Device => 6,
            ErrorKind::Stopped => 130,
        }
    }

    /// The name used in `--json` output.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::Usage => "usage",
            ErrorKind::Input => "input",
            ErrorKind::Model => "model",
            ErrorKind::Output => "output",
            ErrorKind::Device => "device",
            ErrorKind::Stopped => "stopped",
            ErrorKind::Internal => "internal",
        }
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What failed, because of what, and a hint that says what to do.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hints: Vec<String>,
    source: Option<Cause>,
}

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` whose `message` is a sentence without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), hints: Vec::new(), source: None }
    }

    /// A request that can't be met as it was written.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// A file that can't be used.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    /// Weights that can't be used.
    pub fn model(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Model, message)
    }

    /// An output that can't be written.
    pub fn output(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Output, message)
    }

    /// A device or a computation on it that failed.
    pub fn device(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Device, message)
    }

    /// Work that was asked to stop, and that the same command goes on with.
    pub fn stopped(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Stopped, message).hint("run the same command again to resume")
    }

    /// A mistake of ours.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Adds what to do about it: a sentence without a full stop.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the underlying cause.
    pub fn because(mut self, cause: impl Into<Cause>) -> Self {
        self.source = Some(cause.into());
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What to do about it, most useful first.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl fmt::Display for Error {
    /// The message and its chain of causes on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut cause = self.source.as_deref().map(|c| c as &dyn std::error::Error);
        while let Some(c) = cause {
            // FFmpeg has errors without words.
            let text = c.to_string();
            if !text.is_empty() {
                write!(f, ": {text}")?;
            }
            // Our own Display already prints its causes.
            cause = if c.is::<Error>() { None } else { c.source() };
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|c| c as &dyn std::error::Error)
    }
}

/// Turns a foreign error into ours, saying what was being done.
pub trait Context<T> {
    /// Wraps the error in `make()`, keeping it as the cause.
    fn context(self, make: impl FnOnce() -> Error) -> Result<T>;
}

impl<T, E: Into<Cause>> Context<T> for std::result::Result<T, E> {
    fn context(self, make: impl FnOnce() -> Error) -> Result<T> {
        self.map_err(|e| make().because(e))
    }
}

/// The candidate nearest to `word` in spelling, or one that begins with it, for "did you mean" hints; none if nothing is near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    let limit = (length / 3).max(1) + usize::from(length > 3);
    let all: Vec<&str> = candidates.into_iter().collect();
    let near = all.iter().map(|c| (edit_distance(word, c), *c)).filter(|(d, _)| *d <= limit);
    let begun = || all.iter().copied().find(|c| length > 2 && c.starts_with(word));
    near.min_by_key(|(d, _)| *d).map(|(_, c)| c).or_else(begun)
}

/// Levenshtein distance in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_printed_once() {
        let inner = Error::input("no such file").because(std::io::Error::other("disk on fire"));
        let outer = Error::usage("can't render").because(inner).hint("buy a bucket");
        assert_eq!(outer.to_string(), "can't render: no such file: disk on fire");
        assert_eq!(outer.hints(), ["buy a bucket"]);
        let mute = Error::input("no sound").because(std::io::Error::other(""));
        assert_eq!(mute.to_string(), "no sound");
    }

    #[test]
    fn nearest_finds_typos_and_leaves_strangers_alone() {
        let names = ["motion_scale", "denoise", "guidance"];
        assert_eq!(nearest("motionscale", names), Some("motion_scale"));
        assert_eq!(nearest("denoize", names), Some("denoise"));
        assert_eq!((nearest("foo", ["zoom", "hue"]), nearest("hu", ["zoom", "hue"])), (None, Some("hue")));
        assert_eq!(nearest("motion", names), Some("motion_scale"));
        assert_eq!((nearest("zebra", names), nearest("gu", names)), (None, None));
    }
}
