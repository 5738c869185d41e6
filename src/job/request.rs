//! Requests: what was asked for and what a preset or a project says, put together. What is to be shown, on which track, with what.

use super::hearing::Hearing;
use super::options::{JobOptions, ModelOptions, Stretch, video_size};
use super::project_folder::Folder;
use super::record::{Origin, PresetRecord, ProjectRecord};
use super::{models, presets, project_folder};
use crate::diffusion::Tier;
use crate::error::{Error, Result};
use crate::score::{DEFAULT, Overrides, PLAIN, Preset, Project, Show, Slots};
use crate::units::{FrameRate, Size};
use crate::video::{Audio, Profile};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What is to be shown.
pub struct Request {
    /// The sound.
    pub track: PathBuf,
    /// Looks, parts, prompts and cuts.
    pub show: Show,
    /// Whether the director chooses what holds where no part of the show says otherwise.
    pub directed: bool,
    /// What was typed on top of it.
    pub overrides: Overrides,
    /// Size of the video.
    pub size: Size,
    /// Frames a second; none: the model's own.
    pub fps: Option<FrameRate>,
    /// What all noise depends on.
    pub seed: u64,
    /// The frames wanted.
    pub stretch: Stretch,
    /// How to listen, and what is known better.
    pub hearing: Hearing,
    /// What of it was typed, see [`Hearing::typed`].
    pub hearing_typed: Vec<(String, String)>,
    /// The networks.
    pub model: ModelOptions,
    /// Where the looks came from, for the finished file.
    pub origin: Origin,
    /// The project's folder; none: it is no project.
    pub folder: Option<PathBuf>,
    /// Where the video goes, as the project says.
    pub output: Option<PathBuf>,
    /// What it is written as, as the project says.
    pub profile: Option<Profile>,
    /// How its sound goes in, as the project says.
    pub audio: Option<Audio>,
}

impl Request {
    /// What `options` ask for.
    ///
    /// # Errors
    /// Usage or Input: a preset, a project or a value can't be meant.
    pub fn read(options: &JobOptions) -> Result<Self> {
        match is_project(&options.input) {
            true => Self::of_project(options, project_folder::load(&options.input)?),
            false => match options.preset.as_deref().unwrap_or(DEFAULT) {
                DEFAULT => Self::directed(options),
                preset => Self::of_preset(options, presets::load(preset)?),
            },
        }
    }

    /// What `options` ask for of a track that the director shows.
    fn directed(options: &JobOptions) -> Result<Self> {
        let request = Self::of_preset(options, presets::load(PLAIN)?)?;
        Ok(Request { directed: true, ..request })
    }

    /// What `options` ask for of a track, with a preset that was read before, and its text.
    ///
    /// # Errors
    /// Usage: a value can't be meant.
    pub fn of_preset(options: &JobOptions, (preset, text): (Preset, String)) -> Result<Self> {
        let model = model(options, options.tier);
        let origin = Origin::Preset(PresetRecord { name: preset.name.clone(), toml: text });
        Ok(Request {
            track: options.input.clone(),
            overrides: overrides(options, &preset.slots)?,
            show: Show::of(preset),
            directed: false,
            size: options.size.unwrap_or_else(|| video_size(model.tier)),
            fps: options.fps,
            seed: options.seed.unwrap_or(1),
            stretch: options.stretch,
            hearing: options.hearing.clone(),
            hearing_typed: options.hearing.typed(),
            model,
            origin,
            folder: None,
            output: None,
            profile: None,
            audio: None,
        })
    }

    /// What `options` ask for of a project that was read before.
    ///
    /// # Errors
    /// Usage or Input: a value or a path can't be meant.
    pub fn of_project(options: &JobOptions, (project, folder): (Project, Folder)) -> Result<Self> {
        if let Some(preset) = &options.preset {
            return Err(Error::usage(format!(
                "a project names its presets itself, not with --preset {preset}"
            ))
            .hint(format!("write preset = \"{preset}\" in {}", options.input.display())));
        }
        let model = model_of_project(options, &project, &folder)?;
        let name = options.input.file_name().map(OsStr::to_string_lossy).map(String::from);
        let hearing = options.hearing.clone().over(&project.hearing, |path| folder.inside(path))?;
        Ok(Request {
            track: folder.inside(&project.track)?,
            overrides: overrides(options, &project.show.slots(&[]))?,
            size: options.size.or(project.size).unwrap_or_else(|| video_size(model.tier)),
            fps: options.fps.or(project.fps),
            seed: options.seed.or(project.seed).unwrap_or(1),
            stretch: options.stretch,
            hearing,
            hearing_typed: options.hearing.typed(),
            model,
            origin: Origin::Project(ProjectRecord { name, files: project.files }),
            output: project.output.as_deref().map(|path| folder.place(path)).transpose()?,
            profile: project.profile.as_deref().map(Profile::find).transpose()?,
            audio: project.audio.as_deref().map(Audio::find).transpose()?,
            folder: Some(folder.path().to_owned()),
            show: project.show,
            directed: project.directed,
        })
    }
}

/// Whether this is a project and no track.
pub fn is_project(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"))
}

/// What was typed over presets and project of a job with these slots.
fn overrides(options: &JobOptions, slots: &Slots) -> Result<Overrides> {
    let set = options.set.iter().map(|text| slots.setting(text)).collect::<Result<_>>()?;
    Ok(Overrides { set, prompt: options.prompt.clone(), negative: options.negative.clone() })
}

/// The networks that `options` ask for, and where they say nothing, the program's own.
fn model(options: &JobOptions, tier: Option<Tier>) -> ModelOptions {
    let usual = ModelOptions::default();
    ModelOptions {
        folder: options.model.clone(),
        motion: options.motion.clone(),
        vae: options.vae.clone(),
        clip_skip: options.clip_skip,
        tier: tier.unwrap_or(usual.tier),
        steps: options.steps,
        force_steps: options.force_steps,
        generate: options.generate,
        overlap: options.overlap.unwrap_or(usual.overlap),
        device: options.device.clone().unwrap_or(usual.device),
        precision: options.precision,
    }
}

/// The networks that `options` ask for, and where they say nothing, the project's.
fn model_of_project(options: &JobOptions, project: &Project, folder: &Folder) -> Result<ModelOptions> {
    let mut model = model(options, options.tier.or(project.tier.as_deref().and_then(Tier::find)));
    if model.folder.is_none() {
        let own = project.model.as_deref().filter(|m| *m != models::SHIPPED);
        model.folder = own.map(|path| folder.inside(path)).transpose()?;
    }
    if model.motion.is_none() {
        model.motion = project.motion.as_deref().map(|path| folder.inside(path)).transpose()?;
    }
    model.steps = model.steps.or(project.steps);
    model.generate = model.generate.or(project.generate);
    model.overlap = options.overlap.or(project.overlap).unwrap_or(model.overlap);
    Ok(model)
}
