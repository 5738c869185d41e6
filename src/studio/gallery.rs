//! The gallery: every look that can be chosen, each with a thumbnail of the loudest bar of the track.
//!
//! Thumbnails lie in the user's cache folder under the hash of all that decides them, the track, the look, the model and this build, so they
//! are rendered once. A thread looks there; what it doesn't find, the engine renders when it has nothing else to do.

use super::clips::{Clip, Clips, Form};
use super::engine::Engine;
use super::player::Player;
use super::state::EditedPreset;
use super::strip;
use crate::cache_folder::this_build;
use crate::diffusion::ModelFingerprint;
use crate::digest::Digest;
use crate::error::{Context, Error, Result};
use crate::job::loudest;
use crate::render::{Settings, hash_timeline};
use crate::score::{Document, Preset, shipped};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::Builder;

/// A look of the gallery, as a page is told.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Whether it is a look of this session; else a shipped preset.
    pub own: bool,
    /// What its file says of it.
    pub about: String,
    /// By which key its thumbnail is told.
    pub key: String,
}

/// The looks that `edited` has to choose from, and their thumbnails.
///
/// # Errors
/// The track's beats can't be as they are corrected.
pub fn looks(player: &Player, edited: &EditedPreset) -> Result<(Vec<Entry>, Vec<Clip>)> {
    let at = loudest(&*player.heard.corrected(&edited.beats)?, 1).start;
    let is_shipped = |text: &str| shipped().iter().any(|(_, other)| *other == text);
    let own = std::iter::once((&edited.name, &edited.document))
        .chain(edited.looks.iter().map(|(name, document)| (name, &**document)))
        .filter(|(_, document)| !is_shipped(&document.text()))
        .map(|(name, document)| Ok((name.clone(), true, document.clone())));
    let presets = shipped().iter();
    let presets = presets.map(|(name, text)| Ok(((*name).to_owned(), false, Document::read(name, text)?)));
    let mut looks = (Vec::new(), Vec::new());
    for look in own.chain(presets) {
        let (name, own, document) = look?;
        let text = document.text();
        let mut digest = Digest::default();
        digest.update(format!("{text:?} {:?} {:?}", edited.beats, edited.film.text()));
        let key = format!("t{}", &digest.finish()[..16]);
        let about = Preset::parse(&name, &text).map(|preset| preset.about).unwrap_or_default();
        // The project's parts are left out when it is played, but the looks that they name have to be there.
        let alone = EditedPreset { name: name.clone(), document, focus: None, ..edited.clone() };
        looks.0.push(Entry { name, own, about, key: key.clone() });
        looks.1.push(Clip { key, edited: Arc::new(alone), at, form: Form::Thumbnail, kept: None });
    }
    Ok(looks)
}

/// Starts the thread that looks for thumbnails in the cache below `folder`; those that aren't there are left to `engine`. It ends with the
/// process.
///
/// # Errors
/// Internal: no thread can be started.
pub fn start(folder: Option<PathBuf>, player: Arc<Player>, settings: Settings, engine: Engine) -> Result<()> {
    let mut model = None;
    let mut kept_at = move |clip: &Clip| -> Result<Option<PathBuf>> {
        let Some(folder) = &folder else { return Ok(None) };
        let model = match &model {
            Some(model) => ModelFingerprint::clone(model),
            None => model.insert(player.opened.fingerprint()?).clone(),
        };
        Ok(Some(place(folder, clip, (&player, &settings), model)?))
    };
    let seek = move || {
        let clips: Arc<Clips> = engine.clips().clone();
        loop {
            let clip = clips.unsought();
            match kept_at(&clip) {
                Ok(kept) => match kept.as_deref().and_then(strip::load) {
                    Some(strip) => clips.put(&clip, Ok(strip)),
                    None => {
                        clips.missed(Clip { kept, ..clip });
                        engine.nudge();
                    }
                },
                Err(error) => clips.put(&clip, Err(error)),
            }
        }
    };
    Builder::new()
        .name("gallery".to_owned())
        .spawn(seek)
        .context(|| Error::internal("the gallery's thread can't be started"))?;
    Ok(())
}

