//! Weights: files of tensors go in, checked tensors come out, one at a time.
//!
//! ```text
//! file ─► source: names, shapes ─► keys: our names ─► getter ─► patches ─► tensor on its device
//! ```
//!
//! Files come from strangers: a [`source`] checks what its file says against the file's size before memory is taken. The key
//! map ([`keys`]) gives a file's tensor our name, or several names with a slice each. The getter is the single gate
//! through which every weight passes: it checks the shape, applies the [`patch`]es and records what was used.

pub mod adapter;
pub mod element;
pub mod embedded;
pub mod find;
pub mod halves;
pub mod keys;
pub mod mapped;
pub mod ncnn;
mod open;
pub mod patch;
pub mod pickle;
pub mod safetensors;
pub mod sharded;
mod slice;
pub mod source;

use adapter::{Adapter, Difference, Overlay, section};
pub use embedded::Embedded;
pub use find::find;
pub use mapped::Weight;
pub use open::{open, open_autoencoder};
pub use patch::Patch;
pub use slice::{Keys, Slice, whole};
pub use source::TensorSource;

use crate::error::{Context, Error, Result};
use candle_core::{DType, Device, Tensor};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// The weights of one part of a model, under our names; tensors are read when they are asked for.
#[derive(Debug)]
pub struct Weights {
    source: Rc<dyn TensorSource>,
    tensors: BTreeMap<String, TensorEntry>,
    patches: Vec<Rc<dyn Patch>>,
    /// What changes weights while they are in use, and the weights that are changed.
    moving: Vec<Rc<Adapter>>,
    overlays: RefCell<BTreeMap<String, Arc<Overlay>>>,
    used: RefCell<BTreeSet<String>>,
    placement: Placement,
    large: Large,
}

/// What becomes of the large tensors of a network on a CPU: [`Scope::get_large`]. Half as many bytes of them lie in memory where they have
/// 16 bits; whoever multiplies by one widens it for that, which loses nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Large {
    /// Those that the file has in 16 bits stay so.
    #[default]
    AsStored,
    /// As they are stored, for other processes that read the same files: nothing is made of them that is kept.
    Shared,
    /// All are rounded to half precision, and nothing is made of them that is kept.
    Halved,
}

#[derive(Debug)]
struct TensorEntry {
    /// The tensor's name in the file; ours may differ.
    name: String,
    slice: Option<Slice>,
    shape: Vec<usize>,
}

/// Type and device of tensors that were read.
#[derive(Clone, Debug)]
pub struct Placement {
    /// The type that the model computes in. On a CPU bf16 is the type of products' factors: see [`Self::rounds`].
    pub dtype: DType,
    /// Where it computes.
    pub device: Device,
}

impl Placement {
    /// Whether tensors are f32 and the factors of products are rounded to bf16, as on CPUs that multiply so.
    pub fn rounds(&self) -> bool {
        self.device.is_cpu() && self.dtype == DType::BF16
    }

    /// The type of tensors.
    pub fn tensors(&self) -> DType {
        if self.rounds() { DType::F32 } else { self.dtype }
    }
}

impl std::fmt::Display for Placement {
    /// Like `cpu f32`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let device = match self.device {
            Device::Cpu => "cpu",
            Device::Cuda(_) => "cuda",
            Device::Metal(_) => "metal",
        };
        write!(f, "{device} {}", self.dtype.as_str())
    }
}

impl Weights {
    /// The weights in the file at `path`, as [`Self::of`].
    ///
    /// # Errors
    /// As [`open()`] and [`Self::of`].
    pub fn open(path: &Path, placement: &Placement, keys: impl Fn(&str) -> Keys) -> Result<Self> {
        Self::of(open(path)?, placement, keys)
    }

