//! Timings, where the time goes: scoped timers, written as a Chrome trace (chrome://tracing, Perfetto); and a stopwatch for trials.

use crate::error::{Context, Error, Result};
use crate::system;
use crate::units::Seconds;
use serde::Serialize;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Times work on the processor, about as long as it would take if nobody else worked.
///
/// On a busy computer the clock counts what other programs took meanwhile; what this one worked is no less than it would have waited
/// alone. So the lesser of the two counts.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    began: Instant,
    worked: Option<f64>,
}

impl Stopwatch {
    /// Times from now on.
    pub fn start() -> Self {
        Stopwatch { began: Instant::now(), worked: system::processor_time() }
    }

    /// Seconds since then.
    pub fn seconds(&self) -> f64 {
        let waited = self.began.elapsed().as_secs_f64();
        let worked = self.worked.and_then(|before| Some(system::processor_time()? - before));
        worked.map_or(waited, |worked| worked.min(waited))
    }
}

/// Collects the spans of one run. Costs two clock readings a span; nothing where it is off.
#[derive(Debug)]
pub struct Timings {
    origin: Option<Instant>,
    events: Mutex<Vec<Event>>,
}

/// A span in the trace-event format, "complete" phase; times in microseconds.
#[derive(Debug, Serialize)]
struct Event {
    name: &'static str,
    ph: &'static str,
    pid: u32,
    tid: String,
    ts: u64,
    dur: u64,
}

impl Timings {
    /// Records nothing.
    pub fn off() -> Self {
        Timings { origin: None, events: Mutex::default() }
    }

    /// Records from now on.
    pub fn on() -> Self {
        Timings { origin: Some(Instant::now()), events: Mutex::default() }
    }

    /// Times from here until the returned value is dropped.
    pub fn span(&self, name: &'static str) -> Span<'_> {
        Span { timings: self, name, start: self.origin.map(|_| Instant::now()) }
    }

    fn events(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long each kind of span took in all, in order of first appearance. Spans on different threads overlap, so
    /// the sum may be longer than the run.
    pub fn totals(&self) -> Vec<(&'static str, Seconds)> {
        let events = self.events();
        let mut totals: Vec<(&'static str, Seconds)> = Vec::new();
        for event in events.iter() {
            let seconds = event.dur as f64 / 1e6;
            match totals.iter_mut().find(|(name, _)| *name == event.name) {
                Some((_, total)) => total.0 += seconds,
                None => totals.push((event.name, Seconds(seconds))),
            }
        }
        totals
    }

    /// Writes what was recorded as JSON.
    pub fn write(&self, path: &Path) -> Result<()> {
        let events = self.events();
        let text =
            serde_json::to_vec(&*events).context(|| Error::internal("the timings can't be written down"))?;
        std::fs::write(path, text).context(|| {
            Error::output(format!("can't write the timings to {}", path.display()))
                .hint("choose a folder that exists and can be written to")
        })
    }
}

/// A running timer; ends when dropped.
#[derive(Debug)]
pub struct Span<'a> {
    timings: &'a Timings,
    name: &'static str,
    start: Option<Instant>,
}

impl Drop for Span<'_> {
    fn drop(&mut self) {
        let (Some(origin), Some(start)) = (self.timings.origin, self.start) else { return };
        let thread = std::thread::current();
        let event = Event {
            name: self.name,
            ph: "X",
            pid: 1,
            tid: thread.name().unwrap_or("unnamed").to_owned(),
            ts: (start - origin).as_micros() as u64,
            dur: start.elapsed().as_micros() as u64,
        };
        self.timings.events().push(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_one_name_add_up_in_order_of_appearance() {
        let timings = Timings::on();
        for name in ["denoise", "decode", "denoise"] {
            drop(timings.span(name));
        }
        let recorded: f64 = timings.events.lock().unwrap().iter().map(|e| e.dur as f64 / 1e6).sum();
        let totals = timings.totals();
        assert_eq!(totals.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["denoise", "decode"]);
        assert!((totals.iter().map(|(_, time)| time.0).sum::<f64>() - recorded).abs() < 1e-9);
        drop(Timings::off().span("denoise"));
        assert!(Timings::off().totals().is_empty());
    }
}
