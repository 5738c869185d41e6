//! Scenes: a request with everything that a render, a plan or an export needs: model, analysis, timeline, job.

use super::adapters::{self, OpenLora};
use super::controls::{self, OpenControl};
use super::destination::Destination;
use super::layers;
use super::models;
use super::options::Stretch;
use super::rates_cache;
use super::record::{JobRecord, Origin as RecordOrigin, ProjectRecord, SettingsRecord};
use super::request::Request;
use super::split;
use super::usual::Usual;
use crate::audio::Analysis;
use crate::diffusion::model::{Adapted, Origin, Products, SamplingRecord};
use crate::diffusion::{Model, ModelFingerprint, ModelInfo};
use crate::error::{Error, Result};
use crate::interpolate::{Interpolator, InterpolatorFile};
use crate::progress::Progress;
use crate::render;
use crate::render::{Beside, Estimate, Inits, Job, Layers, NetworkFiles, Settings, Window, WindowShape};
use crate::score::{Direction, Look, NONE, ParamId, Span, Timeline, direct, toml_text};
use crate::system;
use crate::timing::Timings;
use crate::units::{FrameIndex, FrameRate, GeneratedFrame, Seconds, Size};
use crate::upscale::{Upscaler, UpscalerFile};
use crate::video::{Profile, read_lut};
use crate::weights::Placement;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A request with what was heard and loaded for it.
pub struct Scene {
    /// What was asked for.
    pub request: Request,
    /// What is known of the networks without their weights.
    pub info: ModelInfo,
    /// What changes them.
    pub loras: Vec<OpenLora>,
    /// ControlNets beside them.
    pub controls: Vec<OpenControl>,
    /// What enlarges the pictures that they make; none: they are scaled.
    pub upscaler: Option<UpscalerFile>,
    /// What was asked for to put frames between generated ones.
    interpolator: Option<InterpolatorFile>,
    /// What was heard.
    pub analysis: Analysis,
    /// The value of every parameter in every frame of the whole track.
    pub timeline: Timeline,
    /// The frames that were asked for.
    pub part: Range<GeneratedFrame>,
    /// The pictures and clips that frames start from.
    pub inits: Inits,
    /// Who says what the guidance is.
    guidance_from: Origin,
}

impl Scene {
    /// Looks at the model, listens to the track and plays the show on it.
    ///
    /// # Errors
    /// Whatever of it can't be; everything that can be refused is refused here, before the long work.
    pub fn open(mut request: Request, progress: &dyn Progress, timings: &Timings) -> Result<Self> {
        let places = models::places(progress)?;
        let mut info = models::look(&request.model, &places, progress)?;
        let loras = models::loras(&request.model, &info, &places, progress)?;
        let controls = controls::open(&request.model.controls, &info, &places, progress)?;
        let upscaler = models::upscaler(&request.model, &places, progress)?;
        let interpolator = models::interpolator(&request.model, &places, progress)?;
        let told = request.lyrics.iter().filter_map(|lyrics| lyrics.note.as_deref());
        told.for_each(|note| progress.note(note));
        let analysis = {
            let _span = timings.span("analyze");
            request.hearing.hear(&request.track, progress)?
        };
        system::give_back();
        if request.directed {
            // A model of the usual size makes its own pictures, and so does any where nothing is to start from anything.
            let painted = request.overrides.init.as_deref() == Some(NONE);
            let direction = direct(&analysis, request.seed, info.words().is_some() && !painted);
            if let RecordOrigin::Preset(_) = request.origin {
                request.origin = RecordOrigin::Project(written(&direction, &request));
            }
            request.show = direction.under(request.show)?;
        }
        let followed = controls::named(&request.model.controls)?;
        let named = request.show.sources(&request.overrides).chain(followed.iter().map(String::as_str));
        let inits = Inits::open(named, (&request.track, &analysis.downbeats), &request.inits)?;
        inits.notes().for_each(|note| progress.note(note));
        let guidance_from = guidance_from(&request, &info);
        let usual = Usual::of(&info);
        request.show.looks.iter_mut().for_each(|look| usual.under(&mut look.preset.base));
        let fps = request.rate(info.hints().fps)?;
        let whole = fps.frames_covering_samples(analysis.samples, analysis.sample_rate).max(1);
        let part = part(request.stretch, &analysis, fps, whole)?;
        // The whole track is played, whatever part of it is wanted, so that the part has the values of the whole.
        let span = Span { start: Seconds(0.0), frames: whole };
        let mut timeline = request.show.play(&analysis, &request.overrides, fps, span)?;
        if let Some(most) = request.split {
            if most.0 <= 0.0 {
                return Err(
                    Error::usage("a take lasts longer than --split 0").hint("a minute is usual: --split 60")
                );
            }
            timeline.cuts = split::cuts(&timeline, &analysis, most);
        }
        models::add_embeddings(&mut info, Some(&texts(&timeline)), &places, progress)?;
        Ok(Scene {
            request,
            info,
            loras,
            controls,
            upscaler,
            interpolator,
            analysis,
            timeline,
            part,
            inits,
            guidance_from,
        })
    }