    /// The tensors of `source` that `keys` names. One source may serve several parts.
    ///
    /// # Errors
    /// Model: two tensors stand for one key, or one can't be cut as `keys` says.
    pub fn of(
        source: Rc<dyn TensorSource>,
        placement: &Placement,
        keys: impl Fn(&str) -> Keys,
    ) -> Result<Self> {
        let broken = |what: String| {
            Error::model(format!("{}: {what}", source.path().display()))
                .hint("the file may be damaged; download it again")
        };
        let mut tensors = BTreeMap::new();
        for (name, whole) in source.shapes() {
            for (key, slice) in keys(name) {
                let shape = slice.map_or_else(|| Some(whole.clone()), |slice| slice.shape(whole));
                let shape = shape.ok_or_else(|| broken(format!("'{name}' can't be cut into '{key}'")))?;
                let entry = TensorEntry { name: name.clone(), slice, shape };
                if let Some(twin) = tensors.insert(key.clone(), entry) {
                    return Err(broken(format!("two tensors stand for {key}, one of them '{}'", twin.name)));
                }
            }
        }
        let (patches, moving, large) = (Vec::new(), Vec::new(), Large::default());
        let (overlays, used, placement) = (RefCell::default(), RefCell::default(), placement.clone());
        Ok(Weights { source, tensors, patches, moving, overlays, used, placement, large })
    }

    /// The same weights, changed by `patches`, one after the other.
    pub fn patched(self, patches: Vec<Rc<dyn Patch>>) -> Self {
        Weights { patches, ..self }
    }

    /// The same weights, of which the large ones are kept so.
    pub fn keeping(self, large: Large) -> Self {
        Weights { large, ..self }
    }

    /// The same weights of UNet or motion modules, to be changed by `adapters` while they are in use.
    pub fn moved(self, adapters: Vec<Rc<Adapter>>) -> Self {
        Weights { moving: adapters, ..self }
    }

    /// The weights that are changed while they are in use, by their layers.
    pub fn overlays(&self) -> BTreeMap<String, Arc<Overlay>> {
        self.overlays.borrow().clone()
    }

    /// The getter for keys that begin with `prefix`; empty for all.
    pub fn scope(&self, prefix: &str) -> Scope<'_> {
        Scope { weights: self, prefix: prefix.to_owned() }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// All keys, in order, with their shapes.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.tensors.iter().map(|(key, entry)| (key.as_str(), entry.shape.as_slice()))
    }

    /// Keys that nobody has asked for.
    pub fn unused(&self) -> Vec<&str> {
        let used = self.used.borrow();
        self.tensors.keys().map(String::as_str).filter(|key| !used.contains(*key)).collect()
    }

    /// An error about this file, with the likely cause as its hint.
    pub fn error(&self, message: impl std::fmt::Display) -> Error {
        let error = Error::model(format!("{}: {message}", self.path().display()));
        match keys::likely_cause(self.keys()) {
            Some(cause) => error.hint(cause),
            None => error.hint("the weights and the config.json beside them may be of different models"),
        }
    }

    /// The tensor as the file has it.
    fn own(&self, entry: &TensorEntry) -> Result<Tensor> {
        let tensor = self.source.read(&entry.name)?;
        entry.slice.map_or(Ok(tensor.clone()), |slice| slice.of(&tensor)).context(|| self.unreadable(entry))
    }

    /// What lies over the weight `base` of `key` while it is in use, if anything does.
    fn overlay(&self, key: &str, entry: &TensorEntry, base: &Tensor) -> Result<Option<Arc<Overlay>>> {
        let Some(layer) = key.strip_suffix(".weight") else { return Ok(None) };
        let (section, mut differences) = (section(key), Vec::new());
        let failed = || Error::device(format!("there is no room for what changes '{layer}'"));
        let onto = |t: Tensor| t.to_device(base.device()).context(failed);
        for (number, adapter) in self.moving.iter().enumerate().filter(|(_, a)| a.changes_key(section, key)) {
            let difference = match adapter.factors(section, layer)? {
                Some((first, second)) => Some(Difference::Product(onto(first)?, onto(second)?)),
                None => {
                    let own = self.own(entry)?.to_dtype(DType::F32).context(failed)?;
                    let whole = adapter.difference(section, key, &own)?;
                    whole
                        .map(|w| onto(w.reshape(base.dims()).context(failed)?))
                        .transpose()?
                        .map(Difference::Whole)
                }
            };
            differences.extend(difference.map(|difference| (number, difference)));
        }
        if differences.is_empty() {
            return Ok(None);
        }
        let overlay = Arc::new(Overlay::new(base.clone(), differences));
        self.overlays.borrow_mut().insert(layer.to_owned(), overlay.clone());
        Ok(Some(overlay))
    }

    fn read(&self, key: &str, entry: &TensorEntry) -> Result<Tensor> {
        let Placement { device, .. } = &self.placement;
        let dtype = self.placement.tensors();
        let placed = self.patched_tensor(key, entry)?.to_device(device).and_then(|t| t.to_dtype(dtype));
        placed.context(|| self.unreadable(entry))
    }

    /// As [`Self::read`], but in 16 bits where that is so much less to keep.
    fn read_large(&self, key: &str, entry: &TensorEntry) -> Result<Tensor> {
        if !self.placement.device.is_cpu() || self.placement.tensors() != DType::F32 {
            return self.read(key, entry);
        }
        let tensor = self.patched_tensor(key, entry)?;
        let kept = match (tensor.dtype(), self.large) {
            (DType::F16 | DType::BF16, _) => Ok(tensor),
            (_, Large::AsStored | Large::Shared) => tensor.to_dtype(DType::F32),
            (_, Large::Halved) => tensor.to_dtype(DType::F16),
        };
        kept.context(|| self.unreadable(entry))
    }

    fn unreadable(&self, entry: &TensorEntry) -> Error {
        Error::model(format!("{}: can't read '{}'", self.path().display(), entry.name))
    }

    /// The tensor of the file, or its part, with what the patches make of it.
    fn patched_tensor(&self, key: &str, entry: &TensorEntry) -> Result<Tensor> {
        let mut tensor = self.own(entry)?;
        for patch in &self.patches {
            if let Some(patched) = patch.apply(key, &tensor)? {
                tensor = patched;
            }
        }
        Ok(tensor)
    }
}

