//! What outlives a studio: its snapshots, the newest state if nobody saved it, and the finals that weren't finished. It lies in the user's state folder, one
//! file for each track or project, and is written shortly after every change.

use super::locked::locked;
use super::opened::Opened;
use super::order::RenderOrder;
use super::session::Session;
use super::snapshots::{Snapshot, Snapshots, UNSAVED};
use super::state::EditedPreset;
use crate::atomic_file;
use crate::bounded_read;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::job::Stretch;
use crate::score::Document;
use crate::units::Seconds;
use crate::video::Profile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Most bytes of a file that is believed.
const MOST: u64 = 64 << 20;

/// A state as its files' texts.
#[derive(Debug, Serialize, Deserialize)]
struct KeptState {
    name: String,
    text: String,
    film: String,
    looks: BTreeMap<String, String>,
    focus: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptSnapshot {
    name: String,
    note: String,
    state: KeptState,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptOrder {
    state: KeptState,
    tier: String,
    size: String,
    fps: Option<String>,
    profile: String,
    section: Option<usize>,
    start: Option<Seconds>,
    end: Option<Seconds>,
    output: PathBuf,
    replace: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    snapshots: Vec<KeptSnapshot>,
    unsaved: Option<KeptState>,
    finals: Vec<KeptOrder>,
}

/// What an earlier studio left.
#[derive(Debug, Default)]
pub struct Left {
    /// Its snapshots; what nobody saved is the last one.
    pub snapshots: Snapshots,
    /// Whether there is something that nobody saved.
    pub unsaved: bool,
    /// The finals that weren't finished.
    pub finals: Vec<RenderOrder>,
}

/// The file of a track or a project.
#[derive(Debug)]
pub struct Keeper {
    path: PathBuf,
    opened: Arc<Opened>,
    written: Mutex<String>,
}

impl Keeper {
    /// The keeper in `folder` of what is made on `input`.
    pub fn new(folder: &Path, input: &Path, opened: Arc<Opened>) -> Self {
        let mut digest = Digest::default();
        let whole = input.canonicalize().unwrap_or_else(|_| input.to_owned());
        digest.update(whole.as_os_str().as_encoded_bytes());
        let path = folder.join(format!("{}.json", digest.finish()));
        Keeper { path, opened, written: Mutex::default() }
    }

    /// What an earlier studio left. What can't be read any more, as after an update, is left out: nothing waits for it.
    pub fn left(&self) -> Left {
        let text = bounded_read::text(&self.path, MOST).unwrap_or_default();
        let kept: Kept = serde_json::from_str(&text).unwrap_or_default();
        let mut left = Left::default();
        let unsaved =
            kept.unsaved.map(|state| KeptSnapshot { name: UNSAVED.into(), note: String::new(), state });
        left.unsaved = unsaved.is_some();
        for KeptSnapshot { name, note, state } in kept.snapshots.into_iter().chain(unsaved) {
            if let Ok(edited) = self.edited(state) {
                left.snapshots.restore(&name, &note, edited);
            }
        }
        left.finals = kept.finals.into_iter().filter_map(|order| self.order(order).ok()).collect();
        left
    }

    /// Writes down what would be lost, if that is something else than what is there.
    ///
    /// # Errors
    /// Output: the file can't be written.
    pub fn keep(
        &self,
        session: &Session,
        saved: u64,
        snapshots: &Snapshots,
        finals: &[RenderOrder],
    ) -> Result<()> {
        let snapshot = |kept: &Snapshot| {
            let state = self.state(&kept.edited)?;
            Ok(KeptSnapshot { name: kept.name.clone(), note: kept.note.clone(), state })
        };
        let kept = Kept {
            snapshots: snapshots.told().iter().map(snapshot).collect::<Result<_>>()?,
            unsaved: (session.version != saved).then(|| self.state(&session.preset)).transpose()?,
            finals: finals.iter().map(|order| self.kept(order)).collect::<Result<_>>()?,
        };
        let text = serde_json::to_string(&kept)
            .map_err(|e| Error::internal(format!("can't write what is kept: {e}")))?;
        let mut written = locked(&self.written);
        if *written == text {
            return Ok(());
        }
        let failed =
            |e: std::io::Error| Error::output(format!("can't write {}", self.path.display())).because(e);
        fs::create_dir_all(atomic_file::folder_of(&self.path)).map_err(failed)?;
        atomic_file::put(&self.path, text.as_bytes()).map_err(failed)?;
        *written = text;
        Ok(())
    }

    fn state(&self, edited: &EditedPreset) -> Result<KeptState> {
        Ok(KeptState {
            name: edited.name.clone(),
            text: edited.text(),
            film: self.opened.film_text(edited)?.1,
            looks: edited.looks.iter().map(|(name, look)| (name.clone(), look.text())).collect(),
            focus: edited.focus.clone(),
        })
    }

    fn edited(&self, KeptState { name, text, film, looks, focus }: KeptState) -> Result<EditedPreset> {
        let look = |(name, text): (String, String)| {
            Document::read(&name, &text).map(|document| (name, Arc::new(document)))
        };
        let looks = looks.into_iter().map(look).collect::<Result<_>>()?;
        let base = EditedPreset { looks, focus, ..EditedPreset::read(&name, &text)? };
        self.opened.with_film(&base, &film)
    }

    fn kept(&self, order: &RenderOrder) -> Result<KeptOrder> {
        let Stretch { section, start, end } = order.stretch;
        Ok(KeptOrder {
            state: self.state(&order.edited)?,
            tier: order.tier.clone(),
            size: order.size.clone(),
            fps: order.fps.clone(),
            profile: order.profile.name().to_owned(),
            section,
            start,
            end,
            output: order.output.clone(),
            replace: order.replace,
        })
    }

    fn order(&self, kept: KeptOrder) -> Result<RenderOrder> {
        let KeptOrder { state, tier, size, fps, profile, section, start, end, output, replace } = kept;
        Ok(RenderOrder {
            edited: Arc::new(self.edited(state)?),
            tier,
            size,
            fps,
            profile: Profile::find(&profile)?,
            stretch: Stretch { section, start, end },
            output,
            replace,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studio::player::tests::player;
    use crate::studio::snapshots::SnapshotEdit;
    use serde_json::json;

    fn keeper(folder: &Path) -> Keeper {
        Keeper::new(folder, Path::new("track.wav"), player().opened)
    }

    #[test]
    fn what_is_kept_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = keeper(&folder.path().join("studio"));
        assert!(keeper.left().snapshots.told().is_empty());
        let session = Session::new(EditedPreset::shipped("pulse").unwrap());
        let edit = serde_json::from_value(json!({ "edit": "base", "param": "glow", "value": 0.4 })).unwrap();
        let later = session.edited(&edit, None).unwrap();
        let keep = |name: &str| SnapshotEdit::Keep { name: Some(name.into()) };
        let snapshots = Snapshots::default().with(&keep("first"), &session).unwrap();
        let note = SnapshotEdit::Note { number: 1, note: "calm".into() };
        let snapshots = snapshots.with(&note, &session).unwrap();
        let order = RenderOrder {
            edited: later.preset.clone(),
            tier: "draft".into(),
            size: "64x48".into(),
            fps: Some("12".into()),
            profile: Profile::Ffv1,
            stretch: Stretch { section: Some(2), start: Some(Seconds(1.5)), end: None },
            output: "a.mkv".into(),
            replace: true,
        };
        keeper.keep(&later, 1, &snapshots, std::slice::from_ref(&order)).unwrap();
        let left = keeper.left();
        assert!(left.unsaved);
        let told: Vec<_> = left.snapshots.told().iter().map(|s| (s.name.as_str(), s.note.as_str())).collect();
        assert_eq!(told, [("first", "calm"), (UNSAVED, "")]);
        assert_eq!(left.snapshots.get(2).unwrap().edited.text(), later.preset.text());
        assert_eq!((left.finals[0].edited.text(), left.finals.len()), (later.preset.text(), 1));
        assert_eq!(RenderOrder { edited: order.edited.clone(), ..left.finals[0].clone() }, order);

        // The next studio's unsaved state takes the place of this one's, and what was saved is none.
        keeper.keep(&session, 0, &left.snapshots, &[]).unwrap();
        let next = keeper.left();
        let last = next.snapshots.told().last().unwrap();
        assert_eq!((next.snapshots.told().len(), last.edited.text()), (2, session.preset.text()));
        keeper.keep(&session, 1, &Snapshots::default(), &[]).unwrap();
        assert!(!keeper.left().unsaved && keeper.left().snapshots.told().is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = keeper(folder.path());
        for text in ["", "{", "[]", "{\"snapshots\":7}"] {
            fs::write(&keeper.path, text).unwrap();
            assert!(keeper.left().snapshots.told().is_empty());
        }
        let state = |text: &str| json!({ "name": "pulse", "text": text, "film": "track = \"track\"\n", "looks": {}, "focus": null });
        let kept = |state| json!({ "name": "x", "note": "", "state": state });
        let all =
            [kept(state("[[route]]\nto = \"nothing\"\n")), kept(state("[[prompt]]\ntext = \"fine\"\n"))];
        fs::write(&keeper.path, json!({ "snapshots": all, "unsaved": null, "finals": [] }).to_string())
            .unwrap();
        assert_eq!(keeper.left().snapshots.told().len(), 1);
    }
}
