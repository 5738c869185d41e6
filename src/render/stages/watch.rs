//! Watches: who watches a render, and what it is told in the end.

use crate::progress::Progress;
use crate::timing::Timings;
use std::sync::atomic::AtomicBool;

/// What a render did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Frames in the video.
    pub frames: u64,
    /// Windows in all.
    pub windows: usize,
    /// Windows that were found in the work folder.
    pub restored: usize,
}

/// Who watches a render.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Is told how far it is.
    pub progress: &'a dyn Progress,
    /// Takes the time of its stages.
    pub timings: &'a Timings,
    /// Once set, the next step ends it with [`crate::error::ErrorKind::Stopped`].
    pub stop: &'a AtomicBool,
}
