//! `beatbolt render --devices`: a worker for every device, each a process of its own, so that one that dies costs the window at
//! hand; and one display for all of them.
//!
//! Workers share the work folder as workers on several machines do: each makes the longest take that nobody has. They are told
//! nothing but which takes there are, and stop when this process does.

use crate::error::{Error, ErrorKind, Result};
use crate::job::Shared;
use crate::render::{Watch, Window};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
/// How often in a row a worker may end without having finished a window.
const TRIES: usize = 3;
/// Lines of what a worker said last.
const LINES: usize = 5;

/// Renders the takes of `shared` that are missing, with a worker on each of `devices`. `words` are what was typed.
///
/// # Errors
/// What the workers say, if none of them can go on; Stopped.
pub fn render(shared: &Shared, devices: &[String], words: &[String], watch: Watch) -> Result<()> {
    let mut crew: Vec<Worker> = devices.iter().map(|device| Worker::new(device)).collect();
    let all = shared.missing();
    let frames = |windows: &[Window]| windows.iter().map(Window::shows).sum::<u64>();
    watch.progress.stage("rendering", frames(&all));
    let mut missing = all.clone();
    while !missing.is_empty() {
        let before = missing.len();
        missing = shared.missing();
        watch.progress.advance(frames(&all) - frames(&missing));
        if watch.stop.load(Ordering::Relaxed) {
            crew.iter_mut().for_each(Worker::stop);
            return Err(Error::new(ErrorKind::Stopped, "stopped; the finished windows are kept")
                .hint("run the same command again to resume"));
        }
        for worker in &mut crew {
            worker.moved |= missing.len() < before;
            worker.look(watch)?;
        }
        if crew.iter().all(Worker::is_idle) && !missing.is_empty() {
            begin(&mut crew, shared, words)?;
        }
        std::thread::sleep(LOOK);
    }
    // Whoever waits for somebody else's take has nothing left to wait for.
    crew.iter_mut().for_each(Worker::stop);
    Ok(())
}

/// Begins whoever may still try.
fn begin(crew: &mut [Worker], shared: &Shared, words: &[String]) -> Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let on_cores = crew.iter().filter(|worker| worker.is_on_cores()).count().max(1);
    let mut begun = false;
    for worker in crew.iter_mut().filter(|worker| worker.tries < TRIES) {
        worker.begin(shared, words, (cores / on_cores).max(1))?;
        begun = true;
    }
    if begun {
        return Ok(());
    }
    let last = crew.iter_mut().find_map(|worker| worker.error.take());
    Err(last
        .unwrap_or_else(|| Error::internal("the workers ended without finishing their takes"))
        .hint("what is finished is kept: run the same command again, and it resumes from there"))
}

/// A device, and the process that works on it.
struct Worker {
    device: String,
    /// Its standard input stays open for as long as it is to work.
    running: Option<(Child, Option<ChildStdin>)>,
    said: Arc<Mutex<Said>>,
    /// How often in a row it has ended without a window.
    tries: usize,
    /// Whether windows were finished since it was begun.
    moved: bool,
    /// Why it ended.
    error: Option<Error>,
}

/// What a worker said.
#[derive(Default)]
struct Said {
    notes: Vec<String>,
    /// Kind, message, hints.
    error: Option<(String, String, Vec<String>)>,
    /// On its standard error, which a panic goes to.
    lines: Vec<String>,
}

impl Worker {
    fn new(device: &str) -> Self {
        let said = Arc::default();
        Worker { device: device.to_owned(), running: None, said, tries: 0, moved: false, error: None }
    }

    /// Whether it shares the cores with others.
    fn is_on_cores(&self) -> bool {
        !self.device.starts_with("cuda") && !self.device.starts_with("metal")
    }

    fn is_idle(&self) -> bool {
        self.running.is_none()
    }

