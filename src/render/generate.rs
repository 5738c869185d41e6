//! The step from one window to the next: noise is denoised beside the frames that the window before has settled, so one
//! window grows out of the last.
//!
//! **Invariant:** a window depends on its job, its place in its take, what the window before left, and nothing else. So
//! whoever has the state goes on: the batch, the live view, a render that was cut off, another machine.

use super::camera;
use super::camera::{Flight, Pose};
use super::condition::{Conditioner, NoiseSource};
use super::control::Watcher;
use super::drift;
use super::drift::{DriftReference, PromptMark};
use super::easel::Easel;
use super::job::Job;
use super::plan::Window;
use super::source::{Sources, is_as_drawn, is_drawn};
use super::take::{LatentShape, TakeState};
use crate::diffusion::Model;
use crate::diffusion::sampling::retime::Pace;
use crate::diffusion::sampling::schedule::Schedule;
use crate::diffusion::sampling::window::{Guidance, WindowInputs};
use crate::diffusion::sampling::{denoise, handoff};
use crate::error::{Context, Error, Result};
use crate::score::ParamId;
use crate::timing::Timings;
use candle_core::{DType, Tensor};
use std::sync::atomic::{AtomicBool, Ordering};

/// Up to here a frame's source decides what is seen; with more noise it is the window before that has to.
const DECIDED: f32 = 0.5;

/// A finished window.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Its place in the plan.
    pub window: Window,
    /// Settled latents of the frames that it brings, \[n, c, h, w]; the last ones may lie behind the job's part.
    pub latents: Tensor,
    /// Whether it was found in the work folder instead of being denoised.
    pub restored: bool,
    /// What the camera's flight moves the picture of each frame by that is shown with it ([`Window::shown`]).
    pub(super) shown: Vec<Pose>,
    /// The last frame that the window before brought, as this one sees it; none where nothing is put between them.
    pub(super) before: Option<Before>,
}

/// The last frame before a window, which pictures between lead away from.
#[derive(Clone, Debug)]
pub(super) struct Before {
    /// Its settled latents \[1, c, h, w].
    pub latents: Tensor,
    /// What the camera moves its picture by, for the window to grow out of it.
    pub arrival: Pose,
}

/// Makes the windows of a job.
pub struct Generator<'a> {
    job: &'a Job,
    model: &'a Model,
    schedule: Schedule,
    conditioner: Conditioner<'a>,
    noise: NoiseSource,
    sources: Sources<'a>,
    watcher: Watcher<'a>,
    stop: &'a AtomicBool,
    /// Set once nobody wants what is made any more; none: somebody does.
    ended: Option<&'a AtomicBool>,
    timings: &'a Timings,
}

impl<'a> Generator<'a> {
    /// For the windows of `job`, with `model`. Once `stop` is set, the next denoising step ends with
    /// [`Stopped`](crate::error::ErrorKind::Stopped).
    ///
    /// # Errors
    /// Usage: the model can't be sampled in so many steps.
    pub fn new(job: &'a Job, model: &'a Model, stop: &'a AtomicBool, timings: &'a Timings) -> Result<Self> {
        let (info, size) = (model.info(), job.settings.generate);
        let side = |pixels: u32| pixels as usize / info.downscale();
        let shape = (info.latent_channels(), side(size.height), side(size.width));
        Ok(Generator {
            schedule: info.sampling().schedule()?,
            conditioner: Conditioner::new(model, &job.timeline),
            noise: NoiseSource { seed: job.settings.seed, shape },
            sources: Sources::new(&job.timeline, &job.settings, size),
            watcher: Watcher::new(job),
            job,
            model,
            stop,
            ended: None,
            timings,
        })
    }

    /// The same, which `ended` ends as well: what stages tell each other is none of the caller's business.
    pub fn ended_by(self, ended: &'a AtomicBool) -> Self {
        Generator { ended: Some(ended), ..self }
    }

    /// Encodes the prompts of `windows`, all of this job that are to be made, and lets the text encoder go.
    ///
    /// # Errors
    /// Usage: a prompt can't be understood. Device.
    pub fn prepare(&mut self, windows: &[Window]) -> Result<()> {
        let denoised: Vec<Window> =
            windows.iter().filter(|window| !is_drawn(&self.job.timeline, window)).cloned().collect();
        if self.conditioner.prepare(&denoised)? {
            self.model.let_text_go();
        }
        Ok(())
    }

    /// This generator with scenes taken from `easel`, where they are left for who draws next.
    pub(super) fn on(self, easel: &Easel) -> Self {
        Generator { sources: self.sources.on(easel), ..self }
    }

