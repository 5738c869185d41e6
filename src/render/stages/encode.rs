//! The last stage: pictures are finished and written.

use super::decode::Pictures;
use super::watch::{Summary, Watch};
use crate::error::{Error, Result};
use crate::progress::Flow;
use crate::render::job::Job;
use crate::render::rate;
use crate::render::screen::{Afterglow, Screen};
use crate::video::Writer;
use std::sync::mpsc::Receiver;

/// Writes the pictures of the job's part; ends after the first error, or when it is told to stop.
pub fn encode(
    job: &Job,
    from: &Receiver<Result<Pictures>>,
    writer: &mut Writer,
    Watch { progress, timings, .. }: Watch,
) -> Result<Summary> {
    let mut summary = Summary { frames: 0, windows: 0, restored: 0 };
    let end = rate::shown(job.part().end);
    // What a frame leaves to the next is made anew from the start of its take on, so that nothing of it has to be kept.
    let mut screen = Screen::new(job, Afterglow::none(job));
    for pictures in from {
        let Pictures { first, frames, shown, restored, ends } = pictures?;
        let _span = timings.span("finish and encode");
        // A take's last window is rendered to its end, so that its frames are those of the whole video.
        for ((frame, pose), index) in frames.iter().zip(shown).zip(first.until(end)) {
            writer.write(&screen.show(frame, pose, index))?;
            summary.frames += 1;
            if progress.advance(summary.frames) == Flow::Stop {
                return Err(Error::stopped("stopped; the finished windows are kept"));
            }
        }
        summary.windows += usize::from(ends);
        summary.restored += usize::from(ends && restored);
    }
    if summary.frames != job.settings.frames {
        return Err(Error::internal(format!(
            "the render ended after {} of {} frames",
            summary.frames, job.settings.frames
        )));
    }
    let damped = screen.leave().damped();
    if damped > 0 {
        progress.note(&format!(
            "the flash guard dimmed {damped} frames that would have made more than three flashes in a second"
        ));
    }
    Ok(summary)
}
