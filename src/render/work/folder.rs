//! A work folder as a whole: whose it is, who works in it, and when it goes.

use super::manifest::Manifest;
use super::pictures::KeptPictures;
use super::take::{
    Claim, TakeFolder, encoded, has_pictures, in_use, is_finished, pictures_in, set_aside, unwritable,
};
use crate::atomic_file::folder_of;
use crate::error::{Context, Error, Result};
use crate::file_lock::FileLock;
use crate::render::job::Settings;
use crate::render::plan::Window;
use crate::units::{GeneratedFrame, Size};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the folder beside `song.mp4` ends in.
const ENDING: &str = ".work";
/// The file whose lock all who work in the folder share.
const LOCK: &str = "lock";
/// How often, and after which moment each, a lock is tried that others let go of at once.
const TRIES: usize = 40;
const MOMENT: Duration = Duration::from_millis(25);

/// An open work folder; several renders may share it, each with a take of its own.
#[derive(Debug)]
pub struct WorkFolder {
    path: PathBuf,
    lock: FileLock,
}

impl WorkFolder {
    /// Where unfinished work for `output` is kept: beside it.
    pub fn beside(output: &Path) -> PathBuf {
        let mut name = output.file_name().unwrap_or_default().to_owned();
        name.push(ENDING);
        output.with_file_name(name)
    }

