//! `beatbolt render`, second half: from a checked job to a finished file.

use super::args::RenderArgs;
use super::dry_run;
use super::prepare::prepare;
use super::terminal::{self, say};
use crate::diffusion::Model;
use crate::error::Result;
use crate::progress::Progress;
use crate::render::{self, Job, WorkFolder};
use crate::timing::Timings;
use crate::units::Seconds;
use crate::video::{Quality, SoundSpan, VideoSpec, Writer};
use serde_json::json;
use std::time::Instant;

/// Renders, or says what would be rendered.
pub fn run(args: &RenderArgs) -> Result<()> {
    let progress: Box<dyn Progress> = match args.json {
        true => Box::new(terminal::JsonLines::default()),
        false => Box::new(terminal::Terminal::default()),
    };
    let timings = if args.timings.is_some() { Timings::on() } else { Timings::off() };
    let began = Instant::now();
    let (job, model) = prepare(args, &*progress, &timings)?;
    if args.dry_run {
        drop(progress);
        return dry_run::print(&job, &model, args.json);
    }
    let summary = produce(args, &job, &model, &*progress, &timings)?;
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

fn produce(
    args: &RenderArgs,
    job: &Job,
    model: &Model,
    progress: &dyn Progress,
    timings: &Timings,
) -> Result<render::Summary> {
    let end = Seconds(job.timeline.start.0 + job.timeline.fps.start_of(job.timeline.frames).0);
    let sound = SoundSpan {
        track: &job.track,
        start: args.start.map(|_| job.timeline.start),
        end: args.end.map(|_| end),
    };
    let writer = Writer::create(&VideoSpec {
        path: &job.output,
        size: job.settings.picture,
        fps: job.timeline.fps,
        quality: Quality::default(),
        sound: Some(sound),
        job: &job.description.to_string(),
    })?;
    if let Some(note) = writer.note() {
        progress.note(note);
    }
    let folder = job.work_folder();
    if args.fresh {
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
