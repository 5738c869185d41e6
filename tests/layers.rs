//! Who may import whom: one crate gives no compiler wall, so this is it. The tables are those of ARCHITECTURE.md.

mod frames;
mod house;
mod source;

use house::{File, House, Meaning};
use std::path::Path;

/// Module → modules of the crate that it may use. Everybody may use the foundation.
const MAY_USE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("units", &[]),
    ("noise", &[]),
    ("progress", &[]),
    ("timing", &[]),
    ("digest", &[]),
    ("bounded_read", &[]),
    ("cache_folder", &[]),
    ("atomic_file", &[]),
    ("file_lock", &[]),
    ("vector", &[]),
    ("system", &[]),
    ("demux", &[]),
    ("text_file", &[]),
    ("audio", &[]),
    ("score", &["audio"]),
    ("weights", &[]),
    ("nn", &["weights"]),
    ("upscale", &["nn", "weights"]),
    ("interpolate", &["nn", "weights"]),
    ("diffusion", &["nn", "weights"]),
    ("video", &[]),
    ("draw", &[]),
    ("render", &["weights", "score", "nn", "upscale", "interpolate", "diffusion", "draw", "video"]),
    (
        "job",
        &[
            "audio",
            "weights",
            "score",
            "nn",
            "upscale",
            "interpolate",
            "diffusion",
            "draw",
            "video",
            "render",
        ],
    ),
    ("studio", &["audio", "score", "diffusion", "video", "render", "job"]),
    ("cli", &["audio", "weights", "score", "nn", "diffusion", "draw", "video", "render", "job", "studio"]),
    ("main", &["cli"]),
    ("lib", &[]),
];

const FOUNDATION: &[&str] = &[
    "error",
    "units",
    "noise",
    "progress",
    "timing",
    "digest",
    "bounded_read",
    "cache_folder",
    "atomic_file",
    "file_lock",
    "vector",
    "system",
    "demux",
    "text_file",
];

/// Foreign crate → files or folders that are its home.
const HOMES: &[(&str, &[&str])] = &[
    ("symphonia", &["audio/decode/native.rs"]),
    ("rustfft", &["audio/spectrum.rs", "draw/texture.rs"]),
    ("aubio_rs", &["audio/beat.rs"]),
    ("candle_core", &["weights", "nn", "upscale", "interpolate", "diffusion", "render"]),
    ("candle_nn", &["nn"]),
    ("memmap2", &["weights/mapped.rs"]),
    ("tokenizers", &["diffusion/text/tokenizer.rs", "diffusion/text/typography.rs"]),
    ("pulp", &["vector.rs", "draw"]),
    ("ffmpeg_next", &["demux", "video", "audio/decode/ffmpeg"]),
    ("clap", &["cli/args", "cli/mod.rs"]),
    ("libc", &["system.rs"]),
    ("indicatif", &["cli/terminal.rs"]),
    ("plotters", &["cli/plot"]),
    ("half", &["audio/weights.rs", "nn/cpu/widen.rs"]),
    ("hound", &["cli/analyze/clicks.rs"]),
    ("chardetng", &["text_file/encoding.rs"]),
    ("encoding_rs", &["text_file/encoding.rs"]),
    ("percent_encoding", &["audio/collection/rekordbox.rs"]),
    ("quick_xml", &["audio/collection"]),
    ("entities", &["diffusion/text/html.rs"]),
    ("postcard", &["job/analysis_cache.rs"]),
    ("toml", &["score", "job/user_config.rs"]),
    ("ureq", &["job/hub/http.rs"]),
    ("granit_parser", &["job/comfy_paths.rs"]),
    (
        "toml_edit",
        &[
            "score/document.rs",
            "score/document",
            "score/edit.rs",
            "score/project/document.rs",
            "score/project/rewrite.rs",
        ],
    ),
    ("sha2", &["digest/hash.rs"]),
    ("axum", &["studio"]),
    ("rosc", &["studio/osc"]),
    ("tokio", &["studio"]),
    ("hyper", &["studio/listener.rs"]),
    ("hyper_util", &["studio/listener.rs"]),
    ("jpeg_encoder", &["studio/jpeg.rs"]),
    ("getrandom", &["studio/guard.rs"]),
    ("tempfile", &["atomic_file.rs", "job/shipped_model.rs", "render/estimate.rs"]),
    ("gemm", &["nn/cpu/gemm.rs"]),
    ("safetensors", &["weights/safetensors.rs", "weights/embedded.rs", "audio/weights.rs", "render/take.rs"]),
    ("rayon", &["nn/cpu", "video", "audio/net.rs", "audio/steady.rs", "cli/analyze/batch.rs", "draw"]),
    ("fs4", &["cli/doctor.rs", "job/hub/fetch.rs", "job/space.rs"]),
    ("dejavu", &["video/overlay/text"]),
    ("rustybuzz", &["video/overlay/text"]),
    ("unicode_bidi", &["video/overlay/text"]),
    ("unicode_linebreak", &["video/overlay/text"]),
    ("unicode_script", &["video/overlay/text"]),
    ("ab_glyph_rasterizer", &["video/overlay/text"]),
];

