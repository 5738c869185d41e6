//! `beatbolt new`: a first project for a track, with its sections filled in.

use super::args::NewArgs;
use super::output::Output;
use super::shell;
use super::terminal::{Terminal, say};
use crate::audio::{Analysis, Section};
use crate::error::{Error, Result};
use crate::job::Hearing;
use crate::job::project_folder::path_from;
use crate::score::{DEFAULT, toml_text};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Looks for sections from the quietest kind to the loudest.
const LOOKS: [&str; 4] = ["tide", "drizzle", "prism", DEFAULT];

/// Listens to the track and writes the project.
pub fn run(args: NewArgs) -> Result<()> {
    let target = args.output.clone().unwrap_or_else(|| args.track.with_file_name("video.toml"));
    let track = path_from(&target, &args.track)?;
    if target.exists() {
        return Err(Error::output(format!("{} is there already", target.display()))
            .hint("name another file with --output, or remove this one"));
    }
    let output = Output::new(&target, &args.track)?;
    let progress = Terminal::default();
    let analysis = Hearing::from(args.hearing).hear(&args.track, &progress)?;
    drop(progress);
    output.fill(|file| file.write_all(project(&track, &analysis).as_bytes()))?;
    let shown = target.display().to_string();
    let command = shell::command(["beatbolt", "render", &shown]);
    let command = command.unwrap_or_else(|| "beatbolt render".to_owned());
    say(format_args!("{shown}: look through it, then: {command}"));
    Ok(())
}

/// The project's text.
fn project(track: &str, analysis: &Analysis) -> String {
    let quoted = toml_text(track);
    let mut text = format!(
        "# A music video, written down. Render it with: beatbolt render video.toml\n\
         # Look at it before: beatbolt plan video.toml --plot plan.png\n\
         # All keys: presets/REFERENCE.md, or beatbolt presets --params\n\n\
         track = {quoted}\n\
         # output = \"video.mp4\"        # default: the names of track, preset and tier\n\
         # profile = \"h264\"            # h265, av1, vp9, prores, ffv1, gif, png\n\
         # size = \"1280x720\"\n\
         # tier = \"draft\"              # to try things: small and fast, with the same curves\n\
         preset = \"{DEFAULT}\"           # what holds where no part below says otherwise\n\
         seed = 1\n\n\
         # Every section starts a new take: it can be rendered alone (--section N) and has the same frames then.\n\
         [cuts]\n\
         on = \"section\"\n\
         min = 0\n\n\
         # [set]                       # parameters held at a value, whatever the presets do with them\n\
         # grain = 0.1\n\n"
    );
    let tempo =
        analysis.tempo_bpm.map_or("no beat was found".to_owned(), |bpm| format!("{bpm:.1} beats a minute"));
    let _ = writeln!(
        text,
        "# What was heard: {}, {tempo}, {} bars.",
        analysis.duration,
        analysis.downbeats.len()
    );
    for (i, section) in analysis.sections.iter().enumerate() {
        let _ = writeln!(
            text,
            "#   section {:2}  {:3} {} to {}",
            i + 1,
            section.label,
            section.start,
            section.end
        );
    }
    for (label, look) in looks(analysis) {
        let _ = write!(text, "\n[[part]]\nsection = {}\npreset = \"{look}\"\n", toml_text(&label));
        text.push_str("# prompt = \"what to show here instead\"\n# ease = \"1 bars\"\n");
    }
    text.push_str(
        "\n# Prompts over those of the presets, with their place in the music:\n\
         # [[prompt]]\n# text = \"golden galaxy\"\n# from = \"1:00\"              # or \"32 bars\", \"64 beats\"\n\
         # to = \"1:20\"\n# ease = \"2 bars\"\n",
    );
    text
}

/// A look for every kind of section, in the order in which they are heard first: the louder, the livelier.
fn looks(analysis: &Analysis) -> Vec<(String, &'static str)> {
    let mut loudness: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for section in &analysis.sections {
        let sum = loudness.entry(&section.label).or_default();
        let length = section.end.0 - section.start.0;
        *sum = (sum.0 + mean(analysis, section) * length, sum.1 + length);
    }
    let mut ranked: Vec<(&str, f64)> =
        loudness.iter().map(|(label, (sum, length))| (*label, sum / length.max(1e-9))).collect();
    ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
    let look = |label: &str| {
        let rank = ranked.iter().position(|(l, _)| *l == label).unwrap_or(0);
        LOOKS[(rank * LOOKS.len() / ranked.len().max(1)).min(LOOKS.len() - 1)]
    };
    let mut list: Vec<(String, &'static str)> = Vec::new();
    for section in &analysis.sections {
        if list.iter().all(|(label, _)| *label != section.label) {
            list.push((section.label.clone(), look(&section.label)));
        }
    }
    list
}

fn mean(analysis: &Analysis, section: &Section) -> f64 {
    let Some(envelope) = analysis.envelopes.get("loudness") else { return 0.0 };
    let index = |t: f64| ((t / envelope.hop_seconds).max(0.0) as usize).min(envelope.values.len());
    let values = &envelope.values[index(section.start.0)..index(section.end.0)];
    values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len().max(1) as f64
}
