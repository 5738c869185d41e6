//! The one attention of the whole stack: self, cross, temporal and causal.

use super::cpu;
use candle_core::{DType, Result, Tensor, bail};

/// Logits that exist at the same time where the fast path does not apply: 128 MiB in half precision.
const LOGITS: usize = 1 << 26;

/// Keys from which on rounding is faster.
const MANY: usize = 64;

/// How queries look at keys.
#[derive(Clone, Copy, Debug)]
pub struct Attend<'a> {
    /// Number of heads that the width is divided into.
    pub heads: usize,
    /// A factor on each query row's logits, beside 1/sqrt(d): above 1 a row listens to fewer keys, at 0 to all alike.
    pub row_scale: Option<&'a [f32]>,
    /// Row i sees no key behind i.
    pub causal: bool,
    /// Both products round their factors to bf16 where that is faster: among many keys. Only on CPUs that multiply so.
    pub rounds: bool,
}

impl Attend<'_> {
    /// Plain attention with `heads` heads.
    pub fn plain(heads: usize) -> Self {
        Attend { heads, row_scale: None, causal: false, rounds: false }
    }
}

/// softmax(scale q kᵀ / sqrt(d)) v in every head.
///
/// # Shapes
/// `q` \[b, n, heads·d], `k` and `v` \[b, m, heads·d] or \[1, m, heads·d] for all of the batch; gives \[b, n, heads·d].
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, how: Attend<'_>) -> Result<Tensor> {
    let (b, n, c) = q.dims3()?;
    let shared = b > 1 && k.dim(0)? == 1;
    if shared && how.row_scale.is_none() && !how.causal {
        // The same keys for all: queries of the whole batch are rows of one problem.
        return attention(&q.reshape((1, b * n, c))?, k, v, how)?.reshape((b, n, c));
    }
    #[cfg(feature = "cuda")]
    if super::cuda::fits(q, how.heads) && !how.causal {
        return super::cuda::attention(q, k, v, (how.heads, how.row_scale));
    }
    let (k, v) = if shared { (k.repeat((b, 1, 1))?, v.repeat((b, 1, 1))?) } else { (k.clone(), v.clone()) };
    if how.row_scale.is_some_and(|s| s.len() != n) || how.heads == 0 || c % how.heads != 0 {
        bail!("attention of {:?} with {} heads does not fit its row scale", q.dims(), how.heads);
    }
    let simple = how.row_scale.is_none() && !how.causal;
    if how.rounds && simple && cpu::is_fast(q) && k.dim(1)? >= MANY {
        return cpu::bf16::attention(q, &k, &v, how.heads);
    }
    if cpu::is_fast(q) {
        let ones = vec![1.0; n];
        return cpu::attention::attention(q, &k, &v, (how.heads, how.row_scale.unwrap_or(&ones), how.causal));
    }
    by_products(q, &k, &v, how, LOGITS)
}

/// Attention by candle's own operations, as many query rows at a time as give no more than `bound` logits.
fn by_products(q: &Tensor, k: &Tensor, v: &Tensor, how: Attend<'_>, bound: usize) -> Result<Tensor> {
    let (b, n, c) = q.dims3()?;
    let d = c / how.heads;
    let split = |x: &Tensor| x.reshape((b, (), how.heads, d))?.transpose(1, 2)?.contiguous();
    let mut q = (split(q)? * (1.0 / (d as f64).sqrt()))?; // [b, heads, n, d]
    if let Some(scale) = how.row_scale {
        let scale = Tensor::from_slice(scale, (1, 1, n, 1), q.device())?.to_dtype(q.dtype())?;
        q = q.broadcast_mul(&scale)?;
    }
    let (k, v) = (split(k)?.transpose(2, 3)?.contiguous()?, split(v)?);
    let most = (bound / (b * how.heads * k.dim(3)?).max(1)).clamp(1, n.max(1));
    let mut parts = Vec::new();
    for first in (0..n).step_by(most) {
        let rows = most.min(n - first);
        let mut logits = q.narrow(2, first, rows)?.contiguous()?.matmul(&k)?;
        if !logits.device().is_cuda() {
            // Half precision is too narrow for sums over thousands of keys; the kernel for CUDA sums in single itself.
            logits = logits.to_dtype(DType::F32)?;
        }
        if how.causal {
            let mask = causal_mask(first, rows, &logits)?.to_dtype(logits.dtype())?;
            logits = logits.broadcast_add(&mask)?;
        }
        let weights = candle_nn::ops::softmax_last_dim(&logits)?.to_dtype(v.dtype())?;
        parts.push(weights.matmul(&v)?); // [b, heads, rows, d]
    }
    Tensor::cat(&parts, 2)?.transpose(1, 2)?.reshape((b, n, c))
}

