//! The screen: the way of a picture to what is seen. Effects, layers and the flash guard, one behind the other: the same for a
//! video that is written and for the live view.

use super::camera::Pose;
use super::finish::finish_at;
use super::job::Job;
use super::layer::Painter;
use crate::units::ShownFrame;
use crate::video::{Finisher, FlashGuard, Frame, Guard};

/// What frames that were shown leave to those that follow: what effects do with pictures before, and the flashes of late.
#[derive(Clone, Debug)]
pub struct Afterglow {
    finisher: Finisher,
    guard: Option<FlashGuard>,
}

impl Afterglow {
    /// Before the first frame of a video or of a view of `job`.
    pub fn none(job: &Job) -> Self {
        let guard = match job.settings.flash_guard {
            Guard::On => Some(FlashGuard::new(job.timeline.fps)),
            Guard::Off => None,
        };
        Afterglow { finisher: Finisher::new(job.settings.picture, job.settings.lut.clone()), guard }
    }

    /// How many frames were damped because of their flashes.
    pub fn damped(&self) -> u64 {
        self.guard.as_ref().map_or(0, FlashGuard::damped)
    }
}

/// Shows the pictures of a job, frame by frame.
pub struct Screen<'a> {
    job: &'a Job,
    painter: Painter<'a>,
    afterglow: Afterglow,
}

impl<'a> Screen<'a> {
    /// For the frames of `job` behind those that left `afterglow`.
    pub fn new(job: &'a Job, afterglow: Afterglow) -> Self {
        Screen { job, painter: Painter::new(&job.layers, &job.timeline, job.settings.seed), afterglow }
    }

    /// What is seen of the next picture, which is that of `frame` and has flown to `pose`.
    pub fn show(&mut self, picture: &Frame, pose: Pose, frame: ShownFrame) -> Frame {
        let Afterglow { finisher, guard } = &mut self.afterglow;
        let mut shown = finisher.next(picture, &finish_at(self.job, frame, pose));
        self.painter.draw(&mut shown, frame);
        match guard {
            Some(guard) => guard.pass(shown),
            None => shown,
        }
    }

    /// What these frames leave.
    pub fn leave(self) -> Afterglow {
        self.afterglow
    }
}
