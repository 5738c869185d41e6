//! `beatbolt doctor`: what there is to work with, and what is wrong with any of it.

use super::terminal::say;
use crate::diffusion::{Model, ModelSpec, Precision, open_device};
use crate::error::Result;
use crate::job::models;
#[cfg(target_arch = "x86_64")]
use crate::nn::cpu::bf16;
use crate::video::probe_report;
use serde::Serialize;
use std::path::PathBuf;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    /// `ok`, `missing` (nice to have) or `bad` (something won't work).
    state: State,
    detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Missing,
    Bad,
}

/// Prints what was found. The exit code is 0: a missing GPU is no error.
pub fn run(as_json: bool) -> Result<()> {
    let findings: Vec<Finding> =
        [devices(), vec![processor()], ffmpeg(), model_folders(), disk()].into_iter().flatten().collect();
    if as_json {
        say(serde_json::json!({ "version": env!("CARGO_PKG_VERSION"), "findings": findings }));
        return Ok(());
    }
    say(format_args!("beatbolt {}", env!("CARGO_PKG_VERSION")));
    for Finding { what, state, detail } in &findings {
        let mark = match state {
            State::Ok => "ok     ",
            State::Missing => "missing",
            State::Bad => "BAD    ",
        };
        say(format_args!("{mark}  {what:18} {detail}"));
    }
    Ok(())
}

fn finding(what: impl Into<String>, state: State, detail: impl Into<String>) -> Finding {
    Finding { what: what.into(), state, detail: detail.into() }
}

/// Every kind of device, opened for real.
fn devices() -> Vec<Finding> {
    let compiled = [("cuda", cfg!(feature = "cuda")), ("metal", cfg!(feature = "metal"))];
    let mut found = vec![finding(
        "device cpu",
        State::Ok,
        format!("{} threads", std::thread::available_parallelism().map_or(1, |n| n.get())),
    )];
    found.extend(compiled.into_iter().map(|(name, built)| match built.then(|| open_device(name)) {
        None => finding(
            format!("device {name}"),
            State::Missing,
            format!("not in this build (cargo build --release --features {name})"),
        ),
        Some(Ok(_)) => finding(format!("device {name}"), State::Ok, "opened"),
        Some(Err(error)) => finding(format!("device {name}"), State::Missing, error.to_string()),
    }));
    found
}

fn processor() -> Finding {
    #[cfg(target_arch = "x86_64")]
    let features: Vec<&str> = [
        ("avx2", std::is_x86_feature_detected!("avx2")),
        ("fma", std::is_x86_feature_detected!("fma")),
        ("f16c", std::is_x86_feature_detected!("f16c")),
        ("avx512f", std::is_x86_feature_detected!("avx512f")),
        ("amx-bf16", bf16::is_there()),
    ]
    .into_iter()
    .filter_map(|(name, there)| there.then_some(name))
    .collect();
    #[cfg(not(target_arch = "x86_64"))]
    let features = vec![std::env::consts::ARCH];
    let slow = cfg!(target_arch = "x86_64") && !(features.contains(&"avx2") && features.contains(&"fma"));
    let detail = features.join(" ");
    match slow {
        true => finding(
            "processor",
            State::Bad,
            format!("{detail} (without AVX2 and FMA rendering is several times slower)"),
        ),
        false => finding("processor", State::Ok, detail),
    }
}

fn ffmpeg() -> Vec<Finding> {
    let report = probe_report();
    let mut found = vec![finding("FFmpeg", State::Ok, report.version)];
    found.extend(report.encoders.into_iter().map(|(name, there)| match (there, name) {
        (true, _) => finding(format!("encoder {name}"), State::Ok, ""),
        (false, "libx264") => finding(format!("encoder {name}"), State::Bad, "install FFmpeg with libx264"),
        (false, _) => finding(format!("encoder {name}"), State::Missing, "not in this FFmpeg"),
    }));
    found
}

/// Every model that is found, opened for real; the one inside of the program, too.
fn model_folders() -> Vec<Finding> {
    let mut models: Vec<(String, PathBuf)> = Vec::new();
    for folder in models::folders() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let paths = entries.map(|e| e.path()).filter(|p| p.join("model_index.json").is_file());
        let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut inside: Vec<_> = paths.map(|path| (name(&path), path)).collect();
        inside.sort();
        models.extend(inside);
    }
    let mut found: Vec<Finding> = Vec::new();
    match models::shipped() {
        Ok(path) => models.push((models::SHIPPED.to_owned(), path)),
        Err(error) => found.push(finding(what(models::SHIPPED), State::Bad, error.to_string())),
    }
    for (name, path) in models {
        if !found.iter().any(|f| f.what == what(&name)) {
            found.push(opened(what(&name), path));
        }
    }
    found
}

fn what(model: &str) -> String {
    format!("model {model}")
}

fn opened(name: String, folder: PathBuf) -> Finding {
    let spec = ModelSpec { folder, ..ModelSpec::default() };
    match open_device("cpu").and_then(|device| Model::open(&spec, &Precision::F32.on(&device.device)?)) {
        Ok(model) => {
            finding(name, State::Ok, format!("{} at {} fps", model.info().size(), model.info().hints().fps))
        }
        Err(error) => finding(name, State::Bad, error.to_string()),
    }
}

fn disk() -> Vec<Finding> {
    /// Less than this is soon full: a three-minute video with its work folder takes some 200 MB.
    const LITTLE: u64 = 1 << 30;
    let places =
        [("this folder", std::env::current_dir().ok()), ("temporary folder", Some(std::env::temp_dir()))];
    places
        .into_iter()
        .filter_map(|(what, path)| Some((what, fs4::available_space(path?).ok()?)))
        .map(|(what, bytes)| {
            let state = if bytes < LITTLE { State::Bad } else { State::Ok };
            finding(format!("disk, {what}"), state, format!("{:.1} GB free", bytes as f64 / 1e9))
        })
        .collect()
}
