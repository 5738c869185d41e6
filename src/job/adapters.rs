//! LoRAs of a job: found by their names, opened for the model, and as strong as the timeline says.
//!
//! A strength that stays the same over the whole track is merged while the model is loaded; one that moves is set for every window. The text
//! encoder's strength always stays: what was said of it, else the strength itself, and of one that moves its largest.

use super::model_search::{self, Places, Wanted};
use super::options::LoraFile;
use crate::diffusion::model::{Adapted, Strength};
use crate::diffusion::{ModelFingerprint, ModelInfo};
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::render::Window;
use crate::score::{Param, Timeline};
use crate::units::GeneratedFrame;
use crate::weights::adapter::Adapter;
use std::ops::Range;
use std::rc::Rc;

/// A LoRA that was opened for a model.
#[derive(Clone, Debug)]
pub struct OpenLora {
    /// What was asked for.
    pub asked: LoraFile,
    /// Its file.
    pub adapter: Rc<Adapter>,
}

/// Opens every LoRA for the model of `info`.
///
/// # Errors
/// Model: there is none of a name, or one is not for this model.
pub(super) fn open(
    loras: &[LoraFile],
    info: &ModelInfo,
    places: &Places,
    progress: &dyn Progress,
) -> Result<Vec<OpenLora>> {
    let opened = |asked: &LoraFile| {
        let adapter = info.adapter(&model_search::named(&asked.file, Wanted::Lora, places, progress)?)?;
        adapter.notes().iter().for_each(|note| progress.note(note));
        Ok(OpenLora { asked: asked.clone(), adapter: Rc::new(adapter) })
    };
    loras.iter().map(opened).collect()
}

impl OpenLora {
    /// How strongly it acts when played from `timeline`; none: nowhere.
    pub fn played(&self, timeline: &Timeline) -> Option<Adapted> {
        let curve = self.curve(timeline);
        let first = curve.first().copied().unwrap_or(0.0);
        let strength = match curve.iter().all(|s| *s == first) {
            true => Strength::Held(first),
            false => Strength::Moving,
        };
        let largest = curve.iter().copied().fold(0.0, |a: f32, b| if b.abs() > a.abs() { b } else { a });
        let text = self.asked.text.unwrap_or(largest);
        (largest != 0.0 || text != 0.0).then(|| self.adapted(strength, text))
    }

    /// Whatever it is played from, it moves.
    pub fn moving(&self) -> Adapted {
        self.adapted(Strength::Moving, self.asked.text.unwrap_or(self.asked.strength))
    }

    fn adapted(&self, strength: Strength, text: f32) -> Adapted {
        Adapted { param: self.asked.param.clone(), adapter: self.adapter.clone(), strength, text }
    }

    fn curve<'a>(&self, timeline: &'a Timeline) -> &'a [f32] {
        let own = |param: &Param| param.name == self.asked.param;
        timeline.curves.iter().find(|(param, _)| own(param)).map_or(&[], |(_, curve)| curve)
    }

    /// In a sentence, how its strength gets into these windows.
    pub fn said(&self, timeline: &Timeline, windows: &[Window]) -> String {
        let (param, layers) = (&self.asked.param, self.adapter.count());
        let how = match self.played(timeline) {
            None => "0 everywhere: not loaded".to_owned(),
            Some(Adapted { strength: Strength::Held(strength), text, .. }) => {
                format!(
                    "{strength} everywhere (text encoder {text}): merged when the model is loaded, no cost"
                )
            }
            Some(Adapted { strength: Strength::Moving, text, .. }) => {
                let values = |range: Range<GeneratedFrame>| -> Vec<f32> {
                    range.start.until(range.end).map(|frame| self.at(timeline, frame)).collect()
                };
                let all: Vec<Vec<f32>> = windows.iter().map(|w| values(w.start..w.end())).collect();
                let even = |values: &Vec<f32>| values.iter().all(|s| *s == values[0]);
                let moving = all.iter().filter(|values| !even(values)).count();
                let changes = all.windows(2).filter(|two| even(&two[1]) && two[0] != two[1]).count();
                format!(
                    "moves (text encoder {text}): by the frame in {moving} of {} windows, merged anew before {changes}",
                    windows.len()
                )
            }
        };
        format!("{param}: {how}; {layers} layers of {}", self.adapter.path().display())
    }

    /// Whether its strength differs from frame to frame in `window`.
    pub fn moves_in(&self, timeline: &Timeline, window: &Window) -> bool {
        let first = self.at(timeline, window.start);
        window.frames().any(|frame| self.at(timeline, frame) != first)
    }

    fn at(&self, timeline: &Timeline, frame: GeneratedFrame) -> f32 {
        let curve = self.curve(timeline);
        curve.get((frame.0 as usize).min(curve.len().saturating_sub(1))).copied().unwrap_or(0.0)
    }
}

/// The model's fingerprint with those of what changes it.
///
/// # Errors
/// Input: a file can't be read; Internal: two share a name.
pub(super) fn fingerprint(
    model: ModelFingerprint,
    mut adapted: impl Iterator<Item = Adapted>,
) -> Result<ModelFingerprint> {
    adapted.try_fold(model, |model, adapted| {
        let text = format!("{} text {}", adapted.adapter.digest()?, adapted.text);
        model
            .with(&adapted.param, text)
            .ok_or_else(|| Error::internal(format!("{} is there twice", adapted.param)))
    })
}