    /// The job that writes the wanted part to `destination`, computed at `placement`; `model` is its fingerprint, which may be
    /// empty where nothing is rendered.
    ///
    /// # Errors
    /// Usage: the model can't make such windows or pictures; Input: the track can't be read.
    pub fn job(
        &self,
        destination: &Destination,
        placement: &Placement,
        model: ModelFingerprint,
    ) -> Result<Job> {
        self.job_computed(destination, placement.to_string(), model)
    }

    /// The job whose networks compute, or have computed, on `device`, like `cuda f16`.
    fn job_computed(
        &self,
        destination: &Destination,
        device: String,
        model: ModelFingerprint,
    ) -> Result<Job> {
        let layers = layers::of(&self.request, &self.analysis)?;
        let settings = self.settings(device, model, &layers)?;
        let description = self.record(&settings, destination)?.text()?;
        let (timeline, track) = (self.timeline.clone(), self.request.track.clone());
        let (output, layers) = (destination.path.clone(), Arc::new(layers));
        Ok(Job { settings, timeline, layers, track, output, description })
    }

    /// The job that is to be rendered, and where its networks compute.
    ///
    /// # Errors
    /// As [`Self::job`] and [`models::place`]; Model: weights are missing.
    pub fn job_to_render(
        &self,
        destination: &Destination,
        progress: &dyn Progress,
    ) -> Result<(Job, Placement)> {
        let placement = models::place(&self.request.model, progress)?;
        Ok((self.job_to_join(destination, placement.to_string(), progress)?, placement))
    }

    /// The job that is to be rendered by others, or was: their networks compute on `device`, like `cuda f16`.
    ///
    /// # Errors
    /// As [`Self::job`]; Model: weights are missing.
    pub fn job_to_join(
        &self,
        destination: &Destination,
        device: String,
        progress: &dyn Progress,
    ) -> Result<Job> {
        let mut job = self.job_computed(destination, device, self.fingerprint()?)?;
        layers::notes(&job.layers).iter().for_each(|note| progress.note(note));
        let layers = Arc::unwrap_or_clone(job.layers);
        job.layers = Arc::new(layers::heard(layers, &self.request, &self.timeline, progress)?);
        Ok(job)
    }

    /// The size at which the model generates pictures of the video's shape where the video is large enough for it: drafts of that size
    /// have the noise of what follows them.
    pub fn full_generated(&self) -> Size {
        let Size { width, height } = self.request.size;
        let most = |side: u32| side.saturating_mul(8).min(Size::MAX_SIDE);
        let large = Size { width: most(width), height: most(height) };
        render::generated_size(large, self.info.size(), self.info.downscale() as u32)
    }

