//! The stage after denoising: latents become pictures.

use crate::diffusion::Model;
use crate::error::Result;
use crate::render::camera::Pose;
use crate::render::generate::Rendered;
use crate::render::job::Job;
use crate::render::rate;
use crate::render::source::Sources;
use crate::render::upscale::enlarged;
use crate::timing::Timings;
use crate::units::{ShownFrame, Size};
use crate::upscale::Upscaler;
use crate::video::Frame;
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender};

/// Pictures of one window, first frame first: all, or where they are large, a few of them.
pub struct Pictures {
    /// The first picture's frame.
    pub first: ShownFrame,
    /// As they were decoded.
    pub frames: Vec<Frame>,
    /// What the camera's flight moves each by.
    pub shown: Vec<Pose>,
    /// Whether the window was found in the work folder.
    pub restored: bool,
    /// Whether they are the last of their window.
    pub ends: bool,
}

/// Decodes or draws every window, and enlarges what was decoded; ends when nobody listens any more.
pub fn decode(
    (job, networks): (&Job, (&Model, Option<&Upscaler>)),
    timings: &Timings,
    from: &Receiver<Result<Rendered>>,
    to: &SyncSender<Result<Pictures>>,
) {
    let mut sources = Sources::new(&job.timeline, &job.settings, job.settings.picture);
    for rendered in from {
        let rendered = match rendered {
            Ok(rendered) => rendered,
            Err(error) => return drop(to.send(Err(error))),
        };
        let (brings, (_, upscaler)) = (rendered.window.brings(), networks);
        let step = upscaler.map_or(brings, Upscaler::together).max(1);
        for start in (0..brings).step_by(step) {
            let part = start..(start + step).min(brings);
            let pictures = part_of(&rendered, part, (networks, job.settings.picture), &mut sources, timings);
            if to.send(pictures).is_err() {
                return;
            }
        }
    }
}

/// The pictures of a part of a window, those that were decoded enlarged to `size`.
fn part_of(
    rendered: &Rendered,
    part: Range<usize>,
    ((model, upscaler), size): ((&Model, Option<&Upscaler>), Size),
    sources: &mut Sources,
    timings: &Timings,
) -> Result<Pictures> {
    let Rendered { window, latents, shown, restored } = rendered;
    let first = window.new_frames().start + part.start as u64;
    let settled = {
        let _span = timings.span("decode");
        sources.settled(model, window, latents, part.clone())?
    };
    let settled = match upscaler {
        Some(upscaler) => {
            let _span = timings.span("upscale");
            enlarged(settled, upscaler, size)?
        }
        None => settled,
    };
    let _span = timings.span("decode");
    let frames = sources.with_drawn(first, settled)?;
    let ends = part.end == window.brings();
    let shown = shown[part].to_vec();
    Ok(Pictures { first: rate::shown(first), frames, shown, restored: *restored, ends })
}