/// Circles of files that are still there, by their files. Each is to go; none may come.
const STILL_ROUND: &[&[&str]] = &[];

fn house() -> House {
    House::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

fn module_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// All paths that a file names, with their lines.
fn paths(file: &File) -> impl Iterator<Item = (&[String], usize)> {
    let used = file.source.uses.iter().map(|u| (u.path.as_slice(), u.line));
    used.chain(file.source.paths.iter().map(|p| (p.path.as_slice(), p.line)))
}

/// What a house does against the table.
fn wrong_ways(house: &House) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in &house.files {
        let module = module_of(&file.path);
        let Some((_, may)) = MAY_USE.iter().find(|(m, _)| *m == module) else {
            wrong.push(format!("{}: the module '{module}' is not in the table", file.path.display()));
            continue;
        };
        for (path, line) in paths(file) {
            let Meaning::Ours(path) = house.meaning(file, path, false) else { continue };
            // The root hands nothing on but its modules.
            let Some(name) = path.first().map(String::as_str).filter(|_| module != "lib") else { continue };
            let free = FOUNDATION.contains(&name) && name != "lib";
            if name != module && !free && !may.contains(&name) {
                wrong.push(format!("{}:{line}: {module} must not know {name}", file.path.display()));
            }
        }
    }
    wrong
}

/// Where a house names a foreign crate outside of its home.
fn strangers(house: &House) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in &house.files {
        for (path, line) in paths(file) {
            let Some((foreign, homes)) =
                HOMES.iter().find(|(foreign, _)| path.first().is_some_and(|p| p == foreign))
            else {
                continue;
            };
            let ours = house.meaning(file, path, false) != Meaning::Other;
            if !ours && !homes.iter().any(|home| file.path.starts_with(home)) {
                wrong.push(format!("{}:{line}: {foreign} lives in {homes:?}", file.path.display()));
            }
        }
    }
    wrong
}

#[test]
fn modules_use_only_what_the_table_allows() {
    let wrong = wrong_ways(&house());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_allows_no_way_back() {
    for (row, (module, may)) in MAY_USE.iter().enumerate() {
        let above: Vec<&str> = MAY_USE[..row].iter().map(|(m, _)| *m).collect();
        assert!(
            may.iter().all(|m| above.contains(m)),
            "{module} may use {may:?}, not all of which stand above it"
        );
        assert!(!FOUNDATION.contains(module) || may.is_empty(), "the foundation knows no domain: {module}");
    }
}

#[test]
fn every_foreign_crate_stays_at_home() {
    let house = house();
    let wrong = strangers(&house);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (foreign, homes) in HOMES {
        for home in *homes {
            let lives = |f: &File| {
                f.path.starts_with(home)
                    && paths(f).any(|(path, _)| path.first().is_some_and(|p| p == foreign))
            };
            assert!(house.files.iter().any(lives), "{foreign} doesn't live in {home} any more");
        }
    }
}

#[test]
fn no_files_lead_to_each_other() {
    let house = house();
    let circles = house.circles();
    let new: Vec<String> = circles
        .iter()
        .filter(|circle| !STILL_ROUND.iter().any(|known| known == circle))
        .map(|circle| format!("a circle of files:\n  {}", house.ties(circle).join("\n  ")))
        .collect();
    assert!(new.is_empty(), "{}", new.join("\n"));
    for known in STILL_ROUND {
        assert!(circles.iter().any(|circle| known == circle), "gone, take it off the list: {known:?}");
    }
}

#[test]
fn the_checker_sees_what_it_should() {
    let at = |path: &str, text: &str| House::of([(Path::new(path), text.to_owned())].into_iter());
    let ways = |path: &str, text: &str| wrong_ways(&at(path, text)).len();
    let spread = "use crate::{\n    audio,\n    score::{\n        Preset,\n    },\n    units::Seconds,\n};";
    assert_eq!((ways("video/a.rs", spread), ways("score/a.rs", spread)), (2, 0));
    assert_eq!(ways("video/a/b.rs", "pub(crate) use super::super::super::score;"), 1);
    assert_eq!(ways("audio/a.rs", "fn f() { let x = crate::video::Frame::black(s); }"), 1);
    assert_eq!(ways("units.rs", "use crate::{error, audio};"), 1);
    let foreign = |path: &str, text: &str| strangers(&at(path, text)).len();
    assert_eq!(
        foreign("render/a.rs", "use {\n    std::fmt,\n    rayon::{\n        prelude::*,\n    },\n};"),
        1
    );
    assert_eq!(foreign("render/a.rs", "fn f() { safetensors::serialize(x); }"), 1);
    assert_eq!(
        foreign("weights/a.rs", "use super::safetensors::X; fn f() { candle_core::safetensors::load() }"),
        0
    );
}
