//! The work folder: finished windows, so that a render that was cut off goes on where it stopped.
//!
//! Each window is written under a temporary name, synced and renamed; a manifest says which settings the
//! windows belong to. Whatever moment the process is killed at, what lies here under a final name is whole.

use super::drift::LatentStats;
use super::job::Settings;
use crate::atomic_file::{self, Part};
use crate::error::{Context, Error, Result};
use candle_core::{Device, Tensor};
use serde_json::Value;
use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

const MANIFEST: &str = "job.json";

/// An open work folder; locked while it is open.
#[derive(Debug)]
pub struct WorkFolder {
    path: PathBuf,
    _lock: File,
}

/// A finished window.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Latents of the frames that it brought, \[n, c, h, w], f32 on the CPU.
    pub latents: Tensor,
    /// What the drift guard holds on to.
    pub look: LatentStats,
}

impl WorkFolder {
    /// Opens or makes the folder at `path` for a job of `settings`.
    ///
    /// A folder that belongs to other settings is refused: its windows would not fit.
    pub fn open(path: &Path, settings: &Settings) -> Result<Self> {
        fs::create_dir_all(path).context(|| unwritable(path))?;
        let lock = atomic_file::open(&path.join("lock")).context(|| unwritable(path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::usage(format!("{} is in use by another render", path.display()))
                    .hint("wait for it, or give this one another output name"));
            }
            Err(TryLockError::Error(e)) => return Err(unwritable(path).because(e)),
        }
        let folder = WorkFolder { path: path.to_owned(), _lock: lock };
        let manifest = path.join(MANIFEST);
        match fs::read(&manifest) {
            Ok(text) => folder.check(&text, settings)?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let text = serde_json::to_vec_pretty(settings).context(|| Error::internal("settings"))?;
                folder.put(MANIFEST, &text)?;
            }
            Err(e) => return Err(unwritable(path).because(e)),
        }
        Ok(folder)
    }

    /// Throws away what lies in the work folder at `path`, if it is one.
    pub fn discard(path: &Path) -> Result<()> {
        if path.join(MANIFEST).is_file() {
            fs::remove_dir_all(path).context(|| unwritable(path))?;
        }
        Ok(())
    }

    /// Whether the work folder at `path` holds windows of other settings than these.
    pub fn is_of_another(path: &Path, settings: &Settings) -> bool {
        let Ok(text) = fs::read(path.join(MANIFEST)) else { return false };
        let then: Option<Value> = serde_json::from_slice(&text).ok();
        then != serde_json::to_value(settings).ok()
    }

    fn check(&self, manifest: &[u8], settings: &Settings) -> Result<()> {
        let now = serde_json::to_value(settings).context(|| Error::internal("settings"))?;
        let then: Value = serde_json::from_slice(manifest).unwrap_or(Value::Null);
        if then == now {
            return Ok(());
        }
        let changed: Vec<&str> = now
            .as_object()
            .map(|o| {
                o.iter().filter(|(k, v)| then.get(k.as_str()) != Some(v)).map(|(k, _)| k.as_str()).collect()
            })
            .unwrap_or_default();
        Err(Error::usage(format!(
            "{} holds the windows of another job (different: {})",
            self.path.display(),
            changed.join(", ")
        ))
        .hint("give the command with which it was begun, to go on with it")
        .hint("or add --fresh to throw that work away and begin anew"))
    }

    /// The window `index`, if it was finished; a damaged one counts as not finished.
    pub fn load(&self, index: usize) -> Option<Finished> {
        let path = self.path.join(window_name(index));
        if !path.is_file() {
            return None;
        }
        let mut tensors = candle_core::safetensors::load(path, &Device::Cpu).ok()?;
        let look = LatentStats::from_tensor(&tensors.remove("look")?).ok()?;
        Some(Finished { latents: tensors.remove("latents")?, look })
    }

    /// Keeps a finished window.
    pub fn save(&self, index: usize, latents: &Tensor, look: &LatentStats) -> Result<()> {
        let failed = || Error::internal("a window can't be written down");
        let latents = latents.to_device(&Device::Cpu).context(failed)?;
        let tensors = HashMap::from([("latents", latents), ("look", look.to_tensor()?)]);
        let part = Part::create(&self.path.join(window_name(index))).context(|| unwritable(&self.path))?;
        candle_core::safetensors::save(&tensors, part.path()).context(|| unwritable(&self.path))?;
        part.publish().context(|| unwritable(&self.path))
    }

    /// How many windows are finished.
    pub fn finished(&self, windows: usize) -> usize {
        (0..windows).filter(|&i| self.path.join(window_name(i)).is_file()).count()
    }

    /// Throws the work away: the video is finished.
    pub fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.path).context(|| unwritable(&self.path))
    }

    /// Writes a file so that it is there as a whole or not at all.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        atomic_file::put(&self.path.join(name), bytes).context(|| unwritable(&self.path))
    }
}

