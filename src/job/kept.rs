//! The model of the job before, kept for the next one: many jobs in a row load it once.

use super::adapters::OpenLora;
use super::scene::Scene;
use crate::diffusion::Model;
use crate::error::Result;
use crate::progress::Progress;
use crate::render::Job;
use crate::system;
use crate::timing::Timings;
use crate::weights::Placement;

/// A model that stays loaded while jobs want the same one.
#[derive(Debug, Default)]
pub struct KeptModel {
    held: Option<(String, Model)>,
}

impl KeptModel {
    /// The networks of `scene` for `job` at `placement`: those of the job before, if this one would load the same.
    ///
    /// # Errors
    /// As [`Scene::load`].
    pub(super) fn load(
        &mut self,
        scene: Scene,
        (job, placement): (&Job, &Placement),
        progress: &dyn Progress,
        timings: &Timings,
    ) -> Result<&Model> {
        let key = key(&scene, job, placement);
        let held = match self.held.take() {
            Some((known, model)) if known == key => (known, model),
            // The one before goes first, so that there are never two.
            other => {
                drop(other);
                system::give_back();
                (key, scene.load(placement, progress, timings)?)
            }
        };
        Ok(&self.held.insert(held).1)
    }
}

/// All that decides what [`Scene::load`] gives: the files and what they hold, the options, the strengths that are merged.
fn key(scene: &Scene, job: &Job, placement: &Placement) -> String {
    let played = |lora: &OpenLora| lora.played(&scene.timeline).map(|a| (a.param, a.strength, a.text));
    let loras: Vec<_> = scene.loras.iter().filter_map(played).collect();
    format!("{} {placement} {:?} {loras:?}", job.settings.model.whole(), scene.request.model)
}
