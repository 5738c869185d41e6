//! The loops around the kernel, for layers and convolutions alike.

use super::super::panels::{BLOCK, Panels};
use super::tiles::{Left, Square, Sums, Tiles};

/// Steps whose weights stay in the first-level cache.
const STEPS: usize = 16;
/// Tiles whose sums stay there beside them.
const TOGETHER: usize = 16;

/// The sums of tiles and panels: `give` gets the first output of a panel, the number of a tile, and the sums of its rows for 16 outputs and
/// for the 16 behind these.
pub fn product(
    tiles: &Tiles,
    (left, firsts): (Left<'_>, &[usize]),
    panels: &Panels,
    mut give: impl FnMut(usize, usize, [&Square; 2]),
) {
    let mut sums = [Sums::ZERO; TOGETHER / 2];
    for (group, firsts) in firsts.chunks(TOGETHER).enumerate() {
        for (panel, weights) in panels.each().enumerate() {
            let parts = left.offsets.chunks(STEPS).zip(weights.chunks(STEPS * BLOCK));
            for (part, (offsets, weights)) in parts.enumerate() {
                for (pair, sums) in firsts.chunks(2).zip(&mut sums) {
                    let at = [pair[0], pair[pair.len() - 1]];
                    tiles.multiply(Left { offsets, ..left }, at, weights, (sums, part == 0));
                }
            }
            for number in 0..firsts.len() {
                let [a, b, c, d] = &sums[number / 2].0;
                let halves = if number % 2 == 0 { [a, b] } else { [c, d] };
                give(panel * BLOCK, group * TOGETHER + number, halves);
            }
        }
    }
}
