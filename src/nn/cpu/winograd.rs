//! 3x3 convolutions that keep the size, by Winograd's minimal filtering F(2x2, 3x3): sixteen multiplications for four
//! outputs instead of 36 (Lavin & Gray, *Fast Algorithms for Convolutional Neural Networks*, 2015).
//!
//! A tile is 2x2 outputs, made of 4x4 inputs d. With the transforms Bᵀ, G and Aᵀ of the paper,
//!
//! ```text
//! y = Aᵀ ((G g Gᵀ) ⊙ (Bᵀ d B)) A
//! ```
//!
//! is a matrix product over the channels at each of the sixteen places of ⊙. Sixteen tiles stand side by side in a
//! vector, and four outputs at them are summed up in registers. The kernels are transformed at every call, which is little
//! beside the products, and read once for every vector of tiles, so this is for weights that stay in the cache.

use super::conv_config::{Below, Finish};
use super::pointwise::shrink;
use super::{each_piece, pieces, read, tensor};
use crate::vector::{has_many_registers, vectorized, weighted_sums, weighted_sums_of_two};
use candle_core::{Result, Tensor, bail};

/// Most weights: 2 MiB.
const MOST: usize = 1 << 19;
/// Fewest inputs: with less to sum up, the transforms cost more than they save.
const FEWEST: usize = 16;
/// Places of a transformed tile or kernel.
const PLACES: usize = 16;
/// Outputs that are summed up together, and tiles of each: what fits the registers.
const OUTPUTS: usize = 4;
const LANES: usize = 16;
/// Tiles that are transformed together.
const HALF: usize = LANES / 2;
/// Tiles that images which are handled together should have at least.
const ENOUGH: usize = 48;
/// Values of a framed band: 1 MiB, a part of a core's cache, beside kernels and tiles.
const BAND: usize = 1 << 18;

/// Whether a 3x3 kernel of this shape is worth it.
pub fn is_small([o, c]: [usize; 2]) -> bool {
    9 * o * c <= MOST && c >= FEWEST
}

/// Convolves `x` \[n, c, h, w], with a border of zeros, with `weight` \[o, c, 3, 3], adds `bias` \[o], gives \[n, o, h, w].
pub fn conv3x3(x: &Tensor, (weight, bias): (&Tensor, &Tensor), finish: Finish<'_>) -> Result<Tensor> {
    let ((n, c, h, w), o) = (x.dims4()?, weight.dims()[0]);
    let tiling = Tiling { h, w, rows: h.div_ceil(2), columns: w.div_ceil(2) };
    let together = ENOUGH.div_ceil(tiling.count()).min(n);
    // An absent residual is read as the input and not looked at, absent factors as the bias.
    let factors = finish.factors(o)?;
    let others = [finish.residual.unwrap_or(x), factors.unwrap_or(bias)];
    read([x, weight, bias, others[0], others[1]], |[x, weight, bias, residual, read_factors]| {
        let kernels = transformed(weight, c);
        let factors = factors.map(|_| read_factors);
        let relu = matches!(finish.below, Below::Vanish);
        let in_pairs = has_many_registers();
        let layer = Layer { tiling, c, kernels: &kernels, bias, relu, in_pairs, factors };
        let (before, after) = (c * h * w, o * h * w);
        let out = pieces((n * after, together * after), Workspace::default, |room, i, out| {
            let x = &x[i * together * before..][..out.len() / after * before];
            let residual = finish.residual.map(|_| &residual[i * together * after..][..out.len()]);
            vectorized(
                #[inline(always)]
                || layer.convolve(x, residual, out, room),
            );
        });
        tensor(out, (n, o, h, w))
    })
}

/// A layer whose kernels are transformed once for all calls.
#[derive(Debug)]
pub(super) struct Prepared {
    c: usize,
    kernels: Vec<f32>,
    bias: Vec<f32>,
    relu: bool,
    factors: Option<Vec<f32>>,
}

