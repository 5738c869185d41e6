//! `beatbolt studio`: listens to the track, loads the model and opens the page.

use super::args::StudioArgs;
use super::shell;
use super::terminal;
use super::terminal::say;
use crate::error::Result;
use crate::studio::{OscPorts, StudioConfig, run as serve};
use std::process::{Command, Stdio};

/// Serves the page until it is stopped.
pub fn run(args: StudioArgs) -> Result<()> {
    let osc = OscPorts { hear: args.osc_in, tell: args.osc_out };
    let (port, browse, folder) = (args.port, !args.no_open, args.folder.clone());
    let progress = terminal::progress(false);
    let config = StudioConfig::open(args.into(), folder, &*progress)?;
    drop(progress);
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    // Who started it by a path knows it by its name.
    let own = words.iter().skip(1).map(String::as_str);
    let command = shell::command(std::iter::once("beatbolt").chain(own)).unwrap_or_default();
    serve(StudioConfig { port, osc, command, ..config }, |address| {
        say(format_args!("studio: {address}"));
        say("Only this computer can open it, and only with the whole address. End with ctrl-C.");
        if browse {
            open_browser(address);
        }
    })
}

/// Where there is no browser, the address that was printed is all there is.
fn open_browser(address: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(program);
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if command.spawn().is_err() {
        say("No browser could be opened; open the address in one.");
    }
}
