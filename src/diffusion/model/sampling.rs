//! Sampling: how a model's windows are sampled, and who says so: the person, the motion module's recipe, or the model's own settings.

use super::hints::ModelHints;
use super::spec::ModelSpec;
use crate::diffusion::config::{
    BetaSchedule, CheckpointScheduler, NormSpan, Prediction, SchedulerConfig, Spacing,
};
use crate::diffusion::recipe::{self, Recipe};
use crate::diffusion::sampling::samplers::of_class;
use crate::diffusion::sampling::schedule::Schedule;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Sampling of a model, with the origin of every part.
#[derive(Clone, Debug)]
pub struct Sampling {
    /// What the motion modules are called.
    pub family: String,
    /// Noise schedule, sampler and prediction.
    pub scheduler: SchedulerConfig,
    /// Denoising steps a window.
    pub steps: usize,
    /// The only numbers of steps that the module was made for; empty: any.
    pub made_for: Vec<usize>,
    /// Guidance where nobody says otherwise; 1 is none.
    pub guidance: f32,
    /// Guidance beyond which pictures burn.
    pub most_guidance: f32,
    /// Frames that the UNet's group norms take their statistics over.
    pub unet_norm: NormSpan,
    /// Where all that comes from.
    pub from: Origins,
}

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The person, on the command line or in a project.
    User,
    /// The preset.
    Preset,
    /// The recipe of the motion module's family.
    MotionModule,
    /// The model's own settings: its scheduler, made for its own motion modules, and its hints.
    Model,
    /// What the checkpoint predicts.
    Checkpoint,
}

/// Where each part of a [`Sampling`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origins {
    /// Sampler, spacing and betas.
    pub scheduler: Origin,
    /// What the network predicts.
    pub prediction: Origin,
    /// The number of steps.
    pub steps: Origin,
    /// The guidance where no preset says otherwise.
    pub guidance: Origin,
}

/// A [`Sampling`] as it is told: in plans, and in the record of a video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplingRecord {
    /// What the motion modules are called.
    pub family: String,
    /// The sampler's name, like `euler`.
    pub sampler: String,
    /// `epsilon` or `v_prediction`.
    pub prediction: String,
    /// Denoising steps a window.
    pub steps: usize,
    /// The timestep of every step, noisiest first.
    pub timesteps: Vec<f64>,
    /// Its noise over its signal.
    pub sigmas: Vec<f64>,
    /// Guidance where the first window begins.
    pub guidance: f32,
    /// Where all that comes from.
    pub from: Origins,
}

impl Sampling {
    /// What is told of it, with the `guidance` that is used and where that comes from.
    ///
    /// # Errors
    /// Usage: so many steps can't be made.
    pub fn record(&self, (guidance, origin): (f32, Origin)) -> Result<SamplingRecord> {
        let levels = self.schedule()?.strides(1.0);
        let prediction = match self.scheduler.prediction {
            Prediction::Epsilon => "epsilon",
            Prediction::Velocity => "v_prediction",
        };
        Ok(SamplingRecord {
            family: self.family.clone(),
            sampler: self.scheduler.sampler.name().to_owned(),
            prediction: prediction.to_owned(),
            steps: self.steps,
            timesteps: levels.iter().map(|s| s.from.t).collect(),
            // Without signal there is no ratio; JSON has no word for infinity.
            sigmas: levels.iter().map(|s| s.from.noise / s.from.signal.max(f64::MIN_POSITIVE)).collect(),
            guidance,
            from: Origins { guidance: origin, ..self.from },
        })
    }

    /// As the motion module's `recipe` has it; only what the checkpoint predicts is kept of its own settings.
    ///
    /// # Errors
    /// Usage: the module isn't made for the steps that were asked for.
    pub(super) fn of_recipe(
        spec: &ModelSpec,
        recipe: &Recipe,
        checkpoint: &CheckpointScheduler,
    ) -> Result<Self> {
        check_steps(spec, recipe)?;
        let (steps, from) = chosen(spec, recipe.steps(spec.tier), Origin::MotionModule);
        Ok(Sampling {
            family: recipe.family.to_owned(),
            scheduler: recipe.scheduler(checkpoint),
            steps,
            made_for: recipe.made_for.to_vec(),
            guidance: recipe.guidance,
            most_guidance: recipe.most_guidance,
            unet_norm: recipe.unet_norm,
            from: Origins { prediction: Origin::Checkpoint, ..from },
        })
    }

