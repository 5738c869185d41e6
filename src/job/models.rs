//! Models: where they are found, and how one is opened as it was asked for.

use super::model_search::{self, Wanted};
use super::options::ModelOptions;
use super::shipped_model;
use crate::diffusion::{Model, ModelInfo, ModelSpec, Precision, open_device};
use crate::error::Result;
use crate::progress::Progress;
use crate::weights::Placement;
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

/// The folder of the model that comes with the program: one of that name in [`folders`], or its own, which is unpacked.
///
/// # Errors
/// Model: it can't be unpacked.
pub fn shipped() -> Result<PathBuf> {
    let found = folders().into_iter().map(|f| f.join(SHIPPED)).find(|f| f.is_dir());
    found.map_or_else(shipped_model::unpacked, Ok)
}

/// Looks at the model that was asked for; its weights are not read.
///
/// # Errors
/// As [`ModelInfo::open`]; Model: there is nothing of that name.
pub fn look(options: &ModelOptions, progress: &dyn Progress) -> Result<ModelInfo> {
    let roots = model_search::roots(folders(), std::env::home_dir().as_deref());
    let named = |asked: &Path, wanted| -> Result<PathBuf> {
        let found = model_search::find(asked, wanted, &roots)?;
        found.note.iter().for_each(|note| progress.note(note));
        Ok(found.path)
    };
    let folder = match &options.folder {
        Some(folder) => named(folder, Wanted::Model)?,
        None => shipped()?,
    };
    let motion = options.motion.as_deref().map(|motion| named(motion, Wanted::Motion)).transpose()?;
    let ModelOptions { tier, steps, force_steps, .. } = options.clone();
    let info = ModelInfo::open(&ModelSpec { folder, motion, tier, steps, force_steps })?;
    info.notes().iter().for_each(|note| progress.note(note));
    Ok(info)
}

/// Opens the device that was asked for, with what is computed in there.
///
/// # Errors
/// Device: it can't be opened; Usage: it can't compute in what was asked for.
pub fn place(options: &ModelOptions, progress: &dyn Progress) -> Result<Placement> {
    let opened = open_device(&options.device)?;
    let usual = if opened.device.is_cpu() { Precision::F32 } else { Precision::F16 };
    opened
        .why
        .iter()
        .filter(|_| cfg!(any(feature = "cuda", feature = "metal")))
        .for_each(|why| progress.note(why));
    options.precision.unwrap_or(usual).on(&opened.device)
}

/// The model that was asked for, with its weights.
///
/// # Errors
/// As [`look`], [`place`] and [`Model::load`].
pub fn open(options: &ModelOptions, progress: &dyn Progress) -> Result<Model> {
    let info = look(options, progress)?;
    let model = Model::load(info, &place(options, progress)?)?;
    model.notes().iter().for_each(|note| progress.note(note));
    Ok(model)
}
