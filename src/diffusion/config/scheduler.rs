//! `scheduler/scheduler_config.json`: how the model was trained to see noise, and how its makers sample it.

use super::{ConfigFile, read_json};
use crate::diffusion::sampling::sampler::Sampler;
use crate::diffusion::sampling::samplers::{Ddim, Euler, of_class};
use crate::error::Result;
use serde::Deserialize;
use std::path::Path;

/// How the noise variances of the training steps grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BetaSchedule {
    /// Betas evenly spaced.
    Linear,
    /// Square roots of the betas evenly spaced.
    ScaledLinear,
}

/// What the network's output means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prediction {
    /// The noise in the picture.
    Epsilon,
    /// The velocity, sqrt(alpha_bar) noise - sqrt(1 - alpha_bar) picture.
    Velocity,
}

/// Which of the training timesteps a schedule of few steps visits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// Ends of equal parts, the very last timestep included.
    Trailing,
    /// Beginnings of equal parts.
    Leading,
    /// Evenly from the first to the last timestep.
    Linspace,
}

/// The noise schedule that a model was trained on and the sampler that its makers propose.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerConfig {
    /// The class that the file names, as it is written there.
    pub class_name: String,
    /// The sampler for it; Euler for classes that are not built here.
    pub sampler: &'static dyn Sampler,
    /// Number of training timesteps, 2 to 100 000; 1000 in all known models.
    pub train_timesteps: usize,
    /// How betas grow.
    pub betas: BetaSchedule,
    /// First beta, in (0, 1).
    pub beta_start: f64,
    /// Last beta, in (0, 1), not below the first.
    pub beta_end: f64,
    /// What the network predicts.
    pub prediction: Prediction,
    /// Which timesteps are visited.
    pub spacing: Spacing,
    /// Added to the timesteps of leading spacing, 0 to 999.
    pub steps_offset: usize,
    /// Betas are rescaled so that the last training timestep is pure noise.
    pub zero_snr: bool,
    /// DDIM: the step after the last one has alpha_bar 1 rather than that of timestep 0.
    pub set_alpha_to_one: bool,
    /// DDIM: the predicted picture is held to plus or minus this; none leaves it as it is.
    pub clip_sample: Option<f64>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "_class_name", default)]
    class_name: String,
    num_train_timesteps: Option<usize>,
    beta_schedule: Option<String>,
    beta_start: Option<f64>,
    beta_end: Option<f64>,
    trained_betas: Option<Vec<f64>>,
    prediction_type: Option<String>,
    timestep_spacing: Option<String>,
    steps_offset: Option<usize>,
    rescale_betas_zero_snr: Option<bool>,
    set_alpha_to_one: Option<bool>,
    clip_sample: Option<bool>,
    clip_sample_range: Option<f64>,
    thresholding: Option<bool>,
    use_karras_sigmas: Option<bool>,
}

impl SchedulerConfig {
    /// Reads `scheduler_config.json`. Settings that are absent have diffusers' defaults for the class.
    pub fn read(path: &Path) -> Result<Self> {
        let raw: Raw = read_json(path)?;
        let source = ConfigFile(path);
        source.refuse("trained_betas", raw.trained_betas.is_some(), "beta_start and beta_end are needed")?;
        source.refuse("thresholding", raw.thresholding == Some(true), "set it to false")?;
        source.refuse("use_karras_sigmas", raw.use_karras_sigmas == Some(true), "set it to false")?;
        let sampler = of_class(&raw.class_name).unwrap_or(&Euler);
        let ddim = raw.class_name == Ddim.class();
        let beta_start = source.within("beta_start", raw.beta_start.unwrap_or(1e-4), 1e-9..=0.999)?;
        let default_spacing = if ddim { "leading" } else { "linspace" };
        let clip = raw.clip_sample.unwrap_or(true) && ddim;
        Ok(SchedulerConfig {
            sampler,
            train_timesteps: source.within(
                "num_train_timesteps",
                raw.num_train_timesteps.unwrap_or(1000),
                2..=100_000,
            )?,
            betas: source.choice(
                "beta_schedule",
                raw.beta_schedule.as_deref().unwrap_or("linear"),
                &[("linear", BetaSchedule::Linear), ("scaled_linear", BetaSchedule::ScaledLinear)],
            )?,
            beta_start,
            beta_end: source.within("beta_end", raw.beta_end.unwrap_or(0.02), beta_start..=0.999)?,
            prediction: prediction(&source, raw.prediction_type.as_deref())?,
            spacing: source.choice(
                "timestep_spacing",
                raw.timestep_spacing.as_deref().unwrap_or(default_spacing),
                &[
                    ("trailing", Spacing::Trailing),
                    ("leading", Spacing::Leading),
                    ("linspace", Spacing::Linspace),
                ],
            )?,
            steps_offset: source.within("steps_offset", raw.steps_offset.unwrap_or(0), 0..=999)?,
            zero_snr: raw.rescale_betas_zero_snr.unwrap_or(false),
            set_alpha_to_one: raw.set_alpha_to_one.unwrap_or(true),
            clip_sample: clip
                .then(|| source.within("clip_sample_range", raw.clip_sample_range.unwrap_or(1.0), 1e-3..=1e3))
                .transpose()?,
            class_name: raw.class_name,
        })
    }
}

