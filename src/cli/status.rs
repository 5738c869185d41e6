//! `beatbolt status`: how far the takes in a work folder are, and who makes them. Neither track nor model is needed.

use super::args::StatusArgs;
use super::interrupt::stop_on_interrupt;
use super::terminal;
use super::terminal::say;
use crate::error::{Error, ErrorKind, Result};
use crate::progress::Progress;
use crate::render::{Film, TakeStatus, status};
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A holder that gave no sign for so many seconds may be gone.
const SILENT: f64 = 30.0;
/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// Tells how far a folder is.
pub fn run(args: &StatusArgs) -> Result<()> {
    let film = Film::read(&args.folder)?;
    if args.follow {
        let stop = stop_on_interrupt();
        follow(&film, &args.folder, &*terminal::progress(false), &stop, &mut || Ok(true))?;
    }
    let takes = status(&film, &args.folder);
    if args.json {
        say(json!({ "output": film.output, "frames": film.frames, "takes": takes }));
    } else {
        table(&film, &takes);
    }
    Ok(())
}

/// Shows how far a film is until all its takes are there, or `goes_on` says that nobody works on it any more.
///
/// # Errors
/// Stopped; whatever `goes_on` says.
pub fn follow(
    film: &Film,
    folder: &Path,
    progress: &dyn Progress,
    stop: &AtomicBool,
    goes_on: &mut dyn FnMut() -> Result<bool>,
) -> Result<()> {
    let all = status(film, folder).iter().map(|take| take.frames).sum();
    progress.stage("rendering", all);
    loop {
        let takes = status(film, folder);
        progress.advance(takes.iter().map(|take| take.kept_frames).sum());
        if takes.iter().all(TakeStatus::is_done) || !goes_on()? {
            return Ok(());
        }
        if stop.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Stopped, "watching ended; whoever works goes on"));
        }
        std::thread::sleep(LOOK);
    }
}

fn table(film: &Film, takes: &[TakeStatus]) {
    say("take        from          to   frames    windows  state");
    for take in takes {
        let state = match (&take.holder, take.sign) {
            _ if take.is_done() => "done".to_owned(),
            (Some(holder), Some(sign)) if sign > SILENT => format!("{holder} gave no sign for {sign:.0} s"),
            (Some(holder), _) => format!("being made by {holder}"),
            _ if take.kept > 0 => "begun".to_owned(),
            _ => "waiting".to_owned(),
        };
        let windows = format!("{} of {}", take.kept, take.windows);
        say(format_args!(
            "{:4}  {:>10}  {:>10}  {:7}  {windows:>9}  {state}",
            take.take,
            take.start.to_string(),
            take.end.to_string(),
            take.frames,
        ));
    }
    let done = takes.iter().filter(|take| take.is_done()).count();
    let (kept, all): (u64, u64) = takes.iter().fold((0, 0), |(k, a), t| (k + t.kept_frames, a + t.frames));
    let next = if done == takes.len() { "; beatbolt join can write the video" } else { "" };
    say(format_args!(
        "\n{done} of {} takes of {} are done, {kept} of {all} frames{next}",
        takes.len(),
        film.output.display()
    ));
}
