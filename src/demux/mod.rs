//! Demuxing: what FFmpeg's demuxer says of a media file: its audio streams, the one that is taken, and its packets on one clock.
//!
//! Whoever decodes a track and whoever copies it read it here, so that what is heard is what is copied: the same stream,
//! the same packets, in the same places.

mod choice;
mod clock;
mod open;
mod packets;
mod survey;

pub use choice::{Choice, choose};
pub use open::{open, open_file, ready};
pub use packets::{Packets, skipped};
pub use survey::{Survey, is_uniform, survey};
