//! The widest vectors that a processor has, for plain loops, and the loop that needs them most.

/// Runs `f` compiled for the widest vectors that this processor has; what is inlined into it is compiled so too.
///
/// `f` itself is only where it is marked `#[inline(always)]`: otherwise there may be one copy of it for all processors.
pub fn vectorized<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// The whole number at or below `v`, which lies within ±2²²; anything for what lies beyond.
///
/// A cast would be made number by number, even on processors with an instruction for many, since it has to keep to what fits. Here
/// the number is shifted to where floats are whole and their bits count.
#[inline(always)]
pub fn whole(v: f32) -> i32 {
    const SHIFT: f32 = 12_582_912.0;
    ((v.floor() + SHIFT).to_bits() as i32).wrapping_sub(SHIFT.to_bits() as i32)
}

/// The byte nearest to `v`, within what a byte can be.
#[inline(always)]
pub fn byte(v: f32) -> u8 {
    whole((v + 0.5).clamp(0.0, 255.0)) as u8
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

/// [`weighted_sums`] with two lists of weights of the same length, at once: eight sums at sixteen places. A sum of four alone waits for
/// itself where a processor begins two vectors of sixteen multiplications at a time.
#[inline(always)]
pub fn weighted_sums_of_two<const N: usize, const L: usize>(
    values: &[[f32; L]],
    [first, second]: [&[[f32; N]]; 2],
) -> [[[f32; L]; N]; 2] {
    let (mut firsts, mut seconds) = ([[0.0f32; L]; N], [[0.0f32; L]; N]);
    for ((values, first), second) in values.iter().zip(first).zip(second) {
        for (sums, weight) in firsts.iter_mut().zip(first) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = weight.mul_add(*value, *sum);
            }
        }
        for (sums, weight) in seconds.iter_mut().zip(second) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = weight.mul_add(*value, *sum);
            }
        }
    }
    [firsts, seconds]
}

/// Whether the registers hold twice the sums of [`weighted_sums`]: 32 of 512 bits.
pub fn has_many_registers() -> bool {
    #[cfg(target_arch = "x86_64")]
    return matches!(pulp::Arch::new(), pulp::Arch::V4(_));
    #[cfg(not(target_arch = "x86_64"))]
    false
}
