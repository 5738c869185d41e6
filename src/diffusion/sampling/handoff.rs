//! The join of two windows: what keeps the first new frame from jumping away from the last settled one.
//!
//! Replay shows the network the settled frames under the window's own noise. At the first steps there is next to nothing
//! to be seen under it, so the network predicts new frames that belong to another picture. But it predicts the settled
//! frames as well, and those are known: the error it makes on the last of them is, to a good part, the error it makes on
//! the frames that follow. So that error is taken off their predicted clean latents, less with every frame. What
//! remains of a prediction is its change since the last settled frame, which is what a continuation is.

use super::sampler;
use super::schedule::{NoiseLevel, Schedule};
use crate::diffusion::config::Prediction;
use candle_core::{Result, Tensor};

/// New frames after which the correction has fallen to 1/e.
const REACH: f64 = 3.0;

/// The network's `output` for the latents `x`, both \[f, c, h, w], with the error of its last `pinned` frame taken off the frames after it.
pub fn correct(
    schedule: &Schedule,
    x: &Tensor,
    output: &Tensor,
    pinned: &Tensor,
    level: NoiseLevel,
) -> Result<Tensor> {
    let (f, p) = (x.dims()[0], pinned.dims()[0]);
    let last = |t: &Tensor| t.narrow(0, p - 1, 1);
    let seen = sampler::pred_x0(schedule.prediction(), &last(x)?, &last(output)?, level)?;
    let missed = (last(pinned)? - seen)?;
    // What the output has to change by for its clean latents to change by 1.
    let slope = match schedule.prediction() {
        Prediction::Epsilon => -level.signal / level.noise,
        Prediction::Velocity => -level.spread() / level.noise,
    };
    let weight = |i: usize| match i.checked_sub(p) {
        Some(after) => (slope * (-(after as f64) / REACH).exp()) as f32,
        None => 0.0,
    };
    let weights = Tensor::from_vec((0..f).map(weight).collect(), (f, 1, 1, 1), x.device())?;
    output + missed.broadcast_mul(&weights.to_dtype(x.dtype())?)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::config::{BetaSchedule, SamplerKind, SchedulerConfig, Spacing};
    use crate::nn::cpu::apart;
    use crate::noise::{Stream, gaussian};
    use candle_core::Device;

    fn tensor(index: u64, frames: usize) -> Tensor {
        let mut values = vec![0.0; frames * 18];
        gaussian(1, Stream::Latents, index, &mut values);
        Tensor::from_vec(values, (frames, 2, 3, 3), &Device::Cpu).unwrap()
    }

    /// Clean latents of a corrected output must be the network's plus exp(−i/3) times what it missed on the last pinned frame.
    #[test]
    fn what_was_missed_is_added_to_the_clean_latents_of_new_frames() {
        for (prediction, zero_snr) in
            [(Prediction::Epsilon, false), (Prediction::Velocity, false), (Prediction::Velocity, true)]
        {
            let config = SchedulerConfig {
                class_name: String::new(),
                sampler: SamplerKind::Euler,
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
            let schedule = Schedule::new(&config, 4).unwrap();
            let level = schedule.strides(1.0)[2].from;
            let (x, output, pinned) = (tensor(1, 6), tensor(2, 6), tensor(3, 2));
            let corrected = correct(&schedule, &x, &output, &pinned, level).unwrap();
            let clean = |output: &Tensor| sampler::pred_x0(prediction, &x, output, level).unwrap();
            let (before, after) = (clean(&output), clean(&corrected));
            let frame = |t: &Tensor, i| t.narrow(0, i, 1).unwrap();
            let missed = (frame(&pinned, 1) - frame(&before, 1)).unwrap();
            for i in 0..6 {
                let share = if i < 2 { 0.0 } else { (-(i as f64 - 2.0) / 3.0).exp() };
                let expected = (frame(&before, i) + (&missed * share).unwrap()).unwrap();
                assert!(apart(&frame(&after, i), &expected) < 1e-4, "{prediction:?}, frame {i}");
            }
        }
    }
}
