//! 2-D convolution: the picture is unrolled into a matrix, some of the output's rows at a time, and multiplied.

use super::launch::{Float, alloc, count, dense, grid, int, launch, on_floats, pack};
use super::op::{Part, unary};
use super::pointwise::add_bias;
use crate::nn::cpu::conv_config::{Below, Conv2dConfig, Finish};
use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::{CudaStorage, Result, Shape, Tensor};

/// Values of an unrolled picture that exist at the same time.
const UNROLLED: usize = 1 << 27;

/// Convolves `x` \[n, c, h, w] with `weight` \[o, c, k, k], adds `bias` \[o], gives \[n, o, h', w'].
pub fn conv2d(
    x: &Tensor,
    (weight, bias): (&Tensor, &Tensor),
    window: Conv2dConfig,
    finish: Finish<'_>,
) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    let (o, _, kernel, _) = weight.dims4()?;
    let (height, width) = window.output(x, weight)?;
    let x = x.contiguous()?;
    let depth = c * kernel * kernel;
    // The same matrix for every image.
    let weight = weight.reshape((1, o, depth))?.broadcast_as((n, o, depth))?;
    let y = if kernel == 1 && window.stride == 1 && (height, width) == (h, w) {
        weight.matmul(&x.reshape((n, c, h * w))?)?
    } else {
        let most = (UNROLLED / (n * depth * width).max(1)).clamp(1, height);
        let strip = |top: usize| {
            let strip = Unroll { kernel, window, top, rows: most.min(height - top), width };
            weight.matmul(&unary("unroll", &x, |part| on_floats!(part.0, typed => strip.of(typed, part)))?)
        };
        let strips = (0..height).step_by(most).map(strip).collect::<Result<Vec<_>>>()?;
        if let [one] = &strips[..] { one.clone() } else { Tensor::cat(&strips, 2)? }
    };
    let y = y.reshape((n, o, height, width))?;
    let relu = matches!(finish.below, Below::Vanish);
    add_bias(&y, bias, finish.residual, (height * width, relu))?;
    Ok(y)
}

/// `x` \[n, c, h, w] to \[n, c k k, rows width]: what the kernel meets for the output's rows from `top` on.
struct Unroll {
    kernel: usize,
    window: Conv2dConfig,
    top: usize,
    rows: usize,
    width: usize,
}

impl Unroll {
    fn of<T: Float>(&self, _: &CudaSlice<T>, (x, at): Part<'_>) -> Result<(CudaStorage, Shape)> {
        let (n, c, h, w) = at.shape().dims4()?;
        let shape = Shape::from((n, c * self.kernel * self.kernel, self.rows * self.width));
        let (device, x) = (x.device.clone(), dense::<T>(x, at)?);
        let total = count(shape.elem_count())?;
        let y = alloc::<T>(&device, total as usize)?;
        // Only writes are packs: the picture is read value by value.
        let pack = pack(self.width, &[]);
        let (height, width) = (int(h)?, int(w)?);
        let (kernel, stride, before) =
            (int(self.kernel)?, int(self.window.stride)?, int(self.window.before)?);
        let (top, rows, columns) = (int(self.top)?, int(self.rows)?, int(self.width)?);
        let (name, config) = (format!("unroll_{}_{pack}", T::DTYPE.as_str()), grid(total, pack));
        launch!(
            device, &name, config, x, y, total, height, width, kernel, stride, before, top, rows, columns
        );
        Ok((CudaStorage::wrap_cuda_slice(y, device), shape))
    }
}
