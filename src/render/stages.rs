//! Denoise → decode → finish and encode: three stages on named threads with bounded queues.

use super::camera::Pose;
use super::work::WorkFolder;
use super::{Job, Render, Rendered};
use crate::diffusion::Model;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::nn::cpu::layout::to_bytes;
use crate::progress::{Flow, Progress};
use crate::score::{ParamId, Timeline};
use crate::system::give_way;
use crate::timing::Timings;
use crate::units::{FrameIndex, Size};
use crate::video::{Finish, Frame, Grain, Writer, apply, shake_offset};
use candle_core::{DType, Device, Tensor};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, ScopedJoinHandle};

/// Finished windows that may wait for the next stage: enough to keep it busy, few enough to stay small.
pub(super) const QUEUE: usize = 2;

/// What a render did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Frames in the video.
    pub frames: FrameIndex,
    /// Windows in all.
    pub windows: usize,
    /// Windows that were found in the work folder.
    pub restored: usize,
}

/// Who watches a render.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Is told how far it is.
    pub progress: &'a dyn Progress,
    /// Takes the time of its stages.
    pub timings: &'a Timings,
    /// Once set, the next step ends it with [`ErrorKind::Stopped`].
    pub stop: &'a AtomicBool,
}

/// The pictures of one window, first frame first.
struct Pictures {
    first: FrameIndex,
    frames: Vec<Frame>,
    shown: Vec<Pose>,
    restored: bool,
}

/// Renders `job` into `writer`. On an error, or when `watch` says stop, every finished window stays in
/// `store`, and the same job goes on from there.
pub fn run(
    job: &Job,
    model: &Model,
    store: Option<&WorkFolder>,
    mut writer: Writer,
    watch: Watch,
) -> Result<Summary> {
    let Watch { progress, timings, stop } = watch;
    progress.stage("rendering", job.settings.frames);
    let summary = std::thread::scope(|scope| {
        let (settled, to_decode) = sync_channel(QUEUE);
        let (decoded, to_encode) = sync_channel(QUEUE);
        let render = Render::new(job, model, store, stop, timings)?;
        spawn("decode", scope, move || decode(model, timings, &to_decode, &decoded))?;
        let writer = &mut writer;
        let encoding = spawn("encode", scope, move || {
            let result = encode(job, &to_encode, writer, watch);
            // Whatever ended the encoding ends the rest: they find their queues closed, or see this.
            stop.store(true, Ordering::Relaxed);
            result
        })?;
        // Denoising takes most of the memory, and this thread has some to spare from listening.
        forward(render, &settled);
        drop(settled);
        encoding.join().map_err(|_| Error::internal("the encoding thread failed"))?
    })?;
    writer.finish()?;
    Ok(summary)
}

fn spawn<'scope, T: Send + 'scope>(
    name: &str,
    scope: &'scope std::thread::Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>> {
    let spawned = Builder::new().name(name.to_owned()).spawn_scoped(scope, || {
        give_way();
        work()
    });
    spawned.context(|| Error::internal(format!("the {name} thread can't be started")))
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

fn decode(
    model: &Model,
    timings: &Timings,
    from: &Receiver<Result<Rendered>>,
    to: &SyncSender<Result<Pictures>>,
) {
    for rendered in from {
        let pictures = rendered.and_then(|rendered| {
            let _span = timings.span("decode");
            let frames = to_frames(&model.decode(&rendered.latents)?)?;
            let Rendered { window, shown, restored, .. } = rendered;
            Ok(Pictures { first: window.new_frames().start, frames, shown, restored })
        });
        if to.send(pictures).is_err() {
            return;
        }
    }
}

fn encode(
    job: &Job,
    from: &Receiver<Result<Pictures>>,
    writer: &mut Writer,
    Watch { progress, timings, .. }: Watch,
) -> Result<Summary> {
    let mut summary = Summary { frames: 0, windows: 0, restored: 0 };
    for pictures in from {
        let Pictures { first, frames, shown, restored } = pictures?;
        let _span = timings.span("finish and encode");
        // A take's last window is rendered to its end, so that its frames are those of the whole video.
        for ((frame, pose), index) in frames.iter().zip(shown).zip(first..job.part().end) {
            let look = finish_at(job, index, pose);
            writer.write(&apply(frame, job.settings.picture, &look))?;
            summary.frames += 1;
            if progress.advance(summary.frames) == Flow::Stop {
                return Err(Error::new(ErrorKind::Stopped, "stopped; the finished windows are kept")
                    .hint("run the same command again to go on from here"));
            }
        }
        summary.windows += 1;
        summary.restored += usize::from(restored);
    }
    if summary.frames != job.settings.frames {
        return Err(Error::internal(format!(
            "the render ended after {} of {} frames",
            summary.frames, job.settings.frames
        )));
    }
    Ok(summary)
}

/// The finish effects of one frame that has flown to `pose`.
pub(super) fn finish_at(job: &Job, frame: FrameIndex, pose: Pose) -> Finish {
    let timeline: &Timeline = &job.timeline;
    let value = |id| timeline.value(id, frame);
    let time = timeline.fps.start_of(frame);
    let (shake_x, shake_y) = shake_offset(job.settings.seed, time, value(ParamId::Shake));
    let grain = Grain { amount: value(ParamId::Grain), seed: job.settings.seed, frame };
    let finish = Finish {
        zoom: value(ParamId::Zoom),
        roll: value(ParamId::Roll),
        shift_x: value(ParamId::PanX) + shake_x,
        shift_y: value(ParamId::PanY) + shake_y,
        exposure: value(ParamId::Exposure),
        flash: value(ParamId::Flash),
        saturation: value(ParamId::Saturation),
        hue: value(ParamId::Hue),
        glow: value(ParamId::Glow),
        grain,
    };
    pose.before(finish, job.settings.picture.aspect())
}

/// Pictures \[f, 3, h, w] in −1..=1 as frames of 8 bits.
pub(super) fn to_frames(pictures: &Tensor) -> Result<Vec<Frame>> {
    let failed = || Error::device("decoded pictures can't be read back");
    let (_, _, h, w) = pictures.dims4().context(failed)?;
    let bytes =
        pictures.to_device(&Device::Cpu).and_then(|p| to_bytes(&p.to_dtype(DType::F32)?)).context(failed)?;
    let size = Size { width: w as u32, height: h as u32 };
    Ok(bytes.into_iter().map(|rgb| Frame::new(size, rgb)).collect())
}
