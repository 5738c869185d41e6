//! An autoencoder in a file or folder of its own, which takes the place of a model's.

use crate::diffusion::config::{PartShapes, VaeConfig};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::weights::keys::kind::Kind;
use crate::weights::keys::ldm::VaeLayout;
use crate::weights::{self, TensorSource};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// An autoencoder that was looked at.
#[derive(Debug)]
pub(super) struct VaeFile {
    /// Its shape.
    pub config: VaeConfig,
    /// How its names are to be read.
    pub layout: VaeLayout,
    /// Its weights.
    pub weights: PathBuf,
    /// What a person may want to know about it.
    pub note: Option<String>,
    /// Its settings, where they lie beside it.
    settings: Option<PathBuf>,
}

impl VaeFile {
    /// Looks at the file at `path`, or at the folder with settings and weights in it.
    ///
    /// # Errors
    /// Model: it is missing, damaged, or no autoencoder.
    pub fn open(path: &Path) -> Result<Self> {
        let weights = if path.is_dir() { weights::find(path)? } else { path.to_owned() };
        let source = weights::open_autoencoder(&weights)?;
        let file = weights.display();
        match Kind::of(source.shapes()) {
            Kind::Autoencoder | Kind::TinyAutoencoder => {}
            Kind::Checkpoint => {
                return Err(Error::model(format!("{file} is a whole checkpoint"))
                    .hint("name it with --model: it has its own autoencoder"));
            }
            other => {
                return Err(Error::model(format!("{file} is no autoencoder ({})", other.name()))
                    .hint("--vae takes an autoencoder, like vae-ft-mse-840000-ema-pruned.safetensors"));
            }
        }
        let layout = VaeLayout::of(source.shapes());
        let settings = weights.with_file_name("config.json");
        let settings = is_diffusers(&weights).then_some(settings).filter(|settings| settings.is_file());
        let config = match &settings {
            Some(settings) => VaeConfig::read(settings)?,
            None => {
                let renamed = |(name, shape): (&String, &Vec<usize>)| {
                    layout.keys(name).into_iter().next().map(|(key, _)| (key, shape.clone()))
                };
                let shapes = source.shapes().iter().filter_map(renamed).collect::<BTreeMap<_, _>>();
                VaeConfig::of_shapes(&PartShapes::new(&weights, "autoencoder", shapes))?
            }
        };
        let name = weights.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        // Those of both have the same tensors.
        let note = name.contains("xl").then(|| {
            format!("{file}: its name says SDXL, whose latents are others: with Stable Diffusion 1.5 pictures come out wrong")
        });
        Ok(VaeFile { config, layout, weights, note, settings })
    }

    /// Its tensors.
    ///
    /// # Errors
    /// Model: the file is missing or damaged.
    pub fn source(&self) -> Result<Rc<dyn TensorSource>> {
        weights::open_autoencoder(&self.weights)
    }

    /// A hash of all that decides what it makes of latents.
    ///
    /// # Errors
    /// Input: a file can't be read.
    pub fn digest(&self) -> Result<String> {
        let mut digest = Digest::default();
        for file in self.source()?.files().iter().chain(&self.settings) {
            digest.update(file.file_name().unwrap_or_default().as_encoded_bytes());
            digest.update_file(file)?;
        }
        Ok(digest.finish())
    }
}

/// Whether a file is called as diffusers calls the weights of a part, and has its settings beside it.
fn is_diffusers(weights: &Path) -> bool {
    let name = weights.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("diffusion_pytorch_model.") || name.starts_with("model.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use std::collections::HashMap;

    /// The small autoencoder of the fixtures, taken apart as TAESD's author publishes it.
    fn halves(home: &Path) -> [PathBuf; 2] {
        let whole = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/tiny/vae/diffusion_pytorch_model.safetensors");
        let whole = candle_core::safetensors::load(whole, &Device::Cpu).unwrap();
        [("encoder", 0), ("decoder", 1)].map(|(side, shift)| {
            let numbered = |(name, tensor): (&String, &candle_core::Tensor)| {
                let (number, rest) = name.strip_prefix(side)?.strip_prefix(".layers.")?.split_once('.')?;
                Some((format!("{}.{rest}", number.parse::<usize>().ok()? + shift), tensor.clone()))
            };
            let half: HashMap<_, _> = whole.iter().filter_map(numbered).collect();
            let path = home.join(format!("taesd_{side}.safetensors"));
            candle_core::safetensors::save(&half, &path).unwrap();
            path
        })
    }

    #[test]
    fn both_halves_of_a_small_autoencoder_are_the_whole_one() {
        let home = tempfile::tempdir().unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny/vae");
        let whole = VaeFile::open(&folder).unwrap();
        let wanted = whole.source().unwrap();
        for half in halves(home.path()) {
            let found = VaeFile::open(&half).unwrap();
            assert_eq!(found.config, whole.config);
            let source = found.source().unwrap();
            assert_eq!(source.shapes(), wanted.shapes());
            assert_eq!(source.files().len(), 2);
            for name in wanted.shapes().keys() {
                let values = |source: &dyn TensorSource| {
                    source.read(name).unwrap().flatten_all().unwrap().to_vec1::<half::f16>().unwrap()
                };
                assert!(values(&*source) == values(&*wanted), "{name}");
                assert_eq!(source.element(name), wanted.element(name));
            }
        }
        let [encoder, decoder] = halves(home.path());
        std::fs::remove_file(&encoder).unwrap();
        let error = VaeFile::open(&decoder).unwrap_err();
        assert!(
            error.to_string().contains("its decoder") && error.hints()[0].contains("put the encoder"),
            "{error:?}"
        );
        std::fs::copy(&decoder, &encoder).unwrap();
        assert!(VaeFile::open(&decoder).unwrap_err().to_string().contains("is not the encoder"));
    }
}
