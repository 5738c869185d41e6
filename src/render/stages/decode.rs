//! The stage after denoising: latents become pictures.

use crate::diffusion::Model;
use crate::error::Result;
use crate::render::camera::Pose;
use crate::render::generate::Rendered;
use crate::render::job::Job;
use crate::render::rate;
use crate::render::source::Sources;
use crate::timing::Timings;
use crate::units::ShownFrame;
use crate::video::Frame;
use std::sync::mpsc::{Receiver, SyncSender};

/// The pictures of one window, first frame first.
pub struct Pictures {
    /// The first picture's frame.
    pub first: ShownFrame,
    /// As they were decoded.
    pub frames: Vec<Frame>,
    /// What the camera's flight moves each by.
    pub shown: Vec<Pose>,
    /// Whether the window was found in the work folder.
    pub restored: bool,
}

/// Decodes or draws every window; ends when nobody listens any more.
pub fn decode(
    (job, model): (&Job, &Model),
    timings: &Timings,
    from: &Receiver<Result<Rendered>>,
    to: &SyncSender<Result<Pictures>>,
) {
    let mut sources = Sources::new(&job.timeline, &job.settings, job.settings.picture);
    for rendered in from {
        let pictures = rendered.and_then(|rendered| {
            let _span = timings.span("decode");
            let frames = sources.pictures(model, &rendered.window, &rendered.latents)?;
            let Rendered { window, shown, restored, .. } = rendered;
            Ok(Pictures { first: rate::shown(window.new_frames().start), frames, shown, restored })
        });
        if to.send(pictures).is_err() {
            return;
        }
    }
}
