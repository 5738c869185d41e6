//! `beatbolt render`: from a request to a finished file.

use super::args::RenderArgs;
use super::plan;
use super::prepare::Scene;
use super::request::Request;
use super::terminal::{self, say};
use crate::diffusion::Model;
use crate::error::Result;
use crate::progress::Progress;
use crate::render::{self, Job, WorkFolder};
use crate::timing::Timings;
use crate::units::Seconds;
use crate::video::{Profile, Quality, SoundSpan, VideoSpec, Writer};
use serde_json::json;
use std::time::Instant;

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
    let scene = Scene::open(request, &*progress, &timings)?;
    for (_, cut) in scene.cut_prompts()? {
        progress.note(&format!("a prompt is too long for this model; not heard: \"{cut}\""));
    }
    let job = scene.job(output)?;
    let made = Made { job: &job, profile, fresh: args.fresh };
    let summary = produce(&made, &scene.into_model(), &*progress, &timings)?;
    drop(progress);
    let seconds = began.elapsed().as_secs_f64();
    if let Some(file) = &args.timings {
        file.iter().try_for_each(|path| timings.write(path))?;
        say_timings(&timings, Seconds(seconds), args.json);
    }
    if args.json {
        let (frames, restored) = (summary.frames, summary.restored);
        say(
            json!({ "event": "done", "output": job.output, "frames": frames, "restored_windows": restored, "seconds": seconds }),
        );
    } else {
        say(format_args!("{}: {} frames in {seconds:.0} s", job.output.display(), summary.frames));
    }
    Ok(())
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

/// What is to be made.
struct Made<'a> {
    job: &'a Job,
    profile: Profile,
    /// Whether other work is thrown away.
    fresh: bool,
}

fn produce(
    made: &Made,
    model: &Model,
    progress: &dyn Progress,
    timings: &Timings,
) -> Result<render::Summary> {
    let (job, part) = (made.job, made.job.part());
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
        profile: made.profile,
        quality: Quality::default(),
        sound: Some(sound),
        job: &job.description.to_string(),
    })?;
    if let Some(note) = writer.note() {
        progress.note(note);
    }
    let folder = job.work_folder();
    if made.fresh {
        WorkFolder::discard(&folder)?;
    }
    let store = WorkFolder::open(&folder, &job.settings)?;
    let found = store.finished(job.windows().len());
    if found > 0 {
        progress.note(&format!(
            "{found} of {} windows were finished before; going on from there",
            job.windows().len()
        ));
    }
    let summary = render::run(job, model, Some(&store), writer, (progress, timings))?;
    store.remove()?;
    Ok(summary)
}
