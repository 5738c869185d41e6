//! An adapter's file: opened, matched against the layers of a model, and asked for what it does to each.

use super::change::{Change, Check, Form, Parts};
use super::names::{Part, split, squashed};
use super::scale::Said;
use super::targets::{Section, Targets};
use super::{formula, stranger};
use crate::digest::Digest;
use crate::error::{Context, Error, Result};
use crate::weights::{TensorSource, keys, open};
use candle_core::{DType, Result as TensorResult, Tensor};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

/// Names that an error or a note shows.
const SHOWN: usize = 3;

/// An adapter's file, matched against a model.
#[derive(Clone, Debug)]
pub struct Adapter {
    source: Rc<dyn TensorSource>,
    /// By section and our name of the layer.
    changes: BTreeMap<(Section, String), Change>,
    notes: Vec<String>,
}

impl Adapter {
    /// Opens the file at `path` for a model with the layers `targets`; no value of a weight is read.
    ///
    /// # Errors
    /// Model: it is damaged, for another family of models or another width, or changes nothing that the model has.
    pub fn open(path: &Path, targets: &Targets) -> Result<Self> {
        Self::of(open(path)?, targets)
    }

    fn of(source: Rc<dyn TensorSource>, targets: &Targets) -> Result<Self> {
        let (mut layers, mut odd): (BTreeMap<&str, Parts>, Vec<&str>) = (BTreeMap::new(), Vec::new());
        for name in source.shapes().keys() {
            match split(name) {
                Some((layer, part)) => drop(layers.entry(layer).or_default().insert(part, name.clone())),
                None => odd.push(name),
            }
        }
        let (known, strange): (Vec<_>, Vec<_>) =
            layers.iter().partition(|(layer, _)| targets.find(&squashed(layer)).is_some());
        let context = layers.iter().find_map(|(layer, parts)| {
            let key = squashed(layer).ends_with("attn2_to_k");
            source.shapes().get(parts.get(&Part::Down).filter(|_| key)?)?.get(1).copied()
        });
        let file = source.path().display().to_string();
        let family = || stranger::family(strange.iter().map(|(layer, _)| **layer), context);
        if let Some(family) = family() {
            return Err(Error::model(format!("{file} is for {family}"))
                .hint("one for Stable Diffusion 1.5 is needed, as the model is"));
        }
        middle_motion(&file, strange.iter().map(|(layer, _)| **layer), targets)?;
        let (mut changes, said) = (BTreeMap::new(), Said::of(&*source));
        for (layer, parts) in known {
            let Some(target) = targets.find(&squashed(layer)) else { continue };
            let check = Check { source: &*source, target, said: &said, layer };
            let made = check.change(parts).map_err(|e| e.hint("it is for a model of another width"))?;
            let Some(change) = made else {
                odd.extend(parts.values().map(String::as_str));
                continue;
            };
            if changes.insert((target.section, target.layer.clone()), change).is_some() {
                return Err(Error::model(format!("{file}: the layer '{layer}' is in it twice"))
                    .hint("the file may be damaged; download it again"));
            }
        }
        if changes.is_empty() {
            return Err(nothing(&*source));
        }
        let strange: Vec<&str> = strange.into_iter().map(|(layer, _)| *layer).collect();
        let notes = notes(&file, changes.len(), &strange, &odd);
        Ok(Adapter { changes, notes, source: source.clone() })
    }

    /// Where its file is.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// What a person may want to know: what of the file isn't taken.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How many layers it changes.
    pub fn count(&self) -> usize {
        self.changes.len()
    }

    /// Whether it changes this section of a model.
    pub fn changes_section(&self, section: Section) -> bool {
        self.changes.keys().any(|(of, _)| *of == section)
    }

    /// A tensor of it that changes a bias of UNet or motion modules.
    pub fn bias(&self) -> Option<&str> {
        let image = self.changes.iter().filter(|((section, _), _)| *section != Section::Text);
        image.into_iter().find_map(|(_, change)| change.bias.as_deref())
    }

    /// Whether it may change the tensor `key` of a section.
    pub fn changes_key(&self, section: Section, key: &str) -> bool {
        let layer = key.rsplit_once('.').map(|(layer, _)| layer.to_owned());
        layer.is_some_and(|layer| self.changes.contains_key(&(section, layer)))
    }

    /// Every layer of a section that it changes.
    pub fn layers(&self, section: Section) -> impl Iterator<Item = &str> {
        self.changes.keys().filter(move |(of, _)| *of == section).map(|(_, layer)| layer.as_str())
    }

