//! safetensors: a header of JSON, and the tensors' bytes behind it.
//!
//! Header length, offsets and shapes are checked against the file's size before memory is taken, so a file never costs more
//! memory than the tensor that is read. A type that isn't known to candle spoils the tensor that has it, not the file.

use super::element::Element;
use super::mapped::{Mapped, Mapping};
use super::source::{TensorSource, no_number};
use crate::error::{Context, Error, Result};
use candle_core::Tensor;
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Longest header that is read; that of a full-size model has 100 to 300 KB.
const MAX_HEADER_BYTES: u64 = 16 << 20;

/// One `.safetensors` file, opened and checked; tensors are read when they are asked for.
#[derive(Debug)]
pub struct SafetensorsFile {
    path: PathBuf,
    file: File,
    shapes: BTreeMap<String, Vec<usize>>,
    places: BTreeMap<String, Place>,
    metadata: BTreeMap<String, String>,
    mapping: Mapping,
}

/// Where a tensor's bytes lie.
#[derive(Debug)]
struct Place {
    element: Element,
    at: u64,
    bytes: usize,
}

impl SafetensorsFile {
    /// Opens the file at `path` and reads its header.
    ///
    /// # Errors
    /// Model: it is missing, cut short, damaged, or no safetensors file.
    pub fn open(path: &Path) -> Result<Self> {
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
            let hint = "safetensors files and those of torch.save (.ckpt, .pt, .pth, .bin) are read";
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
        let said = metadata.metadata().iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
        let (mut shapes, mut places) = (BTreeMap::new(), BTreeMap::new());
        for (name, info) in metadata.tensors() {
            let (from, to) = info.data_offsets;
            let at = 8 + header + from as u64;
            places.insert(name.clone(), Place { element: element(info.dtype), at, bytes: to - from });
            shapes.insert(name, info.shape.clone());
        }
        let (path, mapping) = (path.to_owned(), Mapping::default());
        Ok(SafetensorsFile { path, file, shapes, places, metadata: said, mapping })
    }
}

/// What a header's type is to us.
fn element(dtype: Dtype) -> Element {
    match dtype {
        Dtype::F64 => Element::F64,
        Dtype::F32 => Element::F32,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::Bf16,
        Dtype::F8_E4M3 => Element::E4m3,
        Dtype::F8_E5M2 => Element::E5m2,
        Dtype::I64 => Element::Other("i64", 8),
        Dtype::I32 => Element::Other("i32", 4),
        Dtype::I16 => Element::Other("i16", 2),
        Dtype::I8 => Element::Other("i8", 1),
        Dtype::U8 => Element::Other("u8", 1),
        Dtype::BOOL => Element::Other("bool", 1),
        _ => Element::Other("none that is known", 1),
    }
}

impl TensorSource for SafetensorsFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn shapes(&self) -> &BTreeMap<String, Vec<usize>> {
        &self.shapes
    }

    fn element(&self, name: &str) -> Option<Element> {
        self.places.get(name).map(|place| place.element)
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        self.metadata.clone()
    }

    fn read(&self, name: &str) -> Result<Tensor> {
        let failed = || Error::model(format!("{}: can't read '{name}'", self.path.display()));
        let (Some(place), Some(shape)) = (self.places.get(name), self.shapes.get(name)) else {
            return Err(failed().because("there is none of this name"));
        };
        if let Element::Other(kind, _) = place.element {
            return Err(Error::model(format!("{}: '{name}' is of type {kind}", self.path.display()))
                .hint("weights of 8, 16, 32 or 64 bit floats are read"));
        }
        let bytes = self.bytes(place).context(failed)?;
        place.element.tensor(bytes, shape).ok_or_else(failed)?.context(failed)
    }

    fn mapped(&self, name: &str) -> Option<Mapped> {
        let (place, shape) = (self.places.get(name)?, self.shapes.get(name)?);
        let from = usize::try_from(place.at).ok()?;
        self.mapping.tensor(&self.file, from..from.checked_add(place.bytes)?, (place.element, shape))
    }

    fn number(&self, name: &str) -> Result<f64> {
        let none = || no_number(&self.path, name);
        let place = self.places.get(name).filter(|place| place.bytes <= 8).ok_or_else(none)?;
        place.element.number(self.bytes(place).context(none)?).ok_or_else(none)
    }
}

impl SafetensorsFile {
    fn bytes(&self, place: &Place) -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; place.bytes];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(place.at))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use candle_core::DType;

    fn open(bytes: &[u8]) -> Result<SafetensorsFile> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        std::fs::write(&path, bytes).unwrap();
        SafetensorsFile::open(&path)
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
    fn a_type_that_is_not_read_spoils_its_tensor_and_not_the_file() {
        let header = r#"{"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},
            "b":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}"#;
        let file = open(&file(header, &[1, 2, 0x00, 0x3c])).unwrap();
        assert!(file.read("a").unwrap_err().to_string().contains("i8"));
        assert_eq!(file.read("b").unwrap().to_dtype(DType::F32).unwrap().to_vec1::<f32>().unwrap(), [1.0]);
    }
}
