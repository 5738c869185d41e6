//! The finish of a frame: what the timeline says of its effects, as the video's finish takes them.

use super::camera::Pose;
use super::job::Job;
use super::rate;
use crate::units::ShownFrame;
use crate::video::{Finish, Grain, shake_offset};

/// The finish effects of one frame that has flown to `pose`.
pub fn finish_at(job: &Job, frame: ShownFrame, pose: Pose) -> Finish {
    let timeline = &job.timeline;
    let source = rate::generated(frame);
    let value = |name: &str| timeline.value(name, source);
    let time = timeline.fps.start_of(source);
    let (shake_x, shake_y) = shake_offset(job.settings.seed, time, value("shake"));
    let grain = Grain { amount: value("grain"), seed: job.settings.seed, frame };
    let finish = Finish {
        zoom: value("zoom"),
        roll: value("roll"),
        shift_x: value("pan_x") + shake_x,
        shift_y: value("pan_y") + shake_y,
        exposure: value("exposure"),
        flash: value("flash"),
        saturation: value("saturation"),
        hue: value("hue"),
        glow: value("glow"),
        grain,
    };
    pose.before(finish, job.settings.picture.aspect())
}