    /// The size at which pictures are generated.
    fn generate(&self) -> Result<Size> {
        let factor = self.info.downscale() as u32;
        match self.request.model.generate {
            Some(size) => generated(size, factor),
            None => Ok(render::generated_size(self.request.size, self.info.size(), factor)),
        }
    }

    /// The hash of every part of the model and of what changes it.
    ///
    /// # Errors
    /// Model: weights are missing. Input: a file can't be read.
    pub fn fingerprint(&self) -> Result<ModelFingerprint> {
        let played = self.loras.iter().filter_map(|lora| lora.played(&self.timeline));
        let own = adapters::fingerprint(self.info.fingerprint()?, played)?;
        let mut own = controls::fingerprint(own, &self.controls)?;
        let tiles = self.info.is_tiled(self.generate()?).then(|| "768x512".to_owned());
        let upscaler = self.upscaler.as_ref().map(UpscalerFile::digest).transpose()?;
        let interpolator = self.interpolator().map(InterpolatorFile::digest).transpose()?;
        for (name, part) in [("tiles", tiles), ("upscaler", upscaler), ("interpolator", interpolator)] {
            let Some(part) = part else { continue };
            own = own.with(name, part).ok_or_else(|| Error::internal("the model has such a part already"))?;
        }
        Ok(own)
    }

    /// One of how many frames is generated.
    fn every(&self) -> FrameIndex {
        self.request.every(self.info.hints().fps, self.timeline.fps)
    }

    /// What puts frames between generated ones; none: the network that comes with the program does, or every frame is generated.
    pub fn interpolator(&self) -> Option<&InterpolatorFile> {
        self.interpolator.as_ref().filter(|_| self.every() > 1)
    }

