//! What the studio has the command line do, with the options that the studio was opened with.

use crate::cli::args::{HearingArgs, JobArgs, OutputArgs, Tier, TrackerArg};
use crate::cli::new::{inside, toml_text};
use crate::cli::project::{self, Folder};
use crate::cli::render::{Earlier, Target, make};
use crate::cli::request::{ModelChoice, Request};
use crate::cli::{memory, models, presets};
use crate::diffusion::Model;
use crate::error::{Error, Result};
use crate::progress::Silent;
use crate::render::Watch;
use crate::score::{Preset, Project, Show, with_preset};
use crate::studio::{self, Look, Order};
use crate::units::Size;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A project that is open, as it was read.
pub struct Open {
    /// Size of its video, if it says one.
    pub size: Option<Size>,
    folder: Folder,
    name: String,
    base: String,
    files: BTreeMap<String, String>,
}

impl Open {
    /// Reads the project at `path`.
    ///
    /// # Errors
    /// As [`project::load`].
    pub fn read(path: &Path) -> Result<Self> {
        let (project, folder) = project::load(path)?;
        let base = project.show.looks[0].preset.name.clone();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Open { size: project.size, folder, name, base, files: project.files })
    }

    /// Name and text of the preset that holds where no part says otherwise.
    ///
    /// # Errors
    /// Usage: there is none of its name.
    pub fn base(&self) -> Result<(String, String)> {
        match self.files.get(&self.base) {
            Some(text) => Ok((self.base.clone(), text.clone())),
            None => presets::load(&self.base).map(|(preset, text)| (preset.name, text)),
        }
    }

    /// The project's file with the preset at `preset` in place of its own.
    fn entry(&self, preset: &str) -> Result<String> {
        with_preset(&self.name, self.files.get(&self.name).map_or("", String::as_str), preset)
    }

    /// The project with `look` in place of its preset.
    fn with(&self, look: &str) -> Result<Project> {
        // A name that none of the project's files has.
        let names = (1..).map(|i| format!("look-{i}.toml"));
        let own = names.into_iter().find(|name| !self.files.contains_key(name)).unwrap_or_default();
        let mut read = |path: &str| match self.files.get(path) {
            _ if path == own => Ok(look.to_owned()),
            Some(text) => Ok(text.clone()),
            None => Err(Error::usage(format!("'{path}' is not a file of the project"))),
        };
        Project::parse(&self.name, &self.entry(&own)?, &project::CHOICES, &mut read)
    }
}

/// The options that the studio was opened with.
pub struct Workshop {
    job: JobArgs,
    open: Option<Open>,
    model: ModelChoice,
    folder: PathBuf,
}

impl Workshop {
    /// Renders with the options of `job`; `model` is what these mean, and `folder` is where the studio saves.
    pub fn new(job: JobArgs, open: Option<Open>, model: ModelChoice, folder: PathBuf) -> Self {
        Workshop { job, open, model, folder }
    }

    fn request(&self, order: &Order) -> Result<Request> {
        let tier = Tier::find(&order.tier).ok_or_else(|| {
            Error::usage(format!("there is no tier '{}'", order.tier)).hint(Tier::NAMES.join(", "))
        })?;
        let (size, section) = (order.size.parse()?, order.section);
        let job = JobArgs { tier: Some(tier), size: Some(size), section, ..self.job.clone() };
        match &self.open {
            Some(open) => Request::of_project(&job, (open.with(&order.preset)?, open.folder.clone())),
            None => {
                let preset = Preset::parse(&order.name, &order.preset)?;
                Request::of_preset(&job, (preset, order.preset.clone()))
            }
        }
    }
}

impl studio::Workshop for Workshop {
    fn show(&self, look: &Look) -> Result<Show> {
        match &self.open {
            Some(open) => open.with(&look.text()).map(|project| project.show),
            None => look.preset().map(Show::of),
        }
    }

    fn project(&self, preset: &str) -> Result<String> {
        let Some(open) = &self.open else { return written(&self.job, &self.folder.join(preset), preset) };
        if !open.folder.is(&self.folder) {
            return Err(Error::usage("the project lies in another folder than the one to save in")
                .hint("open the studio without --folder"));
        }
        open.entry(preset)
    }

    fn load(&self) -> Result<Model> {
        models::open(&self.model, Tier::Draft, &Silent)
    }

    fn render(&self, order: &Order, watch: Watch) -> Result<PathBuf> {
        memory::give_back();
        let request = self.request(order)?;
        // What every browser plays, whatever the project's own video is.
        let place = OutputArgs { output: Some(order.output.clone()), profile: Some("h264".into()) };
        let (output, profile) = request.place(&place, watch.progress)?;
        make(request, Target { output: output.clone(), profile, earlier: Earlier::Replaced }, watch)?;
        Ok(output)
    }
}

/// A project of the track and the options of `job`, to lie beside `target`.
fn written(job: &JobArgs, target: &Path, preset: &str) -> Result<String> {
    let path = |path: &Path| Ok::<_, Error>(toml_text(&inside(path, target)?));
    let mut text = format!("track = {}\npreset = {}\n", path(&job.target)?, toml_text(preset));
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "{key} = {value}");
        }
    };
    let quoted = |value: Option<String>| value.map(|v| toml_text(&v));
    let model = &job.model;
    line("model", model.model.as_deref().map(path).transpose()?);
    line("motion", model.motion.as_deref().map(path).transpose()?);
    line("steps", model.steps.map(|n| n.to_string()));
    line("generate", quoted(model.generate.map(|size| size.to_string())));
    line("overlap", model.overlap.map(|n| n.to_string()));
    line("fps", quoted(job.fps.map(|fps| fps.to_string())));
    line("seed", job.seed.map(|seed| seed.to_string()));
    let HearingArgs { beats, ears, bpm, first_beat, beats_file, halve, double, shift_beats, sections_file } =
        &job.hearing;
    if *beats != TrackerArg::Net || ears.is_some() {
        return Err(Error::usage("a project can't say --beats or --ears").hint("save a preset"));
    }
    line("hearing.bpm", bpm.map(|bpm| bpm.to_string()));
    line("hearing.first_beat", first_beat.map(|t| t.0.to_string()));
    line("hearing.beats_file", beats_file.as_deref().map(path).transpose()?);
    let octave = if *halve { Some("halve") } else { double.then_some("double") };
    line("hearing.octave", quoted(octave.map(str::to_owned)));
    line("hearing.shift_beats", shift_beats.map(|s| s.to_string()));
    line("hearing.sections_file", sections_file.as_deref().map(path).transpose()?);
    Ok(text)
}
