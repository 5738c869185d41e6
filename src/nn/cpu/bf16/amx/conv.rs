//! Convolutions: nine products of shifted tiles, or one, summed up in the first-level cache.

use super::super::operands::{Convolution, Order, Planes, Under};
use super::super::panels::{Line, ROWS, STEP};
use super::gather::Frame;
use super::product::product;
use super::room::{in_room, room, tasks};
use super::target::{Target, filled, turned};
use super::tiles::{Left, Square, Tiles};
use super::vector::load;
use rayon::prelude::*;
use std::arch::x86_64::*;

/// Bytes of what a task gathers, about: a part of the second-level cache.
const BYTES: usize = 5 << 18;

/// Pictures \[n, c, h, w] convolved: \[n, o, height, width].
pub fn convolve(planes: Planes<'_>, how: Convolution<'_>) -> Vec<f32> {
    let (n, [height, width]) = (planes.shape[0], how.size);
    let plan = Plan::new(planes.shape, &how);
    let bands = height.div_ceil(plan.rows);
    let groups = n.div_ceil(plan.together).div_ceil(plan.groups);
    let [made] = filled([n * how.panels.outputs() * height * width], |[target]| {
        (0..groups * bands).into_par_iter().for_each(|task| {
            let (group, top) = (task / bands * plan.groups, task % bands * plan.rows);
            let task = Task { plan, group, top, rows: plan.rows.min(height - top) };
            in_room(|tiles, room| {
                #[allow(unsafe_code)]
                // SAFETY: who has tiles has AVX-512. Each band of each picture is of one task.
                unsafe {
                    task.run(tiles, (planes, how), &mut room.left, target);
                }
            });
        });
    });
    made
}

/// How the work is cut.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// Pictures of which the same pixels lie side by side, so that small ones fill tiles.
    together: usize,
    /// As many of these as a task takes.
    groups: usize,
    /// Rows of the result that a task makes.
    rows: usize,
    /// Framed pixels of a row.
    across: usize,
}

impl Plan {
    fn new([n, c, ..]: [usize; 4], how: &Convolution<'_>) -> Self {
        let [height, width] = how.size;
        let across = (width - 1) * how.stride + how.kernel;
        // Tiles that all pictures take.
        let cost = |together: &usize| (width * together).div_ceil(ROWS) * n.div_ceil(*together);
        let candidates = [1, 2, 4, 8, 16].into_iter().take_while(|t| *t == 1 || (*t <= n && how.stride == 1));
        let together = candidates.min_by_key(cost).unwrap_or(1);
        let row = across * together * c.div_ceil(STEP) * size_of::<Line>();
        let fits = |rows: usize| ((rows - 1) * how.stride + how.kernel) * row <= BYTES;
        let most = (1..=height).rev().find(|rows| fits(*rows)).unwrap_or(1);
        let all = n.div_ceil(together);
        if most < height {
            let rows = height.div_ceil(height.div_ceil(most));
            return Plan { together, groups: 1, rows, across };
        }
        let whole = ((height - 1) * how.stride + how.kernel) * row;
        let groups = tasks(all, (BYTES / whole).max(1), 1);
        // A few small pictures are cut, so that every thread has something to do.
        let rows = if all.div_ceil(groups) == 1 { tasks(height, height, 1) } else { height };
        Plan { together, groups, rows, across }
    }
}

/// A band of rows of some pictures.
struct Task {
    plan: Plan,
    group: usize,
    top: usize,
    rows: usize,
}

