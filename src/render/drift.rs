//! The drift guard: what keeps a long take from bleaching or darkening.
//!
//! Each window sees only the last frames of the one before, so small errors of brightness and contrast add
//! up. The guard remembers mean and spread of every latent channel in the first window of a prompt, and leads
//! later windows back to them. The correction grows over the new frames, so that there is no step at the seam.

use crate::digest::Digest;
use crate::error::{Context, Error, Result};
use crate::score::Timeline;
use crate::units::GeneratedFrame;
use candle_core::{Device, Tensor};

/// Mean and spread per latent channel.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentStats {
    mean: Vec<f32>,
    spread: Vec<f32>,
}

impl LatentStats {
    /// Mean and spread of each channel of latents \[f, c, h, w].
    pub fn of(latents: &Tensor) -> Result<Self> {
        let measure = || {
            let (f, c, h, w) = latents.dims4()?;
            let x = latents.transpose(0, 1)?.reshape((c, f * h * w))?;
            let mean = x.mean_keepdim(1)?;
            let spread = x.broadcast_sub(&mean)?.sqr()?.mean(1)?.sqrt()?;
            Ok::<_, candle_core::Error>(LatentStats {
                mean: mean.squeeze(1)?.to_vec1()?,
                spread: spread.to_vec1()?,
            })
        };
        measure().context(failed)
    }

    /// Mean and spread as a tensor \[2, c], to be stored.
    pub fn to_tensor(&self) -> Result<Tensor> {
        let values: Vec<f32> = self.mean.iter().chain(&self.spread).copied().collect();
        Tensor::from_vec(values, (2, self.mean.len()), &Device::Cpu).context(failed)
    }

    /// Reads what [`Self::to_tensor`] stored.
    pub fn from_tensor(stored: &Tensor) -> Result<Self> {
        let mut rows: Vec<Vec<f32>> = stored.to_vec2().context(failed)?;
        match (rows.pop(), rows.pop(), rows.is_empty()) {
            (Some(spread), Some(mean), true) => Ok(LatentStats { mean, spread }),
            _ => Err(Error::input("stored statistics don't have two rows")),
        }
    }
}

/// What windows are led back to, and the prompt that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftReference {
    /// The prompt.
    pub of: PromptMark,
    /// Mean and spread of the first window in which it held.
    pub stats: LatentStats,
}

/// A prompt that holds unmixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptMark {
    /// The frame since which it does.
    pub since: GeneratedFrame,
    /// SHA-256 of its text: on a timeline that is being changed, another one may hold since the same frame.
    pub text: String,
}

impl DriftReference {
    /// That of frames with `latents` which nobody is to be led back to.
    pub fn nobody(latents: &Tensor) -> Result<Self> {
        let of = PromptMark { since: GeneratedFrame(u64::MAX), text: String::new() };
        Ok(DriftReference { of, stats: LatentStats::of(latents)? })
    }
}

impl PromptMark {
    /// The prompt of `frame`.
    pub fn at(timeline: &Timeline, frame: GeneratedFrame) -> Self {
        let mut text = Digest::default();
        text.update(&timeline.prompt_at(frame).prompt);
        PromptMark { since: timeline.settled_since(frame), text: text.finish() }
    }
}

/// Leads new `latents` of the prompt `of` back to what `before` them it looked like, by `strength` in 0..=1; the first
/// window of a prompt is what later ones are led back to.
pub fn guard(
    latents: Tensor,
    before: Option<&DriftReference>,
    of: PromptMark,
    strength: f32,
) -> Result<(Tensor, DriftReference)> {
    match before {
        Some(reference) if reference.of == of => {
            Ok((lead_back(&latents, &reference.stats, strength)?, reference.clone()))
        }
        _ => {
            let stats = LatentStats::of(&latents)?;
            Ok((latents, DriftReference { of, stats }))
        }
    }
}

