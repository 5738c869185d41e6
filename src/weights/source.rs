//! Tensor sources: files that hold named tensors, whatever their layout, opened without reading a value.
//!
//! A new layout is a file beside this one that implements [`TensorSource`], and a line in [`open`].

use super::safetensors::SafetensorsFile;
use super::sharded::ShardedSafetensors;
use crate::error::{Error, Result};
use candle_core::Tensor;
use std::collections::BTreeMap;
use std::fmt::Debug;
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

/// The source at `path`: a `.safetensors` file, or the `.index.json` of several.
///
/// # Errors
/// Model: it is missing, damaged, or of a layout that isn't read.
pub fn open(path: &Path) -> Result<Rc<dyn TensorSource>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match ending.as_str() {
        "json" if name.ends_with(".index.json") => Ok(Rc::new(ShardedSafetensors::open(path)?)),
        "ckpt" | "pt" | "pth" | "bin" if path.is_file() => {
            Err(Error::model(format!("{} is not a safetensors file", path.display()))
                .hint("only safetensors files are read; convert .ckpt and .bin files with diffusers"))
        }
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
