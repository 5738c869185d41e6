//! Controls of a job: ControlNets found by their names and opened for the model, and what they follow.

use super::model_search::{self, Places, Wanted};
use super::options::ControlChoice;
use crate::diffusion::model::ControlFile;
use crate::diffusion::{ModelFingerprint, ModelInfo};
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::render::{Control, Followed};
use crate::score::Material;

/// A ControlNet that was opened for a model.
#[derive(Clone, Debug)]
pub struct OpenControl {
    /// What was asked for.
    pub asked: ControlChoice,
    /// Its file.
    pub file: ControlFile,
}

/// Opens every ControlNet for the model of `info`.
///
/// # Errors
/// Model: there is none of a name, or one is not for this model.
pub(super) fn open(
    asked: &[ControlChoice],
    info: &ModelInfo,
    places: &Places,
    progress: &dyn Progress,
) -> Result<Vec<OpenControl>> {
    let opened = |asked: &ControlChoice| {
        let path = model_search::named(&asked.net, Wanted::Control, places, progress)?;
        Ok(OpenControl { asked: asked.clone(), file: info.control(&path)? })
    };
    asked.iter().map(opened).collect()
}

/// What is followed, as inits name pictures and clips; what the music draws has no such name.
pub(super) fn named(asked: &[ControlChoice]) -> Result<Vec<String>> {
    let all = asked.iter().map(|control| control.source.parse::<Followed>());
    let named = all.map(|followed| Ok(followed?.init().map(str::to_owned)));
    Ok(named.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Whether the music draws any of it, and whether from waveform or spectrum.
pub(super) fn drawn(asked: &[ControlChoice]) -> Result<(bool, bool)> {
    asked.iter().try_fold((false, false), |(drawn, scope), control| {
        let followed: Followed = control.source.parse()?;
        Ok((drawn || followed.init().is_none(), scope || followed.wants_a_scope()))
    })
}

/// The controls of a render, in the model's order.
///
/// # Errors
/// Usage: there is no such source.
pub(super) fn played(asked: &[ControlChoice], material: &Material) -> Result<Vec<Control>> {
    let played = |ControlChoice { param, source, span, .. }: &ControlChoice| {
        Control::new(param.clone(), source.clone(), *span, material)
    };
    asked.iter().map(played).collect()
}

/// The model's fingerprint with those of its ControlNets.
///
/// # Errors
/// Input: a file can't be read; Internal: two share a name.
pub(super) fn fingerprint(model: ModelFingerprint, controls: &[OpenControl]) -> Result<ModelFingerprint> {
    controls.iter().try_fold(model, |model, control| {
        let param = &control.asked.param;
        model
            .with(param, control.file.digest()?)
            .ok_or_else(|| Error::internal(format!("{param} is there twice")))
    })
}

impl OpenControl {
    /// In a sentence, what it is.
    pub fn said(&self) -> String {
        let ControlChoice { param, source, span: (start, end), .. } = &self.asked;
        let when = match (*start, *end) {
            (0.0, 1.0) => String::new(),
            (start, end) => format!(" from {start} to {end} of the steps"),
        };
        format!("{param}: follows {source}{when}, with {}", self.file.path().display())
    }
}