/// A place in a weights file: names are relative to it, as modules are nested.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    weights: &'a Weights,
    prefix: String,
}

impl Scope<'_> {
    /// The place `name` inside this one.
    pub fn at(&self, name: impl std::fmt::Display) -> Self {
        Scope { weights: self.weights, prefix: self.key(&name.to_string()) }
    }

    /// The tensor `name`, which must have `shape`.
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let entry = self.entry(name, shape)?;
        if entry.shape != shape {
            let (name, found) = (&entry.name, &entry.shape);
            return Err(self.weights.error(format!("'{name}' has shape {found:?}, {shape:?} is needed")));
        }
        self.weights.read(&self.key(name), entry)
    }

    /// The large tensor `name`, as [`Self::get_reshaped`] gives it, but in the 16 bits that [`Large`] leaves it.
    pub fn get_large(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        self.reshaped(name, shape, Weights::read_large)
    }

    /// The tensor `name` in any shape that holds as many values as `shape`, reshaped.
    pub fn get_reshaped(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        self.reshaped(name, shape, Weights::read)
    }

    fn reshaped(
        &self,
        name: &str,
        shape: &[usize],
        read: impl Fn(&Weights, &str, &TensorEntry) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let entry = self.entry(name, shape)?;
        if squeezed(&entry.shape) != squeezed(shape) {
            return self.get(name, shape);
        }
        let failed = || self.weights.error(format!("'{}' can't be reshaped", self.key(name)));
        read(self.weights, &self.key(name), entry)?.reshape(shape).context(failed)
    }

    /// The weight of a layer, and what lies over it while it is in use; a `large` one that nothing lies over stays in its file, or is as
    /// [`Self::get_large`] gives it.
    pub fn weight(&self, shape: &[usize], large: bool) -> Result<(Weight, Option<Arc<Overlay>>)> {
        let (name, key) = ("weight", self.key("weight"));
        let moves = self.weights.moving.iter().any(|a| a.changes_key(section(&key), &key));
        if large && !moves {
            let kept = self
                .mapped(name, shape)?
                .map_or_else(|| self.get_large(name, shape).map(Weight::Held), Ok)?;
            return Ok((kept, None));
        }
        let base = self.get_reshaped(name, shape)?;
        let overlay = if moves { self.weights.overlay(&key, self.entry(name, shape)?, &base)? } else { None };
        Ok((Weight::Held(base), overlay))
    }

    /// The tensor `name` in its file, where it is what [`Self::get_large`] would give.
    fn mapped(&self, name: &str, shape: &[usize]) -> Result<Option<Weight>> {
        let (weights, entry) = (self.weights, self.entry(name, shape)?);
        let placement = &weights.placement;
        let single = placement.device.is_cpu() && placement.tensors() == DType::F32;
        let as_it_is = single && weights.patches.is_empty() && entry.slice.is_none();
        if !as_it_is || squeezed(&entry.shape) != squeezed(shape) {
            return Ok(None);
        }
        let mapped = weights.source.mapped(&entry.name).map(|mapped| Weight::Mapped(mapped).reshaped(shape));
        mapped.transpose().context(|| weights.unreadable(entry))
    }

    /// Whether what is made of large tensors may be kept.
    pub fn keeps(&self) -> bool {
        self.weights.large == Large::AsStored
    }

    /// True if there is a tensor `name`.
    pub fn has(&self, name: &str) -> bool {
        self.weights.tensors.contains_key(&self.key(name))
    }

    /// The shape of the tensor `name`, if there is one.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.weights.tensors.get(&self.key(name)).map(|e| e.shape.as_slice())
    }

    /// The type and the device that tensors are read into.
    pub fn placement(&self) -> Placement {
        self.weights.placement.clone()
    }

    /// An error about this file.
    pub fn error(&self, message: impl std::fmt::Display) -> Error {
        self.weights.error(message)
    }

    fn entry(&self, name: &str, shape: &[usize]) -> Result<&TensorEntry> {
        let key = self.key(name);
        self.weights.used.borrow_mut().insert(key.clone());
        self.weights
            .tensors
            .get(&key)
            .ok_or_else(|| self.weights.error(format!("there is no '{key}' (of shape {shape:?})")))
    }

    fn key(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}.{name}", self.prefix) }
    }
}