fn window_name(index: usize) -> String {
    format!("window-{index:06}.safetensors")
}

fn unwritable(path: &Path) -> Error {
    Error::output(format!("can't write to the work folder {}", path.display()))
        .hint("choose an output in a folder that can be written to and has space left")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::small_settings;

    fn settings(seed: u64) -> Settings {
        Settings { seed, ..small_settings(4) }
    }

    fn window() -> (Tensor, LatentStats) {
        let latents = Tensor::arange(0f32, 128.0, &Device::Cpu).unwrap().reshape((2, 4, 4, 4)).unwrap();
        let look = LatentStats::of(&latents).unwrap();
        (latents, look)
    }

    #[test]
    fn a_window_comes_back_bit_by_bit() {
        let home = tempfile::tempdir().unwrap();
        let folder = WorkFolder::open(&home.path().join("w"), &settings(1)).unwrap();
        let (latents, look) = window();
        folder.save(3, &latents, &look).unwrap();
        let back = folder.load(3).unwrap();
        assert_eq!(back.look, look);
        assert_eq!(
            back.latents.flatten_all().unwrap().to_vec1::<f32>().unwrap(),
            latents.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        );
        assert_eq!((folder.finished(9), folder.load(2).is_none()), (1, true));
    }

    #[test]
    fn other_settings_are_refused_by_name_and_fresh_discards() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("w");
        drop(WorkFolder::open(&path, &settings(1)).unwrap());
        let error = WorkFolder::open(&path, &settings(2)).unwrap_err();
        assert!(error.to_string().contains("different: seed"), "{error}");
        let other = |seed| WorkFolder::is_of_another(&path, &settings(seed));
        assert_eq!((other(1), other(2)), (false, true));
        assert!(!WorkFolder::is_of_another(home.path(), &settings(1)));
        WorkFolder::discard(&path).unwrap();
        WorkFolder::open(&path, &settings(2)).unwrap();
    }

    #[test]
    fn two_renders_never_share_a_folder() {
        let home = tempfile::tempdir().unwrap();
        let _first = WorkFolder::open(home.path(), &settings(1)).unwrap();
        let error = WorkFolder::open(home.path(), &settings(1)).unwrap_err();
        assert!(error.to_string().contains("in use"), "{error}");
    }

    #[test]
    fn a_damaged_window_is_made_again() {
        let home = tempfile::tempdir().unwrap();
        let folder = WorkFolder::open(home.path(), &settings(1)).unwrap();
        fs::write(home.path().join(window_name(0)), b"\xff\xff\xff\xff\xff\xff\xff\x7f{}").unwrap();
        assert!(folder.load(0).is_none());
    }

    #[test]
    fn a_folder_that_is_not_ours_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("diary.txt"), "dear diary").unwrap();
        WorkFolder::discard(home.path()).unwrap();
        assert!(home.path().join("diary.txt").is_file());
    }
}