    /// The folder to go on in: `own`; or, where nothing was begun there, another one beside it that holds windows of the
    /// same pictures, begun under another name or for another profile, and in which nobody works.
    pub fn find(own: &Path, settings: &Settings) -> PathBuf {
        let around = folder_of(own);
        let Ok(wanted) = Manifest::of(settings) else { return own.to_owned() };
        if Manifest::path(own).exists() {
            return own.to_owned();
        }
        let entries = fs::read_dir(around).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_ours = |path: &PathBuf| {
            let named = path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ENDING));
            let same = || Manifest::read(path).ok().flatten().is_some_and(|m| m.has_the_pictures_of(&wanted));
            let idle = || FileLock::exclusive(&path.join(LOCK)).is_ok_and(|lock| lock.is_some());
            named && same() && idle()
        };
        entries.filter(is_ours).min().unwrap_or_else(|| own.to_owned())
    }

    /// Opens or makes the folder at `path` for a job of `settings`.
    ///
    /// # Errors
    /// Usage: it belongs to a job of other pictures, whose windows would not fit, or is just being cleared away; Output.
    pub fn open(path: &Path, settings: &Settings) -> Result<Self> {
        let failed = || unwritable(path);
        let manifest = Manifest::of(settings)?;
        fs::create_dir_all(path).context(failed)?;
        let lock = shared(&path.join(LOCK)).context(failed)?.ok_or_else(|| in_use(path))?;
        // The first one who comes says whose it is, also where nobody can lock anything.
        manifest.write_new(path).context(failed)?;
        manifest.check(Manifest::read(path).context(failed)?.as_ref(), path)?;
        Ok(WorkFolder { path: path.to_owned(), lock })
    }

    /// Opens the folder at `path`, which must be there, for a job of `settings`.
    ///
    /// # Errors
    /// Usage: there is none, or it belongs to a job of other pictures; Output.
    pub fn find_work(path: &Path, settings: &Settings) -> Result<Self> {
        if !Manifest::path(path).is_file() {
            return Err(no_work(path));
        }
        Self::open(path, settings)
    }

    /// Where the networks of the work folder at `path` computed, like `cuda f16`.
    ///
    /// # Errors
    /// Usage: there is no such folder.
    pub fn device_of(path: &Path) -> Result<String> {
        let manifest = Manifest::read(path).context(|| unwritable(path))?;
        manifest.and_then(|manifest| manifest.device()).ok_or_else(|| no_work(path))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Throws away what lies in the work folder at `path`, if it is one.
    ///
    /// # Errors
    /// Usage: somebody works there; Output.
    pub fn discard(path: &Path) -> Result<()> {
        if !Manifest::path(path).is_file() {
            return Ok(());
        }
        let failed = || unwritable(path);
        let _alone = FileLock::exclusive(&path.join(LOCK)).context(failed)?.ok_or_else(|| in_use(path))?;
        fs::remove_dir_all(path).context(failed)
    }

    /// Whether the work folder at `path` holds windows of other pictures than those of `settings`.
    pub fn is_of_another(path: &Path, settings: &Settings) -> bool {
        let there = Manifest::path(path).is_file();
        there
            && Manifest::of(settings)
                .and_then(|now| now.check(Manifest::read(path).ok().flatten().as_ref(), path))
                .is_err()
    }

    /// The windows of the take that begins with frame `start`.
    ///
    /// # Errors
    /// As `TakeFolder::open`.
    pub fn take(&self, start: GeneratedFrame) -> Result<TakeFolder> {
        TakeFolder::open(&self.path, start)
    }

    /// Asks for the take that begins with frame `start`.
    ///
    /// # Errors
    /// As `TakeFolder::claim`.
    pub fn claim(
        &self,
        start: GeneratedFrame,
        wait: Option<&dyn Fn(Duration) -> Result<()>>,
    ) -> Result<Claim> {
        TakeFolder::claim(&self.path, start, wait)
    }

    /// The kept pictures of `window`, none larger than `largest`; none if there are none, or damaged ones.
    pub fn pictures(&self, window: &Window, largest: Size) -> Option<KeptPictures> {
        pictures_in(&self.path, window, largest)
    }

    /// Where the take that begins with frame `start` lies as a video, encoded as `key` says.
    pub fn encoded(&self, start: GeneratedFrame, key: &str) -> PathBuf {
        encoded(&self.path, start, key)
    }

    /// Puts pictures of `window` that are damaged out of the way, so that whoever makes its take makes them again.
    pub fn set_aside(&self, window: &Window) {
        set_aside(&self.path, window);
    }

    /// Whether the pictures of `window` are kept.
    pub fn has_pictures(&self, window: &Window) -> bool {
        has_pictures(&self.path, window.take_start, window.start)
    }

    /// How many of `windows` are finished.
    pub fn finished(&self, windows: &[Window]) -> usize {
        windows.iter().filter(|window| is_finished(&self.path, window)).count()
    }

    /// Throws the work away: the video is finished. Where somebody else works too, it is left to them.
    ///
    /// # Errors
    /// Output.
    pub fn remove(self) -> Result<()> {
        match self.lock.alone() {
            Some(_alone) => fs::remove_dir_all(&self.path).context(|| unwritable(&self.path)),
            None => Ok(()),
        }
    }
}

/// The lock at `path` that all share. Who looks whether anybody works there has it alone for a moment.
fn shared(path: &Path) -> io::Result<Option<FileLock>> {
    for _ in 0..TRIES {
        if let Some(lock) = FileLock::shared(path)? {
            return Ok(Some(lock));
        }
        std::thread::sleep(MOMENT);
    }
    Ok(None)
}

