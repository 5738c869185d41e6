//! The watcher: plays every control of a job in the frames of a window, and lets the model look at what is seen.

use super::{Control, Pictures};
use crate::diffusion::Model;
use crate::diffusion::conditioning;
use crate::error::{Context, Error, Result};
use crate::render::job::Job;
use crate::render::layer::Moment;
use crate::render::plan::Window;
use crate::render::rate;
use crate::render::source::Sources;
use crate::units::GeneratedFrame;
use crate::video::Frame;
use candle_core::{DType, Device, Tensor};

/// Plays the controls of a job.
pub struct Watcher<'a> {
    job: &'a Job,
    /// Of each control, what plays its pictures.
    sources: Vec<Sources<'a>>,
}

impl<'a> Watcher<'a> {
    /// For the controls of `job`.
    pub fn new(job: &'a Job) -> Self {
        let (timeline, settings) = (&job.timeline, &job.settings);
        let sources = |_: &Control| Sources::beside(timeline, settings, settings.generate);
        Watcher { job, sources: settings.controls.iter().map(sources).collect() }
    }

    /// What the model's ControlNets see in the frames of `window`, those that count there alone.
    ///
    /// # Errors
    /// Input: a clip can't be decoded. Device: it doesn't fit there.
    pub fn window(&mut self, model: &Model, window: &Window) -> Result<Vec<conditioning::Control>> {
        let job = self.job;
        let mut seen = Vec::new();
        for (net, control) in job.settings.controls.iter().enumerate() {
            let strengths = strengths(job, control, window);
            if strengths.iter().all(|strength| *strength == 0.0) {
                continue;
            }
            let pictures = self.pictures(net, window)?;
            let features = model.features(net, &tensor(&pictures)?)?;
            let span = (f64::from(control.span.0), f64::from(control.span.1));
            seen.push(conditioning::Control { net, features, strengths, span });
        }
        Ok(seen)
    }

    /// What control `net` shows in every frame of `window`.
    fn pictures(&mut self, net: usize, window: &Window) -> Result<Vec<Frame>> {
        let mut pictures: Vec<Frame> = Vec::with_capacity(window.length);
        let mut last = None;
        for frame in window.frames() {
            // A window past its take's end holds the last frame.
            let picture = match pictures.last().filter(|_| last == Some(frame)) {
                Some(same) => same.clone(),
                None => self.frame(net, frame)?,
            };
            pictures.push(picture);
            last = Some(frame);
        }
        Ok(pictures)
    }

    /// What control `net` shows in `frame`, prepared.
    pub fn frame(&mut self, net: usize, frame: GeneratedFrame) -> Result<Frame> {
        let Job { settings, timeline, layers, .. } = self.job;
        let followed = &settings.controls[net].followed;
        let picture = match &followed.pictures {
            Pictures::Named(name) => self.sources[net].named(name, frame, GeneratedFrame(0))?,
            Pictures::Music(music) => {
                let period = timeline.fps.period().0;
                let time = timeline.start.0 + timeline.fps.start_of(frame).0 + period / 2.0;
                let index = rate::shown(frame).0;
                let moment =
                    Moment { frame: index, time, period, size: settings.generate, seed: settings.seed };
                music.frame(&layers.material, moment)
            }
        };
        Ok(followed.prepare.iter().fold(picture, |picture, prepare| prepare.apply(&picture)))
    }
}

/// How closely `control` is followed in every frame of `window`.
pub(in crate::render) fn strengths(job: &Job, control: &Control, window: &Window) -> Vec<f32> {
    let own = job.timeline.curves.iter().find(|(param, _)| param.name == control.param);
    let value = |frame| own.as_ref().map_or(0.0, |(param, _)| job.timeline.value(param, frame));
    window.frames().map(value).collect()
}

/// Pictures as ControlNets have them, \[f, 3, h, w] in 0..=1.
fn tensor(pictures: &[Frame]) -> Result<Tensor> {
    let Some(first) = pictures.first() else { return Err(Error::internal("a window without frames")) };
    let (w, h) = (first.size().width as usize, first.size().height as usize);
    let bytes = pictures.iter().flat_map(Frame::rgb).copied().collect();
    Tensor::from_vec(bytes, (pictures.len(), h, w, 3), &Device::Cpu)
        .and_then(|t: Tensor| t.permute((0, 3, 1, 2))?.to_dtype(DType::F32)? / 255.0)
        .context(|| Error::device("control pictures don't fit into memory"))
}
