//! Saving: where presets and videos of the studio go: one folder, under plain names, over nothing that was there before but what
//! the studio was opened with.

use crate::atomic_file;
use crate::error::{Context, Error, Result};
use crate::video::Profile;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Longest name, in characters.
const LONGEST: usize = 40;

/// What presets and projects end in; no preset's name has a dot.
pub const PRESET: &str = "toml";
const PROJECT: &str = "video.toml";

/// A folder, and what of it may be written over: what this session wrote or began with.
#[derive(Debug)]
pub struct Shelf {
    /// The name that the session began under; empty: none.
    pub name: String,
    folder: PathBuf,
    own: BTreeSet<PathBuf>,
}

impl Shelf {
    /// A shelf in `folder`, for a session that was opened with these files of it.
    pub fn new(folder: &Path, opened: &[String]) -> Self {
        let name = opened.first().and_then(|file| file.split('.').next()).unwrap_or_default().to_owned();
        Shelf { name, folder: folder.to_owned(), own: opened.iter().map(|file| folder.join(file)).collect() }
    }

    /// Writes `preset` as the preset `name`; the file is whole or not there.
    ///
    /// # Errors
    /// Usage: it is no name, or somebody else's file; Output: it can't be written.
    pub fn save(&mut self, name: &str, preset: &str) -> Result<PathBuf> {
        let path = self.place(name, PRESET)?;
        self.write(&path, preset)?;
        Ok(path)
    }

    /// What the look of a part is called beside the project `name`: as it was where that project was opened with it, else after the
    /// project, so that two projects share none.
    pub fn look(&self, name: &str, look: &str) -> String {
        let own = format!("{name}-");
        let kept = name == self.name && self.own.contains(&self.folder.join(look));
        if kept || (look.starts_with(&own) && !look.contains('/')) {
            return look.to_owned();
        }
        let stem = look.rsplit('/').next().unwrap_or(look).trim_end_matches(".toml");
        let stem = stem.strip_prefix(&format!("{}-", self.name)).unwrap_or(stem);
        let room = LONGEST.saturating_sub(own.len()).max(1);
        let fine = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-' || *c == '_';
        format!("{own}{}.{PRESET}", stem.chars().filter(fine).take(room).collect::<String>())
    }

    /// Writes `preset` as the preset `name`, the looks of its parts under their own names, and `project` beside them as a project that names
    /// them.
    ///
    /// # Errors
    /// As [`Self::save`], about either file.
    pub fn save_project(
        &mut self,
        name: &str,
        preset: &str,
        looks: &[(String, String)],
        project: &str,
    ) -> Result<PathBuf> {
        let path = self.place(name, PROJECT)?;
        // Nothing is written while one of them can't be.
        let places = looks.iter().map(|(look, _)| self.place(look.trim_end_matches(".toml"), PRESET));
        let places: Vec<PathBuf> = places.collect::<Result<_>>()?;
        self.save(name, preset)?;
        for (place, (_, text)) in places.iter().zip(looks) {
            self.write(place, text)?;
        }
        self.write(&path, project)?;
        Ok(path)
    }

    fn write(&mut self, path: &Path, text: &str) -> Result<()> {
        let failed = || Error::output(format!("can't write {}", path.display())).hint("check the folder");
        atomic_file::put(path, text.as_bytes()).context(failed)?;
        self.own.insert(path.to_owned());
        Ok(())
    }

    /// Where the video `name` may go that is written as `profile`.
    ///
    /// # Errors
    /// Usage: it is no name, or somebody else's file.
    pub fn video(&mut self, name: &str, profile: Profile) -> Result<PathBuf> {
        let path = self.film(name, profile)?;
        self.own.insert(path.clone());
        Ok(path)
    }

    /// Where it would go, while nothing is written.
    ///
    /// # Errors
    /// As [`Self::video`].
    pub fn film(&self, name: &str, profile: Profile) -> Result<PathBuf> {
        match profile.ending() {
            Some(ending) => self.place(name, ending),
            // A folder of pictures.
            None => self.place(name, ""),
        }
    }

