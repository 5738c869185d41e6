//! ControlNets of a model: which files they are, checked against the UNet without reading a weight, and what they add to it.

use super::info::{ModelInfo, Part};
use crate::diffusion::conditioning::{Conditioning, Residuals};
use crate::diffusion::config::{ControlKind, NormSpan, UnetConfig};
use crate::diffusion::control::ControlNet;
use crate::digest::Digest;
use crate::error::{Context, Error, Result};
use crate::weights::keys::control::{ControlLayout, stranger};
use crate::weights::keys::kind::Kind;
use crate::weights::{self, Patch, Placement, TensorSource, Weights};
use candle_core::{DType, Device, Result as TensorResult, Tensor};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A ControlNet that was looked at.
#[derive(Clone, Debug)]
pub struct ControlFile {
    source: Rc<dyn TensorSource>,
    layout: ControlLayout,
    kind: ControlKind,
    settings: Option<PathBuf>,
    /// The shape of the UNets that it is for.
    unet: UnetConfig,
}

/// What the encoder half of a UNet is called.
const ENCODER: [&str; 4] = ["conv_in.", "time_embedding.", "down_blocks.", "mid_block."];

impl ModelInfo {
    /// Opens the ControlNet at `path`, a file or a folder with its settings, for this model; no weight is read.
    ///
    /// # Errors
    /// Model: it is damaged, none, or not for such a model.
    pub fn control(&self, path: &Path) -> Result<ControlFile> {
        let weights = if path.is_dir() { weights::find(path)? } else { path.to_owned() };
        let settings = weights.with_file_name("config.json");
        let own =
            path.is_dir() || weights.file_name().is_some_and(|name| is_diffusers(&name.to_string_lossy()));
        let settings = Some(settings).filter(|settings| own && settings.is_file());
        let source = weights::open(&weights)?;
        let shapes = source.shapes();
        if let Some(stranger) = stranger(shapes) {
            return Err(
                Error::model(format!("{} is {}", weights.display(), stranger.name)).hint(stranger.hint)
            );
        }
        let kind = Kind::of(shapes);
        if kind != Kind::ControlNet {
            return Err(Error::model(format!("{} is no ControlNet ({})", weights.display(), kind.name()))
                .hint(
                    "--control takes a ControlNet for Stable Diffusion 1.5, like control_v11p_sd15_canny",
                ));
        }
        let kind = match &settings {
            Some(settings) => ControlKind::read(settings)?,
            None => ControlKind::of_name(&path.file_name().unwrap_or_default().to_string_lossy()),
        };
        let unet = UnetConfig { norm: NormSpan::Frame, ..self.unet.clone() };
        let file = ControlFile { layout: ControlLayout::of(shapes), source, kind, settings, unet };
        file.check(self)?;
        Ok(file)
    }
}

/// Whether a file is called as diffusers calls the weights of a part.
fn is_diffusers(name: &str) -> bool {
    name.starts_with("diffusion_pytorch_model.")
}

fn headers() -> Placement {
    Placement { dtype: DType::F32, device: Device::Cpu }
}

/// Differences to the weights of a UNet, put onto these.
#[derive(Debug)]
struct Onto {
    unet: Weights,
    shapes: BTreeMap<String, Vec<usize>>,
}

impl Patch for Onto {
    fn apply(&self, key: &str, weight: &Tensor) -> Result<Option<Tensor>> {
        let Some(shape) = self.shapes.get(key) else { return Ok(None) };
        let base = self.unet.scope("").get(key, shape)?;
        let sum = || -> TensorResult<Tensor> { weight.to_dtype(DType::F32)? + base.reshape(weight.dims())? };
        let failed =
            || Error::model(format!("{}: '{key}' can't be put onto the UNet's", self.unet.path().display()));
        sum().context(failed).map(Some)
    }
}

impl ControlFile {
    /// Where its weights are.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// A hash of its files.
    ///
    /// # Errors
    /// Input: a file can't be read.
    pub fn digest(&self) -> Result<String> {
        let mut digest = Digest::default();
        digest.update(format!("{:?}", self.kind));
        for file in self.source.files().iter().chain(&self.settings) {
            digest.update_file(file)?;
        }
        Ok(digest.finish())
    }