    fn begin(&mut self, shared: &Shared, words: &[String], threads: usize) -> Result<()> {
        let failed = || Error::internal("a worker can't be started");
        let program = std::env::current_exe().map_err(|e| failed().because(e))?;
        let mut command = Command::new(program);
        command.args([
            "render",
            "--takes",
            "all",
            "--json",
            "--with-parent",
            "--device",
            &self.device,
            "--work",
        ]);
        command.arg(shared.folder());
        if let Some(device) = &shared.mixed {
            command.args(["--as-device", device]);
        }
        command.args(words);
        if self.is_on_cores() && std::env::var_os("RAYON_NUM_THREADS").is_none() {
            command.env("RAYON_NUM_THREADS", threads.to_string());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| failed().because(e))?;
        self.said = Arc::default();
        let (said, lines) = (Arc::clone(&self.said), Arc::clone(&self.said));
        each_line(child.stdout.take(), move |line| hear(&said, line));
        each_line(child.stderr.take(), move |line| {
            let said = &mut lines.lock().unwrap_or_else(PoisonError::into_inner).lines;
            said.push(line.to_owned());
            let more = said.len().saturating_sub(LINES);
            said.drain(..more);
        });
        let input = child.stdin.take();
        (self.running, self.moved) = (Some((child, input)), false);
        self.tries += 1;
        Ok(())
    }

    /// Passes on what it said, and sees whether it has ended.
    fn look(&mut self, watch: Watch) -> Result<()> {
        let notes = std::mem::take(&mut self.said.lock().unwrap_or_else(PoisonError::into_inner).notes);
        for note in notes {
            // Workers see the same, and it is enough to hear it once.
            if TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(note.clone()) {
                watch.progress.note(&note);
            }
        }
        let Some((child, _)) = &mut self.running else { return Ok(()) };
        let ended = child.try_wait().map_err(|e| Error::internal("a worker can't be watched").because(e))?;
        let Some(status) = ended else { return Ok(()) };
        self.running = None;
        if self.moved {
            self.tries = 0;
        }
        if !status.success() {
            let error = self.why(status);
            watch.progress.note(&format!("the worker on {} ended: {error}", self.device));
            if !matches!(error.kind(), ErrorKind::Internal | ErrorKind::Device) {
                // What was asked for can't be, here or in another try.
                self.tries = TRIES;
            }
            self.error = Some(error);
        }
        Ok(())
    }

    /// What a worker that failed said of it.
    fn why(&self, status: ExitStatus) -> Error {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let kinds =
            [ErrorKind::Usage, ErrorKind::Input, ErrorKind::Model, ErrorKind::Output, ErrorKind::Device];
        match &said.error {
            Some((kind, message, hints)) => {
                let kind =
                    kinds.into_iter().find(|known| known.name() == kind).unwrap_or(ErrorKind::Internal);
                hints.iter().fold(Error::new(kind, message), Error::hint)
            }
            None => Error::internal(format!("{status} {}", said.lines.join(" ")).trim()),
        }
    }

    /// Lets it finish its step, and waits for that.
    fn stop(&mut self) {
        if let Some((mut child, input)) = self.running.take() {
            // It stops when this ends: a signal may have come to all of them already, and a second one is heard as haste.
            drop(input);
            let _ = child.wait();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Notes that were passed on.
static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn each_line(from: Option<impl Read + Send + 'static>, mut hear: impl FnMut(&str) + Send + 'static) {
    let Some(from) = from else { return };
    std::thread::spawn(move || {
        BufReader::new(from).lines().map_while(std::result::Result::ok).for_each(|line| hear(&line))
    });
}

fn hear(said: &Mutex<Said>, line: &str) {
    let Ok(line) = serde_json::from_str::<Value>(line) else { return };
    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    match line["event"].as_str() {
        Some("note") => said.notes.push(text("text")),
        Some("error") => {
            let hints = line["hints"].as_array().into_iter().flatten().filter_map(Value::as_str);
            said.error = Some((text("kind"), text("message"), hints.map(str::to_owned).collect()));
        }
        _ => {}
    }
}
