//! The opened studio, and what it was opened with: a track or a project, and options. With these, finals are rendered and projects saved.

use super::open_project::{self, OpenProject};
use super::order::{Expectation, Notes, RenderOrder};
use super::state::EditedPreset;
use crate::diffusion::{Model, ModelFingerprint, Tier};
use crate::error::{Error, Result};
use crate::job::project_folder::{path_from, path_value};
use crate::job::{
    Destination, Earlier, JobOptions, KeptModel, ModelOptions, OutputOptions, Request, Scene, layers, make,
    models, warnings,
};
use crate::progress::{Progress, Silent};
use crate::render::{Settings, Watch};
use crate::score::{ByHand, ProjectDocument, toml_text, with_values};
use crate::system;
use crate::timing::Timings;
use crate::units::Seconds;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// A key of a project with its TOML; none: without the key.
type Value = (&'static str, Option<String>);

/// What the studio was opened with.
#[derive(Clone, Debug)]
pub struct Opened {
    pub(super) options: JobOptions,
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

    /// What the command line is asked for once `edited` is saved.
    ///
    /// # Errors
    /// Usage: it can't be shown.
    pub fn request(&self, edited: &EditedPreset) -> Result<Request> {
        self.request_with(edited, self.options.clone())
    }

    fn request_with(&self, edited: &EditedPreset, options: JobOptions) -> Result<Request> {
        let options = JobOptions { hearing: edited.beats.over(&options.hearing), ..options };
        let alone = edited.film == ProjectDocument::default() && edited.beats.hand == ByHand::default();
        if alone && self.project.is_none() {
            return Request::of_preset(&options, (edited.base()?, edited.text()));
        }
        let project = self.film()?;
        let project = (project.with(edited)?, project.folder.clone());
        Request::of_project(&JobOptions { preset: None, ..options }, project)
    }

    /// The project; of a track, one that nobody wrote down yet.
    pub(super) fn film(&self) -> Result<Cow<'_, OpenProject>> {
        match &self.project {
            Some(project) => Ok(Cow::Borrowed(project)),
            None => OpenProject::of_track(&self.options.input).map(Cow::Owned),
        }
    }

    /// A project's file that names the preset at `preset` and says all else of `edited`, for the folder in which presets are saved.
    ///
    /// # Errors
    /// Usage: a project can't name what the studio was opened with.
    pub fn project(&self, preset: &str, edited: &EditedPreset) -> Result<String> {
        let target = self.folder.join("video.toml");
        let mut values = vec![("preset", Some(toml_text(preset)))];
        values.extend(typed(&self.options, &target)?);
        let own = edited.beats.keys();
        // What holds now comes in place of what was typed.
        values.retain(|(key, _)| !own.iter().any(|(other, _)| other == key));
        values.extend(own);
        match &self.project {
            Some(project) if project.folder.is(&self.folder) => {
                with_values(&project.name, edited.film.text(), &values)
            }
            Some(_) => Err(Error::usage("the project lies in another folder than the one to save in")
                .hint("open the studio without --folder")),
            None => {
                values.insert(0, ("track", Some(toml_text(&path_from(&target, &self.options.input)?))));
                with_values(preset, edited.film.text(), &values)
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

    /// The hash of every part of those networks.
    ///
    /// # Errors
    /// As [`Self::load`]; Input: a file can't be read.
    pub fn fingerprint(&self) -> Result<ModelFingerprint> {
        models::fingerprint(&self.model, &Silent)
    }

    /// Renders a final and says where it lies.
    ///
    /// # Errors
    /// As a render; Stopped, once `watch` says so.
    pub fn render(&self, order: &RenderOrder, watch: Watch) -> Result<PathBuf> {
        system::give_back();
        let (request, place) = self.ordered(order, watch.progress)?;
        let destination = Destination { earlier: Earlier::Replaced, ..place };
        make(&mut KeptModel::default(), request, &destination, watch)?;
        Ok(destination.path)
    }

    /// What the project's file is called, which the page doesn't show.
    pub fn file_name(&self) -> &str {
        self.project.as_ref().map_or("", |project| &project.name)
    }

    /// The project that was saved last for the track that was opened, if it was opened as a track.
    pub fn latest_project(&self) -> Option<PathBuf> {
        let track = self.project.is_none().then_some(&self.options.input)?;
        open_project::latest(track, &self.folder)
    }

    /// Whether a final can be meant, as far as is known before its track is looked at.
    ///
    /// # Errors
    /// Usage: a size, a rate or a file that can't be.
    pub fn check(&self, order: &RenderOrder) -> Result<()> {
        self.ordered(order, &Silent).map(drop)
    }

    /// What a final will need, and what of it will not come out well.
    ///
    /// # Errors
    /// As a render, before the long work.
    pub fn expect(&self, order: &RenderOrder) -> Result<Expectation> {
        let notes = Notes::default();
        let (request, destination) = self.ordered(order, &notes)?;
        let scene = Scene::open(request, &notes, &Timings::off())?;
        let placement = models::place(&scene.request.model, &Silent)?;
        let job = scene.job(&destination, &placement, ModelFingerprint::default())?;
        let needs = scene.estimate(&job, &placement, destination.profile)?;
        let mut told: Vec<String> = warnings(&scene, &job)?.iter().map(ToString::to_string).collect();
        told.extend(layers::notes(&job.layers));
        told.extend(notes.taken());
        let Settings { frames, picture, .. } = job.settings;
        let length = Seconds(frames as f64 * job.timeline.fps.period().0);
        let fps = job.timeline.fps.to_string();
        Ok(Expectation { took: needs.time, length, frames, fps, size: picture.to_string(), notes: told })
    }

    fn ordered(&self, order: &RenderOrder, progress: &dyn Progress) -> Result<(Request, Destination)> {
        let tier = Tier::find(&order.tier).ok_or_else(|| {
            Error::usage(format!("there is no tier '{}'", order.tier)).hint(Tier::NAMES.join(", "))
        })?;
        let size = order.size.parse()?;
        let fps = order.fps.as_deref().map(str::parse).transpose()?;
        let own = self.options.clone();
        let stretch = order.stretch;
        let options = JobOptions { tier: Some(tier), size: Some(size), fps: fps.or(own.fps), stretch, ..own };
        let request = self.request_with(&order.edited, options)?;
        let (output, profile) = (Some(order.output.clone()), Some(order.profile));
        let place = OutputOptions { output, profile, overwrite: order.replace, ..OutputOptions::default() };
        let destination = Destination::of(&request, &place, progress)?;
        Ok((request, destination))
    }
}

/// The options of `job` as keys of a project to lie beside `target`.
fn typed(job: &JobOptions, target: &Path) -> Result<Vec<Value>> {
    if !job.lora.is_empty() {
        return Err(Error::usage("what --lora named isn't written into projects")
            .hint("add a [[lora]] to the preset, and open the studio without --lora"));
    }
    if !job.control.is_empty() {
        return Err(Error::usage("what --control named isn't written into projects")
            .hint("add a [[control]] to the preset, and open the studio without --control"));
    }
    let mut values = Vec::new();
    let mut say = |key, value: Option<String>| values.extend(value.map(|value| (key, Some(value))));
    let path = |path: &Option<PathBuf>| path_value(target, path.as_deref());
    say("model", path(&job.model)?);
    say("motion", path(&job.motion)?);
    say("vae", path(&job.vae)?);
    for (key, network) in [("upscale", &job.upscale), ("interpolator", &job.interpolator)] {
        // A network that isn't here is named.
        let named = network.as_deref().filter(|network| !network.exists());
        let named = named.map(|name| toml_text(&name.to_string_lossy()));
        say(key, named.map_or_else(|| path(network), |name| Ok(Some(name)))?);
    }
    say("clip_skip", job.clip_skip.map(|layer| layer.to_string()));
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
    use super::super::heard::BeatCorrection;
    use super::*;
    use crate::atomic_file::folder_of;
    use crate::audio::{Octave, Options, Tracker};
    use crate::job::{Hearing, is_project};
    use std::fs;

    /// What is saved as a project by a studio with these options.
    fn saved(options: JobOptions) -> Result<String> {
        let target = options.input.clone();
        let project = is_project(&target).then(|| OpenProject::read(&target)).transpose()?;
        let folder = folder_of(&target).to_owned();
        let model = Request::read(&options)?.model;
        let request = Request::read(&options)?;
        let beats = BeatCorrection::of(&request.hearing);
        let edited = EditedPreset { beats, ..EditedPreset::shipped("pulse")? };
        let edited = match &project {
            Some(project) => project.edited(edited)?,
            None => edited,
        };
        Opened::new(options, project, model, folder).project("mine.toml", &edited)
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
        assert!(error.to_string().contains("is not in the project's folder"), "{error}");
        let options = Options { tracker: Tracker::Aubio, ..Options::default() };
        assert!(saved(of(&track, Hearing { options, ..Hearing::default() })).is_err());
    }
}
