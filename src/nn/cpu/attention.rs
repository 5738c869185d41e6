//! softmax(q kᵀ) v without the logits ever standing in memory as a whole.
//!
//! Each task takes some query rows of one batch entry and, head by head, packs keys and values into panels of
//! 16 columns, multiplies 4 rows with a panel at a time in registers, and takes the softmax of a few rows
//! while they are in the cache.

use super::math::exp;
use super::{each_piece, read, tensor};
use crate::vector::vectorized;
use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

/// Columns of a panel.
const PANEL: usize = 16;
/// Query rows that go through a panel together.
const ROWS: usize = 4;
/// Query rows of a task: packing is repeated for every task.
const TASK_ROWS: usize = 256;

/// Attention of `q` \[b, n, heads·d] over `k` and `v` \[b, m, heads·d]; `scale` holds one factor per query row for the
/// logits. With `causal`, row i sees no key behind i.
pub fn attention(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    (heads, scale, causal): (usize, &[f32], bool),
) -> Result<Tensor> {
    let ((b, n, c), (_, m, _)) = (q.dims3()?, k.dims3()?);
    if heads == 0
        || c % heads != 0
        || m == 0
        || scale.len() != n
        || k.dims() != [b, m, c]
        || v.dims() != k.dims()
    {
        bail!("attention of {:?} over {:?} and {:?} with {heads} heads", q.dims(), k.dims(), v.dims());
    }
    let shape = Shape { m, c, d: c / heads, heads, causal };
    read([q, k, v], |[q, k, v]| {
        let out = each_piece((b * n * c, n * c), |i, out| {
            let (q, k, v) = (&q[i * n * c..], &k[i * m * c..][..m * c], &v[i * m * c..][..m * c]);
            out.par_chunks_mut(TASK_ROWS * c).enumerate().for_each(|(task, out)| {
                let first = task * TASK_ROWS;
                let rows = Rows { q: &q[first * c..], scale: &scale[first..], first };
                vectorized(
                    #[inline(always)]
                    || shape.task(&rows, (k, v), out),
                );
            });
        });
        tensor(out, (b, n, c))
    })
}

struct Shape {
    m: usize,
    c: usize,
    d: usize,
    heads: usize,
    causal: bool,
}

/// The query rows of a task.
struct Rows<'a> {
    q: &'a [f32],
    scale: &'a [f32],
    /// Index of the first of them in its batch entry.
    first: usize,
}

impl Shape {
    #[inline(always)]
    fn task(&self, rows: &Rows<'_>, (k, v): (&[f32], &[f32]), out: &mut [f32]) {
        let (m, d) = (self.m, self.d);
        let (wide_m, wide_d) = (m.next_multiple_of(PANEL), d.next_multiple_of(PANEL));
        let (mut keys, mut values) = (vec![0.0; wide_m * d], vec![0.0; wide_d * m]);
        let (mut query, mut logits) = (vec![0.0; ROWS * d], vec![0.0; ROWS * wide_m]);
        let mut result = vec![0.0; ROWS * wide_d];
        for head in 0..self.heads {
            let at = head * d;
            self.pack_keys(&k[at..], &mut keys);
            self.pack_values(&v[at..], &mut values);
            let count = out.len() / self.c;
            for top in (0..count).step_by(ROWS) {
                let live = ROWS.min(count - top);
                for r in 0..live {
                    let factor = rows.scale[top + r] / (d as f32).sqrt();
                    let q = &rows.q[(top + r) * self.c + at..][..d];
                    query[r * d..][..d].iter_mut().zip(q).for_each(|(o, v)| *o = v * factor);
                }
                multiply(&query, d, &keys, &mut logits);
                for r in 0..live {
                    let seen = if self.causal { (rows.first + top + r + 1).min(m) } else { m };
                    softmax(&mut logits[r * wide_m..][..wide_m], seen);
                }
                // Only the first m of each row's wide_m weights meet a value.
                multiply_strided(&logits, (m, wide_m), &values, &mut result);
                for r in 0..live {
                    out[(top + r) * self.c + at..][..d].copy_from_slice(&result[r * wide_d..][..d]);
                }
            }
        }
    }

    /// k \[m, d] as panels of 16 keys: \[m/16, d, 16].
    #[inline(always)]
    fn pack_keys(&self, k: &[f32], keys: &mut [f32]) {
        for (j, key) in k.chunks(self.c).take(self.m).enumerate() {
            let panel = &mut keys[j / PANEL * PANEL * self.d + j % PANEL..];
            for (slot, v) in panel.iter_mut().step_by(PANEL).zip(&key[..self.d]) {
                *slot = *v;
            }
        }
    }

    /// v \[m, d] as panels of 16 columns: \[d/16, m, 16].
    #[inline(always)]
    fn pack_values(&self, v: &[f32], values: &mut [f32]) {
        for (panel, first) in values.chunks_exact_mut(self.m * PANEL).zip((0..self.d).step_by(PANEL)) {
            let width = PANEL.min(self.d - first);
            for (slot, row) in panel.chunks_exact_mut(PANEL).zip(v.chunks(self.c)) {
                slot[..width].copy_from_slice(&row[first..first + width]);
            }
        }
    }
}

#[inline(always)]
fn multiply(a: &[f32], depth: usize, panels: &[f32], out: &mut [f32]) {
    multiply_strided(a, (depth, depth), panels, out);
}

/// Four rows of `a`, `depth` long and `stride` apart, times panels \[p, depth, 16], into four rows of 16 p.
#[inline(always)]
fn multiply_strided(a: &[f32], (depth, stride): (usize, usize), panels: &[f32], out: &mut [f32]) {
    let width = panels.len() / depth;
    let (a0, a) = a.split_at(stride);
    let (a1, a) = a.split_at(stride);
    let (a2, a3) = a.split_at(stride);
    let (a0, a1, a2, a3) = (&a0[..depth], &a1[..depth], &a2[..depth], &a3[..depth]);
    for (p, panel) in panels.chunks_exact(depth * PANEL).enumerate() {
        let mut sums = [[0.0f32; PANEL]; ROWS];
        let rows = a0.iter().zip(a1).zip(a2.iter().zip(a3));
        for (line, ((x0, x1), (x2, x3))) in panel.as_chunks::<PANEL>().0.iter().zip(rows) {
            for (sums, x) in sums.iter_mut().zip([x0, x1, x2, x3]) {
                for (sum, value) in sums.iter_mut().zip(line) {
                    *sum = x.mul_add(*value, *sum);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            out[r * width + p * PANEL..][..PANEL].copy_from_slice(sums);
        }
    }
}

/// Softmax of the first `seen` values; the rest becomes zero. The row is a whole number of panels.
#[inline(always)]
fn softmax(row: &mut [f32], seen: usize) {
    row[seen..].fill(f32::NEG_INFINITY);
    let panels = row.as_chunks_mut::<PANEL>().0;
    let mut highest = [f32::NEG_INFINITY; PANEL];
    for panel in &*panels {
        highest.iter_mut().zip(panel).for_each(|(h, v)| *h = if *v > *h { *v } else { *h });
    }
    let highest = highest.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0.0f32; PANEL];
    for panel in &mut *panels {
        for (sum, v) in sums.iter_mut().zip(panel) {
            *v = exp(*v - highest);
            *sum += *v;
        }
    }
    let factor = 1.0 / sums.iter().sum::<f32>();
    panels.iter_mut().flatten().for_each(|v| *v *= factor);
    row[seen..].fill(0.0);
}
