//! The final render as the page sees it: what is ordered, how far it is, and the finished file.
//!
//! The engine's thread makes it, so there is one at a time, and live pictures rest meanwhile: two renders would make each
//! other late, and two models may not fit into memory. Everything that a page is told is the newest [`RenderStatus`].

use super::locked::locked;
use super::media::Media;
use crate::error::{Error, ErrorKind, Result};
use crate::progress::{Flow, Progress};
use crate::render::Watch;
use crate::timing::Timings;
use crate::units::Seconds;
use serde::Serialize;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Between two measurements of the pace, and how many of them are remembered.
const APART: Duration = Duration::from_millis(500);
const REMEMBERED: usize = 40;

/// How far a final is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(tag = "stand", rename_all = "snake_case")]
pub enum RenderStatus {
    /// Nothing was ordered yet.
    #[default]
    Idle,
    /// It is being made.
    Running {
        /// What is being done.
        stage: String,
        /// How many pieces of it are finished.
        done: u64,
        /// Of how many; 0: not known.
        total: u64,
        /// What is left of this stage; none: not known yet.
        left: Option<Seconds>,
        /// What the person should know.
        notes: Vec<String>,
    },
    /// It is finished.
    Done {
        /// The file.
        path: String,
        /// Under which number the page fetches it.
        number: u64,
        /// How long it took.
        took: Seconds,
        /// What the person should know.
        notes: Vec<String>,
    },
    /// It was cancelled; finished windows are kept.
    Cancelled,
    /// It can't be made.
    Failed {
        /// Why.
        message: String,
        /// What to do about it.
        hints: Vec<String>,
    },
}

/// The final that is being made, or was made last.
#[derive(Debug, Default)]
pub struct Production {
    stand: watch::Sender<RenderStatus>,
    stop: AtomicBool,
    finished: Mutex<Option<(u64, Arc<Media>)>>,
}

impl Production {
    /// The newest stand, and those to come.
    pub fn stands(&self) -> watch::Receiver<RenderStatus> {
        self.stand.subscribe()
    }

    /// Takes the place of the one final at a time.
    ///
    /// # Errors
    /// Usage: another one is being made.
    pub fn reserve(&self) -> Result<()> {
        let free = |stand: &mut RenderStatus| {
            let free = !matches!(stand, RenderStatus::Running { .. });
            if free {
                self.stop.store(false, Ordering::Relaxed);
                *stand = running("waiting", 0, Vec::new());
            }
            free
        };
        if !self.stand.send_if_modified(free) {
            return Err(Error::usage("a final is being rendered").hint("wait for it, or cancel it"));
        }
        Ok(())
    }

    /// Ends the final that is being made, if there is one, with its next step.
    pub fn cancel(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Lets `render` make the final that [`Self::reserve`] took the place for.
    pub fn make(&self, render: impl FnOnce(Watch) -> Result<PathBuf>) {
        let began = Instant::now();
        let teller = Teller { production: self, pace: Mutex::default() };
        let watch = Watch { progress: &teller, timings: &Timings::off(), stop: &self.stop };
        let made = render(watch).and_then(|path| Ok((Media::open(&path)?, path)));
        let notes = self.notes();
        let stand = match made {
            Ok((media, path)) => {
                let mut finished = locked(&self.finished);
                let number = finished.as_ref().map_or(1, |(number, _)| number + 1);
                *finished = Some((number, Arc::new(media)));
                let took = Seconds(began.elapsed().as_secs_f64());
                RenderStatus::Done { path: path.display().to_string(), number, took, notes }
            }
            Err(error) if error.kind() == ErrorKind::Stopped => RenderStatus::Cancelled,
            Err(error) => RenderStatus::Failed { message: error.to_string(), hints: error.hints().to_vec() },
        };
        self.stand.send_replace(stand);
    }

    /// The finished file of this number, while it is the last one.
    pub fn file(&self, number: u64) -> Option<Arc<Media>> {
        locked(&self.finished).as_ref().filter(|(n, _)| *n == number).map(|(_, media)| media.clone())
    }

    fn notes(&self) -> Vec<String> {
        match &*self.stand.borrow() {
            RenderStatus::Running { notes, .. } => notes.clone(),
            _ => Vec::new(),
        }
    }
}

fn running(stage: &str, total: u64, notes: Vec<String>) -> RenderStatus {
    RenderStatus::Running { stage: stage.to_owned(), done: 0, total, left: None, notes }
}

/// Tells the pages what a render says of itself.
struct Teller<'a> {
    production: &'a Production,
    pace: Mutex<Pace>,
}

