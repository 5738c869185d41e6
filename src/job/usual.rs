//! What a model wants where neither preset nor project says otherwise.

use crate::diffusion::ModelInfo;
use crate::score::{ParamId, ParamRef};
use std::collections::BTreeMap;

/// Values of parameters whose defaults are the model's own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// Guidance.
    pub guidance: f32,
    /// How much of what its autoencoder loses of a source is given back.
    pub source_detail: f32,
}

impl Usual {
    /// What `info`'s model wants.
    pub fn of(info: &ModelInfo) -> Self {
        Usual { guidance: info.sampling().guidance, source_detail: info.hints().source_detail }
    }

    /// Fills in what `base` says nothing of.
    pub fn under(&self, base: &mut BTreeMap<ParamRef, f32>) {
        base.entry(ParamId::Guidance.into()).or_insert(self.guidance);
        base.entry(ParamId::SourceDetail.into()).or_insert(self.source_detail);
    }
}
