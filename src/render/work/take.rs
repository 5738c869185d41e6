//! The windows of one take, kept for whoever goes on with it.

use crate::atomic_file;
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use crate::file_lock::FileLock;
use crate::render::plan::Window;
use crate::render::take::{LatentShape, TakeState};
use crate::units::GeneratedFrame;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of a take, locked while it is open: one render at a time makes its windows.
#[derive(Debug)]
pub struct TakeFolder {
    path: PathBuf,
    _lock: FileLock,
}

impl TakeFolder {
    /// Opens or makes that of the take that begins with `start`, in the work folder at `folder`.
    ///
    /// # Errors
    /// Usage: another render has it open; Output: the folder can't be written to.
    pub fn open(folder: &Path, start: GeneratedFrame) -> Result<Self> {
        let path = folder.join(name(start));
        let lock = fs::create_dir_all(&path).and_then(|()| FileLock::exclusive(&path.join("lock")));
        let lock = lock.context(|| unwritable(folder))?.ok_or_else(|| in_use(&path))?;
        Ok(TakeFolder { path, _lock: lock })
    }

    /// What `window`, one of this take, leaves, if it was finished; a damaged one counts as not finished. `shape` is that
    /// of a frame's latents.
    pub fn load(&self, window: &Window, shape: LatentShape) -> Option<TakeState> {
        let (end, count) = (window.new_frames().end, window.brings());
        let bytes =
            bounded_read::bytes(&self.path.join(window_name(window)), TakeState::most_bytes(count, shape));
        let state = TakeState::from_bytes(&bytes.ok()?, shape).ok()?;
        let fits = (state.take_start, state.next(), state.frames()) == (window.take_start, end, count);
        fits.then_some(state)
    }

    /// Keeps what `window` leaves.
    ///
    /// # Errors
    /// Output: the folder can't be written to; Device: the latents can't be read back.
    pub fn save(&self, window: &Window, state: &TakeState) -> Result<()> {
        atomic_file::put(&self.path.join(window_name(window)), &state.to_bytes()?)
            .context(|| unwritable(&self.path))
    }
}

/// Whether `window` is finished, in the work folder at `folder`.
pub fn is_finished(folder: &Path, window: &Window) -> bool {
    folder.join(name(window.take_start)).join(window_name(window)).is_file()
}

fn name(start: GeneratedFrame) -> String {
    format!("take-{start:06}")
}

fn window_name(window: &Window) -> String {
    format!("window-{:06}.safetensors", window.start)
}

/// The refusal to work where another render does.
pub fn in_use(path: &Path) -> Error {
    Error::usage(format!("{} is in use by another render", path.display()))
        .hint("wait for it, or choose another name with --output")
}

/// The refusal to work where nothing can be written.
pub fn unwritable(path: &Path) -> Error {
    Error::output(format!("can't write to the work folder {}", path.display()))
        .hint("choose an output in a folder with free space and permission to write")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plan::{WindowShape, plan};
    use crate::render::take::fixture::{SHAPE, state};

    fn window(index: usize) -> Window {
        plan(GeneratedFrame(120)..GeneratedFrame(200), 200, &[], WindowShape::DEFAULT)[index]
    }

    #[test]
    fn a_window_comes_back_under_the_tracks_own_numbers() {
        let home = tempfile::tempdir().unwrap();
        let take = TakeFolder::open(home.path(), GeneratedFrame(120)).unwrap();
        let kept = state(&window(1));
        take.save(&window(1), &kept).unwrap();
        assert!(home.path().join("take-000120/window-000132.safetensors").is_file());
        assert!(is_finished(home.path(), &window(1)) && !is_finished(home.path(), &window(0)));
        let back = take.load(&window(1), SHAPE).unwrap();
        assert_eq!(back.to_bytes().unwrap(), kept.to_bytes().unwrap());
        assert!(take.load(&window(0), SHAPE).is_none());
    }

    #[test]
    fn a_damaged_window_is_made_again() {
        let home = tempfile::tempdir().unwrap();
        let take = TakeFolder::open(home.path(), GeneratedFrame(120)).unwrap();
        let path = take.path.join(window_name(&window(0)));
        fs::write(&path, b"\xff\xff\xff\xff\xff\xff\xff\x7f{}").unwrap();
        assert!(take.load(&window(0), SHAPE).is_none());
        // One of another place, of another size, or with more than a window can have.
        take.save(&window(0), &state(&window(1))).unwrap();
        assert!(take.load(&window(0), SHAPE).is_none());
        take.save(&window(0), &state(&window(0))).unwrap();
        assert!(take.load(&window(0), SHAPE).is_some() && take.load(&window(0), (3, 4, 2)).is_none());
        let mut bytes = fs::read(&path).unwrap();
        bytes.resize(bytes.len() + (1 << 20), 0);
        fs::write(&path, bytes).unwrap();
        assert!(take.load(&window(0), SHAPE).is_none());
    }
}
