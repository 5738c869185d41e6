//! `beatbolt render`, first half: from what was typed to a checked job.

use super::args::RenderArgs;
use super::{models, presets};
use crate::audio::{self, Analysis};
use crate::diffusion::Model;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::render::{self, Job, Settings, Shape};
use crate::score::{Emphasis, Overrides, Preset, Span, Timeline, compose, parse_set};
use crate::timing::Timings;
use crate::units::{FrameIndex, FrameRate, Seconds, Size};
use crate::video::check_container;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The job that `args` describe, and the model for it. Everything that can be refused is refused here, before the
/// long work.
pub fn prepare(args: &RenderArgs, progress: &dyn Progress, timings: &Timings) -> Result<(Job, Model)> {
    let (mut preset, preset_text) = presets::load(&args.preset)?;
    let set = args.set.iter().map(|text| parse_set(text)).collect::<Result<_>>()?;
    let overrides = Overrides { set, prompt: args.prompt.clone(), negative: args.negative.clone() };
    let container = check_container(&output(args)?, &args.track)?;
    container.note.iter().for_each(|note| progress.note(note));
    // The sound first: what listening takes is given back before the model comes.
    let analysis = {
        let _span = timings.span("analyze");
        audio::analyze(&args.track, progress)?
    };
    progress.stage("loading", 0);
    let model = {
        let _span = timings.span("load model");
        models::open(&args.model, args.tier, progress)?
    };
    preset.base.entry("guidance").or_insert(model.guidance());
    let fps = args.fps.map_or_else(|| FrameRate::new(model.native().fps, 1), Ok)?;
    let (first_frame, span) = span(args, &analysis, fps)?;
    let timeline = compose(&analysis, &preset, &overrides, fps, span)?;
    note_cut_prompts(&timeline, &model, progress)?;
    let settings = settings(args, &model, first_frame, &timeline)?;
    let description = description(args, &settings, &timeline, (&preset, &preset_text));
    Ok((Job { settings, timeline, track: args.track.clone(), output: container.path, description }, model))
}

/// What decides the pictures.
fn settings(
    args: &RenderArgs,
    model: &Model,
    first_frame: FrameIndex,
    timeline: &Timeline,
) -> Result<Settings> {
    let (native, factor) = (model.native(), model.downscale() as u32);
    let picture = args.size.unwrap_or_else(|| args.tier.size());
    let shape = Shape { length: native.frames, overlap: args.model.overlap };
    Ok(Settings {
        program: concat!("beatbolt ", env!("CARGO_PKG_VERSION")).to_owned(),
        track: render::hash_file(&args.track)?,
        weights: model.fingerprint()?,
        device: model.place(),
        seed: args.seed,
        steps: model.steps(),
        windows: shape.check(model.max_frames())?,
        generate: match args.model.generate {
            Some(size) => generated(size, factor)?,
            None => {
                let native = Size { width: native.width as u32, height: native.height as u32 };
                render::generated_size(picture, native, factor)
            }
        },
        picture,
        first_frame,
        timeline: render::hash_timeline(timeline),
    })
}

/// What is stored in the file: the settings, and what they came from.
fn description(
    args: &RenderArgs,
    settings: &Settings,
    timeline: &Timeline,
    (preset, text): (&Preset, &str),
) -> Value {
    json!({
        "settings": settings,
        "track": args.track.file_name().map(|name| name.to_string_lossy()),
        "model": args.model.model.as_deref().unwrap_or(Path::new(models::SHIPPED)),
        "motion": args.model.motion,
        "fps": timeline.fps,
        "start": timeline.start,
        "frames": timeline.frames,
        "preset": { "name": preset.name, "toml": text },
        "prompt": args.prompt,
        "negative": args.negative,
        "set": args.set,
    })
}

/// Says which prompts are longer than the text encoder can hear.
fn note_cut_prompts(timeline: &Timeline, model: &Model, progress: &dyn Progress) -> Result<()> {
    let prompts: BTreeSet<&str> = timeline.prompts.iter().map(|span| span.prompt.as_str()).collect();
    for prompt in prompts {
        if let Some(cut) = model.tokenize(&Emphasis::parse(prompt)?.text)?.cut {
            progress.note(&format!("a prompt is too long for this model; not heard: \"{cut}\""));
        }
    }
    Ok(())
}

/// The frames to be rendered: `--start` and `--end` fall on the frames that show them, so that a part of a video
/// has the same frames as the whole.
fn span(args: &RenderArgs, analysis: &Analysis, fps: FrameRate) -> Result<(u64, Span)> {
    let past = |what: &str, t: Seconds| {
        Error::usage(format!("--{what} {t} lies past the end of the track, at {}", analysis.duration))
            .hint("give a time inside the track")
    };
    let first = args.start.map_or(0, |t| fps.frame_at(t));
    let whole = fps.frames_covering_samples(analysis.samples, analysis.sample_rate);
    if let Some(start) = args.start.filter(|_| first >= whole) {
        return Err(past("start", start));
    }
    let end = match args.end {
        Some(end) if end.0 > analysis.duration.0 + 1.0 => return Err(past("end", end)),
        Some(end) => fps.frames_covering(end).min(whole),
        None => whole,
    };
    if end <= first {
        return Err(Error::usage("--end doesn't lie after --start").hint("both are times in the track"));
    }
    Ok((first, Span { start: fps.start_of(first), frames: end - first }))
}

/// A size that was asked for, if the model can generate it.
fn generated(size: Size, factor: u32) -> Result<Size> {
    if size.width.is_multiple_of(factor)
        && size.height.is_multiple_of(factor)
        && size.width.min(size.height) >= 4 * factor
    {
        return Ok(size);
    }
    let near = |side: u32| ((side + factor / 2) / factor * factor).max(4 * factor);
    Err(Error::usage(format!("this model can't generate pictures of {size}")).hint(format!(
        "both sides must be divisible by {factor}, like {}x{}",
        near(size.width),
        near(size.height)
    )))
}

/// Where the video goes if nobody says: the track's name, in this folder.
fn output(args: &RenderArgs) -> Result<PathBuf> {
    let named = args
        .output
        .clone()
        .or_else(|| args.track.file_stem().map(|stem| PathBuf::from(stem).with_extension("mp4")));
    named.ok_or_else(|| Error::usage(format!("{} is not a file", args.track.display())).hint("name a track"))
}
