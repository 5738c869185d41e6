//! Inits: what frames start from, as people write it: a drawn scene (`draw:synthwave`), a picture, a clip, or the track's cover.
//!
//! ```text
//! photo.png                        fills the frame; what stands out is cut off
//! photo.png,fit=contain            all of it, its own blurred picture at the sides
//! clip.mp4                         in step with the track, again and again
//! clip.mp4,play=pingpong,from=2.5  there and back, beginning with what is seen at 2.5 seconds
//! clip.mp4,sync=part,play=once     from the start of its part on; its last picture stays
//! cover                            the picture inside the track's file
//! clip.mp4,bars=4                  as fast as it takes to last four bars, from the first bar on
//! shots/,fps=12                    the pictures of a folder by their names, 12 a second
//! ```

use super::bars::Bars;
use crate::digest::Digest;
use crate::draw::{PREFIX, Source, scenes};
use crate::error::{Context, Error, Result, nearest};
use crate::units::{FrameRate, Seconds, Size};
use crate::video::{Fit, Footage, Frame, Reel};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

/// The word for the picture inside the track's file.
const COVER: &str = "cover";

/// Every scene that is drawn, as it is written, and what it shows.
pub fn drawn() -> impl Iterator<Item = (String, &'static str)> {
    scenes().map(|(name, about)| (format!("{PREFIX}{name}"), about))
}

/// What frames start from, as it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Init {
    /// A scene that is drawn.
    Drawn(Source),
    /// The picture inside the track's file.
    Cover(Showing),
    /// The file of a picture or a clip, or a folder of pictures.
    File(String, Showing),
}

/// How a picture or a clip is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Showing {
    /// How it comes into the frame.
    pub fit: Fit,
    /// What follows a clip's end.
    pub play: Play,
    /// When a clip begins.
    pub sync: Sync,
    /// What is seen of a clip when it begins, in seconds after its first picture.
    pub from: f64,
    /// Pictures a second of a folder; none: one for every frame of the video.
    pub fps: Option<f64>,
    /// How many bars it lasts, however long it is; none: it plays at its own speed.
    pub bars: Option<f64>,
}

/// What follows a clip's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Play {
    /// Its beginning.
    #[default]
    Loop,
    /// The same backwards, and so on.
    PingPong,
    /// Its last picture stays.
    Once,
}

/// When a clip begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// With the track, wherever it is seen.
    #[default]
    Track,
    /// With the part that shows it.
    Part,
}

impl FromStr for Init {
    type Err = Error;

    /// # Errors
    /// Usage: there is no such scene, or no such setting of a picture.
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.starts_with(PREFIX) {
            return text.parse().map(Init::Drawn);
        }
        // A file's name may have commas in it: settings are what stands at the end and has a known name.
        let (mut name, mut showing) = (text, Showing::default());
        while let Some((before, last)) = name.rsplit_once(',') {
            let Some((key, value)) = last.split_once('=') else { break };
            if !showing.set(key.trim(), value.trim())? {
                break;
            }
            name = before.trim_end();
        }
        match name {
            "" => Err(Error::usage("an init without a name").hint(hint())),
            COVER => Ok(Init::Cover(showing)),
            name => Ok(Init::File(name.to_owned(), showing)),
        }
    }
}

fn hint() -> String {
    "write draw:SCENE, the name of a picture, a clip or a folder of pictures, or cover for the track's own picture".to_owned()
}

