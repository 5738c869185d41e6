//! Frames in, a finished file with the untouched audio out. No tensors.
//!
//! [`check_container`] says before any work whether the named file can hold the track's sound,
//! [`Finish`] turns a generated frame into one of the output, and a [`Writer`] takes the frames.
//! FFmpeg is known only here (and in the audio decoder's fallback).
//!
//! **Invariant:** the same frames, track and settings give the same bytes.

mod container;
mod encode;
mod ffmpeg;
mod finish;
mod frame;
mod job;
mod movie;
mod partial;
mod pixels;
mod profile;
mod sequence;
mod sound;
mod stills;
mod writer;
mod yuv;

pub use container::{ContainerPlan, check_container};
pub use encode::Quality;
pub use ffmpeg::{ProbeReport, probe_report};
pub use finish::{Finish, Grain, apply, shake_offset};
pub use frame::Frame;
pub use job::read_job;
pub use profile::Profile;
pub use stills::Stills;
pub use writer::{SoundSpan, VideoSpec, Writer};
