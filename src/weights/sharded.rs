//! Sharded weights: several files, and a `.index.json` that says which of them holds which tensor.

use super::element::Element;
use super::mapped::Mapped;
use super::source::{TensorSource, no_number};
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use candle_core::Tensor;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

/// No index comes near this size in bytes.
const MAX_INDEX_BYTES: u64 = 16 << 20;

/// Several files that hold one part of a model.
#[derive(Debug)]
pub struct Sharded {
    path: PathBuf,
    shapes: BTreeMap<String, Vec<usize>>,
    shards: BTreeMap<String, Rc<dyn TensorSource>>,
    homes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Sharded {
    /// Opens the index at `path`, and with `open` the files that it names, which lie beside it.
    ///
    /// # Errors
    /// Model: the index or a file is missing or damaged, names something outside its folder, or a tensor that isn't there.
    pub fn open(path: &Path, open: impl Fn(&Path) -> Result<Rc<dyn TensorSource>>) -> Result<Self> {
        let unclear = || {
            Error::model(format!("{} can't be understood", path.display()))
                .hint("the file may be damaged; download it again")
        };
        let text = bounded_read::text(path, MAX_INDEX_BYTES).context(unclear)?;
        let Index { weight_map } = serde_json::from_str(&text).context(unclear)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut shards = BTreeMap::new();
        for name in weight_map.values().collect::<BTreeSet<_>>() {
            let mut parts = Path::new(name).components();
            if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
                return Err(unclear().because(format!("'{name}' is not a file of its own folder")));
            }
            shards.insert(name.clone(), open(&folder.join(name))?);
        }
        let mut shapes = BTreeMap::new();
        for (tensor, shard) in &weight_map {
            let shape = shards[shard].shapes().get(tensor).ok_or_else(|| {
                Error::model(format!("{}: there is no '{tensor}' in {shard}", path.display()))
                    .hint("the files may be of different downloads")
            })?;
            shapes.insert(tensor.clone(), shape.clone());
        }
        Ok(Sharded { path: path.to_owned(), shapes, shards, homes: weight_map })
    }
}

impl TensorSource for Sharded {
    fn path(&self) -> &Path {
        &self.path
    }

    fn files(&self) -> Vec<PathBuf> {
        let shards = self.shards.values().map(|shard| shard.path().to_owned());
        std::iter::once(self.path.clone()).chain(shards).collect()
    }

    fn shapes(&self) -> &BTreeMap<String, Vec<usize>> {
        &self.shapes
    }

    fn element(&self, name: &str) -> Option<Element> {
        self.shards.get(self.homes.get(name)?)?.element(name)
    }

    fn read(&self, name: &str) -> Result<Tensor> {
        let shard = self.homes.get(name).and_then(|home| self.shards.get(home));
        let missing = || Error::model(format!("{}: there is no '{name}'", self.path.display()));
        shard.ok_or_else(missing)?.read(name)
    }

    fn mapped(&self, name: &str) -> Option<Mapped> {
        self.shards.get(self.homes.get(name)?)?.mapped(name)
    }

    fn number(&self, name: &str) -> Result<f64> {
        let shard = self.homes.get(name).and_then(|home| self.shards.get(home));
        shard.ok_or_else(|| no_number(&self.path, name))?.number(name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::safetensors::SafetensorsFile;
    use super::*;
    use candle_core::{DType, Device};
    use std::collections::HashMap;
    use std::fs;

    fn folder(index: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (file, name, value) in [("m-1.safetensors", "a", 1f32), ("m-2.safetensors", "b", 2.0)] {
            let tensor = Tensor::full(value, 3, &Device::Cpu).unwrap().to_dtype(DType::F16).unwrap();
            candle_core::safetensors::save(&HashMap::from([(name, tensor)]), folder.path().join(file))
                .unwrap();
        }
        fs::write(folder.path().join("m.safetensors.index.json"), index).unwrap();
        folder
    }

    fn open(index: &str) -> Result<Sharded> {
        let one = |path: &Path| Ok(Rc::new(SafetensorsFile::open(path)?) as Rc<dyn TensorSource>);
        Sharded::open(&folder(index).path().join("m.safetensors.index.json"), one)
    }

    #[test]
    fn tensors_come_from_the_file_that_the_index_names() {
        let source = open(r#"{"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}"#).unwrap();
        assert_eq!(source.shapes().keys().collect::<Vec<_>>(), ["a", "b"]);
        let b = source.read("b").unwrap().to_dtype(DType::F32).unwrap();
        assert_eq!(b.to_vec1::<f32>().unwrap(), [2.0; 3]);
        assert!(source.read("c").is_err());
    }

    #[test]
    fn an_index_that_leads_elsewhere_is_refused() {
        for index in [
            r#"{"weight_map": {"a": "../m-1.safetensors"}}"#,
            r#"{"weight_map": {"a": "/m-1.safetensors"}}"#,
            r#"{"weight_map": {"a": ""}}"#,
            r#"{"weight_map": {"a": "m-2.safetensors"}}"#,
            r#"{"weight_map": {"a": "m-3.safetensors"}}"#,
            r#"{"weight_map": 3}"#,
        ] {
            assert!(open(index).is_err(), "{index}");
        }
    }
}
