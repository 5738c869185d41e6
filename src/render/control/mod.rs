//! Controls: pictures that ControlNets follow, as people write them, played frame by frame, and prepared for their nets.
//!
//! ```text
//! dancer.mp4,prepare=canny           the edges of a clip in step with the track; all settings of an init
//! shots/,fps=12,prepare=luminance    the pictures of a folder, 12 a second
//! draw:tunnel,prepare=canny@60-120   the edges of a drawn scene
//! music:spectrum,form=ring           what the music draws, white on black
//! pose.png,prepare=invert+blur@2     several, one after the other
//! ```
//!
//! **Invariant:** a picture depends on the timeline of the whole track, what was heard, the seed, the size and its frame, on nothing
//! else.

mod canny;
mod followed;
mod music;
mod prepare;
mod watcher;

pub use followed::{Control, Followed};
pub(super) use watcher::{Watcher, strengths};
