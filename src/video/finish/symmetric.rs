//! Symmetric matrices of three by three, and their powers.

/// Rows of numbers.
pub(super) type Matrix = [[f64; 3]; 3];

/// A symmetric matrix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symmetric(pub Matrix);

/// Turns until nothing beside the diagonal is left; each takes most of it away.
const SWEEPS: usize = 12;

impl Symmetric {
    /// The matrix to the power of `exponent`; eigenvalues that are not above 0 count as the smallest number above.
    pub fn power(&self, exponent: f64) -> Matrix {
        let (values, vectors) = self.eigen();
        let mut power = [[0.0; 3]; 3];
        for (value, vector) in values.iter().zip(vectors) {
            let value = value.max(f64::MIN_POSITIVE).powf(exponent);
            for i in 0..3 {
                for j in 0..3 {
                    power[i][j] += value * vector[i] * vector[j];
                }
            }
        }
        power
    }

    /// Eigenvalues and their vectors, of length 1, by Jacobi's turns (1846).
    fn eigen(&self) -> ([f64; 3], [[f64; 3]; 3]) {
        let mut matrix = self.0;
        let mut vectors = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        for _ in 0..SWEEPS {
            for (p, q) in [(0, 1), (0, 2), (1, 2)] {
                if matrix[p][q] == 0.0 {
                    continue;
                }
                let angle = 0.5 * (2.0 * matrix[p][q]).atan2(matrix[q][q] - matrix[p][p]);
                let (sin, cos) = angle.sin_cos();
                let turned = |[a, b]: [f64; 2]| [cos * a - sin * b, sin * a + cos * b];
                for row in &mut matrix {
                    [row[p], row[q]] = turned([row[p], row[q]]);
                }
                for k in 0..3 {
                    [matrix[p][k], matrix[q][k]] = turned([matrix[p][k], matrix[q][k]]);
                    [vectors[p][k], vectors[q][k]] = turned([vectors[p][k], vectors[q][k]]);
                }
            }
        }
        ([matrix[0][0], matrix[1][1], matrix[2][2]], vectors)
    }
}

/// `a` times `b`.
pub(super) fn product(a: &Matrix, b: &Matrix) -> Matrix {
    a.map(|row| [0, 1, 2].map(|j| (0..3).map(|k| row[k] * b[k][j]).sum()))
}

/// `matrix` times `vector`.
pub(super) fn times(matrix: &Matrix, vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| (0..3).map(|k| row[k] * vector[k]).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_those_of_the_definition() {
        let matrix = Symmetric([[4.0, 1.0, -0.5], [1.0, 3.0, 0.25], [-0.5, 0.25, 1.0]]);
        let root = matrix.power(0.5);
        let (square, one) = (product(&root, &root), product(&matrix.power(-1.0), &matrix.0));
        for i in 0..3 {
            for j in 0..3 {
                assert!((square[i][j] - matrix.0[i][j]).abs() < 1e-12, "{square:?}");
                assert!((one[i][j] - f64::from(u8::from(i == j))).abs() < 1e-12, "{one:?}");
            }
        }
        assert!(Symmetric([[0.0; 3]; 3]).power(-0.5).iter().flatten().all(|v| v.is_finite()));
    }
}
