//! Weights: safetensors files go in, checked tensors come out, one at a time.
//!
//! ```text
//! file ─► header, checked ─► keys renamed to ours (keys.rs) ─► typed getter ─► model
//! ```
//!
//! Files come from strangers: header length, offsets and shapes are checked against the file's size before memory
//! is taken, so a file never costs more memory than its own size times the widening to the wanted type. The getter
//! records what was used; what is left over can be told to the person.

pub mod keys;

use crate::error::{Context, Error, Result};
use candle_core::{DType, Device, Tensor};
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Longest header that is read; that of a full-size model has 100 to 300 KB.
const MAX_HEADER_BYTES: u64 = 16 << 20;

/// One weights file, opened and checked; tensors are read when they are asked for.
#[derive(Debug)]
pub struct Weights {
    path: PathBuf,
    file: File,
    tensors: BTreeMap<String, TensorEntry>,
    used: RefCell<BTreeSet<String>>,
    dtype: DType,
    device: Device,
}

#[derive(Debug)]
struct TensorEntry {
    /// The tensor's name in the file; ours may differ.
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    /// Position in the file and length, in bytes.
    at: u64,
    bytes: usize,
}

/// What tensors are turned into when they are read.
#[derive(Clone, Debug)]
pub struct Placement {
    /// The type that the model computes in.
    pub dtype: DType,
    /// Where it computes.
    pub device: Device,
}

impl Weights {
    /// Opens a safetensors file. `rename` turns the file's key into ours, or says with `None` that it is not needed.
    pub fn open(path: &Path, target: &Placement, rename: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let broken = |what: String| {
            Error::model(format!("{}: {what}", path.display()))
                .hint("the file may be cut short; download it again")
        };
        let mut file = File::open(path).context(|| Error::model(format!("can't open {}", path.display())))?;
        let length = file.metadata().context(|| broken("its size can't be read".into()))?.len();
        let mut head = [0; 8];
        file.read_exact(&mut head).context(|| broken("it is too short".into()))?;
        let header = u64::from_le_bytes(head);
        if header > MAX_HEADER_BYTES {
            let hint = "only safetensors files are read; convert .ckpt and .bin files with diffusers";
            return Err(Error::model(format!("{} is not a safetensors file", path.display())).hint(hint));
        }
        if header > length.saturating_sub(8) {
            return Err(broken("its header is cut short".into()));
        }
        let mut json = vec![0; header as usize];
        file.read_exact(&mut json).context(|| broken("its header is cut short".into()))?;
        let metadata: Metadata =
            serde_json::from_slice(&json).context(|| broken("its header can't be understood".into()))?;
        let (data, found) = (metadata.data_len() as u64, length - 8 - header);
        if data != found {
            return Err(broken(format!("its header promises {data} bytes of tensors, {found} are there")));
        }
        let mut tensors = BTreeMap::new();
        for (name, info) in metadata.tensors() {
            let (from, to) = info.data_offsets;
            let (at, bytes) = (8 + header + from as u64, to - from);
            if let Some(key) = rename(&name) {
                let entry = TensorEntry { name, dtype: info.dtype, shape: info.shape.clone(), at, bytes };
                if let Some(twin) = tensors.insert(key.clone(), entry) {
                    return Err(broken(format!("two tensors stand for {key}, one of them '{}'", twin.name)));
                }
            }
        }
        let Placement { dtype, device } = target.clone();
        Ok(Weights { path: path.to_owned(), file, tensors, used: RefCell::default(), dtype, device })
    }

