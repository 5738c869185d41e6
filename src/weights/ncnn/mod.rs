//! Networks of ncnn: a text that lists their layers (`.param`), and the layers' numbers (`.bin`) in that order.
//!
//! ```text
//! .param ─► layers (param.rs) ─► names of the ESRGAN family (names.rs)
//! .bin      for a convolution: u32 tag, weights [out, in, k, k]: f16, padded to 4 bytes, or f32; then f32 [out] bias
//!           for a PReLU: f32 [channels] factors
//! ```
//!
//! The text is a program, of which only networks of the ESRGAN family are read: see `names.rs`.

mod names;
mod param;
#[cfg(test)]
mod tests;

use self::param::{Counts, Layer};
use super::element::Element;
use super::source::{TensorSource, no_number};
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use candle_core::Tensor;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// What the text begins with.
pub const MARK: &[u8] = b"7767517";
/// What a convolution's numbers begin with, where they have 16 bits; where they have 32, it is 0.
const HALVES: [u8; 4] = 0x0130_6B47u32.to_le_bytes();
/// Longest text: that of the largest network in use has 120 KB.
const MOST_TEXT: u64 = 4 << 20;

/// Both files of a network, opened and checked; tensors are read when they are asked for.
#[derive(Debug)]
pub struct NcnnFile {
    param: PathBuf,
    bin: PathBuf,
    file: File,
    shapes: BTreeMap<String, Vec<usize>>,
    places: BTreeMap<String, Place>,
}

/// Where a tensor's bytes lie.
#[derive(Clone, Copy, Debug)]
struct Place {
    element: Element,
    at: u64,
    bytes: usize,
}

impl NcnnFile {
    /// Opens the network whose text is at `param`; its numbers lie beside it as `.bin`.
    ///
    /// # Errors
    /// Model: a file is missing, damaged, or of a network that isn't read.
    pub fn open(param: &Path) -> Result<Self> {
        let bin = param.with_extension("bin");
        let text = bounded_read::text(param, MOST_TEXT)
            .context(|| Error::model(format!("can't read {}", param.display())))?;
        let refused = |what: String| {
            Error::model(format!("{}: {what}", param.display())).hint(
                "of ncnn's networks those of the ESRGAN family are read; take a .pth or .safetensors file of it",
            )
        };
        let layers = param::parse(&text).map_err(refused)?;
        let names = names::of(&layers).map_err(refused)?;
        let file = File::open(&bin).context(|| {
            Error::model(format!("can't open {}, which belongs to {}", bin.display(), param.display()))
                .hint("a network of ncnn has two files with one name, .param and .bin, side by side")
        })?;
        let mut found =
            NcnnFile { param: param.to_owned(), bin, file, shapes: BTreeMap::new(), places: BTreeMap::new() };
        found.place(&layers, &names)?;
        Ok(found)
    }

    /// Finds every layer's numbers.
    fn place(&mut self, layers: &[Layer], names: &[String]) -> Result<()> {
        let (bin, param) = (self.bin.display().to_string(), self.param.display().to_string());
        let broken = |what: &str| {
            Error::model(format!("{bin}: {what}")).hint(format!("it belongs to {param}; download both again"))
        };
        let length = self.file.metadata().context(|| broken("its size can't be read"))?.len();
        let mut at = 0u64;
        let counted = layers.iter().filter_map(|layer| layer.counts.as_ref());
        for (counts, name) in counted.zip(names) {
            let parts: Vec<(String, Vec<usize>, Element)> = match counts {
                Counts::Factors(channels) => vec![(format!("{name}.weight"), vec![*channels], Element::F32)],
                Counts::Convolution { shape, bias } => {
                    let mut tag = [0; 4];
                    let mut file = &self.file;
                    file.seek(SeekFrom::Start(at))
                        .and_then(|_| file.read_exact(&mut tag))
                        .context(|| broken("it is cut short"))?;
                    at += 4;
                    let element = match tag {
                        HALVES => Element::F16,
                        [0, 0, 0, 0] => Element::F32,
                        _ => return Err(broken("its numbers are quantised, or it is damaged")),
                    };
                    let weight = (format!("{name}.weight"), shape.to_vec(), element);
                    let bias = bias.then(|| (format!("{name}.bias"), vec![shape[0]], Element::F32));
                    std::iter::once(weight).chain(bias).collect()
                }
            };
            for (name, shape, element) in parts {
                // The text bounds every factor, so this doesn't overflow.
                let bytes = shape.iter().product::<usize>() * element.width();
                let place = Place { element, at, bytes };
                at += bytes.next_multiple_of(4) as u64;
                if at > length {
                    return Err(broken("it is cut short"));
                }
                self.shapes.insert(name.clone(), shape);
                self.places.insert(name, place);
            }
        }
        match at == length {
            true => Ok(()),
            false => Err(broken(&format!("{at} bytes belong to its layers, {length} are there"))),
        }
    }
}

impl TensorSource for NcnnFile {
    fn path(&self) -> &Path {
        &self.param
    }

    fn files(&self) -> Vec<PathBuf> {
        vec![self.param.clone(), self.bin.clone()]
    }

    fn shapes(&self) -> &BTreeMap<String, Vec<usize>> {
        &self.shapes
    }

    fn element(&self, name: &str) -> Option<Element> {
        self.places.get(name).map(|place| place.element)
    }

    fn read(&self, name: &str) -> Result<Tensor> {
        let failed = || Error::model(format!("{}: can't read '{name}'", self.bin.display()));
        let (Some(place), Some(shape)) = (self.places.get(name), self.shapes.get(name)) else {
            return Err(failed().because("there is none of this name"));
        };
        let mut bytes = vec![0; place.bytes];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(place.at)).and_then(|_| file.read_exact(&mut bytes)).context(failed)?;
        place.element.tensor(bytes, shape).ok_or_else(failed)?.context(failed)
    }

    fn number(&self, name: &str) -> Result<f64> {
        Err(no_number(&self.bin, name))
    }
}
