//! A project that is open in the studio: as it was read, and with the edited preset in place of its own.

use crate::atomic_file::folder_of;
use crate::error::{Error, Result};
use crate::job::project_folder::Folder;
use crate::job::{presets, project_folder};
use crate::score::{Project, toml_text, with_values};
use crate::units::Size;
use std::collections::BTreeMap;
use std::path::Path;

/// A project that is open, as it was read.
#[derive(Clone, Debug)]
pub struct OpenProject {
    /// Size of its video, if it says one.
    pub size: Option<Size>,
    /// The folder that it lies in.
    pub folder: Folder,
    /// Its file's name.
    pub name: String,
    base: String,
    files: BTreeMap<String, String>,
}

impl OpenProject {
    /// Reads the project at `path`.
    ///
    /// # Errors
    /// As [`project_folder::load`].
    pub fn read(path: &Path) -> Result<Self> {
        let (project, folder) = project_folder::load(path)?;
        let base = project.show.looks[0].preset.name.clone();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(OpenProject { size: project.size, folder, name, base, files: project.files })
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
    pub fn entry(&self) -> &str {
        self.files.get(&self.name).map_or("", String::as_str)
    }

    /// The project with the preset `text` in place of its own, and with these keys.
    ///
    /// # Errors
    /// Usage: it isn't a preset.
    pub fn with(&self, text: &str, keys: Vec<(&'static str, Option<String>)>) -> Result<Project> {
        // A name that none of the project's files has.
        let names = (1..).map(|i| format!("look-{i}.toml"));
        let own = names.into_iter().find(|name| !self.files.contains_key(name)).unwrap_or_default();
        let mut read = |path: &str| match self.files.get(path) {
            _ if path == own => Ok(text.to_owned()),
            Some(text) => Ok(text.clone()),
            None => Err(Error::usage(format!("'{path}' is not a file of the project"))),
        };
        let mut values = vec![("preset", Some(toml_text(&own)))];
        values.extend(keys);
        let entry = with_values(&self.name, self.entry(), &values)?;
        Project::parse(&self.name, &entry, &project_folder::CHOICES, &mut read)
    }
}

/// The name of the preset's file at `path`, if it lies in `folder`.
pub fn saved(path: &Path, folder: &Path) -> Option<String> {
    let around = folder_of(path);
    let lies = path.is_file() && around.canonicalize().ok()? == folder.canonicalize().ok()?;
    path.file_name().filter(|_| lies).map(|name| name.to_string_lossy().into_owned())
}
