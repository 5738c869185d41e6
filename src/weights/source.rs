//! Tensor sources: files that hold named tensors, whatever their layout, opened without reading a value.
//!
//! A new layout is a file beside this one that implements [`TensorSource`], and a line in `open.rs`.

use super::element::Element;
use super::mapped::Mapped;
use crate::error::{Error, Result};
use candle_core::Tensor;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

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

    /// The number format of the tensor `name`; none where there is none of this name.
    fn element(&self, name: &str) -> Option<Element>;

    /// What the file says of itself, in its own words.
    fn metadata(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// The tensor `name` on the CPU, in the file's own type.
    ///
    /// # Errors
    /// Model: there is none of this name, its type is not one of floats, or the file is cut short.
    fn read(&self, name: &str) -> Result<Tensor>;

    /// The tensor `name` where it lies in its file; none where it doesn't have 16 bits, or can't be left there.
    fn mapped(&self, _name: &str) -> Option<Mapped> {
        None
    }

    /// The one number of the tensor `name`, whatever its type.
    ///
    /// # Errors
    /// Model: there is none of this name, or it holds several, or none that is a number.
    fn number(&self, name: &str) -> Result<f64>;
}

/// The error for a tensor that should have held one number.
pub(super) fn no_number(path: &Path, name: &str) -> Error {
    Error::model(format!("{}: '{name}' isn't one number", path.display()))
        .hint("the file may be damaged; download it again")
}