impl Prepared {
    /// Of `weight` \[o, c, 3, 3] and `bias` \[o]; of `finish` what becomes of values below 0.
    pub fn new(weight: &Tensor, bias: &Tensor, finish: Finish<'_>) -> Result<Self> {
        let &[o, c, 3, 3] = weight.dims() else { bail!("a kernel of a chain isn't 3x3") };
        if bias.dims() != [o] {
            bail!("the bias of a convolution is not [{o}]");
        }
        let values = |tensor: &Tensor| read([tensor], |[values]| Ok(values.to_vec()));
        Ok(Prepared {
            c,
            kernels: read([weight], |[weight]| Ok(transformed(weight, c)))?,
            bias: values(bias)?,
            relu: matches!(finish.below, Below::Vanish),
            factors: finish.factors(o)?.map(values).transpose()?,
        })
    }

    pub fn inputs(&self) -> usize {
        self.c
    }

    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// The image `x` \[c, h, w] convolved into `out` \[o, h, w], whatever that holds; `room` was used for this size alone.
    pub fn convolve(&self, x: &[f32], (h, w): (usize, usize), out: &mut [f32], room: &mut Workspace) {
        let tiling = Tiling { h, w, rows: h.div_ceil(2), columns: w.div_ceil(2) };
        let (factors, in_pairs) = (self.factors.as_deref(), has_many_registers());
        let Prepared { c, kernels, bias, relu, .. } = self;
        let layer = Layer { tiling, c: *c, kernels, bias, relu: *relu, in_pairs, factors };
        vectorized(
            #[inline(always)]
            || layer.convolve(x, None, out, room),
        );
    }
}

/// G g Gᵀ of all kernels g, in the order in which they are read: four outputs, place, channel, output.
fn transformed(weight: &[f32], c: usize) -> Vec<f32> {
    let outputs = (weight.len() / (9 * c)).next_multiple_of(OUTPUTS);
    each_piece((outputs * PLACES * c, OUTPUTS * PLACES * c), |i, out| {
        let kernels = weight.as_chunks::<9>().0.chunks(c).skip(i * OUTPUTS).take(OUTPUTS);
        for (output, kernels) in kernels.enumerate() {
            for (channel, g) in kernels.iter().enumerate() {
                let columns = [0, 1, 2].map(|x| spread([g[x], g[3 + x], g[6 + x]]));
                for y in 0..4 {
                    let row = spread([columns[0][y], columns[1][y], columns[2][y]]);
                    for (x, value) in row.into_iter().enumerate() {
                        out[((4 * y + x) * c + channel) * OUTPUTS + output] = value;
                    }
                }
            }
        }
    })
}

/// G g for a column of a kernel.
fn spread([a, b, c]: [f32; 3]) -> [f32; 4] {
    [a, 0.5 * (a + b + c), 0.5 * (a - b + c), c]
}

/// How a picture is cut into tiles.
#[derive(Clone, Copy, Debug)]
struct Tiling {
    h: usize,
    w: usize,
    rows: usize,
    columns: usize,
}

/// Rows of tiles that are framed together: all of all images where these are small, a few of one where it is large. What is framed is
/// read twice by rows of tiles that overlap, by each in another order than it lies in; so it had better lie in a core's cache.
#[derive(Clone, Copy, Debug)]
struct Band {
    image: usize,
    images: usize,
    row: usize,
    rows: usize,
}

/// Tiles side by side in one row of one image.
#[derive(Clone, Copy, Debug)]
struct Run {
    image: usize,
    row: usize,
    column: usize,
    /// Where it begins among the tiles that are worked on.
    lane: usize,
    count: usize,
}

impl Tiling {
    fn count(&self) -> usize {
        self.rows * self.columns
    }

    /// Values of a framed row: the even columns, then the odd ones, of the picture and a border of zeros.
    fn row(&self) -> usize {
        2 * (self.columns + 1)
    }

    /// Values of a framed plane of so many rows of tiles.
    fn plane(&self, rows: usize) -> usize {
        (2 * rows + 2) * self.row()
    }

