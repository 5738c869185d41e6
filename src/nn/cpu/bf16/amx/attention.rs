//! softmax(q kᵀ) v with both products by tiles: q, k, v and the probabilities are rounded, logits and their sums are not.

use super::super::operands::Heads;
use super::super::panels::{BLOCK, Line, ROWS, STEP};
use super::room::{Room, in_room, room, tasks};
use super::target::{Target, filled};
use super::tiles::{Left, Sums, Tiles};
use super::vector::{exp2, first, in_turns, load, put, rounded, transposed};
use rayon::prelude::*;
use std::arch::x86_64::*;

/// Queries of a task, at most: keys and values are packed anew for each.
const QUERIES: usize = 1024;
/// The same where there are fewer keys than [`MANY`], which are soon packed.
const FEW_QUERIES: usize = 256;
const MANY: usize = 256;

/// What queries find in every head: \[b, n, heads·d].
pub fn attend(heads: Heads<'_>) -> Vec<f32> {
    let Heads { shape: [b, n, _], heads: count, d, .. } = heads;
    let most = if heads.shape[2] < MANY { FEW_QUERIES } else { QUERIES };
    let part = if b * count > 1 { most } else { tasks(n, most, BLOCK) };
    let parts = n.div_ceil(part);
    let [made] = filled([b * n * count * d], |[target]| {
        (0..b * parts * count).into_par_iter().for_each(|task| {
            // The heads of the same tokens one behind the other, for they share cache lines.
            let (entry, first, head) = (task / count / parts, task / count % parts * part, task % count);
            let task = Task { heads, entry, head, first, live: part.min(n - first) };
            in_room(|tiles, room| {
                #[allow(unsafe_code, reason = "who has tiles has AVX-512")]
                // SAFETY: who has tiles has AVX-512.
                unsafe {
                    task.run(tiles, room, target);
                }
            });
        });
    });
    made
}

/// Some queries of one head.
struct Task<'a> {
    heads: Heads<'a>,
    entry: usize,
    head: usize,
    first: usize,
    live: usize,
}

