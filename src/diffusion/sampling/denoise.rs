//! The window loop: noise in, settled latents out, growing out of the window before.
//!
//! **Hand-off.** The first frames of a window are the last ones of the window before, and the new frames are denoised
//! beside them. They are replayed: set to signal · x0 + noise · ε (the same ε) at the window's own noise level; what
//! the network gets wrong about the last of them is taken off the new frames as well (`handoff.rs`). A model that was
//! trained for it sees all but that last one nearly clean at every step, so that there is a picture to grow out of
//! from the first step on.
//!
//! **Strength per frame.** A frame whose denoise is below the window's is held in the same way, on the picture
//! it carries, until the window's noise has fallen to the frame's own level; from then on it is free.
//!
//! **Pace.** How far each frame moves from the one before is taken to what its motion scale asks for (`retime.rs`).
//!
//! **Invariant:** nothing here draws random numbers: the noise is an argument.

use super::retime::Pace;
use super::schedule::{NoiseLevel, Schedule};
use super::{handoff, sampler};
use crate::diffusion::unet::motion_module::Movement;
use crate::error::{Context, Error, Result};
use candle_core::Tensor;

/// What predicts: the UNet, or a closed form in tests.
pub trait Predict {
    /// The prediction for `x` \[f, c, h, w] (of unit variance) at timestep `t`; `text` is \[1 or f, L, d],
    /// `motion` says how each of the f frames moves.
    fn predict(&self, x: &Tensor, t: f64, text: &Tensor, motion: &[Movement]) -> Result<Tensor>;
}

/// Everything that decides how a window comes out.
#[derive(Clone, Debug)]
pub struct WindowInputs<'a> {
    /// Unit noise of every frame, \[f, c, h, w].
    pub noise: &'a Tensor,
    /// Settled latents of the first frames, \[p, c, h, w], p < f; none at the start of a take.
    pub pinned: Option<&'a Tensor>,
    /// The noise (σ) under which the network sees the pinned frames but the last, if it was trained to see them
    /// so; none: the window's own.
    pub pin_noise: Option<f64>,
    /// The picture that each frame after the pinned ones starts from where its denoise is below 1,
    /// \[f − p, c, h, w] or \[1, c, h, w]; without it every frame starts from pure noise.
    pub carried: Option<&'a Tensor>,
    /// Denoise strength of every frame in (0, 1]; those of pinned frames don't matter.
    pub denoise: &'a [f32],
    /// How every frame moves.
    pub motion: &'a [Movement],
    /// How far every frame is to move, whatever the network makes of `motion`; none: as it moves them.
    pub pace: Option<Pace<'a>>,
    /// What is asked for, \[1 or f, L, d].
    pub text: &'a Tensor,
    /// What is avoided, and by how much: prediction = negative + scale · (text − negative).
    pub guidance: Option<Guidance<'a>>,
}

/// Classifier-free guidance (Ho & Salimans 2022).
#[derive(Clone, Copy, Debug)]
pub struct Guidance<'a> {
    /// The embedding to lead away from, \[1 or f, L, d].
    pub negative: &'a Tensor,
    /// How far; 1 is no guidance.
    pub scale: f64,
}

/// What has happened in one step.
#[derive(Debug)]
pub struct Step<'a> {
    /// Index of the step, from 0.
    pub index: usize,
    /// The network's prediction after guidance, \[f, c, h, w].
    pub prediction: &'a Tensor,
    /// The latents after the step, \[f, c, h, w].
    pub latents: &'a Tensor,
}

