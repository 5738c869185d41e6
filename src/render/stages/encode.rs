//! The last two stages: pictures are finished, and written.

use super::decode::Pictures;
use super::thread::spawn;
use super::watch::{Summary, Watch};
use crate::error::{Error, Result};
use crate::progress::Flow;
use crate::render::job::Job;
use crate::render::rate;
use crate::render::screen::{Afterglow, Screen};
use crate::timing::Timings;
use crate::video::{Frame, Writer};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Finished frames that may wait to be written.
const FRAMES: usize = 2;

/// What was finished.
struct Finished {
    windows: usize,
    restored: usize,
    /// Frames that the flash guard dimmed.
    damped: u64,
}

/// Writes the pictures of the job's part; ends after the first error, or when it is told to stop. Sets `failed` where no more pictures
/// are wanted, for whoever makes them: a window may take minutes.
pub fn encode(
    job: &Job,
    from: Receiver<Result<Pictures>>,
    writer: &mut Writer,
    (watch, failed): (Watch, &AtomicBool),
) -> Result<Summary> {
    let Watch { progress, timings, .. } = watch;
    let mut frames = 0;
    let Finished { windows, restored, damped } = std::thread::scope(|scope| {
        let (finished, to_write) = sync_channel(FRAMES);
        let finishing = spawn("finish", scope, move || finish(job, &from, &finished, timings))?;
        for frame in to_write {
            let _span = timings.span("encode");
            let written = writer.write(&frame).and_then(|()| {
                frames += 1;
                match progress.advance(frames) {
                    Flow::Stop => Err(Error::stopped("stopped; the finished windows are kept")),
                    Flow::Continue => Ok(()),
                }
            });
            if let Err(error) = written {
                failed.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        finishing.join().map_err(|_| Error::internal("the finishing thread failed"))?
    })?;
    if frames != job.settings.frames {
        let all = job.settings.frames;
        return Err(Error::internal(format!("the render ended after {frames} of {all} frames")));
    }
    if damped > 0 {
        progress.note(&format!(
            "the flash guard dimmed {damped} frames that would have made more than three flashes in a second"
        ));
    }
    Ok(Summary { frames, windows, restored })
}

/// Finishes the pictures of the job's part; ends after the first error, or when nobody writes them any more.
fn finish(
    job: &Job,
    from: &Receiver<Result<Pictures>>,
    to: &SyncSender<Frame>,
    timings: &Timings,
) -> Result<Finished> {
    let (mut windows, mut restored) = (0, 0);
    let end = rate::shown(job.part().end);
    // What a frame leaves to the next is made anew from the start of its take on, so that nothing of it has to be kept.
    let mut screen = Screen::new(job, Afterglow::none(job));
    'rendered: for pictures in from {
        let pictures: Pictures = pictures?;
        // A take's last window is rendered to its end, so that its frames are those of the whole video.
        for ((frame, pose), index) in
            pictures.frames.iter().zip(pictures.shown).zip(pictures.first.until(end))
        {
            let shown = {
                let _span = timings.span("finish");
                screen.show(frame, pose, index)
            };
            if to.send(shown).is_err() {
                break 'rendered;
            }
        }
        windows += usize::from(pictures.ends);
        restored += usize::from(pictures.ends && pictures.restored);
    }
    Ok(Finished { windows, restored, damped: screen.leave().damped() })
}
