//! The last two stages: pictures are finished, and written.

use super::decode::Pictures;
use super::watch::{Summary, Watch};
use crate::error::{Error, Result};
use crate::progress::{Flow, Progress};
use crate::render::job::Job;
use crate::render::rate;
use crate::render::screen::{Afterglow, Screen};
use crate::timing::Timings;
use crate::video::{Frame, Writer};
use std::sync::mpsc::{Receiver, SyncSender};

/// What was finished.
pub struct Finished {
    windows: usize,
    restored: usize,
    /// Frames that the flash guard dimmed.
    damped: u64,
}

impl Finished {
    /// What a render did of which `frames` were written.
    ///
    /// # Errors
    /// Internal: these aren't all.
    pub fn summary(self, job: &Job, frames: u64, progress: &dyn Progress) -> Result<Summary> {
        let Finished { windows, restored, damped } = self;
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
}

/// Writes finished frames, and says how many; ends after the first error, or when it is told to stop.
pub fn encode(
    from: &Receiver<Frame>,
    writer: &mut Writer,
    Watch { progress, timings, .. }: Watch,
) -> Result<u64> {
    let mut frames = 0;
    for frame in from {
        let _span = timings.span("encode");
        writer.write(&frame)?;
        frames += 1;
        if progress.advance(frames) == Flow::Stop {
            return Err(Error::stopped("stopped; the finished windows are kept"));
        }
    }
    Ok(frames)
}

/// Finishes the pictures of the job's part; ends after the first error, or when nobody writes them any more.
pub fn finish(
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