/// A shape without axes of 1: matrices and 1x1 convolutions stand for each other.
fn squeezed(shape: &[usize]) -> Vec<usize> {
    shape.iter().copied().filter(|n| *n != 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// A source that lies in memory, as a new layout would be added.
    #[derive(Debug)]
    struct Memory(BTreeMap<String, Vec<usize>>, HashMap<String, Tensor>);

    impl TensorSource for Memory {
        fn path(&self) -> &Path {
            Path::new("w.safetensors")
        }

        fn shapes(&self) -> &BTreeMap<String, Vec<usize>> {
            &self.0
        }

        fn element(&self, _name: &str) -> Option<element::Element> {
            None
        }

        fn read(&self, name: &str) -> Result<Tensor> {
            Ok(self.1[name].clone())
        }

        fn number(&self, name: &str) -> Result<f64> {
            Err(source::no_number(self.path(), name))
        }
    }

    fn memory(tensors: &[(&str, &[f32], DType)]) -> Rc<dyn TensorSource> {
        let tensor =
            |values: &[f32], dtype| Tensor::new(values, &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
        let map: HashMap<String, Tensor> =
            tensors.iter().map(|(name, values, dtype)| (name.to_string(), tensor(values, *dtype))).collect();
        Rc::new(Memory(map.iter().map(|(n, t)| (n.clone(), t.dims().to_vec())).collect(), map))
    }

    fn placement() -> Placement {
        Placement { dtype: DType::F32, device: Device::Cpu }
    }

    fn values(tensor: Result<Tensor>) -> Vec<f32> {
        tensor.unwrap().to_vec1().unwrap()
    }

    #[test]
    fn half_precision_is_widened_and_use_is_recorded() {
        let source = memory(&[("a.x", &[1.0, -2.0], DType::F16), ("b", &[3.0], DType::BF16)]);
        let weights = Weights::of(source, &placement(), |k| whole(k.to_owned())).unwrap();
        let scope = weights.scope("");
        assert_eq!(values(scope.at("a").get("x", &[2])), [1.0, -2.0]);
        assert_eq!(weights.unused(), ["b"]);
        assert_eq!(scope.get_reshaped("b", &[1, 1]).unwrap().to_vec2::<f32>().unwrap(), [[3.0]]);
        assert!(weights.unused().is_empty());
    }

    #[test]
    fn where_products_round_their_factors_tensors_are_single_and_it_is_said() {
        let bf16 = Placement { dtype: DType::BF16, device: Device::Cpu };
        assert!(bf16.rounds() && bf16.tensors() == DType::F32 && !placement().rounds());
        assert_ne!(bf16.to_string(), placement().to_string(), "windows of both must never meet");
        let source = memory(&[("half", &[1.5, -2.0], DType::F16), ("small", &[1.0], DType::F16)]);
        let weights = Weights::of(source, &bf16, |k| whole(k.to_owned())).unwrap();
        assert_eq!(values(weights.scope("").get("small", &[1])), [1.0]);
        assert_eq!(weights.scope("").get_large("half", &[2]).unwrap().dtype(), DType::F16);
    }

    #[test]
    fn large_tensors_are_kept_in_16_bits() {
        let source = memory(&[("half", &[1.5, -2.0], DType::F16), ("single", &[1.0, 2049.0], DType::F32)]);
        let open = || Weights::of(source.clone(), &placement(), |k| whole(k.to_owned())).unwrap();
        let large = |weights: &Weights, name: &str| weights.scope("").get_large(name, &[2, 1]).unwrap();
        let (stored, halved) = (open(), open().keeping(Large::Halved));
        assert_eq!(large(&stored, "half").dtype(), DType::F16);
        assert_eq!(large(&stored, "single").dtype(), DType::F32);
        let rounded = large(&halved, "single");
        assert_eq!((rounded.dtype(), rounded.dims()), (DType::F16, &[2, 1][..]));
        assert_eq!(rounded.to_dtype(DType::F32).unwrap().to_vec2::<f32>().unwrap(), [[1.0], [2048.0]]);
        assert!(halved.unused() == ["half"]);
        assert!(stored.scope("").get_large("half", &[3]).unwrap_err().to_string().contains("[3] is needed"));
    }

    #[test]
    fn errors_name_file_tensor_and_both_shapes() {
        let source = memory(&[("a", &[1.0], DType::F32)]);
        let weights = Weights::of(source, &placement(), |k| whole(k.to_owned())).unwrap();
        let text = weights.scope("").get("a", &[7]).unwrap_err().to_string();
        assert!(["w.safetensors", "'a'", "[1]", "[7]"].iter().all(|w| text.contains(w)), "{text}");
        assert!(weights.scope("q").get("w", &[1]).unwrap_err().to_string().contains("'q.w'"));
    }

    #[test]
    fn one_tensor_may_stand_for_several_and_one_file_for_two_parts() {
        let source = memory(&[
            ("in_proj", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], DType::F32),
            ("unet.x", &[7.0], DType::F32),
        ]);
        let qkv = |key: &str| match key {
            "in_proj" => {
                let cut = |part| Some(Slice { dim: 0, part, parts: 3 });
                ["q", "k", "v"].iter().enumerate().map(|(i, k)| (k.to_string(), cut(i))).collect()
            }
            _ => Vec::new(),
        };
        let text = Weights::of(source.clone(), &placement(), qkv).unwrap();
        assert_eq!(values(text.scope("").get("k", &[2])), [3.0, 4.0]);
        let unet = |key: &str| key.strip_prefix("unet.").map_or_else(Vec::new, |k| whole(k.to_owned()));
        let unet = Weights::of(source.clone(), &placement(), unet).unwrap();
        assert_eq!(values(unet.scope("").get("x", &[1])), [7.0]);
        let odd = |key: &str| vec![(key.to_owned(), Some(Slice { dim: 0, part: 0, parts: 4 }))];
        assert!(Weights::of(source, &placement(), odd).is_err(), "six values are no four equal parts");
    }

    #[test]
    fn patches_change_what_they_know_in_their_order() {
        /// W' = factor · W + offset of one weight.
        #[derive(Debug)]
        struct Affine(&'static str, f64, f64);
        impl Patch for Affine {
            fn apply(&self, key: &str, weight: &Tensor) -> Result<Option<Tensor>> {
                let failed = || Error::model("a patch failed");
                (key == self.0).then(|| weight.affine(self.1, self.2).context(failed)).transpose()
            }
        }
        let source = memory(&[("a.w", &[1.0, 2.0], DType::F32), ("b.w", &[1.0], DType::F32)]);
        let weights = Weights::of(source, &placement(), |k| whole(k.to_owned())).unwrap();
        let weights =
            weights.patched(vec![Rc::new(Affine("a.w", 2.0, 0.0)), Rc::new(Affine("a.w", 1.0, 1.0))]);
        assert_eq!(values(weights.scope("a").get("w", &[2])), [3.0, 5.0]);
        assert_eq!(values(weights.scope("b").get("w", &[1])), [1.0]);
    }
}
