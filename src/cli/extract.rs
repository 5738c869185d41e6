//! `beatbolt extract`: the job that a video was made by, as JSON or as a project that makes it again.

use super::args::ExtractArgs;
use super::models;
use super::new::toml_text;
use super::terminal::say;
use crate::error::{Context, Error, Result};
use crate::units::FrameRate;
use crate::video::read_job;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::{Component, Path};

/// Prints the job stored in a video, or writes a project.
pub fn run(args: &ExtractArgs) -> Result<()> {
    let stored = read_job(&args.video)?;
    let damaged = || Error::input(format!("the job stored in {} is damaged", args.video.display()));
    let job: Value = serde_json::from_str(&stored).context(damaged)?;
    match &args.to {
        None => {
            let text = serde_json::to_string_pretty(&job);
            say(text.context(|| Error::internal("the job can't be printed"))?);
            Ok(())
        }
        Some(folder) => write(&job, folder, damaged),
    }
}

/// Makes the folder with the project's files in it.
fn write(job: &Value, folder: &Path, damaged: impl Fn() -> Error) -> Result<()> {
    let failed = || {
        Error::output(format!("can't make the folder {}", folder.display()))
            .hint("name a folder that does not exist yet")
    };
    let project = job.get("project");
    let name = project.and_then(|p| p.get("name")).and_then(Value::as_str).unwrap_or("video.toml");
    let mut files: Vec<(String, String)> = Vec::new();
    match project.and_then(|p| p.get("files")).and_then(Value::as_object) {
        Some(map) => {
            for (path, text) in map {
                files.push((path.clone(), text.as_str().ok_or_else(&damaged)?.to_owned()));
            }
        }
        None => {
            let preset = job["preset"]["toml"].as_str().ok_or_else(&damaged)?;
            files.push(("look.toml".into(), preset.to_owned()));
            files.push((name.to_owned(), from_track(job)));
        }
    }
    // The video may come from anywhere: nothing is written beside the folder.
    let plain = |path: &str| Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
    if files.iter().any(|(path, _)| !plain(path)) {
        return Err(damaged().hint("it names files outside of its project"));
    }
    fs::create_dir(folder).context(failed)?;
    for (path, text) in &files {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all).context(failed)?;
        fs::write(path, text).context(failed)?;
    }
    let track = job["track"].as_str().unwrap_or("the track");
    say(format_args!(
        "{}: put {track} beside it, then: beatbolt render {}{}",
        folder.join(name).display(),
        folder.join(name).display(),
        options(job)
    ));
    Ok(())
}

/// A project for a video that was made from a track and a preset.
fn from_track(job: &Value) -> String {
    let shown = |value: &Value| value.as_str().map(toml_text).unwrap_or_default();
    let settings = &job["settings"];
    let mut text = format!(
        "track = {}\npreset = \"look.toml\"\nseed = {}\nsteps = {}\nsize = {}\ngenerate = {}\noverlap = {}\nfps = {}\n",
        shown(&job["track"]),
        settings["seed"],
        settings["steps"],
        shown(&settings["picture"]),
        shown(&settings["generate"]),
        settings["windows"]["overlap"],
        shown(&job["fps"]),
    );
    let set = job["set"].as_array().map(Vec::as_slice).unwrap_or_default();
    let pairs: Vec<(&str, &str)> = set.iter().filter_map(|s| s.as_str()?.split_once('=')).collect();
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
fn options(job: &Value) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let mut line = String::new();
    let settings = &job["settings"];
    for pair in job["hearing"].as_array().into_iter().flatten() {
        match (pair[0].as_str().unwrap_or_default(), pair[1].as_str().unwrap_or_default()) {
            (option, "") => line.extend([" ", option]),
            (option, value) => line.extend([" ", option, " ", &quoted(value)]),
        }
    }
    for (key, option) in
        [("prompt", "--prompt"), ("negative", "--negative"), ("motion", "--motion"), ("audio", "--audio")]
    {
        if let Some(text) = job[key].as_str() {
            let _ = write!(line, " {option} {}", quoted(text));
        }
    }
    if let Some(model) = job["model"].as_str().filter(|m| *m != models::SHIPPED) {
        let _ = write!(line, " --model {}", quoted(model));
    }
    if job.get("project").is_some() {
        let set = job["set"].as_array().map(Vec::as_slice).unwrap_or_default();
        set.iter().filter_map(Value::as_str).for_each(|s| {
            let _ = write!(line, " --set {}", quoted(s));
        });
        for (key, option) in
            [("seed", "--seed"), ("steps", "--steps"), ("picture", "--size"), ("generate", "--generate")]
        {
            let value = &settings[key];
            let _ =
                write!(line, " {option} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        let _ = write!(line, " --fps {}", job["fps"].as_str().unwrap_or_default());
    }
    // A part of the track.
    let rate: Option<FrameRate> = job["fps"].as_str().and_then(|text| text.parse().ok());
    if let (Some(rate), Some(first), Some(frames)) =
        (rate, settings["first_frame"].as_u64(), settings["frames"].as_u64())
    {
        let whole = job["whole_frames"].as_u64();
        if first > 0 || whole.is_some_and(|whole| whole > frames) {
            let _ =
                write!(line, " --start {} --end {}", rate.start_of(first).0, rate.start_of(first + frames).0);
        }
    }
    line
}