/// Denoises a window and returns its latents \[f, c, h, w]; `observe` sees every step and may end the run
/// by an error.
pub fn denoise(
    net: &dyn Predict,
    schedule: &Schedule,
    window: &WindowInputs,
    mut observe: impl FnMut(Step) -> Result<()>,
) -> Result<Tensor> {
    window.check()?;
    let strides = schedule.strides(window.strength());
    let holds = Holds::new(window, strides.len()).context(failed)?;
    let pins = nearly_clean(window).context(failed)?;
    let mut x = holds.initial(schedule, window, strides[0].from).context(failed)?;
    for (index, stride) in strides.iter().enumerate() {
        x = holds.apply(&x, window.noise, index, stride.from).context(failed)?;
        let input = (&x / stride.from.spread()).context(failed)?;
        let input = match &pins {
            Some(pins) => with_first(&input, pins).context(failed)?,
            None => input,
        };
        let prediction = predict(net, &input, stride.from.t, window)?;
        let prediction = match window.pinned {
            Some(pinned) => {
                handoff::correct(schedule, &x, &prediction, pinned, stride.from).context(failed)?
            }
            None => prediction,
        };
        let change = match &window.pace {
            // The first step's clean latents are hardly a picture yet. Where single frames are held, their strength is
            // what moves them.
            Some(pace) if index > 0 && !holds.single() => {
                let clean =
                    sampler::pred_x0(schedule.prediction(), &x, &prediction, stride.from).context(failed)?;
                Some(pace.change(&clean, window.pinned).context(failed)?)
            }
            _ => None,
        };
        x = sampler::step(schedule, &x, &prediction, *stride).context(failed)?;
        if let Some(change) = change {
            x = (x + (change * stride.to.signal).context(failed)?).context(failed)?;
        }
        observe(Step { index, prediction: &prediction, latents: &x })?;
    }
    holds.settle(&x).context(failed)
}

impl WindowInputs<'_> {
    fn frames(&self) -> usize {
        self.noise.dims()[0]
    }

    fn pinned_frames(&self) -> usize {
        self.pinned.map_or(0, |p| p.dims()[0])
    }

    /// The strength at which the window as a whole runs: the greatest of its new frames.
    fn strength(&self) -> f64 {
        if self.carried.is_none() {
            return 1.0;
        }
        self.denoise[self.pinned_frames()..].iter().fold(0.0f32, |a, &b| a.max(b)).into()
    }

    fn check(&self) -> Result<()> {
        let (f, p) = (self.frames(), self.pinned_frames());
        if p >= f
            || self.denoise.len() != f
            || self.motion.len() != f
            || self.pace.is_some_and(|pace| pace.speeds.len() != f)
        {
            return Err(Error::internal(format!(
                "a window of {f} frames has {p} pinned, {} denoise and {} motion values",
                self.denoise.len(),
                self.motion.len()
            )));
        }
        Ok(())
    }
}

/// x = signal · x0 + noise · ε.
fn noised(clean: &Tensor, noise: &Tensor, level: NoiseLevel) -> candle_core::Result<Tensor> {
    (clean * level.signal)? + (noise * level.noise)?
}

/// The pinned frames but the last as the network is to see them, of unit variance, where that is not at the
/// window's own noise. The last one is replayed even so: it shows what the network gets wrong.
fn nearly_clean(window: &WindowInputs) -> candle_core::Result<Option<Tensor>> {
    let (Some(pinned), Some(sigma)) = (window.pinned, window.pin_noise) else { return Ok(None) };
    let pinned = pinned.narrow(0, 0, pinned.dims()[0] - 1)?;
    if pinned.dims()[0] == 0 {
        return Ok(None);
    }
    let level = NoiseLevel { t: 0.0, signal: 1.0, noise: sigma };
    let noise = window.noise.narrow(0, 0, pinned.dims()[0])?;
    Ok(Some((noised(&pinned, &noise, level)? / level.spread())?))
}

/// `x` \[f, c, h, w] with its first frames replaced by `first` \[p, c, h, w].
fn with_first(x: &Tensor, first: &Tensor) -> candle_core::Result<Tensor> {
    let p = first.dims()[0];
    Tensor::cat(&[first, &x.narrow(0, p, x.dims()[0] - p)?], 0)
}

fn predict(net: &dyn Predict, input: &Tensor, t: f64, window: &WindowInputs) -> Result<Tensor> {
    let wanted = net.predict(input, t, window.text, window.motion)?;
    let Some(Guidance { negative, scale }) = window.guidance else { return Ok(wanted) };
    let avoided = net.predict(input, t, negative, window.motion)?;
    let away = ((&wanted - &avoided).context(failed)? * scale).context(failed)?;
    (avoided + away).context(failed)
}

