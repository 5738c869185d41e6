//! `beatbolt studio`: listens to the track, loads the model and opens the page.

mod workshop;

use super::args::{JobArgs, StudioArgs, Tier};
use super::prepare::Scene;
use super::presets;
use super::project;
use super::request::{Request, is_project};
use super::terminal::{self, say};
use crate::error::Result;
use crate::render::{Job, generated_size};
use crate::score::DEFAULT;
use crate::studio::{self, Look, Opening, Stage, run as serve};
use crate::timing::Timings;
use crate::units::Size;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use workshop::{Open, Workshop, saved};

/// How long a page may be silent: longer than the sleepiest tab.
const PATIENCE: Duration = Duration::from_secs(15);

/// Serves the page until it is stopped.
pub fn run(args: StudioArgs) -> Result<()> {
    let (port, browse, folder) = (args.port, !args.no_open, args.folder.clone());
    let progress = terminal::progress(false);
    let mut job = job_args(args);
    let open = is_project(&job.target).then(|| Open::read(&job.target)).transpose()?;
    let video = open.as_ref().and_then(|open| open.size);
    job.size.get_or_insert_with(|| live_size(video));
    let request = Request::read(&job)?;
    let (name, text) = match &open {
        Some(open) => open.base()?,
        None => {
            let (preset, text) = presets::load(job.preset.as_deref().unwrap_or(DEFAULT))?;
            (preset.name, text)
        }
    };
    let look = Look::read(&name, &text)?;
    let around = || open.as_ref().map_or(Path::new("."), |_| project::around(&job.target)).to_owned();
    let folder = folder.unwrap_or_else(around);
    let scene = Scene::open(request, &*progress, &Timings::off())?;
    let Job { settings, timeline, track, .. } = scene.job("studio".into())?;
    drop(progress);
    let opened = match &open {
        Some(open) => open.saved(&folder),
        None => {
            job.preset.as_deref().and_then(|preset| saved(Path::new(preset), &folder)).into_iter().collect()
        }
    };
    let workshop = Arc::new(Workshop::new(job, open, scene.request.model.clone(), folder.clone()));
    let stage = Stage {
        title: track.file_name().unwrap_or(track.as_os_str()).to_string_lossy().into_owned(),
        guidance: scene.model.guidance(),
        fps: timeline.fps,
        frames: timeline.frames,
        tiers: tiers(settings.picture, video),
        analysis: scene.analysis,
        workshop,
    };
    let (model, stream, patience) = (scene.model, scene.request.hearing.options.stream, PATIENCE);
    let opening = Opening { model, settings, stage, look, track, stream, folder, opened, port, patience };
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
        target: args.target,
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

/// The usual size of live pictures, in the shape of the project's video.
fn live_size(video: Option<Size>) -> Size {
    let draft = Tier::Draft.size();
    video.map_or(draft, |video| generated_size(video, draft, 2))
}

/// What finals can be rendered as: of the project's size, or in the shape of the live pictures.
fn tiers(live: Size, video: Option<Size>) -> Vec<studio::Tier> {
    let draft = Tier::Draft.size();
    let even =
        |side: u32, usual: u32, draft: u32| ((side * usual).div_ceil(2 * draft) * 2).min(Size::MAX_SIDE);
    let tier = |tier: Tier| {
        let (usual, (name, about)) = (tier.size(), tier.described());
        let width = even(live.width, usual.width, draft.width);
        let size = Size { width, height: even(live.height, usual.height, draft.height) };
        let size = video.filter(|_| tier != Tier::Draft).unwrap_or(size);
        studio::Tier { name, about, size: size.to_string() }
    };
    Tier::ALL.map(tier).to_vec()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finals_have_the_shape_of_the_live_pictures() {
        let sizes = |text: &str| -> Vec<String> {
            tiers(text.parse().unwrap(), None).into_iter().map(|t| t.size).collect()
        };
        assert_eq!(sizes("384x216"), ["384x216", "1280x720", "1280x720"]);
        assert_eq!(sizes("216x216"), ["216x216", "720x720", "720x720"]);
        assert_eq!(sizes("214x384"), ["214x384", "714x1280", "714x1280"]);
        let square: Size = "800x800".parse().unwrap();
        let of_project = tiers(live_size(Some(square)), Some(square));
        let shown: Vec<&str> = of_project.iter().map(|t| t.size.as_str()).collect();
        assert_eq!(shown, ["288x288", "800x800", "800x800"]);
        assert!(of_project[0].about.contains("steps"));
    }
}