impl Showing {
    /// Sets what `key` names; false: it names nothing.
    fn set(&mut self, key: &str, value: &str) -> Result<bool> {
        let unknown =
            |known: &str| Error::usage(format!("'{key}={value}' is no setting of an init")).hint(known);
        match key {
            "fit" => self.fit = value.parse()?,
            "play" => {
                self.play = match value {
                    "loop" => Play::Loop,
                    "pingpong" => Play::PingPong,
                    "once" => Play::Once,
                    _ => return Err(unknown("play=loop, play=pingpong and play=once are there")),
                }
            }
            "sync" => {
                self.sync = match value {
                    "track" => Sync::Track,
                    "part" => Sync::Part,
                    _ => return Err(unknown("sync=track and sync=part are there")),
                }
            }
            "from" => {
                let seconds: Option<f64> = value.parse().ok();
                self.from = seconds
                    .filter(|s| (0.0..=1e6).contains(s))
                    .ok_or_else(|| unknown("from is a time in seconds, like from=2.5"))?;
            }
            "fps" => {
                let rate: Option<f64> = value.parse().ok();
                let rate = rate.filter(|rate| (0.01..=240.0).contains(rate));
                self.fps =
                    Some(rate.ok_or_else(|| unknown("fps is a number of pictures a second, like fps=12"))?);
            }
            "bars" => {
                let bars: Option<f64> = value.parse().ok();
                let bars = bars.filter(|bars| (0.125..=1024.0).contains(bars));
                self.bars = Some(bars.ok_or_else(|| unknown("bars is a number of bars, like bars=4"))?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Seconds of pictures that last `length` in all, from their beginning to what is seen at `time` of the track, in a part that
    /// began at `part`.
    fn gone(&self, bars: Option<&Bars>, (time, part): (Seconds, Seconds), length: f64) -> f64 {
        let begun = (self.sync == Sync::Part).then_some(part);
        match (self.bars, bars) {
            (Some(count), Some(bars)) => {
                (bars.at(time) - begun.map_or(0.0, |begun| bars.at(begun))) * length / count
            }
            _ => time.0 - begun.map_or(0.0, |begun| begun.0),
        }
    }

    /// The time on the footage's own clock that is seen so many `seconds` after its beginning; it lasts `length`.
    fn time(&self, seconds: f64, length: f64) -> f64 {
        let at = seconds + self.from;
        match self.play {
            Play::Loop => at.rem_euclid(length),
            Play::PingPong => {
                let at = at.rem_euclid(2.0 * length);
                if at < length { at } else { 2.0 * length - at }
            }
            Play::Once => at.clamp(0.0, length),
        }
    }

    /// Which of `count` pictures, `rate` a second, is seen so many `seconds` after their beginning.
    fn picture(&self, seconds: f64, rate: f64, count: usize) -> usize {
        let at = self.time(seconds + EARLY / rate, count as f64 / rate);
        ((at * rate) as usize).min(count - 1)
    }
}

/// The pictures and clips that a show names, looked at. Drawn scenes need no looking.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inits(Arc<BTreeMap<String, Opened>>);

#[derive(Clone, Debug, PartialEq)]
struct Opened {
    pictures: Pictures,
    showing: Showing,
    /// The bars by which it plays.
    bars: Option<Bars>,
    hash: String,
    notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Pictures {
    /// A picture or a clip.
    Footage(Footage),
    /// A folder's pictures, in their order.
    Folder(Arc<[PathBuf]>),
}

impl Inits {
    /// Looks at every picture and clip among `names`, whose `files` are known, and at the cover of `track`, whose bars begin at
    /// `downbeats`.
    ///
    /// # Errors
    /// Usage: a name can't be meant. Input: a file can't be read, or has no picture.
    pub fn open<'a>(
        names: impl Iterator<Item = &'a str>,
        (track, downbeats): (&Path, &[Seconds]),
        files: &BTreeMap<String, PathBuf>,
    ) -> Result<Self> {
        let mut opened = BTreeMap::new();
        for name in names {
            let (pictures, showing) = match name.parse()? {
                Init::Drawn(_) => continue,
                Init::Cover(showing) => (Pictures::Footage(Footage::cover(track)?), showing),
                Init::File(path, showing) => {
                    let path = files.get(name).cloned().unwrap_or_else(|| PathBuf::from(path));
                    (Pictures::open(&path)?, showing)
                }
            };
            opened.insert(name.to_owned(), Opened::new(name, (pictures, showing), downbeats)?);
        }
        Ok(Inits(Arc::new(opened)))
    }

    /// Whether every init is a drawn scene.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// SHA-256 of their files, by their names.
    pub fn hashes(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(name, opened)| (name.clone(), opened.hash.clone())).collect()
    }

    /// What the person should know of them.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        self.0.values().flat_map(|opened| opened.notes.iter().map(String::as_str))
    }

    /// The init that is written `name`, ready to be played in frames of `size`.
    pub(super) fn play(&self, name: &str) -> Result<Option<Playing>> {
        let Some(Opened { pictures, showing, bars, .. }) = self.0.get(name) else { return Ok(None) };
        let shown = match pictures {
            Pictures::Footage(footage) => {
                Shown::Reel(Box::new(Reel::open(footage.clone())?), footage.length())
            }
            Pictures::Folder(files) => Shown::Folder(files.clone(), None),
        };
        Ok(Some(Playing { shown, showing: *showing, bars: bars.clone() }))
    }
}

impl Opened {
    fn new(name: &str, (pictures, showing): (Pictures, Showing), downbeats: &[Seconds]) -> Result<Self> {
        let still = matches!(&pictures, Pictures::Footage(footage) if footage.length().is_none());
        if still && showing.bars.is_some() {
            return Err(Error::usage(format!("'{name}' is a picture: it has no speed"))
                .hint("bars=4 lets a clip, or a folder of pictures, last four bars"));
        }
        let mut notes = Vec::new();
        if let Pictures::Footage(footage) = &pictures {
            notes.extend(footage.note().map(String::from));
        }
        let bars = showing.bars.and_then(|_| Bars::new(downbeats));
        if showing.bars.is_some() && bars.is_none() {
            notes.push(format!("no bars are heard in the track: '{name}' plays at its own speed"));
        }
        Ok(Opened { hash: pictures.hash()?, pictures, showing, bars, notes })
    }
}

/// Endings of pictures in a folder.
const PICTURES: [&str; 7] = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff"];
/// Pictures of a folder at most: an hour at 30 a second.
const MOST: usize = 108_000;

impl Pictures {
    fn open(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Self::folder(path);
        }
        if !path.is_file() {
            let error = Error::input(format!("there is no file {} to start from", path.display()));
            // A setting that nobody knows was taken for a part of the name.
            let shown = path.to_string_lossy();
            let setting = shown.rsplit_once(',').map(|(_, last)| last).filter(|last| last.contains('='));
            if let Some(setting) = setting {
                return Err(error.hint(format!(
                    "'{}' is no setting of an init: fit=, play=, from=, sync=, fps= and bars= are there",
                    setting
                )));
            }
            let name = if path.extension().is_none() { path.to_string_lossy() } else { Default::default() };
            let hint = match nearest(&name, scenes().map(|(scene, _)| scene)) {
                Some(scene) => format!("did you mean {PREFIX}{scene}?"),
                None => hint(),
            };
            return Err(error.hint(hint));
        }
        Footage::open(path).map(Pictures::Footage).map_err(|error| {
            let failed = Error::input(format!("{} is no picture and no clip", path.display()));
            failed.because(error).hint(hint())
        })
    }

    /// The pictures in the folder at `path`, numbers in their names counting as numbers.
    fn folder(path: &Path) -> Result<Self> {
        let failed = || Error::input(format!("can't read the folder {}", path.display()));
        let is_picture = |path: &PathBuf| {
            let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
            path.is_file() && ending.is_some_and(|ending| PICTURES.contains(&ending.as_str()))
        };
        let mut files: Vec<PathBuf> = std::fs::read_dir(path)
            .context(failed)?
            .flatten()
            .map(|entry| entry.path())
            .filter(is_picture)
            .take(MOST + 1)
            .collect();
        if files.is_empty() {
            return Err(Error::input(format!("there are no pictures in {}", path.display()))
                .hint(format!("pictures end in {}", PICTURES.join(", "))));
        }
        if files.len() > MOST {
            return Err(Error::input(format!("{} has more than {MOST} pictures", path.display()))
                .hint("make a clip of them: ffmpeg -framerate 12 -i %05d.png clip.mkv"));
        }
        files.sort_by_cached_key(|path| counted(&path.file_name().unwrap_or_default().to_string_lossy()));
        Footage::open(&files[0])?;
        Ok(Pictures::Folder(files.into()))
    }

    fn hash(&self) -> Result<String> {
        match self {
            Pictures::Footage(footage) => footage.hash(),
            Pictures::Folder(files) => Digest::of_files(files.iter()),
        }
    }
}

/// A name as its words and numbers, so that 10 comes behind 9.
fn counted(name: &str) -> Vec<(String, u128)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let word = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (front, behind) = rest.split_at(word);
        let digits = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        let (number, behind) = behind.split_at(digits);
        parts.push((front.to_owned(), number.parse().unwrap_or(u128::MAX)));
        rest = behind;
    }
    parts
}

