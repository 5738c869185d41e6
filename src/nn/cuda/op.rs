//! candle's doors for operations of one's own, with nothing behind them on other devices.

use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, CustomOp3, InplaceOp3, Layout, Result, Shape, Tensor, bail,
};

/// A tensor as an operation gets it.
pub(super) type Part<'a> = (&'a CudaStorage, &'a Layout);

/// What `f` makes of the dense values of `x`.
pub(super) fn unary(
    name: &'static str,
    x: &Tensor,
    f: impl Fn(Part<'_>) -> Result<(CudaStorage, Shape)>,
) -> Result<Tensor> {
    x.contiguous()?.apply_op1_no_bwd(&Op(name, f))
}

/// What `f` makes of the dense values of three tensors.
pub(super) fn ternary(
    name: &'static str,
    [x, y, z]: [&Tensor; 3],
    f: impl Fn([Part<'_>; 3]) -> Result<(CudaStorage, Shape)>,
) -> Result<Tensor> {
    x.contiguous()?.apply_op3_no_bwd(&y.contiguous()?, &z.contiguous()?, &Op(name, f))
}

/// Lets `f` change `x`, which is dense and a fresh result that nobody else holds, by what two others say.
pub(super) fn update(
    name: &'static str,
    x: &Tensor,
    [y, z]: [&Tensor; 2],
    f: impl Fn([Part<'_>; 3]) -> Result<()>,
) -> Result<()> {
    x.inplace_op3(&y.contiguous()?, &z.contiguous()?, &Op(name, f))
}

struct Op<F>(&'static str, F);

impl<F: Fn(Part<'_>) -> Result<(CudaStorage, Shape)>> CustomOp1 for Op<F> {
    fn name(&self) -> &'static str {
        self.0
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        bail!("{} is for CUDA only", self.0)
    }

    fn cuda_fwd(&self, x: &CudaStorage, at: &Layout) -> Result<(CudaStorage, Shape)> {
        (self.1)((x, at))
    }
}

impl<F: Fn([Part<'_>; 3]) -> Result<(CudaStorage, Shape)>> CustomOp3 for Op<F> {
    fn name(&self) -> &'static str {
        self.0
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        bail!("{} is for CUDA only", self.0)
    }

    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_at: &Layout,
        y: &CudaStorage,
        y_at: &Layout,
        z: &CudaStorage,
        z_at: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        (self.1)([(x, x_at), (y, y_at), (z, z_at)])
    }
}

impl<F: Fn([Part<'_>; 3]) -> Result<()>> InplaceOp3 for Op<F> {
    fn name(&self) -> &'static str {
        self.0
    }

    fn cpu_fwd(
        &self,
        _: &mut CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<()> {
        bail!("{} is for CUDA only", self.0)
    }

    fn cuda_fwd(
        &self,
        x: &mut CudaStorage,
        x_at: &Layout,
        y: &CudaStorage,
        y_at: &Layout,
        z: &CudaStorage,
        z_at: &Layout,
    ) -> Result<()> {
        (self.1)([(x, x_at), (y, y_at), (z, z_at)])
    }
}
