//! Model specs: which model, and how much work goes into its pictures.

use super::tier::Tier;
use crate::error::{Error, Result};
use crate::nn::cpu::bf16;
use crate::weights::Placement;
use candle_core::{DType, Device};
use std::path::PathBuf;

/// The number format that text encoder and UNet compute in. On a graphics processor the autoencoder computes in single precision always,
/// because full-size ones overflow in half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Single precision: exact.
    #[default]
    F32,
    /// Half precision, for graphics processors.
    F16,
    /// Brain floats, for graphics processors, and for CPUs with AMX: there tensors are single, and the factors of products are rounded.
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
    /// Whether other processes on this computer read the same weights: on a CPU large ones stay in their files then, of which the system
    /// keeps one copy, at the cost of some time in every step; and pictures are never decoded while a window is denoised.
    pub shared_weights: bool,
}

impl Precision {
    /// What suits `device`: on a CPU brain floats where it multiplies them (pictures differ from single precision's by less than is seen:
    /// docs/models.md), elsewhere half precision.
    pub fn usual(device: &Device) -> Self {
        match device.is_cpu() {
            true if bf16::is_there() => Precision::Bf16,
            true => Precision::F32,
            false => Precision::F16,
        }
    }

    /// Tensors of this format on `device`.
    ///
    /// # Errors
    /// Usage: half precision on a CPU, or brain floats on one that doesn't multiply them.
    pub fn on(self, device: &Device) -> Result<Placement> {
        let dtype = match self {
            Precision::F32 => DType::F32,
            Precision::Bf16 if device.is_cpu() && bf16::is_there() => DType::BF16,
            Precision::Bf16 if device.is_cpu() => {
                return Err(Error::usage("this processor doesn't multiply in bf16")
                    .hint("AMX does, of Intel's server processors since 2023, under Linux")
                    .hint("f32 works everywhere"));
            }
            _ if device.is_cpu() => {
                return Err(Error::usage(format!("{self:?} is not supported on the CPU"))
                    .hint("f32 is, and bf16 where the processor has AMX"));
            }
            Precision::F16 => DType::F16,
            Precision::Bf16 => DType::BF16,
        };
        Ok(Placement { dtype, device: device.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_cpu_takes_single_precision_and_brain_floats_where_it_multiplies_them() {
        assert_eq!(Precision::F32.on(&Device::Cpu).unwrap().to_string(), "cpu f32");
        let refused = Precision::F16.on(&Device::Cpu).unwrap_err();
        assert!(refused.kind() == ErrorKind::Usage && !refused.hints().is_empty());
        match Precision::Bf16.on(&Device::Cpu) {
            Ok(placement) => assert!(bf16::is_there() && placement.rounds()),
            Err(refused) => assert!(!bf16::is_there() && !refused.hints().is_empty()),
        }
    }
}
