//! `beatbolt render`: from what was typed to a finished file.

use super::args::RenderArgs;
use super::{dry_run, models, presets, terminal};
use crate::audio::{self, Analysis};
use crate::diffusion::Model;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::render::{self, Job, Settings, Shape, WorkFolder};
use crate::score::{Overrides, Span, Timeline, compose, parse_set};
use crate::timing::Timings;
use crate::units::{FrameRate, Seconds, Size};
use crate::video::{Quality, SoundSpan, VideoSpec, Writer, check_container};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Renders, or says what would be rendered.
pub fn run(args: &RenderArgs) -> Result<()> {
    let progress: Box<dyn Progress> = match args.json {
        true => Box::new(terminal::JsonLines::default()),
        false => Box::new(terminal::Terminal::default()),
    };
    let timings = if args.timings.is_some() { Timings::on() } else { Timings::off() };
    let began = Instant::now();
    let (job, model) = prepare(args, &*progress, &timings)?;
    if args.dry_run {
        drop(progress);
        return dry_run::print(&job, &model, args.json);
    }
    let summary = produce(args, &job, &model, &*progress, &timings)?;
    if let Some(path) = &args.timings {
        timings.write(path)?;
    }
    drop(progress);
    let seconds = began.elapsed().as_secs_f64();
    if args.json {
        let (frames, restored) = (summary.frames, summary.restored);
        println!(
            "{}",
            json!({ "event": "done", "output": job.output, "frames": frames, "restored_windows": restored, "seconds": seconds })
        );
    } else {
        println!("{}: {} frames in {seconds:.0} s", job.output.display(), summary.frames);
    }
    Ok(())
}

/// Everything that can be refused is refused here, before the long work.
fn prepare(args: &RenderArgs, progress: &dyn Progress, timings: &Timings) -> Result<(Job, Model)> {
    let (mut preset, preset_text) = presets::load(&args.preset)?;
    let set = args.set.iter().map(|text| parse_set(text)).collect::<Result<_>>()?;
    let overrides = Overrides { set, prompt: args.prompt.clone(), negative: args.negative.clone() };
    let container = check_container(&output(args)?, &args.track)?;
    if let Some(note) = &container.note {
        progress.note(note);
    }
    progress.stage("loading", 0);
    let model = timed(timings, "load model", || models::open(&args.model, progress))?;
    let native = *model.native();
    preset.base.entry("guidance").or_insert(native.guidance);
    progress.stage("listening", 0);
    let analysis = timed(timings, "analyze", || audio::analyze(&args.track, progress))?;
    let fps = match args.fps {
        Some(fps) => fps,
        None => FrameRate::new(native.fps, 1)?,
    };
    let (first_frame, span) = span(args, &analysis, fps)?;
    let timeline = compose(&analysis, &preset, &overrides, fps, span)?;
    note_cut_prompts(&timeline, &model, progress)?;
    let shape = Shape { length: native.frames, overlap: args.model.overlap }.check(model.max_frames())?;
    let settings = Settings {
        program: concat!("beatbolt ", env!("CARGO_PKG_VERSION")).to_owned(),
        track: render::hash_file(&args.track)?,
        weights: model.fingerprint()?,
        device: model.place(),
        seed: args.seed,
        steps: args.model.steps.unwrap_or(native.steps),
        windows: shape,
        generate: match args.model.generate {
            Some(size) => generated(size, model.downscale() as u32)?,
            None => {
                let native = Size { width: native.width as u32, height: native.height as u32 };
                render::generated_size(args.size, native, model.downscale() as u32)
            }
        },
        picture: args.size,
        first_frame,
        timeline: render::hash_timeline(&timeline),
    };
    let description = json!({
        "settings": &settings,
        "track": args.track.file_name().map(|n| n.to_string_lossy()),
        "model": args.model.model.as_deref().unwrap_or(Path::new(models::SHIPPED)),
        "fps": fps.to_string(),
        "start": span.start, "frames": span.frames,
        "preset": { "name": preset.name, "toml": preset_text },
        "prompt": args.prompt, "negative": args.negative, "set": args.set,
    });
    Ok((Job { settings, timeline, track: args.track.clone(), output: container.path, description }, model))
}

/// Says which prompts are longer than the text encoder can hear.
fn note_cut_prompts(timeline: &Timeline, model: &Model, progress: &dyn Progress) -> Result<()> {
    let prompts: BTreeSet<&str> = timeline.prompts.iter().map(|span| span.prompt.as_str()).collect();
    for prompt in prompts {
        if let (_, Some(cut)) = model.encode_prompt(prompt)? {
            progress.note(&format!("a prompt is too long for this model; not heard: \"{cut}\""));
        }
    }
    Ok(())
}

fn produce(
    args: &RenderArgs,
    job: &Job,
    model: &Model,
    progress: &dyn Progress,
    timings: &Timings,
) -> Result<render::Summary> {
    let end = Seconds(job.timeline.start.0 + job.timeline.fps.start_of(job.timeline.frames).0);
    let sound = SoundSpan {
        track: &job.track,
        start: args.start.map(|_| job.timeline.start),
        end: args.end.map(|_| end),
    };
    let writer = Writer::create(&VideoSpec {
        path: &job.output,
        size: job.settings.picture,
        fps: job.timeline.fps,
        quality: Quality::default(),
        sound: Some(sound),
        job: &job.description.to_string(),
    })?;
    if let Some(note) = writer.note() {
        progress.note(note);
    }
    let folder = job.work_folder();
    if args.fresh {
        WorkFolder::discard(&folder)?;
    }
    let store = WorkFolder::open(&folder, &job.settings)?;
    let found = store.finished(job.windows().len());
    if found > 0 {
        progress.note(&format!(
            "{found} of {} windows were finished before; going on from there",
            job.windows().len()
        ));
    }
    let summary = render::run(job, model, Some(&store), writer, (progress, timings))?;
    store.remove()?;
    Ok(summary)
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
    if size.width % factor == 0 && size.height % factor == 0 && size.width.min(size.height) >= 4 * factor {
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

fn timed<T>(timings: &Timings, name: &'static str, work: impl FnOnce() -> T) -> T {
    let _span = timings.span(name);
    work()
}
