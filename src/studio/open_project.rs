//! A project that is open in the studio: as it was read, and with the edited preset in place of its own.

use super::state::EditedPreset;
use crate::atomic_file::folder_of;
use crate::error::{Error, Result};
use crate::job::project_folder::Folder;
use crate::job::{is_project, presets, project_folder};
use crate::score::{DIRECTED, Document, PLAIN, Project, ProjectDocument, toml_text, with_values};
use crate::units::Size;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files of a folder that are looked at for a project.
const MOST_FILES: usize = 2000;

/// A project that is open, as it was read.
#[derive(Clone, Debug)]
pub struct OpenProject {
    /// Size of its video, if it says one.
    pub size: Option<Size>,
    /// Whether the director chooses what is shown where no part says otherwise.
    pub directed: bool,
    /// The folder that it lies in.
    pub folder: Folder,
    /// Its file's name.
    pub name: String,
    base: String,
    files: BTreeMap<String, String>,
    /// The track's name in the folder, where the project is none of the disk.
    pub track: Option<String>,
}

impl OpenProject {
    /// Reads the project at `path`.
    ///
    /// # Errors
    /// As [`project_folder::load`].
    pub fn read(path: &Path) -> Result<Self> {
        let (project, folder) = project_folder::load(path)?;
        let base = if project.directed { DIRECTED } else { &project.show.looks[0].preset.name }.to_owned();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let Project { size, directed, files, show, .. } = project;
        let own = files
            .get(&name)
            .map_or(Ok(0), |text| ProjectDocument::read(text).map(|film| film.parts().len()))?;
        if directed && show.parts.len() > own {
            return Err(Error::usage(
                "parts of included files lie over what the director chooses, which the studio can't show",
            )
            .hint("name a preset in the project, or move these parts into it"));
        }
        Ok(OpenProject { size, directed, folder, name, base, files, track: None })
    }

    /// A project on the track at `path` that says nothing yet.
    ///
    /// # Errors
    /// Input: there is no such folder.
    pub fn of_track(path: &Path) -> Result<Self> {
        let folder = Folder::around(path)?;
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let (file, base) = ("video.toml".to_owned(), PLAIN.to_owned());
        let entry = format!("track = {}\n", toml_text(said(&name)));
        let files = BTreeMap::from([(file.clone(), entry)]);
        Ok(OpenProject { size: None, directed: false, folder, name: file, base, files, track: Some(name) })
    }

    /// The project as it is worked on: its file, and those of its looks that can be.
    ///
    /// # Errors
    /// Usage: one of them can't be read.
    pub fn edited(&self, preset: EditedPreset) -> Result<EditedPreset> {
        let film = ProjectDocument::read(self.entry())?;
        let named = film.parts().into_iter().filter_map(|part| part.preset);
        let read = |name: String| {
            Some(Document::read(&name, self.files.get(&name)?).map(|document| (name, Arc::new(document))))
        };
        let looks = named.filter_map(read).collect::<Result<_>>()?;
        Ok(EditedPreset { film, looks, ..preset })
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
        let project = Some(self.name.clone());
        let named = ProjectDocument::read(self.entry()).map(|film| film.parts()).unwrap_or_default();
        let looks = named.into_iter().filter_map(|part| part.preset).chain([self.base.clone()]);
        let looks = looks.filter(|name| self.files.contains_key(name));
        project.into_iter().chain(looks).filter(|_| self.folder.is(folder)).collect()
    }

    /// The project's file as it was read.
    pub fn entry(&self) -> &str {
        self.files.get(&self.name).map_or("", String::as_str)
    }

    /// The text of a file that the project names, as it is now.
    ///
    /// # Errors
    /// Usage: it wasn't there when the project was opened.
    pub fn file(&self, edited: &EditedPreset, path: &str) -> Result<String> {
        match self.files.get(path) {
            _ if path == edited.name => Ok(edited.text()),
            _ if edited.looks.contains_key(path) => Ok(edited.looks[path].text()),
            Some(text) => Ok(text.clone()),
            None => Err(Error::usage(format!("'{path}' is not a file of the project"))
                .hint("name a preset that comes with the program, or open the studio anew")),
        }
    }

    /// The project as `edited` has it: another preset, other looks, parts and beats.
    ///
    /// # Errors
    /// Usage: one of them can't be meant.
    pub fn with(&self, edited: &EditedPreset) -> Result<Project> {
        let text = edited.text();
        // A name that none of the project's files has.
        let names = (1..).map(|i| format!("look-{i}.toml"));
        let own = names
            .into_iter()
            .find(|name| !self.files.contains_key(name) && !edited.looks.contains_key(name))
            .unwrap_or_default();
        let mut read = |path: &str| match path == own {
            true => Ok(text.clone()),
            false => self.file(edited, path),
        };
        let mut values = vec![("preset", Some(toml_text(&own)))];
        values.extend(edited.beats.keys());
        let film = match &self.track {
            // A track's own file doesn't name it.
            Some(_) => format!("{}\n{}", self.entry(), edited.film.text()),
            None => edited.film.text().to_owned(),
        };
        let entry = with_values(&self.name, &film, &values)?;
        let mut project = Project::parse(&self.name, &entry, &project_folder::CHOICES, &mut read)?;
        if let Some(track) = &self.track {
            project.track.clone_from(track);
        }
        Ok(project)
    }
}

/// A track's name as a project says it; where it can't, the track is found without.
pub fn said(name: &str) -> &str {
    let fine = !name.is_empty() && !name.contains([':', '\\']) && !name.chars().any(char::is_control);
    if fine { name } else { "track" }
}

/// The project in `folder` on the track at `track` that was written last, for who opens the track once more.
pub fn latest(track: &Path, folder: &Path) -> Option<PathBuf> {
    let track = track.canonicalize().ok()?;
    let is_on_track = |path: &PathBuf| {
        let (project, around) = project_folder::load(path).ok()?;
        let named = around.inside(&project.track).ok()?.canonicalize().ok()?;
        (named == track).then_some(())
    };
    let files = fs::read_dir(folder).ok()?.take(MOST_FILES).filter_map(|file| Some(file.ok()?.path()));
    let projects = files.filter(|path| is_project(path) && is_on_track(path).is_some());
    projects.max_by_key(|path| path.metadata().and_then(|file| file.modified()).ok())
}

/// The name of the preset's file at `path`, if it lies in `folder`.
pub fn saved(path: &Path, folder: &Path) -> Option<String> {
    let around = folder_of(path);
    let lies = path.is_file() && around.canonicalize().ok()? == folder.canonicalize().ok()?;
    path.file_name().filter(|_| lies).map(|name| name.to_string_lossy().into_owned())
}
