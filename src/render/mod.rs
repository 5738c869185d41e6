//! The only place where score, diffusion and video meet.
//!
//! A [`Job`] says what is to be made. [`Render`] is an iterator over its finished windows: noise is denoised
//! beside the frames that the window before has settled, so one window grows out of the last. [`run`] puts the
//! stages behind it (latents → pictures → finish → file) on threads with bounded queues, so that memory does
//! not grow with the length of the song.
//!
//! **Invariant:** a window depends on its job, its take and nothing else: not on the clock, on the order of
//! work, or on whether it was rendered before the process was killed or after. Nor on which part of the track is
//! rendered, if that part begins with the take: the timeline is always that of the whole track.

mod camera;
mod condition;
mod drift;
mod estimate;
#[cfg(test)]
pub(crate) mod fixture;
mod job;
mod live;
mod plan;
mod stages;
mod work;

pub use estimate::{Estimate, estimate};
pub use job::{Job, Settings, generated_size, hash_file, hash_timeline};
pub use live::{Live, Settled, Shown};
pub use plan::{Window, WindowShape, plan};
pub use stages::{Summary, Watch, run};
pub use work::WorkFolder;

use crate::diffusion::Model;
use crate::diffusion::config::SamplerKind;
use crate::diffusion::sampling::denoise;
use crate::diffusion::sampling::denoise::{Guidance, WindowInputs};
use crate::diffusion::sampling::retime::Pace;
use crate::diffusion::sampling::schedule::Schedule;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::score::ParamId;
use crate::timing::Timings;
use camera::{Flight, Pose};
use candle_core::Tensor;
use condition::{Conditioner, NoiseSource};
use drift::LatentStats;
use std::sync::atomic::{AtomicBool, Ordering};
use work::Finished;

/// A finished window.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Its place in the plan.
    pub window: Window,
    /// Settled latents of the frames that it brings, \[n, c, h, w]; the last ones may lie behind the job's part.
    pub latents: Tensor,
    /// Whether it was found in the work folder instead of being denoised.
    pub restored: bool,
    /// What the camera's flight moves each frame's picture by.
    shown: Vec<Pose>,
}

/// Iterates over the finished windows of a job, in order.
pub struct Render<'a> {
    job: &'a Job,
    model: &'a Model,
    schedule: Schedule,
    store: Option<&'a WorkFolder>,
    conditioner: Conditioner<'a>,
    noise: NoiseSource,
    windows: std::vec::IntoIter<Window>,
    stop: &'a AtomicBool,
    timings: &'a Timings,
    /// Settled latents at the end of the last window, \[overlap, c, h, w].
    carried: Option<Tensor>,
    /// What the camera's flight moved the last of them by.
    flown: Pose,
    /// What the drift guard holds on to, and the first frame of the prompt that it was taken from.
    look: Option<(u64, LatentStats)>,
}

impl<'a> Render<'a> {
    /// A render of `job` with `model`. Windows are kept in and taken from `store`, if there is one; once `stop`
    /// is set, the next step ends it with [`ErrorKind::Stopped`].
    pub fn new(
        job: &'a Job,
        model: &'a Model,
        store: Option<&'a WorkFolder>,
        stop: &'a AtomicBool,
        timings: &'a Timings,
    ) -> Result<Self> {
        let factor = model.info().downscale();
        let size = job.settings.generate;
        let shape =
            (model.info().latent_channels(), size.height as usize / factor, size.width as usize / factor);
        Ok(Render {
            schedule: model.info().sampling().schedule()?,
            conditioner: Conditioner::new(model, &job.timeline),
            noise: NoiseSource { seed: job.settings.seed, shape },
            windows: job.windows().into_iter(),
            job,
            model,
            store,
            stop,
            timings,
            carried: None,
            flown: Pose::REST,
            look: None,
        })
    }