    /// The bands of `images` images of `c` channels.
    fn bands(&self, images: usize, c: usize) -> impl Iterator<Item = Band> {
        let tiling = *self;
        let fits = |rows: usize| c * tiling.plane(rows) <= BAND;
        let small = images * c * tiling.plane(tiling.rows) <= BAND;
        let rows = if small {
            tiling.rows
        } else {
            (1..tiling.rows).take_while(|rows| fits(*rows)).last().unwrap_or(1)
        };
        let together = if small { images } else { 1 };
        (0..images).step_by(together.max(1)).flat_map(move |image| {
            (0..tiling.rows).step_by(rows.max(1)).map(move |row| Band {
                image,
                images: together,
                row,
                rows: rows.min(tiling.rows - row),
            })
        })
    }

    /// The runs of the `count` tiles from `first` on, over all images.
    fn runs(&self, first: usize, count: usize) -> impl Iterator<Item = Run> {
        let (columns, rows, end) = (self.columns, self.rows, first + count);
        let mut tile = first;
        std::iter::from_fn(move || {
            let column = tile % columns;
            let run = Run {
                image: tile / columns / rows,
                row: tile / columns % rows,
                column,
                lane: tile - first,
                count: (columns - column).min(end.saturating_sub(tile)),
            };
            tile += run.count;
            (run.count > 0).then_some(run)
        })
    }

    /// The planes of `x` framed, as far as `band` goes, and room for a vector behind them; `framed` is empty or of this tiling, so that
    /// the borders at its sides are zeros.
    #[inline(always)]
    fn frame(&self, x: &[f32], (band, c): (Band, usize), framed: &mut Vec<f32>) {
        let plane = self.plane(band.rows);
        framed.resize(framed.len().max(band.images * c * plane + HALF), 0.0);
        let planes = x.chunks_exact(self.h * self.w).skip(band.image * c).take(band.images * c);
        for (to, from) in framed.chunks_exact_mut(plane).zip(planes) {
            for (line, to) in to.chunks_exact_mut(self.row()).enumerate() {
                match (2 * band.row + line).checked_sub(1).filter(|y| *y < self.h) {
                    Some(y) => {
                        let (even, odd) = to.split_at_mut(self.columns + 1);
                        part(&from[y * self.w..][..self.w], odd, &mut even[1..]);
                    }
                    None => to.fill(0.0),
                }
            }
        }
    }
}

/// Every other value of a line, from the first and from the second on.
#[inline(always)]
fn part(line: &[f32], first: &mut [f32], second: &mut [f32]) {
    let (many, rest) = line.as_chunks::<{ 2 * HALF }>();
    let (firsts, seconds) = (first.as_chunks_mut::<HALF>().0, second.as_chunks_mut::<HALF>().0);
    for (values, (first, second)) in many.iter().zip(firsts.iter_mut().zip(seconds)) {
        *first = std::array::from_fn(|i| values[2 * i]);
        *second = std::array::from_fn(|i| values[2 * i + 1]);
    }
    let done = many.len() * HALF;
    for (i, pair) in rest.chunks(2).enumerate() {
        first[done + i] = pair[0];
        if let Some(value) = pair.get(1) {
            second[done + i] = *value;
        }
    }
}

/// Memory that a thread works in.
#[derive(Default)]
pub(super) struct Workspace {
    framed: Vec<f32>,
    /// A vector of transformed tiles: place, channel.
    tiles: Vec<[f32; LANES]>,
    /// What the products make of it: place, output.
    sums: Vec<[f32; LANES]>,
}

struct Layer<'a> {
    tiling: Tiling,
    c: usize,
    kernels: &'a [f32],
    bias: &'a [f32],
    relu: bool,
    /// Whether eight outputs are summed up together in place of four.
    in_pairs: bool,
    /// Of values below 0, by their channel.
    factors: Option<&'a [f32]>,
}

