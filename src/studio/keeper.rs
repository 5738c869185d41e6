//! What outlives a studio: its snapshots, the newest state if nobody saved it, and the finals that weren't finished. It lies in the user's state folder, one
//! file for each track or project, and is written shortly after every change.

use super::locked::locked;
use super::opened::Opened;
use super::order::RenderOrder;
use super::snapshots::{Snapshot, Snapshots, UNSAVED};
use super::state::EditedPreset;
use crate::atomic_file;
use crate::bounded_read;
use crate::digest::Digest;
use crate::error::{Context, Error, Result};
use crate::file_lock::FileLock;
use crate::job::{JobOptions, Stretch};
use crate::score::Document;
use crate::units::Seconds;
use crate::video::Profile;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
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
    options: String,
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

/// Entries that this studio can't read, as after an update or with other options, are kept as they are.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    snapshots: Vec<Value>,
    unsaved: Option<Value>,
    finals: Vec<Value>,
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
    /// Keeps other studios on the same input out.
    _lock: FileLock,
    /// What was there and couldn't be read.
    foreign: Mutex<Kept>,
    written: Mutex<String>,
}

impl Keeper {
    /// The keeper in `folder` of what is made on `input`; none where another studio keeps that, or where nothing can be written.
    pub fn new(folder: &Path, input: &Path, opened: Arc<Opened>) -> Option<Self> {
        let mut digest = Digest::default();
        digest.update(input.canonicalize().ok()?.as_os_str().as_encoded_bytes());
        let name = digest.finish();
        fs::create_dir_all(folder).ok()?;
        let lock = FileLock::exclusive(&folder.join(format!("{name}.lock"))).ok()??.fleeting();
        let path = folder.join(format!("{name}.json"));
        Some(Keeper { path, opened, _lock: lock, foreign: Mutex::default(), written: Mutex::default() })
    }

    /// What an earlier studio left.
    pub fn left(&self) -> Left {
        let mut left = Left::default();
        if !self.path.exists() {
            return left;
        }
        let text = bounded_read::text(&self.path, MOST).unwrap_or_default();
        let Ok(kept) = serde_json::from_str::<Kept>(&text) else {
            // It isn't written over.
            drop(fs::rename(&self.path, self.path.with_extension("unreadable")));
            return left;
        };
        let mut foreign = Kept::default();
        let unsaved = kept.unsaved.map(|state| json!({ "name": UNSAVED, "note": "", "state": state }));
        let last = unsaved.is_some();
        let count = kept.snapshots.len();
        for (i, value) in kept.snapshots.into_iter().chain(unsaved).enumerate() {
            match self.snapshot(&value) {
                Ok((name, note, edited)) => {
                    left.unsaved = last && i == count;
                    left.snapshots.restore(&name, &note, edited);
                }
                Err(_) => foreign.snapshots.push(value),
            }
        }
        for value in kept.finals {
            match self.order(&value) {
                Ok(order) => left.finals.push(order),
                Err(_) => foreign.finals.push(value),
            }
        }
        *locked(&self.foreign) = foreign;
        left
    }

    /// Writes down what would be lost, if that is something else than what is there: the snapshots, the newest state
    /// where nobody saved it, and the finals.
    ///
    /// # Errors
    /// Output: the file can't be written.
    pub fn keep(
        &self,
        unsaved: Option<&EditedPreset>,
        snapshots: &Snapshots,
        finals: &[RenderOrder],
    ) -> Result<()> {
        // What can't be said as a project, as after --lora, isn't kept.
        let snapshot = |kept: &Snapshot| {
            let state = self.state(&kept.edited).ok()?;
            Some(json!({ "name": kept.name, "note": kept.note, "state": state }))
        };
        let foreign = locked(&self.foreign);
        let kept = Kept {
            snapshots: foreign
                .snapshots
                .iter()
                .cloned()
                .chain(snapshots.told().iter().filter_map(snapshot))
                .collect(),
            unsaved: unsaved.and_then(|edited| Some(json!(self.state(edited).ok()?))),
            finals: foreign
                .finals
                .iter()
                .cloned()
                .chain(finals.iter().filter_map(|order| self.kept(order).ok()))
                .collect(),
        };
        let text = json!(kept).to_string();
        let mut written = locked(&self.written);
        if *written == text {
            return Ok(());
        }
        let failed = || Error::output(format!("can't write {}", self.path.display()));
        atomic_file::put(&self.path, text.as_bytes()).context(failed)?;
        *written = text;
        Ok(())
    }

