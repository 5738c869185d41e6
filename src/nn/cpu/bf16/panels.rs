//! Panels: a layer's weights in bf16, in the order in which tiles read them.

/// Rows of a tile, and columns of its sums.
pub const ROWS: usize = 16;
/// Channels of a line, which a tile multiplies at once.
pub const STEP: usize = 32;
/// Rows and outputs that are summed up together: two tiles each.
pub const BLOCK: usize = 2 * ROWS;

/// 32 channels of one row, or 16 outputs' weights for two channels, in bf16. It is a cache line, for of tiles whose rows lie across
/// two AMX loads a sixth as many.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl Panels {
    /// Of lines in their order, as many as `sizes` \[outputs, inputs, taps] need.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    pub(super) fn from_lines(lines: Vec<Line>, [outputs, inputs, taps]: [usize; 3]) -> Self {
        Panels { lines, outputs, inputs, taps }
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
