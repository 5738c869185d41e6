//! Layers whose results are pictures again: tokens go in, in either order.

use super::super::operands::{Layer, Order, Rows};
use super::super::panels::{BLOCK, ROWS, STEP};
use super::gather::rows;
use super::product::product;
use super::room::{Room, in_room, room, tasks};
use super::target::{Target, filled, turned};
use super::tiles::{Left, Tiles};
use super::vector::load;
use rayon::prelude::*;
use std::arch::x86_64::*;

/// Pixels of a task, at most.
const MOST: usize = 256;

/// What `layer` makes of tokens in `order`, of `n` pictures of so many pixels: \[n, o, pixels]. The residual has this shape.
pub fn pictures(from: Rows<'_>, order: Order, layer: Layer<'_>, [n, pixels]: [usize; 2]) -> Vec<f32> {
    let part = if n > 1 { MOST } else { tasks(pixels, MOST, ROWS) };
    let parts = pixels.div_ceil(part);
    let [made] = filled([n * layer.panels.outputs() * pixels], |[target]| {
        (0..n * parts).into_par_iter().for_each(|task| {
            let (image, first) = (task / parts, task % parts * part);
            let task =
                Task { from, order, layer, sizes: [n, pixels], image, first, live: part.min(pixels - first) };
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

/// Some pixels of a picture.
struct Task<'a> {
    from: Rows<'a>,
    order: Order,
    layer: Layer<'a>,
    sizes: [usize; 2],
    image: usize,
    first: usize,
    live: usize,
}

impl Task<'_> {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
    fn run(&self, tiles: &Tiles, Room { left: lines, .. }: &mut Room, target: Target) {
        let Task { from, order, layer, sizes: [n, pixels], image, first, live } = *self;
        let (plane, steps) = (live.next_multiple_of(BLOCK) + 1, from.k.div_ceil(STEP));
        let row = order.row((image, n), (first, pixels));
        let step = if order == Order::Time { n } else { 1 };
        let lines = room(lines, plane * steps + BLOCK);
        rows(from, (row, step, live), lines, plane);
        let offsets: Vec<u32> = (0..steps).map(|i| (i * plane) as u32).collect();
        let left = Left { lines, stride: 1, offsets: &offsets, reach: (steps - 1) * plane };
        let firsts: Vec<usize> = (0..live).step_by(ROWS).collect();
        let outputs = layer.panels.outputs();
        product(tiles, (left, &firsts), layer.panels, |output, tile, halves| {
            for (half, sums) in halves.into_iter().enumerate() {
                let (output, count) = (output + half * ROWS, ROWS.min(live - tile * ROWS));
                for (i, values) in turned(sums).into_iter().enumerate().take(outputs.saturating_sub(output)) {
                    let place = (image * outputs + output + i) * pixels + first + tile * ROWS;
                    let mut values = values;
                    if let Some(bias) = layer.bias {
                        values = _mm512_add_ps(values, _mm512_set1_ps(bias[output + i]));
                    }
                    if let Some(residual) = layer.residual {
                        values = _mm512_add_ps(values, load(&residual[place..][..count]));
                    }
                    #[allow(unsafe_code, reason = "several threads write to one vector")]
                    // SAFETY: no other task has these pixels.
                    unsafe {
                        target.put(place, count, values);
                    }
                }
            }
        });
    }
}
