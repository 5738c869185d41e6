//! Saving: where presets and videos of the studio go: one folder, under plain names, over nothing that was there before but what
//! the studio was opened with.

use crate::atomic_file;
use crate::error::{Context, Error, Result};
use crate::video::{Profile, read_job};
use std::collections::BTreeMap;
use std::fs;
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
    /// The project's file that it was opened with.
    project: Option<PathBuf>,
    /// What may be written over, with its text as it was read or written here; none: no text.
    own: BTreeMap<PathBuf, Option<String>>,
}

impl Shelf {
    /// A shelf in `folder`, for a session that was opened with these files of it; `project` is the one of them that is a project.
    pub fn new(folder: &Path, opened: &[String], project: Option<&str>) -> Self {
        let name = project.or(opened.first().map(String::as_str)).and_then(|file| file.split('.').next());
        Shelf {
            name: name.filter(|name| is_name(name)).unwrap_or_default().to_owned(),
            folder: folder.to_owned(),
            project: project.map(|file| folder.join(file)),
            own: opened
                .iter()
                .map(|file| folder.join(file))
                .map(|path| (path.clone(), on_disk(&path)))
                .collect(),
        }
    }

    /// Writes `preset` as the preset `name`; the file is whole or not there.
    ///
    /// # Errors
    /// Usage: it is no name, or somebody else's file; Output: it can't be written.
    pub fn save(&mut self, name: &str, preset: &str) -> Result<PathBuf> {
        let path = self.place(name, PRESET)?;
        self.unchanged(&path)?;
        self.write(&path, preset)?;
        Ok(path)
    }

    /// What the preset beside the project `name` is called that holds where no part says otherwise, and was called `before`.
    pub fn base(&self, name: &str, before: &str) -> String {
        if name == self.name && self.own.contains_key(&self.folder.join(before)) {
            return before.to_owned();
        }
        let usual = format!("{name}.{PRESET}");
        match self.project == Some(self.folder.join(&usual)) {
            true => format!("{name}-base.{PRESET}"),
            false => usual,
        }
    }

    /// What the look of a part is called beside the project `name`: as it was where that project was opened with it, else after the
    /// project, so that two projects share none.
    pub fn look(&self, name: &str, look: &str) -> String {
        let own = format!("{name}-");
        let kept = name == self.name && self.own.contains_key(&self.folder.join(look));
        if kept || (look.starts_with(&own) && !look.contains('/')) {
            return look.to_owned();
        }
        let stem = look.rsplit('/').next().unwrap_or(look).trim_end_matches(".toml");
        let stem = stem.strip_prefix(&format!("{}-", self.name)).unwrap_or(stem);
        let room = LONGEST.saturating_sub(own.len()).max(1);
        let fine = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-' || *c == '_';
        format!("{own}{}.{PRESET}", stem.chars().filter(fine).take(room).collect::<String>())
    }

    /// Writes `project` as the project `name`, into the file that it was opened from where that is its name, and beside it the `presets`
    /// that it names, each with its file's name.
    ///
    /// # Errors
    /// As [`Self::save`], about any of these files; nothing is written then.
    pub fn save_project(
        &mut self,
        name: &str,
        presets: &[(String, String)],
        project: &str,
    ) -> Result<PathBuf> {
        let path = match &self.project {
            Some(path) if name == self.name => path.clone(),
            _ => self.place(name, PROJECT)?,
        };
        let places: Vec<PathBuf> =
            presets.iter().map(|(file, _)| self.beside(file)).collect::<Result<_>>()?;
        if let Some(i) = (1..places.len()).find(|i| places[..*i].contains(&places[*i])) {
            return Err(Error::usage(format!("two looks would be called {}", presets[i].0))
                .hint("rename the file of one of them"));
        }
        places.iter().chain([&path]).try_for_each(|place| self.unchanged(place))?;
        for (place, (_, text)) in places.iter().zip(presets) {
            self.write(place, text)?;
        }
        self.write(&path, project)?;
        Ok(path)
    }

    /// Where the preset `file` of a project goes.
    fn beside(&self, file: &str) -> Result<PathBuf> {
        let path = self.folder.join(file);
        match self.own.contains_key(&path) && self.project.as_ref() != Some(&path) {
            true => Ok(path),
            false => self.place(file.trim_end_matches(".toml"), PRESET),
        }
    }

