//! The `beatbolt` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    beatbolt::cli::main()
}
