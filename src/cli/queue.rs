//! A queue: several videos one after the other, with one model in memory; one that fails doesn't keep the others.

use super::terminal;
use super::terminal::say;
use crate::error::{Error, ErrorKind, Result};
use crate::job::{Destination, Earlier, JobOptions, KeptModel, OutputOptions, Request, make};
use crate::progress::{Flow, Progress, Silent};
use crate::render::Watch;
use crate::timing::Timings;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// One video of a queue.
pub struct Item {
    /// What it is called in what is told.
    pub name: String,
    /// What is to be shown.
    pub options: JobOptions,
    /// Where it goes.
    pub out: OutputOptions,
}

/// How a queue is worked off.
#[derive(Clone, Copy)]
pub struct Queue<'a> {
    /// What one of its videos is called, like `track`, and several.
    pub words: (&'static str, &'static str),
    /// Whether programs are told, a JSON object a line.
    pub json: bool,
    /// What becomes of windows that were finished before; where they are thrown away, finished videos are made anew, too.
    pub earlier: Earlier,
    /// Whether somebody wants to know what the files are like.
    pub tell_files: bool,
    /// Where the time goes.
    pub timings: &'a Timings,
    /// Set once somebody asks to stop.
    pub stop: &'a AtomicBool,
}

/// What became of a queue.
#[derive(Default)]
struct Tally {
    rendered: usize,
    there: usize,
    failed: Vec<(String, ErrorKind)>,
    /// Where videos went.
    taken: BTreeSet<PathBuf>,
}

/// What became of a video: where it lies, and how many frames were rendered; none: it was there.
type Done = (PathBuf, Option<u64>);