    /// Whether it has all that the encoder half of the model's UNet has, of the same shapes, and makes features as large as latents.
    fn check(&self, info: &ModelInfo) -> Result<()> {
        let (unet, own) = (info.open_weights(Part::Unet, &headers())?, self.weights(&headers())?);
        let found: BTreeMap<&str, &[usize]> = own.keys().collect();
        let other = |what: String| {
            Error::model(format!("{}: {what}", self.path().display()))
                .hint("it is for a model of another kind or width, or the file is damaged")
        };
        // Matrices and 1x1 convolutions stand for each other.
        let squeezed = |shape: &[usize]| shape.iter().copied().filter(|n| *n != 1).collect::<Vec<_>>();
        let wanted = || unet.keys().filter(|(key, _)| ENCODER.iter().any(|part| key.starts_with(part)));
        let differs = |(key, shape): &(&str, &[usize])| {
            found.get(key).is_some_and(|own| squeezed(own) != squeezed(shape))
        };
        // Another width says more than what is missing.
        if let Some((key, shape)) = wanted().find(differs) {
            let own = found[key];
            return Err(other(format!("'{key}' has shape {own:?}, in the model's UNet it has {shape:?}")));
        }
        if let Some((key, _)) = wanted().find(|(key, _)| !found.contains_key(key)) {
            return Err(other(format!("there is no '{key}', which the model's UNet has")));
        }
        let halves = (0..).step_by(2).take_while(|i| {
            found.contains_key(format!("controlnet_cond_embedding.blocks.{}.weight", i + 1).as_str())
        });
        let smaller = 1usize << halves.count().min(16);
        match smaller == info.downscale() {
            true => Ok(()),
            false => Err(other(format!(
                "it sees pictures {smaller} times as large as latents, the model's are {} times as large",
                info.downscale()
            ))),
        }
    }

    fn weights(&self, placement: &Placement) -> Result<Weights> {
        Weights::of(self.source.clone(), placement, |name| self.layout.keys(name))
    }

    fn load(&self, info: &ModelInfo, placement: &Placement) -> Result<ControlNet> {
        let mut weights = self.weights(placement)?.keeping(info.large());
        if self.layout.differs {
            let unet = info.open_weights(Part::Unet, &headers())?;
            let shapes = unet.keys().map(|(key, shape)| (key.to_owned(), shape.to_vec())).collect();
            weights = weights.patched(vec![Rc::new(Onto { unet, shapes })]);
        }
        ControlNet::new(&weights.scope(""), &self.unet, self.kind)
    }
}

/// A model's loaded ControlNets.
#[derive(Debug, Default)]
pub(super) struct ControlNets(Vec<ControlNet>);

impl ControlNets {
    /// Reads the weights of `files` for the model of `info` to `placement`.
    pub fn load<'f>(
        files: impl IntoIterator<Item = &'f ControlFile>,
        info: &ModelInfo,
        placement: &Placement,
    ) -> Result<Self> {
        files.into_iter().map(|file| file.load(info, placement)).collect::<Result<_>>().map(ControlNets)
    }

    /// What number `net` makes of control pictures.
    pub fn look(&self, net: usize, pictures: &Tensor) -> TensorResult<Tensor> {
        self.find(net)?.look(pictures)
    }

    /// What is added to the UNet's skips for `x`, where anything is.
    pub fn residuals(&self, x: &Tensor, t: f64, with: &Conditioning) -> TensorResult<Option<Residuals>> {
        let mut sum = with.residuals.clone();
        for control in &with.controls {
            let own = self.find(control.net)?.forward(x, t, (with, control))?;
            sum = Some(own.plus(sum.as_ref())?);
        }
        Ok(sum)
    }

    fn find(&self, net: usize) -> TensorResult<&ControlNet> {
        self.0.get(net).ok_or_else(|| candle_core::Error::Msg(format!("there is no ControlNet {net}")))
    }
}
