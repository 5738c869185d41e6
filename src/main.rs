//! The `beatbolt` program: everything is in the library.

use std::process::ExitCode;

/// Tensors come and go by the hundred; large ones are kept.
#[global_allocator]
static MEMORY: beatbolt::system::KeptMemory = beatbolt::system::KeptMemory;

fn main() -> ExitCode {
    beatbolt::cli::main()
}
