//! `beatbolt render`: from a request to a finished file.

use super::args::RenderArgs;
use super::plan;
use super::prepare::Scene;
use super::request::{Place, Request};
use super::terminal::{self, say};
use crate::audio::decode::{Pulled, pull};
use crate::diffusion::Model;
use crate::error::{Error, Result};
use crate::render::{self, Job, Summary, Watch, WorkFolder};
use crate::timing::Timings;
use crate::units::Seconds;
use crate::video::{Audio, Pcm, Quality, Samples, SoundSpan, VideoSpec, Writer, read_job};
use crate::whole;
use serde_json::json;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Where a video goes, and what is done about what lies there.
pub struct Target {
    /// The finished file.
    pub place: Place,
    /// What becomes of windows in the work folder.
    pub earlier: Earlier,
}

/// What becomes of windows that were finished before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// The render goes on from there; those of another job are refused.
    Continued,
    /// The render goes on from there; those of another job are thrown away.
    Replaced,
    /// They are thrown away.
    Discarded,
}

/// Renders, or says what would be rendered.
pub fn run(args: &RenderArgs) -> Result<()> {
    if args.dry_run {
        return plan::show(&args.job, &args.out, args.json, None);
    }
    let progress = terminal::progress(args.json);
    let timings = if args.timings.is_some() { Timings::on() } else { Timings::off() };
    let began = Instant::now();
    let request = Request::read(&args.job)?;
    let place = request.place(&args.out, &*progress)?;
    let output = place.output.clone();
    let earlier = if args.fresh { Earlier::Discarded } else { Earlier::Continued };
    let target = Target { place, earlier };
    let watch = Watch { progress: &*progress, timings: &timings, stop: &AtomicBool::new(false) };
    let summary = make(request, target, watch)?;
    drop(progress);
    let seconds = began.elapsed().as_secs_f64();
    if let Some(file) = &args.timings {
        file.iter().try_for_each(|path| timings.write(path))?;
        say_timings(&timings, Seconds(seconds), args.json);
    }
    if args.json {
        let (frames, restored) = (summary.frames, summary.restored);
        say(
            json!({ "event": "done", "output": output, "frames": frames, "restored_windows": restored, "seconds": seconds }),
        );
    } else {
        say(format_args!("{}: {} frames in {seconds:.0} s", output.display(), summary.frames));
    }
    Ok(())
}

/// Makes the video that `request` asks for.
///
/// # Errors
/// Whatever of it can't be; Stopped, once `watch` says so.
pub fn make(request: Request, target: Target, watch: Watch) -> Result<Summary> {
    let scene = Scene::open(request, watch.progress, watch.timings)?;
    for (_, cut) in scene.cut_prompts()? {
        watch.progress.note(&format!("a prompt is too long for this model; not heard: \"{cut}\""));
    }
    let stream = scene.request.hearing.options.stream;
    let job = job(&scene, &target.place)?;
    if let (false, Some(other)) = (target.place.overwrite, in_the_way(&job)) {
        return Err(other);
    }
    produce(&job, &target, (&scene.into_model(), stream), watch)
}

/// The job of a scene, which tells what is written where as well.
pub fn job(scene: &Scene, place: &Place) -> Result<Job> {
    let mut job = scene.job(place.output.clone())?;
    job.description["profile"] = place.profile.name().into();
    job.description["audio"] = place.audio.map(Audio::name).into();
    job.description["sound"] = format!("{:?}", place.sound).to_lowercase().into();
    Ok(job)
}

/// What is to be said if a file lies where the video goes and is not this very video.
pub fn in_the_way(job: &Job) -> Option<Error> {
    let path = &job.output;
    if !path.exists() || whole::is_device(path) || path.is_dir() {
        return None;
    }
    let there: Option<serde_json::Value> =
        read_job(path).ok().and_then(|text| serde_json::from_str(&text).ok());
    let same = |there: &serde_json::Value| {
        ["settings", "fps", "profile", "sound"].iter().all(|key| there.get(key) == job.description.get(key))
    };
    let what = match &there {
        Some(there) if same(there) => return None,
        Some(_) => "is there already, made with other settings",
        None => "is there already, and can't be told to be this video",
    };
    Some(
        Error::output(format!("{} {what}", path.display()))
            .hint("choose another name, or say --overwrite to replace it"),
    )
}

/// Where the time went, as shares of the whole run; stages run side by side, so they add up to more than all of it.
fn say_timings(timings: &Timings, whole: Seconds, json: bool) {
    let totals = timings.totals();
    if json {
        let stages: serde_json::Map<String, serde_json::Value> =
            totals.iter().map(|(name, time)| ((*name).to_owned(), time.0.into())).collect();
        return say(json!({ "event": "timings", "seconds": stages }));
    }
    for (name, time) in totals {
        say(format_args!("{name:20} {:8.1} s {:5.0} %", time.0, 100.0 * time.0 / whole.0));
    }
}

fn produce(
    job: &Job,
    target: &Target,
    (model, stream): (&Model, Option<usize>),
    watch: Watch,
) -> Result<Summary> {
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
        carriage: target.place.sound,
        samples: Some(Samples(&decoder)),
        start: (part.start > 0).then(|| time(part.start)),
        end: (part.end < job.timeline.frames).then(|| time(part.end)),
    };
    let writer = Writer::create(&VideoSpec {
        path: &job.output,
        size: job.settings.picture,
        fps: job.timeline.fps,
        profile: target.place.profile,
        quality: Quality::default(),
        sound: Some(sound),
        job: &job.description.to_string(),
    })?;
    if let Some(note) = writer.note() {
        watch.progress.note(note);
    }
    let folder = job.work_folder();
    let other = || WorkFolder::is_of_another(&folder, &job.settings);
    if target.earlier == Earlier::Discarded || target.earlier == Earlier::Replaced && other() {
        WorkFolder::discard(&folder)?;
    }
    let store = WorkFolder::open(&folder, &job.settings)?;
    let found = store.finished(job.windows().len());
    if found > 0 {
        watch.progress.note(&format!(
            "{found} of {} windows were finished before; going on from there",
            job.windows().len()
        ));
    }
    let summary = render::run(job, model, Some(&store), writer, watch)?;
    store.remove()?;
    Ok(summary)
}
