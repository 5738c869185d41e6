//! Pictures between those that are generated.
//!
//! Generated pictures are shown as they are, each on its frame; the frames between two get what the interpolator makes of both. Where
//! between them a frame lies is told by what moves it: a frame for which the curve of `motion_scale` asks for most of the way is
//! farther on, so that a hit is seen on its own frame, and what stands still stays. Where frames start from a source or follow a control,
//! the way is gone evenly.
//!
//! A take is for itself: nothing is put between two takes. The last frames of a take lead to a generated one behind its end, which is not
//! shown. Over a hand-off, at which a flying camera moves what is settled, the picture before is moved as well.

use super::camera::{Pose, moved_frame};
use super::generate::Rendered;
use super::job::Job;
use super::networks::Networks;
use super::pictures::{to_frames, to_pictures};
use super::plan::Window;
use super::rate;
use super::upscale::enlarged;
use crate::diffusion::Model;
use crate::error::{Context, Error, Result};
use crate::interpolate::{Interpolator, Seen};
use crate::score::ParamId;
use crate::units::GeneratedFrame;
use crate::video::Frame;
use candle_core::{Device, Tensor};

/// As near to one of the two pictures, as a share of the way, it is shown itself.
const NEAR: f32 = 1.0 / 256.0;

/// Puts pictures between those of a job, which come in their order.
pub(super) struct Between<'a> {
    job: &'a Job,
    networks: Networks<'a>,
    /// The network that comes with the program, where another isn't there and not every frame is generated.
    shipped: Option<Interpolator>,
    last: Option<Lead>,
}

/// A picture that others lead away from.
struct Lead {
    take_start: GeneratedFrame,
    frame: GeneratedFrame,
    picture: Frame,
    seen: Option<Seen>,
}

impl<'a> Between<'a> {
    /// For the pictures of `job`, that these networks make.
    ///
    /// # Errors
    /// Device: there is no room.
    pub fn new(job: &'a Job, networks: Networks<'a>) -> Result<Self> {
        let needed = job.settings.every > 1 && networks.interpolator.is_none();
        let shipped = needed.then(Interpolator::shipped).transpose()?;
        Ok(Between { job, networks, shipped, last: None })
    }

    /// The pictures of the frames that are shown with `pictures`: those that `rendered` brings from number `start` on.
    ///
    /// # Errors
    /// Device: the network, or the picture before, doesn't fit there.
    pub fn filled(&mut self, rendered: &Rendered, start: usize, pictures: Vec<Frame>) -> Result<Vec<Frame>> {
        let window = &rendered.window;
        let mut shown = Vec::with_capacity(pictures.len() * window.every as usize);
        for (number, (frame, picture)) in (start..).zip(window.brought().skip(start).zip(pictures)) {
            let lead = match number {
                0 => self.handed_on(rendered)?,
                _ => self.last.take(),
            };
            let mut this = Lead { take_start: window.take_start, frame, picture, seen: None };
            if let Some(mut lead) = lead {
                let times = times(self.job, self.networks.model, window, (lead.frame, frame));
                for time in times {
                    shown.push(self.at(time, &mut lead, &mut this)?);
                }
            }
            if frame < window.take_end {
                shown.push(this.picture.clone());
            }
            self.last = Some(this);
        }
        Ok(shown)
    }

    /// What the first picture of a window comes from: the last one of the window before, moved with the camera.
    fn handed_on(&mut self, rendered: &Rendered) -> Result<Option<Lead>> {
        let Rendered { window, before: Some(before), .. } = rendered else { return Ok(None) };
        let (take_start, frame) = (window.take_start, window.first_new().before(window.every));
        let last = self.last.take().filter(|last| (last.take_start, last.frame) == (take_start, frame));
        let lead = match last {
            Some(last) => last,
            None => Lead { take_start, frame, picture: self.decoded(&before.latents)?, seen: None },
        };
        if before.arrival == Pose::REST {
            return Ok(Some(lead));
        }
        let picture = moved_frame(&lead.picture, before.arrival, self.job.settings.picture);
        Ok(Some(Lead { picture, seen: None, ..lead }))
    }

