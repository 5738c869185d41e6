//! Saving: the preset or the project as a file, and whatever else would be lost with the studio.

use super::Hub;
use super::messages::text;
use crate::error::Result;
use crate::studio::ask::Form;
use crate::studio::heard::BeatCorrection;
use crate::studio::locked::locked;
use crate::studio::session::Session;
use axum::extract::ws::Utf8Bytes;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How long a change may be lost.
const KEPT_AFTER: Duration = Duration::from_secs(1);

impl Hub {
    /// Writes the preset down under `name`, and says where.
    ///
    /// # Errors
    /// Usage: there is such a file already; Output: it can't be written.
    pub(super) fn save(&self, name: &str, form: Form) -> Result<Utf8Bytes> {
        let Session { version, preset, .. } = self.session();
        let corrected = preset.beats != BeatCorrection::default();
        let has_parts = !preset.film.parts().is_empty();
        let lost = matches!(form, Form::Preset);
        let path = match form {
            Form::Preset => locked(&self.shelf).save(name, &preset.worked_on().1.text())?,
            Form::Project => {
                let mut shelf = locked(&self.shelf);
                let named = preset.with_looks_named(|look| shelf.look(name, look))?;
                // What comes with the program is named as it is.
                let base = (!preset.is_shipped()).then(|| shelf.base(name, &preset.name));
                let project = self.player.opened.project(base.as_ref().unwrap_or(&preset.name), &named)?;
                let looks = named.looks.iter().map(|(look, document)| (look.clone(), document.text()));
                let presets: Vec<_> =
                    base.map(|base| (base, preset.text())).into_iter().chain(looks).collect();
                shelf.save_project(name, &presets, &project)?
            }
        };
        let note = match (corrected, has_parts) {
            _ if !lost => None,
            (true, _) => Some("the corrected beats belong to this track: Save project keeps them"),
            (_, true) => Some("the parts belong to this track: Save project keeps them"),
            _ => None,
        };
        if !lost || (note.is_none() && preset.film == self.saved.borrow().film) {
            self.saved.send_replace(preset);
        }
        let path = path.display().to_string();
        Ok(text(
            &json!({ "type": "saved", "version": version, "path": path, "note": note, "project": !lost }),
        ))
    }

    /// Keeps what would be lost with this studio.
    pub(super) fn keep(&self) {
        let Some(keeper) = &self.keeper else { return };
        let (preset, snapshots) = (self.session().preset, self.snapshots.borrow().clone());
        let unsaved = Some(&*preset).filter(|preset| !preset.is_like(&self.saved.borrow()));
        // Where nothing can be kept, work goes on.
        drop(keeper.keep(unsaved, &snapshots, &self.engine.finals().open()));
    }
}

/// Keeps what would be lost, shortly after every change.
pub async fn keep(hub: Arc<Hub>) {
    let (mut states, mut snapshots) = (hub.states(), hub.snapshots());
    let (mut finals, mut saved) = (hub.engine.finals().told(), hub.saved.subscribe());
    loop {
        let changed = tokio::select! {
            changed = states.changed() => changed,
            changed = snapshots.changed() => changed,
            changed = finals.changed() => changed,
            changed = saved.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
        tokio::time::sleep(KEPT_AFTER).await;
        let own = hub.clone();
        drop(tokio::task::spawn_blocking(move || own.keep()).await);
    }
}
