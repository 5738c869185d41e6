//! `beatbolt studio`: listens to the track, loads the model and opens the page.

use super::args::{JobArgs, StudioArgs, Tier};
use super::prepare::Scene;
use super::presets;
use super::request::{Request, is_project};
use super::terminal::{self, say};
use crate::error::{Error, Result};
use crate::render::Job;
use crate::score::DEFAULT;
use crate::studio::{Look, Opening, Stage, run as serve};
use crate::timing::Timings;
use std::process::{Command, Stdio};

/// Serves the page until it is stopped.
pub fn run(args: StudioArgs) -> Result<()> {
    if is_project(&args.track) {
        return Err(Error::usage("the studio can't open projects yet")
            .hint("open the project's track, and name a preset of it with --preset"));
    }
    let (port, browse, folder) = (args.port, !args.no_open, args.folder.clone());
    let progress = terminal::progress(false);
    let job = job_args(args);
    let (preset, text) = presets::load(job.preset.as_deref().unwrap_or(DEFAULT))?;
    let look = Look::read(&preset.name, &text)?;
    let scene = Scene::open(Request::read(&job)?, &*progress, &Timings::off())?;
    let Job { settings, timeline, track, .. } = scene.job("studio".into())?;
    drop(progress);
    let stage = Stage {
        title: track.file_name().unwrap_or(track.as_os_str()).to_string_lossy().into_owned(),
        guidance: scene.model.guidance(),
        fps: timeline.fps,
        frames: timeline.frames,
        analysis: scene.analysis,
    };
    let opening = Opening { model: scene.model, settings, stage, look, track, folder, port };
    serve(opening, |address| {
        say(format_args!("studio: {address}"));
        say("Only this computer can open it, and only with the whole address. End with ctrl-C.");
        if browse {
            open_browser(address);
        }
    })
}

/// A draft of the whole track.
fn job_args(args: StudioArgs) -> JobArgs {
    JobArgs {
        target: args.track,
        preset: args.preset,
        seed: args.seed,
        tier: Some(Tier::Draft),
        size: args.size,
        model: args.model,
        hearing: args.hearing,
        prompt: None,
        negative: None,
        set: Vec::new(),
        fps: args.fps,
        start: None,
        end: None,
        section: None,
    }
}

/// Where there is no browser, the address that was printed is all there is.
fn open_browser(address: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(program);
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if command.spawn().is_err() {
        say("No browser could be opened; open the address in one.");
    }
}
