//! Targets: the layers of a model that adapters can change, by every name that files have for them.

use super::names::squashed;
use crate::weights::keys;
use std::collections::BTreeMap;

/// A part of a model that adapters change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// The UNet.
    Unet,
    /// Its motion modules.
    Motion,
    /// The text encoder.
    Text,
}

/// A layer that can be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where it is.
    pub section: Section,
    /// Its name, ours, without `weight` or `bias`.
    pub layer: String,
    /// The shape of its weight.
    pub weight: Vec<usize>,
    /// How many values its bias has; none: it has no bias.
    pub bias: Option<usize>,
}

/// The layers of a model.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    layers: BTreeMap<String, Target>,
    aliases: BTreeMap<String, String>,
}

impl Targets {
    /// Adds the layers of a section.
    pub fn add<'a>(&mut self, section: Section, keys: impl Iterator<Item = (&'a str, &'a [usize])>) {
        let all: Vec<(&str, &[usize])> = keys.collect();
        let bias: BTreeMap<&str, usize> = all
            .iter()
            .filter_map(|(key, shape)| Some((key.strip_suffix(".bias")?, *shape.first()?)))
            .collect();
        for (key, shape) in &all {
            let Some(layer) = key.strip_suffix(".weight") else { continue };
            let (name, bias) = (squashed(layer), bias.get(layer).copied());
            let mut alias = |other: String| {
                if other != name {
                    self.aliases.insert(other, name.clone());
                }
            };
            let original = match section {
                Section::Unet => keys::ldm::original(layer),
                Section::Motion => Some(keys::original_motion(layer)),
                Section::Text => None,
            };
            original.iter().for_each(|original| alias(squashed(original)));
            // Older files name the layer without its place in the list.
            let all = [Some(layer.to_owned()), original];
            let outs = all.iter().flatten().filter_map(|name| name.strip_suffix(".to_out.0"));
            outs.for_each(|inside| alias(squashed(&format!("{inside}.to_out"))));
            let target = Target { section, layer: layer.to_owned(), weight: shape.to_vec(), bias };
            self.layers.insert(name.clone(), target);
        }
    }

    /// The layer that a file calls so, without what stands in front.
    pub fn find(&self, squashed: &str) -> Option<&Target> {
        let own = |name: &str| self.layers.get(name);
        own(squashed).or_else(|| own(self.aliases.get(squashed)?))
    }

    /// Whether the motion modules have one in the UNet's middle: AnimateDiff v2, Lightning and their kin.
    pub fn has_middle_motion(&self) -> bool {
        self.layers.keys().any(|name| name.starts_with("mid_block_motion_modules_"))
    }
}
