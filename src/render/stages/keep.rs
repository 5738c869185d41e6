//! Takes for somebody else to join: windows are made and decoded, and their pictures kept in the work folder.

use super::thread::{QUEUE, spawn};
use super::watch::Watch;
use crate::error::{Error, ErrorKind, Result};
use crate::progress::Flow;
use crate::render::between::Between;
use crate::render::generate::{Generator, Rendered};
use crate::render::job::Job;
use crate::render::networks::Networks;
use crate::render::plan::Window;
use crate::render::source::Sources;
use crate::render::take::TakeState;
use crate::render::upscale::enlarged;
use crate::render::work::{Claim, Holder, KeptPictures, TakeFolder, WorkFolder};
use crate::timing::Timings;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// What a worker did.
#[derive(Clone, Debug, Default)]
pub struct Worked {
    /// Takes that it made, or finished.
    pub takes: Vec<usize>,
    /// Windows that it denoised.
    pub denoised: usize,
    /// Frames whose pictures it kept.
    pub frames: u64,
    /// Takes that it let be, and who has them; none: somebody of this machine.
    pub left: Vec<(usize, Option<Holder>)>,
}

/// A window on its way, with its take, which is held until the last of it is kept.
type OnTheWay<T> = (Arc<TakeFolder>, Window, T);

/// Makes `takes`, in this order, but for those that others work on. On an error, or when `watch` says stop, what is finished stays
/// in `store`.
///
/// # Errors
/// As [`Generator::window`]; Output: the folder can't be written to; Stopped.
pub fn keep_takes(
    job: &Job,
    networks: Networks<'_>,
    store: &WorkFolder,
    takes: &[Vec<Window>],
    watch: Watch,
) -> Result<Worked> {
    let Watch { progress, timings, stop } = watch;
    let windows: Vec<Window> = takes.iter().flatten().copied().collect();
    progress.stage("rendering", windows.iter().map(Window::shows).sum());
    let mut generator = Generator::new(job, networks.model, stop, timings)?;
    generator.prepare(&windows)?;
    std::thread::scope(|scope| {
        let (made, to_decode) = sync_channel(QUEUE);
        let (decoded, to_keep) = sync_channel(QUEUE);
        let decoding =
            spawn("decode", scope, move || decode((job, networks), timings, &to_decode, &decoded))?;
        let keeping = spawn("keep", scope, move || keep(&to_keep, watch))?;
        let mut worker = Worker { job, generator, store, stop, watch, made, worked: Worked::default() };
        let ended = worker.work(takes);
        let Worker { made, mut worked, .. } = worker;
        drop(made);
        let failed = |_| Error::internal("a thread of the worker failed");
        let (kept, decoded) = (keeping.join().map_err(failed)?, decoding.join().map_err(failed)?);
        // A stage that can't go on is why the one before couldn't.
        worked.frames = kept?;
        decoded?;
        ended.map(|()| worked)
    })
}

struct Worker<'a> {
    job: &'a Job,
    generator: Generator<'a>,
    store: &'a WorkFolder,
    stop: &'a AtomicBool,
    watch: Watch<'a>,
    made: SyncSender<OnTheWay<Rendered>>,
    worked: Worked,
}

impl Worker<'_> {
    /// Those first that are free, then those whose holders may be gone.
    fn work(&mut self, takes: &[Vec<Window>]) -> Result<()> {
        let mut unsure = Vec::new();
        for take in takes {
            let Some(first) = take.first() else { continue };
            match self.store.claim(first.take_start, None)? {
                Claim::Unsure(_) => unsure.push(take),
                claim => self.claimed(take, first, claim)?,
            }
        }
        let stop = self.stop;
        let wait = |time: Duration| {
            std::thread::sleep(time);
            if stop.load(Ordering::Relaxed) { Err(stopped()) } else { Ok(()) }
        };
        for take in unsure {
            let Some(first) = take.first() else { continue };
            let claim = self.store.claim(first.take_start, Some(&wait))?;
            self.claimed(take, first, claim)?;
        }
        Ok(())
    }

    fn claimed(&mut self, take: &[Window], first: &Window, claim: Claim) -> Result<()> {
        match claim {
            Claim::Ours(folder) => self.make(take, Arc::new(folder)),
            Claim::Held(holder) => {
                self.worked.left.push((first.take, holder));
                Ok(())
            }
            Claim::Unsure(holder) => {
                self.worked.left.push((first.take, Some(holder)));
                Ok(())
            }
        }
    }

    /// Makes what is missing of a take.
    fn make(&mut self, take: &[Window], folder: Arc<TakeFolder>) -> Result<()> {
        let largest = self.job.largest_picture();
        let there: Vec<bool> = take.iter().map(|w| folder.pictures(w, largest).is_some()).collect();
        // Behind the last window that is missing there is nothing to do.
        let wanted = there.iter().rposition(|there| !there).map_or(0, |last| last + 1);
        let mut state: Option<TakeState> = None;
        for (window, there) in take.iter().zip(there).take(wanted) {
            if self.stop.load(Ordering::Relaxed) {
                return Err(stopped());
            }
            if folder.is_lost() {
                let text =
                    format!("take {} was taken over by another worker, and is left to it", window.take);
                self.watch.progress.note(&text);
                self.worked.left.push((window.take, None));
                return Ok(());
            }
            let kept = folder.load(window, self.generator.shape());
            let (rendered, after) = match kept {
                Some(after) => self.generator.restored(*window, state.as_ref(), after)?,
                None => {
                    let made = self.generator.window(*window, state.as_ref())?;
                    folder.save(window, &made.1)?;
                    self.worked.denoised += 1;
                    made
                }
            };
            state = Some(after);
            if !there && self.made.send((Arc::clone(&folder), *window, rendered)).is_err() {
                // Nobody decodes any more, and says why.
                return Ok(());
            }
        }
        self.worked.takes.extend(take.first().map(|first| first.take));
        Ok(())
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Stopped, "stopped; the finished windows are kept")
        .hint("run the same command again to resume")
}

/// Decodes what is no drawing, and enlarges it; ends when nobody listens any more.
fn decode(
    (job, networks): (&Job, Networks<'_>),
    timings: &Timings,
    from: &Receiver<OnTheWay<Rendered>>,
    to: &SyncSender<OnTheWay<KeptPictures>>,
) -> Result<()> {
    let mut sources = Sources::new(&job.timeline, &job.settings, job.settings.picture);
    let mut between = Between::new(job, networks)?;
    for (folder, window, rendered) in from {
        let span = timings.span("decode");
        let mut frames = sources.settled(networks.model, &window, &rendered.latents, 0..window.brings())?;
        drop(span);
        if let Some(upscaler) = networks.upscaler {
            let _span = timings.span("upscale");
            frames = enlarged(frames, upscaler, job.settings.picture)?;
        }
        if window.every > 1 {
            let _span = timings.span("interpolate");
            let made = frames.into_iter().flatten().collect();
            frames = between.filled(&rendered, 0, made)?.into_iter().map(Some).collect();
        }
        let kept = KeptPictures { first: window.shown().start, frames, shown: rendered.shown };
        if to.send((folder, window, kept)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Keeps the pictures that come, and says how many frames that were.
fn keep(from: &Receiver<OnTheWay<KeptPictures>>, Watch { progress, timings, .. }: Watch) -> Result<u64> {
    let mut frames = 0;
    for (folder, window, kept) in from {
        let _span = timings.span("keep");
        folder.keep_pictures(&window, &kept)?;
        frames += window.shows();
        if progress.advance(frames) == Flow::Stop {
            return Err(stopped());
        }
    }
    Ok(frames)
}
