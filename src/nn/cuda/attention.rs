//! Attention in half precision that never writes its logits down.

use super::launch::{Float, alloc, count, dense, int, is_fast, kernels, launch, on_floats};
use super::op::{Part, ternary};
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, LaunchConfig};
use candle_core::{CudaStorage, DType, Result, Shape, Tensor, WithDType, bail};
use std::sync::LazyLock;

/// Widths of a head that there are kernels for; others are filled up with zeros.
const WIDTHS: [usize; 7] = [16, 32, 48, 64, 80, 128, 160];

/// The kernels are left out where they are compiled for cards before compute capability 8.0.
static COMPILED: LazyLock<bool> = LazyLock::new(|| kernels::KERNELS.contains(".entry attend_"));

/// Whether there is a kernel for queries `q` \[b, n, heads·d].
pub fn fits(q: &Tensor, heads: usize) -> bool {
    let d = q.dims().last().map_or(0, |c| c / heads.max(1));
    let half = is_fast(q) && q.dtype() != DType::F32;
    half && d.is_multiple_of(8) && (8..=160).contains(&d) && *COMPILED
}

/// softmax(scale q kᵀ / sqrt(d)) v in every head, where [`fits`] holds; `row_scale` \[n] is 1 where there is none.
///
/// # Shapes
/// `q` \[b, n, heads·d], `k` and `v` \[b, m, heads·d] or \[1, m, heads·d] for all of the batch; gives \[b, n, heads·d].
pub fn attention(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    (heads, row_scale): (usize, Option<&[f32]>),
) -> Result<Tensor> {
    let ((b, n, c), (keys, m, _)) = (q.dims3()?, k.dims3()?);
    if k.dims() != v.dims() || k.dim(2)? != c || (keys != b && keys != 1) || m == 0 {
        bail!("keys {:?} and values {:?} don't fit queries {:?}", k.dims(), v.dims(), q.dims());
    }
    if row_scale.is_some_and(|scale| scale.len() != n) {
        bail!("a row scale is not {n} values");
    }
    let row_scale = row_scale.filter(|scale| scale.iter().any(|&s| s != 1.0)).map(<[f32]>::to_vec);
    let attend = Attend { heads, row_scale };
    ternary("attention", [q, k, v], |parts| on_floats!(parts[0].0, typed => attend.to(typed, parts)))
}

struct Attend {
    heads: usize,
    row_scale: Option<Vec<f32>>,
}

impl Attend {
    fn to<T: Float>(
        &self,
        _: &CudaSlice<T>,
        [(q, q_at), (k, k_at), (v, v_at)]: [Part<'_>; 3],
    ) -> Result<(CudaStorage, Shape)> {
        let ((b, n, c), (keys, m, _)) = (q_at.shape().dims3()?, k_at.shape().dims3()?);
        let d = c / self.heads;
        let Some(wide) = WIDTHS.into_iter().find(|&wide| wide >= d) else {
            bail!("there is no attention kernel for heads of {d}");
        };
        // A kernel reads eight values at once.
        if [q_at, k_at, v_at].iter().any(|at| !at.start_offset().is_multiple_of(8)) {
            bail!("attention begins within a pack");
        }
        let (warps, at_once) = if n <= 16 && m <= 16 { (1, 16) } else { (4, 64) };
        let device = q.device.clone();
        let out = alloc::<T>(&device, b * n * c)?;
        let scale_rows = match &self.row_scale {
            Some(scale) => device.clone_htod(&scale[..])?,
            // Without `scaled` the kernel doesn't look at it.
            None => alloc::<f32>(&device, 1)?,
        };
        let (q, k, v) = (dense::<T>(q, q_at)?, dense::<T>(k, k_at)?, dense::<T>(v, v_at)?);
        let name = format!("attend_{}_{wide}_{at_once}", <T as WithDType>::DTYPE.as_str());
        let config = LaunchConfig {
            grid_dim: (count(b * n.div_ceil(16 * warps))?, count(self.heads)?, 1),
            block_dim: (32 * warps as u32, 1, 1),
            shared_mem_bytes: 0,
        };
        let scale = (std::f64::consts::LOG2_E / (d as f64).sqrt()) as f32;
        let (scaled, shared) = (i32::from(self.row_scale.is_some()), i32::from(keys != b));
        let (n, m, d, heads) = (int(n)?, int(m)?, int(d)?, int(self.heads)?);
        launch!(device, &name, config, q, k, v, scale_rows, out, n, m, d, heads, shared, scaled, scale);
        Ok((CudaStorage::wrap_cuda_slice(out, device), q_at.shape().clone()))
    }
}