    /// Refuses a file that somebody else wrote meanwhile.
    fn unchanged(&self, path: &Path) -> Result<()> {
        let known = self.own.get(path).and_then(Option::as_ref);
        if known.is_none_or(|known| on_disk(path).is_none_or(|text| text == *known)) {
            return Ok(());
        }
        Err(Error::usage(format!("{} was changed outside the studio", path.display()))
            .hint("save under another name, or open the studio anew"))
    }

    fn write(&mut self, path: &Path, text: &str) -> Result<()> {
        let failed = || Error::output(format!("can't write {}", path.display())).hint("check the folder");
        atomic_file::put(path, text.as_bytes()).context(failed)?;
        self.own.insert(path.to_owned(), Some(text.to_owned()));
        Ok(())
    }

    /// Where the video `name` may go that is written as `profile`; `replace`: also over one that the program made before.
    ///
    /// # Errors
    /// Usage: it is no name, or another file.
    pub fn video(&mut self, name: &str, profile: Profile, replace: bool) -> Result<PathBuf> {
        let path = self.film(name, profile, replace)?;
        self.own.insert(path.clone(), None);
        Ok(path)
    }

    /// Where it would go, while nothing is written.
    ///
    /// # Errors
    /// As [`Self::video`].
    pub fn film(&self, name: &str, profile: Profile, replace: bool) -> Result<PathBuf> {
        // A folder of pictures has no ending.
        let path = self.path(name, profile.ending().unwrap_or_default())?;
        if self.is_free(&path) {
            return Ok(path);
        }
        match read_job(&path).is_ok() {
            true if replace => Ok(path),
            true => {
                Err(Error::usage(format!("{} was rendered before this studio was opened", path.display()))
                    .hint("tick Replace, or choose another name"))
            }
            false => Err(Error::usage(format!("{} is no video that beatbolt made", path.display()))
                .hint("choose another name")),
        }
    }

    /// The file `name`, if nothing of somebody else's lies there.
    fn place(&self, name: &str, ending: &str) -> Result<PathBuf> {
        let path = self.path(name, ending)?;
        match self.is_free(&path) {
            true => Ok(path),
            false => Err(Error::usage(format!("there is a file {} already", path.display()))
                .hint("choose another name")),
        }
    }

    fn path(&self, name: &str, ending: &str) -> Result<PathBuf> {
        if !is_name(name) {
            return Err(Error::usage(format!("'{}' can't be a name", name.escape_debug()))
                .hint(format!("up to {LONGEST} small letters, digits, - and _")));
        }
        let dot = if ending.is_empty() { "" } else { "." };
        Ok(self.folder.join(format!("{name}{dot}{ending}")))
    }

    /// Whether nothing lies at `path` but what may be written over.
    fn is_free(&self, path: &Path) -> bool {
        let own = self.own.contains_key(path) && self.project.as_deref() != Some(path);
        own || path.symlink_metadata().is_err()
    }
}