    /// As a model with hints has it, which comes with motion modules of its own and the scheduler that they were trained on; a
    /// `distilled` one has guidance in it.
    pub(super) fn of_hints(
        spec: &ModelSpec,
        hints: &ModelHints,
        distilled: bool,
        scheduler: &Path,
    ) -> Result<Self> {
        let (steps, from) = chosen(spec, hints.steps(spec.tier, None), Origin::Model);
        let guided = !distilled && hints.guidance > 1.0;
        Ok(Sampling {
            family: "the model's own".to_owned(),
            scheduler: SchedulerConfig::read(scheduler)?,
            steps,
            made_for: if distilled { vec![steps] } else { Vec::new() },
            guidance: if distilled { 1.0 } else { hints.guidance },
            most_guidance: if guided { 12.0 } else { 2.0 },
            unet_norm: NormSpan::Frame,
            from,
        })
    }

    /// As a whole pipeline that was saved with its motion module has it: one whose scheduler has a motion module's betas, which no
    /// checkpoint for single pictures has. None where this isn't one. `unet_norm` is that of the module's family.
    pub(super) fn of_pipeline(spec: &ModelSpec, scheduler: &Path, unet_norm: NormSpan) -> Option<Self> {
        let config = SchedulerConfig::read(scheduler).ok()?;
        let known = of_class(&config.class_name).is_some();
        let betas = (config.betas, config.beta_start, config.beta_end);
        if !known || betas != (BetaSchedule::Linear, recipe::BETAS.0, recipe::BETAS.1) {
            return None;
        }
        let like = match (config.sampler.name(), config.spacing) {
            ("lcm", _) => &recipe::LCM,
            ("euler", Spacing::Trailing) => &recipe::LIGHTNING[2],
            _ => &recipe::V2,
        };
        let (steps, from) = chosen(spec, like.steps(spec.tier), Origin::Model);
        Some(Sampling {
            family: format!("a saved pipeline, sampled like {}", like.family),
            scheduler: config,
            steps,
            made_for: Vec::new(),
            guidance: like.guidance,
            most_guidance: like.most_guidance,
            unet_norm,
            from,
        })
    }

    /// The noise levels.
    ///
    /// # Errors
    /// Usage: so many steps can't be made.
    pub fn schedule(&self) -> Result<Schedule> {
        Schedule::new(&self.scheduler, self.steps)
    }

    /// What a model without hints is at its best with.
    pub(super) fn hints(&self) -> ModelHints {
        ModelHints {
            width: recipe::SIDE,
            height: recipe::SIDE,
            fps: recipe::FPS,
            frames: recipe::FRAMES,
            steps: self.steps,
            final_steps: None,
            guidance: self.guidance,
            pin_noise: None,
            source_detail: 0.0,
            still: 0.0,
        }
    }
}

/// The steps that were asked for, or the `usual` ones, and where everything else comes from.
fn chosen(spec: &ModelSpec, usual: usize, all: Origin) -> (usize, Origins) {
    let steps = if spec.steps.is_some() { Origin::User } else { all };
    let from = Origins { scheduler: all, prediction: all, steps, guidance: all };
    (spec.steps.unwrap_or(usual), from)
}

/// Refuses steps that a distilled module wasn't made for.
fn check_steps(spec: &ModelSpec, recipe: &Recipe) -> Result<()> {
    let Some(steps) = spec.steps.filter(|_| !spec.force_steps && !recipe.made_for.is_empty()) else {
        return Ok(());
    };
    if recipe.made_for.contains(&steps) {
        return Ok(());
    }
    let own = recipe.steps[0];
    let other = match recipe::LIGHTNING.iter().any(|row| row.made_for.contains(&steps)) {
        true => format!("or take the module's file for {steps} steps"),
        false => format!("there is no file for {steps} steps: they are for 1, 2, 4 and 8"),
    };
    Err(Error::usage(format!("the motion module ({}) was not made for {steps} steps", recipe.family))
        .hint(format!("--steps {own}, or leave it out; {other}"))
        .hint("--force-steps takes them all the same"))
}