impl Queue<'_> {
    /// Makes every video; `after` is called behind each that is there then, with its place in the queue.
    ///
    /// # Errors
    /// Stopped; when all is done, that some failed, of the kind of the first that did; what `after` says.
    pub fn run(&self, items: &[Item], mut after: impl FnMut(usize, &Path) -> Result<()>) -> Result<()> {
        let (began, mut kept, mut tally) = (Instant::now(), KeptModel::default(), Tally::default());
        for (place, item) in items.iter().enumerate() {
            let number = json!({ "number": place + 1, "of": items.len(), "input": item.name });
            self.announce(&number, item, (place, items.len()));
            let since = Instant::now();
            match self.one(item, &mut kept, &mut tally.taken, (place, items.len())) {
                Ok(done) => {
                    self.done(&number, &done, since);
                    *(if done.1.is_some() { &mut tally.rendered } else { &mut tally.there }) += 1;
                    after(place, &done.0)?;
                }
                Err(error) if error.kind() == ErrorKind::Stopped => {
                    self.summary(&tally, items.len(), began);
                    return Err(self.stopped(item, (place, items.len())));
                }
                Err(error) => {
                    self.failed(&number, item, &error);
                    tally.failed.push((item.name.clone(), error.kind()));
                }
            }
        }
        self.summary(&tally, items.len(), began);
        self.verdict(&tally, items.len())
    }

    fn one(
        &self,
        item: &Item,
        kept: &mut KeptModel,
        taken: &mut BTreeSet<PathBuf>,
        (place, count): (usize, usize),
    ) -> Result<Done> {
        let stopped = || self.stop.load(Ordering::Relaxed);
        if stopped() {
            return Err(Error::stopped("stopped"));
        }
        let inner = terminal::progress(self.json);
        let numbered = Numbered { inner: &*inner, prefix: format!("{}/{count} ", place + 1) };
        let progress: &dyn Progress = if self.json { &*inner } else { &numbered };
        let request = Request::read(&item.options)?;
        let mut destination =
            Destination::of(&request, &item.out, if self.tell_files { progress } else { &Silent })?;
        if !taken.insert(destination.path.clone()) {
            let path = destination.path.display();
            return Err(Error::usage(format!("another one of these goes to {path} already"))
                .hint("rename it, or render it alone with --output"));
        }
        destination.earlier = self.earlier;
        let watch = Watch { progress, timings: self.timings, stop: self.stop };
        let made = make(kept, request, &destination, watch)?;
        Ok((destination.path, made.map(|summary| summary.frames)))
    }

    fn announce(&self, number: &Value, item: &Item, (place, count): (usize, usize)) {
        match self.json {
            true => say(with(number, json!({ "event": "next" }))),
            false => eprintln!("[{}/{count}] {}", place + 1, item.name),
        }
    }

    fn done(&self, number: &Value, (path, frames): &Done, since: Instant) {
        let seconds = since.elapsed().as_secs_f64();
        let shown = path.display();
        match (self.json, frames) {
            (true, Some(frames)) => say(with(
                number,
                json!({ "event": "done", "output": path, "frames": frames, "seconds": seconds }),
            )),
            (true, None) => say(with(number, json!({ "event": "skipped", "output": path }))),
            (false, Some(frames)) => say(format_args!("{shown}: {frames} frames in {seconds:.0} s")),
            (false, None) => say(format_args!("{shown}: finished before, skipped")),
        }
    }

    fn failed(&self, number: &Value, item: &Item, error: &Error) {
        if self.json {
            let (kind, message) = (error.kind().name(), error.to_string());
            let failed =
                json!({ "event": "failed", "kind": kind, "message": message, "hints": error.hints() });
            return say(with(number, failed));
        }
        eprintln!("error: {}: {error}", item.name);
        terminal::hints(error.hints());
    }

    fn summary(&self, tally: &Tally, all: usize, began: Instant) {
        let Tally { rendered, there, failed, .. } = tally;
        let seconds = began.elapsed().as_secs_f64();
        if self.json {
            let names: Vec<&str> = failed.iter().map(|(name, _)| name.as_str()).collect();
            return say(json!({ "event": "summary", "of": all, "rendered": rendered, "skipped": there,
                               "failed": names, "seconds": seconds }));
        }
        let left = all - rendered - there - failed.len();
        let counts =
            [(*rendered, "rendered"), (*there, "already done"), (failed.len(), "failed"), (left, "left")];
        let counts =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        let word = if all == 1 { self.words.0 } else { self.words.1 };
        say(format_args!("{all} {word}: {} in {seconds:.0} s", counts.collect::<Vec<_>>().join(", ")));
    }

    fn stopped(&self, item: &Item, (place, count): (usize, usize)) -> Error {
        let (word, number) = (self.words.0, place + 1);
        Error::new(ErrorKind::Stopped, format!("stopped at {word} {number} of {count}, {}", item.name))
            .hint("run the same command again: finished ones are skipped, and this one resumes")
    }

    fn verdict(&self, tally: &Tally, all: usize) -> Result<()> {
        let Some((_, kind)) = tally.failed.first() else { return Ok(()) };
        let names: Vec<&str> = tally.failed.iter().map(|(name, _)| name.as_str()).collect();
        let (count, word) = (names.len(), self.words.1);
        Err(Error::new(*kind, format!("{count} of {all} {word} failed: {}", names.join("; ")))
            .hint("see the errors above; the same command again skips the finished ones"))
    }
}

/// Two objects in one.
fn with(number: &Value, more: Value) -> Value {
    let mut all = more;
    if let (Some(all), Some(number)) = (all.as_object_mut(), number.as_object()) {
        all.extend(number.clone());
    }
    all
}

/// Stages with the number of the video before them.
struct Numbered<'a> {
    inner: &'a dyn Progress,
    prefix: String,
}

impl Progress for Numbered<'_> {
    fn stage(&self, name: &str, total: u64) {
        self.inner.stage(&format!("{}{name}", self.prefix), total);
    }

    fn advance(&self, done: u64) -> Flow {
        self.inner.advance(done)
    }

    fn note(&self, text: &str) {
        self.inner.note(text);
    }
}
