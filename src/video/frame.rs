//! One picture.

use crate::units::Size;
use crate::vector::{byte, vectorized};

/// An 8-bit RGB picture, rows from the top, three bytes a pixel, no padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    size: Size,
    rgb: Vec<u8>,
}

impl Frame {
    /// A picture of `size` from `3 · width · height` bytes.
    ///
    /// # Panics
    /// If the number of bytes doesn't fit the size: a mistake of the caller.
    pub fn new(size: Size, rgb: Vec<u8>) -> Self {
        assert_eq!(rgb.len(), 3 * size.pixels(), "a frame of {size} has {} bytes", 3 * size.pixels());
        Frame { size, rgb }
    }

    /// A black picture.
    pub fn black(size: Size) -> Self {
        Frame { size, rgb: vec![0; 3 * size.pixels()] }
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The bytes, row by row.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Adds `share` of what `lossy` lacks of `whole`, pictures of the same size.
    pub fn add_difference(&mut self, whole: &Frame, lossy: &Frame, share: f32) {
        vectorized(
            #[inline(always)]
            || {
                for ((own, whole), lossy) in self.rgb.iter_mut().zip(&whole.rgb).zip(&lossy.rgb) {
                    *own = byte(f32::from(*own) + share * (f32::from(*whole) - f32::from(*lossy)));
                }
            },
        );
    }

    /// The bytes, to be changed in place.
    pub fn rgb_mut(&mut self) -> &mut [u8] {
        &mut self.rgb
    }
}
