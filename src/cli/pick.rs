//! `beatbolt pick`: the whole track like one of the variants, by the record that its clip holds.

use super::args::PickArgs;
use super::interrupt::stop_on_interrupt;
use super::terminal::{self, say};
use super::variants::index::{Index, find};
use crate::error::{Context, Error, Result};
use crate::job::{
    Destination, Earlier, JobOptions, JobRecord, OutputOptions, Request, Stretch, is_project, make_again,
};
use crate::render::Watch;
use crate::timing::Timings;
use crate::video::read_job;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Renders the chosen variant.
pub fn run(args: PickArgs) -> Result<()> {
    let folder = args.from.clone().map_or_else(find, Ok)?;
    let index = Index::read(&folder)?.ok_or_else(|| {
        Error::input(format!("{} holds no variants", folder.display()))
            .hint("make some with `beatbolt variants TRACK`")
    })?;
    let record = record(&index, &folder, args.number)?;
    let options = options(&args, &record, &index)?;
    let elsewhere = std::path::absolute(".").is_ok_and(|here| here != index.here);
    let request = Request::again(&record, &options).map_err(|error| match elsewhere {
        true => error.hint(format!("paths were typed in {}: run it there", index.here.display())),
        false => error,
    })?;
    let out = out(&args, &index, &request);
    let progress = terminal::progress(args.json);
    let (timings, stop, began) = (Timings::off(), stop_on_interrupt(), Instant::now());
    let watch = Watch { progress: &*progress, timings: &timings, stop: &stop };
    let mut destination = Destination::of(&request, &out, &*progress)?;
    if args.fresh {
        destination.earlier = Earlier::Discarded;
    }
    let summary = make_again(&record, request, &destination, watch)?;
    drop(progress);
    let (path, seconds) = (&destination.path, began.elapsed().as_secs_f64());
    match args.json {
        true => {
            let (frames, restored) = (summary.frames, summary.restored);
            say(
                json!({ "event": "done", "output": path, "frames": frames, "restored_windows": restored, "seconds": seconds }),
            );
        }
        false => say(format_args!("{}: {} frames in {seconds:.0} s", path.display(), summary.frames)),
    }
    Ok(())
}

/// What the clip of variant `number` was made by.
fn record(index: &Index, folder: &Path, number: usize) -> Result<JobRecord> {
    let count = index.variants.len();
    let entry = number.checked_sub(1).and_then(|place| index.variants.get(place));
    let entry = entry.ok_or_else(|| {
        Error::usage(format!("there is no variant {number}")).hint(format!("they go from 1 to {count}"))
    })?;
    let clip = entry.clip.as_ref().ok_or_else(|| {
        Error::input(format!("variant {number} is not finished"))
            .hint("run the same `beatbolt variants` command again: it resumes")
    })?;
    let text = read_job(&folder.join(clip))?;
    JobRecord::parse(&text).context(|| {
        Error::input(format!("{clip} in {} is damaged", folder.display())).hint("make the variants anew")
    })
}

/// What is asked for: what the clip was, of the whole track, and what was typed now.
fn options(args: &PickArgs, record: &JobRecord, index: &Index) -> Result<JobOptions> {
    let again = JobOptions::of_record(record, &index.input)?;
    let motion = args.motion.clone();
    Ok(JobOptions {
        lyrics: index.lyrics.clone(),
        tier: args.tier,
        size: args.size,
        stretch: Stretch { section: None, start: args.start, end: args.end },
        steps: args.steps,
        force_steps: args.force_steps || again.force_steps && motion.is_none(),
        // Another shape is generated in another shape.
        generate: again.generate.filter(|_| same_shape(args, record)),
        motion: motion.or(again.motion.clone()),
        device: Some(args.device.clone()),
        precision: args.precision,
        low_memory: args.low_memory,
        ..again
    })
}

fn same_shape(args: &PickArgs, record: &JobRecord) -> bool {
    args.size.is_none_or(|size| (size.aspect() / record.settings.picture.aspect() - 1.0).abs() < 0.01)
}

/// Where it goes: into this folder under the names of track, number and tier, or beside the project.
fn out(args: &PickArgs, index: &Index, request: &Request) -> OutputOptions {
    let track = request.track.file_stem().unwrap_or_default().to_string_lossy();
    let stem = format!("{track}-{}-{}", args.number, request.model.tier.name());
    let out = OutputOptions::from(args.out.clone());
    let folder = (!is_project(&index.input)).then(PathBuf::new);
    OutputOptions { stem: Some(stem), folder, ..out }
}
