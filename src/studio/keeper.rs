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
mod tests;
