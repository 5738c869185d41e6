//! From a request to a finished video.

use super::options::OutputOptions;
use super::request::Request;
use super::scene::Scene;
use crate::diffusion::Model;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::render;
use crate::render::{Job, Summary, Watch, WorkFolder};
use crate::video::{ContainerPlan, Profile, Quality, SoundSpan, VideoSpec, Writer, check_container};
use std::path::PathBuf;

/// Where a video goes, and what is done about what lies there.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The finished file.
    pub path: PathBuf,
    /// What it is written as.
    pub profile: Profile,
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
    /// Where the video of `request` goes and what it is written as: as `options` say, as the project says, or the track's
    /// name in this folder or the project's.
    ///
    /// # Errors
    /// The file can't hold the video or its sound, or FFmpeg lacks the encoder.
    pub fn of(request: &Request, options: &OutputOptions, progress: &dyn Progress) -> Result<Self> {
        let typed = options.profile;
        // An output that was typed says more about the profile than the project, which meant another file.
        let profile = match (&options.output, typed) {
            (_, Some(profile)) => Some(profile),
            (Some(output), None) if Profile::of(output) != Profile::default() => None,
            _ => request.profile,
        };
        let named = options.output.clone().or_else(|| request.output.clone().filter(|_| typed.is_none()));
        let profile = profile.or_else(|| named.as_deref().map(Profile::of)).unwrap_or_default();
        let named = match named {
            Some(path) => path,
            None => default_output(request, profile)?,
        };
        let ContainerPlan { path, note } = check_container(&named, &request.track, profile)?;
        note.iter().for_each(|note| progress.note(note));
        Ok(Destination { path, profile, earlier: Earlier::default() })
    }
}

fn default_output(request: &Request, profile: Profile) -> Result<PathBuf> {
    let stem = request.track.file_stem().map(PathBuf::from).ok_or_else(|| {
        Error::usage(format!("{} is not a file", request.track.display())).hint("name a track")
    })?;
    let name = match profile.ending() {
        Some(ending) => {
            let mut name = stem.into_os_string();
            name.push(".");
            name.push(ending);
            PathBuf::from(name)
        }
        None => stem,
    };
    Ok(request.folder.as_deref().map_or_else(|| name.clone(), |folder| folder.join(&name)))
}

/// Makes the video that `request` asks for.
///
/// # Errors
/// Whatever of it can't be; Stopped, once `watch` says so.
pub fn make(request: Request, destination: &Destination, watch: Watch) -> Result<Summary> {
    let scene = Scene::open(request, watch.progress, watch.timings)?;
    for (_, cut) in scene.cut_prompts()? {
        watch.progress.note(&format!("a prompt is too long for this model; not heard: \"{cut}\""));
    }
    let (job, model) = scene.load(destination.path.clone(), watch.progress, watch.timings)?;
    produce(&job, destination, &model, watch)
}

fn produce(job: &Job, destination: &Destination, model: &Model, watch: Watch) -> Result<Summary> {
    let part = job.part();
    let time = |frame| job.timeline.fps.start_of(frame);
    let sound = SoundSpan {
        track: &job.track,
        start: (part.start.0 > 0).then(|| time(part.start)),
        end: (part.end < job.timeline.end()).then(|| time(part.end)),
    };
    let writer = Writer::create(&VideoSpec {
        path: &job.output,
        size: job.settings.picture,
        fps: job.timeline.fps,
        profile: destination.profile,
        quality: Quality::default(),
        sound: Some(sound),
        job: &job.description,
    })?;
    if let Some(note) = writer.note() {
        watch.progress.note(note);
    }
    let folder = WorkFolder::beside(&job.output);
    let other = || WorkFolder::is_of_another(&folder, &job.settings);
    if destination.earlier == Earlier::Discarded || destination.earlier == Earlier::Replaced && other() {
        WorkFolder::discard(&folder)?;
    }
    let place = match destination.earlier {
        Earlier::Discarded => folder.clone(),
        _ => WorkFolder::find(&folder, &job.settings),
    };
    let store = WorkFolder::open(&place, &job.settings)?;
    let windows = job.windows();
    let found = store.finished(&windows);
    if found > 0 {
        let whose = if place == folder { String::new() } else { format!(" in {}", place.display()) };
        watch.progress.note(&format!(
            "{found} of {} windows were finished before{whose}; going on from there",
            windows.len()
        ));
    }
    let summary = render::run(job, model, Some(&store), writer, watch)?;
    if place == folder {
        store.remove()?;
    }
    Ok(summary)
}
