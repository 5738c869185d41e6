//! The widest vectors that a processor has, for plain loops.

/// Runs `f` compiled for the widest vectors that this processor has; what is inlined into it is compiled so too.
///
/// `f` itself is only where it is marked `#[inline(always)]`: otherwise there may be one copy of it for all processors.
pub fn vectorized<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}
