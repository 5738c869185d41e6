//! Destinations: where a video goes, as what, and what is done about what lies there.

use super::options::OutputOptions;
use super::record::{Origin, ProjectRecord};
use super::request::Request;
use crate::demux;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::score::DEFAULT;
use crate::video::{Audio, Carriage, ContainerPlan, Profile, Wish, check_container};
use std::path::{Path, PathBuf};

/// Where a video goes, and what is done about what lies there.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The finished file.
    pub path: PathBuf,
    /// What it is written as.
    pub profile: Profile,
    /// How the sound goes in.
    pub sound: Carriage,
    /// What was asked of it.
    pub audio: Option<Audio>,
    /// Whether a video of other settings that is there already may be replaced.
    pub overwrite: bool,
    /// What becomes of windows in the work folder.
    pub earlier: Earlier,
}

/// What becomes of windows that were finished before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Earlier {
    /// The render goes on from there; those of another job are refused.
    #[default]
    Continued,
    /// The render goes on from there; those of another job are thrown away.
    Replaced,
    /// They are thrown away.
    Discarded,
}

impl Destination {
    /// Where the video of `request` goes and what it is written as: as `options` say, as the project says, or under the names
    /// of track, preset or project, and tier in this folder, in the one that is named in place of a file, or in the project's.
    ///
    /// # Errors
    /// The file can't hold the video or its sound, or FFmpeg lacks the encoder.
    pub fn of(request: &Request, options: &OutputOptions, progress: &dyn Progress) -> Result<Self> {
        let options = &into_folder(options, options.profile.or(request.profile).unwrap_or_default());
        let typed = options.profile;
        // An output that was typed says more about the profile than the project, which meant another file.
        let profile = match (&options.output, typed) {
            (_, Some(profile)) => Some(profile),
            (Some(output), None) if Profile::of(output) != Profile::default() => None,
            _ => request.profile,
        };
        let output = options.output.clone().map(|path| ended(path, typed));
        let own = || request.output.clone().filter(|_| typed.is_none() && options.stem.is_none());
        let named = output.or_else(|| own().map(|path| in_folder(path, options)));
        let profile = profile.or_else(|| named.as_deref().map(Profile::of)).unwrap_or_default();
        let stream = request.hearing.options.stream;
        let audio = options.audio.or(request.audio);
        let wish = Wish {
            track: &request.track,
            stream,
            uniform: demux::is_uniform(&request.track, stream)?,
            audio,
            named: named.is_some(),
        };
        let named = named.map_or_else(|| default_output(request, options, profile), Ok)?;
        let ContainerPlan { path, sound, note } = check_container(&named, &wish, profile)?;
        note.iter().for_each(|note| progress.note(note));
        Ok(Destination {
            path,
            profile,
            sound,
            audio,
            overwrite: options.overwrite,
            earlier: Earlier::default(),
        })
    }

    /// Nowhere: for jobs that are shown and not written.
    pub fn nowhere() -> Self {
        let (path, profile, sound) = (PathBuf::new(), Profile::default(), Carriage::Silent);
        Destination { path, profile, sound, audio: None, overwrite: false, earlier: Earlier::default() }
    }
}

/// `options`, in which an output that is a folder is the folder that the video goes into, unless the profile makes one.
fn into_folder(options: &OutputOptions, profile: Profile) -> OutputOptions {
    let is_folder = |path: &PathBuf| path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
    match options.output.clone().filter(|path| profile.ending().is_some() && is_folder(path)) {
        Some(folder) => OutputOptions { folder: Some(folder), output: None, ..options.clone() },
        None => options.clone(),
    }
}

/// `path`, with the usual ending of the profile that was typed where it has none.
fn ended(path: PathBuf, typed: Option<Profile>) -> PathBuf {
    match typed.and_then(Profile::ending).filter(|_| path.extension().is_none() && !path.is_dir()) {
        Some(ending) => path.with_extension(ending),
        None => path,
    }
}

/// `path`, or its name in the folder that was asked for.
fn in_folder(path: PathBuf, options: &OutputOptions) -> PathBuf {
    match (&options.folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

fn default_output(request: &Request, options: &OutputOptions, profile: Profile) -> Result<PathBuf> {
    let stem = request.track.file_stem().map(PathBuf::from).ok_or_else(|| {
        Error::usage(format!("{} is not a file", request.track.display())).hint("name a track")
    })?;
    let mut name = stem.into_os_string();
    // Projects of one folder may begin with the same preset, so their own names tell them apart.
    let look = match &request.origin {
        Origin::Project(ProjectRecord { name: Some(name), .. }) => name,
        _ if request.directed => DEFAULT,
        _ => &request.show.looks[0].preset.name,
    };
    let look = Path::new(look).file_stem().unwrap_or_default();
    let ending = profile.ending().map(|ending| format!(".{ending}")).unwrap_or_default();
    match &options.stem {
        Some(stem) => name = format!("{stem}{ending}").into(),
        None => {
            let again = if request.refines { "-refined" } else { "" };
            name.push(format!("-{}-{}{again}{ending}", look.to_string_lossy(), request.model.tier.name()));
        }
    }
    let name = PathBuf::from(name);
    let folder =
        options.folder.as_deref().or(request.folder.as_deref()).filter(|folder| *folder != Path::new("."));
    Ok(folder.map_or_else(|| name.clone(), |folder| folder.join(&name)))
}