impl Layer<'_> {
    /// The images `x` convolved.
    #[inline(always)]
    fn convolve(&self, x: &[f32], residual: Option<&[f32]>, out: &mut [f32], room: &mut Workspace) {
        let outputs = self.bias.len().next_multiple_of(OUTPUTS);
        room.tiles.resize(PLACES * self.c, [0.0; LANES]);
        room.sums.resize(PLACES * outputs, [0.0; LANES]);
        for band in self.tiling.bands(x.len() / (self.c * self.tiling.h * self.tiling.w), self.c) {
            self.tiling.frame(x, (band, self.c), &mut room.framed);
            self.convolve_band(band, residual, out, room);
        }
    }

    /// The tiles of a band that was framed.
    #[inline(always)]
    fn convolve_band(&self, band: Band, residual: Option<&[f32]>, out: &mut [f32], room: &mut Workspace) {
        let Workspace { framed, tiles, sums } = room;
        let outputs = self.bias.len().next_multiple_of(OUTPUTS);
        let begin = (band.image * self.tiling.rows + band.row) * self.tiling.columns;
        let all = begin + band.images * band.rows * self.tiling.columns;
        for first in (begin..all).step_by(LANES) {
            let runs = || self.tiling.runs(first, (all - first).min(LANES));
            // Not `for_each`: what its closure calls would not be compiled for wide vectors.
            for run in runs() {
                self.transform(framed, (band, run), tiles);
            }
            let kernels = self.kernels.as_chunks::<OUTPUTS>().0;
            for (place, (tiles, sums)) in
                tiles.chunks_exact(self.c).zip(sums.chunks_exact_mut(outputs)).enumerate()
            {
                let of = |four: usize| &kernels[(four * PLACES + place) * self.c..][..self.c];
                let fours = sums.as_chunks_mut::<OUTPUTS>().0;
                let pairs = if self.in_pairs { fours.len() / 2 } else { 0 };
                for (pair, sums) in fours.as_chunks_mut::<2>().0.iter_mut().enumerate().take(pairs) {
                    *sums = weighted_sums_of_two(tiles, [of(2 * pair), of(2 * pair + 1)]);
                }
                for (four, sums) in fours.iter_mut().enumerate().skip(2 * pairs) {
                    *sums = weighted_sums(tiles, of(four));
                }
            }
            for channel in 0..self.bias.len() {
                let lines = gather(&sums[channel..], outputs);
                for run in runs() {
                    self.put(run, channel, &lines, residual, out);
                }
            }
        }
    }

    /// Bᵀ d B of a run's tiles in all channels.
    #[inline(always)]
    fn transform(&self, framed: &[f32], (band, run): (Band, Run), tiles: &mut [[f32; LANES]]) {
        let (row, plane) = (self.tiling.row(), self.tiling.plane(band.rows));
        for channel in 0..self.c {
            let at = (run.image - band.image) * self.c + channel;
            let corner = &framed[at * plane + 2 * (run.row - band.row) * row..];
            for at in (0..run.count).step_by(HALF) {
                let mut d = [[[0.0; HALF]; 4]; 4];
                for (y, d) in d.iter_mut().enumerate() {
                    let even = &corner[y * row + run.column + at..];
                    let odd = &even[self.tiling.columns + 1..];
                    for (d, values) in d.iter_mut().zip([even, odd, &even[1..], &odd[1..]]) {
                        if let Some(values) = values.first_chunk() {
                            *d = *values;
                        }
                    }
                }
                let mut rows = [[[0.0; HALF]; 4]; 4];
                for x in 0..4 {
                    let column = differences([&d[0][x], &d[1][x], &d[2][x], &d[3][x]]);
                    for (row, value) in rows.iter_mut().zip(column) {
                        row[x] = value;
                    }
                }
                for (y, row) in rows.iter().enumerate() {
                    let values = differences([&row[0], &row[1], &row[2], &row[3]]);
                    for (x, value) in values.iter().enumerate() {
                        // What is behind the run's end is written over by the next one.
                        let lanes = &mut tiles[(4 * y + x) * self.c + channel][run.lane + at..];
                        match lanes.first_chunk_mut() {
                            Some(lanes) => *lanes = *value,
                            None => lanes.copy_from_slice(&value[..lanes.len()]),
                        }
                    }
                }
            }
        }
    }

    /// A run's outputs in one channel, with bias and residual.
    #[inline(always)]
    fn put(&self, run: Run, channel: usize, lines: &[Line; 2], residual: Option<&[f32]>, out: &mut [f32]) {
        let (h, w) = (self.tiling.h, self.tiling.w);
        for (y, line) in (2 * run.row..h).zip(lines) {
            let begin = ((run.image * self.bias.len() + channel) * h + y) * w + 2 * run.column;
            let range = begin..begin + (2 * run.count).min(w - 2 * run.column);
            let (values, out) = (&line[2 * run.lane..][..range.len()], &mut out[range.clone()]);
            let least = if self.relu { 0.0 } else { f32::NEG_INFINITY };
            match residual {
                Some(residual) => {
                    for ((out, value), residual) in out.iter_mut().zip(values).zip(&residual[range]) {
                        *out = (value + self.bias[channel] + residual).max(least);
                    }
                }
                None => {
                    for (out, value) in out.iter_mut().zip(values) {
                        *out = (value + self.bias[channel]).max(least);
                    }
                }
            }
            if let Some(factors) = self.factors {
                shrink(out, factors[channel]);
            }
        }
    }
}

