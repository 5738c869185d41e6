//! The widest vectors that a processor has, for plain loops, and the loop that needs them most.

/// Runs `f` compiled for the widest vectors that this processor has; what is inlined into it is compiled so too.
///
/// `f` itself is only where it is marked `#[inline(always)]`: otherwise there may be one copy of it for all processors.
pub fn vectorized<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// `N` sums of products at `L` places side by side: of all `values`, each times its `weights`.
///
/// The innermost loop of the networks on a CPU; four sums at sixteen places fit the registers. It has arrays of fixed lengths and
/// no way out, because a compiler makes vector instructions of nothing else.
#[inline(always)]
pub fn weighted_sums<const N: usize, const L: usize>(
    values: &[[f32; L]],
    weights: &[[f32; N]],
) -> [[f32; L]; N] {
    let mut sums = [[0.0f32; L]; N];
    for (values, weights) in values.iter().zip(weights) {
        for (sums, weight) in sums.iter_mut().zip(weights) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = weight.mul_add(*value, *sum);
            }
        }
    }
    sums
}
