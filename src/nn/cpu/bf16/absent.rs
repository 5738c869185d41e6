//! What stands for the matrix unit where there can be none.

use super::operands::{Convolution, Heads, Layer, Order, Packing, Planes, Rows, Values};
use super::panels::Panels;

/// There is none.
pub fn is_there() -> bool {
    false
}

const WHY: &str = "there are factors only where they can be multiplied";

pub fn pack(_: Values<'_>, _: [usize; 3], _: (Packing, bool)) -> Option<Panels> {
    None
}

pub fn linear<const N: usize>(_: Rows<'_>, _: [Layer<'_>; N]) -> [Vec<f32>; N] {
    unreachable!("{WHY}")
}

pub fn feed(_: Rows<'_>, _: Layer<'_>, _: Layer<'_>) -> Vec<f32> {
    unreachable!("{WHY}")
}

pub fn attend(_: Heads<'_>) -> Vec<f32> {
    unreachable!("{WHY}")
}

pub fn pictures(_: Rows<'_>, _: Order, _: Layer<'_>, _: [usize; 2]) -> Vec<f32> {
    unreachable!("{WHY}")
}

pub fn convolve(_: Planes<'_>, _: Convolution<'_>) -> Vec<f32> {
    unreachable!("{WHY}")
}