    /// What else decides how a final comes out than what is kept of it.
    fn options(&self) -> String {
        let own = JobOptions { input: PathBuf::new(), ..self.opened.options.clone() };
        let mut digest = Digest::default();
        digest.update(format!("{own:?}"));
        digest.finish()
    }

    fn snapshot(&self, value: &Value) -> Result<(String, String, EditedPreset)> {
        let KeptSnapshot { name, note, state } = read(value)?;
        Ok((name, note, self.edited(state)?))
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

    fn kept(&self, order: &RenderOrder) -> Result<Value> {
        let Stretch { section, start, end } = order.stretch;
        let output = std::path::absolute(&order.output).unwrap_or_else(|_| order.output.clone());
        Ok(json!(KeptOrder {
            state: self.state(&order.edited)?,
            options: self.options(),
            tier: order.tier.clone(),
            size: order.size.clone(),
            fps: order.fps.clone(),
            profile: order.profile.name().to_owned(),
            section,
            start,
            end,
            output,
            replace: order.replace,
        }))
    }

    fn order(&self, value: &Value) -> Result<RenderOrder> {
        let KeptOrder { state, options, tier, size, fps, profile, section, start, end, output, replace } =
            read(value)?;
        if options != self.options() {
            return Err(Error::usage("it was ordered in a studio with other options"));
        }
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

fn read<T: DeserializeOwned>(value: &Value) -> Result<T> {
    T::deserialize(value).map_err(|e| Error::usage("this can't be read").because(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studio::player::tests::player;
    use crate::studio::session::Session;
    use crate::studio::snapshots::SnapshotEdit;
    use serde_json::json;

    fn keeper(folder: &Path) -> Keeper {
        Keeper::new(folder, Path::new("/"), player().opened).unwrap()
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
            output: std::path::absolute("a.mkv").unwrap(),
            replace: true,
        };
        keeper.keep(Some(&later.preset), &snapshots, std::slice::from_ref(&order)).unwrap();
        assert!(Keeper::new(&folder.path().join("studio"), Path::new("/"), player().opened).is_none());
        let left = keeper.left();
        assert!(left.unsaved);
        let told: Vec<_> = left.snapshots.told().iter().map(|s| (s.name.as_str(), s.note.as_str())).collect();
        assert_eq!(told, [("first", "calm"), (UNSAVED, "")]);
        assert_eq!(left.snapshots.get(2).unwrap().edited.text(), later.preset.text());
        assert_eq!((left.finals[0].edited.text(), left.finals.len()), (later.preset.text(), 1));
        assert_eq!(RenderOrder { edited: order.edited.clone(), ..left.finals[0].clone() }, order);

        // What the next studio leaves comes beside it, and what is alike once.
        keeper.keep(Some(&session.preset), &left.snapshots, &[]).unwrap();
        let next = keeper.left().snapshots;
        assert_eq!(
            next.told().iter().map(|s| s.name.as_str()).collect::<Vec<_>>(),
            ["first", UNSAVED, UNSAVED]
        );
        assert_eq!(next.told()[2].edited.text(), session.preset.text());
        keeper.keep(Some(&later.preset), &next, &[]).unwrap();
        assert_eq!(keeper.left().snapshots.told().len(), 3);
        keeper.keep(None, &Snapshots::default(), &[]).unwrap();
        assert!(!keeper.left().unsaved && keeper.left().snapshots.told().is_empty());
    }

    #[test]
    fn what_cannot_be_read_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = keeper(folder.path());
        for text in ["", "{", "[]", "{\"snapshots\":7}"] {
            fs::write(&keeper.path, text).unwrap();
            assert!(keeper.left().snapshots.told().is_empty());
            assert_eq!(fs::read_to_string(keeper.path.with_extension("unreadable")).unwrap(), text);
        }
        let state = |text: &str| json!({ "name": "pulse", "text": text, "film": "track = \"track\"\n", "looks": {}, "focus": null });
        let kept = |state| json!({ "name": "x", "note": "", "state": state });
        let all =
            [kept(state("[[route]]\nto = \"nothing\"\n")), kept(state("[[prompt]]\ntext = \"fine\"\n"))];
        fs::write(&keeper.path, json!({ "snapshots": all, "unsaved": null, "finals": [] }).to_string())
            .unwrap();
        let left = keeper.left();
        assert_eq!((left.snapshots.told().len(), left.unsaved), (1, false));
        keeper.keep(None, &left.snapshots, &[]).unwrap();
        assert!(fs::read_to_string(&keeper.path).unwrap().contains("nothing"));
    }
}
