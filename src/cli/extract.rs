//! `beatbolt extract`: the job that a video was made by, as JSON or as a project that makes it again.

use super::args::ExtractArgs;
use super::terminal::say;
use crate::error::{Context, Error, Result};
use crate::job::models::SHIPPED;
use crate::job::{JobRecord, Origin};
use crate::score::toml_text;
use crate::video::read_job;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::fs;
use std::path::{Component, Path};

/// What a project is called where nobody says otherwise.
const PROJECT: &str = "video.toml";

/// Prints the job stored in a video, or writes a project.
pub fn run(args: &ExtractArgs) -> Result<()> {
    let stored = read_job(&args.video)?;
    let damaged = || Error::input(format!("the job stored in {} is damaged", args.video.display()));
    let record = JobRecord::parse(&stored).context(damaged)?;
    match &args.to {
        None => {
            // As it is stored: a newer program may have written more than this one knows.
            let job: Value = serde_json::from_str(&stored).context(damaged)?;
            let text = serde_json::to_string_pretty(&job);
            say(text.context(|| Error::internal("the job can't be printed"))?);
            Ok(())
        }
        Some(folder) => write(&record, folder, damaged),
    }
}

/// Makes the folder with the project's files in it.
fn write(record: &JobRecord, folder: &Path, damaged: impl Fn() -> Error) -> Result<()> {
    let failed = || {
        Error::output(format!("can't make the folder {}", folder.display()))
            .hint("name a folder that does not exist yet")
    };
    let (name, files) = match &record.origin {
        Origin::Project(project) => (project.name.as_deref(), project.files.clone()),
        Origin::Preset(preset) => {
            let project = (PROJECT.to_owned(), from_track(record));
            (None, BTreeMap::from([("look.toml".to_owned(), preset.toml.clone()), project]))
        }
    };
    let name = name.unwrap_or(PROJECT);
    // The video may come from anywhere: nothing is written beside the folder.
    let plain = |path: &str| Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
    if files.keys().any(|path| !plain(path)) {
        return Err(damaged().hint("it names files outside of its project"));
    }
    fs::create_dir(folder).context(failed)?;
    for (path, text) in &files {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all).context(failed)?;
        fs::write(path, text).context(failed)?;
    }
    let track = record.track.as_deref().unwrap_or("the track");
    say(format_args!(
        "{}: put {track} beside it, then: beatbolt render {}{}",
        folder.join(name).display(),
        folder.join(name).display(),
        options(record)
    ));
    Ok(())
}

/// A project for a video that was made from a track and a preset.
fn from_track(record: &JobRecord) -> String {
    let quoted = |value: &dyn Display| toml_text(&value.to_string());
    let settings = &record.settings;
    let mut text = format!(
        "track = {}\npreset = \"look.toml\"\nseed = {}\nsteps = {}\nsize = {}\ngenerate = {}\noverlap = {}\nfps = {}\n",
        toml_text(record.track.as_deref().unwrap_or_default()),
        settings.seed,
        settings.steps,
        quoted(&settings.picture),
        quoted(&settings.generate),
        settings.windows.overlap,
        quoted(&record.fps),
    );
    let pairs: Vec<(&str, &str)> = record.set.iter().filter_map(|s| s.split_once('=')).collect();
    if !pairs.is_empty() {
        text.push_str("\n[set]\n");
    }
    for (name, value) in pairs {
        let value = if name == "finish" { if value == "0" { "\"off\"" } else { "\"on\"" } } else { value };
        let _ = writeln!(text, "{name} = {value}");
    }
    text
}

/// What a project can't say: what was typed over it, and models that lie outside its folder.
fn options(record: &JobRecord) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let mut line = String::new();
    let JobRecord { settings, fps, .. } = record;
    for (option, value) in &record.hearing {
        match value.as_str() {
            "" => line.extend([" ", option]),
            value => line.extend([" ", option, " ", &quoted(value)]),
        }
    }
    let texts = [
        ("--prompt", &record.prompt),
        ("--negative", &record.negative),
        ("--motion", &record.motion),
        ("--model", &record.model.clone().filter(|model| model != SHIPPED)),
    ];
    for (option, text) in texts {
        if let Some(text) = text {
            let _ = write!(line, " {option} {}", quoted(text));
        }
    }
    if matches!(record.origin, Origin::Project(_)) {
        record.set.iter().for_each(|s| {
            let _ = write!(line, " --set {}", quoted(s));
        });
        let _ = write!(line, " --seed {} --steps {}", settings.seed, settings.steps);
        let _ = write!(line, " --size {} --generate {} --fps {fps}", settings.picture, settings.generate);
    }
    if record.force_steps {
        line.push_str(" --force-steps");
    }
    // A part of the track.
    let (first, frames) = (settings.first_frame, record.frames);
    if first > 0 || record.whole_frames.is_some_and(|whole| whole > frames) {
        let end = fps.start_of(first.saturating_add(frames));
        let _ = write!(line, " --start {} --end {}", fps.start_of(first).0, end.0);
    }
    line
}
