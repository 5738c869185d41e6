//! Fast paths for CUDA: the passes over memory that candle's own operations take one after another, fused.
//!
//! Every function here has a counterpart in candle's operations and one for the CPU, and the layers choose. The
//! kernels are in `kernels.cu`; this side checks shapes and counts threads.
//!
//! **Invariant:** everything runs on the device's one stream, so what was launched earlier is done earlier.

mod attention;
mod conv;
mod op;
mod pointwise;

pub use attention::{attention, fits};
pub use conv::conv2d;
pub use pointwise::{add_bias, geglu, group_norm};

use candle_core::cuda_backend::cudarc::driver::{CudaSlice, CudaView, DeviceRepr, LaunchConfig, result, sys};
use candle_core::cuda_backend::{CudaDType, WrapErr};
use candle_core::{CudaDevice, CudaStorage, DType, Device, Layout, Result, Tensor, WithDType, bail};

mod kernels {
    include!(concat!(env!("OUT_DIR"), "/kernels.rs"));
}

/// What the kernels compute in.
trait Float: CudaDType + WithDType + DeviceRepr {}

impl<T: CudaDType + WithDType + DeviceRepr> Float for T {}

/// Runs an expression with the values of a storage of floats.
macro_rules! on_floats {
    ($storage:expr, $values:ident => $run:expr) => {
        match &$storage.slice {
            candle_core::cuda_backend::CudaStorageSlice::F32($values) => $run,
            candle_core::cuda_backend::CudaStorageSlice::F16($values) => $run,
            candle_core::cuda_backend::CudaStorageSlice::BF16($values) => $run,
            _ => candle_core::bail!("a CUDA fast path was given a tensor that is not of floats"),
        }
    };
}
use on_floats;

/// True where the fast paths apply.
pub fn is_fast(x: &Tensor) -> bool {
    x.device().is_cuda() && matches!(x.dtype(), DType::F32 | DType::F16 | DType::BF16)
}

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

/// Whether products in single precision may round their factors to TF32, which has as many digits as f16.
pub fn allow_tf32(yes: bool) {
    candle_core::cuda_backend::set_gemm_reduced_precision_f32(yes);
}

/// How many values a thread takes at once: eight where a line of `line` values, from `starts` on, allows it.
fn pack(line: usize, starts: &[&Layout]) -> usize {
    let aligned = |n: usize| n.is_multiple_of(8);
    if aligned(line) && starts.iter().all(|at| aligned(at.start_offset())) { 8 } else { 1 }
}

/// The values of a dense tensor.
fn dense<'a, T: Float>(storage: &'a CudaStorage, at: &Layout) -> Result<CudaView<'a, T>> {
    match at.contiguous_offsets() {
        Some((from, to)) => Ok(storage.as_cuda_slice::<T>()?.slice(from..to)),
        None => bail!("a CUDA fast path was given a tensor that is not dense"),
    }
}

/// Memory for `count` values that the next launch writes.
#[allow(unsafe_code, reason = "a kernel writes every value before anything reads one")]
fn alloc<T: Float>(device: &CudaDevice, count: usize) -> Result<CudaSlice<T>> {
    // SAFETY: as above.
    unsafe { device.alloc::<T>(count) }
}

/// As a kernel counts.
fn count(n: usize) -> Result<u32> {
    match u32::try_from(n) {
        // The last round of a kernel's loop has to end before the numbers do.
        Ok(n) if n < 1 << 31 => Ok(n),
        _ => bail!("{n} values are too many for one CUDA kernel"),
    }
}

/// As a kernel measures.
fn int(n: usize) -> Result<i32> {
    i32::try_from(n).map_err(candle_core::Error::wrap)
}

/// A grid in which each thread takes a pack of `pack` of `count` values, or several packs.
fn grid(count: u32, pack: usize) -> LaunchConfig {
    const THREADS: u32 = 256;
    let blocks = count.div_ceil(THREADS * pack as u32).clamp(1, 1 << 20);
    LaunchConfig { grid_dim: (blocks, 1, 1), block_dim: (THREADS, 1, 1), shared_mem_bytes: 0 }
}

/// Launches the kernel called `$name` with the variables that follow, in the order in which it declares them.
macro_rules! launch {
    ($device:expr, $name:expr, $config:expr, $($argument:ident),+) => {{
        use candle_core::cuda_backend::cudarc::driver::PushKernelArg;
        let function = $device.get_or_load_custom_func($name, "beatbolt", super::kernels::KERNELS)?;
        let mut launch = function.builder();
        $(launch.arg(&$argument);)+
        #[allow(unsafe_code, reason = "a kernel can be launched in no other way")]
        // SAFETY: the arguments are what the kernel declares, and every index that it computes from them was checked.
        let launched = unsafe { launch.launch($config) };
        candle_core::cuda_backend::WrapErr::w(launched)?;
    }};
}
use launch;

#[cfg(test)]
mod tests;
