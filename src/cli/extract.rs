//! `beatbolt extract`: the job that a video was made by, as JSON or as a project that makes it again.

use super::args::ExtractArgs;
use super::shell;
use super::terminal::say;
use crate::error::{Context, Error, Result};
use crate::job::models::SHIPPED;
use crate::job::{Hearing, JobRecord, Origin};
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
    let damaged = || {
        Error::input(format!("the job stored in {} is damaged", args.video.display()))
            .hint("only what beatbolt wrote can be extracted")
    };
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
    let (name, mut files) = match &record.origin {
        Origin::Project(project) => (project.name.as_deref(), project.files.clone()),
        Origin::Preset(preset) => {
            let project = (PROJECT.to_owned(), from_track(record));
            (None, BTreeMap::from([("look.toml".to_owned(), preset.toml.clone()), project]))
        }
    };
    let name = name.unwrap_or(PROJECT);
    if let Some(lyrics) = &record.lyrics {
        files.insert(lyrics.name.clone(), lyrics.text.clone());
    }
    // The video may come from anywhere: nothing is written beside the folder.
    let plain = |path: &str| Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
    if !plain(name) || files.keys().any(|path| !plain(path)) {
        return Err(damaged().hint("it names files outside of its project"));
    }
    // Nor does it put anything but its own words into the command.
    let shown = folder.join(name).display().to_string();
    let options =
        options(record, folder).ok_or_else(|| damaged().hint("it names options that there are not"))?;
    let words = ["beatbolt", "render", &shown];
    let command = shell::command(words.into_iter().chain(options.iter().map(String::as_str)));
    let told =
        [shell::quoted(&shown), shell::quoted(record.track.as_deref().unwrap_or("the track")), command];
    let [Some(shown), Some(track), Some(command)] = told else {
        return Err(damaged().hint("it holds control characters; without --to they are printed as JSON"));
    };
    fs::create_dir(folder).context(failed)?;
    for (path, text) in &files {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all).context(failed)?;
        fs::write(path, text).context(failed)?;
    }
    say(format_args!("{shown}: put {track} beside it, then: {command}"));
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
    if settings.flash_guard.as_deref() != Some("on") {
        text.push_str("flash_guard = \"off\"\n");
    }
    if let Some(lyrics) = &record.lyrics {
        let _ = writeln!(text, "lyrics = {}", toml_text(&lyrics.name));
    }
    let held = |(_, value): &(&str, &str)| !is_factor(value);
    let pairs: Vec<(&str, &str)> = record.set.iter().filter_map(|s| s.split_once('=')).filter(held).collect();
    if !pairs.is_empty() {
        text.push_str("\n[set]\n");
    }
    for (name, value) in pairs {
        let value = if name == "finish" { if value == "0" { "\"off\"" } else { "\"on\"" } } else { value };
        let _ = writeln!(text, "{name} = {value}");
    }
    text
}

/// Whether a parameter was multiplied and not held, which a project can't say.
fn is_factor(value: &str) -> bool {
    value.starts_with('x')
}

/// What a project can't say: what was typed over it, and models that lie outside its folder. None if the job names an
/// option that is not of hearing's.
fn options(record: &JobRecord, folder: &Path) -> Option<Vec<String>> {
    let JobRecord { settings, fps, .. } = record;
    let (mut words, mut flags) = (Vec::new(), Vec::new());
    // What begins with a dash would be taken for an option.
    let mut say = |option: &str, value: &str| match value.starts_with('-') {
        true => words.push(format!("{option}={value}")),
        false => words.extend([option.to_owned(), value.to_owned()]),
    };
    for (option, value) in &record.hearing {
        match Hearing::TYPED.contains(&option.as_str()).then_some(value.as_str())? {
            "" => flags.push(option.clone()),
            value => say(option, value),
        }
    }
    let texts = [
        ("--prompt", record.prompt.as_deref()),
        ("--negative", record.negative.as_deref()),
        ("--init", record.init.as_deref()),
        ("--motion", record.motion.as_deref()),
        ("--lut", record.lut.as_deref()),
        ("--font", record.font.as_deref()),
        ("--vae", record.vae.as_deref()),
        ("--upscale", record.upscale.as_deref()),
        ("--interpolator", record.interpolator.as_deref()),
        ("--audio", record.audio.as_deref()),
        ("--model", record.model.as_deref().filter(|model| *model != SHIPPED)),
    ];
    texts.into_iter().for_each(|(option, text)| text.iter().for_each(|text| say(option, text)));
    record.lora.iter().for_each(|lora| say("--lora", lora));
    record.control.iter().for_each(|control| say("--control", control));
    record.clip_skip.iter().for_each(|layer| say("--clip-skip", &layer.to_string()));
    let project = matches!(record.origin, Origin::Project(_));
    let typed = |set: &&String| project || set.split_once('=').is_some_and(|(_, value)| is_factor(value));
    record.set.iter().filter(typed).for_each(|set| say("--set", set));
    if project {
        if let Some(lyrics) = record.lyrics.as_ref().filter(|lyrics| lyrics.typed) {
            say("--lyrics", &folder.join(&lyrics.name).display().to_string());
        }
        say("--seed", &settings.seed.to_string());
        say("--steps", &settings.steps.to_string());
        say("--size", &settings.picture.to_string());
        say("--generate", &settings.generate.to_string());
        say("--fps", &fps.to_string());
        if settings.flash_guard.as_deref() != Some("on") {
            say("--flash-guard", "off");
        }
    }
    if let Some(said) = record.interpolated().ok()? {
        say("--interpolate", &said.to_string());
    }
    // A part of the track.
    let (first, frames) = (settings.first_frame, record.frames);
    if first > 0 || record.whole_frames.is_some_and(|whole| whole > frames) {
        say("--start", &fps.start_of(first).0.to_string());
        say("--end", &fps.start_of(first.saturating_add(frames)).0.to_string());
    }
    record.split.iter().for_each(|most| say("--split", &most.0.to_string()));
    if record.force_steps {
        flags.push("--force-steps".to_owned());
    }
    words.extend(flags);
    Some(words)
}
