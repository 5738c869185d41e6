//! Noise levels: which amounts of noise a window passes through on its way to a picture.
//!
//! A noised latent is x = signal · x0 + noise · ε. Euler works on the
//! variance-exploding path (signal 1, noise σ; Karras et al. 2022), DDIM on the variance-preserving one
//! (signal √ᾱ, noise √(1−ᾱ); Song et al. 2021). The grids are those of diffusers' schedulers, so that a
//! pipeline's `scheduler_config.json` means here what it means there.

use super::level::{AlphasCumprod, NoiseLevel, Stride};
use super::sampler::Sampler;
use crate::diffusion::config::{BetaSchedule, Prediction, SchedulerConfig, Spacing};
use crate::error::{Error, Result};
use candle_core::Tensor;

/// Most denoising steps that are accepted.
pub const MAX_STEPS: usize = 200;

/// The noise levels of a model for a number of steps.
#[derive(Clone, Debug)]
pub struct Schedule {
    sampler: &'static dyn Sampler,
    prediction: Prediction,
    clip: Option<f64>,
    spacing: Spacing,
    steps_offset: usize,
    /// ᾱ of every training step.
    alphas_cumprod: AlphasCumprod,
    /// ᾱ that DDIM ends on.
    final_alpha_cumprod: f64,
    steps: usize,
}

impl Schedule {
    /// The schedule of `config` for `steps` denoising steps (1 to [`MAX_STEPS`]).
    pub fn new(config: &SchedulerConfig, steps: usize) -> Result<Self> {
        let train = config.train_timesteps;
        if steps == 0 || steps > MAX_STEPS.min(train) {
            return Err(Error::usage(format!("{steps} denoising steps can't be made"))
                .hint(format!("between 1 and {}; distilled models want 2, 4 or 8", MAX_STEPS.min(train))));
        }
        let (sampler, alphas_cumprod) = (config.sampler, alphas_cumprod(config));
        let blind = config.prediction == Prediction::Epsilon && alphas_cumprod.0.last() == Some(&0.0);
        if blind && !sampler.starts_blind() {
            let name = sampler.name();
            return Err(Error::model(format!(
                "{name} can't start from pure noise with a model that predicts noise"
            ))
            .hint("a zero terminal SNR needs v_prediction, or the Euler sampler"));
        }
        let most = sampler.most_steps(train);
        if steps > most {
            return Err(Error::usage(format!("{} can't make {steps} denoising steps", sampler.name()))
                .hint(format!("at most {most}")));
        }
        let final_alpha_cumprod = if config.set_alpha_to_one { 1.0 } else { alphas_cumprod.at(0.0) };
        Ok(Schedule {
            sampler,
            prediction: config.prediction,
            clip: config.clip_sample,
            spacing: config.spacing,
            steps_offset: config.steps_offset,
            alphas_cumprod,
            final_alpha_cumprod,
            steps,
        })
    }

