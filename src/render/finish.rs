//! The finish of a frame: what the timeline says of its effects, as the video's finish takes them.

use super::camera::Pose;
use super::job::Job;
use super::rate;
use crate::score::ParamId;
use crate::units::ShownFrame;
use crate::video::{Finish, Grain, shake_offset};

/// The finish effects of one frame that has flown to `pose`.
pub fn finish_at(job: &Job, frame: ShownFrame, pose: Pose) -> Finish {
    let timeline = &job.timeline;
    let source = rate::generated(frame);
    let value = |id| timeline.value(id, source);
    let time = timeline.fps.start_of(source);
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