    /// The picture of settled latents \[1, c, h, w].
    fn decoded(&self, latents: &Tensor) -> Result<Frame> {
        let Networks { model, upscaler, .. } = self.networks;
        let latents =
            latents.to_device(model.device()).context(|| Error::device("settled latents can't be moved"))?;
        let decoded = to_frames(&model.decode(&latents)?)?;
        let mut pictures = match upscaler {
            Some(upscaler) => {
                let all = decoded.into_iter().map(Some).collect();
                enlarged(all, upscaler, self.job.settings.picture)?.into_iter().flatten().collect()
            }
            None => decoded,
        };
        pictures.pop().ok_or_else(|| Error::internal("there is no picture before the window"))
    }

    /// The picture at `time` from the one to the other.
    fn at(&self, time: f32, first: &mut Lead, second: &mut Lead) -> Result<Frame> {
        if time <= NEAR || first.picture == second.picture {
            return Ok(first.picture.clone());
        }
        if time >= 1.0 - NEAR {
            return Ok(second.picture.clone());
        }
        let none = || Error::internal("pictures are to be put where all are generated");
        let interpolator = self.networks.interpolator.or(self.shipped.as_ref()).ok_or_else(none)?;
        let between = interpolator.between(seen(interpolator, first)?, seen(interpolator, second)?, time)?;
        to_frames(&between)?.pop().ok_or_else(none)
    }
}

/// What the network sees of a picture, looked at once.
fn seen<'l>(interpolator: &Interpolator, lead: &'l mut Lead) -> Result<&'l Seen> {
    if lead.seen.is_none() {
        let picture = to_pictures(std::slice::from_ref(&lead.picture), &Device::Cpu)?;
        lead.seen = Some(interpolator.look(&picture)?);
    }
    lead.seen.as_ref().ok_or_else(|| Error::internal("a picture wasn't looked at"))
}

/// How many of the frames that `window` shows come before what is shown with the picture that it brings as number `start`.
pub(super) fn shown_before(window: &Window, start: usize) -> usize {
    match start as u64 {
        0 => 0,
        start => {
            (rate::shown(window.first_new() + (start - 1) * window.every) + 1 - window.shown().start) as usize
        }
    }
}

/// Where on the way from one generated frame to the next those between them lie, above the first and below the last: for each of them
/// that is in the take.
fn times(
    job: &Job,
    model: &Model,
    window: &Window,
    (from, to): (GeneratedFrame, GeneratedFrame),
) -> Vec<f32> {
    let (timeline, last) = (&job.timeline, window.take_end.before(1));
    let led = timeline.init_at(from).is_some() || !job.settings.controls.is_empty();
    let speed = |frame: GeneratedFrame| match led {
        true => 1.0,
        false => model.info().hints().speed(timeline.value(ParamId::MotionScale, frame.min(last))),
    };
    let speeds: Vec<f32> = (from + 1).until(to + 1).map(speed).collect();
    let pace = if led { 0.0 } else { timeline.value(ParamId::Pace, to.min(last)) };
    let there = shares(&speeds, pace);
    (from + 1).until(to.min(window.take_end)).zip(there).map(|(_, time)| time).collect()
}

