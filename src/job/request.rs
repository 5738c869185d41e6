//! Requests: what was asked for and what a preset or a project says, put together. What is to be shown, on which track, with what.

use super::hearing::Hearing;
use super::interpolate::Interpolate;
use super::lyrics::Lyrics;
use super::named_files::{control_files, fonts, inits, lora_files};
use super::networks::{model, model_of_project};
use super::options::{JobOptions, ModelOptions, Stretch, video_size};
use super::project_folder::Folder;
use super::record::{JobRecord, Origin, PresetRecord, ProjectRecord};
use super::refine::{Refinement, refined};
use super::typed::{add_typed, overrides, typed, typed_controls, typed_slots};
use super::{presets, project_folder};
use crate::atomic_file::folder_of;
use crate::error::{Error, Result};
use crate::score::{DEFAULT, Overrides, PLAIN, Preset, Project, Show};
use crate::units::{FrameIndex, FrameRate, Seconds, Size};
use crate::video::{Audio, Guard, Profile};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Frames a second of what is drawn where nobody says: it keeps its pace at any rate, and flights want to be smooth.
const SMOOTH: u32 = 24;

/// What is to be shown.
pub struct Request {
    /// The sound.
    pub track: PathBuf,
    /// Looks, parts, prompts and cuts.
    pub show: Show,
    /// Whether the director chooses what holds where no part of the show says otherwise.
    pub directed: bool,
    /// Whether it is a finished video once more.
    pub refines: bool,
    /// What was typed on top of it.
    pub overrides: Overrides,
    /// The file of the look-up table that colours go through.
    pub lut: Option<PathBuf>,
    /// Size of the video.
    pub size: Size,
    /// Frames a second; none: the model's own.
    pub fps: Option<FrameRate>,
    /// Which of them are generated.
    pub interpolate: Option<Interpolate>,
    /// What all noise depends on.
    pub seed: u64,
    /// How long a take may be: longer ones are cut.
    pub split: Option<Seconds>,
    /// The frames wanted.
    pub stretch: Stretch,
    /// How to listen, and what is known better.
    pub hearing: Hearing,
    /// What of it was typed, see [`Hearing::typed`].
    pub hearing_typed: Vec<(String, String)>,
    /// The networks.
    pub model: ModelOptions,
    /// The LoRAs that were typed, as they were.
    pub lora_typed: Vec<String>,
    /// The controls that were typed, as they were.
    pub control_typed: Vec<String>,
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
    /// Lyrics that are to be shown.
    pub lyrics: Option<Lyrics>,
    /// A font's file for all text that names none.
    pub font: Option<PathBuf>,
    /// The fonts' files that layers name.
    pub fonts: BTreeMap<String, PathBuf>,
    /// The files of pictures and clips that frames start from, by how they are named.
    pub inits: BTreeMap<String, PathBuf>,
    /// Whether flashes are held to three a second.
    pub flash_guard: Guard,
}

impl Request {
    /// What `options` ask for.
    ///
    /// # Errors
    /// Usage or Input: a preset, a project or a value can't be meant.
    pub fn read(options: &JobOptions) -> Result<Self> {
        let Some(strength) = options.refine else { return Self::as_named(options) };
        let Refinement { options, record, video } = refined(options, strength)?;
        let request = match &record {
            Some(record) => Self::again(record, &options)?,
            None => Self::as_named(&options)?,
        };
        // A video holds its track's sound as it was.
        let track = if request.track.exists() { request.track } else { video };
        Ok(Request { track, output: None, refines: true, ..request })
    }

    /// What `options` ask for of the track or the project that they name.
    fn as_named(options: &JobOptions) -> Result<Self> {
        if options.input.is_dir() {
            return Err(is_folder(&options.input));
        }
        let slots = typed_slots(options)?;
        match is_project(&options.input) {
            true => Self::of_project(options, project_folder::load_for(&options.input, &slots)?),
            false => match options.preset.as_deref().unwrap_or(DEFAULT) {
                DEFAULT => Self::directed(options),
                preset => Self::of_preset(options, presets::load_for(preset, &slots)?),
            },
        }
    }

