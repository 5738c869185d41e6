//! Operands: what products in bf16 are told.

use super::panels::Panels;

/// A weight's values as they stand in memory or in a file.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// In single precision.
    Single(&'a [f32]),
    /// In half precision, little-endian.
    Half(&'a [u8]),
    /// Brain floats, little-endian.
    Brain(&'a [u8]),
}

impl Values<'_> {
    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Values::Single(values) => values.len(),
            Values::Half(bytes) | Values::Brain(bytes) => bytes.len() / 2,
        }
    }
}

/// The order in which a layer's outputs are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As they come.
    Plain,
    /// Of \[2d, inputs] in front of a gate: a panel has 16 of the first d outputs and the 16 that are their gates.
    Gated,
}

/// A layer norm: weight and bias of each channel, and epsilon.
#[derive(Clone, Copy, Debug)]
pub struct RowNorm<'a> {
    /// Of each channel.
    pub weight: &'a [f32],
    /// Of each channel.
    pub bias: &'a [f32],
    /// Added to the variance.
    pub eps: f32,
    /// Is added to the normed rows, from the first again behind its last.
    pub code: Option<&'a [f32]>,
}

/// Rows \[.., k] that go into a layer, and the norm that they go through before.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The values.
    pub x: &'a [f32],
    /// Values of a row.
    pub k: usize,
    /// The norm.
    pub norm: Option<RowNorm<'a>>,
}

impl Rows<'_> {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.x.len() / self.k
    }
}

/// A layer: weights, bias \[o], and what is added, of the shape of the result.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// Its weights.
    pub panels: &'a Panels,
    /// Is added to every row.
    pub bias: Option<&'a [f32]>,
    /// Is added to the result.
    pub residual: Option<&'a [f32]>,
}

/// What is done with a picture's channel on the way: (v - mean) · factor + bias, and perhaps SiLU.
#[derive(Clone, Copy, Debug, Default)]
pub struct Affine {
    /// Is taken off.
    pub mean: f32,
    /// Is multiplied by.
    pub factor: f32,
    /// Is added.
    pub bias: f32,
}

/// Pictures, and what is done with them on the way.
#[derive(Clone, Copy, Debug)]
pub struct Planes<'a> {
    /// Values \[n, c, h, w], or a quarter of them.
    pub x: &'a [f32],
    /// n, c, h and w, of what is convolved.
    pub shape: [usize; 4],
    /// The values are of half this height and width, and every pixel stands for four.
    pub doubled: bool,
    /// For every channel of every picture.
    pub norm: Option<&'a [Affine]>,
    /// SiLU follows.
    pub silu: bool,
}

/// What becomes of values below 0.
#[derive(Clone, Copy, Debug)]
pub enum Under<'a> {
    /// They stay.
    Stay,
    /// They are 0.
    Vanish,
    /// They are multiplied by their channel's factor.
    Shrink(&'a [f32]),
}

/// A convolution with a square kernel.
#[derive(Clone, Copy, Debug)]
pub struct Convolution<'a> {
    /// Its weights.
    pub panels: &'a Panels,
    /// Of each output.
    pub bias: &'a [f32],
    /// Rows of the kernel.
    pub kernel: usize,
    /// Pixels between outputs.
    pub stride: usize,
    /// Zeros above and to the left.
    pub before: usize,
    /// Height and width of the result.
    pub size: [usize; 2],
    /// Is added, of the shape of the result.
    pub residual: Option<&'a [f32]>,
    /// What then becomes of values below 0.
    pub under: Under<'a>,
    /// The result is tokens in this order, without residual; none: pictures.
    pub tokens: Option<Order>,
}

/// Which tokens stand next to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The pixels of a picture: \[n, h·w, c].
    Space,
    /// The pictures of a pixel: \[h·w, n, c].
    Time,
}

impl Order {
    /// The row of pixel `pixel` of `pixels` of picture `image` of `images`.
    pub fn row(self, (image, images): (usize, usize), (pixel, pixels): (usize, usize)) -> usize {
        match self {
            Order::Space => image * pixels + pixel,
            Order::Time => pixel * images + image,
        }
    }
}

/// Queries, keys and values, heads side by side.
#[derive(Clone, Copy, Debug)]
pub struct Heads<'a> {
    /// \[b, n, heads·d].
    pub q: &'a [f32],
    /// \[b, m, heads·d].
    pub k: &'a [f32],
    /// \[b, m, heads·d].
    pub v: &'a [f32],
    /// b, n and m.
    pub shape: [usize; 3],
    /// How many heads there are.
    pub heads: usize,
    /// Width of a head.
    pub d: usize,
}
