//! TAESD as its author saves it: encoder and decoder in a file each, their layers by their numbers. Read as one file with
//! diffusers' names, in which the decoder's clamping at the front has no number.

use super::element::Element;
use super::mapped::Mapped;
use super::source::{TensorSource, no_number};
use crate::error::{Error, Result};
use candle_core::Tensor;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Both halves.
#[derive(Debug)]
pub struct Halves {
    path: PathBuf,
    encoder: Rc<dyn TensorSource>,
    decoder: Rc<dyn TensorSource>,
    shapes: BTreeMap<String, Vec<usize>>,
}

/// What the names of each half begin with, and how far its numbers are from diffusers'.
const ENCODER: (&str, usize) = ("encoder.layers.", 0);
const DECODER: (&str, usize) = ("decoder.layers.", 1);

impl Halves {
    /// Whether a file with these tensors is one half.
    pub fn is_one(source: &dyn TensorSource) -> bool {
        let has = |name: &str| source.shapes().contains_key(name);
        has("1.conv.0.weight") && has("0.weight") || has("3.conv.0.weight") && has("1.weight")
    }

    /// The half that was opened as `one`, with its other half, which lies beside it and has `encoder` in its name where this one has
    /// `decoder`, or the other way round.
    ///
    /// # Errors
    /// Model: there is no such file, `open` can't read it, or it is no half.
    pub fn open(
        one: Rc<dyn TensorSource>,
        open: impl Fn(&Path) -> Result<Rc<dyn TensorSource>>,
    ) -> Result<Self> {
        let path = one.path().to_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let encodes = one.shapes().contains_key("0.weight");
        let (own, other) = if encodes { ("encoder", "decoder") } else { ("decoder", "encoder") };
        let beside = path.with_file_name(name.replacen(own, other, 1));
        if !name.contains(own) || !beside.is_file() {
            let missing = format!("{} is half of a small autoencoder, its {own}", path.display());
            return Err(Error::model(missing).hint(format!(
                "put the {other} beside it, as taesd_encoder and taesd_decoder, or take the whole one: `beatbolt models pull taesd`"
            )));
        }
        let second = open(&beside)?;
        if !Self::is_one(&*second) || second.shapes().contains_key("0.weight") == encodes {
            let wrong = format!("{} is not the {other} of a small autoencoder", beside.display());
            return Err(Error::model(wrong).hint("download it again"));
        }
        let (encoder, decoder) = if encodes { (one, second) } else { (second, one) };
        let named = |source: &Rc<dyn TensorSource>, half| {
            let name = |(name, shape): (&String, &Vec<usize>)| Some((renamed(name, half)?, shape.clone()));
            source.shapes().iter().filter_map(name).collect::<Vec<_>>()
        };
        let shapes = named(&encoder, ENCODER).into_iter().chain(named(&decoder, DECODER)).collect();
        Ok(Halves { path, encoder, decoder, shapes })
    }

    /// The half that holds a tensor, and its name there.
    fn home(&self, name: &str) -> Option<(&Rc<dyn TensorSource>, String)> {
        let halves = [(&self.encoder, ENCODER), (&self.decoder, DECODER)];
        halves.into_iter().find_map(|(source, (front, shift))| {
            let (number, rest) = name.strip_prefix(front)?.split_once('.')?;
            Some((source, format!("{}.{rest}", number.parse::<usize>().ok()?.checked_add(shift)?)))
        })
    }
}

/// diffusers' name of a half's tensor; none for what has no number.
fn renamed(name: &str, (front, shift): (&str, usize)) -> Option<String> {
    let (number, rest) = name.split_once('.')?;
    Some(format!("{front}{}.{rest}", number.parse::<usize>().ok()?.checked_sub(shift)?))
}

impl TensorSource for Halves {
    fn path(&self) -> &Path {
        &self.path
    }

    fn files(&self) -> Vec<PathBuf> {
        [&self.encoder, &self.decoder].into_iter().flat_map(|half| half.files()).collect()
    }

    fn shapes(&self) -> &BTreeMap<String, Vec<usize>> {
        &self.shapes
    }

    fn element(&self, name: &str) -> Option<Element> {
        let (source, name) = self.home(name)?;
        source.element(&name)
    }

    fn read(&self, name: &str) -> Result<Tensor> {
        let missing = || Error::model(format!("{}: there is no '{name}'", self.path.display()));
        let (source, name) = self.home(name).ok_or_else(missing)?;
        source.read(&name)
    }

    fn mapped(&self, name: &str) -> Option<Mapped> {
        let (source, name) = self.home(name)?;
        source.mapped(&name)
    }

    fn number(&self, name: &str) -> Result<f64> {
        let (source, name) = self.home(name).ok_or_else(|| no_number(&self.path, name))?;
        source.number(&name)
    }
}
