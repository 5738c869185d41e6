//! Files of networks that interpolate: looked at without reading a weight.

use super::interpolator::Interpolator;
use super::rife::{self, Rife};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::weights::keys::kind::Kind;
use crate::weights::keys::rife::{RifeLayout, RifeNet, network};
use crate::weights::{self, Placement, TensorSource, Weights};
use candle_core::{DType, Device};
use std::path::Path;
use std::rc::Rc;

/// A network that makes pictures between pictures, whose weights aren't read yet.
#[derive(Clone, Debug)]
pub struct InterpolatorFile {
    source: Rc<dyn TensorSource>,
    layout: RifeLayout,
    net: RifeNet,
}

impl InterpolatorFile {
    /// Opens the file at `path`: what `torch.save` wrote (flownet.pkl, rife46.pth), or .safetensors.
    ///
    /// # Errors
    /// Model: it is missing, damaged, or no RIFE from 4.2 on; the error says what it is.
    pub fn open(path: &Path) -> Result<Self> {
        let source = weights::open(path)?;
        let kind = Kind::of(source.shapes());
        let hint =
            "--interpolator takes RIFE 4.2 to 4.26, like flownet.pkl, rife46.pth or rife_v4.26.safetensors";
        if !matches!(kind, Kind::Interpolator | Kind::Unknown) {
            let what = format!("{} is no network that interpolates ({})", path.display(), kind.name());
            return Err(Error::model(what).hint(hint));
        }
        let layout = RifeLayout::of(source.shapes());
        let net = network(&layout.shapes(source.shapes()))
            .map_err(|why| Error::model(format!("{}: {why}", path.display())).hint(hint))?;
        Ok(InterpolatorFile { source, layout, net })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// In a few words, what it is.
    pub fn said(&self) -> String {
        self.net.name()
    }

    /// Bytes of main memory that it needs for pictures of so many pixels, its weights among them.
    pub fn needed(&self, pixels: usize) -> f64 {
        let weights: usize = self.net.shapes().values().map(|shape| shape.iter().product::<usize>()).sum();
        4.0 * weights as f64 + rife::room(&self.net, pixels)
    }

    /// A hash of its file.
    ///
    /// # Errors
    /// Input: the file can't be read.
    pub fn digest(&self) -> Result<String> {
        Digest::of_files(self.source.files())
    }

    /// Reads its weights; whatever numbers they are, it computes in single precision.
    ///
    /// # Errors
    /// Model: the file is damaged. Device: there is no room.
    pub fn load(&self) -> Result<Interpolator> {
        let placement = Placement { dtype: DType::F32, device: Device::Cpu };
        let weights = Weights::of(self.source.clone(), &placement, |name| self.layout.keys(name))?;
        Rife::new(&weights.scope(""), self.net.clone()).map(Interpolator::of)
    }
}
