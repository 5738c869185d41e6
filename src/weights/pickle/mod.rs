//! Pickled weights: what `torch.save` writes (.ckpt, .pt, .pth, .bin), read as data.
//!
//! ```text
//! file ─► zip or legacy: where bytes lie ─► machine: values ─► build: tensors, checked ─► names ─► bytes of one tensor
//! ```
//!
//! A pickle is a program, and may be anybody's. Here it is only looked through: of all that it could ask for, the few names
//! that tensors are made of are known (`value.rs`), and any other ends the reading. Values are read one tensor at a time.

mod build;
mod fault;
mod legacy;
mod machine;
mod names;
#[cfg(test)]
mod tests;
mod value;
mod zip;

use self::fault::{Checked, Fault};
use self::value::StoredTensor;
use self::zip::{Archive, Entry};
use super::element::Element;
use super::source::{TensorSource, no_number};
use crate::error::{Context, Error, Result};
use candle_core::Tensor;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Longest pickle that is read; that of a full-size model with its optimizer has about 2 MB.
const MAX_PICKLE: u64 = 16 << 20;

/// One file that `torch.save` wrote, opened and checked; tensors are read when they are asked for.
#[derive(Debug)]
pub struct PickleFile {
    path: PathBuf,
    file: File,
    shapes: BTreeMap<String, Vec<usize>>,
    places: BTreeMap<String, Place>,
}

/// Where a tensor's values lie.
#[derive(Debug)]
struct Place {
    element: Element,
    at: u64,
    /// Values from the first to the last.
    span: usize,
    /// Values between neighbours in each dimension; none where they follow each other.
    strides: Option<Vec<usize>>,
}

impl PickleFile {
    /// Opens the file at `path` and goes through its pickle.
    ///
    /// # Errors
    /// Model: it is missing, cut short, damaged, or asks for anything that tensors don't need.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).context(|| Error::model(format!("can't open {}", path.display())))?;
        let (shapes, places) = look(&file).map_err(|fault| fault.at(path))?;
        Ok(PickleFile { path: path.to_owned(), file, shapes, places })
    }
}

/// Shapes and places of all tensors.
type Looked = (BTreeMap<String, Vec<usize>>, BTreeMap<String, Place>);

fn look(file: &File) -> Checked<Looked> {
    let length = file.metadata()?.len();
    if zip::bytes(file, 0, 4.min(length))? == b"PK\x03\x04" {
        return look_zip(file, length);
    }
    let head = zip::bytes(file, 0, MAX_PICKLE.min(length))?;
    let (pickle, storages) = legacy::read(&head, file, length)?;
    placed(&names::of(&pickle)?, |key| {
        let entry = storages.get(key).copied();
        entry.ok_or_else(|| Fault::damaged(format!("its storage '{}' is missing", fault::told(key))))
    })
}

fn look_zip(file: &File, length: u64) -> Checked<Looked> {
    let archive = Archive::open(file, length)?;
    let main = archive.names().find(|name| name.split_once('/').is_some_and(|(_, rest)| rest == "data.pkl"));
    let Some(main) = main.map(str::to_owned) else {
        return Err(Fault::refused("it is an archive, but none that torch.save wrote"));
    };
    let folder = main.trim_end_matches("data.pkl");
    if archive.names().any(|name| name == format!("{folder}constants.pkl")) {
        return Err(Fault::refused("it is a TorchScript program"));
    }
    if archive.names().any(|name| name == format!("{folder}byteorder")) {
        let order = archive.find(file, &format!("{folder}byteorder"))?;
        if zip::bytes(file, order.at, order.length.min(8))? != b"little" {
            return Err(Fault::refused("its numbers are big-endian"));
        }
    }
    let pickle = archive.find(file, &main)?;
    if pickle.length > MAX_PICKLE {
        return Err(Fault::refused(format!("its pickle is longer than {} MiB", MAX_PICKLE >> 20)));
    }
    let bytes = zip::bytes(file, pickle.at, pickle.length)?;
    let pickle = machine::run(&bytes)?;
    placed(&names::of(&pickle)?, |key| archive.find(file, &format!("{folder}data/{key}")))
}

/// Where the tensors' values lie, each inside its storage's bytes.
fn placed(
    tensors: &BTreeMap<String, &StoredTensor<'_>>,
    find: impl Fn(&str) -> Checked<Entry>,
) -> Checked<Looked> {
    let (mut shapes, mut places) = (BTreeMap::new(), BTreeMap::new());
    for (name, tensor) in tensors {
        let entry = find(tensor.storage.key)?;
        let damaged = || Fault::damaged(format!("the storage of '{}' is cut short", fault::told(name)));
        if build::bytes(&tensor.storage).is_none_or(|bytes| bytes > entry.length) {
            return Err(damaged());
        }
        let small = |n: u64| usize::try_from(n).map_err(|_| damaged());
        let strides = match tensor.contiguous() {
            true => None,
            false => Some(tensor.strides.iter().map(|s| small(*s)).collect::<Checked<_>>()?),
        };
        let at = entry.at + tensor.offset * tensor.element.width() as u64;
        let span = small(tensor.span().ok_or_else(damaged)?)?;
        places.insert(name.clone(), Place { element: tensor.element, at, span, strides });
        shapes.insert(name.clone(), tensor.shape.clone());
    }
    Ok((shapes, places))
}

impl TensorSource for PickleFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn shapes(&self) -> &BTreeMap<String, Vec<usize>> {
        &self.shapes
    }

    fn element(&self, name: &str) -> Option<Element> {
        self.places.get(name).map(|place| place.element)
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
        let width = place.element.width();
        let mut bytes = zip::bytes(&self.file, place.at, (place.span * width) as u64)
            .map_err(|fault| fault.at(&self.path))?;
        if let Some(strides) = &place.strides {
            bytes = gathered(&bytes, (shape, strides), width);
        }
        let tensor = place.element.tensor(bytes, shape);
        tensor.ok_or_else(failed)?.context(failed)
    }

    fn number(&self, name: &str) -> Result<f64> {
        let none = || no_number(&self.path, name);
        let place = self.places.get(name).filter(|place| place.span == 1).ok_or_else(none)?;
        let bytes = zip::bytes(&self.file, place.at, place.element.width() as u64);
        place.element.number(bytes.map_err(|fault| fault.at(&self.path))?).ok_or_else(none)
    }
}

/// The values of a tensor of `shape` and `strides` in their order, `width` bytes each.
fn gathered(bytes: &[u8], (shape, strides): (&[usize], &[usize]), width: usize) -> Vec<u8> {
    let count: usize = shape.iter().product();
    let mut gathered = Vec::with_capacity(count * width);
    for i in 0..count {
        let mut rest = i;
        let mut from = 0;
        for (n, stride) in shape.iter().zip(strides).rev() {
            from += rest % n * stride;
            rest /= n;
        }
        gathered.extend_from_slice(&bytes[from * width..(from + 1) * width]);
    }
    gathered
}
