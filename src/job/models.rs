//! Models: where they are found, and how one is opened as it was asked for.

use super::options::ModelOptions;
use crate::diffusion::{Model, ModelSpec, Precision, open_device};
use crate::error::{Error, Result};
use crate::progress::Progress;
use std::path::{Path, PathBuf};

/// The model that comes with the program.
pub const SHIPPED: &str = "spark";

/// Folders in which models may lie, first found first: the variable `BEATBOLT_MODELS`, beside the program, above
/// the build folder, where packages put them, and the folder that the program was built from.
pub fn folders() -> Vec<PathBuf> {
    let named = std::env::var_os("BEATBOLT_MODELS").map(PathBuf::from);
    let exe = std::env::current_exe().ok();
    let beside = exe.as_deref().and_then(Path::parent);
    let around = beside
        .into_iter()
        .flat_map(|p| ["models", "../../models", "../share/beatbolt/models"].map(|m| p.join(m)));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    named.into_iter().chain(around).chain([source]).filter(|p| p.is_dir()).collect()
}

/// The folder of the model that comes with the program.
///
/// # Errors
/// Model: it isn't where it should be.
pub fn shipped() -> Result<PathBuf> {
    folders().into_iter().map(|f| f.join(SHIPPED)).find(|f| f.is_dir()).ok_or_else(|| {
        Error::model("the model spark, which comes with beatbolt, isn't where it should be")
            .hint("set BEATBOLT_MODELS to the folder `models` of the source, or name a model with --model")
    })
}

/// Opens the device and the model that were asked for.
///
/// # Errors
/// Device: it can't be opened; as [`Model::open`].
pub fn open(options: &ModelOptions, progress: &dyn Progress) -> Result<Model> {
    let opened = open_device(&options.device)?;
    let usual = if opened.device.is_cpu() { Precision::F32 } else { Precision::F16 };
    let precision = options.precision.unwrap_or(usual);
    let folder = match &options.folder {
        Some(folder) => folder.clone(),
        None => shipped()?,
    };
    let (tier, steps) = (options.tier, options.steps);
    let spec = ModelSpec { folder, motion: options.motion.clone(), tier, steps, precision };
    let model = Model::open(&spec, &opened.device)?;
    opened
        .why
        .iter()
        .filter(|_| cfg!(any(feature = "cuda", feature = "metal")))
        .for_each(|why| progress.note(why));
    model.notes().iter().for_each(|note| progress.note(note));
    Ok(model)
}