impl Task {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
    fn run(
        &self,
        tiles: &Tiles,
        (planes, how): (Planes<'_>, Convolution<'_>),
        lines: &mut Vec<Line>,
        target: Target,
    ) {
        let Plan { together, groups, across, .. } = self.plan;
        let [n, c, ..] = planes.shape;
        let groups = groups.min(n.div_ceil(together) - self.group);
        let (row, framed) = (across * together, (self.rows - 1) * how.stride + how.kernel);
        let plane = groups * framed * row + 1;
        let steps = c.div_ceil(STEP);
        let slack = (ROWS + 1) * how.stride;
        let lines = room(lines, steps * plane + slack);
        let frame = Frame { together, across, before: how.before, plane };
        for group in 0..groups {
            let image = (self.group + group) * together;
            planes.put(image, (self.top * how.stride, framed), frame, group * framed * row, lines);
        }
        let mut offsets = Vec::with_capacity(how.kernel * how.kernel * steps);
        for (y, x) in (0..how.kernel).flat_map(|y| (0..how.kernel).map(move |x| (y, x))) {
            offsets.extend((0..steps).map(|step| (step * plane + y * row + x * together) as u32));
        }
        let reach = offsets.iter().copied().max().unwrap_or(0) as usize;
        let left = Left { lines, stride: how.stride, offsets: &offsets, reach };
        let lanes = how.size[1] * together;
        let mut firsts = Vec::new();
        let mut places = Vec::new();
        for (group, y) in (0..groups).flat_map(|group| (0..self.rows).map(move |y| (group, y))) {
            for lane in (0..lanes).step_by(ROWS) {
                firsts.push((group * framed + y * how.stride) * row + lane * how.stride);
                places.push([(self.group + group) * together, self.top + y, lane]);
            }
        }
        product(tiles, (left, &firsts), how.panels, |output, tile, halves| {
            for (half, sums) in halves.into_iter().enumerate() {
                let sums = (output + half * ROWS, sums);
                match how.tokens {
                    None => self.finish(places[tile], sums, (n, how), target),
                    Some(order) => self.finish_tokens(places[tile], sums, (n, how, order), target),
                }
            }
        });
    }

    /// Puts the sums of a tile where they belong in tokens.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
    fn finish_tokens(
        &self,
        [image, y, lane]: [usize; 3],
        (output, sums): (usize, &Square),
        (n, how, order): (usize, Convolution<'_>, Order),
        target: Target,
    ) {
        let (outputs, [height, width], together) = (how.panels.outputs(), how.size, self.plan.together);
        if output >= outputs {
            return;
        }
        let count = ROWS.min(outputs - output);
        let bias = load(&how.bias[output..][..count]);
        for (i, sums) in sums.iter().enumerate().take(width * together - lane) {
            let (x, image) = ((lane + i) / together, image + (lane + i) % together);
            if image < n {
                let row = order.row((image, n), (y * width + x, height * width));
                #[allow(unsafe_code)]
                // SAFETY: no other task has these pixels.
                unsafe {
                    target.put(row * outputs + output, count, _mm512_add_ps(load(sums), bias));
                }
            }
        }
    }

    /// Puts the sums of a tile where they belong.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
    fn finish(
        &self,
        [image, y, lane]: [usize; 3],
        (output, sums): (usize, &Square),
        (n, how): (usize, Convolution<'_>),
        target: Target,
    ) {
        let (outputs, [height, width], together) = (how.panels.outputs(), how.size, self.plan.together);
        if output >= outputs {
            return;
        }
        let live = ROWS.min(width * together - lane);
        for (o, values) in turned(sums).into_iter().enumerate().take(outputs - output) {
            let o = output + o;
            let values = _mm512_add_ps(values, _mm512_set1_ps(how.bias[o]));
            let begin = |image: usize| ((image * outputs + o) * height + y) * width;
            if together == 1 {
                let place = begin(image) + lane;
                let residual = how.residual.map(|residual| load(&residual[place..][..live]));
                let values = residual.map_or(values, |residual| _mm512_add_ps(values, residual));
                #[allow(unsafe_code)]
                // SAFETY: no other task has these rows.
                unsafe {
                    target.put(place, live, bent(values, o, how.under));
                }
                continue;
            }
            let mut each = [0.0f32; ROWS];
            super::vector::store(&mut each, values);
            for (i, value) in each.iter().enumerate().take(live) {
                let (x, image) = ((lane + i) / together, image + (lane + i) % together);
                if image < n {
                    let place = begin(image) + x;
                    let value = value + how.residual.map_or(0.0, |residual| residual[place]);
                    #[allow(unsafe_code)]
                    // SAFETY: no other task has these rows.
                    unsafe {
                        target.put(place, 1, bent(_mm512_set1_ps(value), o, how.under));
                    }
                }
            }
        }
    }
}

/// What becomes of values of output `o` below 0.
#[target_feature(enable = "avx512f")]
#[inline]
fn bent(values: __m512, o: usize, under: Under<'_>) -> __m512 {
    let zero = _mm512_setzero_ps();
    match under {
        Under::Stay => values,
        Under::Vanish => _mm512_max_ps(zero, values),
        Under::Shrink(factors) => {
            let below = _mm512_mul_ps(_mm512_min_ps(zero, values), _mm512_set1_ps(factors[o]));
            _mm512_add_ps(_mm512_max_ps(zero, values), below)
        }
    }
}
