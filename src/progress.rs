//! Telling what is going on, and being told to stop.

/// What the listener wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Finish the current piece of work and return [`crate::error::ErrorKind::Stopped`].
    Stop,
}

/// Hears about the stages of a long task. Called from one thread at a time.
pub trait Progress: Send + Sync {
    /// A stage begins that has `total` pieces of work (0 = not known).
    fn stage(&self, name: &str, total: u64);

    /// `done` pieces of the stage are finished.
    fn advance(&self, done: u64) -> Flow;

    /// Something that the person should know but that does not stop the work.
    fn note(&self, text: &str);
}

/// Tells nobody, never stops.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _name: &str, _total: u64) {}

    fn advance(&self, _done: u64) -> Flow {
        Flow::Continue
    }

    fn note(&self, _text: &str) {}
}