    /// What the latents of a frame are.
    pub fn shape(&self) -> LatentShape {
        self.noise.shape
    }

    /// Renders `window`, which grows out of what the one `before` it left, or begins its take. What it leaves goes on.
    ///
    /// # Errors
    /// Device: it doesn't fit there; Stopped; Internal: `before` is not what the window before this one left.
    pub fn window(&mut self, window: Window, before: Option<&TakeState>) -> Result<(Rendered, TakeState)> {
        self.go_on()?;
        let before = continued(&window, before)?;
        let flight = self.flight(&window, before);
        let (latents, reference) = match is_drawn(&self.job.timeline, &window) {
            true => self.untouched(&window, before)?,
            false => self.denoise(&window, before, flight.arrival)?,
        };
        let after = TakeState {
            take_start: window.take_start,
            next: window.next(),
            latents: latents.clone(),
            pose: flight.leave(),
            reference,
        };
        let before = led_from(&window, before, flight.arrival)?;
        Ok((Rendered { window, latents, restored: false, shown: flight.shown, before }, after))
    }

    /// What [`Self::window`] gives, where the state that it leaves is known already.
    ///
    /// # Errors
    /// As [`Self::window`], but for Stopped.
    pub fn restored(
        &self,
        window: Window,
        before: Option<&TakeState>,
        after: TakeState,
    ) -> Result<(Rendered, TakeState)> {
        let before = continued(&window, before)?;
        let flight = self.flight(&window, before);
        let latents = after.latents.to_device(self.model.device()).context(failed)?;
        let after = TakeState { latents: latents.clone(), ..after };
        let before = led_from(&window, before, flight.arrival)?;
        Ok((Rendered { window, latents, restored: true, shown: flight.shown, before }, after))
    }

    /// Ends the work where it is no longer wanted, between two steps of the denoiser and before every window.
    fn go_on(&self) -> Result<()> {
        let all = [Some(self.stop), self.ended];
        match all.iter().flatten().any(|flag| flag.load(Ordering::Relaxed)) {
            true => Err(Error::stopped("stopped; the finished windows are kept")),
            false => Ok(()),
        }
    }

    fn flight(&self, window: &Window, before: Option<&TakeState>) -> Flight {
        if self.job.timeline.init_at(window.start).is_some() {
            return Flight::none(window);
        }
        let pose = before.map_or(Pose::REST, |before| before.pose);
        Flight::new(window, &self.job.timeline, pose, self.job.settings.picture.aspect())
    }

    /// What stands for the latents of a window that is shown as it was drawn: whoever grows out of it encodes what was drawn.
    fn untouched(&self, window: &Window, before: Option<&TakeState>) -> Result<(Tensor, DriftReference)> {
        let (c, h, w) = self.noise.shape;
        let latents =
            Tensor::zeros((window.brings(), c, h, w), DType::F32, self.model.device()).context(failed)?;
        let reference = match before {
            Some(before) => before.reference.clone(),
            None => DriftReference::nobody(&latents)?,
        };
        Ok((latents, reference))
    }