impl Task<'_> {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
    fn run(&self, tiles: &Tiles, room_of: &mut Room, target: Target) {
        let Heads { d, shape: [_, _, m], .. } = self.heads;
        let (steps, panels) = (d.div_ceil(STEP), m.div_ceil(BLOCK));
        let Room { left, hidden, keys, values, logits } = room_of;
        let plane = self.live.next_multiple_of(BLOCK) + 1;
        let queries = room(left, steps * plane + BLOCK);
        self.put_queries(queries, plane);
        let keys = room(keys, panels * steps * BLOCK);
        self.put_keys(keys, steps);
        let values = room(values, steps * panels * BLOCK);
        self.put_values(values, panels);
        let shares = room(hidden, panels * BLOCK);
        logits.resize(logits.len().max(panels), Sums::ZERO);
        let logits = &mut logits[..panels];
        let of_queries: Vec<u32> = (0..steps).map(|i| (i * plane) as u32).collect();
        let of_shares: Vec<u32> = (0..panels).map(|i| (i * BLOCK) as u32).collect();
        for top in (0..self.live).step_by(BLOCK) {
            let left = Left { lines: queries, stride: 1, offsets: &of_queries, reach: (steps - 1) * plane };
            for (logits, keys) in logits.iter_mut().zip(keys.chunks_exact(steps * BLOCK)) {
                tiles.multiply(left, [top, top + ROWS], keys, (logits, true));
            }
            let sums = shared(logits, m, shares);
            let left = Left { lines: shares, stride: 1, offsets: &of_shares, reach: (panels - 1) * BLOCK };
            for (panel, values) in values.chunks_exact(panels * BLOCK).enumerate() {
                let mut found = Sums::ZERO;
                tiles.multiply(left, [0, ROWS], values, (&mut found, true));
                self.put_found((top, panel), (&found, &sums), target);
            }
        }
    }

    /// Where entry, row and this head's first value lie in queries or keys.
    fn place(&self, rows: usize, row: usize) -> usize {
        ((self.entry * rows + row) * self.heads.heads + self.head) * self.heads.d
    }

    /// Queries as lines, times log2(e) / sqrt(d).
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
    fn put_queries(&self, lines: &mut [Line], plane: usize) {
        let Heads { q, d, shape: [_, n, _], .. } = self.heads;
        let factor = _mm512_set1_ps(std::f32::consts::LOG2_E / (d as f32).sqrt());
        for row in 0..self.live {
            let query = &q[self.place(n, self.first + row)..][..d];
            for (step, part) in query.chunks(STEP).enumerate() {
                let [a, b] = halves(part).map(|half| _mm512_mul_ps(half, factor));
                put(&mut lines[step * plane + row].0, rounded(a, b));
            }
        }
    }

    /// Keys as panels: 32 keys each, channels are summed up over.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
    fn put_keys(&self, lines: &mut [Line], steps: usize) {
        let Heads { k, d, shape: [_, _, m], .. } = self.heads;
        for key in (0..m.next_multiple_of(BLOCK)).step_by(ROWS) {
            for step in 0..steps {
                let mut rows = [_mm512_setzero_si512(); ROWS];
                for (i, row) in rows.iter_mut().enumerate().take(m.saturating_sub(key)) {
                    let channels = &k[self.place(m, key + i)..][..d][step * STEP..];
                    let [a, b] = halves(&channels[..channels.len().min(STEP)]);
                    *row = rounded(a, b);
                }
                let at = (key / BLOCK * steps + step) * BLOCK + key % BLOCK;
                for (line, pair) in lines[at..].iter_mut().zip(transposed(rows)) {
                    put(&mut line.0, pair);
                }
            }
        }
    }

    /// Values as panels: 32 channels each, keys are summed up over.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
    fn put_values(&self, lines: &mut [Line], panels: usize) {
        let Heads { v, d, shape: [_, _, m], .. } = self.heads;
        for (panel, lines) in lines.chunks_exact_mut(panels * BLOCK).enumerate() {
            for (pair, line) in (0..panels * ROWS).map(|pair| (pair, pair / ROWS * BLOCK + pair % ROWS)) {
                let [a, b] = [2 * pair, 2 * pair + 1].map(|key| match key < m {
                    true => {
                        halves(&v[self.place(m, key)..][..d][panel * STEP..][..STEP.min(d - panel * STEP)])
                    }
                    false => [_mm512_setzero_ps(); 2],
                });
                put(&mut lines[line].0, in_turns(rounded(a[0], b[0])));
                put(&mut lines[line + ROWS].0, in_turns(rounded(a[1], b[1])));
            }
        }
    }

    /// What 32 queries found in 32 channels, divided by the sums of their shares.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
    fn put_found(&self, (top, panel): (usize, usize), (found, sums): (&Sums, &[f32; BLOCK]), target: Target) {
        let Heads { d, shape: [_, n, _], .. } = self.heads;
        for (row, sum) in sums.iter().enumerate().take(self.live - top) {
            let factor = _mm512_set1_ps(1.0 / sum);
            for half in 0..2 {
                let channel = panel * BLOCK + half * ROWS;
                if channel < d {
                    let found = &found.0[row / ROWS * 2 + half][row % ROWS];
                    let place = self.place(n, self.first + top + row) + channel;
                    #[allow(unsafe_code, reason = "several threads write to one vector")]
                    // SAFETY: no other task has these queries of this head.
                    unsafe {
                        target.put(place, d - channel, _mm512_mul_ps(load(found), factor));
                    }
                }
            }
        }
    }
}

/// Up to 32 values as two vectors.
#[target_feature(enable = "avx512f")]
#[inline]
fn halves(part: &[f32]) -> [__m512; 2] {
    let (a, b) = part.split_at(part.len().min(ROWS));
    [load(a), load(b)]
}

/// 2 to the logits of 32 queries less their largest, as lines, and their sums; keys from `m` on have no share.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
fn shared(logits: &[Sums], m: usize, shares: &mut [Line]) -> [f32; BLOCK] {
    let mut sums = [0.0; BLOCK];
    let least = _mm512_set1_ps(f32::NEG_INFINITY);
    for (row, sum) in sums.iter_mut().enumerate() {
        let (pair, row_of_square) = (row / ROWS * 2, row % ROWS);
        let of = |panel: &Sums, half: usize, at: usize| {
            let values = load(&panel.0[pair + half][row_of_square]);
            _mm512_mask_mov_ps(least, first(m.saturating_sub(at)), values)
        };
        let mut most = least;
        for (i, panel) in logits.iter().enumerate() {
            most = _mm512_max_ps(most, of(panel, 0, i * BLOCK));
            most = _mm512_max_ps(most, of(panel, 1, i * BLOCK + ROWS));
        }
        let most = _mm512_set1_ps(_mm512_reduce_max_ps(most));
        let mut total = _mm512_setzero_ps();
        for (i, panel) in logits.iter().enumerate() {
            let a = exp2(_mm512_sub_ps(of(panel, 0, i * BLOCK), most));
            let b = exp2(_mm512_sub_ps(of(panel, 1, i * BLOCK + ROWS), most));
            total = _mm512_add_ps(total, _mm512_add_ps(a, b));
            put(&mut shares[i * BLOCK + row].0, rounded(a, b));
        }
        *sum = _mm512_reduce_add_ps(total);
    }
    sums
}
