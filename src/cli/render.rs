//! `beatbolt render`: from a request to a finished file.

use super::args::RenderArgs;
use super::plan;
use super::prepare::Scene;
use super::request::Request;
use super::terminal;
use super::terminal::say;
use crate::diffusion::Model;
use crate::error::Result;
use crate::render;
use crate::render::{Job, Summary, Watch, WorkFolder};
use crate::timing::Timings;
use crate::units::Seconds;
use crate::video::{Profile, Quality, SoundSpan, VideoSpec, Writer};
use serde_json::json;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Where a video goes, and what is done about what lies there.
pub struct Target {
    /// The finished file.
    pub output: PathBuf,
    /// What it is written as.
    pub profile: Profile,
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
    let (output, profile) = request.place(&args.out, &*progress)?;
    let earlier = if args.fresh { Earlier::Discarded } else { Earlier::Continued };
    let target = Target { output: output.clone(), profile, earlier };
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
    let job = scene.job(target.output.clone())?;
    produce(&job, &target, &scene.into_model(), watch)
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

fn produce(job: &Job, target: &Target, model: &Model, watch: Watch) -> Result<Summary> {
    let part = job.part();
    let time = |frame| job.timeline.fps.start_of(frame);
    let sound = SoundSpan {
        track: &job.track,
        start: (part.start > 0).then(|| time(part.start)),
        end: (part.end < job.timeline.frames).then(|| time(part.end)),
    };
    let writer = Writer::create(&VideoSpec {
        path: &job.output,
        size: job.settings.picture,
        fps: job.timeline.fps,
        profile: target.profile,
        quality: Quality::default(),
        sound: Some(sound),
        job: &job.description.to_string(),
    })?;
    if let Some(note) = writer.note() {
        watch.progress.note(note);
    }
    let folder = WorkFolder::beside(&job.output);
    let other = || WorkFolder::is_of_another(&folder, &job.settings);
    if target.earlier == Earlier::Discarded || target.earlier == Earlier::Replaced && other() {
        WorkFolder::discard(&folder)?;
    }
    let place = match target.earlier {
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
