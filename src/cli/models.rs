//! Where models are found, and what a model asks for.

use super::args::{PrecisionArg, Tier};
use super::request::ModelChoice;
use crate::diffusion::{Effort, Model, ModelSpec, Precision, open_device};
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
pub fn shipped() -> Result<PathBuf> {
    folders().into_iter().map(|f| f.join(SHIPPED)).find(|f| f.is_dir()).ok_or_else(|| {
        Error::model("the model spark, which comes with beatbolt, isn't where it should be")
            .hint("set BEATBOLT_MODELS to the folder `models` of the source, or name a model with --model")
    })
}

/// Opens the device and the model that were asked for.
pub fn open(choice: &ModelChoice, tier: Tier, progress: &dyn Progress) -> Result<Model> {
    let opened = open_device(&choice.device)?;
    let precision = match (choice.precision, opened.device.is_cpu()) {
        (Some(PrecisionArg::F32), _) | (None, true) => Precision::F32,
        (Some(PrecisionArg::F16), _) | (None, false) => Precision::F16,
        (Some(PrecisionArg::Bf16), _) => Precision::Bf16,
    };
    let folder = match &choice.folder {
        Some(folder) => folder.clone(),
        None => shipped()?,
    };
    let effort = choice.steps.map_or(tier.effort(), Effort::Steps);
    let spec = ModelSpec { folder, motion: choice.motion.clone(), effort, precision };
    let model = Model::open(&spec, &opened.device)?;
    opened
        .why
        .iter()
        .filter(|_| cfg!(any(feature = "cuda", feature = "metal")))
        .for_each(|why| progress.note(why));
    model.notes().iter().for_each(|note| progress.note(note));
    Ok(model)
}
