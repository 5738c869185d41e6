//! The widest vectors that a processor has, for plain loops.

/// Runs `f` compiled for the widest vectors that this processor has; what is inlined into it is compiled so too.
pub fn vectorized<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}
