//! `beatbolt render`: from a request to a finished file.

use super::args::RenderArgs;
use super::interrupt::{stop_on_interrupt, stop_with_parent};
use super::plan;
use super::pool;
use super::retyped;
use super::terminal;
use super::terminal::say;
use crate::error::{Error, Result};
use crate::job::{
    Destination, Earlier, JobOptions, KeptModel, OutputOptions, Request, Shared, TakeWork, make, make_takes,
};
use crate::render::{Watch, Worked};
use crate::system;
use crate::timing::Timings;
use crate::units::Seconds;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Options, with a value and without, that are not passed on to workers.
const NOT_WORKERS: (&[&str], &[&str]) =
    (&["--devices", "--device", "--work"], &["--json", "--fresh", "--overwrite", "--timings"]);

/// Renders one track or project, or says what would be rendered.
pub fn run(args: RenderArgs) -> Result<()> {
    let (mut options, out) = (JobOptions::from(args.job), OutputOptions::from(args.out));
    if args.with_parent {
        // Whoever began this has others at work on the same computer.
        options.shared_weights = true;
        crate::system::share_heap();
    }
    if args.dry_run {
        return plan::show(&options, &out, args.json, None);
    }
    let progress = terminal::progress(args.json);
    let timings = if args.timings.is_some() { Timings::on() } else { Timings::off() };
    let began = Instant::now();
    let request = Request::read(&options)?;
    let mut destination = Destination::of(&request, &out, &*progress)?;
    if args.fresh {
        destination.earlier = Earlier::Discarded;
    }
    let stop = stop_on_interrupt();
    if args.with_parent {
        stop_with_parent(Arc::clone(&stop));
    }
    let watch = Watch { progress: &*progress, timings: &timings, stop: &stop };
    let folder = args.work.work;
    if let Some(takes) = args.takes {
        let work = TakeWork { takes, folder, encode: args.encode, device: args.as_device };
        let worked = make_takes(request, &destination, &work, watch)?;
        drop(progress);
        say_worked(&worked, Seconds(began.elapsed().as_secs_f64()), args.json);
        return args.timings.map_or(Ok(()), |_| {
            say_timings(&timings, Seconds(began.elapsed().as_secs_f64()), args.json);
            Ok(())
        });
    }
    let summary = match &args.devices[..] {
        [] if folder.is_some() => {
            return Err(Error::usage("--work names the folder of takes, and the whole video is asked for")
                .hint("add --takes all, or --devices"));
        }
        [] => match make(&mut KeptModel::default(), request, &destination, watch)? {
            Some(summary) => summary,
            None => {
                drop(progress);
                say_skipped(&destination.path, args.json);
                return Ok(());
            }
        },
        devices => {
            let shared = Shared::open(request, &destination, folder.as_deref(), devices, watch)?;
            pool::render(&shared, devices, &retyped::words(NOT_WORKERS.0, NOT_WORKERS.1)?, watch)?;
            let summary = shared.join(watch)?;
            if folder.is_none() {
                shared.clear()?;
            }
            summary
        }
    };
    drop(progress);
    let seconds = began.elapsed().as_secs_f64();
    if let Some(file) = &args.timings {
        file.iter().try_for_each(|path| timings.write(path))?;
        say_timings(&timings, Seconds(seconds), args.json);
    }
    if args.json {
        let (frames, restored) = (summary.frames, summary.restored);
        say(
            json!({ "event": "done", "output": destination.path, "frames": frames, "restored_windows": restored, "seconds": seconds }),
        );
    } else {
        say(format_args!("{}: {} frames in {seconds:.0} s", destination.path.display(), summary.frames));
    }
    Ok(())
}

/// That the very video is there already.
fn say_skipped(path: &Path, json: bool) {
    match json {
        true => say(json!({ "event": "skipped", "output": path })),
        false => say(format_args!(
            "{}: finished before with the same settings; --fresh renders it anew",
            path.display()
        )),
    }
}

/// What a worker did.
fn say_worked(worked: &Worked, time: Seconds, json: bool) {
    let left: Vec<usize> = worked.left.iter().map(|(take, _)| *take).collect();
    if json {
        return say(json!({ "event": "done", "takes": worked.takes, "frames": worked.frames,
                           "denoised_windows": worked.denoised, "left": left, "seconds": time }));
    }
    match &worked.takes[..] {
        [] => say("no take was left to render"),
        takes => {
            let takes: Vec<String> = takes.iter().map(usize::to_string).collect();
            let word = if takes.len() == 1 { "take" } else { "takes" };
            say(format_args!("{word} {}: {} frames in {:.0} s", takes.join(", "), worked.frames, time.0));
        }
    }
}

/// Where the time went, as shares of the whole run; stages run side by side, so they add up to more than all of it. And how much
/// memory it took.
pub fn say_timings(timings: &Timings, whole: Seconds, json: bool) {
    let (totals, peak) = (timings.totals(), system::peak_memory());
    if json {
        let stages: serde_json::Map<String, serde_json::Value> =
            totals.iter().map(|(name, time)| ((*name).to_owned(), time.0.into())).collect();
        return say(json!({ "event": "timings", "seconds": stages, "peak_memory": peak }));
    }
    for (name, time) in totals {
        say(format_args!("{name:20} {:8.1} s {:5.0} %", time.0, 100.0 * time.0 / whole.0));
    }
    if let Some(peak) = peak {
        say(format_args!("{:20} {:8} MB", "memory at most", peak >> 20));
    }
}
