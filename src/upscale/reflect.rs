//! Pictures that go on beyond their edges, reflected: networks were trained on the insides of pictures.

/// Reflected pixels around a picture.
pub(super) const EDGE: usize = 10;

/// The pixel that stands at `index` when a row of `count` goes on reflected at its first and last pixel.
pub(super) fn reflected(index: i64, count: usize) -> usize {
    let turn = 2 * (count as i64 - 1).max(1);
    let index = index.rem_euclid(turn);
    (index.min(turn - index) as usize).min(count - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_reflected_at_their_outermost_pixels() {
        let row: Vec<usize> = (-4..9).map(|i| reflected(i, 4)).collect();
        assert_eq!(row, [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2]);
        assert_eq!([-3, 0, 5].map(|i| reflected(i, 1)), [0; 3]);
    }
}
