//! Progress, notes and errors: for people on a terminal, or as one JSON object a line.

use crate::error::{Error, ErrorKind};
use crate::progress::{Flow, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::fmt::Display;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Prints a line on standard output. A reader that has gone away (`| head`) is no error.
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Who is told what is going on: a person, or a program that reads JSON.
pub fn progress(as_json: bool) -> Box<dyn Progress> {
    match as_json {
        true => Box::new(JsonLines::new(std::io::stdout())),
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
        self.with_bar(|bar| bar.set_position(bar.position().max(done)));
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

/// One JSON object a line: `stage`, `progress` (at most one a per cent), `note`.
#[derive(Debug)]
pub struct JsonLines<W> {
    told: Mutex<Told<W>>,
}

/// What was told of the stage, and where to.
#[derive(Debug)]
struct Told<W> {
    out: W,
    total: u64,
    percent: u128,
}

impl<W: Write> JsonLines<W> {
    /// Tells `out`. That it may have gone away is no error.
    pub fn new(out: W) -> Self {
        JsonLines { told: Mutex::new(Told { out, total: 0, percent: 0 }) }
    }

    /// What was told, for one thread alone; so lines are whole, and in the order of what they tell.
    fn told(&self) -> MutexGuard<'_, Told<W>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> Told<W> {
    fn say(&mut self, line: &Value) {
        let _ = self.out.write_all(format!("{line}\n").as_bytes());
    }
}

impl<W: Write + Send> Progress for JsonLines<W> {
    fn stage(&self, name: &str, total: u64) {
        let mut told = self.told();
        (told.total, told.percent) = (total, 0);
        told.say(&json!({ "event": "stage", "name": name, "total": total }));
    }

    fn advance(&self, done: u64) -> Flow {
        let mut told = self.told();
        let total = told.total;
        // Of work without a known end there is no share to tell.
        let percent = (u128::from(done) * 100).checked_div(u128::from(total));
        if let Some(percent) = percent.filter(|percent| *percent > told.percent) {
            told.percent = percent;
            told.say(&json!({ "event": "progress", "done": done, "total": total }));
        }
        Flow::Continue
    }

    fn note(&self, text: &str) {
        self.told().say(&json!({ "event": "note", "text": text }));
    }
}

/// Prints an error and what to do about it.
pub fn report(error: &Error, as_json: bool) {
    if as_json {
        let kind = error.kind().name();
        say(json!({ "event": "error", "kind": kind, "message": error.to_string(), "hints": error.hints() }));
        return;
    }
    // Whoever asked to stop did nothing wrong.
    match error.kind() {
        ErrorKind::Stopped => eprintln!("{error}"),
        _ => eprintln!("error: {error}"),
    }
    hints(error.hints());
}

/// Prints what to do about something.
pub fn hints(hints: &[String]) {
    hints.iter().for_each(|hint| eprintln!(" hint: {hint}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Takes one byte at a time, as a pipe may when it is full.
    #[derive(Clone, Default)]
    struct Narrow(Arc<Mutex<Vec<u8>>>);

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            std::thread::yield_now();
            let first = &bytes[..bytes.len().min(1)];
            self.0.lock().unwrap().extend(first);
            Ok(first.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Narrow {
        fn lines(&self) -> Vec<Value> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            text.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
        }
    }

    fn done(lines: &[Value]) -> Vec<u64> {
        lines.iter().filter_map(|l| l["done"].as_u64()).collect()
    }

    #[test]
    fn what_several_threads_tell_comes_in_whole_lines_that_never_go_back() {
        let out = Narrow::default();
        let progress = JsonLines::new(out.clone());
        progress.stage("tracks", 64);
        let count = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (progress, count) = (&progress, &count);
                scope.spawn(move || {
                    for _ in 0..8 {
                        progress.note(&format!("thread {thread}"));
                        progress.advance(count.fetch_add(1, Ordering::Relaxed) + 1);
                    }
                });
            }
        });
        let lines = out.lines();
        assert_eq!(lines[0], json!({ "event": "stage", "name": "tracks", "total": 64 }));
        assert_eq!(lines.iter().filter(|l| l["event"] == "note").count(), 64);
        let done = done(&lines);
        assert!(done.is_sorted_by(|a, b| a < b) && done.last() == Some(&64), "{done:?}");
    }

    #[test]
    fn who_counted_first_and_speaks_last_is_not_heard() {
        let out = Narrow::default();
        let progress = JsonLines::new(out.clone());
        progress.advance(1);
        for (total, told) in [(10, [2, 1, 3, 3, 2, 10]), (u64::MAX, [u64::MAX / 2, 1, 2, 3, 4, u64::MAX])] {
            progress.stage("s", total);
            for n in told {
                progress.advance(n);
            }
        }
        assert_eq!(done(&out.lines()), [2, 3, 10, u64::MAX / 2, u64::MAX]);
        let bar = Terminal::default();
        bar.stage("s", 10);
        for n in [2, 1] {
            bar.advance(n);
        }
        assert!(bar.with_bar(|bar| assert_eq!(bar.position(), 2)));
    }
}
