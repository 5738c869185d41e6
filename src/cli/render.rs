//! `beatbolt render`: from a request to a finished file.

use super::args::RenderArgs;
use super::interrupt::stop_on_interrupt;
use super::plan;
use super::terminal;
use super::terminal::say;
use crate::error::Result;
use crate::job::{Destination, Earlier, JobOptions, OutputOptions, Request, make};
use crate::render::Watch;
use crate::system;
use crate::timing::Timings;
use crate::units::Seconds;
use serde_json::json;
use std::time::Instant;

/// Renders, or says what would be rendered.
pub fn run(args: RenderArgs) -> Result<()> {
    let (options, out) = (JobOptions::from(args.job), OutputOptions::from(args.out));
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
    let watch = Watch { progress: &*progress, timings: &timings, stop: &stop };
    let summary = make(request, &destination, watch)?;
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

/// Where the time went, as shares of the whole run; stages run side by side, so they add up to more than all of it. And how much
/// memory it took.
fn say_timings(timings: &Timings, whole: Seconds, json: bool) {
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
