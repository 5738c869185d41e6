//! `beatbolt new`: a first project for a track, with its sections filled in.

use super::args::NewArgs;
use super::output::Output;
use super::shell;
use super::terminal::{Terminal, say};
use crate::audio::{Analysis, Section};
use crate::error::{Error, Result};
use crate::job::Hearing;
use crate::job::project_folder::path_from;
use crate::score::{direct, toml_text, with_values};
use std::fmt::Write;

/// Listens to the track and writes the project.
pub fn run(args: NewArgs) -> Result<()> {
    let target = args.output.clone().unwrap_or_else(|| args.track.with_file_name("video.toml"));
    let track = path_from(&target, &args.track)?;
    if target.exists() {
        return Err(Error::output(format!("{} already exists", target.display()))
            .hint("name another file with --output, or remove this one"));
    }
    let output = Output::new(&target, &args.track)?;
    let progress = Terminal::default();
    let hearing = Hearing::from(args.hearing);
    let keys = hearing.keys(&target)?;
    let analysis = hearing.hear(&args.track, &progress)?;
    drop(progress);
    let shown = target.display().to_string();
    let text = project(&track, &analysis, args.seed.unwrap_or(1));
    // The parts are true of the track as it was heard with this.
    let text = with_values(&shown, &text, &keys)?;
    output.fill(|file| file.write_all(text.as_bytes()))?;
    let command = command("render", &shown);
    say(format_args!("{shown}: edit it, then run: {command}"));
    Ok(())
}

/// The command that does something with a file.
fn command(name: &str, file: &str) -> String {
    shell::command(["beatbolt", name, file]).unwrap_or_else(|| format!("beatbolt {name}"))
}

/// The text of a project: what the director chose, with what was heard.
fn project(track: &str, analysis: &Analysis, seed: u64) -> String {
    let mut text = format!(
        "# A music video, written down, for `beatbolt render` and `beatbolt studio`.\n\
         # All keys: beatbolt presets --params\n\n\
         track = {}\n\
         # output = \"video.mp4\"        # default: the names of track, this file and tier\n\
         # profile = \"h264\"            # h265, av1, vp9, prores, ffv1, gif, png\n\
         # size = \"1280x720\"\n\
         # tier = \"draft\"              # to try things: small and fast, with the same curves\n\
         seed = {seed}\n",
        toml_text(track)
    );
    text.push_str(&direct(analysis, seed, true).project());
    text.push_str(
        "\n# Later parts win, so a stretch of your own goes here:\n\
         # [[part]]\n# from = \"1:00\"              # or \"32 bars\", \"64 beats\"; or: section = \"B\"\n# to = \"1:20\"\n\
         # preset = \"tide\"            # `beatbolt presets` lists them\n# prompt = \"golden galaxy\"\n# ease = \"2 bars\"\n\n\
         # [set]                       # parameters held at a value, whatever the presets do with them\n# grain = 0.1\n\n",
    );
    let tempo =
        analysis.tempo_bpm.map_or("no beat was found".to_owned(), |bpm| format!("{bpm:.1} beats a minute"));
    let bars = analysis.downbeats.len();
    let _ = writeln!(text, "# What was heard: {}, {tempo}, {bars} bars.", analysis.duration);
    let widest = analysis.sections.iter().map(|s| s.label.chars().count()).max().unwrap_or(0);
    for (i, section) in analysis.sections.iter().enumerate() {
        let Section { start, end, label } = section;
        let _ = writeln!(text, "#   section {:2}  {label:widest$}  {start} to {end}", i + 1);
    }
    text
}
