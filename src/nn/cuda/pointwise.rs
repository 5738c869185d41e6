//! Group norm, bias with residual, and gated GELU.

use super::launch::{Float, alloc, count, dense, grid, int, launch, on_floats, pack};
use super::op::{Part, ternary, unary, update};
use crate::nn::cpu::norm::GroupNormSpec;
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, LaunchConfig};
use candle_core::{CudaStorage, Result, Shape, Tensor, bail};

/// Group norm of `x` \[n, c, h, w] with `weight` and `bias` \[c].
pub fn group_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, spec: GroupNormSpec) -> Result<Tensor> {
    let (_, c, _, _) = x.dims4()?;
    if spec.groups == 0 || !c.is_multiple_of(spec.groups) || weight.dims() != [c] || bias.dims() != [c] {
        bail!("{} groups don't divide {c} channels", spec.groups);
    }
    if x.elem_count() == 0 {
        return Ok(x.clone());
    }
    ternary(
        "group-norm",
        [x, weight, bias],
        |parts| on_floats!(parts[0].0, typed => normed(typed, parts, spec)),
    )
}

fn normed<T: Float>(
    _: &CudaSlice<T>,
    [(x, x_at), (weight, weight_at), (bias, bias_at)]: [Part<'_>; 3],
    GroupNormSpec { groups, eps, together, silu }: GroupNormSpec,
) -> Result<(CudaStorage, Shape)> {
    let (n, c, h, w) = x_at.shape().dims4()?;
    let device = x.device.clone();
    let y = alloc::<T>(&device, n * c * h * w)?;
    let (x, weight, bias) =
        (dense::<T>(x, x_at)?, dense::<T>(weight, weight_at)?, dense::<T>(bias, bias_at)?);
    let name = format!("group_norm_{}_{}", T::DTYPE.as_str(), pack(h * w, &[x_at]));
    let images = if together { 1 } else { n };
    let config = LaunchConfig {
        grid_dim: (count(groups)?, count(images)?, 1),
        block_dim: (512, 1, 1),
        shared_mem_bytes: 0,
    };
    let (per, plane, frames) = (int(c / groups)?, int(h * w)?, int(n / images)?);
    let (eps, silu) = (eps as f32, i32::from(silu));
    launch!(device, &name, config, x, weight, bias, y, per, plane, frames, eps, silu);
    Ok((CudaStorage::wrap_cuda_slice(y, device), x_at.shape().clone()))
}

/// What [`add_bias`] does to a result.
#[derive(Clone, Copy)]
struct Add {
    /// Neighbours that share an entry of the bias.
    inner: usize,
    residual: bool,
    relu: bool,
}

/// Adds `bias` \[c] to `y` in place, and `residual`, which is shaped like it; then takes max(y, 0) if `relu`. `inner`
/// neighbours share an entry of the bias: h·w for pictures \[n, c, h, w], 1 for tokens \[.., c]. `y` must be dense
/// and a fresh result that nobody else holds.
pub fn add_bias(
    y: &Tensor,
    bias: &Tensor,
    residual: Option<&Tensor>,
    (inner, relu): (usize, bool),
) -> Result<()> {
    let channels = bias.elem_count();
    if residual.is_some_and(|r| r.shape() != y.shape()) || !y.elem_count().is_multiple_of(inner * channels) {
        bail!("bias {:?} or residual don't fit {:?}", bias.dims(), y.dims());
    }
    let add = Add { inner, residual: residual.is_some(), relu };
    // An absent residual is read as the bias and not looked at.
    update(
        "add-bias",
        y,
        [bias, residual.unwrap_or(bias)],
        |parts| on_floats!(parts[0].0, typed => add.to(typed, parts)),
    )
}

impl Add {
    fn to<T: Float>(
        self,
        _: &CudaSlice<T>,
        [(y, y_at), (bias, bias_at), (residual, residual_at)]: [Part<'_>; 3],
    ) -> Result<()> {
        let device = y.device.clone();
        let channels = bias_at.shape().elem_count();
        let line = if self.inner == 1 { channels } else { self.inner };
        let read = [y_at, residual_at];
        let pack = pack(line, if self.residual { &read } else { &read[..1] });
        let (y, bias, residual) =
            (dense::<T>(y, y_at)?, dense::<T>(bias, bias_at)?, dense::<T>(residual, residual_at)?);
        let (total, inner, channels) =
            (count(y_at.shape().elem_count())?, count(self.inner)?, count(channels)?);
        let (add, relu) = (i32::from(self.residual), i32::from(self.relu));
        let name = format!("finish_{}_{pack}", T::DTYPE.as_str());
        launch!(device, &name, grid(total, pack), y, bias, residual, total, inner, channels, add, relu);
        Ok(())
    }
}

/// h · gelu(g) of `x` = (h, g) \[.., 2d].
pub fn geglu(x: &Tensor) -> Result<Tensor> {
    unary("geglu", x, |part| on_floats!(part.0, typed => gated(typed, part)))
}

fn gated<T: Float>(_: &CudaSlice<T>, (x, at): Part<'_>) -> Result<(CudaStorage, Shape)> {
    let mut dims = at.shape().dims().to_vec();
    let Some(last) = dims.last_mut().filter(|last| last.is_multiple_of(2)) else {
        bail!("{:?} has no halves", at.shape());
    };
    *last /= 2;
    let (half, device) = (*last, x.device.clone());
    let total = count(at.shape().elem_count() / 2)?;
    let y = alloc::<T>(&device, total as usize)?;
    let x = dense::<T>(x, at)?;
    let (pack, width) = (pack(half, &[at]), count(half)?);
    launch!(device, &format!("geglu_{}_{pack}", T::DTYPE.as_str()), grid(total, pack), x, y, total, width);
    Ok((CudaStorage::wrap_cuda_slice(y, device), dims.into()))
}