    /// The settled latents \[n, c, h, w] of the frames that `window` brings, and what the drift guard holds on to.
    /// `arrival` is what the camera moves the settled frames by.
    fn denoise(
        &mut self,
        window: &Window,
        before: Option<&TakeState>,
        arrival: Pose,
    ) -> Result<(Tensor, DriftReference)> {
        let _span = self.timings.span("denoise");
        let timeline = &self.job.timeline;
        let mut conditions = self.conditioner.window(window)?;
        conditions.conditioning.controls = self.watcher.window(self.model, window)?;
        let device = self.model.device();
        let noise = self.noise.window(window, timeline, device)?;
        let step_noise = match self.schedule.sampler().adds_noise() {
            true => self.noise.of_steps(self.schedule.steps(), window, timeline, device)?,
            false => Vec::new(),
        };
        let pinned = before.map(|before| self.pinned(window, before, arrival)).transpose()?;
        let last = match &pinned {
            Some(pinned) => Some(pinned.narrow(0, window.pinned - 1, 1).context(failed)?),
            None => None,
        };
        // Frames that give up everything start from nothing.
        let new = &conditions.denoise[window.pinned..];
        let is_free = new.iter().all(|denoise| *denoise >= 1.0);
        // Where sources decide what is seen, the settled frames are made once more from theirs: what becomes of them shows what this
        // window makes otherwise. Shown as they are, they would be pictures that were made anew, beside sources that were not.
        let anew = match pinned.is_some() && new.iter().all(|denoise| *denoise <= DECIDED) {
            true => self.sources.latents(self.model, window.frames())?,
            false => None,
        };
        let source = match &anew {
            _ if is_free => None,
            Some(all) => Some(all.narrow(0, window.pinned, window.brings()).context(failed)?),
            None => self.sources.latents(self.model, window.frames().skip(window.pinned))?,
        };
        let hints = self.model.info().hints();
        let speeds: Vec<f32> = conditions.conditioning.motion.iter().map(|m| hints.speed(m.scale)).collect();
        let first = window.new_frames().start;
        let pace =
            Pace { speeds: &speeds, strength: timeline.value(ParamId::Pace, first), luma: self.model.luma() };
        let free = conditions.conditioning.controls.is_empty();
        let input = WindowInputs {
            noise: &noise,
            step_noise: &step_noise,
            pinned: pinned.as_ref().filter(|_| anew.is_none()),
            pin_noise: hints.pin_noise,
            init_latents: anew.as_ref().or(source.as_ref()).or(last.as_ref()),
            denoise: &conditions.denoise,
            // A source moves at its own pace, and what follows a control stays in step with it.
            pace: (pace.strength > 0.0 && source.is_none() && free).then_some(pace),
            conditioning: &conditions.conditioning,
            guidance: conditions
                .guidance
                .as_ref()
                .map(|(negative, scale)| Guidance { negative, scale: *scale }),
        };
        let settled = denoise::denoise(self.model, &self.schedule, &input, |_| self.go_on())?;
        let settled = match pinned.filter(|_| anew.is_some()) {
            Some(pinned) => handoff::correct(&settled, &pinned).context(failed)?,
            None => settled,
        };
        let latents = settled.narrow(0, window.pinned, window.brings()).context(failed)?;
        let before = before.map(|before| &before.reference);
        // Windows that begin with a source again and again have nothing to drift from.
        let strength = if source.is_some() { 0.0 } else { timeline.value(ParamId::DriftGuard, first) };
        drift::guard(latents, before, PromptMark::at(timeline, first), strength)
    }

    /// The settled frames that `window` begins with, \[pinned, c, h, w], moved with the camera.
    fn pinned(&mut self, window: &Window, before: &TakeState, arrival: Pose) -> Result<Tensor> {
        let settled = before.last(window.pinned)?.to_device(self.model.device()).context(failed)?;
        let settled = self.with_drawn(window, settled)?;
        camera::moved(self.model, &settled, arrival, self.job.settings.picture)
    }

    /// Settled frames \[pinned, c, h, w] with those that were shown as they were drawn encoded.
    fn with_drawn(&mut self, window: &Window, settled: Tensor) -> Result<Tensor> {
        let timeline = &self.job.timeline;
        let pinned = window.frames().take(window.pinned).enumerate();
        let drawn: Vec<_> = pinned.filter(|(_, frame)| is_as_drawn(timeline, *frame)).collect();
        let Some(encoded) = self.sources.latents(self.model, drawn.iter().map(|(_, frame)| *frame))? else {
            return Ok(settled);
        };
        let mut rows = settled.chunk(window.pinned, 0).context(failed)?;
        for (row, (place, _)) in drawn.iter().enumerate() {
            rows[*place] = encoded.narrow(0, row, 1).context(failed)?;
        }
        Tensor::cat(&rows, 0).context(failed)
    }
}

/// The state that `window` grows out of: `before`, which must be what the window before it left; none at a take's start.
fn continued<'s>(window: &Window, before: Option<&'s TakeState>) -> Result<Option<&'s TakeState>> {
    if !window.continues() {
        return Ok(None);
    }
    let fits = |state: &&TakeState| state.take_start == window.take_start && state.next == window.first_new();
    before.filter(fits).map(Some).ok_or_else(|| elsewhere(window))
}

/// What pictures between the windows lead away from, where there are any.
fn led_from(window: &Window, before: Option<&TakeState>, arrival: Pose) -> Result<Option<Before>> {
    let before = before.filter(|_| window.every > 1);
    before.map(|state| Ok(Before { latents: state.last(1)?, arrival })).transpose()
}

fn elsewhere(window: &Window) -> Error {
    Error::internal(format!(
        "frame {} doesn't follow the state that was handed on",
        window.new_frames().start
    ))
}

fn failed() -> Error {
    Error::device("a window's latents can't be moved").hint("a smaller --size needs less memory")
}