    /// What `options` ask for, with the looks that `record` holds: the files that they were read from are not read again.
    ///
    /// # Errors
    /// As [`Request::read`]; Input: the record's looks are damaged.
    pub fn again(record: &JobRecord, options: &JobOptions) -> Result<Self> {
        let slots = typed_slots(options)?;
        match &record.origin {
            Origin::Preset(kept) => {
                let preset = Preset::parse_for(&kept.name, &kept.toml, &slots)?;
                Request::of_preset(options, (preset, kept.toml.clone()))
            }
            Origin::Project(kept) => {
                // What the director chose is a project beside the track.
                let name = kept.name.as_deref().unwrap_or("video.toml");
                let read = project_folder::parse(&options.input, name, &kept.files, &slots)?;
                Request::of_project(options, read)
            }
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
        let mut model = model(options, options.tier);
        let origin = Origin::Preset(PresetRecord { name: preset.name.clone(), toml: text });
        let beside = folder_of(Path::new(&preset.name)).to_owned();
        let mut show = Show::of(preset);
        add_typed(&mut show, options)?;
        let lyrics = options.lyrics.as_deref().map(|path| Lyrics::read(path, None)).transpose()?;
        lyrics.iter().for_each(|lyrics| lyrics.into(&mut show));
        let overrides = overrides(options, &show.slots(&[]))?;
        let near = |file: &str| Some(beside.join(file)).filter(|path| path.is_file());
        model.loras = lora_files(&show, &overrides, near)?;
        model.controls = control_files(&show, |net| Some(beside.join(net)).filter(|path| path.exists()))?;
        let beside = |path: &str| Ok(beside.join(path));
        Ok(Request {
            track: options.input.clone(),
            inits: inits(&show, &overrides, (beside, &typed_controls(options)?))?,
            overrides,
            fonts: fonts(&show, beside)?,
            lyrics,
            font: options.font.clone(),
            show,
            directed: false,
            refines: false,
            lut: options.lut.clone(),
            size: options.size.unwrap_or_else(|| video_size(model.tier)),
            fps: options.fps,
            interpolate: options.interpolate,
            seed: options.seed.unwrap_or(1),
            split: options.split,
            stretch: options.stretch,
            hearing: options.hearing.clone(),
            hearing_typed: options.hearing.typed(),
            lora_typed: options.lora.clone(),
            control_typed: options.control.clone(),
            model,
            origin,
            folder: None,
            output: None,
            profile: None,
            audio: None,
            flash_guard: options.flash_guard.unwrap_or_default(),
        })
    }

    /// What `options` ask for of a project that was read before.
    ///
    /// # Errors
    /// Usage or Input: a value or a path can't be meant.
    pub fn of_project(options: &JobOptions, (project, folder): (Project, Folder)) -> Result<Self> {
        if let Some(preset) = &options.preset {
            return Err(Error::usage(format!(
                "--preset {preset} can't be used with a project, which names its own presets"
            ))
            .hint(format!("write preset = \"{preset}\" in {}", options.input.display())));
        }
        let mut model = model_of_project(options, &project, &folder)?;
        let name = options.input.file_name().map(OsStr::to_string_lossy).map(String::from);
        let hearing = options.hearing.clone().over(&project.hearing, |path| folder.inside(path))?;
        let guard = project.flash_guard.as_deref().map(Guard::find).transpose()?;
        let mut show = project.show;
        add_typed(&mut show, options)?;
        let inside = |path: &str| folder.inside(path);
        let lyrics = match (&options.lyrics, project.lyrics.as_deref()) {
            (Some(typed), _) => Some(Lyrics::read(typed, None)?),
            (None, Some(own)) => Some(Lyrics::read(&inside(own)?, Some(own))?),
            (None, None) => None,
        };
        lyrics.iter().for_each(|lyrics| lyrics.into(&mut show));
        let font = project.font.as_deref().map(inside).transpose()?;
        let overrides = overrides(options, &show.slots(&[]))?;
        let (typed, controls) = (typed(options)?, typed_controls(options)?);
        // What was typed is no path in the project's folder.
        let own = |file: &str| {
            typed.iter().all(|lora| lora.file != file) && controls.iter().all(|control| control.net != file)
        };
        let near = |file: &str| Some(file).filter(|file| own(file)).and_then(|file| folder.inside(file).ok());
        model.loras = lora_files(&show, &overrides, near)?;
        model.controls = control_files(&show, |net| near(net).filter(|path| path.exists()))?;
        Ok(Request {
            track: folder.inside(&project.track)?,
            inits: inits(&show, &overrides, (inside, &controls))?,
            overrides,
            lut: match (&options.lut, &project.lut) {
                (None, Some(path)) => Some(folder.inside(path)?),
                (typed, _) => typed.clone(),
            },
            fonts: fonts(&show, inside)?,
            lyrics,
            font: options.font.clone().or(font),
            size: options.size.or(project.size).unwrap_or_else(|| video_size(model.tier)),
            fps: options.fps.or(project.fps),
            interpolate: options.interpolate,
            seed: options.seed.or(project.seed).unwrap_or(1),
            split: options.split,
            stretch: options.stretch,
            hearing,
            hearing_typed: options.hearing.typed(),
            lora_typed: options.lora.clone(),
            control_typed: options.control.clone(),
            model,
            origin: Origin::Project(ProjectRecord { name, files: project.files }),
            output: project.output.as_deref().map(|path| folder.place(path)).transpose()?,
            profile: project.profile.as_deref().map(Profile::find).transpose()?,
            audio: project.audio.as_deref().map(Audio::find).transpose()?,
            folder: Some(folder.path().to_owned()),
            show,
            directed: project.directed,
            refines: false,
            flash_guard: options.flash_guard.or(guard).unwrap_or_default(),
        })
    }
}

impl Request {
    /// Frames a second of the video, by a model that was made for `own`.
    ///
    /// # Errors
    /// Usage: there is no such rate.
    pub fn rate(&self, own: u32) -> Result<FrameRate> {
        let drawn = self.show.sources(&self.overrides).next().is_some();
        self.fps.map_or_else(|| FrameRate::new(if drawn { SMOOTH } else { own }, 1), Ok)
    }

    /// One of how many frames is generated of a video of `shown` frames a second, by a model that was made for `own`.
    pub fn every(&self, own: u32, shown: FrameRate) -> FrameIndex {
        self.interpolate.unwrap_or_default().every(own, shown)
    }
}

/// What is said of a folder where a track or a project is wanted.
fn is_folder(path: &Path) -> Error {
    let project = path.join("video.toml");
    let hint = match project.is_file() {
        true => format!("its project is {}", project.display()),
        false => "name a track or a project in it".to_owned(),
    };
    Error::input(format!("'{}' is a folder", path.display())).hint(hint)
}

/// Whether this is a project and no track.
pub fn is_project(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"))
}
