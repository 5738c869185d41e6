//! The stage after denoising: latents become pictures.

use crate::error::Result;
use crate::render::between::{Between, shown_before};
use crate::render::camera::Pose;
use crate::render::generate::Rendered;
use crate::render::job::Job;
use crate::render::networks::Networks;
use crate::render::source::Sources;
use crate::render::upscale::enlarged;
use crate::timing::Timings;
use crate::units::{ShownFrame, Size};
use crate::upscale::Upscaler;
use crate::video::Frame;
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender};

/// Generated pictures that are decoded together where others are put between them.
const BETWEEN: usize = 4;

/// Pictures of one window, first frame first: all, or where they are large, a few of them.
pub struct Pictures {
    /// The first picture's frame.
    pub first: ShownFrame,
    /// As they were decoded, or put between.
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
    (job, networks): (&Job, Networks<'_>),
    timings: &Timings,
    from: &Receiver<Result<Rendered>>,
    to: &SyncSender<Result<Pictures>>,
) {
    let mut sources = Sources::new(&job.timeline, &job.settings, job.settings.picture);
    let mut between = match Between::new(job, networks) {
        Ok(between) => between,
        Err(error) => return drop(to.send(Err(error))),
    };
    for rendered in from {
        let rendered = match rendered {
            Ok(rendered) => rendered,
            Err(error) => return drop(to.send(Err(error))),
        };
        let brings = rendered.window.brings();
        // Those that were enlarged, and those between, are many bytes.
        let few = if rendered.window.every > 1 { BETWEEN } else { brings };
        let step = networks.upscaler.map_or(few, Upscaler::together).max(1);
        for start in (0..brings).step_by(step) {
            let part = start..(start + step).min(brings);
            let stage = (networks, job.settings.picture, &mut between);
            let pictures = part_of(&rendered, part, stage, &mut sources, timings);
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
    (networks, size, between): (Networks<'_>, Size, &mut Between<'_>),
    sources: &mut Sources,
    timings: &Timings,
) -> Result<Pictures> {
    let Rendered { window, latents, shown, restored, .. } = rendered;
    let first = window.first_new() + part.start as u64 * window.every;
    let settled = {
        let _span = timings.span("decode");
        sources.settled(networks.model, window, latents, part.clone())?
    };
    let settled = match networks.upscaler {
        Some(upscaler) => {
            let _span = timings.span("upscale");
            enlarged(settled, upscaler, size)?
        }
        None => settled,
    };
    let mut frames = {
        let _span = timings.span("decode");
        sources.with_drawn(first, settled)?
    };
    if window.every > 1 {
        let _span = timings.span("interpolate");
        frames = between.filled(rendered, part.start, frames)?;
    }
    let ends = part.end == window.brings();
    let place = shown_before(window, part.start);
    let shown = shown[place..place + frames.len()].to_vec();
    let first = window.shown().start + place as u64;
    Ok(Pictures { first, frames, shown, restored: *restored, ends })
}
