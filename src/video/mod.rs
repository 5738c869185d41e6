//! Frames in, a finished file with the untouched audio out. No tensors.

mod frame;

pub use frame::Frame;
