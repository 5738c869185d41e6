//! Slices: what a file's tensor is to us, where it isn't one whole tensor of ours.

use candle_core::Tensor;

/// Part of a tensor along one dimension, where a file holds several of ours in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Which dimension is cut.
    pub dim: usize,
    /// Which of the equal parts, from 0.
    pub part: usize,
    /// How many equal parts there are.
    pub parts: usize,
}

impl Slice {
    /// The shape of the part of a tensor of `shape`; none where it can't be cut so.
    pub fn shape(self, shape: &[usize]) -> Option<Vec<usize>> {
        let mut cut = shape.to_vec();
        let side = cut.get_mut(self.dim)?;
        if self.part >= self.parts || *side % self.parts != 0 {
            return None;
        }
        *side /= self.parts;
        Some(cut)
    }

    /// The part of `tensor`.
    pub fn of(self, tensor: &Tensor) -> candle_core::Result<Tensor> {
        let length = tensor.dim(self.dim)? / self.parts;
        tensor.narrow(self.dim, self.part * length, length)?.contiguous()
    }
}

/// What a file's tensor is to us: our keys, each with the part of the tensor that it stands for; none where it isn't needed.
pub type Keys = Vec<(String, Option<Slice>)>;

/// The one key of a tensor that is taken whole.
pub fn whole(key: String) -> Keys {
    vec![(key, None)]
}