/// How much of the way is gone behind each of some steps, where each goes as far as its speed says, as far as `pace`, 0 to 1, heeds that.
fn shares(speeds: &[f32], pace: f32) -> Vec<f32> {
    let all: f32 = speeds.iter().sum();
    let mut gone = 0.0;
    let share = |(step, speed): (usize, &f32)| {
        gone += speed;
        let even = (step + 1) as f32 / speeds.len() as f32;
        if all > 0.0 { even + (gone / all - even) * pace.clamp(0.0, 1.0) } else { even }
    };
    speeds.iter().enumerate().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::batch::Render;
    use crate::render::fixture::{apart, draft_model, flying_job};
    use crate::render::source::Sources;
    use crate::timing::Timings;
    use crate::units::{FrameRate, ShownFrame};
    use std::sync::atomic::AtomicBool;

    /// A flying job of 24 frames a second, one of `every` of which is generated, with a cut at 30: the frames from `first` on.
    fn job(model: &Model, every: u64, (first, frames): (u64, u64)) -> Job {
        let mut job = flying_job(model.info().sampling().steps, first, frames);
        job.settings.every = every;
        job.timeline.fps = FrameRate::new(24, 1).unwrap();
        job
    }

    fn alone(model: &Model) -> Networks<'_> {
        Networks { model, upscaler: None, interpolator: None }
    }

    /// The pictures of a job's frames, and its generated ones with their numbers; a window's in pieces of so many.
    fn pictures(job: &Job, model: &Model, piece: usize) -> (Vec<Frame>, Vec<(u64, Frame)>) {
        let (stop, off) = (AtomicBool::new(false), Timings::off());
        let mut sources = Sources::new(&job.timeline, &job.settings, job.settings.picture);
        let mut between = Between::new(job, alone(model)).unwrap();
        let (mut all, mut made) = (Vec::new(), Vec::new());
        for rendered in Render::new(job, model, None, &stop, &off).unwrap().map(Result::unwrap) {
            let window = rendered.window;
            let settled = sources.settled(model, &window, &rendered.latents, 0..window.brings()).unwrap();
            let settled: Vec<Frame> = settled.into_iter().flatten().collect();
            let numbered =
                window.brought().zip(settled.clone()).filter(|(frame, _)| *frame < window.take_end);
            made.extend(numbered.map(|(frame, picture)| (frame.0, picture)));
            for (number, part) in settled.chunks(piece).enumerate() {
                assert_eq!(
                    window.shown().start.0 as usize + shown_before(&window, number * piece),
                    all.len()
                );
                all.extend(between.filled(&rendered, number * piece, part.to_vec()).unwrap());
            }
            assert_eq!(all.len() as u64, window.shown().end.0);
            assert_eq!(rendered.shown.len() as u64, window.shows());
        }
        (all, made)
    }

    #[test]
    fn generated_frames_are_shown_as_they_are_and_no_cut_is_blended() {
        let model = draft_model();
        for every in [2, 3] {
            let (all, made) = pictures(&job(&model, every, (0, 48)), &model, 16);
            assert_eq!(all.len(), 48);
            assert!(made.iter().all(|(frame, picture)| *picture == all[*frame as usize]), "{every}");
            // The first take ends as it does where there is nothing behind it.
            let (alone, _) = pictures(&job(&model, every, (0, 30)), &model, 5);
            assert!(alone[..] == all[..30], "{every}");
            assert!(apart(&all[29], &all[30]) > 2.0 * apart(&all[28], &all[29]));
        }
    }

    #[test]
    fn a_window_needs_nothing_but_what_the_one_before_left() {
        let model = draft_model();
        let mut job = job(&model, 2, (0, 48));
        job.timeline.cuts.clear();
        let (whole, _) = pictures(&job, &model, 3);
        let (stop, off) = (AtomicBool::new(false), Timings::off());
        let second =
            Render::new(&job, &model, None, &stop, &off).unwrap().map(Result::unwrap).nth(1).unwrap();
        assert!(second.before.as_ref().is_some_and(|before| before.arrival != Pose::REST), "it flies");
        let mut sources = Sources::new(&job.timeline, &job.settings, job.settings.picture);
        let settled = sources.settled(&model, &second.window, &second.latents, 0..second.window.brings());
        let settled = settled.unwrap().into_iter().flatten().collect();
        // Another worker, who has not seen the window before.
        let found = Between::new(&job, alone(&model)).unwrap().filled(&second, 0, settled).unwrap();
        let ShownFrame(first) = second.window.shown().start;
        assert!(found[..] == whole[first as usize..][..found.len()]);
    }

    #[test]
    fn what_moves_most_goes_farthest_and_what_stands_stays() {
        assert_eq!(shares(&[1.0, 1.0, 1.0, 1.0], 1.0), [0.25, 0.5, 0.75, 1.0]);
        assert_eq!(shares(&[0.0, 3.0, 1.0, 0.0], 1.0), [0.0, 0.75, 1.0, 1.0]);
        assert_eq!(shares(&[0.0, 3.0, 1.0, 0.0], 0.0), [0.25, 0.5, 0.75, 1.0]);
        assert_eq!(shares(&[0.0, 0.0], 1.0), [0.5, 1.0]);
    }
}