    /// The networks, without their weights.
    pub fn networks(&self) -> NetworkFiles<'_> {
        NetworkFiles { info: &self.info, upscaler: self.upscaler.as_ref(), interpolator: self.interpolator() }
    }

    /// What puts frames between generated ones, with its weights.
    ///
    /// # Errors
    /// Model: its file is damaged.
    pub fn load_interpolator(&self) -> Result<Option<Interpolator>> {
        self.interpolator().map(InterpolatorFile::load).transpose()
    }

    /// What enlarges the pictures, at `placement`, with its weights.
    ///
    /// # Errors
    /// Model: its file is damaged.
    pub fn load_upscaler(&self, placement: &Placement) -> Result<Option<Upscaler>> {
        let Some(file) = &self.upscaler else { return Ok(None) };
        let loaded = file.load(placement)?;
        Ok(Some(if self.request.model.low_memory { loaded.saving_memory() } else { loaded }))
    }

    /// The networks, at `placement`. All that was heard is given back before they come.
    ///
    /// # Errors
    /// As [`Model::load_adapted`].
    pub fn load(self, placement: &Placement, progress: &dyn Progress, timings: &Timings) -> Result<Model> {
        let Scene { info, loras, controls, analysis, timeline, .. } = self;
        let adapted: Vec<Adapted> = loras.iter().filter_map(|lora| lora.played(&timeline)).collect();
        drop((analysis, timeline));
        system::give_back();
        progress.stage("loading", 0);
        let _span = timings.span("load model");
        let model = Model::load_adapted(info, placement, &adapted)?;
        let model = model.with_controls(controls.iter().map(|control| &control.file))?;
        model.notes().iter().for_each(|note| progress.note(note));
        Ok(model)
    }

    /// What `job`, a job of this scene that is written as `profile`, will need at `placement`.
    ///
    /// # Errors
    /// As [`render::estimate`].
    pub fn estimate(&self, job: &Job, placement: &Placement, profile: Profile) -> Result<Estimate> {
        let area = job.settings.generate.pixels() / self.info.downscale().pow(2);
        let length = job.settings.windows.length;
        let cost = |lora: &OpenLora| self.info.moving_products(&lora.adapter, length, area);
        let costs = self.loras.iter().map(cost).collect::<Result<Vec<_>>>()?;
        let products = |window: &Window| {
            let moving =
                self.loras.iter().zip(&costs).filter(|(lora, _)| lora.moves_in(&job.timeline, window));
            moving.fold(Products::default(), |sum, (_, own)| Products {
                conv: sum.conv + own.conv,
                linear: sum.linear + own.linear,
            })
        };
        let beside = Beside { profile, products: &products, tried: &rates_cache::through };
        render::estimate(job, self.networks(), placement, beside)
    }

    /// What decides the pictures.
    fn settings(&self, device: String, model: ModelFingerprint, layers: &Layers) -> Result<Settings> {
        let Scene { request, info, timeline, part, .. } = self;
        let shape = WindowShape { length: info.hints().frames, overlap: request.model.overlap };
        Ok(Settings {
            program: concat!("beatbolt ", env!("CARGO_PKG_VERSION")).to_owned(),
            track: render::hash_file(&request.track)?,
            model,
            device,
            seed: request.seed,
            steps: info.sampling().steps,
            windows: shape.check(info.max_frames())?,
            generate: self.generate()?,
            picture: request.size,
            every: self.every(),
            first_frame: part.start,
            frames: part.end - part.start,
            timeline: render::hash_timeline(timeline),
            lut: request.lut.as_deref().map(read_lut).transpose()?,
            flash_guard: request.flash_guard,
            layers: layers.hash(),
            inits: self.inits.clone(),
            controls: controls::played(&request.model.controls, &layers.material)?,
        })
    }

    /// How windows are sampled, and who says so.
    ///
    /// # Errors
    /// Usage: so many steps can't be made.
    pub fn sampling(&self) -> Result<SamplingRecord> {
        let guidance = self.timeline.value(ParamId::Guidance, self.part.start);
        self.info.sampling().record((guidance, self.guidance_from))
    }

    /// What is stored in the file: the settings, and what they came from.
    fn record(&self, settings: &Settings, destination: &Destination) -> Result<JobRecord> {
        let Scene { request, timeline, .. } = self;
        let shown = |path: &PathBuf| path.display().to_string();
        Ok(JobRecord {
            settings: SettingsRecord::from(settings),
            sampling: Some(self.sampling()?),
            profile: Some(destination.profile.name().to_owned()),
            sound: Some(format!("{:?}", destination.sound).to_lowercase()),
            audio: destination.audio.map(|audio| audio.name().to_owned()),
            track: request.track.file_name().map(|name| name.to_string_lossy().into_owned()),
            model: Some(request.model.folder.as_ref().map_or(models::SHIPPED.to_owned(), shown)),
            motion: request.model.motion.as_ref().map(shown),
            lut: request.lut.as_ref().map(shown),
            vae: request.model.vae.as_ref().map(shown),
            upscale: request.model.upscale.as_ref().map(shown),
            interpolator: request.model.interpolator.as_ref().map(shown),
            clip_skip: request.model.clip_skip,
            lora: request.lora_typed.clone(),
            control: request.control_typed.clone(),
            fps: timeline.fps,
            interpolate: request.interpolate.map(|said| said.to_string()),
            split: request.split,
            start: timeline.fps.start_of(settings.first_frame),
            frames: settings.frames,
            whole_frames: Some(timeline.frames),
            prompt: request.overrides.prompt.clone(),
            negative: request.overrides.negative.clone(),
            init: request.overrides.init.clone(),
            set: request.overrides.set.iter().map(ToString::to_string).collect(),
            hearing: request.hearing_typed.clone(),
            force_steps: request.model.force_steps,
            lyrics: request.lyrics.as_ref().map(|lyrics| lyrics.record.clone()),
            font: request.font.as_ref().map(shown),
            origin: request.origin.clone(),
        })
    }

    /// The prompts that are shown in the wanted part.
    pub fn prompts(&self) -> BTreeSet<&str> {
        let ends = self.timeline.prompts.iter().skip(1).map(|s| s.start).chain([self.timeline.end()]);
        let spans = self.timeline.prompts.iter().zip(ends);
        spans
            .filter(|(span, end)| span.start < self.part.end && *end > self.part.start)
            .map(|(span, _)| span.prompt.as_str())
            .collect()
    }
}

