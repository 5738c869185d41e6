//! Values kept to their ranges.

/// `v` between `low` and `high`; `none` where it is no number.
pub(super) fn tame(v: f32, none: f32, low: f32, high: f32) -> f32 {
    if v.is_finite() { v.clamp(low, high) } else { none }
}