/// Minus infinity where a key lies behind its query, for query rows from `first` on: \[rows, m].
fn causal_mask(first: usize, rows: usize, logits: &Tensor) -> Result<Tensor> {
    let m = logits.dim(3)?;
    let hidden = |row: usize, key: usize| if key > first + row { f32::NEG_INFINITY } else { 0.0 };
    let mask: Vec<f32> = (0..rows).flat_map(|r| (0..m).map(move |k| hidden(r, k))).collect();
    Tensor::from_vec(mask, (rows, m), logits.device())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::apart;
    use crate::noise::{Stream, gaussian};

    fn noise(seed: u64, shape: [usize; 3]) -> Tensor {
        let mut values = vec![0.0; shape.iter().product()];
        gaussian(seed, Stream::Latents, 0, &mut values);
        cpu::tensor(values, &shape[..]).unwrap()
    }

    /// The definition, entry by entry in double precision.
    fn naive(q: &Tensor, k: &Tensor, v: &Tensor, how: Attend<'_>) -> Tensor {
        let [q3, k3, v3] = [q, k, v].map(|t| t.to_vec3::<f32>().unwrap());
        let (b, n, c) = q.dims3().unwrap();
        let d = c / how.heads;
        let mut out = vec![0.0f32; b * n * c];
        for (at, slot) in out.iter_mut().enumerate() {
            let (i, row, column) = (at / (n * c), at / c % n, at % c);
            let head = column / d * d..column / d * d + d;
            let (mut top, mut bottom) = (0.0, 0.0);
            for (j, (key, value)) in k3[i].iter().zip(&v3[i]).enumerate() {
                if how.causal && j > row {
                    continue;
                }
                let dot: f64 = head.clone().map(|x| f64::from(q3[i][row][x]) * f64::from(key[x])).sum();
                let scale = f64::from(how.row_scale.map_or(1.0, |s| s[row]));
                let weight = (dot * scale / (d as f64).sqrt()).exp();
                top += weight * f64::from(value[column]);
                bottom += weight;
            }
            *slot = (top / bottom) as f32;
        }
        cpu::tensor(out, (b, n, c)).unwrap()
    }

    #[test]
    fn both_ways_are_the_definition() {
        let scale: Vec<f32> = (0..9).map(|i| 0.3 * i as f32).collect();
        for (b, n, m, heads, d) in [(2, 9, 9, 3, 5), (1, 9, 33, 1, 16), (3, 9, 2, 2, 40)] {
            let (q, k, v) =
                (noise(1, [b, n, heads * d]), noise(2, [b, m, heads * d]), noise(3, [b, m, heads * d]));
            for (row_scale, causal) in [(None, false), (Some(&scale[..]), false), (None, true)] {
                let how = Attend { row_scale, causal, ..Attend::plain(heads) };
                let exact = naive(&q, &k, &v, how);
                assert!(apart(&attention(&q, &k, &v, how).unwrap(), &exact) < 2e-6);
                assert!(apart(&by_products(&q, &k, &v, how, LOGITS).unwrap(), &exact) < 2e-6);
            }
        }
    }

    #[test]
    fn long_sequences_are_cut_without_a_trace() {
        let (q, k, v) = (noise(1, [1, 1100, 8]), noise(2, [1, 300, 8]), noise(3, [1, 300, 8]));
        let how = Attend::plain(2);
        let exact = naive(&q, &k, &v, how);
        assert!(apart(&attention(&q, &k, &v, how).unwrap(), &exact) < 2e-6);
        // 166 rows at a time.
        assert!(apart(&by_products(&q, &k, &v, how, 100_000).unwrap(), &exact) < 2e-6);
    }

    #[test]
    fn shared_keys_are_the_same_keys_repeated() {
        let (q, k, v) = (noise(1, [4, 6, 8]), noise(2, [1, 5, 8]), noise(3, [1, 5, 8]));
        let repeated = |t: &Tensor| t.repeat((4, 1, 1)).unwrap();
        let one = attention(&q, &k, &v, Attend::plain(2)).unwrap();
        let four = attention(&q, &repeated(&k), &repeated(&v), Attend::plain(2)).unwrap();
        assert!(apart(&one, &four) == 0.0);
    }

    #[test]
    fn scale_zero_is_the_mean_and_one_is_plain() {
        let (q, k, v) = (noise(1, [2, 4, 8]), noise(2, [2, 4, 8]), noise(3, [2, 4, 8]));
        let mean = v.mean_keepdim(1).unwrap().broadcast_as((2, 4, 8)).unwrap();
        let calm = [0.0f32; 4];
        let how = Attend { row_scale: Some(&calm), ..Attend::plain(2) };
        assert!(apart(&attention(&q, &k, &v, how).unwrap(), &mean) < 1e-6);
        let plain = attention(&q, &k, &v, Attend::plain(2)).unwrap();
        let ones = [1.0f32; 4];
        let how = Attend { row_scale: Some(&ones), ..Attend::plain(2) };
        assert!(apart(&attention(&q, &k, &v, how).unwrap(), &plain) == 0.0);
    }
}
