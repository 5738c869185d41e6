//! The one integration binary: candle and FFmpeg are linked once.
#![allow(
    clippy::unwrap_used,
    reason = "a test that can't go on has failed; helpers aren't covered by clippy.toml"
)]

mod audio; // what is heard in tracks whose truth is known, and in hostile ones
mod batches; // several tracks in one render, variants to choose from
mod cli; // the program as it is used
mod control_nets; // ControlNets against diffusers
mod counting; // at which tempo sparse, shuffled and slow drums are counted; noise is not
mod draw; // drawn sources against the trial that they come from
mod exchange; // lists, labels, tables, lyrics and collections of other programs
mod flash_guard; // flashes in a video that was rendered and decoded, counted by others
mod footage; // pictures and clips that frames start from
mod fuzz; // every parser against damaged files
mod golden; // short takes against the pictures that are kept in tests/golden
mod hearing; // what every analysis promises: the same bytes, events that move with the music
mod init_clip; // a clip made anew, against diffusers
mod interpolation; // frames that are put between those that are generated
mod layers; // who may import whom
mod lyrics; // words over pictures: in time, hidden, made again
mod presets; // every shipped preset plays; wrong ones are refused by line and column
mod projects; // projects, plans, curves for other programs
mod recipe; // how motion modules are sampled: families told apart, the cards against diffusers
mod recipes; // every command of docs/recipes.md, made small
mod reference; // whole runs against diffusers, tensor by tensor
mod refine; // finished videos refined
mod resume; // what a killed render goes on with
mod rife; // renders with a file of RIFE: resumed, joined, refused
mod second_oracle; // networks and schedulers against candle-transformers
mod sound; // what is heard is what is played: joined, damaged, odd files; the file that was asked for
mod takes; // several workers, and a join that gives the bytes of one run
mod upscale; // renders with an upscaler: resumed, joined, refused
mod video; // what FFmpeg says of the files that are written
mod wrong_files; // adapters of the wrong kind, family or width, each refused by what it is