    /// The getter for keys that begin with `prefix`; empty for all.
    pub fn scope(&self, prefix: &str) -> Scope<'_> {
        Scope { weights: self, prefix: prefix.to_owned() }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
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
        let error = Error::model(format!("{}: {message}", self.path.display()));
        match keys::likely_cause(self.keys()) {
            Some(cause) => error.hint(cause),
            None => error.hint("the weights and the config.json beside them may be of different models"),
        }
    }

    fn read(&self, entry: &TensorEntry) -> Result<Tensor> {
        let dtype = match entry.dtype {
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            Dtype::F32 => DType::F32,
            Dtype::F64 => DType::F64,
            other => return Err(self.error(format!("'{}' is of type {other:?}", entry.name))),
        };
        let failed = || Error::model(format!("{}: can't read '{}'", self.path.display(), entry.name));
        let mut bytes = vec![0; entry.bytes];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(entry.at)).context(failed)?;
        file.read_exact(&mut bytes).context(failed)?;
        Tensor::from_raw_buffer(&bytes, dtype, &entry.shape, &Device::Cpu)
            .and_then(|t| t.to_device(&self.device)?.to_dtype(self.dtype))
            .context(failed)
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
        self.weights.read(entry)
    }

    /// The tensor `name` in any shape that holds as many values as `shape`, reshaped.
    pub fn get_reshaped(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let found = self.entry(name, shape)?.shape.clone();
        let squeezed = |s: &[usize]| s.iter().copied().filter(|n| *n != 1).collect::<Vec<_>>();
        if squeezed(&found) != squeezed(shape) {
            return self.get(name, shape);
        }
        let failed = || self.weights.error(format!("'{}' can't be reshaped", self.key(name)));
        self.get(name, &found)?.reshape(shape).context(failed)
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
    pub fn target(&self) -> Placement {
        Placement { dtype: self.weights.dtype, device: self.weights.device.clone() }
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

/// The weights file of one part of a diffusers folder.
pub fn find(folder: &Path) -> Result<PathBuf> {
    let stems = ["diffusion_pytorch_model", "model"];
    let names = stems.iter().flat_map(|s| [format!("{s}.safetensors"), format!("{s}.fp16.safetensors")]);
    if let Some(path) = names.map(|n| folder.join(n)).find(|p| p.is_file()) {
        return Ok(path);
    }
    let error = Error::model(format!("there are no weights in {}", folder.display()));
    let pickled = stems.iter().any(|s| {
        folder.join(format!("{s}.bin")).is_file() || folder.join(format!("pytorch_{s}.bin")).is_file()
    });
    Err(if pickled {
        error.hint("only safetensors are read: save the model again with safe_serialization=True")
    } else {
        error.hint("diffusion_pytorch_model.safetensors or model.safetensors is looked for")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn target() -> Placement {
        Placement { dtype: DType::F32, device: Device::Cpu }
    }

    fn open(bytes: &[u8]) -> Result<Weights> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        std::fs::write(&path, bytes).unwrap();
        Weights::open(&path, &target(), |k| Some(k.to_owned()))
    }

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn hostile_headers_are_errors_and_cost_nothing() {
        let cases: &[Vec<u8>] = &[
            vec![],
            vec![1, 2, 3],
            u64::MAX.to_le_bytes().to_vec(),
            file("{", b""),
            file(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, b"1234"),
            file(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, b"123456789"),
            file(r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, b"12345678"),
            file(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, b"12345678"),
            file(r#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, b""),
            file(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551615]}}"#, b"12345678"),
        ];
        for bytes in cases {
            assert_eq!(open(bytes).unwrap_err().kind(), ErrorKind::Model, "{bytes:?}");
        }
    }

    #[test]
    fn half_precision_is_widened_and_use_is_recorded() {
        let header = r#"{"a.x":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},
            "b":{"dtype":"BF16","shape":[1,1],"data_offsets":[4,6]}}"#;
        let weights = open(&file(header, &[0x00, 0x3c, 0x00, 0xc0, 0x40, 0x40])).unwrap();
        let scope = weights.scope("");
        assert_eq!(scope.at("a").get("x", &[2]).unwrap().to_vec1::<f32>().unwrap(), [1.0, -2.0]);
        assert_eq!(weights.unused(), ["b"]);
        assert_eq!(scope.get_reshaped("b", &[1]).unwrap().to_vec1::<f32>().unwrap(), [3.0]);
        assert!(weights.unused().is_empty());
    }

    #[test]
    fn errors_name_file_tensor_and_both_shapes() {
        let weights =
            open(&file(r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, b"1234")).unwrap();
        let wrong = weights.scope("").get("a", &[7]).unwrap_err();
        let text = wrong.to_string();
        assert!(["w.safetensors", "'a'", "[1]", "[7]"].iter().all(|w| text.contains(w)), "{text}");
        assert!(weights.scope("q").get("w", &[1]).unwrap_err().to_string().contains("'q.w'"));
    }
}
