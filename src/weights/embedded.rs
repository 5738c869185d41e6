//! Tensors of a safetensors file that is part of the program.

use super::element::Element;
use super::source::{TensorSource, no_number};
use crate::error::{Context, Error, Result};
use candle_core::Tensor;
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A file that lies in the program.
#[derive(Debug)]
pub struct Embedded {
    /// What errors call it.
    path: PathBuf,
    tensors: SafeTensors<'static>,
    shapes: BTreeMap<String, Vec<usize>>,
}

impl Embedded {
    /// The file `bytes`, which errors call `name`.
    ///
    /// # Errors
    /// Model: it is no whole safetensors file.
    pub fn open(name: &str, bytes: &'static [u8]) -> Result<Self> {
        let broken = || Error::model(format!("{name}: it is no whole safetensors file"));
        let tensors = SafeTensors::deserialize(bytes).context(broken)?;
        let shapes = tensors.iter().map(|(name, view)| (name.to_owned(), view.shape().to_vec())).collect();
        Ok(Embedded { path: PathBuf::from(name), tensors, shapes })
    }
}

impl TensorSource for Embedded {
    fn path(&self) -> &Path {
        &self.path
    }

    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    fn shapes(&self) -> &BTreeMap<String, Vec<usize>> {
        &self.shapes
    }

    fn element(&self, name: &str) -> Option<Element> {
        match self.tensors.tensor(name).ok()?.dtype() {
            Dtype::F16 => Some(Element::F16),
            Dtype::F32 => Some(Element::F32),
            _ => Some(Element::Other("none that the program has", 1)),
        }
    }

    fn read(&self, name: &str) -> Result<Tensor> {
        let failed = || Error::model(format!("{}: can't read '{name}'", self.path.display()));
        let (view, element) = (self.tensors.tensor(name).context(failed)?, self.element(name));
        let element = element.ok_or_else(failed)?;
        element.tensor(view.data().to_vec(), view.shape()).ok_or_else(failed)?.context(failed)
    }

    fn number(&self, name: &str) -> Result<f64> {
        Err(no_number(&self.path, name))
    }
}
