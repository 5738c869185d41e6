//! The easel: scenes with their dice thrown, kept from window to window and from timeline to timeline, since throwing them takes
//! longer than drawing a frame. A frame depends on its scene and phase alone, so who draws on which easel changes no picture.

use crate::draw::{Drawing, Source};
use crate::error::Result;
use crate::units::Size;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Scenes that are kept: this take's and the next one's, as large as the video and as the networks see them.
const KEPT: usize = 4;

/// What decides how a scene is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub source: Source,
    pub size: Size,
    pub dice: u64,
}

/// Scenes that nobody draws just now, the one used last at the end.
#[derive(Clone, Default)]
pub struct Easel(Arc<Mutex<Vec<(Subject, Drawing)>>>);

impl Easel {
    /// The drawing of `subject`: one that was left here, or a new one.
    ///
    /// # Errors
    /// As [`Drawing::new`].
    pub(super) fn take(&self, subject: &Subject) -> Result<Drawing> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.iter().position(|(own, _)| own == subject) {
            Some(place) => Ok(kept.remove(place).1),
            None => Drawing::new(subject.source, subject.size, subject.dice),
        }
    }

    /// Leaves a drawing for who comes next; the one that nobody took for longest goes.
    pub(super) fn put(&self, drawing: Option<(Subject, Drawing)>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(drawing);
        let more = kept.len().saturating_sub(KEPT);
        kept.drain(..more);
    }

    #[cfg(test)]
    pub(super) fn subjects(&self) -> Vec<Subject> {
        self.0.lock().unwrap().iter().map(|(subject, _)| *subject).collect()
    }
}

impl fmt::Debug for Easel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Easel")
    }
}
