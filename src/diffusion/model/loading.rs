//! The files of a model as they are opened, and whether they belong together.

use super::ModelSpec;
use crate::diffusion::config::{
    FoundMotion, MotionConfig, MotionNorm, StageConfig, TextConfig, UnetConfig, VaeConfig,
};
use crate::error::{Error, Result};
use crate::weights;
use crate::weights::keys;
use crate::weights::{Placement, Weights};
use std::path::{Path, PathBuf};

/// The files that have been opened so far, and what is to be told about them.
pub(super) struct Loaded {
    /// Where tensors go, and in which format.
    pub target: Placement,
    /// In the order in which they were opened.
    pub files: Vec<PathBuf>,
    /// What was assumed, and what was not used.
    pub notes: Vec<String>,
}

impl Loaded {
    /// Nothing yet.
    pub fn new(target: Placement) -> Self {
        Loaded { target, files: Vec::new(), notes: Vec::new() }
    }

    /// Notes a settings file and gives it back.
    pub fn config(&mut self, path: PathBuf) -> PathBuf {
        self.files.push(path.clone());
        path
    }

    /// Opens a file of weights whose tensors `rename` names.
    pub fn open(&mut self, path: &Path, rename: impl Fn(&str) -> Option<String>) -> Result<Weights> {
        self.files.push(path.to_owned());
        Weights::open(path, &self.target, rename)
    }

    /// The motion modules: the file that was asked for, or the folder's own `adapter`.
    pub fn motion(
        &mut self,
        spec: &ModelSpec,
        adapter: &Path,
        unet: &UnetConfig,
    ) -> Result<(Weights, MotionConfig)> {
        let own = adapter.join("config.json");
        let Some(path) = &spec.motion else {
            if !own.is_file() {
                let message = format!("{} has no motion module", spec.folder.display());
                return Err(Error::model(message).hint("name one with --motion FILE"));
            }
            let weights = self.open(&weights::find(adapter)?, keys::motion)?;
            return Ok((weights, MotionConfig::read(&self.config(own), unet)?));
        };
        let weights = self.open(path, keys::motion)?;
        let own = own.is_file().then(|| MotionConfig::read(&self.config(own), unet)).transpose()?;
        let found = found_in(&weights, own.as_ref())?;
        self.notes.push(format!(
            "{}: motion module for {} frames {} middle block",
            path.display(),
            found.max_frames,
            if found.mid { "with a" } else { "without a" }
        ));
        Ok((weights, MotionConfig::of_file(path, unet, found)?))
    }

    /// Notes which files hold more than was asked of them.
    pub fn note_unused(&mut self, files: &[&Weights]) {
        for file in files {
            let unused = file.unused();
            if let Some(first) = unused.first() {
                let (path, count) = (file.path().display(), unused.len());
                self.notes.push(format!("{path}: {count} tensors were not used, the first is '{first}'"));
            }
        }
    }
}

/// What the tensors of a bare motion file tell about its shape.
fn found_in(file: &Weights, own: Option<&MotionConfig>) -> Result<FoundMotion> {
    let modules = || file.keys().filter(|(key, _)| key.contains("motion_modules."));
    if modules().next().is_none() {
        return Err(file.error("there are no motion modules in it"));
    }
    let length = modules()
        .find(|(key, _)| key.ends_with("pos_embed.pe"))
        .and_then(|(_, shape)| shape.iter().rev().nth(1).copied());
    let layer = |key: &str| key.split_once("transformer_blocks.")?.1.split('.').next()?.parse::<usize>().ok();
    let deepest = modules().filter_map(|(key, _)| layer(key)).max().unwrap_or(0);
    Ok(FoundMotion {
        mid: modules().any(|(key, _)| key.starts_with("mid_block.")),
        transformer_layers: deepest.saturating_add(1),
        max_frames: length.unwrap_or_else(|| own.map_or(32, |o| o.max_frames)),
        heads: own.map(|o| o.heads.clone()),
        norm: own.map_or(MotionNorm::Frame, |o| o.norm),
    })
}

/// The parts must speak of the same latents and the same text.
pub(super) fn check_fit(unet: &UnetConfig, text: &TextConfig, vae: &VaeConfig) -> Result<()> {
    let latent = vae.latent_channels();
    if unet.in_channels != latent || unet.out_channels != latent {
        let (into, out) = (unet.in_channels, unet.out_channels);
        return Err(Error::model(format!(
            "the UNet has {into} and {out} channels, the autoencoder {latent}"
        ))
        .hint("UNets for inpainting have 9: take the plain one"));
    }
    let attends = |s: &&StageConfig| s.down_attention || s.up_attention;
    if let Some(stage) =
        unet.stages.iter().chain([unet.deepest()]).filter(attends).find(|s| s.context != text.width)
    {
        let (wants, has) = (stage.context, text.width);
        return Err(Error::model(format!(
            "the UNet wants text {wants} wide, the text encoder makes it {has} wide"
        ))
        .hint("text encoder and UNet are of different models"));
    }
    Ok(())
}
