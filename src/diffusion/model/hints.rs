//! Model hints, what a model was made for: `spark.json` or any `beatbolt.json` beside the parts, else what is usual for its kind.

use super::tier::Tier;
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use crate::units::FrameRate;
use serde::Deserialize;
use std::path::Path;

/// Hints are a few lines.
const MAX_BYTES: u64 = 1 << 16;

/// The largest motion scale that a model is given for the sake of a slow frame rate.
pub const MOST_SCALE: f32 = 2.0;

/// The setting in which a model is at its best.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelHints {
    /// Width of the picture in pixels.
    pub width: usize,
    /// Height of the picture in pixels.
    pub height: usize,
    /// Frames a second of the footage that it was trained on.
    pub fps: u32,
    /// Denoising steps.
    pub steps: usize,
    /// Denoising steps where time does not matter; none: twice as many as `steps`.
    pub final_steps: Option<usize>,
    /// Frames in a window.
    pub frames: usize,
    /// Guidance of the standard motion module where nobody says otherwise; distilled modules want 1, which is none.
    pub guidance: f32,
    /// The noise (σ) under which it was trained to see the settled frames that a window begins with; none: it
    /// knows frames at the window's own noise only.
    pub pin_noise: Option<f64>,
    /// The motion scale at which nothing moves; speeds grow with what is above it.
    pub still: f32,
    /// How much of what its autoencoder loses of a source is given back, where nobody says otherwise: 0 where that is little.
    pub source_detail: f32,
}

impl Default for ModelHints {
    /// AnimateDiff-Lightning with 4 steps on a Stable Diffusion 1.5 model.
    fn default() -> Self {
        ModelHints {
            width: 512,
            height: 512,
            fps: 8,
            steps: 4,
            final_steps: None,
            frames: 16,
            guidance: 1.0,
            pin_noise: None,
            still: 0.0,
            source_detail: 0.0,
        }
    }
}

impl ModelHints {
    /// Reads the hints of the model in `folder`, whose latents are `downscale` pixels wide; none where it has none.
    pub fn read(folder: &Path, downscale: usize) -> Result<Option<Self>> {
        let names = ["spark.json", "beatbolt.json"].map(|name| folder.join(name));
        let Some(path) = names.iter().find(|p| p.is_file()) else { return Ok(None) };
        let unclear = || Error::model(format!("{} can't be understood", path.display()));
        let text = bounded_read::text(path, MAX_BYTES).context(unclear)?;
        let native: ModelHints = serde_json::from_str(&text).context(unclear)?;
        let ModelHints {
            width,
            height,
            fps,
            steps,
            final_steps,
            frames,
            guidance,
            pin_noise,
            still,
            source_detail,
        } = native;
        let sides_fit = [width, height].iter().all(|s| (8..=8192).contains(s) && s % downscale == 0);
        let rest_fits = (1..=240).contains(&fps)
            && [steps, final_steps.unwrap_or(steps)].iter().all(|n| (1..=1000).contains(n))
            && (1..=1024).contains(&frames)
            && (1.0..=15.0).contains(&guidance)
            && (0.0..1.0).contains(&still)
            && (0.0..=1.0).contains(&source_detail)
            && pin_noise.is_none_or(|sigma| (0.0..=10.0).contains(&sigma));
        if !(sides_fit && rest_fits) {
            return Err(unclear().because(format!("{native:?} makes no sense")));
        }
        Ok(Some(native))
    }

    /// How fast a frame of this motion scale is to move, against others; 0 or more.
    pub fn speed(&self, scale: f32) -> f32 {
        ((scale - self.still) / (1.0 - self.still)).max(0.0)
    }

    /// The motion scale of frames that move at this [speed](Self::speed), above 0.
    pub fn scale_of(&self, speed: f32) -> f32 {
        self.still + speed * (1.0 - self.still)
    }

    /// The motion scale with which a frame shown for 1/`fps` of a second moves as far as `scale` asks for, which speaks of frames at
    /// the model's own rate: speed belongs to seconds. At most 2: slow rates ask for more than a model can move.
    pub fn scale_at(&self, scale: f32, fps: FrameRate) -> f32 {
        let own = f64::from(self.fps);
        if scale <= self.still || fps.per_second() == own {
            return scale;
        }
        let share = (own / fps.per_second()) as f32;
        (self.still + (scale - self.still) * share).min(scale.max(MOST_SCALE))
    }

    /// Denoising steps a window: those that were asked for, or those of the tier.
    pub fn steps(&self, tier: Tier, steps: Option<usize>) -> usize {
        steps.unwrap_or(match tier {
            Tier::Draft => self.steps.min(2),
            Tier::Develop => self.steps,
            Tier::Final => self.final_steps.unwrap_or(2 * self.steps),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_in_a_second_is_the_same_at_every_rate() {
        let spark = ModelHints { fps: 12, still: 0.45, ..ModelHints::default() };
        for scale in [0.5f32, 0.8, 1.0, 1.5] {
            for (num, den) in [(12, 1), (24, 1), (25, 1), (30_000, 1001), (60, 1), (10, 1)] {
                let fps = FrameRate::new(num, den).unwrap();
                let second = fps.per_second() * f64::from(spark.speed(spark.scale_at(scale, fps)));
                assert!((second - 12.0 * f64::from(spark.speed(scale))).abs() < 1e-5, "{scale} at {fps}");
            }
        }
        let rate = |fps| FrameRate::new(fps, 1).unwrap();
        // What stands still stands still at any rate, the model's own leaves every bit, and no model moves as fast as one likes.
        assert_eq!(spark.scale_at(0.3, rate(60)), 0.3);
        assert_eq!(spark.scale_at(1.234_567, rate(12)), 1.234_567);
        assert_eq!(spark.scale_at(1.8, rate(4)), MOST_SCALE);
    }
}
