//! The opened studio, and what it was opened with: a track or a project, and options. With these, finals are rendered and projects saved.

use super::open_project::OpenProject;
use super::production::RenderOrder;
use super::state::EditedPreset;
use crate::diffusion::{Model, Tier};
use crate::error::{Error, Result};
use crate::job::project_folder::path_from;
use crate::job::{
    Destination, Earlier, JobOptions, ModelOptions, OutputOptions, Request, Stretch, add_typed_loras, make,
    models,
};
use crate::progress::Silent;
use crate::render::Watch;
use crate::score::{Preset, Show, toml_text, with_values};
use crate::system;
use crate::video::Profile;
use std::path::{Path, PathBuf};

/// A key of a project with its TOML; none: without the key.
type Value = (&'static str, Option<String>);

/// What the studio was opened with.
#[derive(Clone, Debug)]
pub struct Opened {
    options: JobOptions,
    project: Option<OpenProject>,
    model: ModelOptions,
    folder: PathBuf,
}

impl Opened {
    /// A studio on the input of `options`, which is `project` if it isn't a track; `model` is what they say of the networks,
    /// and `folder` is where the studio saves.
    pub fn new(
        options: JobOptions,
        project: Option<OpenProject>,
        model: ModelOptions,
        folder: PathBuf,
    ) -> Self {
        Opened { options, project, model, folder }
    }

    /// What the command line shows once `preset` is saved.
    ///
    /// # Errors
    /// Usage: it can't be shown.
    pub fn show(&self, preset: &EditedPreset) -> Result<Show> {
        let mut show = match &self.project {
            Some(project) => project.with(&preset.text())?.show,
            None => Show::of(preset.preset()?),
        };
        add_typed_loras(&mut show, &self.options)?;
        Ok(show)
    }

    /// A project's file that names the preset at `preset`, for the folder in which presets are saved.
    ///
    /// # Errors
    /// Usage: a project can't name what the studio was opened with.
    pub fn project(&self, preset: &str) -> Result<String> {
        let target = self.folder.join(preset);
        let mut values = vec![("preset", Some(toml_text(preset)))];
        values.extend(typed(&self.options, &target)?);
        match &self.project {
            Some(project) if project.folder.is(&self.folder) => {
                with_values(&project.name, project.entry(), &values)
            }
            Some(_) => Err(Error::usage("the project lies in another folder than the one to save in")
                .hint("open the studio without --folder")),
            None => {
                values.insert(0, ("track", Some(toml_text(&path_from(&target, &self.options.input)?))));
                with_values(preset, "", &values)
            }
        }
    }

    /// Loads the networks of the live pictures.
    ///
    /// # Errors
    /// Model, Device: as when the studio was opened.
    pub fn load(&self) -> Result<Model> {
        models::open(&self.model, &Silent)
    }

    /// Renders a final and says where it lies.
    ///
    /// # Errors
    /// As a render; Stopped, once `watch` says so.
    pub fn render(&self, order: &RenderOrder, watch: Watch) -> Result<PathBuf> {
        system::give_back();
        let request = self.request(order)?;
        // What every browser plays, whatever the project's own video is.
        let (output, profile) = (Some(order.output.clone()), Some(Profile::H264));
        let options = OutputOptions { output, profile, ..OutputOptions::default() };
        let place = Destination::of(&request, &options, watch.progress)?;
        let destination = Destination { earlier: Earlier::Replaced, ..place };
        make(request, &destination, watch)?;
        Ok(destination.path)
    }

    fn request(&self, order: &RenderOrder) -> Result<Request> {
        let tier = Tier::find(&order.tier).ok_or_else(|| {
            Error::usage(format!("there is no tier '{}'", order.tier)).hint(Tier::NAMES.join(", "))
        })?;
        let size = order.size.parse()?;
        let stretch = Stretch { section: order.section, ..Stretch::default() };
        let options = JobOptions { tier: Some(tier), size: Some(size), stretch, ..self.options.clone() };
        match &self.project {
            Some(project) => {
                Request::of_project(&options, (project.with(&order.preset)?, project.folder.clone()))
            }
            None => {
                let preset = Preset::parse(&order.name, &order.preset)?;
                Request::of_preset(&options, (preset, order.preset.clone()))
            }
        }
    }
}

/// The options of `job` as keys of a project to lie beside `target`.
fn typed(job: &JobOptions, target: &Path) -> Result<Vec<Value>> {
    if job.vae.is_some() || job.clip_skip.is_some() {
        return Err(Error::usage("a project can't say --vae or --clip-skip").hint("save a preset"));
    }
    if !job.lora.is_empty() {
        return Err(Error::usage("what --lora named isn't written into projects")
            .hint("add a [[lora]] to the preset, and open the studio without --lora"));
    }
    let mut values = Vec::new();
    let mut say = |key, value: Option<String>| values.extend(value.map(|value| (key, Some(value))));
    let path = |path: &Option<PathBuf>| {
        path.as_deref().map(|path| Ok::<_, Error>(toml_text(&path_from(target, path)?))).transpose()
    };
    say("model", path(&job.model)?);
    say("motion", path(&job.motion)?);
    say("lut", path(&job.lut)?);
    say("steps", job.steps.map(|n| n.to_string()));
    say("generate", job.generate.map(|size| toml_text(&size.to_string())));
    say("overlap", job.overlap.map(|n| n.to_string()));
    say("fps", job.fps.map(|fps| toml_text(&fps.to_string())));
    say("seed", job.seed.map(|seed| seed.to_string()));
    values.extend(job.hearing.keys(target)?);
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Octave, Options, Tracker};
    use crate::job::{Hearing, is_project, project_folder};
    use std::fs;

    /// What is saved as a project by a studio with these options.
    fn saved(options: JobOptions) -> Result<String> {
        let target = options.input.clone();
        let project = is_project(&target).then(|| OpenProject::read(&target)).transpose()?;
        let folder = project_folder::around(&target).to_owned();
        let model = Request::read(&options)?.model;
        Opened::new(options, project, model, folder).project("mine.toml")
    }

    #[test]
    fn what_was_typed_is_saved_with_the_project() {
        let folder = tempfile::tempdir().unwrap();
        let [track, project] = ["track.wav", "video.toml"].map(|name| folder.path().join(name));
        fs::write(&track, "").unwrap();
        fs::write(folder.path().join("taps.txt"), "1\n2\n").unwrap();
        let taps = "[hearing]\nbeats_file = \"taps.txt\"\n";
        fs::write(&project, format!("# a film\ntrack = \"track.wav\"\nseed = 1 # mine\n\n{taps}")).unwrap();
        let of =
            |input: &Path, hearing| JobOptions { input: input.to_owned(), hearing, ..Default::default() };
        let hearing = Hearing { bpm: Some(128.0), ..Hearing::default() };
        let options = JobOptions { seed: Some(7), fps: "10".parse().ok(), ..of(&project, hearing) };
        assert_eq!(
            saved(options).unwrap(),
            "# a film\ntrack = \"track.wav\"\nseed = 7 # mine\npreset = \"mine.toml\"\nfps = \"10\"\n\n[hearing]\nbpm = 128\n"
        );
        let hearing = Hearing { octave: Some(Octave::Halve), ..Hearing::default() };
        assert_eq!(
            saved(JobOptions { seed: Some(7), ..of(&track, hearing) }).unwrap(),
            "track = \"track.wav\"\npreset = \"mine.toml\"\nseed = 7\n\n[hearing]\noctave = \"halve\"\n"
        );
        let outside = tempfile::NamedTempFile::new().unwrap();
        let hearing = Hearing { sections_file: Some(outside.path().to_owned()), ..Hearing::default() };
        let error = saved(of(&project, hearing)).unwrap_err();
        assert!(error.to_string().contains("does not lie in the project's folder"), "{error}");
        let options = Options { tracker: Tracker::Aubio, ..Options::default() };
        assert!(saved(of(&track, Hearing { options, ..Hearing::default() })).is_err());
    }
}
