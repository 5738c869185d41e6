//! Where models are found, and what a model asks for.

use super::args::{DTypeArg, ModelArgs};
use crate::diffusion::{DType, Device, Model, ModelSpec, open_device};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// The model that comes with the program.
pub const SHIPPED: &str = "spark";

/// Folders in which models may lie, first found first: the variable `BEATBOLT_MODELS`, beside the program, above
/// the build folder, where packages put them, and the folder that the program was built from.
pub fn folders() -> Vec<PathBuf> {
    let named = std::env::var_os("BEATBOLT_MODELS").map(PathBuf::from);
    let exe = std::env::current_exe().ok();
    let beside = exe.as_deref().and_then(Path::parent);
    let around = beside.into_iter().flat_map(|p| ["models", "../../models", "../share/beatbolt/models"].map(|m| p.join(m)));
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
pub fn open(args: &ModelArgs) -> Result<(Model, String)> {
    let device = open_device(&args.device)?;
    let dtype = match (args.dtype, device.is_cpu()) {
        (Some(DTypeArg::F32), _) | (None, true) => DType::F32,
        (Some(DTypeArg::F16), _) | (None, false) => DType::F16,
        (Some(DTypeArg::Bf16), _) => DType::BF16,
    };
    let folder = match &args.model {
        Some(folder) => folder.clone(),
        None => shipped()?,
    };
    let spec = ModelSpec { folder, motion: args.motion.clone(), dtype };
    let model = Model::open(&spec, &device)?;
    Ok((model, format!("{} {}", name(&device), dtype.as_str())))
}

/// A device's name as `--device` takes it.
pub fn name(device: &Device) -> &'static str {
    match device {
        Device::Cpu => "cpu",
        Device::Cuda(_) => "cuda",
        Device::Metal(_) => "metal",
    }
}