impl Progress for Teller<'_> {
    fn stage(&self, name: &str, total: u64) {
        // Held until the stage is told: nobody advances in between, and no note is lost.
        let mut pace = locked(&self.pace);
        *pace = Pace::default();
        self.production.stand.send_modify(|stand| {
            let notes = match stand {
                RenderStatus::Running { notes, .. } => std::mem::take(notes),
                _ => Vec::new(),
            };
            *stand = running(name, total, notes);
        });
    }

    fn advance(&self, now: u64) -> Flow {
        let mut pace = locked(&self.pace);
        self.production.stand.send_modify(|stand| {
            if let RenderStatus::Running { done, total, left, .. } = stand {
                *done = now.max(*done);
                *left = pace.left(Instant::now(), *done, *total);
            }
        });
        if self.production.stop.load(Ordering::Relaxed) { Flow::Stop } else { Flow::Continue }
    }

    fn note(&self, text: &str) {
        self.production.stand.send_modify(|stand| {
            if let RenderStatus::Running { notes, .. } = stand {
                notes.push(text.to_owned());
            }
        });
    }
}

/// How fast it went of late.
#[derive(Debug, Default)]
struct Pace {
    marks: VecDeque<(Instant, u64)>,
}

impl Pace {
    /// What is left at the pace of the last marks, with `done` of `total` pieces finished `now`.
    fn left(&mut self, now: Instant, done: u64, total: u64) -> Option<Seconds> {
        if self.marks.back().is_none_or(|(last, _)| now.duration_since(*last) >= APART) {
            self.marks.push_back((now, done));
            if self.marks.len() > REMEMBERED {
                self.marks.pop_front();
            }
        }
        let (since, before) = *self.marks.front()?;
        let more = done.checked_sub(before).filter(|more| *more > 0 && total > 0)?;
        let pace = now.duration_since(since).as_secs_f64() / more as f64;
        Some(Seconds(total.saturating_sub(done) as f64 * pace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_follows_the_pace() {
        let began = Instant::now();
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let mut pace = Pace::default();
        assert_eq!(pace.left(at(0), 0, 100), None);
        assert_eq!(pace.left(at(10), 20, 100).unwrap().0, 40.0);
        // What was found finished goes by in no time and is forgotten.
        for t in 11..60 {
            pace.left(at(t), 20 + (t - 10) / 2, 100);
        }
        let left = pace.left(at(60), 45, 100).unwrap().0;
        assert!((left - 110.0).abs() < 3.0, "{left}");
        assert_eq!(pace.left(at(61), 46, 0), None);
    }

    #[test]
    fn one_final_at_a_time_and_its_end_is_told() {
        let production = Production::default();
        let stand = || production.stand.borrow().clone();
        production.reserve().unwrap();
        assert!(production.reserve().is_err());
        production.make(|watch| {
            watch.progress.note("by the way");
            watch.progress.stage("rendering", 10);
            assert_eq!(watch.progress.advance(5), Flow::Continue);
            let RenderStatus::Running { stage, done, total, notes, .. } = stand() else {
                panic!("{:?}", stand())
            };
            assert_eq!((stage.as_str(), done, total, notes), ("rendering", 5, 10, vec!["by the way".into()]));
            // Another thread, which counted before and speaks only now.
            watch.progress.advance(4);
            assert!(matches!(stand(), RenderStatus::Running { done: 5, .. }), "{:?}", stand());
            Err(Error::output("the disk is full").hint("make room"))
        });
        let (message, hints) = ("the disk is full".into(), vec!["make room".into()]);
        assert_eq!(stand(), RenderStatus::Failed { message, hints });
        production.reserve().unwrap();
        production.cancel();
        production.make(|watch| match watch.progress.advance(1) {
            Flow::Stop => Err(Error::new(ErrorKind::Stopped, "stopped")),
            Flow::Continue => panic!("it goes on"),
        });
        assert_eq!(stand(), RenderStatus::Cancelled);
        // What was cancelled before doesn't stop the next one.
        production.reserve().unwrap();
        let file = tempfile::NamedTempFile::with_suffix(".mp4").unwrap();
        production.make(|watch| {
            assert_eq!(watch.progress.advance(1), Flow::Continue);
            Ok(file.path().to_owned())
        });
        assert!(matches!(stand(), RenderStatus::Done { number: 1, .. }));
        assert!(production.file(1).is_some() && production.file(2).is_none());
    }
}
