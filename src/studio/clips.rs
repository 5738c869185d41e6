//! Clips: about a window of pictures of some state of the session, beginning at one time of the track. Thumbnails of the gallery are made
//! while nothing else is wanted; the sides of a comparison are looked at, so they come before all other pictures.

use super::jpeg::{jpeg, shrunk};
use super::locked::locked;
use super::player::{Played, Player};
use super::state::EditedPreset;
use super::strip::{Strip, packed, store};
use crate::diffusion::Model;
use crate::error::{ErrorKind, Result};
use crate::render::{Live, Settings};
use crate::units::{FrameIndex, FrameRate, GeneratedFrame, Seconds};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use tokio::sync::watch;

/// Strips that are kept in memory: of sides, and of thumbnails.
const MOST: [usize; 2] = [8, 128];

/// What a clip is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A side of a comparison: the state with its parts.
    Side,
    /// A thumbnail of the gallery: one look alone, on the whole track.
    Thumbnail,
}

impl Form {
    /// Its pictures are at most so wide.
    pub fn width(self) -> u32 {
        match self {
            Form::Side => 960,
            Form::Thumbnail => 192,
        }
    }
}

/// Pictures that are wanted.
#[derive(Clone, Debug)]
pub struct Clip {
    /// What it is told by: the same key, the same pictures.
    pub key: String,
    /// What is shown.
    pub edited: Arc<EditedPreset>,
    /// The time of the track at which it begins.
    pub at: Seconds,
    /// What it is for.
    pub form: Form,
    /// Where its strip is kept for the next session, once that is known.
    pub kept: Option<PathBuf>,
}

impl Clip {
    /// Its state as it is played.
    ///
    /// # Errors
    /// As [`Player::play`].
    pub fn played(&self, player: &Player) -> Result<Played> {
        match self.form {
            Form::Side => player.play(&self.edited),
            Form::Thumbnail => player.play_alone(&self.edited),
        }
    }

    /// Its first frame and how many it has at `fps`, none of them behind `end`.
    pub fn frames(
        &self,
        settings: &Settings,
        player: &Player,
        fps: FrameRate,
        end: GeneratedFrame,
    ) -> (GeneratedFrame, FrameIndex) {
        let first = GeneratedFrame(fps.frame_at(self.at)).min(end.before(1));
        (first, fps.frames_covering(stretch(settings, player)).clamp(1, end - first))
    }

    /// Its pictures, as `live` shows them to who seeks there.
    ///
    /// # Errors
    /// Device; Stopped, once `stop` is set.
    pub fn rendered(
        &self,
        (live, model): (&Live, &Model),
        (first, count): (GeneratedFrame, FrameIndex),
        stop: &AtomicBool,
    ) -> Result<Strip> {
        let (mut jpegs, mut before) = (Vec::new(), None);
        while (jpegs.len() as FrameIndex) < count {
            let next = first + jpegs.len() as FrameIndex;
            let state = live.window(model, next, before.as_ref(), stop, &mut |_, frames| {
                for frame in frames {
                    jpegs.push(jpeg(&shrunk(frame, self.form.width()))?);
                }
                Ok(())
            })?;
            before = Some(state);
        }
        jpegs.truncate(count as usize);
        let fps = live.timeline().fps;
        Ok(packed(fps.per_second(), fps.start_of(first), &jpegs))
    }
}

/// How long clips are: a window of the model's own rate, which `settings` are for.
pub fn stretch(settings: &Settings, player: &Player) -> Seconds {
    Seconds(settings.windows.length as f64 / f64::from(player.model.fps))
}

/// A clip that came to an end, as pages are told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    key: String,
    /// Why there are no pictures.
    fault: Option<String>,
}

#[derive(Debug, Default)]
struct Lists {
    sides: Vec<Clip>,
    /// Thumbnails that nobody looked for in the cache yet.
    unsought: Vec<Clip>,
    thumbnails: Vec<Clip>,
    /// The oldest first, of either form.
    made: [Vec<(String, Result<Strip, String>)>; 2],
}

impl Lists {
    fn has(&self, key: &str) -> bool {
        self.made.iter().flatten().any(|(own, _)| own == key)
    }
}

/// The clips of a session: those that are wanted, and the strips of the others.
#[derive(Debug, Default)]
pub struct Clips {
    lists: Mutex<Lists>,
    more: Condvar,
    told: watch::Sender<Vec<Told>>,
}

impl Clips {
    /// From now on these are compared; what couldn't be shown before is tried again.
    pub fn compare(&self, sides: Vec<Clip>) {
        let mut lists = locked(&self.lists);
        let asked = |key: &String| sides.iter().any(|side| side.key == *key);
        lists.made[0].retain(|(key, made)| made.is_ok() || !asked(key));
        lists.sides = sides.into_iter().filter(|side| !lists.has(&side.key)).collect();
    }

    /// From now on these are the gallery's; what couldn't be shown before is tried again.
    pub fn gather(&self, thumbnails: Vec<Clip>) {
        let mut lists = locked(&self.lists);
        let asked = |key: &String| thumbnails.iter().any(|clip| clip.key == *key);
        lists.made[1].retain(|(key, made)| made.is_ok() || !asked(key));
        lists.thumbnails.retain(|clip| asked(&clip.key));
        let new = thumbnails.into_iter();
        let new =
            new.filter(|clip| !lists.has(&clip.key) && lists.thumbnails.iter().all(|c| c.key != clip.key));
        lists.unsought = new.collect();
        self.more.notify_all();
    }