/// Where the strip of `clip` is kept: under the hash of what is played, of what it is rendered with, and of this build.
fn place(
    folder: &Path,
    clip: &Clip,
    (player, settings): (&Player, &Settings),
    model: ModelFingerprint,
) -> Result<PathBuf> {
    let played = clip.played(player)?;
    let (fps, end) = (played.timeline.fps, played.timeline.end());
    let (timeline, layers) = (hash_timeline(&played.timeline), played.layers.hash());
    let settings = Settings { model, timeline, layers, ..settings.clone() };
    let decides =
        serde_json::to_string(&settings).context(|| Error::internal("the settings can't be written"))?;
    let mut digest = Digest::default();
    let frames = clip.frames(&settings, player, fps, end);
    digest.update(format!("{} {decides} {frames:?} {}", this_build(), clip.form.width()));
    Ok(folder.join(digest.finish()))
}

#[cfg(test)]
mod tests {
    use super::super::edit::Edit;
    use super::super::player::tests::player;
    use super::*;
    use crate::render::fixture::small_settings;
    use std::collections::BTreeSet;

    fn edited(edits: &[Edit]) -> EditedPreset {
        edits.iter().fold(EditedPreset::shipped("tide").unwrap(), |preset, edit| preset.with(edit).unwrap())
    }

    fn glow() -> Edit {
        Edit::Base { param: "glow".into(), value: Some(0.2) }
    }

    #[test]
    fn presets_and_own_looks_are_there_once_each() {
        let player = player();
        let (entries, clips) = looks(&player, &edited(&[])).unwrap();
        assert_eq!(entries.len(), shipped().len());
        assert!(entries.iter().all(|entry| !entry.own && !entry.about.is_empty()));
        let (more, changed) = looks(&player, &edited(&[glow()])).unwrap();
        assert_eq!((more.len(), more[0].own, more[0].name.as_str()), (shipped().len() + 1, true, "tide"));
        // The others are what they were.
        assert_eq!(clips[0].key, changed[1].key);
        let keys: BTreeSet<_> = changed.iter().map(|clip| &clip.key).collect();
        assert_eq!(keys.len(), changed.len());
        // The loudest bar of the fixture.
        assert_eq!(clips[0].at, loudest(player.heard.raw(), 1).start);
    }

    #[test]
    fn a_thumbnail_is_kept_under_all_that_decides_it() {
        let (player, settings) = (player(), small_settings(2));
        let folder = Path::new("cache");
        let at = |edited: &EditedPreset, settings: &Settings, model: &str, own: usize| {
            let (_, clips) = looks(&player, edited).unwrap();
            let model = ModelFingerprint::default().with("unet", model.to_owned()).unwrap();
            place(folder, &clips[own], (&player, settings), model).unwrap()
        };
        let plain = at(&edited(&[]), &settings, "a", 0);
        assert_eq!(plain, at(&edited(&[]), &settings, "a", 0));
        // What is changed about another look doesn't matter.
        assert_eq!(plain, at(&edited(&[glow()]), &settings, "a", 1));
        let seeded = Settings { seed: settings.seed + 1, ..settings.clone() };
        let slower = edited(&[Edit::Tempo { bpm: Some(100.0) }]);
        let others = [
            at(&edited(&[]), &settings, "b", 0),
            at(&edited(&[]), &seeded, "a", 0),
            at(&edited(&[]), &settings, "a", 1),
            at(&edited(&[glow()]), &settings, "a", 0),
            at(&slower, &settings, "a", 0),
        ];
        assert!(!others.contains(&plain));
        assert_eq!(BTreeSet::from(others).len(), 5);
    }
}
