//! x Wᵀ + b (+ residual), blocks of rows in parallel.

use super::gemm::{Right, multiply_add};
use super::{each_piece, read, tensor};
use candle_core::{D, Result, Tensor, bail};

/// Rows of a block. The weights are packed anew for every block.
const ROWS: usize = 512;

/// `x` \[.., i] times `weight` \[o, i], plus `bias` \[o], plus `residual` \[.., o]: \[.., o].
pub fn linear(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    residual: Option<&Tensor>,
) -> Result<Tensor> {
    let (o, i) = weight.dims2()?;
    let mut dims = x.dims().to_vec();
    if x.dim(D::Minus1)? != i || residual.is_some_and(|r| r.elem_count() * i != x.elem_count() * o) {
        bail!("a linear layer {i} to {o} was given {:?}", x.dims());
    }
    if let Some(last) = dims.last_mut() {
        *last = o;
    }
    // An absent operand is read as the weights and not looked at.
    read([x, weight, bias.unwrap_or(weight), residual.unwrap_or(weight)], |[x, weight, b, r]| {
        let start = |row: usize, out: &mut [f32]| {
            if residual.is_some() {
                out.copy_from_slice(&r[row * o..][..out.len()]);
            }
            if bias.is_some() {
                for out in out.chunks_exact_mut(o) {
                    out.iter_mut().zip(b).for_each(|(v, b)| *v += b);
                }
            }
        };
        let out = each_piece((x.len() / i * o, ROWS * o), |block, out| {
            start(block * ROWS, out);
            let (rows, right) = (out.len() / o, Right { values: weight, row_stride: 1, column_stride: i });
            multiply_add(&x[block * ROWS * i..][..rows * i], right, (out, o), [rows, o, i]);
        });
        tensor(out, dims)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::{apart, noise};

    #[test]
    fn it_is_candles_product_over_any_number_of_blocks() {
        for rows in [1, 7, 1300] {
            let (x, w) = (noise(1, &[2, rows, 5]), noise(2, &[3, 5]));
            let (b, r) = (noise(3, &[3]), noise(4, &[2, rows, 3]));
            let plain = x.reshape((2 * rows, 5)).unwrap().matmul(&w.t().unwrap()).unwrap();
            let plain = plain.reshape((2, rows, 3)).unwrap();
            let near = |ours: Tensor, theirs: &Tensor| {
                assert!(apart(&ours, theirs) < 1e-5);
            };
            near(linear(&x, &w, None, None).unwrap(), &plain);
            let whole = (plain.broadcast_add(&b).unwrap() + &r).unwrap();
            near(linear(&x, &w, Some(&b), Some(&r)).unwrap(), &whole);
        }
        assert!(linear(&noise(1, &[2, 4]), &noise(2, &[3, 5]), None, None).is_err());
    }
}
