//! Model specs: which model, and how much work goes into its pictures.

use super::tier::Tier;
use crate::error::{Error, Result};
use crate::weights::Placement;
use candle_core::{DType, Device};
use std::path::PathBuf;

/// The number format that text encoder and UNet compute in. The autoencoder always computes in single precision,
/// because full-size ones overflow in half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Single precision: exact, and the fastest on a CPU.
    #[default]
    F32,
    /// Half precision, for graphics processors.
    F16,
    /// Brain floats, for graphics processors.
    Bf16,
}

/// Which model, and how it is to be sampled.
#[derive(Clone, Debug, Default)]
pub struct ModelSpec {
    /// A folder in diffusers' layout, or a checkpoint in one file.
    pub folder: PathBuf,
    /// A motion module that is used instead of the folder's own.
    pub motion: Option<PathBuf>,
    /// An autoencoder that is used instead of the model's own: a file, or a folder with its settings and its weights.
    pub vae: Option<PathBuf>,
    /// Last layers of the text encoder that are left out: 1 is what is called clip skip 2.
    pub skipped_layers: usize,
    /// How much work goes into every picture.
    pub tier: Tier,
    /// Denoising steps that were asked for; none: as many as the module and the tier want. Of several motion modules in the folder the one
    /// in `motion_adapter_4step` is taken for 4 steps, otherwise the standard one in `motion_adapter`.
    pub steps: Option<usize>,
    /// Steps that the motion module was not made for are taken all the same.
    pub force_steps: bool,
    /// Whether memory is saved at the cost of time: on a CPU large weights are rounded to 16 bits where the files have more, pictures
    /// are decoded one by one, and never while a window is denoised.
    pub low_memory: bool,
}

impl Precision {
    /// Tensors of this format on `device`.
    ///
    /// # Errors
    /// Usage: half precision on a CPU.
    pub fn on(self, device: &Device) -> Result<Placement> {
        let dtype = match self {
            Precision::F32 => DType::F32,
            _ if device.is_cpu() => {
                return Err(Error::usage(format!("{self:?} is not supported on the CPU"))
                    .hint("f32 is, and it is the fastest there"));
            }
            Precision::F16 => DType::F16,
            Precision::Bf16 => DType::BF16,
        };
        Ok(Placement { dtype, device: device.clone() })
    }
}
