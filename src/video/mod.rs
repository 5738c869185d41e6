//! Frames in, a finished file with the untouched audio out. No tensors.
//!
//! [`check_container`] says before any work how the track's sound gets into the named file,
//! [`Finish`] turns a generated frame into one of the output, and a [`Writer`] takes the frames.
//!
//! **Invariant:** the same frames, track and settings give the same bytes.

mod carriage;
mod coding;
mod container;
mod encode;
mod encoded;
mod ffmpeg;
mod finish;
mod fit;
pub mod flash_guard;
mod footage;
mod frame;
mod job;
mod label;
mod lut;
mod movie;
mod overlay;
mod partial;
mod pixels;
mod profile;
mod reel;
mod sequence;
mod sound;
mod spec;
mod splice;
mod stills;
mod writer;
mod yuv;

pub use carriage::{Audio, Carriage, ContainerPlan, Wish, check_container};
pub use coding::Coding;
pub use encode::Quality;
pub use ffmpeg::{ProbeReport, probe_report};
pub use finish::{ColourMatch, Cut, Finish, Finisher, Grain, Ripple, Tone, Trails, apply, shake_offset};
pub use fit::Fit;
pub use flash_guard::{FlashGuard, Guard};
pub use footage::Footage;
pub use frame::Frame;
pub use job::read_job;
pub use label::tags_of;
pub use lut::{Lut, read_lut};
pub use overlay::{Fonts, Ink, Mask, Mix, Part, Text, Word, paint, paint_part, plain as plain_font, vivid};
pub use profile::Profile;
pub use reel::Reel;
pub use spec::{Pcm, Samples, SoundSpan, VideoSpec};
pub use splice::{EncodedTake, coding_key, splice};
pub use stills::Stills;
pub use writer::Writer;
