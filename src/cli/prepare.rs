//! From a request to everything that a render, a plan or an export needs: model, analysis, timeline, job.

use super::models;
use super::request::{Request, Stretch};
use crate::audio::Analysis;
use crate::diffusion::Model;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::render;
use crate::render::{Job, Settings, WindowShape};
use crate::score::{Emphasis, Span, Timeline};
use crate::system;
use crate::timing::Timings;
use crate::units::{FrameIndex, FrameRate, Seconds, Size};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A request with what was heard and loaded for it.
pub struct Scene {
    /// What was asked for.
    pub request: Request,
    /// The networks.
    pub model: Model,
    /// What was heard.
    pub analysis: Analysis,
    /// The value of every parameter in every frame of the whole track.
    pub timeline: Timeline,
    /// The frames that were asked for.
    pub part: Range<FrameIndex>,
}

impl Scene {
    /// Loads the model, listens to the track and plays the show on it.
    ///
    /// # Errors
    /// Whatever of it can't be; everything that can be refused is refused here, before the long work.
    pub fn open(mut request: Request, progress: &dyn Progress, timings: &Timings) -> Result<Self> {
        // The sound first: what listening takes is given back before the model comes.
        let analysis = {
            let _span = timings.span("analyze");
            request.hearing.hear(&request.track, progress)?
        };
        system::give_back();
        progress.stage("loading", 0);
        let model = {
            let _span = timings.span("load model");
            models::open(&request.model, request.tier, progress)?
        };
        for look in &mut request.show.looks {
            look.preset.base.entry("guidance").or_insert(model.guidance());
        }
        let fps = request.fps.map_or_else(|| FrameRate::new(model.native().fps, 1), Ok)?;
        let whole = fps.frames_covering_samples(analysis.samples, analysis.sample_rate).max(1);
        let part = part(request.stretch, &analysis, fps, whole)?;
        // The whole track is played, whatever part of it is wanted, so that the part has the values of the whole.
        let span = Span { start: Seconds(0.0), frames: whole };
        let timeline = request.show.play(&analysis, &request.overrides, fps, span)?;
        Ok(Scene { request, model, analysis, timeline, part })
    }

    /// The job that writes the wanted part to `output`.
    pub fn job(&self, output: PathBuf) -> Result<Job> {
        let settings = self.settings()?;
        let description = self.description(&settings);
        let (timeline, track) = (self.timeline.clone(), self.request.track.clone());
        Ok(Job { settings, timeline, track, output, description })
    }

    /// The networks alone; all that was heard is given back.
    pub fn into_model(self) -> Model {
        let Scene { model, analysis, .. } = self;
        drop(analysis);
        system::give_back();
        model
    }

    /// What decides the pictures.
    fn settings(&self) -> Result<Settings> {
        let Scene { request, model, timeline, part, .. } = self;
        let (native, factor) = (model.native(), model.downscale() as u32);
        let shape = WindowShape { length: native.frames, overlap: request.model.overlap };
        Ok(Settings {
            program: concat!("beatbolt ", env!("CARGO_PKG_VERSION")).to_owned(),
            track: render::hash_file(&request.track)?,
            model: model.fingerprint()?,
            device: model.place(),
            seed: request.seed,
            steps: model.steps(),
            windows: shape.check(model.max_frames())?,
            generate: match request.model.generate {
                Some(size) => generated(size, factor)?,
                None => {
                    let native = Size { width: native.width as u32, height: native.height as u32 };
                    render::generated_size(request.size, native, factor)
                }
            },
            picture: request.size,
            first_frame: part.start,
            frames: part.end - part.start,
            timeline: render::hash_timeline(timeline),
        })
    }

    /// What is stored in the file: the settings, and what they came from.
    fn description(&self, settings: &Settings) -> Value {
        let Scene { request, timeline, .. } = self;
        let mut text = json!({
            "settings": settings,
            "track": request.track.file_name().map(|name| name.to_string_lossy()),
            "model": request.model.folder.as_deref().unwrap_or(Path::new(models::SHIPPED)),
            "motion": request.model.motion,
            "fps": timeline.fps,
            "start": timeline.fps.start_of(settings.first_frame),
            "frames": settings.frames,
            "whole_frames": timeline.frames,
            "prompt": request.overrides.prompt,
            "negative": request.overrides.negative,
            "set": request.overrides.set.iter().map(|s| format!("{}={}", s.param.name, s.value)).collect::<Vec<_>>(),
        });
        if let (Some(text), Some(origin)) = (text.as_object_mut(), request.origin.as_object()) {
            text.extend(origin.clone());
        }
        text
    }

    /// The prompts of the wanted part that are longer than the text encoder can hear, each with what it doesn't hear.
    pub fn cut_prompts(&self) -> Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        for prompt in self.prompts() {
            if let Some(cut) = self.model.tokenize(&Emphasis::parse(prompt)?.text)?.cut {
                found.push((prompt.to_owned(), cut));
            }
        }
        Ok(found)
    }

    /// The prompts that are shown in the wanted part.
    pub fn prompts(&self) -> BTreeSet<&str> {
        let ends = self.timeline.prompts.iter().skip(1).map(|s| s.start).chain([self.timeline.frames]);
        let spans = self.timeline.prompts.iter().zip(ends);
        spans
            .filter(|(span, end)| span.start < self.part.end && *end > self.part.start)
            .map(|(span, _)| span.prompt.as_str())
            .collect()
    }
}

/// The frames to be rendered. Times fall on the frames that show them; a section is the frames from its first on to
/// the next section's first.
fn part(
    stretch: Stretch,
    analysis: &Analysis,
    fps: FrameRate,
    whole: FrameIndex,
) -> Result<Range<FrameIndex>> {
    let (start, end) = match stretch {
        Stretch::Times(start, end) => (start, end),
        Stretch::Section(number) => {
            let count = analysis.sections.len();
            let section = number.checked_sub(1).and_then(|i| analysis.sections.get(i));
            let section = section.ok_or_else(|| {
                Error::usage(format!("there is no section {number}"))
                    .hint(format!("sections go from 1 to {count}; `beatbolt analyze` lists them"))
            })?;
            let last = if number == count { whole } else { fps.frame_at(section.end).min(whole) };
            let first = fps.frame_at(section.start);
            return Ok(first.min(whole - 1)..last.max(first + 1).min(whole));
        }
    };
    let past = |what: &str, t: Seconds| {
        Error::usage(format!("--{what} {t} lies past the end of the track, at {}", analysis.duration))
            .hint("give a time inside the track")
    };
    let first = start.map_or(0, |t| fps.frame_at(t));
    if let Some(start) = start.filter(|_| first >= whole) {
        return Err(past("start", start));
    }
    let end = match end {
        Some(end) if end.0 > analysis.duration.0 + 1.0 => return Err(past("end", end)),
        Some(end) => fps.frames_covering(end).min(whole),
        None => whole,
    };
    if end <= first {
        return Err(Error::usage("--end doesn't lie after --start").hint("both are times in the track"));
    }
    Ok(first..end)
}

/// A size that was asked for, if the model can generate it.
fn generated(size: Size, factor: u32) -> Result<Size> {
    let least = 4 * factor;
    let fits = |side: u32| side.is_multiple_of(factor) && side >= least;
    if fits(size.width) && fits(size.height) {
        return Ok(size);
    }
    let near = |side: u32| ((side + factor / 2) / factor * factor).max(least);
    Err(Error::usage(format!("this model can't generate pictures of {size}")).hint(format!(
        "both sides must be divisible by {factor} and {least} or more, like {}x{}",
        near(size.width),
        near(size.height)
    )))
}
