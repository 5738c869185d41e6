//! Merging: adapters whose strength stays, added to weights while these are loaded.

use super::file::Adapter;
use super::targets::Section;
use crate::error::{Context, Error, Result};
use crate::weights::Patch;
use candle_core::{DType, Tensor};
use std::rc::Rc;

/// Adapters with their strengths: W + Σ strength · difference(W), in single precision.
#[derive(Debug)]
pub struct Merge {
    /// Of the text encoder, or of UNet and motion modules.
    text: bool,
    parts: Vec<(Rc<Adapter>, f32)>,
}

impl Merge {
    /// For the weights of the text encoder, if `text`, or for those of UNet and motion modules.
    pub fn new(text: bool, parts: Vec<(Rc<Adapter>, f32)>) -> Self {
        let parts = parts.into_iter().filter(|(_, strength)| *strength != 0.0).collect();
        Merge { text, parts }
    }
}

/// The section of a UNet's or motion module's tensor.
pub fn section(key: &str) -> Section {
    if key.contains("motion_modules.") { Section::Motion } else { Section::Unet }
}

impl Patch for Merge {
    fn apply(&self, key: &str, weight: &Tensor) -> Result<Option<Tensor>> {
        let section = if self.text { Section::Text } else { section(key) };
        let failed = || Error::model(format!("'{key}' can't be changed"));
        let mut sum: Option<Tensor> = None;
        for (adapter, strength) in &self.parts {
            if !adapter.changes_key(section, key) {
                continue;
            }
            let base = weight.to_dtype(DType::F32).context(failed)?;
            let Some(difference) = adapter.difference(section, key, &base)? else { continue };
            let added = (difference * f64::from(*strength)).and_then(|d| d + sum.as_ref().unwrap_or(&base));
            sum = Some(added.context(failed)?);
        }
        Ok(sum)
    }
}
