//! Joining: kept pictures become a video, finished and encoded once from the first frame to the last. So it has the bytes that one
//! run would give it.

use super::decode::Pictures;
use super::encode::{encode, finish};
use super::thread::{QUEUE, spawn};
use super::watch::{Summary, Watch};
use crate::error::{Error, Result};
use crate::render::job::Job;
use crate::render::plan::Window;
use crate::render::rate;
use crate::render::screen::{Afterglow, Screen};
use crate::render::source::Sources;
use crate::render::work::WorkFolder;
use crate::units::Size;
use crate::video::Writer;
use std::sync::mpsc::sync_channel;

/// Writes the video of `job` from the pictures in `store`.
///
/// # Errors
/// Input: pictures are missing or damaged; whatever the writer says.
pub fn join(job: &Job, store: &WorkFolder, mut writer: Writer, watch: Watch) -> Result<Summary> {
    watch.progress.stage("joining", job.settings.frames);
    let summary = std::thread::scope(|scope| {
        let (read, to_finish) = sync_channel(QUEUE);
        let (finished, to_encode) = sync_channel(QUEUE);
        spawn("read", scope, move || {
            let mut sources = Sources::new(&job.timeline, &job.settings, job.settings.picture);
            for window in job.windows() {
                let _span = watch.timings.span("read");
                let pictures = pictures(&window, store, &mut sources, job.largest_picture());
                let failed = pictures.is_err();
                if read.send(pictures).is_err() || failed {
                    return;
                }
            }
        })?;
        let finishing = spawn("finish", scope, move || finish(job, &to_finish, &finished, watch.timings))?;
        let frames = encode(&to_encode, &mut writer, watch);
        drop(to_encode);
        let finished = finishing.join().map_err(|_| Error::internal("the finishing thread failed"))?;
        finished?.summary(job, frames?, watch.progress)
    })?;
    writer.finish()?;
    Ok(summary)
}

/// Writes the pictures of one take of `job`, `windows`, as the whole film shows them if nothing crosses its cuts.
///
/// # Errors
/// As [`join`].
pub fn encode_take(job: &Job, windows: &[Window], store: &WorkFolder, writer: &mut Writer) -> Result<u64> {
    let mut sources = Sources::new(&job.timeline, &job.settings, job.settings.picture);
    let mut screen = Screen::new(job, Afterglow::none(job));
    let (end, mut written) = (rate::shown(job.part().end), 0);
    for window in windows {
        let Pictures { first, frames, shown, .. } =
            pictures(window, store, &mut sources, job.largest_picture())?;
        for ((frame, pose), index) in frames.iter().zip(shown).zip(first.until(end)) {
            writer.write(&screen.show(frame, pose, index))?;
            written += 1;
        }
    }
    Ok(written)
}

/// The pictures of `window`; those that are drawn, drawn.
fn pictures(window: &Window, store: &WorkFolder, sources: &mut Sources, largest: Size) -> Result<Pictures> {
    let broken = || {
        let error =
            format!("take {}: the pictures of frame {} are missing or damaged", window.take, window.start);
        Error::input(error).hint(format!("run the take again, with --takes {}, and then join", window.take))
    };
    let kept = store.pictures(window, largest).ok_or_else(|| {
        store.set_aside(window);
        broken()
    })?;
    let mut frames = Vec::with_capacity(kept.frames.len());
    for (frame, index) in kept.frames.into_iter().zip(kept.first.onwards()) {
        let drawn = if frame.is_none() { sources.frame(rate::generated(index))? } else { None };
        frames.push(frame.or(drawn).ok_or_else(broken)?);
    }
    Ok(Pictures { first: kept.first, frames, shown: kept.shown, restored: true, ends: true })
}
