//! What the studio has the command line do, with the options that the studio was opened with.

use crate::cli::args::{HearingArgs, JobArgs, OutputArgs, Tier, TrackerArg};
use crate::cli::new::{inside, toml_text};
use crate::cli::project::{self, Folder};
use crate::cli::render::{Earlier, Target, make};
use crate::cli::request::{ModelChoice, Request};
use crate::cli::{models, presets};
use crate::diffusion::Model;
use crate::error::{Error, Result};
use crate::progress::Silent;
use crate::render::Watch;
use crate::score::{Preset, Project, Show, with_values};
use crate::studio::{self, Look, Order};
use crate::system;
use crate::units::Size;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A key of a project with its TOML; none: without the key.
type Value = (&'static str, Option<String>);

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

    /// What of it the studio may have saved in `folder`.
    pub fn saved(&self, folder: &Path) -> Vec<String> {
        let project = Some(self.name.clone()).filter(|name| name.ends_with(".video.toml"));
        let preset = saved(&self.folder.path().join(&self.base), folder);
        let own = self.folder.is(folder).then_some([project, preset]);
        own.into_iter().flatten().flatten().collect()
    }

    /// The project's file as it was read.
    fn entry(&self) -> &str {
        self.files.get(&self.name).map_or("", String::as_str)
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
        let entry = with_values(&self.name, self.entry(), &[("preset", Some(toml_text(&own)))])?;
        Project::parse(&self.name, &entry, &project::CHOICES, &mut read)
    }
}

/// The name of the preset's file at `path`, if it lies in `folder`.
pub fn saved(path: &Path, folder: &Path) -> Option<String> {
    let lies = path.is_file() && project::around(path).canonicalize().ok()? == folder.canonicalize().ok()?;
    path.file_name().filter(|_| lies).map(|name| name.to_string_lossy().into_owned())
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
        let target = self.folder.join(preset);
        let mut values = vec![("preset", Some(toml_text(preset)))];
        values.extend(typed(&self.job, &target)?);
        match &self.open {
            Some(open) if open.folder.is(&self.folder) => with_values(&open.name, open.entry(), &values),
            Some(_) => Err(Error::usage("the project lies in another folder than the one to save in")
                .hint("open the studio without --folder")),
            None => {
                values.insert(0, ("track", Some(toml_text(&inside(&self.job.target, &target)?))));
                with_values(preset, "", &values)
            }
        }
    }

    fn load(&self) -> Result<Model> {
        models::open(&self.model, Tier::Draft, &Silent)
    }

    fn render(&self, order: &Order, watch: Watch) -> Result<PathBuf> {
        system::give_back();
        let request = self.request(order)?;
        // What every browser plays, whatever the project's own video is.
        let (output, profile) = (Some(order.output.clone()), Some("h264".into()));
        let args = OutputArgs { output, profile, audio: None, overwrite: false };
        let place = request.place(&args, watch.progress)?;
        let output = place.output.clone();
        make(request, Target { place, earlier: Earlier::Replaced }, watch)?;
        Ok(output)
    }
}

/// The options of `job` as keys of a project to lie beside `target`.
fn typed(job: &JobArgs, target: &Path) -> Result<Vec<Value>> {
    let HearingArgs { beats, ears, bpm, first_beat, beats_file, halve, double, shift_beats, .. } =
        &job.hearing;
    let HearingArgs { sections_file, audio_stream, .. } = &job.hearing;
    if *beats != TrackerArg::Net || ears.is_some() {
        return Err(Error::usage("a project can't say --beats or --ears").hint("save a preset"));
    }
    let mut values = Vec::new();
    let mut say = |key, value: Option<String>| values.extend(value.map(|value| (key, Some(value))));
    let path = |path: &Option<PathBuf>| {
        path.as_deref().map(|path| Ok::<_, Error>(toml_text(&inside(path, target)?))).transpose()
    };
    let octave = if *halve { Some("halve") } else { double.then_some("double") };
    let model = &job.model;
    say("model", path(&model.model)?);
    say("motion", path(&model.motion)?);
    say("steps", model.steps.map(|n| n.to_string()));
    say("generate", model.generate.map(|size| toml_text(&size.to_string())));
    say("overlap", model.overlap.map(|n| n.to_string()));
    say("fps", job.fps.map(|fps| toml_text(&fps.to_string())));
    say("seed", job.seed.map(|seed| seed.to_string()));
    say("hearing.bpm", bpm.map(|bpm| bpm.to_string()));
    say("hearing.first_beat", first_beat.map(|t| t.0.to_string()));
    say("hearing.beats_file", path(beats_file)?);
    say("hearing.octave", octave.map(toml_text));
    say("hearing.shift_beats", shift_beats.map(|s| s.to_string()));
    say("hearing.sections_file", path(sections_file)?);
    say("hearing.audio_stream", audio_stream.map(|n| n.to_string()));
    // A tempo and a list of beats exclude each other.
    if bpm.is_some() {
        values.push(("hearing.beats_file", None));
    }
    if beats_file.is_some() {
        values.push(("hearing.bpm", None));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Cli, Command};
    use crate::cli::request::is_project;
    use crate::cli::studio::job_args;
    use clap::Parser;
    use std::fs;

    /// What is saved as a project by `beatbolt studio TARGET` with these options.
    fn saved(target: &Path, options: &str) -> Result<String> {
        let line = ["beatbolt", "studio", target.to_str().unwrap()];
        let cli = Cli::try_parse_from(line.into_iter().chain(options.split_whitespace())).unwrap();
        let Command::Studio(args) = cli.command else { panic!("{:?}", cli.command) };
        let job = job_args(*args);
        let open = is_project(target).then(|| Open::read(target)).transpose()?;
        let folder = project::around(target).to_owned();
        let model = Request::read(&job)?.model;
        studio::Workshop::project(&Workshop::new(job, open, model, folder), "mine.toml")
    }

    #[test]
    fn what_was_typed_is_saved_with_the_project() {
        let folder = tempfile::tempdir().unwrap();
        let [track, project] = ["track.wav", "video.toml"].map(|name| folder.path().join(name));
        fs::write(&track, "").unwrap();
        fs::write(folder.path().join("taps.txt"), "1\n2\n").unwrap();
        let taps = "[hearing]\nbeats_file = \"taps.txt\"\n";
        fs::write(&project, format!("# a film\ntrack = \"track.wav\"\nseed = 1 # mine\n\n{taps}")).unwrap();
        assert_eq!(
            saved(&project, "--seed 7 --bpm 128 --fps 10").unwrap(),
            "# a film\ntrack = \"track.wav\"\nseed = 7 # mine\npreset = \"mine.toml\"\nfps = \"10\"\n\n[hearing]\nbpm = 128\n"
        );
        let new = saved(&track, "--seed 7 --halve").unwrap();
        assert_eq!(
            new,
            "track = \"track.wav\"\npreset = \"mine.toml\"\nseed = 7\n\n[hearing]\noctave = \"halve\"\n"
        );
        let outside = tempfile::NamedTempFile::new().unwrap();
        let line = format!("--sections-file {}", outside.path().display());
        assert!(
            saved(&project, &line).unwrap_err().to_string().contains("does not lie in the project's folder")
        );
        assert!(saved(&track, "--beats aubio").is_err());
    }
}
