//! An autoencoder in a file or folder of its own, which takes the place of a model's.

use crate::diffusion::config::{PartShapes, VaeConfig};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::weights;
use crate::weights::keys::kind::Kind;
use crate::weights::keys::ldm::VaeLayout;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
        let source = weights::open(&weights)?;
        let file = weights.display();
        match Kind::of(source.shapes()) {
            Kind::TinyAutoencoder if !source.shapes().contains_key("decoder.layers.0.weight") => {
                return Err(Error::model(format!(
                    "{file} is half of a small autoencoder, as its author saves it"
                ))
                .hint("the whole one for diffusers is taken: `beatbolt models pull taesd`"));
            }
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

    /// A hash of all that decides what it makes of latents.
    ///
    /// # Errors
    /// Input: a file can't be read.
    pub fn digest(&self) -> Result<String> {
        let mut digest = Digest::default();
        for file in weights::open(&self.weights)?.files().iter().chain(&self.settings) {
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
