//! Predictions: what a network's output says about the clean latents. The only place where kinds of prediction are told apart.

use super::level::NoiseLevel;
use crate::diffusion::conditioning::Conditioning;
use crate::diffusion::config::Prediction;
use crate::error::Result;
use candle_core::{Result as TensorResult, Tensor};

/// A network that cleans latents: the UNet, or a closed form in tests.
pub trait Denoiser {
    /// The clean latents \[f, c, h, w] that `x` = signal · x0 + noise · ε of the same shape hides at `level`.
    ///
    /// # Errors
    /// Device: the network can't be run. Usage: there are more frames than it takes.
    fn pred_x0(&self, x: &Tensor, level: NoiseLevel, with: &Conditioning) -> Result<Tensor>;
}

/// The clean latents that a network's `output` for `x` at `level` stands for.
///
/// ε: x0 = (x − noise · ε) / signal. v (Salimans & Ho 2022): with a = signal/spread, s = noise/spread,
/// x0 = a · x/spread − s · v.
pub fn pred_x0(kind: Prediction, x: &Tensor, output: &Tensor, level: NoiseLevel) -> TensorResult<Tensor> {
    match kind {
        Prediction::Epsilon => (x - (output * level.noise)?)? / level.signal,
        Prediction::Velocity => {
            let spread = level.spread();
            (output * (-level.noise / spread))? + (x * (level.signal / (spread * spread)))?
        }
    }
}

/// The output that stands for `x0`: the inverse of [`pred_x0`].
pub fn output(kind: Prediction, x: &Tensor, x0: &Tensor, level: NoiseLevel) -> TensorResult<Tensor> {
    match kind {
        Prediction::Epsilon => (x - (x0 * level.signal)?)? / level.noise,
        Prediction::Velocity => {
            let spread = level.spread();
            ((x * (level.signal / (spread * spread)))? - x0)? * (spread / level.noise)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::apart;
    use candle_core::Device;

    /// x = signal · x0 + noise · ε and v = a · ε − s · x0 (with x of unit variance), for known x0 and ε.
    #[test]
    fn the_clean_latents_come_back_from_either_kind() {
        let (x0, noise) = (Tensor::new(&[0.3f32, -1.2, 2.0], &Device::Cpu).unwrap(), [0.5f32, 1.0, -0.25]);
        let noise = Tensor::new(&noise, &Device::Cpu).unwrap();
        for (signal, sigma) in [(1.0, 6.5), (1.0, 0.03), (0.6, 0.8)] {
            let level = NoiseLevel { t: 0.0, signal, noise: sigma };
            let x = ((&x0 * signal).unwrap() + (&noise * sigma).unwrap()).unwrap();
            let (a, s) = (signal / level.spread(), sigma / level.spread());
            let velocity = ((&noise * a).unwrap() - (&x0 * s).unwrap()).unwrap();
            for (kind, answer) in [(Prediction::Epsilon, &noise), (Prediction::Velocity, &velocity)] {
                assert!(apart(&pred_x0(kind, &x, answer, level).unwrap(), &x0) < 1e-5, "{kind:?} {level:?}");
                assert!(apart(&output(kind, &x, &x0, level).unwrap(), answer) < 1e-4, "{kind:?} {level:?}");
            }
        }
    }
}