/// Which frames are held on a known picture, and until which step.
struct Holds {
    /// The picture of each held frame, \[f, c, h, w]; rows of free frames don't matter.
    pictures: Option<Tensor>,
    /// The step that a held frame sets out from; none for a frame that is free from the start.
    release: Vec<Option<usize>>,
    steps: usize,
}

impl Holds {
    fn new(window: &WindowInputs, steps: usize) -> candle_core::Result<Self> {
        let strength = window.strength();
        let release = (0..window.frames())
            .map(|i| match f64::from(window.denoise[i]) {
                _ if i < window.pinned_frames() => Some(usize::MAX),
                own if window.carried.is_none() || own >= strength => None,
                // The window has 1 − k/N of its strength left at step k.
                own => Some(((1.0 - own / strength) * steps as f64).ceil() as usize),
            })
            .collect();
        Ok(Holds { pictures: pictures(window)?, release, steps })
    }

    /// Whether any frame is held that is not pinned.
    fn single(&self) -> bool {
        self.release.iter().any(|r| r.is_some_and(|r| r != usize::MAX))
    }

    /// The latents at the first level: carried pictures with noise on them, or noise alone.
    fn initial(
        &self,
        schedule: &Schedule,
        window: &WindowInputs,
        first: NoiseLevel,
    ) -> candle_core::Result<Tensor> {
        match &self.pictures {
            Some(pictures) if window.strength() < 1.0 => noised(pictures, window.noise, first),
            _ => window.noise * schedule.initial_scale(first),
        }
    }

    /// Puts the held frames where they belong at this level.
    fn apply(
        &self,
        x: &Tensor,
        noise: &Tensor,
        step: usize,
        level: NoiseLevel,
    ) -> candle_core::Result<Tensor> {
        self.replace(x, step, |pictures| noised(pictures, noise, level))
    }

    /// Frames that were never released end as exactly the picture they hold.
    fn settle(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        self.replace(x, self.steps, |pictures| Ok(pictures.clone()))
    }

    fn replace(
        &self,
        x: &Tensor,
        step: usize,
        held: impl Fn(&Tensor) -> candle_core::Result<Tensor>,
    ) -> candle_core::Result<Tensor> {
        let Some(pictures) = &self.pictures else { return Ok(x.clone()) };
        let mask: Vec<u8> = self.release.iter().map(|r| u8::from(r.is_some_and(|r| step <= r))).collect();
        if mask.iter().all(|&m| m == 0) {
            return Ok(x.clone());
        }
        let mask = Tensor::from_vec(mask, (x.dims()[0], 1, 1, 1), x.device())?.broadcast_as(x.shape())?;
        mask.where_cond(&held(pictures)?, x)
    }
}

/// The picture each frame would be held on: pinned ones first, then carried ones; none where nothing came before.
fn pictures(window: &WindowInputs) -> candle_core::Result<Option<Tensor>> {
    let mut shape = window.noise.dims().to_vec();
    shape[0] -= window.pinned_frames();
    let rest = match (window.carried, window.pinned) {
        (None, None) => return Ok(None),
        (Some(carried), _) => carried.broadcast_as(shape)?.contiguous()?,
        (None, Some(_)) => Tensor::zeros(shape, window.noise.dtype(), window.noise.device())?,
    };
    Ok(Some(match window.pinned {
        Some(pinned) => Tensor::cat(&[pinned, &rest], 0)?,
        None => rest,
    }))
}

