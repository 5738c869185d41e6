//! Telling what is going on, and being told to stop.

/// What the listener wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Finish the current piece of work and return [`crate::error::ErrorKind::Stopped`].
    Stop,
}

/// Hears about the stages of a long task.
///
/// Called from any thread, and from several at once: what a call tells is told as a whole. One thread begins a stage, before
/// the work on it does; what several threads then say of it may come in another order than it happened.
pub trait Progress: Send + Sync {
    /// A stage begins that has `total` pieces of work (0 = not known).
    fn stage(&self, name: &str, total: u64);

    /// `done` pieces of the stage are finished, those of all threads together. The most that was told is what holds:
    /// of two threads the one that counted first may speak last.
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