    /// The file `name`, if nothing of somebody else's lies there.
    fn place(&self, name: &str, ending: &str) -> Result<PathBuf> {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if name.is_empty() || name.len() > LONGEST || !name.chars().all(fine) {
            return Err(Error::usage(format!("'{}' can't be a name", name.escape_debug()))
                .hint(format!("up to {LONGEST} small letters, digits, - and _")));
        }
        let dot = if ending.is_empty() { "" } else { "." };
        let path = self.folder.join(format!("{name}{dot}{ending}"));
        if path.symlink_metadata().is_ok() && !self.own.contains(&path) {
            return Err(Error::usage(format!("there is a file {} already", path.display()))
                .hint("choose another name"));
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_ones_own_files_are_written_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("theirs.toml"), "precious").unwrap();
        let mut shelf = Shelf::new(folder.path(), &[]);
        let path = shelf.save("mine", "a").unwrap();
        shelf.save("mine", "b").unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "b");
        assert!(shelf.save("theirs", "c").is_err());
        assert_eq!(fs::read_to_string(folder.path().join("theirs.toml")).unwrap(), "precious");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        let project = shelf.save_project("film", "a", &[], "b").unwrap();
        assert_eq!(fs::read_to_string(&project).unwrap(), "b");
        assert_eq!(project, folder.path().join("film.video.toml"));
        fs::write(folder.path().join("other.video.toml"), "precious").unwrap();
        assert!(shelf.save_project("other", "a", &[], "b").is_err());
        assert!(!folder.path().join("other.toml").exists());
        fs::write(folder.path().join("film.mp4"), "precious").unwrap();
        assert!(shelf.video("film", Profile::H264).is_err());
        let video = shelf.video("mine", Profile::H264).unwrap();
        fs::write(&video, "frames").unwrap();
        assert_eq!(shelf.video("mine", Profile::H264).unwrap(), video);
        let mut later = Shelf::new(folder.path(), &["film.toml".into(), "film.video.toml".into()]);
        assert_eq!(later.name, "film");
        assert!(later.video("mine", Profile::H264).is_err() && later.save("mine", "d").is_err());
        later.save_project("film", "d", &[], "e").unwrap();
        assert_eq!(fs::read_to_string(project).unwrap(), "e");
    }

    #[test]
    fn looks_are_called_after_their_project_and_shared_by_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut shelf = Shelf::new(
            folder.path(),
            &["film.video.toml".into(), "film-tide.toml".into(), "night.toml".into()],
        );
        let of = |shelf: &Shelf, name, look| shelf.look(name, look);
        assert_eq!(of(&shelf, "film", "film-tide.toml"), "film-tide.toml");
        assert_eq!(of(&shelf, "film", "night.toml"), "night.toml");
        assert_eq!(of(&shelf, "film", "looks/../day.toml"), "film-day.toml");
        assert_eq!(of(&shelf, "cut", "film-tide.toml"), "cut-tide.toml");
        assert_eq!(of(&shelf, "cut", "/etc/passwd"), "cut-passwd.toml");
        fs::write(folder.path().join("cut-tide.toml"), "precious").unwrap();
        let looks = [("cut-tide.toml".to_owned(), "a".to_owned())];
        assert!(shelf.save_project("cut", "a", &looks, "b").is_err());
        assert!(!folder.path().join("cut.toml").exists());
        shelf.save_project("film", "a", &[("film-x.toml".to_owned(), "look".to_owned())], "b").unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("film-x.toml")).unwrap(), "look");
    }

    #[test]
    fn names_lead_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut shelf = Shelf::new(folder.path(), &[]);
        let long = "a".repeat(41);
        for name in ["", ".", "..", "../a", "a/b", "a\\b", "/etc/a", "a.toml", "a\0", "ä", "A", "%2e", &long]
        {
            assert!(shelf.save(name, "x").is_err() && shelf.video(name, Profile::H264).is_err(), "{name:?}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
