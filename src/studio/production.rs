//! Making a final: how far it is, as pages are told, and what comes of it.

use super::locked::locked;
use super::media::Media;
use crate::error::{ErrorKind, Result};
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
    /// It is ordered, and others come first.
    Waiting,
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
    /// It was stopped, to be resumed; finished windows are kept.
    Paused,
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

impl RenderStatus {
    /// Of what begins to be made.
    pub fn starting() -> Self {
        running("starting", 0, Vec::new())
    }
}

/// Changes how far a final is.
type Tell<'a> = &'a (dyn Fn(&mut dyn FnMut(&mut RenderStatus)) + Sync);

/// Lets `render` make the final of this number, until `stop` is set; what came of it.
pub fn produced(
    number: u64,
    stop: &AtomicBool,
    tell: Tell<'_>,
    render: impl FnOnce(Watch) -> Result<PathBuf>,
) -> (RenderStatus, Option<Arc<Media>>) {
    let began = Instant::now();
    let teller = Teller { tell, stop, told: Mutex::default() };
    let watch = Watch { progress: &teller, timings: &Timings::off(), stop };
    let made = render(watch).and_then(|path| Ok((Media::open(&path)?, path)));
    let notes = std::mem::take(&mut locked(&teller.told).notes);
    match made {
        Ok((media, path)) => {
            let took = Seconds(began.elapsed().as_secs_f64());
            let path = path.display().to_string();
            (RenderStatus::Done { path, number, took, notes }, Some(Arc::new(media)))
        }
        Err(error) if error.kind() == ErrorKind::Stopped => (RenderStatus::Cancelled, None),
        Err(error) => {
            (RenderStatus::Failed { message: error.to_string(), hints: error.hints().to_vec() }, None)
        }
    }
}

fn running(stage: &str, total: u64, notes: Vec<String>) -> RenderStatus {
    RenderStatus::Running { stage: stage.to_owned(), done: 0, total, left: None, notes }
}

/// Tells the pages what a render says of itself.
struct Teller<'a> {
    tell: Tell<'a>,
    stop: &'a AtomicBool,
    told: Mutex<Stage>,
}

/// What a render said of itself.
#[derive(Debug, Default)]
struct Stage {
    pace: Pace,
    notes: Vec<String>,
}

impl Progress for Teller<'_> {
    fn stage(&self, name: &str, total: u64) {
        // Held until the stage is told: nobody advances in between.
        let mut told = locked(&self.told);
        told.pace = Pace::default();
        (self.tell)(&mut |status| *status = running(name, total, told.notes.clone()));
    }

    fn advance(&self, now: u64) -> Flow {
        let mut told = locked(&self.told);
        (self.tell)(&mut |status| {
            if let RenderStatus::Running { done, total, left, .. } = status {
                *done = now.max(*done);
                *left = told.pace.left(Instant::now(), *done, *total);
            }
        });
        if self.stop.load(Ordering::Relaxed) { Flow::Stop } else { Flow::Continue }
    }

    fn note(&self, text: &str) {
        let mut told = locked(&self.told);
        told.notes.push(text.to_owned());
        (self.tell)(&mut |status| {
            if let RenderStatus::Running { notes, .. } = status {
                notes.clone_from(&told.notes);
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
    use crate::error::Error;

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
    fn what_a_render_says_of_itself_is_told() {
        let status = Mutex::new(RenderStatus::starting());
        let stand = || locked(&status).clone();
        let tell = |how: &mut dyn FnMut(&mut RenderStatus)| how(&mut locked(&status));
        let stop = AtomicBool::new(false);
        let (end, file) = produced(1, &stop, &tell, |watch| {
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
        assert_eq!((end, file.is_none()), (RenderStatus::Failed { message, hints }, true));
        stop.store(true, Ordering::Relaxed);
        let (end, _) = produced(2, &stop, &tell, |watch| match watch.progress.advance(1) {
            Flow::Stop => Err(Error::new(ErrorKind::Stopped, "stopped")),
            Flow::Continue => panic!("it goes on"),
        });
        assert_eq!(end, RenderStatus::Cancelled);
        let video = tempfile::NamedTempFile::with_suffix(".mp4").unwrap();
        let (end, file) = produced(3, &stop, &tell, |watch| {
            watch.progress.note("soft");
            Ok(video.path().to_owned())
        });
        let RenderStatus::Done { number: 3, notes, .. } = end else { panic!("{end:?}") };
        assert!(notes == ["soft"] && file.is_some());
    }
}