fn on_disk(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn is_name(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    (1..=LONGEST).contains(&text.len()) && text.chars().all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ones_own_files_are_written_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("theirs.toml"), "precious").unwrap();
        let mut shelf = Shelf::new(folder.path(), &[], None);
        let path = shelf.save("mine", "a").unwrap();
        shelf.save("mine", "b").unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "b");
        assert!(shelf.save("theirs", "c").is_err());
        assert_eq!(fs::read_to_string(folder.path().join("theirs.toml")).unwrap(), "precious");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        let base = |name: &str| [(format!("{name}.toml"), "a".to_owned())];
        let project = shelf.save_project("film", &base("film"), "b").unwrap();
        assert_eq!(fs::read_to_string(&project).unwrap(), "b");
        assert_eq!(project, folder.path().join("film.video.toml"));
        fs::write(folder.path().join("other.video.toml"), "precious").unwrap();
        assert!(shelf.save_project("other", &base("other"), "b").is_err());
        assert!(!folder.path().join("other.toml").exists());
        fs::write(folder.path().join("film.mp4"), "precious").unwrap();
        assert!(shelf.video("film", Profile::H264, true).is_err());
        let video = shelf.video("mine", Profile::H264, false).unwrap();
        fs::write(&video, "frames").unwrap();
        assert_eq!(shelf.video("mine", Profile::H264, false).unwrap(), video);
        let mut later = Shelf::new(
            folder.path(),
            &["film.toml".into(), "film.video.toml".into()],
            Some("film.video.toml"),
        );
        assert_eq!(later.name, "film");
        assert!(later.video("mine", Profile::H264, true).is_err() && later.save("mine", "d").is_err());
        later.save_project("film", &base("film"), "e").unwrap();
        assert_eq!(fs::read_to_string(project).unwrap(), "e");
    }

    #[test]
    fn looks_are_called_after_their_project_and_shared_by_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut shelf = Shelf::new(
            folder.path(),
            &["film.video.toml".into(), "film-tide.toml".into(), "night.toml".into()],
            Some("film.video.toml"),
        );
        let of = |shelf: &Shelf, name, look| shelf.look(name, look);
        assert_eq!(of(&shelf, "film", "film-tide.toml"), "film-tide.toml");
        assert_eq!(of(&shelf, "film", "night.toml"), "night.toml");
        assert_eq!(of(&shelf, "film", "looks/../day.toml"), "film-day.toml");
        assert_eq!(of(&shelf, "cut", "film-tide.toml"), "cut-tide.toml");
        assert_eq!(of(&shelf, "cut", "/etc/passwd"), "cut-passwd.toml");
        fs::write(folder.path().join("cut-tide.toml"), "precious").unwrap();
        let looks = [("cut.toml".to_owned(), "a".to_owned()), ("cut-tide.toml".to_owned(), "a".to_owned())];
        assert!(shelf.save_project("cut", &looks, "b").is_err());
        assert!(!folder.path().join("cut.toml").exists());
        shelf.save_project("film", &[("film-x.toml".to_owned(), "look".to_owned())], "b").unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("film-x.toml")).unwrap(), "look");
    }

    #[test]
    fn a_project_goes_back_into_its_own_file_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        fs::create_dir(folder.path().join("looks")).unwrap();
        let opened = ["video.toml".to_owned(), "looks/night.toml".to_owned()];
        fs::write(folder.path().join("video.toml"), "precious").unwrap();
        let mut shelf = Shelf::new(folder.path(), &opened, Some("video.toml"));
        assert!(shelf.save("video", "a preset").is_err() && read("video.toml") == "precious");
        assert_eq!(shelf.base("video", "pulse"), "video-base.toml");
        assert_eq!(shelf.base("video", "looks/night.toml"), "looks/night.toml");
        assert_eq!(shelf.base("other", "looks/night.toml"), "other.toml");
        let presets = ["video-base.toml", "looks/night.toml"].map(|file| (file.to_owned(), file.to_owned()));
        assert!(shelf.save_project("video", &[("video.toml".to_owned(), "x".to_owned())], "b").is_err());
        assert!(shelf.save_project("video", &[presets[0].clone(), presets[0].clone()], "b").is_err());
        assert_eq!(read("video.toml"), "precious");
        assert_eq!(shelf.save_project("video", &presets, "b").unwrap(), folder.path().join("video.toml"));
        assert_eq!(
            (read("video.toml"), read("looks/night.toml")),
            ("b".to_owned(), "looks/night.toml".to_owned())
        );
        // What was written in an editor meanwhile stays.
        fs::write(folder.path().join("looks/night.toml"), "by hand").unwrap();
        assert!(
            shelf
                .save_project("video", &presets, "d")
                .unwrap_err()
                .to_string()
                .contains("outside the studio")
        );
        assert_eq!((read("video.toml"), read("looks/night.toml")), ("b".to_owned(), "by hand".to_owned()));
        shelf.save_project("copy", &[], "c").unwrap();
        assert_eq!((read("video.toml"), read("copy.video.toml")), ("b".to_owned(), "c".to_owned()));
        assert_eq!(Shelf::new(folder.path(), &["My Film.toml".to_owned()], Some("My Film.toml")).name, "");
    }

    #[test]
    fn names_lead_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut shelf = Shelf::new(folder.path(), &[], None);
        let long = "a".repeat(41);
        for name in ["", ".", "..", "../a", "a/b", "a\\b", "/etc/a", "a.toml", "a\0", "ä", "A", "%2e", &long]
        {
            assert!(
                shelf.save(name, "x").is_err() && shelf.video(name, Profile::H264, true).is_err(),
                "{name:?}"
            );
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
