//! Placement: where a picture lands in the output, and how its pixels are read between and beyond them.

use super::settings::Finish;
use crate::units::Size;

/// Where the picture lands in the output: source pixels times `scale`, turned by `roll`, about the
/// two centres, moved by `shift` output pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placement {
    pub out: Size,
    pub scale: f32,
    pub roll: f32,
    pub shift: [f32; 2],
}

impl Placement {
    /// Fills `out` with a picture of `source`'s size, cropping what sticks out, then adds the effects.
    pub fn new(source: Size, out: Size, finish: &Finish) -> Self {
        let [w, h] = [source.width, source.height].map(|v| v as f32);
        let [ow, oh] = [out.width, out.height].map(|v| v as f32);
        let cover = (ow / w).max(oh / h);
        let shift = [finish.shift_x * ow, finish.shift_y * oh];
        Placement { out, scale: cover * finish.zoom, roll: finish.roll, shift }
    }

    /// Whether pixels are only copied.
    pub fn is_identity(&self, source: Size) -> bool {
        self.out == source && self.scale == 1.0 && self.roll == 0.0 && self.shift == [0.0; 2]
    }
}

/// Catmull-Rom: runs through the pixels, sharp, with little ringing. `x` in source pixels.
pub(super) fn catmull_rom(x: f32) -> f32 {
    let x = x.abs();
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < 2.0 {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}

/// The pixel that stands at `index` when a row of `count` goes on mirrored on both sides.
pub(super) fn mirrored(index: i64, count: usize) -> usize {
    let count = count as i64;
    let turn = index.rem_euclid(2 * count);
    (if turn < count { turn } else { 2 * count - 1 - turn }) as usize
}