    fn window(&mut self, window: Window) -> Result<Rendered> {
        if !window.continues() {
            (self.carried, self.flown, self.look) = (None, Pose::REST, None);
        }
        let settings = &self.job.settings;
        let flight = Flight::new(&window, &self.job.timeline, self.flown, settings.picture.aspect());
        self.flown = flight.leave();
        let prompt_start = self.job.timeline.settled_since(window.new_frames().start);
        let rendered = match self.store.and_then(|s| s.load(window.index)) {
            Some(finished) => self.restore(window, finished, prompt_start, flight.shown)?,
            None => self.denoise(window, prompt_start, flight)?,
        };
        let overlap = self.job.settings.windows.overlap;
        let n = rendered.latents.dims()[0];
        self.carried = match n.checked_sub(overlap) {
            Some(skip) => Some(rendered.latents.narrow(0, skip, overlap).context(failed)?),
            None => None,
        };
        Ok(rendered)
    }

    fn restore(
        &mut self,
        window: Window,
        finished: Finished,
        prompt_start: u64,
        shown: Vec<Pose>,
    ) -> Result<Rendered> {
        self.look = Some((prompt_start, finished.look));
        let latents = finished.latents.to_device(self.model.device());
        Ok(Rendered { window, latents: latents.context(failed)?, restored: true, shown })
    }

    fn denoise(&mut self, window: Window, prompt_start: u64, flight: Flight) -> Result<Rendered> {
        let _span = self.timings.span("denoise");
        let timeline = &self.job.timeline;
        let conditions = self.conditioner.window(&window)?;
        let device = self.model.device();
        let noise = self.noise.window(&window, timeline, device)?;
        let step_noise = match self.schedule.kind() {
            SamplerKind::Lcm => self.noise.of_steps(self.schedule.steps(), &window, timeline, device)?,
            _ => Vec::new(),
        };
        let settings = &self.job.settings;
        let moved = |carried| camera::moved(self.model, carried, flight.arrival, settings.picture);
        let carried = self.carried.as_ref().map(moved).transpose()?;
        let last = match &carried {
            Some(carried) => Some(carried.narrow(0, carried.dims()[0] - 1, 1).context(failed)?),
            None => None,
        };
        let hints = self.model.info().hints();
        let speeds: Vec<f32> = conditions.conditioning.motion.iter().map(|m| hints.speed(m.scale)).collect();
        let pace = Pace {
            speeds: &speeds,
            strength: timeline.value(ParamId::Pace, window.new_frames().start),
            luma: self.model.luma(),
        };
        let input = WindowInputs {
            noise: &noise,
            step_noise: &step_noise,
            pinned: carried.as_ref(),
            pin_noise: hints.pin_noise,
            init_latents: last.as_ref(),
            denoise: &conditions.denoise,
            pace: (pace.strength > 0.0).then_some(pace),
            conditioning: &conditions.conditioning,
            guidance: conditions
                .guidance
                .as_ref()
                .map(|(negative, scale)| Guidance { negative, scale: *scale }),
        };
        let settled = denoise::denoise(self.model, &self.schedule, &input, |_| {
            match self.stop.load(Ordering::Relaxed) {
                true => Err(Error::new(ErrorKind::Stopped, "stopped")),
                false => Ok(()),
            }
        })?;
        let count = (window.new_frames().end - window.new_frames().start) as usize;
        let latents = settled.narrow(0, window.pinned, count).context(failed)?;
        let strength = timeline.value(ParamId::DriftGuard, window.new_frames().start);
        let (latents, look) = self.guard(latents, prompt_start, strength)?;
        if let Some(store) = self.store {
            store.save(window.index, &latents, &look)?;
        }
        self.look = Some((prompt_start, look));
        Ok(Rendered { window, latents, restored: false, shown: flight.shown })
    }

    /// Leads a window back to the look that its prompt began with; the first window of a prompt sets it.
    fn guard(&self, latents: Tensor, prompt_start: u64, strength: f32) -> Result<(Tensor, LatentStats)> {
        match &self.look {
            Some((of, look)) if *of == prompt_start => {
                Ok((drift::lead_back(&latents, look, strength)?, look.clone()))
            }
            _ => {
                let look = LatentStats::of(&latents)?;
                Ok((latents, look))
            }
        }
    }
}

impl Iterator for Render<'_> {
    type Item = Result<Rendered>;

    fn next(&mut self) -> Option<Self::Item> {
        let window = self.windows.next()?;
        Some(self.window(window))
    }
}

fn failed() -> Error {
    Error::device("a window's latents can't be moved").hint("a smaller --size needs less memory")
}
