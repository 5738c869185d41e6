//! What was typed and what a project says, put together: what is to be shown, on which track, with what.

use super::analyze::Hearing;
use super::args::{JobArgs, ModelArgs, OutputArgs, PrecisionArg, Tier};
use super::project::{self, Folder};
use super::{models, presets};
use crate::demux;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::score::{DEFAULT, Overrides, Preset, Project, Show, parse_set};
use crate::units::{FrameRate, Seconds, Size};
use crate::video::{Audio, Carriage, ContainerPlan, Profile, Wish, check_container};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Frames that a window shares with the one before, where nobody says otherwise.
const OVERLAP: usize = 4;

/// What is to be shown.
pub struct Request {
    /// The sound.
    pub track: PathBuf,
    /// Looks, parts, prompts and cuts.
    pub show: Show,
    /// What was typed on top of it.
    pub overrides: Overrides,
    /// How much work goes into every picture.
    pub tier: Tier,
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
    /// The networks.
    pub model: ModelChoice,
    /// Where it all came from, for the finished file.
    pub origin: Value,
    folder: Option<PathBuf>,
    output: Option<PathBuf>,
    profile: Option<Profile>,
    audio: Option<Audio>,
}

/// Where a video goes, and as what.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file.
    pub output: PathBuf,
    /// What the pictures are written as.
    pub profile: Profile,
    /// How the sound goes in, and what was asked for.
    pub sound: Carriage,
    /// See [`Self::sound`].
    pub audio: Option<Audio>,
    /// Whether a video of other settings that is there already may be replaced.
    pub overwrite: bool,
}

/// Which part of the track.
#[derive(Clone, Copy, Debug)]
pub enum Stretch {
    /// From the one time to the other; none: from its start, to its end.
    Times(Option<Seconds>, Option<Seconds>),
    /// The section of this number, from 1.
    Section(usize),
}

/// Which networks, and where they run.
#[derive(Clone, Debug)]
pub struct ModelChoice {
    /// A folder in diffusers' layout; none: the one that comes with the program.
    pub folder: Option<PathBuf>,
    /// A motion module's file.
    pub motion: Option<PathBuf>,
    /// Denoising steps a window; none: by the tier.
    pub steps: Option<usize>,
    /// Size at which pictures are generated; none: fits the model.
    pub generate: Option<Size>,
    /// Frames that a window shares with the one before.
    pub overlap: usize,
    /// Where to compute.
    pub device: String,
    /// What to compute in; none: what suits the device.
    pub precision: Option<PrecisionArg>,
}

impl Request {
    /// What `args` ask for.
    ///
    /// # Errors
    /// Usage or Input: a preset, a project or a value can't be meant.
    pub fn read(args: &JobArgs) -> Result<Self> {
        match is_project(&args.target) {
            true => Self::of_project(args, project::load(&args.target)?),
            false => Self::of_preset(args, presets::load(args.preset.as_deref().unwrap_or(DEFAULT))?),
        }
    }

    /// What `args` ask for of a track, with a preset that was read before, and its text.
    ///
    /// # Errors
    /// Usage: a value can't be meant.
    pub fn of_preset(args: &JobArgs, (preset, text): (Preset, String)) -> Result<Self> {
        let tier = args.tier.unwrap_or(Tier::Develop);
        let hearing = Hearing::from(args.hearing.clone());
        let origin = json!({ "preset": { "name": preset.name, "toml": text }, "hearing": hearing.typed() });
        Ok(Request {
            track: args.target.clone(),
            show: Show::of(preset),
            overrides: overrides(args)?,
            tier,
            size: args.size.unwrap_or_else(|| tier.size()),
            fps: args.fps,
            seed: args.seed.unwrap_or(1),
            stretch: stretch(args),
            hearing,
            model: model(&args.model, None, None),
            origin,
            folder: None,
            output: None,
            profile: None,
            audio: None,
        })
    }

