use super::*;
use crate::diffusion::conditioning::Conditioning;
use crate::diffusion::conditioning::Movement;
use crate::diffusion::config::{BetaSchedule, Prediction, SchedulerConfig, Spacing};
use crate::diffusion::sampling::handoff::noised;
use crate::diffusion::sampling::retime::Pace;
use crate::diffusion::sampling::sampler::Sampler;
use crate::diffusion::sampling::samplers::{Ddim, Euler, Lcm};
use crate::noise::{Stream, gaussian};
use candle_core::Device;
use std::cell::RefCell;

const SHAPE: (usize, usize, usize, usize) = (6, 2, 3, 3);

fn schedule(sampler: &'static dyn Sampler, prediction: Prediction, zero_snr: bool) -> Schedule {
    let config = SchedulerConfig {
        class_name: String::new(),
        sampler,
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

/// Knows the clean latents, whatever it is shown.
struct Oracle<'a> {
    clean: &'a Tensor,
    /// What it was shown, of unit variance.
    seen: RefCell<Vec<Tensor>>,
}

impl<'a> Oracle<'a> {
    fn new(clean: &'a Tensor) -> Self {
        Oracle { clean, seen: RefCell::default() }
    }
}

impl Denoiser for Oracle<'_> {
    fn pred_x0(&self, x: &Tensor, level: NoiseLevel, _: &Conditioning) -> Result<Tensor> {
        self.seen.borrow_mut().push((x / level.spread()).context(failed)?);
        Ok(self.clean.clone())
    }
}

/// Knows that the data are Gaussian around a picture (spread 1).
struct Believer<'a>(&'a Tensor);

impl Denoiser for Believer<'_> {
    fn pred_x0(&self, x: &Tensor, level: NoiseLevel, _: &Conditioning) -> Result<Tensor> {
        // E[x0 | x] = w x + (1 − w) picture with w = 1 / (1 + σ²).
        let w = level.spread().powi(-2);
        let answer = || (x * w)? + (self.0 * (1.0 - w))?;
        answer().context(failed)
    }
}

fn plain(text: &Tensor) -> Conditioning {
    Conditioning::new(text.clone(), vec![Movement::PLAIN; 6])
}

fn window<'a>(noise: &'a Tensor, conditioning: &'a Conditioning, denoise: &'a [f32]) -> WindowInputs<'a> {
    WindowInputs {
        noise,
        step_noise: &[],
        pinned: None,
        pin_noise: None,
        init_latents: None,
        denoise,
        pace: None,
        conditioning,
        guidance: None,
    }
}

