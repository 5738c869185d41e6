//! Frame rates: how the frames that are shown follow from those that are generated: the one place where the one becomes the other.
//!
//! A generated frame has the number of the frame that shows it. Where pictures are put between those that are generated (`between.rs`), not
//! every number is generated: those of a take stand some frames apart, from its first on ([`Window`](super::Window)). So values, noise and
//! times belong to the frame of the video that they are seen in, whatever is interpolated.

use crate::units::{GeneratedFrame, ShownFrame};

/// The frame under which `generated` is shown.
pub fn shown(generated: GeneratedFrame) -> ShownFrame {
    ShownFrame(generated.0)
}

/// The frame that is generated for `shown`: what the timeline says of it holds.
pub fn generated(shown: ShownFrame) -> GeneratedFrame {
    GeneratedFrame(shown.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_is_shown_in_its_place() {
        for frame in [0, 1, 12, 107_892].map(GeneratedFrame) {
            assert_eq!(generated(shown(frame)), frame);
            assert!(shown(frame) < shown(frame + 1));
        }
    }
}
