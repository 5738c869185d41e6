//! The command line: what is typed and what is printed.

pub mod analyze;
mod args;
mod batch;
mod doctor;
mod exchange;
mod extract;
mod interrupt;
mod join;
mod models;
mod new;
mod output;
mod pick;
mod plan;
mod plot;
mod pool;
mod presets;
mod queue;
mod render;
mod retyped;
mod sheet;
mod shell;
mod slurm;
mod status;
mod studio;
mod takes;
mod terminal;
mod variants;

use args::{AnalyzeArgs, Cli, Command, guess};
use clap::Parser;
use std::process::ExitCode;

/// Runs the program and says how it went: 0, or [`crate::error::ErrorKind::exit_code`].
pub fn main() -> ExitCode {
    crate::system::share_nothing();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let error = guess::told(error);
            // Also --help and --version; nothing can be done about a closed standard output.
            let _ = error.print();
            guess::hint(&error).iter().for_each(|hint| eprintln!("\n  {hint}"));
            // What is wrong with a value knows how it is written.
            let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref());
            terminal::hints(cause.map_or(&[], crate::error::Error::hints));
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    // Listening asks for no piece twice, and grows lists that the C library moves without copying where it maps them one by one.
    if !matches!(cli.command, Command::Analyze(_)) {
        crate::system::keep();
    }
    let (as_json, result) = match cli.command {
        Command::Render(args) if args.more.is_empty() => (args.json, render::run(*args)),
        Command::Render(args) => (args.json, batch::run(*args)),
        Command::Studio(args) => (false, studio::run(*args)),
        Command::Plan(args) => (args.json, plan::run(*args)),
        Command::New(args) => (false, new::run(args)),
        Command::Export(args) => (false, exchange::export(*args)),
        Command::Import(args) => (false, exchange::import(&args)),
        Command::Analyze(args) => (
            false,
            analyze::run(&analyze_options(args), &terminal::Terminal::default(), &mut std::io::stdout()),
        ),
        Command::Presets(args) => (false, presets::run(&args)),
        Command::Takes(args) => (args.json, takes::run(*args)),
        Command::Join(args) => (args.json, join::run(*args)),
        Command::Status(args) => (args.json, status::run(&args)),
        Command::Slurm(args) => (false, slurm::run(*args)),
        Command::Variants(args) => (args.json, variants::run(*args)),
        Command::Pick(args) => (args.json, pick::run(*args)),
        Command::Sheet(args) => (false, sheet::run(args)),
        Command::Extract(args) => (false, extract::run(&args)),
        Command::Models(args) => (args.json, models::run(&args)),
        Command::Doctor(args) => (args.json, doctor::run(args.json)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::report(&error, as_json);
            ExitCode::from(error.kind().exit_code())
        }
    }
}

fn analyze_options(args: AnalyzeArgs) -> analyze::AnalyzeOptions {
    let AnalyzeArgs { track, json, plot, clicks, overwrite, hearing } = args;
    analyze::AnalyzeOptions { track, json, plot, clicks, overwrite, hearing: hearing.into() }
}
