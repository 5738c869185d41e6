//! The one integration binary: candle and FFmpeg are linked once.
#![allow(
    clippy::unwrap_used,
    reason = "a test that can't go on has failed; helpers aren't covered by clippy.toml"
)]

mod audio; // what is heard in tracks whose truth is known, and in hostile ones
mod cards; // the schedulers of the motion modules' cards against diffusers
mod cli; // the program as it is used
mod fuzz; // every parser against damaged files
mod hearing; // what every analysis promises: the same bytes, events that move with the music
mod layers; // who may import whom
mod presets; // every shipped preset plays; wrong ones are refused by line and column
mod projects; // projects, plans, curves for other programs
mod reference; // whole runs against diffusers, tensor by tensor
mod second_oracle; // networks and schedulers against candle-transformers
mod video; // what FFmpeg says of the files that are written