/// What a checkpoint's settings say about the checkpoint itself, whatever sampler they propose.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckpointScheduler {
    /// What the network predicts.
    pub prediction: Prediction,
    /// It was trained with betas whose last timestep is pure noise.
    pub zero_snr: bool,
    /// DDIM: the step after the last one has alpha_bar 1 rather than that of timestep 0.
    pub set_alpha_to_one: bool,
}

impl CheckpointScheduler {
    /// Reads `scheduler_config.json` of any class; without one the network predicts noise, as those of SD 1.5 do.
    ///
    /// # Errors
    /// Model: the file is damaged, or predicts something else than noise or velocity.
    pub fn read(path: &Path) -> Result<Self> {
        #[derive(Default, Deserialize)]
        struct Raw {
            prediction_type: Option<String>,
            rescale_betas_zero_snr: Option<bool>,
            set_alpha_to_one: Option<bool>,
        }
        let raw: Raw = if path.is_file() { read_json(path)? } else { Raw::default() };
        Ok(CheckpointScheduler {
            prediction: prediction(&ConfigFile(path), raw.prediction_type.as_deref())?,
            zero_snr: raw.rescale_betas_zero_snr.unwrap_or(false),
            set_alpha_to_one: raw.set_alpha_to_one.unwrap_or(true),
        })
    }
}

fn prediction(source: &ConfigFile<'_>, name: Option<&str>) -> Result<Prediction> {
    source.choice(
        "prediction_type",
        name.unwrap_or("epsilon"),
        &[("epsilon", Prediction::Epsilon), ("v_prediction", Prediction::Velocity)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SchedulerConfig> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scheduler_config.json");
        std::fs::write(&path, text).unwrap();
        SchedulerConfig::read(&path)
    }

    #[test]
    fn absent_settings_have_the_defaults_of_the_class() {
        let euler = read(r#"{"_class_name": "EulerDiscreteScheduler"}"#).unwrap();
        assert_eq!((euler.sampler.name(), euler.spacing), ("euler", Spacing::Linspace));
        assert_eq!((euler.beta_start, euler.beta_end, euler.clip_sample), (1e-4, 0.02, None));
        let ddim = read(r#"{"_class_name": "DDIMScheduler"}"#).unwrap();
        assert_eq!((ddim.sampler.name(), ddim.spacing), ("ddim", Spacing::Leading));
        assert_eq!((ddim.set_alpha_to_one, ddim.clip_sample), (true, Some(1.0)));
    }

    #[test]
    fn settings_out_of_range_or_unknown_are_refused_by_name() {
        for (text, word) in [
            (r#"{"num_train_timesteps": 0}"#, "num_train_timesteps"),
            (r#"{"beta_start": 0.5, "beta_end": 0.1}"#, "beta_end"),
            (r#"{"beta_schedule": "squaredcos_cap_v2"}"#, "squaredcos_cap_v2"),
            (r#"{"trained_betas": [0.1]}"#, "trained_betas"),
            (r#"{"beta_start": "#, "understood"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
