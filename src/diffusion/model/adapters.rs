//! Adapters of a model: which files change it, how strongly, and what of that moves while it is in use.
//!
//! What stays is merged while the weights are loaded and costs nothing after that. What moves lies over the weights
//! (`weights/adapter/overlay.rs`) and is set by what each window's conditioning says. The text encoder's strength always stays: embedded
//! prompts aren't made anew for every frame.

use super::info::{ModelInfo, Part};
use crate::error::{Context, Error, Result};
use crate::weights::adapter::{Adapter, Merge, Overlay, Section, Targets};
use crate::weights::{Patch, Placement, Weights};
use candle_core::{DType, Device};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An adapter's file, and how strongly it acts.
#[derive(Clone, Debug)]
pub struct Adapted {
    /// The parameter that is its strength, like `lora.neon`.
    pub param: String,
    /// Its file.
    pub adapter: Rc<Adapter>,
    /// Its strength on UNet and motion modules.
    pub strength: Strength,
    /// Its strength on the text encoder.
    pub text: f32,
}

/// How strongly an adapter acts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Strength {
    /// Always so.
    Held(f32),
    /// As each window's conditioning says.
    Moving,
}

/// What moves of a loaded model.
#[derive(Debug, Default)]
pub(super) struct Turning {
    params: Vec<String>,
    overlays: Vec<Arc<Overlay>>,
    /// Whoever computes with the weights holds it, so that nobody sets others meanwhile.
    busy: Mutex<()>,
}

impl ModelInfo {
    /// Opens the adapter at `path` for this model; no weight is read.
    ///
    /// # Errors
    /// Model: it is damaged, or not for such a model; the model's weights are missing.
    pub fn adapter(&self, path: &Path) -> Result<Adapter> {
        let headers = Placement { dtype: DType::F32, device: Device::Cpu };
        let mut targets = Targets::default();
        for (section, part) in
            [(Section::Unet, Part::Unet), (Section::Motion, Part::Motion), (Section::Text, Part::Text)]
        {
            targets.add(section, self.open_weights(part, &headers)?.keys());
        }
        Adapter::open(path, &targets)
    }
}

/// What changes the weights of a model while they are read; applied in this order.
#[derive(Clone, Debug, Default)]
pub struct Patches {
    /// Of the UNet and its motion modules.
    pub unet: Vec<Rc<dyn Patch>>,
    /// Of the text encoder.
    pub text: Vec<Rc<dyn Patch>>,
}

impl Patches {
    /// What stays of these adapters.
    pub(super) fn of(adapted: &[Adapted]) -> Self {
        if adapted.is_empty() {
            return Patches::default();
        }
        let held = |a: &Adapted| match a.strength {
            Strength::Held(strength) => Some((a.adapter.clone(), strength)),
            Strength::Moving => None,
        };
        let image = Merge::new(false, adapted.iter().filter_map(held).collect());
        let text = Merge::new(true, adapted.iter().map(|a| (a.adapter.clone(), a.text)).collect());
        Patches { unet: vec![Rc::new(image)], text: vec![Rc::new(text)] }
    }
}

impl Turning {
    /// What lies over these weights.
    ///
    /// # Errors
    /// Usage: an adapter changes a bias, or a layer that nothing can lie over.
    pub fn new(moving: &[&Adapted], weights: [&Weights; 2]) -> Result<Self> {
        let [image, motion] = weights.map(Weights::overlays);
        for Adapted { param, adapter, .. } in moving {
            let layers = |section| adapter.layers(section);
            let stuck = layers(Section::Unet).find(|layer| !image.contains_key(*layer));
            let stuck = stuck.or(layers(Section::Motion).find(|layer| !motion.contains_key(*layer)));
            if let Some(what) = adapter.bias().or(stuck) {
                return Err(Error::usage(format!(
                    "{param} can't move: {} changes '{what}', which is no weight of a linear layer or a convolution",
                    adapter.path().display()
                ))
                .hint("hold its strength at one value in the whole video"));
            }
        }
        let params = moving.iter().map(|adapted| adapted.param.clone()).collect();
        let overlays = image.into_values().chain(motion.into_values()).collect();
        Ok(Turning { params, overlays, busy: Mutex::default() })
    }

    /// Whose strengths each window's conditioning gives, in their order.
    pub fn params(&self) -> &[String] {
        &self.params
    }

    /// Sets the strengths, by moving adapter and frame, and holds them until what comes back is dropped.
    pub fn set(&self, strengths: &[Vec<f32>]) -> Result<MutexGuard<'_, ()>> {
        if !strengths.is_empty() && strengths.len() != self.params.len() {
            let (found, wanted) = (strengths.len(), self.params.len());
            return Err(Error::internal(format!("{found} strengths for {wanted} adapters")));
        }
        let guard = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let strengths: Vec<Arc<[f32]>> = strengths.iter().map(|own| Arc::from(own.as_slice())).collect();
        let failed = || Error::device("there is no room for what the adapters change");
        self.overlays.iter().try_for_each(|overlay| overlay.turn(&strengths)).context(failed)?;
        Ok(guard)
    }
}

#[cfg(test)]
mod tests;