    /// What `args` ask for of a project that was read before.
    ///
    /// # Errors
    /// Usage or Input: a value or a path can't be meant.
    pub fn of_project(args: &JobArgs, (project, folder): (Project, Folder)) -> Result<Self> {
        if let Some(preset) = &args.preset {
            return Err(Error::usage(format!(
                "a project names its presets itself, not with --preset {preset}"
            ))
            .hint(format!("write preset = \"{preset}\" in {}", args.target.display())));
        }
        let tier = args.tier.or(project.tier.as_deref().and_then(Tier::find)).unwrap_or(Tier::Develop);
        let name = args.target.file_name().map(OsStr::to_string_lossy);
        let mut model = model(&args.model, project.steps, project.overlap);
        if model.folder.is_none() {
            let own = project.model.as_deref().filter(|m| *m != models::SHIPPED);
            model.folder = own.map(|path| folder.inside(path)).transpose()?;
        }
        if model.motion.is_none() {
            model.motion = project.motion.as_deref().map(|path| folder.inside(path)).transpose()?;
        }
        model.generate = model.generate.or(project.generate);
        let hearing = Hearing::from(args.hearing.clone());
        let typed = hearing.typed();
        let hearing = hearing.over(&project.hearing, |path| folder.inside(path))?;
        Ok(Request {
            track: folder.inside(&project.track)?,
            overrides: overrides(args)?,
            tier,
            size: args.size.or(project.size).unwrap_or_else(|| tier.size()),
            fps: args.fps.or(project.fps),
            seed: args.seed.or(project.seed).unwrap_or(1),
            stretch: stretch(args),
            hearing,
            model,
            origin: json!({ "project": { "name": name, "files": project.files }, "hearing": typed }),
            output: project.output.as_deref().map(|path| folder.place(path)).transpose()?,
            profile: project.profile.as_deref().map(Profile::find).transpose()?,
            audio: project.audio.as_deref().map(Audio::find).transpose()?,
            folder: Some(folder.path().to_owned()),
            show: project.show,
        })
    }

    /// Where the video goes and what it is written as: as typed, as the project says, or under the names of track, preset
    /// and tier in this folder or the project's.
    ///
    /// # Errors
    /// The file can't hold the video or its sound, or FFmpeg lacks the encoder.
    pub fn place(&self, args: &OutputArgs, progress: &dyn Progress) -> Result<Place> {
        let typed = args.profile.as_deref().map(Profile::find).transpose()?;
        // An output that was typed says more about the profile than the project, which meant another file.
        let profile = match (&args.output, typed) {
            (_, Some(profile)) => Some(profile),
            (Some(output), None) if Profile::of(output) != Profile::default() => None,
            _ => self.profile,
        };
        let named = args.output.clone().or_else(|| self.output.clone().filter(|_| typed.is_none()));
        let profile = profile.or_else(|| named.as_deref().map(Profile::of)).unwrap_or_default();
        let stream = self.hearing.options.stream;
        let audio = args.audio.as_deref().map(Audio::find).transpose()?.or(self.audio);
        let wish = Wish {
            track: &self.track,
            stream,
            uniform: demux::is_uniform(&self.track, stream)?,
            audio,
            named: named.is_some(),
        };
        let named = named.map_or_else(|| self.default_output(profile), Ok)?;
        let ContainerPlan { path, sound, note } = check_container(&named, &wish, profile)?;
        note.iter().for_each(|note| progress.note(note));
        Ok(Place { output: path, profile, sound, audio, overwrite: args.overwrite })
    }

    fn default_output(&self, profile: Profile) -> Result<PathBuf> {
        let stem = self.track.file_stem().map(PathBuf::from).ok_or_else(|| {
            Error::usage(format!("{} is not a file", self.track.display())).hint("name a track")
        })?;
        let mut name = stem.into_os_string();
        let preset = Path::new(&self.show.looks[0].preset.name).file_stem().unwrap_or_default();
        let ending = profile.ending().map(|ending| format!(".{ending}")).unwrap_or_default();
        name.push(format!("-{}-{}{ending}", preset.to_string_lossy(), self.tier.name()));
        let name = PathBuf::from(name);
        Ok(self.folder.as_deref().map_or_else(|| name.clone(), |folder| folder.join(&name)))
    }
}

/// Whether this is a project and no track.
pub fn is_project(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"))
}

fn overrides(args: &JobArgs) -> Result<Overrides> {
    let set = args.set.iter().map(|text| parse_set(text)).collect::<Result<_>>()?;
    Ok(Overrides { set, prompt: args.prompt.clone(), negative: args.negative.clone() })
}

fn stretch(args: &JobArgs) -> Stretch {
    args.section.map_or(Stretch::Times(args.start, args.end), Stretch::Section)
}

fn model(args: &ModelArgs, steps: Option<usize>, overlap: Option<usize>) -> ModelChoice {
    ModelChoice {
        folder: args.model.clone(),
        motion: args.motion.clone(),
        steps: args.steps.or(steps),
        generate: args.generate,
        overlap: args.overlap.or(overlap).unwrap_or(OVERLAP),
        device: args.device.clone(),
        precision: args.precision,
    }
}