#[test]
fn a_perfect_prediction_gives_the_clean_latents() {
    let (clean, noise, text) = (tensor(1, SHAPE), tensor(2, SHAPE), plain(&tensor(3, (1, 1, 1, 1))));
    let cases: [(&'static dyn Sampler, Prediction, bool); 5] = [
        (&Euler, Prediction::Epsilon, false),
        (&Euler, Prediction::Velocity, false),
        (&Euler, Prediction::Velocity, true),
        (&Ddim, Prediction::Epsilon, false),
        (&Ddim, Prediction::Velocity, true),
    ];
    for (kind, prediction, zero) in cases {
        let schedule = schedule(kind, prediction, zero);
        let oracle = Oracle::new(&clean);
        let out = denoise(&oracle, &schedule, &window(&noise, &text, &[1.0; 6]), |_| Ok(())).unwrap();
        assert!(distance(&out, &clean) < 2e-3, "{kind:?} {prediction:?}: {}", distance(&out, &clean));
    }
}

#[test]
fn pinned_frames_are_replayed_at_every_level_and_come_out_untouched() {
    let (clean, noise, text) = (tensor(1, SHAPE), tensor(2, SHAPE), plain(&tensor(3, (1, 1, 1, 1))));
    let settled = clean.narrow(0, 0, 2).unwrap();
    let schedule = schedule(&Euler, Prediction::Epsilon, false);
    let oracle = Oracle::new(&clean);
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
    let (clean, noise, text) = (tensor(1, SHAPE), tensor(2, SHAPE), plain(&tensor(3, (1, 1, 1, 1))));
    let settled = clean.narrow(0, 0, 2).unwrap();
    let schedule = schedule(&Euler, Prediction::Velocity, true);
    let oracle = Oracle::new(&clean);
    let pinned =
        WindowInputs { pinned: Some(&settled), pin_noise: Some(0.75), ..window(&noise, &text, &[1.0; 6]) };
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
    let (text, carried, picture) =
        (plain(&tensor(3, (1, 1, 1, 1))), tensor(5, (1, 2, 3, 3)), tensor(6, SHAPE));
    let noise = picture.zeros_like().unwrap();
    let schedule = schedule(&Euler, Prediction::Epsilon, false);
    let mut last = 0.0;
    for s in 1..20 {
        let strength = [s as f32 / 20.0; 6];
        let window = WindowInputs { init_latents: Some(&carried), ..window(&noise, &text, &strength) };
        let out = denoise(&Believer(&picture), &schedule, &window, |_| Ok(())).unwrap();
        let far = distance(&out, &carried.broadcast_as(SHAPE).unwrap());
        assert!(far > last, "strength {s}/20: {far} after {last}");
        last = far;
    }
}

#[test]
fn a_frame_of_less_strength_is_held_until_its_own_level() {
    let (clean, noise, text) = (tensor(1, SHAPE), tensor(2, SHAPE), plain(&tensor(3, (1, 1, 1, 1))));
    let carried = tensor(5, (1, 2, 3, 3));
    let schedule = schedule(&Euler, Prediction::Epsilon, false);
    let oracle = Oracle::new(&clean);
    let strength = [1.0, 0.5, 0.01, 1.0, 1.0, 1.0];
    let window = WindowInputs { init_latents: Some(&carried), ..window(&noise, &text, &strength) };
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
    let (noise, text, carried) = (tensor(2, SHAPE), plain(&tensor(3, (1, 1, 1, 1))), tensor(5, (1, 2, 3, 3)));
    let schedule = schedule(&Euler, Prediction::Epsilon, false);
    let oracle = Oracle::new(&clean);
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
    let held = run(&WindowInputs { pace, init_latents: Some(&carried), ..window(&noise, &text, &strength) });
    assert!(near(&held[1..], &[1.0, 4.0, 9.0, 16.0, 25.0]), "{held:?}");
}

#[test]
fn guidance_leads_away_from_the_negative() {
    /// Answers with its text.
    struct Echo;
    impl Denoiser for Echo {
        fn pred_x0(&self, x: &Tensor, _: NoiseLevel, with: &Conditioning) -> Result<Tensor> {
            with.text.broadcast_as(x.shape()).and_then(|t| t.contiguous()).context(failed)
        }
    }
    let (noise, strength) = (tensor(2, SHAPE), [1.0; 6]);
    let (yes, no) = (
        Tensor::full(2.0f32, (1, 1, 1, 1), &Device::Cpu).unwrap(),
        Tensor::full(0.5f32, (1, 1, 1, 1), &Device::Cpu).unwrap(),
    );
    let guidance = Some(Guidance { negative: &no, scale: 3.0 });
    let yes = plain(&yes);
    let window = WindowInputs { guidance, ..window(&noise, &yes, &strength) };
    let schedule = schedule(&Euler, Prediction::Epsilon, false);
    denoise(&Echo, &schedule, &window, |step| {
        assert!(distance(step.x0, &Tensor::full(5.0f32, SHAPE, &Device::Cpu).unwrap()) < 1e-6);
        Ok(())
    })
    .unwrap();
}

#[test]
fn consistency_sampling_ends_on_the_clean_latents_and_takes_fresh_noise_in_between() {
    let (clean, noise, text) = (tensor(1, SHAPE), tensor(2, SHAPE), plain(&tensor(3, (1, 1, 1, 1))));
    let schedule = schedule(&Lcm, Prediction::Epsilon, false);
    let times: Vec<f64> = schedule.strides(1.0).iter().map(|s| s.from.t).collect();
    assert_eq!(times, [999.0, 759.0, 499.0, 259.0]);
    let (fresh, oracle) = ([tensor(11, SHAPE), tensor(12, SHAPE), tensor(13, SHAPE)], Oracle::new(&clean));
    assert!(denoise(&oracle, &schedule, &window(&noise, &text, &[1.0; 6]), |_| Ok(())).is_err());
    let settled = clean.narrow(0, 0, 2).unwrap();
    let inputs =
        WindowInputs { step_noise: &fresh, pinned: Some(&settled), ..window(&noise, &text, &[1.0; 6]) };
    let out = denoise(&oracle, &schedule, &inputs, |_| Ok(())).unwrap();
    assert!(distance(&out, &clean) < 1e-4);
    let seen = oracle.seen.borrow();
    for (k, stride) in schedule.strides(1.0).iter().enumerate().skip(1) {
        let expected = (noised(&clean, &fresh[k - 1], stride.from).unwrap() / stride.from.spread()).unwrap();
        assert!(distance(&seen[k], &expected) < 1e-4, "settled frames as new ones, step {k}");
    }
}
