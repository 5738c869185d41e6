//! Renders: from a request to a finished video.

use super::destination::{Destination, Earlier};
use super::kept::KeptModel;
use super::record::JobRecord;
use super::replay::changes;
use super::request::Request;
use super::scene::Scene;
use super::space::Space;
use super::warning::{memory_warnings, warnings};
use crate::atomic_file;
use crate::audio::decode::pull::{Pulled, pull};
use crate::error::{Error, ErrorKind, Result};
use crate::progress::Progress;
use crate::render;
use crate::render::{Job, Networks, Summary, Watch, WorkFolder};
use crate::video::{Pcm, Quality, Samples, SoundSpan, VideoSpec, Writer, read_job};
use crate::weights::Placement;

/// Makes the video that `request` asks for, with the model of the one before where it wants the same. None: the very video is there
/// already, finished, and earlier work is not to be discarded.
///
/// # Errors
/// Whatever of it can't be; Output: another video is there already; Stopped, once `watch` says so.
pub fn make(
    kept: &mut KeptModel,
    request: Request,
    destination: &Destination,
    watch: Watch,
) -> Result<Option<Summary>> {
    let scene = Scene::open(request, watch.progress, watch.timings)?;
    let (job, placement, there) = job_of(&scene, destination, watch)?;
    match there {
        There::Itself if destination.earlier != Earlier::Discarded => Ok(None),
        _ => render(kept, scene, (job, placement), destination, watch).map(Some),
    }
}

/// Makes a video as [`make`] does, of what was shown in the video of the record `clip` before; what can't be expected to stay is told.
///
/// # Errors
/// As [`make`]; Input: it is another track.
pub fn make_again(
    clip: &JobRecord,
    request: Request,
    destination: &Destination,
    watch: Watch,
) -> Result<Summary> {
    let scene = Scene::open(request, watch.progress, watch.timings)?;
    let (job, placement, _) = job_of(&scene, destination, watch)?;
    changes(clip, &job)?.iter().for_each(|change| watch.progress.note(change));
    render(&mut KeptModel::default(), scene, (job, placement), destination, watch)
}

/// The job of a scene, once all that can be refused without a model was asked, and what lies where its video goes.
fn job_of(scene: &Scene, destination: &Destination, watch: Watch) -> Result<(Job, Placement, There)> {
    // Without one no prompt is heard, which is better known before the weights are read.
    scene.info.tokenizer()?;
    let (job, placement) = scene.job_to_render(destination, watch.progress)?;
    match there(&job) {
        There::Other(other) if !destination.overwrite => Err(other),
        there => Ok((job, placement, there)),
    }
}

fn render(
    kept: &mut KeptModel,
    scene: Scene,
    (job, placement): (Job, Placement),
    destination: &Destination,
    watch: Watch,
) -> Result<Summary> {
    let stream = scene.request.hearing.options.stream;
    let space = Space::of(&job, &scene.info, destination.profile);
    space.check(&job)?;
    let memory = memory_warnings(&scene, &job, &placement);
    let warnings = warnings(&scene, &job)?.into_iter().chain(memory).chain(space.warning(&job));
    warnings.for_each(|warning| watch.progress.note(&warning.to_string()));
    let (upscaler, interpolator) = (scene.load_upscaler(&placement)?, scene.load_interpolator()?);
    let model = kept.load(scene, (&job, &placement), watch.progress, watch.timings)?;
    let networks = Networks { model, upscaler: upscaler.as_ref(), interpolator: interpolator.as_ref() };
    produce(&job, destination, (networks, stream), watch)
}

/// What lies where the video of a job goes.
enum There {
    /// Nothing that would be lost.
    Nothing,
    /// This very video, finished.
    Itself,
    /// Another file, and what is to be said of it.
    Other(Error),
}

/// What is to be said if a file lies where the video of `job` goes and is not this very video.
pub fn in_the_way(job: &Job) -> Option<Error> {
    match there(job) {
        There::Other(error) => Some(error),
        There::Nothing | There::Itself => None,
    }
}

fn there(job: &Job) -> There {
    let path = &job.output;
    if !path.exists() || atomic_file::is_device(path) || path.is_dir() {
        return There::Nothing;
    }
    let record = |text: &str| JobRecord::parse(text).ok();
    let there = read_job(path).ok().and_then(|text| record(&text));
    let what = match (&there, record(&job.description)) {
        (Some(there), Some(own)) if own.is_of_the_same_video(there) => return There::Itself,
        (Some(there), Some(own)) if own.is_another_part_of(there) => {
            "already exists and shows another part of the track"
        }
        (Some(_), _) => "already exists, made with other settings",
        (None, _) => "already exists and doesn't say that it is this video",
    };
    There::Other(
        Error::output(format!("{} {what}", path.display()))
            .hint("choose another name with --output, or replace it with --overwrite"),
    )
}

/// An error on the way, with what becomes of the work.
pub(super) fn resumable(error: Error, finished: usize, all: usize) -> Error {
    match error.kind() {
        ErrorKind::Output | ErrorKind::Device if finished > 0 => error.hint(format!(
            "{finished} of {all} windows are finished and kept: run the same command again, and it resumes from there"
        )),
        _ => error,
    }
}

fn produce(
    job: &Job,
    destination: &Destination,
    (networks, stream): (Networks<'_>, Option<usize>),
    watch: Watch,
) -> Result<Summary> {
    let writer = writer(job, destination, stream, watch.progress)?;
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
            "{found} of {} windows were finished before{whose}; resuming from there",
            windows.len()
        ));
    }
    let summary = render::run(job, networks, Some(&store), writer, watch)
        .map_err(|error| resumable(error, store.finished(&windows), windows.len()))?;
    if place == folder {
        store.remove()?;
    }
    Ok(summary)
}

/// Opens the file that `destination` names for the pictures of `job`, with its sound.
pub(super) fn writer(
    job: &Job,
    destination: &Destination,
    stream: Option<usize>,
    progress: &dyn Progress,
) -> Result<Writer> {
    let writer = with_spec(job, destination, stream, Writer::create)?;
    if let Some(note) = writer.note() {
        progress.note(note);
    }
    Ok(writer)
}

/// What `act` makes of the video of `job`, with its sound.
pub(super) fn with_spec<T>(
    job: &Job,
    destination: &Destination,
    stream: Option<usize>,
    act: impl FnOnce(&VideoSpec<'_>) -> Result<T>,
) -> Result<T> {
    let part = job.part();
    let time = |frame| job.timeline.fps.start_of(frame);
    let decoder = || {
        let pulled = pull(job.track.clone(), stream)?;
        let Pulled { rate, channels, speakers, .. } = pulled;
        Ok(Pcm { rate, channels, speakers, blocks: Box::new(pulled) })
    };
    let sound = SoundSpan {
        track: &job.track,
        stream,
        carriage: destination.sound,
        samples: Some(Samples(&decoder)),
        start: (part.start.0 > 0).then(|| time(part.start)),
        end: (part.end < job.timeline.end()).then(|| time(part.end)),
    };
    act(&VideoSpec {
        path: &job.output,
        size: job.settings.picture,
        fps: job.timeline.fps,
        profile: destination.profile,
        quality: Quality::default(),
        sound: Some(sound),
        job: &job.description,
    })
}
