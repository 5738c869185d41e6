//! Noise levels: how much of a noised latent is picture, and how much noise.

/// One noise level: x = signal · x0 + noise · ε.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseLevel {
    /// The timestep that the network is told; in [0, train steps), not always whole.
    pub t: f64,
    /// Share of the clean latents.
    pub signal: f64,
    /// Share of unit noise.
    pub noise: f64,
}

impl NoiseLevel {
    /// No noise at all.
    pub const CLEAN: NoiseLevel = NoiseLevel { t: 0.0, signal: 1.0, noise: 0.0 };

    /// What the network's input is divided by, so that it has unit variance: √(signal² + noise²).
    pub fn spread(self) -> f64 {
        self.signal.hypot(self.noise)
    }
}

/// One denoising step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stride {
    /// The noise level that the network sees.
    pub from: NoiseLevel,
    /// The noise level that the step ends on.
    pub to: NoiseLevel,
}

/// ᾱ of every training step, from the least noise to the most: the share of the clean latents' power that is left.
#[derive(Clone, Debug, PartialEq)]
pub struct AlphasCumprod(pub Vec<f64>);

impl AlphasCumprod {
    /// Number of training steps.
    pub fn steps(&self) -> usize {
        self.0.len()
    }

    /// ᾱ of the training step that `t` lies in.
    pub fn at(&self, t: f64) -> f64 {
        self.0[(t as usize).min(self.0.len() - 1)]
    }

    /// The variance-preserving level of the training step that `t` lies in: signal √ᾱ, noise √(1−ᾱ) (Song et al. 2021).
    pub fn preserving(&self, t: f64) -> NoiseLevel {
        Self::of_power(t, self.at(t))
    }

    /// The variance-preserving level of an ᾱ.
    pub fn of_power(t: f64, power: f64) -> NoiseLevel {
        NoiseLevel { t, signal: power.sqrt(), noise: (1.0 - power).sqrt() }
    }

    /// σ = √((1−ᾱ)/ᾱ) at a timestep that needn't be whole: linear between its neighbours.
    pub fn sigma(&self, t: f64) -> f64 {
        let last = self.0.len() - 1;
        let i = (t as usize).min(last);
        let sigma = |i: usize| ((1.0 - self.0[i]) / self.0[i]).sqrt();
        let (a, b) = (sigma(i), sigma((i + 1).min(last)));
        a + (b - a) * (t - i as f64).clamp(0.0, 1.0)
    }
}