/// A row of the outputs of a vector of tiles.
type Line = [f32; 2 * LANES];

/// Bᵀ d for a column of tiles.
#[inline(always)]
fn differences<const N: usize>([a, b, c, d]: [&[f32; N]; 4]) -> [[f32; N]; 4] {
    let mut out = [[0.0; N]; 4];
    for i in 0..N {
        out[0][i] = a[i] - c[i];
        out[1][i] = b[i] + c[i];
        out[2][i] = c[i] - b[i];
        out[3][i] = b[i] - d[i];
    }
    out
}

/// Aᵀ m A of one output: its upper and its lower row.
#[inline(always)]
fn gather(sums: &[[f32; LANES]], outputs: usize) -> [Line; 2] {
    let mut rows = [[[0.0; LANES]; 4]; 2];
    for x in 0..4 {
        let [a, b, c, d] = [0, 4, 8, 12].map(|y| &sums[(y + x) * outputs]);
        for i in 0..LANES {
            rows[0][x][i] = a[i] + b[i] + c[i];
            rows[1][x][i] = b[i] - c[i] - d[i];
        }
    }
    let mut lines = [[0.0; 2 * LANES]; 2];
    for (line, [a, b, c, d]) in lines.iter_mut().zip(&rows) {
        for i in 0..LANES {
            line[2 * i] = a[i] + b[i] + c[i];
            line[2 * i + 1] = b[i] - c[i] - d[i];
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::{apart, noise};

    #[test]
    fn it_is_candles_convolution() {
        // n, c, o, h, w
        for [n, c, o, h, w] in [
            [2, 3, 5, 7, 9],
            [1, 1, 1, 1, 1],
            [5, 4, 2, 1, 40],
            [3, 2, 4, 5, 1],
            [7, 8, 8, 5, 8],
            [3, 16, 6, 9, 16],
            [1, 64, 3, 40, 100],
            [1, 200, 9, 18, 32],
            // In bands, the last of which is smaller.
            [2, 64, 5, 37, 300],
        ] {
            let (x, weight, bias) = (noise(1, &[n, c, h, w]), noise(2, &[o, c, 3, 3]), noise(3, &[o]));
            let theirs = x.conv2d(&weight, 1, 1, 1, 1).unwrap();
            let theirs = theirs.broadcast_add(&bias.reshape((1, o, 1, 1)).unwrap()).unwrap();
            let residual = noise(4, &[n, o, h, w]);
            let factors = noise(5, &[o]);
            let plain = conv3x3(&x, (&weight, &bias), Finish::default()).unwrap();
            assert!(apart(&plain, &theirs) < 1e-5 * (9.0 * c as f32).sqrt());
            for relu in [false, true] {
                for residual in [None, Some(&residual)] {
                    let below = if relu { Below::Vanish } else { Below::Shrink(&factors) };
                    let ours = conv3x3(&x, (&weight, &bias), Finish { residual, below }).unwrap();
                    let sum = residual.map_or(theirs.clone(), |r| (&theirs + r).unwrap());
                    let mut wanted = sum.relu().unwrap();
                    if !relu {
                        let under = sum.neg().unwrap().relu().unwrap();
                        let factors = factors.reshape((1, o, 1, 1)).unwrap();
                        wanted = (wanted - under.broadcast_mul(&factors).unwrap()).unwrap();
                    }
                    let worst = apart(&ours, &wanted);
                    assert!(worst < 1e-5 * (9.0 * c as f32).sqrt(), "{n} {c} {o} {h} {w}: {worst}");
                }
            }
        }
    }
}
