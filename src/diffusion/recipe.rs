//! Recipes: how each family of motion modules is sampled.
//!
//! A motion module was trained, or distilled, on one noise schedule, and makes mud on any other. So a recipe wins over the
//! checkpoint's `scheduler_config.json`, which is about single pictures; only what the checkpoint alone knows is kept: what it
//! predicts. The rows are those of the modules' cards, and the grids those of diffusers' schedulers with the arguments that stand there.
//!
//! Tensors tell v1, v2 and v3 apart. AnimateDiff-Lightning has the tensors of v2: only its file's name tells.

use super::config::{BetaSchedule, CheckpointScheduler, FoundMotion, NormSpan, SchedulerConfig, Spacing};
use super::model::tier::Tier;
use super::sampling::sampler::Sampler;
use super::sampling::samplers::{Ddim, Euler, Lcm};

/// How a family of motion modules is sampled, and what it was made for.
#[derive(Debug, PartialEq)]
pub struct Recipe {
    /// What the family is called.
    pub family: &'static str,
    /// The rule that steps from one noise level to the next.
    pub sampler: &'static dyn Sampler,
    /// Which timesteps are visited.
    pub spacing: Spacing,
    /// Steps of the tiers draft, develop and final.
    pub steps: [usize; 3],
    /// The only numbers of steps that it was made for; empty: any.
    pub made_for: &'static [usize],
    /// Guidance where nobody says otherwise; 1 is none.
    pub guidance: f32,
    /// Guidance beyond which pictures burn.
    pub most_guidance: f32,
    /// Frames that the UNet's group norms take their statistics over: the first modules were trained with a window's.
    pub unet_norm: NormSpan,
}

/// Betas of all motion modules for SD 1.5, evenly spaced from the first to the second ("linear" in diffusers, "sqrt_linear" in ComfyUI).
pub const BETAS: (f64, f64) = (0.00085, 0.012);
/// Frames in a window that all of them were trained on.
pub const FRAMES: usize = 16;
/// Frames a second of the footage.
pub const FPS: u32 = 8;
/// Width and height of the pictures, in pixels.
pub const SIDE: usize = 512;

/// AnimateDiff-Lightning's card: Euler, trailing, linear betas, no guidance, as many steps as the file is for; 3 with that for 2.
const fn lightning(family: &'static str, steps: usize, made_for: &'static [usize]) -> Recipe {
    Recipe {
        family,
        sampler: &Euler,
        spacing: Spacing::Trailing,
        steps: [steps; 3],
        made_for,
        guidance: 1.0,
        most_guidance: 2.0,
        unet_norm: NormSpan::Frame,
    }
}

/// The cards of AnimateDiff's own modules: DDIM, linspace, linear betas, guidance 7.5, 25 steps.
const fn standard(family: &'static str, unet_norm: NormSpan) -> Recipe {
    Recipe {
        family,
        sampler: &Ddim,
        spacing: Spacing::Linspace,
        steps: [10, 25, 40],
        made_for: &[],
        guidance: 7.5,
        most_guidance: 12.0,
        unet_norm,
    }
}

/// AnimateDiff-Lightning, a row for each file.
pub const LIGHTNING: [Recipe; 4] = [
    lightning("AnimateDiff-Lightning, 1 step", 1, &[1]),
    lightning("AnimateDiff-Lightning, 2 steps", 2, &[2, 3]),
    lightning("AnimateDiff-Lightning, 4 steps", 4, &[4]),
    lightning("AnimateDiff-Lightning, 8 steps", 8, &[8]),
];
/// AnimateDiff v1 (`mm_sd_v14`, `mm_sd_v15`): no middle block, 24 positions.
pub const V1: Recipe = standard("AnimateDiff v1", NormSpan::Window);
/// AnimateDiff v2 (`mm_sd_v15_v2`): with a middle block.
pub const V2: Recipe = standard("AnimateDiff v2", NormSpan::Frame);
/// AnimateDiff v3 (`v3_sd15_mm`): no middle block, 32 positions.
pub const V3: Recipe = standard("AnimateDiff v3", NormSpan::Frame);
/// AnimateLCM's card: LCM, 6 steps, guidance 2. It has a grid of its own, and no positional codes in its file.
pub const LCM: Recipe = Recipe {
    family: "AnimateLCM",
    sampler: &Lcm,
    // Not heeded by LCM.
    spacing: Spacing::Trailing,
    steps: [4, 6, 8],
    made_for: &[],
    guidance: 2.0,
    most_guidance: 2.5,
    unet_norm: NormSpan::Frame,
};

impl Recipe {
    /// Denoising steps of a tier.
    pub fn steps(&self, tier: Tier) -> usize {
        self.steps[tier as usize]
    }

