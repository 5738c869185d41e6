//! Fast paths for CUDA: the passes over memory that candle's own operations take one after another, fused.
//!
//! Every function here has a counterpart in candle's operations and one for the CPU, and the layers choose. The
//! kernels are in `kernels.cu`; this side checks shapes and counts threads.
//!
//! **Invariant:** everything runs on the device's one stream, so what was launched earlier is done earlier.

mod attention;
mod conv;
mod launch;
mod op;
mod pointwise;

pub use attention::{attention, fits};
pub use conv::conv2d;
pub use launch::is_fast;
pub use pointwise::{add_bias, geglu, group_norm};

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::{result, sys};
use candle_core::{Device, Result};

/// Sets a device up for a program that works on it with one stream: freed memory stays with the program, and buffers
/// don't record who used them.
pub fn prepare(device: &Device) -> Result<()> {
    let device = device.as_cuda_device()?;
    let context = device.cuda_stream().context().clone();
    let mut keep = u64::MAX;
    // SAFETY: there is only one stream, and the attribute is a u64.
    #[allow(unsafe_code, reason = "the driver has no other door")]
    unsafe {
        device.disable_event_tracking();
        let pool = result::device::get_default_mem_pool(context.cu_device()).w()?;
        let threshold = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
        result::mem_pool::set_attribute(pool, threshold, (&raw mut keep).cast()).w()
    }
}

/// Free memory of the card, in bytes; none for another device.
pub fn free_memory(device: &Device) -> Option<u64> {
    let device = device.as_cuda_device().ok()?;
    device.cuda_stream().context().mem_get_info().ok().map(|(free, _)| free as u64)
}

/// Whether products in single precision may round their factors to TF32, which has as many digits as f16.
pub fn allow_tf32(yes: bool) {
    candle_core::cuda_backend::set_gemm_reduced_precision_f32(yes);
}

#[cfg(test)]
mod tests;
