//! `beatbolt join`: from takes to a finished file.

use super::args::JoinArgs;
use super::interrupt::stop_on_interrupt;
use super::terminal;
use super::terminal::say;
use crate::error::Result;
use crate::job::{Destination, JobOptions, OutputOptions, Request, Shared};
use crate::render::Watch;
use crate::timing::Timings;
use serde_json::json;
use std::time::Instant;

/// Joins the takes of a work folder.
pub fn run(args: JoinArgs) -> Result<()> {
    let (options, out) = (JobOptions::from(args.job), OutputOptions::from(args.out));
    let progress = terminal::progress(args.json);
    let (timings, began, stop) = (Timings::off(), Instant::now(), stop_on_interrupt());
    let request = Request::read(&options)?;
    let destination = Destination::of(&request, &out, &*progress)?;
    let watch = Watch { progress: &*progress, timings: &timings, stop: &stop };
    let shared = Shared::find(request, &destination, args.work.work.as_deref(), watch)?;
    let summary = if args.fast_join { shared.fast_join(watch)? } else { shared.join(watch)? };
    if args.clear {
        shared.clear()?;
    }
    drop(progress);
    let seconds = began.elapsed().as_secs_f64();
    if args.json {
        say(
            json!({ "event": "done", "output": destination.path, "frames": summary.frames, "seconds": seconds }),
        );
    } else {
        say(format_args!("{}: {} frames in {seconds:.0} s", destination.path.display(), summary.frames));
    }
    Ok(())
}