/// Every text that is encoded, each once.
fn texts(timeline: &Timeline) -> Vec<&str> {
    let spans = timeline.prompts.iter().flat_map(|span| {
        let before = span.travel.iter().flat_map(|travel| [travel.prompt.as_str(), &travel.negative]);
        [span.prompt.as_str(), &span.negative].into_iter().chain(before)
    });
    spans.collect::<BTreeSet<_>>().into_iter().collect()
}

/// What the director chose, as a project beside the track.
fn written(direction: &Direction, request: &Request) -> ProjectRecord {
    let track = request.track.file_name().unwrap_or_default().to_string_lossy();
    let text = format!("track = {}\n{}", toml_text(&track), direction.project());
    let name = "video.toml".to_owned();
    ProjectRecord { name: Some(name.clone()), files: [(name, text)].into() }
}

/// Who says what the guidance is: the model's own is put into the presets that say nothing.
fn guidance_from(request: &Request, info: &ModelInfo) -> Origin {
    let typed = request.overrides.set.iter().any(|setting| setting.param.is(ParamId::Guidance));
    let preset = |look: &Look| {
        look.preset.base.keys().any(|param| param.is(ParamId::Guidance))
            || look.preset.routes.iter().any(|route| route.to.is(ParamId::Guidance))
    };
    match (typed, request.show.looks.iter().any(preset)) {
        (true, _) => Origin::User,
        (_, true) => Origin::Preset,
        _ => info.sampling().from.guidance,
    }
}

/// The frames to be rendered. Times fall on the frames that show them; a section is the frames from its first on to
/// the next section's first.
fn part(
    stretch: Stretch,
    analysis: &Analysis,
    fps: FrameRate,
    whole: FrameIndex,
) -> Result<Range<GeneratedFrame>> {
    let Stretch { section, start, end } = stretch;
    let (least, most) = match section {
        Some(number) => section_frames(number, analysis, fps, whole)?,
        None => (0, whole),
    };
    let past = |what: &str, t: Seconds| {
        Error::usage(format!("--{what} {t} is past the end of the track, at {}", analysis.duration))
            .hint("give a time inside the track")
    };
    let first = start.map_or(least, |t| fps.frame_at(t).max(least));
    if let Some(start) = start.filter(|_| first >= whole) {
        return Err(past("start", start));
    }
    let end = match end {
        Some(end) if end.0 > analysis.duration.0 + 1.0 => return Err(past("end", end)),
        Some(end) => fps.frames_covering(end).min(most),
        None => most,
    };
    if end <= first {
        let error = Error::usage(match section {
            Some(number) => format!("no part of section {number} is between --start and --end"),
            None => "the end is not after the start".to_owned(),
        });
        return Err(error.hint("both are times in the track"));
    }
    Ok(GeneratedFrame(first)..GeneratedFrame(end))
}

/// The first frame of a section, and that of the next.
fn section_frames(
    number: usize,
    analysis: &Analysis,
    fps: FrameRate,
    whole: FrameIndex,
) -> Result<(FrameIndex, FrameIndex)> {
    let count = analysis.sections.len();
    let section = number.checked_sub(1).and_then(|i| analysis.sections.get(i));
    let section = section.ok_or_else(|| {
        Error::usage(format!("there is no section {number}"))
            .hint(format!("sections go from 1 to {count}; `beatbolt analyze` lists them"))
    })?;
    let last = if number == count { whole } else { fps.frame_at(section.end).min(whole) };
    let first = fps.frame_at(section.start);
    Ok((first.min(whole - 1), last.max(first + 1).min(whole)))
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