    /// Number of denoising steps.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The sampler that the levels are for.
    pub fn sampler(&self) -> &'static dyn Sampler {
        self.sampler
    }

    /// What the network predicts.
    pub fn prediction(&self) -> Prediction {
        self.prediction
    }

    /// The steps of a run at `denoise` strength in (0, 1].
    ///
    /// 1 gives the model's own grid. Below that the trailing grid on the shortened range,
    /// t_k = round(T · s · (1 − k/N)) − 1, which meets the trailing grid at s = 1 and is continuous in s,
    /// where the usual int(N · s) knows N values only.
    pub fn strides(&self, denoise: f64) -> Vec<Stride> {
        let own_grid = denoise >= 1.0;
        let times = if own_grid { self.own_times() } else { self.trailing_times(denoise.max(1e-3)) };
        let from: Vec<NoiseLevel> = times.iter().map(|&t| self.level_at(t)).collect();
        (0..from.len())
            .map(|k| {
                let next = from.get(k + 1).copied().unwrap_or_else(|| self.last_level());
                let to = if own_grid { self.aim(from[k], next) } else { next };
                Stride { from: from[k], to }
            })
            .collect()
    }

    /// Clean latents, held to the range that the model wants, if it wants one.
    pub fn clip(&self, x0: &Tensor) -> candle_core::Result<Tensor> {
        self.clip.map_or_else(|| Ok(x0.clone()), |range| x0.clamp(-range, range))
    }

    /// What unit noise is multiplied by to start at the first level of a run at full strength.
    pub fn init_noise_sigma(&self, first: NoiseLevel) -> f64 {
        self.sampler.init_noise_sigma(first, self.spacing == Spacing::Leading)
    }

    /// The timesteps of the model's own grid, noisiest first.
    fn own_times(&self) -> Vec<f64> {
        let (train, n) = (self.alphas_cumprod.steps(), self.steps);
        if let Some(own) = self.sampler.times(train, n) {
            return own;
        }
        match self.spacing {
            Spacing::Trailing => self.trailing_times(1.0),
            Spacing::Leading => {
                (0..n).rev().map(|k| (k * (train / n) + self.steps_offset).min(train - 1) as f64).collect()
            }
            Spacing::Linspace => {
                let gap = if n > 1 { (train - 1) as f64 / (n - 1) as f64 } else { 0.0 };
                let at = |k: usize| if n > 1 && k == n - 1 { (train - 1) as f64 } else { k as f64 * gap };
                let whole = |t: f64| if self.sampler.whole_times() { t.round_ties_even() } else { t };
                (0..n).rev().map(|k| whole(at(k))).collect()
            }
        }
    }

    /// Evenly spaced timesteps that end one gap above 0, starting at `strength` of the range.
    fn trailing_times(&self, strength: f64) -> Vec<f64> {
        let top = self.alphas_cumprod.steps() as f64 * strength;
        // numpy's arange multiplies a rounded gap; with it, ties fall where diffusers has them.
        let gap = (top - top / self.steps as f64) - top;
        (0..self.steps).map(|k| ((top + k as f64 * gap).round_ties_even() - 1.0).max(0.0)).collect()
    }

    fn level_at(&self, t: f64) -> NoiseLevel {
        self.sampler.level(&self.alphas_cumprod, t)
    }

    fn last_level(&self) -> NoiseLevel {
        self.sampler.last(self.final_alpha_cumprod)
    }

    /// Where a step from `level` lands: on `next`, unless the sampler aims elsewhere.
    fn aim(&self, level: NoiseLevel, next: NoiseLevel) -> NoiseLevel {
        match self.sampler.aim(level.t, self.alphas_cumprod.steps(), self.steps) {
            Some(t) if t >= 0.0 => self.level_at(t),
            Some(_) => self.last_level(),
            None => next,
        }
    }
}

/// ᾱ_t for every training step.
fn alphas_cumprod(config: &SchedulerConfig) -> AlphasCumprod {
    let n = config.train_timesteps;
    let line = |a: f64, b: f64, i: usize| a + (b - a) * i as f64 / (n.max(2) - 1) as f64;
    let beta = |i: usize| match config.betas {
        BetaSchedule::Linear => line(config.beta_start, config.beta_end, i),
        BetaSchedule::ScaledLinear => line(config.beta_start.sqrt(), config.beta_end.sqrt(), i).powi(2),
    };
    let mut product = 1.0;
    let mut power: Vec<f64> = (0..n)
        .map(|i| {
            product *= 1.0 - beta(i);
            product
        })
        .collect();
    if config.zero_snr {
        zero_terminal_snr(&mut power);
        if let (true, Some(last)) = (config.sampler.starts_blind(), power.last_mut()) {
            // σ would be infinite; diffusers takes the smallest ᾱ that f16 can tell from 0, which in its single
            // precision makes σ = 4096 exactly. There the last bit of σ is the fourth digit of the next latents.
            *last = 1.0 / (1.0 + 2f64.powi(24));
        }
    }
    AlphasCumprod(power)
}

