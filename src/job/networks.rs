//! The networks that a job asks for.

use super::models;
use super::options::{JobOptions, ModelOptions};
use super::project_folder::Folder;
use crate::diffusion::Tier;
use crate::error::Result;
use crate::score::Project;
use std::path::PathBuf;

/// The networks that `options` ask for, and where they say nothing, the program's own.
pub(super) fn model(options: &JobOptions, tier: Option<Tier>) -> ModelOptions {
    let usual = ModelOptions::default();
    ModelOptions {
        folder: options.model.clone(),
        motion: options.motion.clone(),
        vae: options.vae.clone(),
        upscale: options.upscale.clone(),
        interpolator: options.interpolator.clone(),
        clip_skip: options.clip_skip,
        loras: Vec::new(),
        controls: Vec::new(),
        tier: tier.unwrap_or(usual.tier),
        steps: options.steps,
        force_steps: options.force_steps,
        generate: options.generate,
        overlap: options.overlap.unwrap_or(usual.overlap),
        device: options.device.clone().unwrap_or(usual.device),
        precision: options.precision,
        low_memory: options.low_memory,
        shared_weights: options.shared_weights,
    }
}

/// The networks that `options` ask for, and where they say nothing, the project's.
pub(super) fn model_of_project(
    options: &JobOptions,
    project: &Project,
    folder: &Folder,
) -> Result<ModelOptions> {
    let mut model = model(options, options.tier.or(project.tier.as_deref().and_then(Tier::find)));
    if model.folder.is_none() {
        let own = project.model.as_deref().filter(|m| *m != models::SHIPPED);
        model.folder = own.map(|path| folder.inside(path)).transpose()?;
    }
    if model.motion.is_none() {
        model.motion = project.motion.as_deref().map(|path| folder.inside(path)).transpose()?;
    }
    if model.vae.is_none() {
        model.vae = project.vae.as_deref().map(|path| folder.inside(path)).transpose()?;
    }
    // A file of the project, or else a name.
    let named = |asked: &String| {
        let own = folder.inside(asked)?;
        Ok(if own.exists() { own } else { PathBuf::from(asked) })
    };
    if model.upscale.is_none() {
        model.upscale = project.upscale.as_ref().map(named).transpose()?;
    }
    if model.interpolator.is_none() {
        model.interpolator = project.interpolator.as_ref().map(named).transpose()?;
    }
    model.clip_skip = model.clip_skip.or(project.clip_skip);
    model.steps = model.steps.or(project.steps);
    model.generate = model.generate.or(project.generate);
    model.overlap = options.overlap.or(project.overlap).unwrap_or(model.overlap);
    Ok(model)
}
