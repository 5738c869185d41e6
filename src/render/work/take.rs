//! The windows of one take, kept for whoever goes on with it.

use super::lease::{Asked, Holder, Lease, Pace, holder_of};
use super::pictures::KeptPictures;
use crate::atomic_file;
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use crate::file_lock::FileLock;
use crate::render::plan::Window;
use crate::render::take::{LatentShape, TakeState};
use crate::units::{GeneratedFrame, Size};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder of a take, locked while it is open: one render at a time makes its windows.
#[derive(Debug)]
pub struct TakeFolder {
    path: PathBuf,
    // Let go of before the lock: whoever finds the lock free and the lease there would wait.
    lease: Option<Lease>,
    _lock: FileLock,
}

/// What became of asking for a take.
#[derive(Debug)]
pub enum Claim {
    /// It is ours.
    Ours(TakeFolder),
    /// Somebody works there; none: of this machine, or of one whose locks are seen here.
    Held(Option<Holder>),
    /// Somebody has it who may be gone: only who waits can tell.
    Unsure(Holder),
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
        Ok(TakeFolder { path, lease: None, _lock: lock })
    }

    /// Asks for the take that begins with `start`, in the work folder at `folder`, for one of several machines that work there.
    /// `wait` is as for [`Lease::ask`].
    ///
    /// # Errors
    /// Output: the folder can't be written to; whatever `wait` says.
    pub fn claim(
        folder: &Path,
        start: GeneratedFrame,
        wait: Option<&dyn Fn(Duration) -> Result<()>>,
    ) -> Result<Claim> {
        let path = folder.join(name(start));
        let lock = fs::create_dir_all(&path).and_then(|()| FileLock::exclusive(&path.join("lock")));
        let lease = lease_of(folder, start);
        let Some(lock) = lock.context(|| unwritable(folder))? else {
            return Ok(Claim::Held(holder_of(&lease).map(|(holder, _)| holder)));
        };
        Ok(match Lease::ask(&lease, lock.holds(), Pace::default(), wait)? {
            Asked::Got(lease) => Claim::Ours(TakeFolder { path, lease: Some(lease), _lock: lock }),
            Asked::Held(holder) => Claim::Held(Some(holder)),
            Asked::Unsure(holder) => Claim::Unsure(holder),
        })
    }

    /// Whether somebody else has taken it over, because no sign came from here for too long.
    pub fn is_lost(&self) -> bool {
        self.lease.as_ref().is_some_and(Lease::is_lost)
    }

    /// What `window`, one of this take, leaves, if it was finished; a damaged one counts as not finished. `shape` is that
    /// of a frame's latents.
    pub fn load(&self, window: &Window, shape: LatentShape) -> Option<TakeState> {
        let (end, count) = (window.next(), window.brings());
        let bytes =
            bounded_read::bytes(&self.path.join(window_name(window)), TakeState::most_bytes(count, shape));
        let state = TakeState::from_bytes(&bytes.ok()?, shape).ok()?;
        let fits = (state.take_start, state.next(), state.frames()) == (window.take_start, end, count);
        fits.then_some(state)
    }

    /// The kept pictures of `window`, none larger than `largest`; none if there are none, or damaged ones.
    pub fn pictures(&self, window: &Window, largest: Size) -> Option<KeptPictures> {
        pictures(&self.path, window, largest)
    }

    /// Keeps the pictures of `window`.
    ///
    /// # Errors
    /// Output: the folder can't be written to.
    pub fn keep_pictures(&self, window: &Window, pictures: &KeptPictures) -> Result<()> {
        atomic_file::put(&self.path.join(pictures_name(window.start)), &pictures.to_bytes())
            .context(|| unwritable(&self.path))
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

/// Whether the pictures of the window that begins with `window`, of the take that begins with `take`, are kept in the work
/// folder at `folder`.
pub fn has_pictures(folder: &Path, take: GeneratedFrame, window: GeneratedFrame) -> bool {
    folder.join(name(take)).join(pictures_name(window)).is_file()
}

/// The kept pictures of `window` in the work folder at `folder`, none larger than `largest`; none if there are none, or
/// damaged ones.
pub fn pictures_in(folder: &Path, window: &Window, largest: Size) -> Option<KeptPictures> {
    pictures(&folder.join(name(window.take_start)), window, largest)
}

/// Where the take that begins with `start` lies as a video, encoded as `key` says, in the work folder at `folder`.
pub fn encoded(folder: &Path, start: GeneratedFrame, key: &str) -> PathBuf {
    folder.join(name(start)).join(format!("encoded-{key}.mkv"))
}

/// Puts the kept pictures of `window` out of the way, in the work folder at `folder`, so that they are made again.
pub fn set_aside(folder: &Path, window: &Window) {
    let path = folder.join(name(window.take_start)).join(pictures_name(window.start));
    // Where that can't be, whoever joins hears of them again.
    let _ = fs::rename(&path, path.with_extension("damaged"));
}

fn pictures(take: &Path, window: &Window, largest: Size) -> Option<KeptPictures> {
    let count = window.shows() as usize;
    let most = KeptPictures::most_bytes(count, largest);
    let bytes = bounded_read::bytes(&take.join(pictures_name(window.start)), most).ok()?;
    let kept = KeptPictures::from_bytes(&bytes)?;
    let fits = (kept.first, kept.frames.len()) == (window.shown().start, count);
    fits.then_some(kept)
}

/// Where the lease of the take that begins with `start` lies, in the work folder at `folder`.
pub fn lease_of(folder: &Path, start: GeneratedFrame) -> PathBuf {
    folder.join(name(start)).join("lease")
}

fn pictures_name(window: GeneratedFrame) -> String {
    format!("window-{window:06}.pictures")
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
