//! The manifest of a work folder, `job.json`: which pictures its windows are of.

use super::fingerprint;
use crate::atomic_file;
use crate::bounded_read;
use crate::error::{Error, Result};
use crate::render::job::Settings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::io;
use std::path::{Path, PathBuf};

/// Its name in the folder.
const NAME: &str = "job.json";
/// How the folder is laid out; windows of another layout are not found.
const LAYOUT: u32 = 2;
/// A manifest is some hundred bytes.
const MOST_BYTES: u64 = 1 << 20;

/// What lies in a work folder.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    layout: u32,
    /// The resume key.
    picture: Map<String, Value>,
    /// SHA-256 of the track's file, to be named where the timeline differs.
    track: String,
}

impl Manifest {
    /// For the windows of a job of `settings`.
    ///
    /// # Errors
    /// Internal.
    pub fn of(settings: &Settings) -> Result<Self> {
        let (picture, track) = (fingerprint::of(settings)?, settings.track.clone());
        Ok(Manifest { layout: LAYOUT, picture, track })
    }

    /// Where that of the work folder at `folder` lies.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(NAME)
    }

    /// That of the work folder at `folder`; none where it isn't one, or one of another program.
    ///
    /// # Errors
    /// The system's.
    pub fn read(folder: &Path) -> io::Result<Option<Self>> {
        match bounded_read::bytes(&Self::path(folder), MOST_BYTES) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Writes it into the work folder at `folder`, if there is none yet.
    ///
    /// # Errors
    /// The system's.
    pub fn write_new(&self, folder: &Path) -> io::Result<()> {
        let path = Self::path(folder);
        match path.exists() {
            true => Ok(()),
            false => atomic_file::put_new(&path, &serde_json::to_vec_pretty(self)?).map(drop),
        }
    }

    /// Where the networks compute, like `cuda f16`.
    pub fn device(&self) -> Option<String> {
        self.picture.get("device")?.as_str().map(str::to_owned)
    }

    /// Whether windows of the one are windows of the other.
    pub fn has_the_pictures_of(&self, other: &Manifest) -> bool {
        (self.layout, &self.picture) == (other.layout, &other.picture)
    }

    /// Refuses to go on with the windows of `then`, which lie in `folder`, where they are of other pictures.
    ///
    /// # Errors
    /// Usage: they are; what changed is named.
    pub fn check(&self, then: Option<&Manifest>, folder: &Path) -> Result<()> {
        let changed = match then {
            Some(then) if self.has_the_pictures_of(then) => return Ok(()),
            Some(then) if then.layout == self.layout => {
                let track = (then.track != self.track).then(|| "the track".to_owned());
                let changed = fingerprint::differences(&self.picture, &then.picture);
                let changed = changed.iter().map(|name| fingerprint::said(name));
                track.into_iter().chain(changed).collect::<Vec<_>>().join(", ")
            }
            _ => "the program".to_owned(),
        };
        Err(Error::usage(format!(
            "{} holds finished windows of a render with other settings (different: {changed})",
            folder.display()
        ))
        .hint("to resume that render, run its command again")
        .hint("or add --fresh to discard them and start over"))
    }
}
