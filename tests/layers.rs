//! Who may import whom: one crate gives no compiler wall, so this is it. The table is the one in ARCHITECTURE.md.

use std::fs;
use std::path::{Path, PathBuf};

/// Module → modules of the crate that it may use. Everybody may use the foundation.
const MAY_USE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("units", &[]),
    ("noise", &[]),
    ("progress", &[]),
    ("timing", &[]),
    ("digest", &[]),
    ("bounded_read", &[]),
    ("atomic_file", &[]),
    ("file_lock", &[]),
    ("vector", &[]),
    ("system", &[]),
    ("audio", &[]),
    ("score", &["audio"]),
    ("weights", &[]),
    ("nn", &["weights"]),
    ("diffusion", &["nn", "weights"]),
    ("video", &[]),
    ("render", &["weights", "score", "nn", "diffusion", "video"]),
    ("job", &["audio", "weights", "score", "nn", "diffusion", "video", "render"]),
    ("studio", &["audio", "score", "diffusion", "video", "render", "job"]),
    ("cli", &["audio", "weights", "score", "nn", "diffusion", "video", "render", "job", "studio"]),
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
    "atomic_file",
    "file_lock",
    "vector",
    "system",
];

/// Foreign crate → files or folders that are its home.
const HOMES: &[(&str, &[&str])] = &[
    ("symphonia", &["audio/decode/native.rs"]),
    ("rustfft", &["audio/spectrum.rs"]),
    ("aubio_rs", &["audio/beat.rs"]),
    ("candle_core", &["weights", "nn", "diffusion", "render"]),
    ("candle_nn", &["nn"]),
    ("tokenizers", &["diffusion/text/tokenizer.rs", "diffusion/text/typography.rs"]),
    ("pulp", &["vector.rs"]),
    ("ffmpeg_next", &["video", "audio/decode/ffmpeg.rs"]),
    ("clap", &["cli/args", "cli/mod.rs"]),
    ("libc", &["system.rs"]),
    ("indicatif", &["cli/terminal.rs"]),
    ("plotters", &["cli/plot"]),
    ("half", &["audio/weights.rs"]),
    ("hound", &["cli/analyze/clicks.rs"]),
    ("postcard", &["job/analysis_cache.rs"]),
    ("toml", &["score"]),
    ("toml_edit", &["score/document.rs", "score/edit.rs", "score/project/rewrite.rs"]),
    ("sha2", &["digest.rs"]),
    ("axum", &["studio"]),
    ("tokio", &["studio"]),
    ("hyper", &["studio/listener.rs"]),
    ("hyper_util", &["studio/listener.rs"]),
    ("jpeg_encoder", &["studio/engine.rs"]),
    ("getrandom", &["studio/guard.rs"]),
    ("tempfile", &["atomic_file.rs", "render/estimate.rs"]),
];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, found),
                false if path.extension().is_some_and(|e| e == "rs") => found.push(path),
                false => {}
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    let relative = |p: PathBuf| (p.strip_prefix(&root).unwrap().to_owned(), fs::read_to_string(&p).unwrap());
    found.into_iter().map(relative).collect()
}

/// The code of a file: without its tests and comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
    text[..end]
        .lines()
        .enumerate()
        .filter(|(_, l)| !l.trim_start().starts_with("//"))
        .map(|(n, l)| (n + 1, l))
}

fn module_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The first names of all paths that follow `prefix` in a line, also in braces.
fn names_after<'a>(line: &'a str, prefix: &str) -> Vec<&'a str> {
    let word = |s: &'a str| &s[..s.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(s.len())];
    line.match_indices(prefix)
        .flat_map(|(at, _)| {
            let rest = &line[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(list) => list.split(',').map(|s| word(s.trim_start())).collect(),
                None => vec![word(rest)],
            }
        })
        .collect()
}

#[test]
fn modules_use_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        let Some((_, may)) = MAY_USE.iter().find(|(m, _)| *m == module) else {
            wrong.push(format!("{}: the module '{module}' is not in the table", path.display()));
            continue;
        };
        for (line, code) in code(&text) {
            for name in names_after(code, "crate::") {
                if name != module && !FOUNDATION.contains(&name) && !may.contains(&name) {
                    wrong.push(format!("{}:{line}: {module} must not know {name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_foundation_knows_no_domain() {
    for (path, text) in sources().iter().filter(|(p, _)| FOUNDATION.contains(&module_of(p).as_str())) {
        for (line, code) in code(text) {
            for name in names_after(code, "crate::") {
                assert!(FOUNDATION.contains(&name), "{}:{line}: knows {name}", path.display());
            }
        }
    }
}

#[test]
fn every_foreign_crate_stays_at_home() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for (line, code) in code(&text) {
            for (foreign, homes) in HOMES {
                let used =
                    code.contains(&format!("{foreign}::")) || code.contains(&format!("use {foreign} "));
                if used && !homes.iter().any(|home| path.starts_with(home)) {
                    wrong.push(format!("{}:{line}: {foreign} lives in {homes:?}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where numbers of generated frames become numbers of shown ones, and back.
const RATE: &str = "render/rate.rs";

/// The arguments of every call of `name` in a line.
fn arguments<'a>(line: &'a str, name: &str) -> Vec<&'a str> {
    let closes = |text: &str| {
        let mut open = 1;
        text.find(|c| {
            open += i32::from(c == '(') - i32::from(c == ')');
            open == 0
        })
    };
    let calls = line.match_indices(name).filter_map(|(at, _)| line[at + name.len()..].strip_prefix('('));
    calls.map(|rest| &rest[..closes(rest).unwrap_or(rest.len())]).collect()
}

/// Whether a frame is made of another frame's number.
fn converts(line: &str) -> bool {
    let made = ["GeneratedFrame", "ShownFrame"].into_iter().flat_map(|name| arguments(line, name));
    let of_another = |of: &str| of.ends_with(".0") || of.ends_with(".into()") || of.starts_with("u64::from");
    made.into_iter().any(of_another)
}

#[test]
fn one_place_turns_generated_frames_into_shown_ones() {
    for (path, text) in sources().iter().filter(|(p, _)| *p != Path::new(RATE)) {
        for (line, code) in code(text) {
            assert!(!converts(code), "{}:{line}: only {RATE} does that", path.display());
        }
    }
}

#[test]
fn the_checker_sees_what_it_should() {
    assert!(
        converts("let x = ShownFrame(job.part().start.0);") && converts("f(GeneratedFrame(u64::from(y)), 1)")
    );
    assert!(!converts("GeneratedFrame(fps.frame_at(Seconds(at - start.0))) + ShownFrame(0).0"));
    assert_eq!(names_after("use crate::{audio, score::Preset};", "crate::"), ["audio", "score"]);
    assert_eq!(names_after("let x = crate::video::Frame::black(s);", "crate::"), ["video"]);
}
