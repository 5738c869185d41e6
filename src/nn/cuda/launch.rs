//! Launching kernels: how threads are counted, and what a kernel may be given.

use candle_core::cuda_backend::CudaDType;
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, CudaView, DeviceRepr, LaunchConfig};
use candle_core::{CudaDevice, CudaStorage, DType, Layout, Result, Tensor, WithDType, bail};

pub(super) mod kernels {
    include!(concat!(env!("OUT_DIR"), "/kernels.rs"));
}

/// True where the fast paths apply.
pub fn is_fast(x: &Tensor) -> bool {
    x.device().is_cuda() && matches!(x.dtype(), DType::F32 | DType::F16 | DType::BF16)
}

/// What the kernels compute in.
pub(super) trait Float: CudaDType + WithDType + DeviceRepr {}

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
pub(super) use on_floats;

/// How many values a thread takes at once: eight where a line of `line` values, from `starts` on, allows it.
pub(super) fn pack(line: usize, starts: &[&Layout]) -> usize {
    let aligned = |n: usize| n.is_multiple_of(8);
    if aligned(line) && starts.iter().all(|at| aligned(at.start_offset())) { 8 } else { 1 }
}

/// The values of a dense tensor.
pub(super) fn dense<'a, T: Float>(storage: &'a CudaStorage, at: &Layout) -> Result<CudaView<'a, T>> {
    match at.contiguous_offsets() {
        Some((from, to)) => Ok(storage.as_cuda_slice::<T>()?.slice(from..to)),
        None => bail!("a CUDA fast path was given a tensor that is not dense"),
    }
}

/// Memory for `count` values that the next launch writes.
#[allow(unsafe_code, reason = "a kernel writes every value before anything reads one")]
pub(super) fn alloc<T: Float>(device: &CudaDevice, count: usize) -> Result<CudaSlice<T>> {
    // SAFETY: as above.
    unsafe { device.alloc::<T>(count) }
}

/// As a kernel counts.
pub(super) fn count(n: usize) -> Result<u32> {
    match u32::try_from(n) {
        // The last round of a kernel's loop has to end before the numbers do.
        Ok(n) if n < 1 << 31 => Ok(n),
        _ => bail!("{n} values are too many for one CUDA kernel"),
    }
}

/// As a kernel measures.
pub(super) fn int(n: usize) -> Result<i32> {
    i32::try_from(n).map_err(candle_core::Error::wrap)
}

/// A grid in which each thread takes a pack of `pack` of `count` values, or several packs.
pub(super) fn grid(count: u32, pack: usize) -> LaunchConfig {
    const THREADS: u32 = 256;
    let blocks = count.div_ceil(THREADS * pack as u32).clamp(1, 1 << 20);
    LaunchConfig { grid_dim: (blocks, 1, 1), block_dim: (THREADS, 1, 1), shared_mem_bytes: 0 }
}

/// Launches the kernel called `$name` with the variables that follow, in the order in which it declares them.
macro_rules! launch {
    ($device:expr, $name:expr, $config:expr, $($argument:ident),+) => {{
        use candle_core::cuda_backend::cudarc::driver::PushKernelArg;
        let function = $device.get_or_load_custom_func($name, "beatbolt", crate::nn::cuda::launch::kernels::KERNELS)?;
        let mut launch = function.builder();
        $(launch.arg(&$argument);)+
        #[allow(unsafe_code, reason = "a kernel can be launched in no other way")]
        // SAFETY: the arguments are what the kernel declares, and every index that it computes from them was checked.
        let launched = unsafe { launch.launch($config) };
        candle_core::cuda_backend::WrapErr::w(launched)?;
    }};
}
pub(super) use launch;