    /// The difference that it makes, at strength 1, to the tensor `key` of a section, f32 of the shape of `base` f32; none where it leaves
    /// it as it is.
    ///
    /// # Errors
    /// Model: the file can't be read.
    pub fn difference(&self, section: Section, key: &str, base: &Tensor) -> Result<Option<Tensor>> {
        let Some((layer, kind)) = key.rsplit_once('.') else { return Ok(None) };
        let Some(change) = self.changes.get(&(section, layer.to_owned())) else { return Ok(None) };
        let failed = || Error::model(format!("{}: '{layer}' can't be changed", self.path().display()));
        match (kind, &change.bias) {
            ("weight", _) if change.form == Form::Nothing => Ok(None),
            ("weight", _) => {
                formula::difference(change, base, &|name| self.read(name)).context(failed).map(Some)
            }
            ("bias", Some(bias)) => {
                self.read(bias).and_then(|bias| bias.reshape(base.dims())).context(failed).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The two factors whose product the difference of the weight of `layer` is at strength 1, \[rank, inputs · kernel] and \[out, rank]; none
    /// where there are none, or the layer isn't changed.
    ///
    /// # Errors
    /// Model: the file can't be read.
    pub fn factors(&self, section: Section, layer: &str) -> Result<Option<(Tensor, Tensor)>> {
        let Some(change) = self.changes.get(&(section, layer.to_owned())) else { return Ok(None) };
        let failed = || Error::model(format!("{}: '{layer}' can't be changed", self.path().display()));
        formula::factors(change, &|name| self.read(name)).context(failed)
    }

    /// The rank of the two factors of a layer's difference; none where it has no such factors.
    pub fn rank(&self, section: Section, layer: &str) -> Option<usize> {
        let change = self.changes.get(&(section, layer.to_owned()))?;
        match &change.form {
            Form::Lora { up, .. } if change.dora.is_none() => self.source.shapes().get(up)?.get(1).copied(),
            _ => None,
        }
    }

    /// A hash of its files.
    ///
    /// # Errors
    /// Input: a file can't be read.
    pub fn digest(&self) -> Result<String> {
        Digest::of_files(self.source.files())
    }

    fn read(&self, name: &str) -> TensorResult<Tensor> {
        self.source.read(name).map_err(candle_core::Error::wrap)?.to_dtype(DType::F32)
    }
}

/// The family of models that a file is for, as far as its names and shapes tell.
pub fn family(source: &dyn TensorSource) -> Option<&'static str> {
    let layers: Vec<(&str, &String)> =
        source.shapes().keys().filter_map(|name| Some((split(name)?.0, name))).collect();
    let context = layers.iter().find_map(|(layer, name)| {
        let down = split(name)?.1 == Part::Down && squashed(layer).ends_with("attn2_to_k");
        source.shapes()[*name].get(1).copied().filter(|_| down)
    });
    let strange = stranger::family(layers.iter().map(|(layer, _)| *layer), context);
    strange.or((context == Some(768)).then_some("Stable Diffusion 1.5"))
}

/// Refuses what changes a middle motion module that the model doesn't have.
fn middle_motion<'a>(
    file: &str,
    mut strange: impl Iterator<Item = &'a str>,
    targets: &Targets,
) -> Result<()> {
    let middle = strange.any(|layer| squashed(layer).starts_with("mid_block_motion_modules_"));
    if !middle || targets.has_middle_motion() {
        return Ok(());
    }
    Err(Error::model(format!("{file} is a motion LoRA for AnimateDiff v2"))
        .hint("it fits motion modules of v2 and Lightning, which have one in the middle; those of v1 and v3 have none"))
}

/// The error for a file of which nothing matches.
fn nothing(source: &dyn TensorSource) -> Error {
    let names: Vec<String> = source.shapes().keys().take(SHOWN).map(|name| format!("'{name}'")).collect();
    let all = source.shapes().len();
    let error = Error::model(format!(
        "{}: none of its {all} tensors changes a layer of this model",
        source.path().display()
    ));
    let error = match keys::likely_cause(source.shapes().iter().map(|(k, s)| (k.as_str(), s.as_slice()))) {
        Some(cause) if !cause.contains("LoRA") => error.hint(cause),
        _ => error,
    };
    error.hint(format!("its names look like {}", names.join(", ")))
}

/// What is to be said of what wasn't taken.
fn notes(file: &str, taken: usize, strange: &[&str], odd: &[&str]) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(first) = strange.first() {
        let all = taken + strange.len();
        notes.push(format!("{file}: {taken} of its {all} layers are in this model; '{first}' is not"));
    }
    let (embeddings, other): (Vec<&&str>, Vec<&&str>) =
        odd.iter().partition(|name| name.starts_with("bundle_emb."));
    if !embeddings.is_empty() {
        let words: BTreeSet<&str> = embeddings.iter().filter_map(|name| name.split('.').nth(1)).collect();
        let words: Vec<&str> = words.into_iter().collect();
        notes.push(format!("{file}: embeddings inside of it aren't taken: {}", words.join(", ")));
    }
    if let Some(first) = other.first() {
        let count = other.len();
        notes.push(format!("{file}: {count} tensors are of a kind that isn't taken, the first is '{first}'"));
    }
    notes
}