/// Leads `latents` \[n, c, h, w] from their own statistics to `wanted` by `strength` in 0..=1, a little more with
/// every frame, so that the last one is there.
fn lead_back(latents: &Tensor, wanted: &LatentStats, strength: f32) -> Result<Tensor> {
    let own = LatentStats::of(latents)?;
    let (n, c, _, _) = latents.dims4().context(failed)?;
    let (mut gain, mut offset) = (Vec::with_capacity(n * c), Vec::with_capacity(n * c));
    for frame in 0..n {
        let pull = strength * (frame + 1) as f32 / n as f32;
        for channel in 0..c {
            // A spread of next to nothing is a blank channel: there is nothing to stretch.
            let ratio = wanted.spread[channel] / own.spread[channel].max(1e-3);
            let g = ratio.clamp(0.5, 2.0).powf(pull);
            gain.push(g);
            offset.push(own.mean[channel] * (1.0 - g) + pull * (wanted.mean[channel] - own.mean[channel]));
        }
    }
    let apply = || {
        let row =
            |v: Vec<f32>| Tensor::from_vec(v, (n, c, 1, 1), latents.device())?.to_dtype(latents.dtype());
        latents.broadcast_mul(&row(gain)?)?.broadcast_add(&row(offset)?)
    };
    apply().context(failed)
}

fn failed() -> Error {
    Error::device("the drift guard failed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Stream, gaussian};

    fn latents(frames: usize, mean: f64, spread: f64) -> Tensor {
        let mut values = vec![0.0; frames * 2 * 64];
        gaussian(3, Stream::Latents, 0, &mut values);
        ((Tensor::from_vec(values, (frames, 2, 8, 8), &Device::Cpu).unwrap() * spread).unwrap() + mean)
            .unwrap()
    }

    #[test]
    fn the_last_frame_arrives_and_the_first_hardly_moves() {
        let wanted = LatentStats::of(&latents(8, 0.0, 1.0)).unwrap();
        let drifted = latents(8, 0.5, 0.8);
        let led = lead_back(&drifted, &wanted, 1.0).unwrap();
        let own = LatentStats::of(&drifted).unwrap();
        let (first, last) =
            (LatentStats::of(&led.narrow(0, 0, 1).unwrap()), LatentStats::of(&led.narrow(0, 7, 1).unwrap()));
        let before = LatentStats::of(&drifted.narrow(0, 7, 1).unwrap()).unwrap();
        // Closed form for the last frame: (x − own mean) · wanted/own spread + wanted mean.
        let expected = (before.mean[0] - own.mean[0]) * wanted.spread[0] / own.spread[0] + wanted.mean[0];
        assert!((last.unwrap().mean[0] - expected).abs() < 1e-5);
        let shift =
            first.unwrap().mean[0] - LatentStats::of(&drifted.narrow(0, 0, 1).unwrap()).unwrap().mean[0];
        assert!(shift.abs() < 0.1 && shift < 0.0, "{shift}");
    }

    #[test]
    fn no_strength_changes_nothing() {
        let wanted = LatentStats::of(&latents(4, 0.0, 1.0)).unwrap();
        let x = latents(4, 0.5, 0.8);
        let led = lead_back(&x, &wanted, 0.0).unwrap();
        let far = (led - x).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(far < 1e-6);
    }

    #[test]
    fn stored_statistics_read_back() {
        let stats = LatentStats::of(&latents(4, 0.3, 0.8)).unwrap();
        assert_eq!(LatentStats::from_tensor(&stats.to_tensor().unwrap()).unwrap(), stats);
    }

    #[test]
    fn only_windows_of_the_same_prompt_are_led_back() {
        let mark = |since, text: &str| PromptMark { since: GeneratedFrame(since), text: text.to_owned() };
        let (first, drifted) = (latents(8, 0.0, 1.0), latents(8, 0.5, 0.8));
        let (kept, reference) = guard(first.clone(), None, mark(4, "a"), 1.0).unwrap();
        let same = |a: &Tensor, b: &Tensor| {
            (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap() == 0.0
        };
        assert!(same(&kept, &first));
        let (led, after) = guard(drifted.clone(), Some(&reference), mark(4, "a"), 1.0).unwrap();
        assert!(!same(&led, &drifted) && after == reference);
        for other in [mark(5, "a"), mark(4, "b")] {
            let (left, after) = guard(drifted.clone(), Some(&reference), other.clone(), 1.0).unwrap();
            assert!(same(&left, &drifted));
            assert_eq!(after, DriftReference { of: other, stats: LatentStats::of(&drifted).unwrap() });
        }
    }
}
