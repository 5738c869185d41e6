//! Spare room for weights that are packed again and again: without it they would lie between the tensors of a step, and what they
//! leave there when they go would fit nobody.

use super::line::Line;
use std::sync::{Mutex, PoisonError};

/// Lines of all spare pieces, at most: 96 MB, which is a transformer's block, or the largest convolution and more, of the full-size networks.
const MOST: usize = (96 << 20) / size_of::<Line>();

static SPARE: Mutex<Spare> = Mutex::new(Spare { pieces: Vec::new(), most: MOST });

/// Room for `count` lines, empty: the smallest spare piece that has it, or a new one.
pub fn take(count: usize) -> Vec<Line> {
    let piece = SPARE.lock().unwrap_or_else(PoisonError::into_inner).take(count);
    piece.unwrap_or_else(|| Vec::with_capacity(count))
}

/// Puts a piece by for whoever takes one next.
pub fn put(piece: Vec<Line>) {
    SPARE.lock().unwrap_or_else(PoisonError::into_inner).put(piece);
}

struct Spare {
    /// The largest first.
    pieces: Vec<Vec<Line>>,
    most: usize,
}

impl Spare {
    fn take(&mut self, count: usize) -> Option<Vec<Line>> {
        let at = self.pieces.iter().rposition(|piece| piece.capacity() >= count)?;
        Some(self.pieces.remove(at))
    }

    /// The smallest go where there are too many.
    fn put(&mut self, mut piece: Vec<Line>) {
        piece.clear();
        let at = self.pieces.partition_point(|other| other.capacity() > piece.capacity());
        self.pieces.insert(at, piece);
        let mut all = 0;
        self.pieces.retain(|piece| {
            all += piece.capacity();
            all <= self.most
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_piece_that_fits_is_taken_and_the_largest_are_kept() {
        let mut spare = Spare { pieces: Vec::new(), most: 100 };
        for size in [30, 50, 20, 10] {
            spare.put(Vec::with_capacity(size));
        }
        let sizes = |spare: &Spare| spare.pieces.iter().map(Vec::capacity).collect::<Vec<_>>();
        assert_eq!(sizes(&spare), [50, 30, 20], "10 more would be too many");
        assert_eq!(spare.take(21).map(|piece| piece.capacity()), Some(30));
        assert_eq!(spare.take(51).map(|piece| piece.capacity()), None);
        assert_eq!(sizes(&spare), [50, 20]);
    }
}