impl Serialize for Inits {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let hash = |opened: &Opened| match &opened.bars {
            Some(bars) => format!("{} {}", opened.hash, bars.hash()),
            None => opened.hash.clone(),
        };
        let hashes: BTreeMap<_, _> = self.0.iter().map(|(name, opened)| (name, hash(opened))).collect();
        hashes.serialize(serializer)
    }
}

/// Pictures that are being shown.
pub(super) struct Playing {
    shown: Shown,
    showing: Showing,
    bars: Option<Bars>,
}

enum Shown {
    /// A picture or a clip, and how long it lasts.
    Reel(Box<Reel>, Option<Seconds>),
    /// The pictures of a folder, and the one shown last, as large as it was shown.
    Folder(Arc<[PathBuf]>, Option<(usize, Frame)>),
}

/// A frame's time is a fraction and a rate may be one: a picture is seen this much before its time, in pictures.
const EARLY: f64 = 1e-3;

impl Playing {
    /// Whether it is a clip, or pictures one after the other.
    pub fn moves(&self) -> bool {
        !matches!(self.shown, Shown::Reel(_, None))
    }

    /// What is seen of it at `time` of the track, in a video of this rate, where its part began at `part`.
    pub fn frame(&mut self, (time, fps): (Seconds, FrameRate), part: Seconds, size: Size) -> Result<Frame> {
        let Playing { shown, showing, bars } = self;
        let gone = |length| showing.gone(bars.as_ref(), (time, part), length);
        match shown {
            Shown::Reel(reel, length) => {
                let at = length.map_or(0.0, |length| showing.time(gone(length.0), length.0));
                reel.frame(Seconds(at), size, showing.fit)
            }
            Shown::Folder(files, last) => {
                let rate = showing.fps.unwrap_or_else(|| fps.per_second());
                let number = showing.picture(gone(files.len() as f64 / rate), rate, files.len());
                if let Some((_, same)) = last.as_ref().filter(|(n, f)| *n == number && f.size() == size) {
                    return Ok(same.clone());
                }
                let frame =
                    Reel::open(Footage::open(&files[number])?)?.frame(Seconds(0.0), size, showing.fit)?;
                *last = Some((number, frame.clone()));
                Ok(frame)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Init {
        text.parse().unwrap()
    }

    #[test]
    fn settings_stand_behind_a_name_that_may_have_commas() {
        assert!(matches!(parsed("draw:ocean,palette=ice"), Init::Drawn(_)));
        assert_eq!(parsed("cover"), Init::Cover(Showing::default()));
        assert_eq!(parsed("Me, myself.mp4"), Init::File("Me, myself.mp4".into(), Showing::default()));
        let (fit, play, sync) = (Fit::Contain, Play::PingPong, Sync::Part);
        let showing = Showing { fit, play, sync, from: 2.5, fps: Some(12.0), bars: Some(4.0) };
        let text = "a,b=c.mp4, fit=contain, play=pingpong, sync=part, from=2.5, fps=12, bars=4";
        assert_eq!(parsed(text), Init::File("a,b=c.mp4".into(), showing));
        for wrong in [
            "",
            " ",
            ",fit=cover",
            "a.png,fit=wide",
            "a.mp4,play=twice",
            "a.mp4,from=-1",
            "a.mp4,from=x",
            "a,fps=0",
            "a.mp4,bars=0",
            "a.mp4,bars=all",
        ] {
            assert!(wrong.parse::<Init>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn clips_go_round_there_and_back_or_end() {
        let at = |play, seconds| Showing { play, from: 1.0, ..Showing::default() }.time(seconds, 4.0);
        assert_eq!([0.0, 2.0, 3.5, 7.0].map(|s| at(Play::Loop, s)), [1.0, 3.0, 0.5, 0.0]);
        assert_eq!([0.0, 2.0, 4.0, 7.0, 7.5].map(|s| at(Play::PingPong, s)), [1.0, 3.0, 3.0, 0.0, 0.5]);
        assert_eq!([0.0, 2.0, 30.0].map(|s| at(Play::Once, s)), [1.0, 3.0, 4.0]);
        // A part may begin before the frame that shows it first.
        assert_eq!(at(Play::Loop, -2.0), 3.0);
    }

    #[test]
    fn clips_last_as_many_bars_as_is_said() {
        // Two seconds of silence, a bar of two seconds, then bars of one.
        let bars = Bars::new(&[2.0, 4.0, 5.0, 6.0].map(Seconds));
        let gone = |sync, time| {
            let showing = Showing { sync, bars: Some(2.0), ..Showing::default() };
            showing.gone(bars.as_ref(), (Seconds(time), Seconds(4.0)), 10.0)
        };
        assert_eq!([2.0, 3.0, 4.0, 4.5, 7.0].map(|time| gone(Sync::Track, time)), [0.0, 2.5, 5.0, 7.5, 20.0]);
        assert_eq!([4.0, 5.0, 6.0].map(|time| gone(Sync::Part, time)), [0.0, 5.0, 10.0]);
        let unbarred = Showing { bars: Some(2.0), ..Showing::default() };
        assert_eq!(unbarred.gone(None, (Seconds(3.0), Seconds(0.0)), 10.0), 3.0);
    }

    #[test]
    fn a_folders_pictures_come_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Pictures::open(folder.path()).unwrap_err().to_string().contains("no pictures"));
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/draft.png");
        for name in ["shot10.png", "shot9.png", "shot1.PNG", "notes.txt"] {
            std::fs::copy(&home, folder.path().join(name)).unwrap();
        }
        let Pictures::Folder(files) = Pictures::open(folder.path()).unwrap() else { panic!("a folder") };
        let names: Vec<_> = files.iter().map(|f| f.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["shot1.PNG", "shot9.png", "shot10.png"]);
        let at = |play, seconds| Showing { play, ..Showing::default() }.picture(seconds, 12.0, 3);
        let third = |frame: f64| frame / 12.0;
        assert_eq!([0.0, 1.0, 2.0, 3.0, 4.0].map(|f| at(Play::Loop, third(f))), [0, 1, 2, 0, 1]);
        assert_eq!([0.0, 2.0, 5.0].map(|f| at(Play::Once, third(f))), [0, 2, 2]);
    }
}
