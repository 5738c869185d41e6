//! Matrix products into memory that is already there: the one door to the `gemm` crate.
//!
//! candle's `matmul` always makes a new matrix, cleared first and copied from afterwards, and looks up the number of
//! processors at every call. On networks as small as the embedded one that costs as much as the products.

use gemm::Parallelism;

/// Multiplications from which on a product is worth sharing among threads.
const SHARED: usize = 1 << 25;

/// The right-hand side of a product, k x n, in any layout.
#[derive(Clone, Copy, Debug)]
pub struct Right<'a> {
    /// The values.
    pub values: &'a [f32],
    /// How far apart rows stand.
    pub row_stride: usize,
    /// How far apart columns stand.
    pub column_stride: usize,
}

/// `out` += `a` · `b`, where `a` \[m, k] is dense and the rows of `out` \[m, n] stand `stride` apart.
///
/// # Panics
/// If a matrix does not lie in its slice.
pub fn multiply_add(a: &[f32], b: Right<'_>, (out, stride): (&mut [f32], usize), [m, n, k]: [usize; 3]) {
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    let left = m.checked_mul(k);
    assert!(left.is_some_and(|count| a.len() >= count), "the left matrix is cut short");
    let right = last([k, n], [b.row_stride, b.column_stride]);
    assert!(right.is_some_and(|last| b.values.len() > last), "the right matrix is cut short");
    let result = last([m, n], [stride, 1]).filter(|_| stride >= n);
    assert!(result.is_some_and(|last| out.len() > last), "the result does not fit");
    let shared = m.saturating_mul(n).saturating_mul(k) >= SHARED;
    let parallelism = if shared { Parallelism::Rayon(0) } else { Parallelism::None };
    // SAFETY: the three matrices lie inside their slices, as was just checked; rows of the result don't overlap, and
    // the result is borrowed alone.
    #[allow(unsafe_code)]
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            stride as isize,
            true,
            a.as_ptr(),
            1,
            k as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// Where the last value of a matrix that isn't empty stands; none if it or a stride is beyond what can be addressed.
fn last([rows, columns]: [usize; 2], strides: [usize; 2]) -> Option<usize> {
    let [row, column] = strides;
    // A stride that leads nowhere, of a single row or column, is handed on all the same.
    isize::try_from(row.max(column)).ok()?;
    (rows - 1).checked_mul(row)?.checked_add((columns - 1).checked_mul(column)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_added_into_a_part_of_a_wider_matrix() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0], [1.0, 10.0, 100.0, 1000.0]);
        let mut out = [0.5; 7];
        let rows = Right { values: &b, row_stride: 2, column_stride: 1 };
        multiply_add(&a, rows, (&mut out, 4), [2, 2, 2]);
        assert_eq!(out, [201.5, 2010.5, 0.5, 0.5, 403.5, 4030.5, 0.5]);
        let mut out = [0.0; 4];
        let columns = Right { values: &b, row_stride: 1, column_stride: 2 };
        multiply_add(&a, columns, (&mut out, 2), [2, 2, 2]);
        assert_eq!(out, [21.0, 2100.0, 43.0, 4300.0]);
    }

    #[test]
    #[should_panic(expected = "does not fit")]
    fn a_result_outside_its_slice_is_refused() {
        let right = Right { values: &[0.0; 4], row_stride: 2, column_stride: 1 };
        multiply_add(&[0.0; 4], right, (&mut [0.0; 3], 2), [2, 2, 2]);
    }

    #[test]
    fn sizes_and_strides_that_wrap_around_are_refused() {
        const TOP: usize = 1 << (usize::BITS - 1);
        const ROOT: usize = 1 << (usize::BITS / 2);
        let refused = |sizes, [row_stride, column_stride, stride]: [usize; 3], cause: &str| {
            let run = move || {
                let right = Right { values: &[1.0; 8], row_stride, column_stride };
                multiply_add(&[1.0; 8], right, (&mut [0.0; 8], stride), sizes);
            };
            let panic = std::panic::catch_unwind(run).expect_err(&format!("{sizes:?} is taken"));
            let said = panic.downcast_ref::<&str>().copied().unwrap_or_default();
            assert!(said.contains(cause), "{sizes:?}: {said}");
        };
        // Each product below is 0 or small in a machine's own arithmetic.
        refused([ROOT, ROOT, 1], [1, 1, ROOT], "left");
        refused([TOP, 1, 2], [1, 1, 1], "left");
        refused([2, 2, 3], [TOP, 1, 2], "right");
        refused([2, 3, 2], [1, TOP, 3], "right");
        refused([2, 3, 3], [TOP / 2, TOP / 2, 3], "right");
        refused([1, 1, 1], [usize::MAX, 1, 1], "right");
        refused([3, 2, 2], [2, 1, TOP], "result");
        refused([1, 2, 2], [2, 1, TOP], "result");
        refused([2, 2, 2], [2, 1, usize::MAX], "result");
    }
}
