//! Files of upscalers: looked at without reading a weight.

use super::upscaler::{Upscaler, room};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::weights::keys::kind::Kind;
use crate::weights::keys::upscaler::{UpscalerLayout, UpscalerNet, network};
use crate::weights::{self, Placement, TensorSource, Weights};
use candle_core::DType;
use std::path::Path;
use std::rc::Rc;

/// A network that makes pictures larger, whose weights aren't read yet.
#[derive(Clone, Debug)]
pub struct UpscalerFile {
    source: Rc<dyn TensorSource>,
    layout: UpscalerLayout,
    net: UpscalerNet,
}

impl UpscalerFile {
    /// Opens the file at `path`: .pth, .safetensors, or either file of a network of ncnn.
    ///
    /// # Errors
    /// Model: it is missing, damaged, or no network of the ESRGAN family; the error says what it is.
    pub fn open(path: &Path) -> Result<Self> {
        let source = weights::open(path)?;
        let kind = Kind::of(source.shapes());
        if !matches!(kind, Kind::Upscaler | Kind::Unknown) {
            return Err(Error::model(format!("{} is no upscaler ({})", path.display(), kind.name()))
                .hint("--upscale takes a network of the ESRGAN family, like RealESRGAN_x4plus.pth"));
        }
        let layout = UpscalerLayout::of(source.shapes());
        let net = network(&layout.shapes(source.shapes())).map_err(|why| {
            Error::model(format!("{}: {why}", path.display())).hint(
                "upscalers of the ESRGAN family are read: SRVGG compact (realesr-animevideov3, realesr-general-x4v3) and RRDB (RealESRGAN x2plus, x4plus, anime 6B)",
            )
        })?;
        Ok(UpscalerFile { source, layout, net })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// Width and height of the results, in those of the pictures: 1, 2, 3, 4 or 8.
    pub fn scale(&self) -> usize {
        self.net.scale()
    }

    /// In a few words, what it is.
    pub fn said(&self) -> String {
        format!("{}, {} times the size", self.net.name(), self.scale())
    }

    /// Multiply-adds for every pixel of a picture, about.
    pub fn products(&self) -> f64 {
        let layers = self.net.shapes().into_iter().filter(|(_, shape)| shape.len() == 4);
        let size = |name: &str| match self.net {
            UpscalerNet::Compact { .. } => 1.0,
            UpscalerNet::Rrdb { fold, doublings, .. } => {
                let number =
                    name.strip_prefix("conv_up").and_then(|rest| rest.split('.').next()?.parse().ok());
                let last = name.starts_with("conv_hr") || name.starts_with("conv_last");
                let doubled = number.unwrap_or(if last { doublings } else { 0 });
                ((1 << doubled) as f64 / fold as f64).powi(2)
            }
        };
        layers.map(|(name, shape)| size(&name) * shape.iter().product::<usize>() as f64).sum()
    }

    /// Channels of its layers.
    pub fn width(&self) -> usize {
        match self.net {
            UpscalerNet::Compact { width, .. } | UpscalerNet::Rrdb { width, .. } => width,
        }
    }

    /// Bytes of main memory that it needs at `placement` for pictures of `size` (height, width), its weights among them.
    pub fn needed(&self, (h, w): (usize, usize), placement: &Placement) -> f64 {
        if !placement.device.is_cpu() {
            return 0.0;
        }
        let weights: usize = self.net.shapes().values().map(|shape| shape.iter().product::<usize>()).sum();
        (4 * weights) as f64 + room(self.net, h * w)
    }

    /// A hash of its files.
    ///
    /// # Errors
    /// Input: a file can't be read.
    pub fn digest(&self) -> Result<String> {
        Digest::of_files(self.source.files())
    }

    /// Reads its weights to `placement`, of whose numbers those of 16 bits are taken that a picture of 8 needs: brain floats have as
    /// many digits as that, so single precision is computed in instead.
    ///
    /// # Errors
    /// Model: the file is damaged. Device: there is no room.
    pub fn load(&self, placement: &Placement) -> Result<Upscaler> {
        let wide = placement.dtype == DType::BF16 && !placement.rounds();
        let dtype = if wide { DType::F32 } else { placement.dtype };
        let placement = Placement { dtype, device: placement.device.clone() };
        let weights = Weights::of(self.source.clone(), &placement, |name| self.layout.keys(name))?;
        Upscaler::new(&weights.scope(""), self.net, placement)
    }
}