/// Shifts and scales √ᾱ so that the last step holds no signal (Lin et al. 2023, algorithm 1).
fn zero_terminal_snr(power: &mut [f64]) {
    let (Some(first), Some(last)) = (power.first().map(|p| p.sqrt()), power.last().map(|p| p.sqrt())) else {
        return;
    };
    for p in power.iter_mut() {
        *p = ((p.sqrt() - last) * first / (first - last)).powi(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::sampling::samplers::{Ddim, Euler};

    fn lightning() -> SchedulerConfig {
        SchedulerConfig {
            class_name: "EulerDiscreteScheduler".into(),
            sampler: &Euler,
            train_timesteps: 1000,
            betas: BetaSchedule::Linear,
            beta_start: 0.00085,
            beta_end: 0.012,
            prediction: Prediction::Epsilon,
            spacing: Spacing::Trailing,
            steps_offset: 0,
            zero_snr: false,
            set_alpha_to_one: true,
            clip_sample: None,
        }
    }

    /// The table that AnimateDiff-Lightning was distilled on.
    #[test]
    fn lightning_grids_are_exact() {
        let cases: [(usize, &[f64], &[f64]); 4] = [
            (1, &[999.0], &[25.146]),
            (2, &[999.0, 499.0], &[25.146, 2.276]),
            (3, &[999.0, 666.0, 332.0], &[25.146, 4.496, 1.210]),
            (4, &[999.0, 749.0, 499.0, 249.0], &[25.146, 6.557, 2.276, 0.867]),
        ];
        for (steps, times, sigmas) in cases {
            let strides = Schedule::new(&lightning(), steps).unwrap().strides(1.0);
            assert_eq!(strides.len(), steps);
            assert_eq!(strides[steps - 1].to, NoiseLevel::CLEAN);
            for (Stride { from: level, .. }, (t, sigma)) in strides.iter().zip(times.iter().zip(sigmas)) {
                assert_eq!(level.t, *t);
                assert!((level.noise - sigma).abs() < 6e-4 * sigma.max(1.0), "{steps}: {level:?} {sigma}");
            }
        }
    }

    #[test]
    fn ties_round_to_even_as_numpy_does() {
        let strides = Schedule::new(&lightning(), 16).unwrap().strides(1.0);
        assert_eq!(strides[3].from.t, 811.0); // 812.5 -> 812 - 1
        assert_eq!(strides[1].from.t, 937.0); // 937.5 -> 938 - 1
    }

    #[test]
    fn strength_is_continuous_and_meets_the_grid() {
        let schedule = Schedule::new(&lightning(), 4).unwrap();
        let times = |s: f64| schedule.strides(s).iter().map(|x| x.from.t).collect::<Vec<_>>();
        assert_eq!(times(1.0), [999.0, 749.0, 499.0, 249.0]);
        assert_eq!(times(0.9), [899.0, 674.0, 449.0, 224.0]);
        assert_eq!(times(0.5), [499.0, 374.0, 249.0, 124.0]);
        let first: Vec<f64> =
            (1..=100).map(|k| schedule.strides(f64::from(k) / 100.0)[0].from.noise).collect();
        assert!(first.windows(2).all(|w| w[0] < w[1]), "more strength, more noise");
    }

    #[test]
    fn zero_terminal_snr_holds_no_signal() {
        let config = SchedulerConfig { zero_snr: true, ..lightning() };
        let strides = Schedule::new(&config, 4).unwrap().strides(1.0);
        assert!((strides[0].from.noise - 4096.0).abs() < 1.0);
        let ddim = SchedulerConfig { sampler: &Ddim, ..config.clone() };
        assert!(Schedule::new(&ddim, 4).is_err(), "noise can't be predicted away from pure noise");
        let ddim = SchedulerConfig { prediction: Prediction::Velocity, ..ddim };
        assert_eq!(Schedule::new(&ddim, 4).unwrap().strides(1.0)[0].from.signal, 0.0);
    }

    #[test]
    fn steps_out_of_range_are_refused() {
        assert!(Schedule::new(&lightning(), 0).is_err());
        assert!(Schedule::new(&lightning(), 100_000).is_err());
    }
}
