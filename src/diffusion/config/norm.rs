//! Group norms over a window: whose statistics.

/// Frames over which a group norm takes its statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormSpan {
    /// Each frame by itself, as the original AnimateDiff does.
    Frame,
    /// All frames of the window together, as diffusers does.
    Window,
}
