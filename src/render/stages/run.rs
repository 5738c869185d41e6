//! The stages on named threads with bounded queues, so that memory does not grow with the length of the song.

use super::decode::decode;
use super::encode::{encode, finish};
use super::thread::{QUEUE, spawn};
use super::watch::{Summary, Watch};
use crate::error::{Error, Result};
use crate::render::batch::Render;
use crate::render::generate::Rendered;
use crate::render::job::Job;
use crate::render::networks::Networks;
use crate::render::work::WorkFolder;
use crate::video::Writer;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

/// Renders `job` into `writer` with these networks. On an error, or when `watch` says stop, every finished window stays in `store`, and the same job goes on from there.
pub fn run(
    job: &Job,
    networks: Networks<'_>,
    store: Option<&WorkFolder>,
    mut writer: Writer,
    watch: Watch,
) -> Result<Summary> {
    let Watch { progress, timings, stop } = watch;
    progress.stage("rendering", job.settings.frames);
    let ended = AtomicBool::new(false);
    let summary = std::thread::scope(|scope| {
        let (settled, to_decode) = sync_channel(QUEUE);
        let (decoded, to_finish) = sync_channel(QUEUE);
        let (finished, to_encode) = sync_channel(QUEUE);
        let render = Render::new(job, networks.model, store, stop, timings)?.ended_by(&ended);
        spawn("decode", scope, move || decode((job, networks), timings, &to_decode, &decoded))?;
        let finishing = spawn("finish", scope, move || finish(job, &to_finish, &finished, timings))?;
        let (writer, ended) = (&mut writer, &ended);
        let encoding = spawn("encode", scope, move || {
            let result = encode(&to_encode, writer, watch);
            // Whatever ended the encoding ends the rest: they find their queues closed, or see this.
            ended.store(true, Ordering::Relaxed);
            result
        })?;
        // Denoising takes most of the memory, and this thread has some to spare from listening.
        forward(render, &settled);
        drop(settled);
        let failed = |_| Error::internal("the thread of a stage failed");
        // A stage that can't go on is why the one before couldn't.
        let frames = encoding.join().map_err(failed)??;
        finishing.join().map_err(failed)??.summary(job, frames, progress)
    })?;
    writer.finish()?;
    Ok(summary)
}

/// Sends every window on; ends after the first error, or when nobody listens any more.
fn forward(render: Render, settled: &SyncSender<Result<Rendered>>) {
    for window in render {
        let failed = window.is_err();
        if settled.send(window).is_err() || failed {
            return;
        }
    }
}