    /// The schedule for a checkpoint, of whose own only what it predicts is kept, and what belongs to that.
    pub fn scheduler(&self, checkpoint: &CheckpointScheduler) -> SchedulerConfig {
        SchedulerConfig {
            class_name: String::new(),
            sampler: self.sampler,
            train_timesteps: 1000,
            betas: BetaSchedule::Linear,
            beta_start: BETAS.0,
            beta_end: BETAS.1,
            prediction: checkpoint.prediction,
            spacing: self.spacing,
            steps_offset: 0,
            zero_snr: checkpoint.zero_snr,
            set_alpha_to_one: checkpoint.set_alpha_to_one,
            clip_sample: None,
        }
    }
}

/// A recipe that was found for a motion module.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundRecipe {
    /// The row.
    pub recipe: &'static Recipe,
    /// What could not be told, and what it was taken for; none where all was plain.
    pub doubt: Option<String>,
}

/// The recipe for a motion module with these tensors, in a file or folder of this name.
pub fn find(found: &FoundMotion, name: &str) -> FoundRecipe {
    let lower = name.to_lowercase();
    let sure = |recipe| FoundRecipe { recipe, doubt: None };
    let doubtful = |recipe: &'static Recipe, what: &str| FoundRecipe {
        recipe,
        doubt: Some(format!("{what}; taken for {}", recipe.family)),
    };
    if lower.contains("lcm") || found.original && found.positions.is_none() {
        return sure(&LCM);
    }
    if !found.mid {
        let recipe = if found.positions == Some(24) { &V1 } else { &V3 };
        return match lower.contains("lightning") {
            true => doubtful(recipe, "it is called Lightning, but has no middle block"),
            false => sure(recipe),
        };
    }
    if lower.contains("lightning") {
        let steps = steps_of(&lower);
        return match LIGHTNING.iter().find(|row| steps == Some(row.steps[0])) {
            Some(recipe) => sure(recipe),
            None => doubtful(&LIGHTNING[2], "its name doesn't tell for how many steps it is (1, 2, 4 or 8)"),
        };
    }
    if ["v2", "1-5-2", "15_2"].iter().any(|mark| lower.contains(mark)) {
        return sure(&V2);
    }
    doubtful(
        &V2,
        "its tensors are those of AnimateDiff v2 and of AnimateDiff-Lightning, and its name doesn't tell which it is",
    )
}

/// The number before `step` in a file's name: 4 of `animatediff_lightning_4step`.
fn steps_of(name: &str) -> Option<usize> {
    let before = name[..name.find("step")?].trim_end_matches(['-', '_', ' ']);
    let digits = before.len() - before.bytes().rev().take_while(u8::is_ascii_digit).count();
    before[digits..].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(mid: bool, positions: Option<usize>) -> FoundMotion {
        FoundMotion { mid, positions, original: true, ..FoundMotion::default() }
    }

    #[test]
    fn recipes_are_told_by_tensors_and_names() {
        let (v2, v3, v1) = (found(true, Some(32)), found(false, Some(32)), found(false, Some(24)));
        for (module, name, family, doubt) in [
            (&v2, "animatediff_lightning_4step_comfyui.safetensors", "AnimateDiff-Lightning, 4 steps", ""),
            (&v2, "AnimateDiff_Lightning_1step_diffusers.safetensors", "AnimateDiff-Lightning, 1 step", ""),
            (&v2, "lightning-2_step.safetensors", "AnimateDiff-Lightning, 2 steps", ""),
            (&v2, "animatediff_lightning_8step", "AnimateDiff-Lightning, 8 steps", ""),
            (&v2, "lightning_6step.safetensors", "AnimateDiff-Lightning, 4 steps", "how many steps"),
            (&v2, "lightning.safetensors", "AnimateDiff-Lightning, 4 steps", "how many steps"),
            (&v2, "mm.safetensors", "AnimateDiff v2", "doesn't tell which"),
            (&v2, "mm_sd_v15_v2.ckpt", "AnimateDiff v2", ""),
            (&v2, "animatediff-motion-adapter-v1-5-2", "AnimateDiff v2", ""),
            (&v3, "v3_sd15_mm.ckpt", "AnimateDiff v3", ""),
            (&v3, "whatever.safetensors", "AnimateDiff v3", ""),
            (&v1, "mm_sd_v15.ckpt", "AnimateDiff v1", ""),
            (&v3, "lightning_4step.safetensors", "AnimateDiff v3", "no middle block"),
            (&found(true, None), "mm.safetensors", "AnimateLCM", ""),
            (&v2, "AnimateLCM_sd15_t2v.ckpt", "AnimateLCM", ""),
        ] {
            let it = find(module, name);
            assert_eq!(it.recipe.family, family, "{name}");
            match (&it.doubt, doubt) {
                (None, "") => {}
                (Some(found), wanted) => {
                    assert!(!wanted.is_empty() && found.contains(wanted), "{name}: {found}")
                }
                (None, _) => panic!("{name}: no doubt"),
            }
        }
    }
}
