//! Tensor sources: files that hold named tensors, whatever their layout, opened without reading a value.
//!
//! A new layout is a file beside this one that implements [`TensorSource`], and a line in [`open`].

use super::pickle::PickleFile;
use super::safetensors::SafetensorsFile;
use super::sharded::ShardedSafetensors;
use crate::error::{Context, Error, Result};
use candle_core::Tensor;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A file, or several that belong together, whose tensors are read one at a time.
pub trait TensorSource: Debug {
    /// Where it lies; errors name it.
    fn path(&self) -> &Path;

    /// Every file that is read for it.
    fn files(&self) -> Vec<PathBuf> {
        vec![self.path().to_owned()]
    }

    /// Shape of every tensor, by its name in the file.
    fn shapes(&self) -> &BTreeMap<String, Vec<usize>>;

    /// The tensor `name` on the CPU, in the file's own type.
    ///
    /// # Errors
    /// Model: there is none of this name, its type is not one of floats, or the file is cut short.
    fn read(&self, name: &str) -> Result<Tensor>;
}

/// The source at `path`: a safetensors file, the `.index.json` of several, or what `torch.save` wrote. What a file
/// is, its first bytes tell: names are often wrong.
///
/// # Errors
/// Model: it is missing, damaged, or of a layout that isn't read.
pub fn open(path: &Path) -> Result<Rc<dyn TensorSource>> {
    if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".index.json")) {
        return Ok(Rc::new(ShardedSafetensors::open(path)?));
    }
    let failed = || Error::model(format!("can't open {}", path.display()));
    let mut head = Vec::new();
    File::open(path).and_then(|file| file.take(9).read_to_end(&mut head)).context(failed)?;
    match head.as_slice() {
        // The length of a header, and its first brace.
        [.., b'{'] if head.len() == 9 => Ok(Rc::new(SafetensorsFile::open(path)?)),
        [b'P', b'K', 3, 4, ..] | [0x80, 2..=4, ..] => Ok(Rc::new(PickleFile::open(path)?)),
        _ => Ok(Rc::new(SafetensorsFile::open(path)?)),
    }
}

/// Part of a tensor along one dimension, where a file holds several of ours in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Which dimension is cut.
    pub dim: usize,
    /// Which of the equal parts, from 0.
    pub part: usize,
    /// How many equal parts there are.
    pub parts: usize,
}

impl Slice {
    /// The shape of the part of a tensor of `shape`; none where it can't be cut so.
    pub fn shape(self, shape: &[usize]) -> Option<Vec<usize>> {
        let mut cut = shape.to_vec();
        let side = cut.get_mut(self.dim)?;
        if self.part >= self.parts || *side % self.parts != 0 {
            return None;
        }
        *side /= self.parts;
        Some(cut)
    }

    /// The part of `tensor`.
    pub fn of(self, tensor: &Tensor) -> candle_core::Result<Tensor> {
        let length = tensor.dim(self.dim)? / self.parts;
        tensor.narrow(self.dim, self.part * length, length)?.contiguous()
    }
}