/// What is said where a work folder is wanted and there is none.
fn no_work(path: &Path) -> Error {
    Error::usage(format!("there is no work folder at {}", path.display()))
        .hint("render takes first: `beatbolt takes --commands` lists how")
        .hint("or name the folder that they were rendered into with --work")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::small_settings;
    use crate::render::plan::{WindowShape, plan};
    use std::ops::Range;

    fn settings(seed: u64) -> Settings {
        Settings { seed, ..small_settings(4) }
    }

    #[test]
    fn other_settings_are_refused_by_name_and_fresh_discards() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("w");
        drop(WorkFolder::open(&path, &settings(1)).unwrap());
        let error = WorkFolder::open(&path, &settings(2)).unwrap_err();
        assert!(error.to_string().contains("different: the seed)"), "{error}");
        let other = |seed| WorkFolder::is_of_another(&path, &settings(seed));
        assert_eq!((other(1), other(2)), (false, true));
        assert!(!WorkFolder::is_of_another(home.path(), &settings(1)));
        WorkFolder::discard(&path).unwrap();
        WorkFolder::open(&path, &settings(2)).unwrap();
    }

    #[test]
    fn another_track_is_named_where_it_plays_otherwise() {
        let home = tempfile::tempdir().unwrap();
        let of = |track: &str, timeline: &str| Settings {
            track: track.into(),
            timeline: timeline.into(),
            ..settings(1)
        };
        drop(WorkFolder::open(home.path(), &of("a", "x")).unwrap());
        let error = WorkFolder::open(home.path(), &of("b", "y")).unwrap_err();
        assert!(error.to_string().contains("different: the track, the preset, its"), "{error}");
        // Tags in a track's file are not heard.
        WorkFolder::open(home.path(), &of("b", "x")).unwrap();
    }

    #[test]
    fn several_share_a_folder_and_none_a_take() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("w");
        let (first, second) =
            (WorkFolder::open(&path, &settings(1)).unwrap(), WorkFolder::open(&path, &settings(1)).unwrap());
        let take = first.take(GeneratedFrame(0)).unwrap();
        let error = second.take(GeneratedFrame(0)).unwrap_err();
        assert!(error.to_string().contains("in use") && error.hints().len() == 1, "{error}");
        second.take(GeneratedFrame(120)).unwrap();
        drop(take);
        second.take(GeneratedFrame(0)).unwrap();
        // Nobody takes it away from under the other.
        assert!(WorkFolder::discard(&path).unwrap_err().to_string().contains("in use"));
        first.remove().unwrap();
        assert!(Manifest::path(&path).is_file());
        second.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_part_keeps_the_windows_of_its_takes() {
        let home = tempfile::tempdir().unwrap();
        let folder = WorkFolder::open(home.path(), &settings(1)).unwrap();
        let windows = |part: Range<u64>| {
            let part = GeneratedFrame(part.start)..GeneratedFrame(part.end);
            plan(part, 96, &[GeneratedFrame(40)], WindowShape::DEFAULT)
        };
        for window in windows(0..96) {
            let take = folder.take(window.take_start).unwrap();
            take.save(&window, &crate::render::take::fixture::state(&window)).unwrap();
        }
        assert_eq!(folder.finished(&windows(0..96)), 8);
        assert_eq!(folder.finished(&windows(0..50)), windows(0..50).len());
        assert_eq!(folder.finished(&windows(40..96)), windows(40..96).len());
        // What begins inside a take is another one.
        assert_eq!(folder.finished(&windows(12..40)), 0);
    }

    #[test]
    fn the_pictures_of_another_name_are_found_and_those_of_other_settings_are_not() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| WorkFolder::beside(&home.path().join(name));
        let (a, b) = (at("a.mp4"), at("b"));
        assert_eq!(a, home.path().join("a.mp4.work"));
        assert_eq!(WorkFolder::find(&b, &settings(1)), b);
        let open = WorkFolder::open(&a, &settings(1)).unwrap();
        assert_eq!(WorkFolder::find(&b, &settings(1)), b, "somebody works there");
        drop(open);
        assert_eq!(WorkFolder::find(&b, &settings(1)), a);
        assert_eq!(WorkFolder::find(&b, &settings(2)), b);
        drop(WorkFolder::open(&b, &settings(1)).unwrap());
        assert_eq!(WorkFolder::find(&b, &settings(1)), b, "what was begun is gone on with");
    }

    #[test]
    fn a_folder_that_is_not_ours_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("diary.txt"), "dear diary").unwrap();
        WorkFolder::discard(home.path()).unwrap();
        assert!(home.path().join("diary.txt").is_file());
    }
}