    /// A thumbnail to look for in the cache; waits until there is one.
    pub fn unsought(&self) -> Clip {
        let mut lists = locked(&self.lists);
        loop {
            if let Some(clip) = lists.unsought.first() {
                return clip.clone();
            }
            lists = self.more.wait(lists).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// `clip` isn't in the cache: it is to be rendered, if it is still wanted.
    pub fn missed(&self, clip: Clip) {
        let mut lists = locked(&self.lists);
        let before = lists.unsought.len();
        lists.unsought.retain(|other| other.key != clip.key);
        if lists.unsought.len() < before {
            lists.thumbnails.push(clip);
        }
    }

    /// A clip that somebody waits for.
    pub fn urgent(&self) -> Option<Clip> {
        locked(&self.lists).sides.first().cloned()
    }

    /// A clip for when there is nothing else to do.
    pub fn idle(&self) -> Option<Clip> {
        locked(&self.lists).thumbnails.first().cloned()
    }

    /// What came of `clip`; where it was stopped, it is still wanted.
    pub fn put(&self, clip: &Clip, made: Result<Strip>) {
        let made = match made {
            Err(error) if error.kind() == ErrorKind::Stopped => return,
            made => made.map_err(|error| error.to_string()),
        };
        let mut lists = locked(&self.lists);
        let Lists { sides, unsought, thumbnails, .. } = &mut *lists;
        for list in [sides, unsought, thumbnails] {
            list.retain(|other| other.key != clip.key);
        }
        if !lists.has(&clip.key) {
            let own = &mut lists.made[clip.form as usize];
            own.push((clip.key.clone(), made));
            let more = own.len().saturating_sub(MOST[clip.form as usize]);
            own.drain(..more);
        }
        let told = lists.made.iter().flatten();
        let told = told.map(|(key, made)| Told { key: key.clone(), fault: made.clone().err() }).collect();
        self.told.send_replace(told);
    }

    /// As [`Self::put`], and the strip is kept for the next session, if it can be.
    pub fn finish(&self, clip: &Clip, made: Result<Strip>) {
        if let (Some(path), Ok(strip)) = (&clip.kept, &made) {
            // Where nothing can be kept, it is made again.
            let _ = store(path, strip);
        }
        self.put(clip, made);
    }

    /// A strip, if it is there.
    pub fn strip(&self, key: &str) -> Option<Strip> {
        let lists = locked(&self.lists);
        let found = lists.made.iter().flatten().find(|(own, _)| own == key)?;
        found.1.as_ref().ok().cloned()
    }

    /// Which clips came to an end, and which will.
    pub fn told(&self) -> watch::Receiver<Vec<Told>> {
        self.told.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn clip(key: &str, form: Form) -> Clip {
        let edited = Arc::new(EditedPreset::shipped("pulse").unwrap());
        Clip { key: key.into(), edited, at: Seconds(0.0), form, kept: None }
    }

    fn names(clips: &[Clip]) -> Vec<&str> {
        clips.iter().map(|clip| clip.key.as_str()).collect()
    }

    #[test]
    fn what_is_wanted_is_the_newest_wish_and_what_was_made_is_kept() {
        let clips = Clips::default();
        let thumb = |key| clip(key, Form::Thumbnail);
        clips.gather(vec![thumb("a"), thumb("b")]);
        assert!(clips.idle().is_none());
        clips.put(&clips.unsought(), Ok(vec![1].into()));
        clips.missed(clips.unsought());
        assert_eq!(clips.idle().unwrap().key, "b");
        // Where it was stopped it is still wanted; what nobody wants any more isn't rendered.
        clips.put(&thumb("b"), Err(Error::stopped("it was")));
        clips.gather(vec![thumb("a"), thumb("b"), thumb("c")]);
        assert_eq!(names(&locked(&clips.lists).unsought), ["c"]);
        assert_eq!(names(&locked(&clips.lists).thumbnails), ["b"]);
        clips.gather(vec![thumb("c")]);
        clips.missed(thumb("b"));
        assert!(clips.idle().is_none());
        assert_eq!(clips.strip("a").unwrap()[..], [1]);
        // What failed is told, and tried again when it is wanted again.
        clips.put(&thumb("c"), Err(Error::usage("it can't be")));
        assert!(clips.strip("c").is_none());
        assert_eq!(clips.told().borrow()[1], Told { key: "c".into(), fault: Some("it can't be".into()) });
        clips.gather(vec![thumb("c")]);
        assert_eq!(clips.unsought().key, "c");
    }

    #[test]
    fn sides_come_before_thumbnails_and_both_are_bounded() {
        let clips = Clips::default();
        let thumb = clip("t", Form::Thumbnail);
        clips.put(&thumb, Ok(vec![7].into()));
        for i in 0..100 {
            let side = clip(&i.to_string(), Form::Side);
            clips.compare(vec![side.clone()]);
            assert_eq!(clips.urgent().unwrap().key, side.key);
            clips.put(&side, Ok(vec![i].into()));
            assert!(clips.urgent().is_none());
        }
        assert_eq!(locked(&clips.lists).made.each_ref().map(Vec::len), [MOST[0], 1]);
        assert!(clips.strip("91").is_none() && clips.strip("92").is_some() && clips.strip("t").is_some());
        // What is there isn't made again.
        clips.compare(vec![clip("99", Form::Side)]);
        assert!(clips.urgent().is_none());
    }
}
