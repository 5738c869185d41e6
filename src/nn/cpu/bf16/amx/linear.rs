//! Layers over rows of tokens, with the layer norm before them and the gated feed-forward as a whole.

use super::super::operands::{Layer, Rows};
use super::super::panels::{BLOCK, Line, ROWS, STEP};
use super::gather::rows;
use super::product::product;
use super::room::{Room, in_room, room, tasks};
use super::target::{Target, filled};
use super::tiles::{Left, Square, Tiles};
use super::vector::{gelu, load, rounded};
use rayon::prelude::*;
use std::arch::x86_64::*;

/// Rows of a task, at most, and bytes of what is gathered of them: a part of the second-level cache.
const MOST: usize = 256;
const BYTES: usize = 5 << 18;

/// Rows of a task with so many values in bf16 beside each.
fn of_a_task(from: Rows<'_>, values: usize) -> usize {
    let most = (BYTES / (2 * values)).clamp(BLOCK, MOST) / BLOCK * BLOCK;
    tasks(from.count(), most, BLOCK)
}

/// What each of `layers` makes of the same rows: \[.., o] for each.
pub fn linear<const N: usize>(from: Rows<'_>, layers: [Layer<'_>; N]) -> [Vec<f32>; N] {
    let count = from.count();
    let part = of_a_task(from, from.k);
    filled(layers.map(|layer| count * layer.panels.outputs()), |targets| {
        (0..count.div_ceil(part)).into_par_iter().for_each(|task| {
            let (first, live) = (task * part, part.min(count - task * part));
            in_room(|tiles, room| {
                #[allow(unsafe_code, reason = "who has tiles has AVX-512")]
                // SAFETY: who has tiles has AVX-512.
                unsafe {
                    let (_, offsets) = gathered(from, (first, live), &mut room.left);
                    for (layer, target) in layers.iter().zip(targets) {
                        apply(tiles, (left(&room.left, &offsets), (first, live)), *layer, target);
                    }
                }
            });
        });
    })
}

/// What the layers of a gated feed-forward make of rows: `narrow` of h · gelu(g), where `widen` \[2d, k], whose panels are gated, makes (h, g).
pub fn feed(from: Rows<'_>, widen: Layer<'_>, narrow: Layer<'_>) -> Vec<f32> {
    let (count, inner) = (from.count(), narrow.panels.inputs());
    let part = of_a_task(from, from.k + inner);
    let [made] = filled([count * narrow.panels.outputs()], |[target]| {
        (0..count.div_ceil(part)).into_par_iter().for_each(|task| {
            let (first, live) = (task * part, part.min(count - task * part));
            in_room(|tiles, Room { left: lines, hidden, .. }| {
                #[allow(unsafe_code, reason = "who has tiles has AVX-512")]
                // SAFETY: who has tiles has AVX-512.
                unsafe {
                    let (plane, offsets) = gathered(from, (first, live), lines);
                    let hidden = room(hidden, plane * inner.div_ceil(STEP) + BLOCK);
                    gate(tiles, left(lines, &offsets), widen, (live, plane), hidden);
                    let offsets: Vec<u32> = (0..inner.div_ceil(STEP)).map(|i| (i * plane) as u32).collect();
                    apply(tiles, (left(hidden, &offsets), (first, live)), narrow, target);
                }
            });
        });
    });
    made
}

fn left<'a>(lines: &'a [Line], offsets: &'a [u32]) -> Left<'a> {
    Left { lines, stride: 1, offsets, reach: offsets.last().map_or(0, |last| *last as usize) }
}

/// The `live` rows from `first` on as lines; how many of these lie between two steps, and where the steps lie.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
fn gathered(from: Rows<'_>, (first, live): (usize, usize), lines: &mut Vec<Line>) -> (usize, Vec<u32>) {
    // One more, so that a row's lines don't all share a place in the cache.
    let (plane, steps) = (live.next_multiple_of(BLOCK) + 1, from.k.div_ceil(STEP));
    rows(from, (first, 1, live), room(lines, plane * steps + BLOCK), plane);
    (plane, (0..steps).map(|i| (i * plane) as u32).collect())
}

fn firsts(live: usize) -> Vec<usize> {
    (0..live).step_by(ROWS).collect()
}

/// What a layer makes of `live` gathered rows, to the rows from `first` on.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
fn apply(tiles: &Tiles, (left, (first, live)): (Left<'_>, (usize, usize)), layer: Layer<'_>, target: Target) {
    let outputs = layer.panels.outputs();
    product(tiles, (left, &firsts(live)), layer.panels, |output, tile, halves| {
        for (half, sums) in halves.into_iter().enumerate() {
            let output = output + half * ROWS;
            if output >= outputs {
                continue;
            }
            let count = ROWS.min(outputs - output);
            let bias = layer.bias.map_or(_mm512_setzero_ps(), |bias| load(&bias[output..][..count]));
            for (r, sums) in sums.iter().enumerate().take(live - tile * ROWS) {
                let place = (first + tile * ROWS + r) * outputs + output;
                let mut value = _mm512_add_ps(load(sums), bias);
                if let Some(residual) = layer.residual {
                    value = _mm512_add_ps(value, load(&residual[place..][..count]));
                }
                #[allow(unsafe_code)]
                // SAFETY: no other task has these rows.
                unsafe {
                    target.put(place, count, value);
                }
            }
        }
    });
}

/// h · gelu(g) of gathered rows, as lines again.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
fn gate(tiles: &Tiles, left: Left<'_>, widen: Layer<'_>, (live, plane): (usize, usize), hidden: &mut [Line]) {
    let gates = widen.panels.outputs() / 2;
    let bias = |at: usize| widen.bias.map_or(_mm512_setzero_ps(), |bias| load(&bias[at..][..ROWS]));
    product(tiles, (left, &firsts(live)), widen.panels, |output, tile, [h, g]: [&Square; 2]| {
        let at = output / 2;
        let (of_h, of_g) = (bias(at), bias(gates + at));
        let lines = &mut hidden[at / STEP * plane + tile * ROWS..][..ROWS];
        for ((line, h), g) in lines.iter_mut().zip(h).zip(g) {
            let value = _mm512_mul_ps(_mm512_add_ps(load(h), of_h), gelu(_mm512_add_ps(load(g), of_g)));
            let values = rounded(value, _mm512_setzero_ps());
            let half = &mut line.0[at % STEP..][..ROWS];
            #[allow(unsafe_code, reason = "stores take pointers")]
            // SAFETY: it is as long as half a vector.
            unsafe {
                _mm256_storeu_si256(half.as_mut_ptr().cast(), _mm512_castsi512_si256(values));
            }
        }
    });
}
