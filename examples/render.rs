//! A music video in a few calls: a track, a preset and an output go in, progress goes to standard error.
//!
//! ```text
//! cargo run --release --example render -- TRACK [PRESET [OUTPUT [END]]]
//! ```
//!
//! `TRACK` is any audio file, or a project (`video.toml`); `PRESET` a name (`beatbolt presets`) or a TOML file; `OUTPUT` where
//! the video goes; and `END` where in the track it ends, in seconds or minutes:seconds. What is left out is what
//! `beatbolt render --tier draft` takes.

use beatbolt::diffusion::Tier;
use beatbolt::error::{Error, Result};
use beatbolt::job::{Destination, JobOptions, KeptModel, OutputOptions, Request, Stretch, make};
use beatbolt::progress::{Flow, Progress};
use beatbolt::render::Watch;
use beatbolt::timing::Timings;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

/// Renders what `words` name.
fn render(words: &[String]) -> Result<()> {
    let [track, rest @ ..] = words else {
        return Err(Error::usage("no track is named").hint("render TRACK [PRESET [OUTPUT [END]]]"));
    };
    let options = JobOptions {
        input: track.into(),
        preset: rest.first().cloned(),
        stretch: Stretch { end: rest.get(2).map(|time| time.parse()).transpose()?, ..Stretch::default() },
        tier: Some(Tier::Draft),
        ..JobOptions::default()
    };
    let output = OutputOptions { output: rest.get(1).map(Into::into), ..OutputOptions::default() };

    let request = Request::read(&options)?;
    let destination = Destination::of(&request, &output, &Stderr)?;
    let watch = Watch { progress: &Stderr, timings: &Timings::off(), stop: &AtomicBool::new(false) };
    let shown = destination.path.display();
    match make(&mut KeptModel::default(), request, &destination, watch)? {
        Some(summary) => println!("{shown}: {} frames", summary.frames),
        None => println!("{shown}: finished before"),
    }
    Ok(())
}

/// Tells standard error what is going on.
struct Stderr;

impl Progress for Stderr {
    fn stage(&self, name: &str, total: u64) {
        eprintln!("{name} ({total})");
    }

    fn advance(&self, done: u64) -> Flow {
        eprintln!("{done}");
        Flow::Continue
    }

    fn note(&self, text: &str) {
        eprintln!("note: {text}");
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Err(error) = render(&words) else { return ExitCode::SUCCESS };
    eprintln!("error: {error}");
    error.hints().iter().for_each(|hint| eprintln!("hint: {hint}"));
    ExitCode::from(error.kind().exit_code())
}
