//! What a render that was killed goes on with, and what it refuses to go on with.

use crate::cli::Stage;
use crate::projects::pictures;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Ten windows, each of which takes a while.
const JOB: &str = "render track.wav --size 96x64 --steps 8";

/// The finished windows in `folder` and below.
fn windows(folder: &Path) -> Vec<PathBuf> {
    // A folder that goes away meanwhile has none.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
    let is_window = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("window-") && name.ends_with(".safetensors")
    };
    folders.iter().flat_map(|f| windows(f)).chain(files.into_iter().filter(is_window)).collect()
}

/// Starts the program and kills it once two windows are finished.
pub fn killed_after_two_windows(stage: &Stage, line: &str) {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_beatbolt"))
        .current_dir(stage.home())
        .args(line.split_whitespace())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while windows(stage.home()).len() < 2 {
        assert!(child.try_wait().unwrap().is_none(), "`{line}` ended with no two windows kept");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!windows(stage.home()).is_empty(), "`{line}` was finished before it was killed");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

#[test]
fn whatever_decides_a_picture_must_be_what_it_was() {
    let stage = Stage::new(10.0);
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark");
    copy(&model, &stage.path("spark"));
    let line = format!("{JOB} -o a.mkv --model spark");
    killed_after_two_windows(&stage, &line);
    for (file, old, new, part) in [
        ("spark.json", "\"still\": 0.45", "\"still\": 0.3", "hints"),
        (
            "tokenizer/tokenizer_config.json",
            "\"pad_token\": \"<|endoftext|>\"",
            "\"pad_token\": \"good</w>\"",
            "tokenizer",
        ),
        ("tokenizer/tokenizer.json", "\"Lowercase\"", "\"NFC\"", "tokenizer"),
        ("scheduler/scheduler_config.json", "\"beta_end\": 0.006", "\"beta_end\": 0.007", "scheduler"),
        ("vae/config.json", "\"scaling_factor\": ", "\"scaling_factor\": 1", "vae"),
    ] {
        let path = stage.path("spark").join(file);
        let before = fs::read_to_string(&path).unwrap();
        assert!(before.contains(old), "{file} has no {old}");
        fs::write(&path, before.replace(old, new)).unwrap();
        stage.run(&line).fails(2, &["other settings", part, "--fresh"]);
        fs::write(&path, before).unwrap();
    }
    for (option, part) in
        [("--seed 2", "seed"), ("--size 64x64", "size of the video"), ("--overlap 3", "windows")]
    {
        // Of an option that is given twice the program takes the last.
        let line =
            line.replace("--size 96x64", if option.starts_with("--size") { "" } else { "--size 96x64" });
        stage.run(&format!("{line} {option}")).fails(2, &["other settings", part, "--fresh"]);
    }
    let rest = stage.run(&line).succeeds();
    assert!(rest.err.contains("finished before"), "{}", rest.err);
}

#[test]
fn another_name_and_another_profile_go_on_with_the_same_windows() {
    let stage = Stage::new(10.0);
    killed_after_two_windows(&stage, &format!("{JOB} -o a.mkv"));
    let kept = windows(stage.home());
    let rest = stage.run(&format!("{JOB} -o b.mkv --profile ffv1")).succeeds();
    assert!(rest.err.contains("finished before"), "{}", rest.err);
    assert!(kept.iter().all(|path| path.is_file()), "what another video may go on with was thrown away");
    stage.run(&format!("{JOB} -o c.mkv --profile ffv1 --fresh")).succeeds();
    assert_eq!(pictures(&stage, "b.mkv"), pictures(&stage, "c.mkv"));
}

#[test]
fn a_longer_part_goes_on_with_the_windows_of_a_shorter_one() {
    let stage = Stage::new(10.0);
    killed_after_two_windows(&stage, &format!("{JOB} -o a.mkv --profile ffv1 --end 8"));
    let rest = stage.run(&format!("{JOB} -o a.mkv --profile ffv1")).succeeds();
    assert!(rest.err.contains("finished before"), "{}", rest.err);
    stage.run(&format!("{JOB} -o b.mkv --profile ffv1")).succeeds();
    assert_eq!(pictures(&stage, "a.mkv"), pictures(&stage, "b.mkv"));
}
