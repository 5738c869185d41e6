//! Tiles: how a picture is cut so that no piece takes much memory, and how the results are put together without a seam.
//!
//! Tiles overlap by what a network sees beside a pixel, or, where it sees further than is affordable, by as much as matters; there
//! they are faded into each other over [`FADE`] pixels on either side of a border.

use std::ops::Range;

/// Half the width in which one tile becomes the next.
pub const FADE: usize = 8;

/// A picture's tiles along one side: what each of them sees, of pixels in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Borders between tiles, with both ends.
    borders: Vec<usize>,
    overlap: usize,
}

impl Side {
    /// `parts` tiles along `length` pixels that begin at multiples of `unit`.
    fn new(length: usize, parts: usize, (overlap, unit): (usize, usize)) -> Self {
        let borders = (0..=parts).map(|i| if i == parts { length } else { i * length / parts / unit * unit });
        Side { borders: borders.collect(), overlap: overlap.next_multiple_of(unit) }
    }

    /// How many tiles there are.
    pub fn count(&self) -> usize {
        self.borders.len() - 1
    }

    /// The pixels that tile `i` sees.
    pub fn seen(&self, i: usize) -> Range<usize> {
        let end = self.borders[self.count()];
        self.borders[i].saturating_sub(self.overlap)..(self.borders[i + 1] + self.overlap).min(end)
    }

    /// The longest tile.
    fn longest(&self) -> usize {
        (0..self.count()).map(|i| self.seen(i).len()).max().unwrap_or(0)
    }

    /// How much of tile `i` is seen at each of its pixels, enlarged `scale` times: those of all tiles add up to 1.
    pub fn shares(&self, i: usize, scale: usize) -> Vec<f32> {
        let seen = self.seen(i);
        // From 0 before a border to 1 behind it.
        let behind = |border: usize, x: f32| {
            let outer = border == 0 || border == self.borders[self.count()];
            if outer { 1.0 } else { ((x - border as f32) / (2 * FADE) as f32 + 0.5).clamp(0.0, 1.0) }
        };
        let share = |at: usize| {
            let x = (at as f32 + 0.5) / scale as f32 + seen.start as f32;
            let end = self.borders[i + 1];
            let after = if end == self.borders[self.count()] { 0.0 } else { behind(end, x) };
            behind(self.borders[i], x) - after
        };
        (0..seen.len() * scale).map(share).collect()
    }
}

/// Where a tile lies: its row and its column, of the rows and columns of a picture.
pub type Place<'a> = [(&'a Side, usize); 2];

/// Adds what was made of a tile, planes one after another and enlarged `scale` times, to the planes `whole` of `size` (height, width), each
/// value by the tile's share in it. The outermost `edge` pixels of what was cut, before it was enlarged, lie outside of `whole`.
pub fn lay(
    whole: &mut [f32],
    (height, width): (usize, usize),
    (made, [(rows, row), (columns, column)]): (&[f32], Place<'_>),
    (scale, edge): (usize, usize),
) {
    let edge = scale * edge;
    let (down, across) = (rows.shares(row, scale), columns.shares(column, scale));
    let (top, left) = (scale * rows.seen(row).start, scale * columns.seen(column).start);
    // The tile's pixels that lie inside of the picture, and where they lie there.
    let skip = edge.saturating_sub(left);
    let count = (left + across.len()).min(edge + width).saturating_sub(left + skip);
    let planes = whole.chunks_exact_mut(height * width).zip(made.chunks_exact(down.len() * across.len()));
    for (plane, part) in planes {
        for (y, (line, share)) in part.chunks_exact(across.len()).zip(&down).enumerate() {
            let Some(to) = (top + y).checked_sub(edge).filter(|y| *y < height) else { continue };
            let to = &mut plane[to * width + left + skip - edge..][..count];
            for ((to, value), across) in to.iter_mut().zip(&line[skip..]).zip(&across[skip..]) {
                *to += value * (share * across);
            }
        }
    }
}

/// The tiles of a picture of `size` (height, width): rows and columns, each tile of `most` pixels or few more.
pub fn tiling((h, w): (usize, usize), most: usize, beside: (usize, usize)) -> [Side; 2] {
    let (overlap, _) = beside;
    let mut sides = [Side::new(h, 1, beside), Side::new(w, 1, beside)];
    while sides[0].longest() * sides[1].longest() > most {
        // The longer side is cut; tiles that would be hardly more than overlap aren't.
        let longer = usize::from(sides[1].longest() > sides[0].longest());
        let (length, parts) = ([h, w][longer], sides[longer].count() + 1);
        if length / parts < 2 * (overlap + FADE) {
            break;
        }
        sides[longer] = Side::new(length, parts, beside);
    }
    sides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_a_picture_see_beside_it_and_fade_into_each_other() {
        for (size, most, beside) in [
            ((308, 532), 1 << 14, (18, 1)),
            ((100, 2000), 20_000, (32, 2)),
            ((64, 64), 1, (8, 4)),
            ((40, 40), 5000, (8, 1)),
        ] {
            let sides = tiling(size, most, beside);
            for (side, length) in sides.iter().zip([size.0, size.1]) {
                let scale = 4;
                let mut sum = vec![0.0; scale * length];
                for i in 0..side.count() {
                    let seen = side.seen(i);
                    assert!(seen.start % beside.1 == 0 && seen.end <= length);
                    let shares = side.shares(i, scale);
                    let first = scale * seen.start;
                    shares.iter().zip(&mut sum[first..]).for_each(|(share, sum)| *sum += share);
                    // Nothing is shown of what lies at an inner edge.
                    let bare = scale * (beside.0 - FADE);
                    let shown = |part: &[f32]| part.iter().any(|share| *share > 0.0);
                    assert!(seen.start == 0 || !shown(&shares[..bare]));
                    assert!(seen.end == length || !shown(&shares[shares.len() - bare..]));
                }
                assert!(sum.iter().all(|sum: &f32| (sum - 1.0).abs() < 1e-6), "{sum:?}");
            }
        }
        let [rows, columns] = tiling((308, 532), 1 << 20, (18, 1));
        assert_eq!((rows.count(), columns.count(), rows.shares(0, 1)), (1, 1, vec![1.0; 308]));
    }
}