fn failed() -> Error {
    Error::device("the denoising step failed")
        .hint("a smaller --size needs less memory; `beatbolt doctor` shows the devices")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::config::{BetaSchedule, Prediction, SamplerKind, SchedulerConfig, Spacing};
    use crate::diffusion::sampling::schedule::Stride;
    use crate::noise::{Stream, gaussian};
    use candle_core::Device;
    use std::cell::RefCell;

    const SHAPE: (usize, usize, usize, usize) = (6, 2, 3, 3);

    fn schedule(kind: SamplerKind, prediction: Prediction, zero_snr: bool) -> Schedule {
        let config = SchedulerConfig {
            class_name: String::new(),
            sampler: kind,
            train_timesteps: 1000,
            betas: BetaSchedule::Linear,
            beta_start: 0.00085,
            beta_end: 0.012,
            prediction,
            spacing: Spacing::Trailing,
            steps_offset: 0,
            zero_snr,
            set_alpha_to_one: true,
            clip_sample: None,
        };
        Schedule::new(&config, 4).unwrap()
    }

    fn tensor(index: u64, shape: (usize, usize, usize, usize)) -> Tensor {
        let mut values = vec![0.0; shape.0 * shape.1 * shape.2 * shape.3];
        gaussian(1, Stream::Latents, index, &mut values);
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    fn distance(a: &Tensor, b: &Tensor) -> f32 {
        (a - b).unwrap().sqr().unwrap().mean_all().unwrap().to_scalar::<f32>().unwrap().sqrt()
    }

    /// Predicts as one who knows the clean latents would, whatever it is shown.
    struct Oracle<'a> {
        clean: &'a Tensor,
        schedule: &'a Schedule,
        seen: RefCell<Vec<Tensor>>,
    }

    impl Predict for Oracle<'_> {
        fn predict(&self, x: &Tensor, t: f64, _: &Tensor, _: &[Movement]) -> Result<Tensor> {
            self.seen.borrow_mut().push(x.clone());
            let strides = [self.schedule.strides(1.0), self.schedule.strides(0.5)].concat();
            let level = strides.iter().find(|s| s.from.t == t).expect("a level of the schedule").from;
            let (a, s) = (level.signal / level.spread(), level.noise / level.spread());
            let answer = || {
                let noise = ((x - (self.clean * a)?)? / s)?;
                match self.schedule.prediction() {
                    Prediction::Epsilon => Ok(noise),
                    Prediction::Velocity => (noise * a)? - (self.clean * s)?,
                }
            };
            answer().context(failed)
        }
    }

    /// Predicts as one who knows that the data are Gaussian around a picture (spread 1).
    struct Believer<'a> {
        picture: &'a Tensor,
        strides: Vec<Stride>,
    }

    impl Predict for Believer<'_> {
        fn predict(&self, x: &Tensor, t: f64, _: &Tensor, _: &[Movement]) -> Result<Tensor> {
            let level = self.strides.iter().find(|s| s.from.t == t).expect("a level of the schedule").from;
            // x is divided by its spread; E[x0 | x] = w x + (1 − w) picture with w = 1 / (1 + σ²), ε = (x − x0) / σ.
            let answer = || ((x * level.spread())? - self.picture)? * (level.noise / level.spread().powi(2));
            answer().context(failed)
        }
    }

    fn window<'a>(noise: &'a Tensor, text: &'a Tensor, denoise: &'a [f32]) -> WindowInputs<'a> {
        WindowInputs {
            noise,
            pinned: None,
            pin_noise: None,
            carried: None,
            denoise,
            motion: &[Movement::PLAIN; 6],
            pace: None,
            text,
            guidance: None,
        }
    }

    #[test]
    fn a_perfect_prediction_gives_the_clean_latents() {
        let (clean, noise, text) = (tensor(1, SHAPE), tensor(2, SHAPE), tensor(3, (1, 1, 1, 1)));
        for (kind, prediction, zero) in [
            (SamplerKind::Euler, Prediction::Epsilon, false),
            (SamplerKind::Euler, Prediction::Velocity, false),
            (SamplerKind::Euler, Prediction::Velocity, true),
            (SamplerKind::Ddim, Prediction::Epsilon, false),
            (SamplerKind::Ddim, Prediction::Velocity, true),
        ] {
            let schedule = schedule(kind, prediction, zero);
            let oracle = Oracle { clean: &clean, schedule: &schedule, seen: RefCell::default() };
            let out = denoise(&oracle, &schedule, &window(&noise, &text, &[1.0; 6]), |_| Ok(())).unwrap();
            assert!(distance(&out, &clean) < 2e-3, "{kind:?} {prediction:?}: {}", distance(&out, &clean));
        }
    }

    #[test]
    fn pinned_frames_are_replayed_at_every_level_and_come_out_untouched() {
        let (clean, noise, text) = (tensor(1, SHAPE), tensor(2, SHAPE), tensor(3, (1, 1, 1, 1)));
        let settled = clean.narrow(0, 0, 2).unwrap();
        let schedule = schedule(SamplerKind::Euler, Prediction::Epsilon, false);
        let oracle = Oracle { clean: &clean, schedule: &schedule, seen: RefCell::default() };
        let window = WindowInputs { pinned: Some(&settled), ..window(&noise, &text, &[1.0; 6]) };
        let out = denoise(&oracle, &schedule, &window, |_| Ok(())).unwrap();
        assert_eq!(distance(&out.narrow(0, 0, 2).unwrap(), &settled), 0.0);
        assert!(distance(&out.narrow(0, 2, 4).unwrap(), &clean.narrow(0, 2, 4).unwrap()) < 1e-3);
        for (seen, stride) in oracle.seen.borrow().iter().zip(schedule.strides(1.0)) {
            let expected = noised(&settled, &noise.narrow(0, 0, 2).unwrap(), stride.from).unwrap();
            let expected = (expected / stride.from.spread()).unwrap();
            assert!(distance(&seen.narrow(0, 0, 2).unwrap(), &expected) < 1e-6);
        }
    }

    #[test]
    fn pinned_frames_are_shown_nearly_clean_to_a_model_that_wants_them_so() {
        let (clean, noise, text) = (tensor(1, SHAPE), tensor(2, SHAPE), tensor(3, (1, 1, 1, 1)));
        let settled = clean.narrow(0, 0, 2).unwrap();
        let schedule = schedule(SamplerKind::Euler, Prediction::Velocity, true);
        let oracle = Oracle { clean: &clean, schedule: &schedule, seen: RefCell::default() };
        let pinned = WindowInputs {
            pinned: Some(&settled),
            pin_noise: Some(0.75),
            ..window(&noise, &text, &[1.0; 6])
        };
        let out = denoise(&oracle, &schedule, &pinned, |_| Ok(())).unwrap();
        assert_eq!(distance(&out.narrow(0, 0, 2).unwrap(), &settled), 0.0);
        // (x0 + 3/4 ε) / (5/4), for 3² + 4² = 5².
        let frames = |x: &Tensor, from, count| x.narrow(0, from, count).unwrap();
        let shown = ((frames(&clean, 0, 1) * 0.8).unwrap() + (frames(&noise, 0, 1) * 0.6).unwrap()).unwrap();
        for (seen, stride) in oracle.seen.borrow().iter().zip(schedule.strides(1.0)) {
            assert!(distance(&frames(seen, 0, 1), &shown) < 1e-6);
            let rest = noised(&frames(&clean, 1, 5), &frames(&noise, 1, 5), stride.from).unwrap();
            let rest = (rest / stride.from.spread()).unwrap();
            assert!(
                distance(&frames(seen, 1, 5), &rest) < 2e-3,
                "the last one and new ones are as noisy as ever"
            );
        }
    }

    #[test]
    fn more_strength_leads_further_from_the_carried_picture() {
        let (text, carried, picture) = (tensor(3, (1, 1, 1, 1)), tensor(5, (1, 2, 3, 3)), tensor(6, SHAPE));
        let noise = picture.zeros_like().unwrap();
        let schedule = schedule(SamplerKind::Euler, Prediction::Epsilon, false);
        let mut last = 0.0;
        for s in 1..20 {
            let strength = [s as f32 / 20.0; 6];
            let window = WindowInputs { carried: Some(&carried), ..window(&noise, &text, &strength) };
            let strides = schedule.strides(f64::from(strength[0]));
            let net = Believer { picture: &picture, strides };
            let out = denoise(&net, &schedule, &window, |_| Ok(())).unwrap();
            let far = distance(&out, &carried.broadcast_as(SHAPE).unwrap());
            assert!(far > last, "strength {s}/20: {far} after {last}");
            last = far;
        }
    }

    #[test]
    fn a_frame_of_less_strength_is_held_until_its_own_level() {
        let (clean, noise, text) = (tensor(1, SHAPE), tensor(2, SHAPE), tensor(3, (1, 1, 1, 1)));
        let carried = tensor(5, (1, 2, 3, 3));
        let schedule = schedule(SamplerKind::Euler, Prediction::Epsilon, false);
        let oracle = Oracle { clean: &clean, schedule: &schedule, seen: RefCell::default() };
        let strength = [1.0, 0.5, 0.01, 1.0, 1.0, 1.0];
        let window = WindowInputs { carried: Some(&carried), ..window(&noise, &text, &strength) };
        let out = denoise(&oracle, &schedule, &window, |_| Ok(())).unwrap();
        let frame = |x: &Tensor, i| x.narrow(0, i, 1).unwrap();
        assert!(distance(&frame(&out, 1), &frame(&clean, 1)) < 1e-3, "released half-way");
        assert_eq!(distance(&frame(&out, 2), &carried), 0.0, "never released");
        let held = |step: usize| {
            let level = schedule.strides(1.0)[step].from;
            let expected = (noised(&carried, &frame(&noise, 1), level).unwrap() / level.spread()).unwrap();
            distance(&frame(&oracle.seen.borrow()[step], 1), &expected) < 1e-6
        };
        assert!(held(0) && held(1), "held at the first two levels");
    }

    #[test]
    fn frames_move_as_fast_as_their_pace_and_held_ones_are_left_alone() {
        // A path that speeds up, one number in all places: frame i at i².
        let line: Vec<f32> = (0..6).flat_map(|i| [(i * i) as f32; 18]).collect();
        let clean = Tensor::from_vec(line, SHAPE, &Device::Cpu).unwrap();
        let (noise, text, carried) = (tensor(2, SHAPE), tensor(3, (1, 1, 1, 1)), tensor(5, (1, 2, 3, 3)));
        let schedule = schedule(SamplerKind::Euler, Prediction::Epsilon, false);
        let oracle = Oracle { clean: &clean, schedule: &schedule, seen: RefCell::default() };
        let pace = Some(Pace { speeds: &[1.0; 6], strength: 1.0, luma: &[1.0; 2] });
        let run = |window: &WindowInputs| {
            let out = denoise(&oracle, &schedule, window, |_| Ok(())).unwrap();
            let rows: Vec<Vec<f32>> = out.flatten_from(1).unwrap().to_vec2().unwrap();
            rows.iter().map(|row| row[0]).collect::<Vec<f32>>()
        };
        // The ways are measured along straight lines, the places lie on a spline.
        let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.25);
        let even = run(&WindowInputs { pace, ..window(&noise, &text, &[1.0; 6]) });
        assert!(near(&even, &[0.0, 5.0, 10.0, 15.0, 20.0, 25.0]), "{even:?}");
        let settled = clean.narrow(0, 0, 3).unwrap();
        let on = run(&WindowInputs { pace, pinned: Some(&settled), ..window(&noise, &text, &[1.0; 6]) });
        assert!(near(&on, &[0.0, 1.0, 4.0, 11.0, 18.0, 25.0]), "{on:?}");
        let strength = [1.0, 0.5, 1.0, 1.0, 1.0, 1.0];
        let held = run(&WindowInputs { pace, carried: Some(&carried), ..window(&noise, &text, &strength) });
        assert!(near(&held[1..], &[1.0, 4.0, 9.0, 16.0, 25.0]), "{held:?}");
    }

    #[test]
    fn guidance_leads_away_from_the_negative() {
        /// Answers with its text.
        struct Echo;
        impl Predict for Echo {
            fn predict(&self, x: &Tensor, _: f64, text: &Tensor, _: &[Movement]) -> Result<Tensor> {
                text.broadcast_as(x.shape()).and_then(|t| t.contiguous()).context(failed)
            }
        }
        let (noise, strength) = (tensor(2, SHAPE), [1.0; 6]);
        let (yes, no) = (
            Tensor::full(2.0f32, (1, 1, 1, 1), &Device::Cpu).unwrap(),
            Tensor::full(0.5f32, (1, 1, 1, 1), &Device::Cpu).unwrap(),
        );
        let guidance = Some(Guidance { negative: &no, scale: 3.0 });
        let window = WindowInputs { guidance, ..window(&noise, &yes, &strength) };
        let schedule = schedule(SamplerKind::Euler, Prediction::Epsilon, false);
        denoise(&Echo, &schedule, &window, |step| {
            assert!(distance(step.prediction, &Tensor::full(5.0f32, SHAPE, &Device::Cpu).unwrap()) < 1e-6);
            Ok(())
        })
        .unwrap();
    }
}
