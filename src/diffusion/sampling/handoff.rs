//! The hand-off of windows: how the new frames of a window grow out of the settled ones of the window before.
//!
//! Settled frames are replayed: set to signal · x0 + noise · ε (the same ε) at the window's own noise level (`noised`). A model that
//! was trained for it sees all but the last of them nearly clean at every step (`nearly_clean`).
//!
//! At the first steps there is next to nothing to be seen under the noise, so the network predicts new frames that belong to
//! another picture. But it predicts the settled frames as well, and those are known: the error it makes on the last of
//! them is, to a good part, the error it makes on the frames that follow. So that error is taken off their predicted
//! clean latents, less with every frame ([`correct`]). What remains of a prediction is its change since the last settled
//! frame, which is what a continuation is.
//!
//! Where every frame starts from a source that decides what is seen, nothing of it is needed on the way: all frames of a window, the settled
//! ones too, are made from their sources, and the same correction follows once they are clean.

use super::level::NoiseLevel;
use candle_core::{Result, Tensor};

/// New frames after which the correction has fallen to 1/e.
const REACH: f64 = 3.0;

/// x = signal · x0 + noise · ε.
pub(super) fn noised(x0: &Tensor, noise: &Tensor, level: NoiseLevel) -> Result<Tensor> {
    (x0 * level.signal)? + (noise * level.noise)?
}

/// Settled frames `pinned` \[p, c, h, w] but the last under noise of `sigma`, of unit variance, as a network that was trained for it
/// sees them. The last one is replayed even so: it shows what the network gets wrong. None where there is only that one.
pub(super) fn nearly_clean(pinned: &Tensor, noise: &Tensor, sigma: f64) -> Result<Option<Tensor>> {
    let count = pinned.dims()[0] - 1;
    if count == 0 {
        return Ok(None);
    }
    let level = NoiseLevel { t: 0.0, signal: 1.0, noise: sigma };
    let (pinned, noise) = (pinned.narrow(0, 0, count)?, noise.narrow(0, 0, count)?);
    Ok(Some((noised(&pinned, &noise, level)? / level.spread())?))
}

/// The clean latents `x0` \[f, c, h, w] with the error of their last `pinned` frame taken off the frames after it.
///
/// # Errors
/// The tensors don't fit each other.
pub fn correct(x0: &Tensor, pinned: &Tensor) -> Result<Tensor> {
    let (f, p) = (x0.dims()[0], pinned.dims()[0]);
    let last = |t: &Tensor| t.narrow(0, p - 1, 1);
    let missed = (last(pinned)? - last(x0)?)?;
    let weight = |i: usize| match i.checked_sub(p) {
        Some(after) => (-(after as f64) / REACH).exp() as f32,
        None => 0.0,
    };
    let weights = Tensor::from_vec((0..f).map(weight).collect(), (f, 1, 1, 1), x0.device())?;
    x0 + missed.broadcast_mul(&weights.to_dtype(x0.dtype())?)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::apart;
    use crate::noise::{Stream, gaussian};
    use candle_core::Device;

    fn tensor(index: u64, frames: usize) -> Tensor {
        let mut values = vec![0.0; frames * 18];
        gaussian(1, Stream::Latents, index, &mut values);
        Tensor::from_vec(values, (frames, 2, 3, 3), &Device::Cpu).unwrap()
    }

    /// New frames get exp(−i/3) times what was missed on the last pinned frame.
    #[test]
    fn what_was_missed_is_added_to_the_clean_latents_of_new_frames() {
        let (x0, pinned) = (tensor(2, 6), tensor(3, 2));
        let corrected = correct(&x0, &pinned).unwrap();
        let frame = |t: &Tensor, i| t.narrow(0, i, 1).unwrap();
        let missed = (frame(&pinned, 1) - frame(&x0, 1)).unwrap();
        for i in 0..6 {
            let share = if i < 2 { 0.0 } else { (-(i as f64 - 2.0) / 3.0).exp() };
            let expected = (frame(&x0, i) + (&missed * share).unwrap()).unwrap();
            assert!(apart(&frame(&corrected, i), &expected) < 1e-6, "frame {i}");
        }
    }

    #[test]
    fn one_settled_frame_alone_is_never_shown_nearly_clean() {
        assert!(nearly_clean(&tensor(1, 1), &tensor(2, 6), 0.15).unwrap().is_none());
        let shown = nearly_clean(&tensor(1, 3), &tensor(2, 6), 0.75).unwrap().unwrap();
        // (x0 + 3/4 ε) / (5/4), for 3² + 4² = 5².
        let part = |t: Tensor| t.narrow(0, 0, 2).unwrap();
        let expected = ((part(tensor(1, 3)) * 0.8).unwrap() + (part(tensor(2, 6)) * 0.6).unwrap()).unwrap();
        assert!(apart(&shown, &expected) < 1e-6);
    }
}
