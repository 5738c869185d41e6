//! `beatbolt studio`: listens to the track, loads the model and opens the page.

use super::args::{JobArgs, OutputArgs, StudioArgs, Tier};
use super::prepare::Scene;
use super::render::{Earlier, Target, make};
use super::request::{Request, is_project};
use super::terminal::{self, say};
use super::{memory, models, presets};
use crate::error::{Error, Result};
use crate::progress::Silent;
use crate::render::{Job, Watch};
use crate::score::{DEFAULT, Preset};
use crate::studio::{self, Look, Opening, Order, Stage, Workshop, run as serve};
use crate::timing::Timings;
use crate::units::Size;
use std::path::PathBuf;
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
        tiers: tiers(settings.picture),
        analysis: scene.analysis,
    };
    let model = scene.request.model.clone();
    let load = Box::new(move || models::open(&model, Tier::Draft, &Silent));
    let workshop = Workshop { load, render: Box::new(move |order, watch| render(&job, order, watch)) };
    let opening = Opening { model: scene.model, workshop, settings, stage, look, track, folder, port };
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

/// What finals can be rendered as: in the shape of the live pictures, of the given size.
fn tiers(live: Size) -> Vec<studio::Tier> {
    let draft = Tier::Draft.size();
    let even =
        |side: u32, usual: u32, draft: u32| ((side * usual).div_ceil(2 * draft) * 2).min(Size::MAX_SIDE);
    let tier = |tier: Tier| {
        let (usual, (name, about)) = (tier.size(), tier.described());
        let width = even(live.width, usual.width, draft.width);
        let size = Size { width, height: even(live.height, usual.height, draft.height) };
        studio::Tier { name, about, size: size.to_string() }
    };
    Tier::ALL.map(tier).to_vec()
}

/// Renders what the page ordered as `beatbolt render` would with these options, and says where it lies.
fn render(job: &JobArgs, order: &Order, watch: Watch) -> Result<PathBuf> {
    memory::give_back();
    let tier = Tier::find(&order.tier).ok_or_else(|| {
        Error::usage(format!("there is no tier '{}'", order.tier)).hint(Tier::NAMES.join(", "))
    })?;
    let (size, section) = (order.size.parse()?, order.section);
    let job = JobArgs { tier: Some(tier), size: Some(size), section, ..job.clone() };
    let preset = Preset::parse(&order.name, &order.preset)?;
    let request = Request::of_preset(&job, (preset, order.preset.clone()))?;
    let place = OutputArgs { output: Some(order.output.clone()), profile: None };
    let (output, profile) = request.place(&place, watch.progress)?;
    make(request, Target { output: output.clone(), profile, earlier: Earlier::Replaced }, watch)?;
    Ok(output)
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
            tiers(text.parse().unwrap()).into_iter().map(|t| t.size).collect()
        };
        assert_eq!(sizes("384x216"), ["384x216", "1280x720", "1280x720"]);
        assert_eq!(sizes("216x216"), ["216x216", "720x720", "720x720"]);
        assert_eq!(sizes("214x384"), ["214x384", "714x1280", "714x1280"]);
        assert!(tiers(Tier::Draft.size())[0].about.contains("steps"));
    }
}
