//! Panels: a layer's weights in bf16, in the order in which tiles read them.

use super::spare;

pub use super::line::{BLOCK, Line, ROWS, STEP};

/// Weights of a layer, packed once: for every 32 outputs the steps one behind the other, of which each is 32 channels under one place of the
/// kernel. What is missing to whole panels and steps are zeros.
#[derive(Debug)]
pub struct Panels {
    lines: Vec<Line>,
    outputs: usize,
    inputs: usize,
    taps: usize,
    /// The lines were taken from the spare, and go there again.
    lent: bool,
}

impl Drop for Panels {
    fn drop(&mut self) {
        if self.lent {
            spare::put(std::mem::take(&mut self.lines));
        }
    }
}

impl Panels {
    /// Of lines in their order, as many as `sizes` \[outputs, inputs, taps] need; whether these were `lent` by the spare.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    pub(super) fn from_lines(lines: Vec<Line>, [outputs, inputs, taps]: [usize; 3], lent: bool) -> Self {
        Panels { lines, outputs, inputs, taps, lent }
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
