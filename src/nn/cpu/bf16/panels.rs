//! Panels: a layer's weights in bf16, in the order in which tiles read them.

use rayon::prelude::*;

/// Rows of a tile, and columns of its sums.
pub const ROWS: usize = 16;
/// Channels of a line, which a tile multiplies at once.
pub const STEP: usize = 32;
/// Rows and outputs that are summed up together: two tiles each.
pub const BLOCK: usize = 2 * ROWS;

/// 32 channels of one row, or 16 outputs' weights for two channels, in bf16. It is a cache line, for of tiles whose rows lie across
/// two AMX loads a sixth as many.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
pub struct Line(pub [u16; STEP]);

impl Line {
    /// All zeros.
    pub const ZERO: Line = Line([0; STEP]);
}

/// Weights of a layer, packed once: for every 32 outputs the steps one behind the other, of which each is 32 channels under one place of the
/// kernel. What is missing to whole panels and steps are zeros.
#[derive(Clone, Debug)]
pub struct Panels {
    lines: Vec<Line>,
    outputs: usize,
    inputs: usize,
    taps: usize,
}

/// The nearest bf16, the even one of two; NaN stays NaN.
pub fn round(value: f32) -> u16 {
    let bits = value.to_bits();
    if value.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    (bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

impl Panels {
    /// Of `weight` \[outputs, inputs, taps]; none where its length is another.
    pub fn new(weight: &[f32], [outputs, inputs, taps]: [usize; 3]) -> Option<Self> {
        Self::ordered(weight, [outputs, inputs, taps], |place| place)
    }

    /// Of \[2d, inputs] of a gated layer: a panel has 16 of the first d outputs and the 16 that are their gates.
    pub fn gated(weight: &[f32], [outputs, inputs]: [usize; 2]) -> Option<Self> {
        let gates = outputs / 2;
        if outputs % BLOCK != 0 {
            return None;
        }
        Self::ordered(weight, [outputs, inputs, 1], |place| {
            place / BLOCK * ROWS + place % ROWS + place % BLOCK / ROWS * gates
        })
    }

    /// The same with the output `order` says at each place.
    fn ordered(weight: &[f32], sizes: [usize; 3], order: impl Fn(usize) -> usize + Sync) -> Option<Self> {
        let [outputs, inputs, taps] = sizes;
        if weight.len() != outputs * inputs * taps || weight.is_empty() {
            return None;
        }
        let across = inputs.div_ceil(STEP);
        let mut lines = vec![Line::ZERO; outputs.div_ceil(BLOCK) * taps * across * BLOCK];
        lines.par_chunks_mut(taps * across * BLOCK).enumerate().for_each(|(panel, lines)| {
            for (part, lines) in lines.chunks_exact_mut(ROWS).enumerate() {
                let (half, step, tap) = (part % 2, part / 2 % across, part / 2 / across);
                let channels = step * STEP * taps..inputs.min((step + 1) * STEP) * taps;
                // Two channels of each of 16 outputs.
                let mut pairs = [[0; ROWS]; ROWS];
                let places = panel * BLOCK + half * ROWS..outputs;
                for (pairs, place) in pairs.iter_mut().zip(places) {
                    let row = &weight[order(place) * inputs * taps..][channels.clone()];
                    for (pair, two) in pairs.iter_mut().zip(row.chunks(2 * taps)) {
                        let odd = two.get(taps + tap).map_or(0, |value| round(*value));
                        *pair = u32::from(round(two[tap])) | u32::from(odd) << 16;
                    }
                }
                for (i, line) in lines.iter_mut().enumerate() {
                    for (values, pairs) in line.0.as_chunks_mut::<2>().0.iter_mut().zip(&pairs) {
                        *values = [pairs[i] as u16, (pairs[i] >> 16) as u16];
                    }
                }
            }
        });
        Some(Panels { lines, outputs, inputs, taps })
    }

    /// How many outputs there are.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Channels in.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Places of the kernel.
    pub fn taps(&self) -> usize {
        self.taps
    }

    /// Steps of a product.
    pub fn steps(&self) -> usize {
        self.taps * self.inputs.div_ceil(STEP)
    }

    /// The weights of each 32 outputs.
    pub fn each(&self) -> impl Iterator<Item = &[Line]> {
        self.lines.chunks_exact(self.steps() * BLOCK)
    }
}
