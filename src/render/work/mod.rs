//! The work folder: finished windows, so that a render that was cut off goes on where it stopped.
//!
//! ```text
//! song.mp4.work/job.json                                 what decides the pictures, apart from what it is written as
//!               take-000120/window-000132.safetensors    a take state, by the track's frames
//!               take-000120/window-000132.pictures       what its frames look like before their finish, kept for a join
//!               take-000120/lease                        who makes the take, where several machines do
//!               takes.json                               which takes make the film, for whoever watches
//! ```
//!
//! So windows outlast a change of the output and of the part that is rendered: a take that is the same has the same
//! windows. Each is written under a temporary name, synced and renamed: whatever moment the process is killed at, what
//! lies here under a final name is whole. Whoever works in the folder shares a lock on it and has one on its take alone.

mod film;
mod fingerprint;
mod folder;
mod lease;
mod manifest;
mod pictures;
mod take;

pub use film::{Film, FilmTake, TakeStatus, status};
pub use folder::WorkFolder;
pub use lease::Holder;
pub use pictures::KeptPictures;
pub use take::{Claim, TakeFolder};
