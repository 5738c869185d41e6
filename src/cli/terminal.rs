//! Progress, notes and errors: for people on a terminal, or as one JSON object a line.

use crate::error::Error;
use crate::progress::{Flow, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::fmt::Display;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Prints a line on standard output. A reader that has gone away (`| head`) is no error.
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Who is told what is going on: a person, or a program that reads JSON.
pub fn progress(as_json: bool) -> Box<dyn Progress> {
    match as_json {
        true => Box::new(JsonLines::default()),
        false => Box::new(Terminal::default()),
    }
}

/// A progress bar on standard error.
#[derive(Debug, Default)]
pub struct Terminal {
    bar: Mutex<Option<ProgressBar>>,
}

impl Terminal {
    fn replace(&self, bar: Option<ProgressBar>) {
        let mut slot = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = std::mem::replace(&mut *slot, bar) {
            old.finish_and_clear();
        }
    }

    fn with_bar(&self, act: impl FnOnce(&ProgressBar)) -> bool {
        let slot = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().map(act).is_some()
    }
}

impl Progress for Terminal {
    fn stage(&self, name: &str, total: u64) {
        let template = match total {
            0 => "{msg:>10} {spinner} {elapsed}",
            _ => "{msg:>10} {wide_bar} {pos}/{len}, {eta} left",
        };
        let style = ProgressStyle::with_template(template).expect("the templates above are well-formed");
        let bar = if total == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(total) };
        self.replace(Some(bar.with_style(style).with_message(name.to_owned())));
    }

    fn advance(&self, done: u64) -> Flow {
        self.with_bar(|bar| bar.set_position(done));
        Flow::Continue
    }

    fn note(&self, text: &str) {
        if !self.with_bar(|bar| bar.suspend(|| eprintln!("note: {text}"))) {
            eprintln!("note: {text}");
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.replace(None);
    }
}

/// One JSON object a line on standard output: `stage`, `progress` (at most one a per cent), `note`.
#[derive(Debug, Default)]
pub struct JsonLines {
    total: AtomicU64,
    shown: AtomicU64,
}

impl Progress for JsonLines {
    fn stage(&self, name: &str, total: u64) {
        self.total.store(total, Ordering::Relaxed);
        self.shown.store(0, Ordering::Relaxed);
        say(json!({ "event": "stage", "name": name, "total": total }));
    }

    fn advance(&self, done: u64) -> Flow {
        let total = self.total.load(Ordering::Relaxed);
        // Of work without a known end there is no share to tell.
        let Some(percent) = (done * 100).checked_div(total) else { return Flow::Continue };
        if self.shown.swap(percent, Ordering::Relaxed) != percent {
            say(json!({ "event": "progress", "done": done, "total": total }));
        }
        Flow::Continue
    }

    fn note(&self, text: &str) {
        say(json!({ "event": "note", "text": text }));
    }
}

/// Prints an error and what to do about it.
pub fn report(error: &Error, as_json: bool) {
    if as_json {
        let kind = error.kind().name();
        say(json!({ "event": "error", "kind": kind, "message": error.to_string(), "hints": error.hints() }));
        return;
    }
    eprintln!("error: {error}");
    for hint in error.hints() {
        eprintln!(" hint: {hint}");
    }
}
