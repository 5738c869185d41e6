//! Takes that several workers make: joined to the bytes of one run, whoever was killed, whatever came in between.

use crate::cli::{Run, Stage};
use beatbolt::file_lock::FileLock;
use serde_json::Value;
use std::fs;
use std::process::{Child, Command, Stdio};

/// Four takes of two windows: of a network, drawn, with what crosses cuts (a dissolve) and frames (trails, the guard).
const PROJECT: &str = "track = \"track.wav\"\npreset = \"pulse\"\nsize = \"96x64\"\nsteps = 1\nseed = 3\nfps = 12\n\
    [set]\nguidance = 1\ncut_dissolve = 0.3\ntrails = 0.4\nflash = 0.2\n[cuts]\non = \"bars:1\"\nmin = 0\n\
    [[part]]\nfrom = \"1 bars\"\nto = \"2 bars\"\npreset = \"drawn.toml\"\n";
const DRAWN: &str = "init = \"draw:ocean\"\n[base]\ndenoise = 0\n[[prompt]]\ntext = \"waves\"\n";

/// A stage with that project, and one run of it: `whole.mkv`.
fn stage() -> Stage {
    let stage = Stage::new(7.5);
    fs::write(stage.path("video.toml"), PROJECT).unwrap();
    fs::write(stage.path("drawn.toml"), DRAWN).unwrap();
    stage.run("render video.toml -o whole.mkv").succeeds();
    stage
}

fn begin(stage: &Stage, line: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beatbolt"));
    command.current_dir(stage.home()).env("XDG_CACHE_HOME", stage.path("cache0")).args(line.split(' '));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// How many windows have their pictures in a work folder.
fn kept(stage: &Stage, folder: &str) -> usize {
    let files = |path| fs::read_dir(path).into_iter().flatten().flatten().map(|e| e.path());
    let is_kept = |path: &std::path::PathBuf| path.extension().is_some_and(|e| e == "pictures");
    files(stage.path(folder)).flat_map(files).filter(is_kept).count()
}

#[track_caller]
fn same_as_one_run(stage: &Stage, name: &str) {
    assert!(stage.bytes(name) == stage.bytes("whole.mkv"), "{name} has other bytes than one run gives");
}

fn status(stage: &Stage, folder: &str) -> Value {
    stage.run(&format!("status {folder} --json")).succeeds().json()
}

#[test]
fn two_workers_and_a_join_give_the_bytes_of_one_run() {
    let stage = stage();
    let workers: Vec<Child> =
        (0..2).map(|_| begin(&stage, "render video.toml --takes all --work w --json")).collect();
    let mut windows = 0;
    for worker in workers {
        let out = worker.wait_with_output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        assert!(out.status.success(), "{text}{}", String::from_utf8_lossy(&out.stderr));
        let done: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        windows += done["denoised_windows"].as_u64().unwrap();
    }
    let there = status(&stage, "w");
    let all: u64 = there["takes"].as_array().unwrap().iter().map(|t| t["windows"].as_u64().unwrap()).sum();
    assert_eq!((windows, kept(&stage, "w") as u64), (all, all), "no window was made twice: {there}");
    assert!(there["takes"].as_array().unwrap().len() >= 3, "{there}");
    stage.run("join video.toml --work w -o joined.mkv").succeeds();
    same_as_one_run(&stage, "joined.mkv");
    // Another look at the end needs no network; the takes are as they were.
    stage.run("join video.toml --work w -o prores.mov --profile prores --clear").succeeds();
    assert!(!stage.path("w").exists());
}

#[test]
fn what_is_missing_is_said_and_a_killed_worker_is_gone_on_from() {
    let stage = stage();
    stage.run("join video.toml --work w -o a.mkv").fails(2, &["no work folder", "--work"]);
    stage.run("render video.toml --takes 2 --work w").succeeds();
    stage
        .run("join video.toml --work w -o a.mkv")
        .fails(3, &["takes in w are not finished", "--takes 0..1,3", "status w"]);
    assert!(!stage.path("a.mkv").exists());
    let mut worker = begin(&stage, "render video.toml --takes 0..1 --work w");
    while kept(&stage, "w") < 3 {
        assert!(worker.try_wait().unwrap().is_none(), "it ended before it was killed");
        std::thread::yield_now();
    }
    worker.kill().unwrap();
    worker.wait().unwrap();
    // What is damaged is seen, and made again.
    let take = fs::read_dir(stage.path("w"))
        .unwrap()
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.is_dir())
        .max()
        .unwrap();
    let rest = stage.run("render video.toml --takes all --work w").succeeds();
    assert!(rest.err.contains("take 2 finished before"), "{}", rest.err);
    let pictures = fs::read_dir(&take).unwrap().flatten().map(|e| e.path());
    let pictures = pictures.filter(|p| p.extension().is_some_and(|e| e == "pictures")).max().unwrap();
    let mut bytes = fs::read(&pictures).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(pictures, bytes).unwrap();
    let said = stage.run("join video.toml --work w -o a.mkv").fails(3, &["missing or damaged", "--takes 2"]);
    assert!(!stage.path("a.mkv").exists(), "{}", said.err);
    stage.run("render video.toml --takes 2 --work w").succeeds();
    stage.run("join video.toml --work w -o a.mkv").succeeds();
    same_as_one_run(&stage, "a.mkv");
}

#[test]
fn other_settings_are_refused_and_a_take_that_somebody_has_is_left() {
    let stage = stage();
    stage.run("render video.toml --takes 0 --work w").succeeds();
    let refused = |run: Run, what: &str| drop(run.fails(2, &["other settings", what]));
    refused(stage.run("render video.toml --takes 1 --work w --seed 4"), "the seed");
    refused(stage.run("join video.toml --work w --size 64x64 -o a.mkv"), "size of the video");
    refused(stage.run("render video.toml --takes 1 --work w --split 1"), "the preset");
    assert_eq!(kept(&stage, "w"), 2);
    stage.run("render video.toml --takes 9 --work w").fails(2, &["no take 9", "0 to 3"]);
    stage.run("render video.toml --work w").fails(2, &["--takes all"]);
    let start = status(&stage, "w")["takes"][1]["start"].as_f64().unwrap();
    let take = stage.path(&format!("w/take-{:06}", (12.0 * start).round()));
    fs::create_dir_all(&take).unwrap();
    let lock = FileLock::exclusive(&take.join("lock")).unwrap().unwrap();
    let left = stage.run("render video.toml --takes 1..2 --work w").succeeds();
    assert!(
        left.err.contains("take 1 is being made by another worker") && left.out.contains("take 2:"),
        "{}",
        left.err
    );
    drop(lock);
    // What lies there of a process of this machine that has no lock any more is nobody's.
    let host = beatbolt::system::host().unwrap();
    fs::write(
        take.join("lease"),
        format!(r#"{{"host":"{host}","process":1,"began":1,"number":0,"beat":7}}"#),
    )
    .unwrap();
    let told = status(&stage, "w");
    assert!(told["takes"][1]["holder"].as_str().unwrap().contains("process 1"), "{told}");
    stage.run("render video.toml --takes 1 --work w").succeeds();
    assert!(!take.join("lease").exists());
}

#[test]
fn workers_on_several_devices_give_the_bytes_of_one_run() {
    let stage = stage();
    stage.run("render video.toml -o a.mkv --devices cpu,cpu").succeeds();
    same_as_one_run(&stage, "a.mkv");
    assert!(!stage.path("a.mkv.work").exists(), "finished work is cleared away");
    stage.run("render video.toml -o b.mkv --devices cpu,moon").fails(2, &["moon"]);
}

#[test]
fn long_takes_are_split_where_it_is_asked_for() {
    let stage = stage();
    let takes = |line: &str| -> Value {
        let line = format!("takes track.wav --size 96x64 --init none {line} --json");
        serde_json::from_str(stage.run(&line).succeeds().out.lines().last().unwrap()).unwrap()
    };
    let (whole, split) = (takes("--preset pulse"), takes("--preset pulse --split 2 --simulate 1,2"));
    let count = |told: &Value| told["takes"].as_array().unwrap().len();
    assert!(count(&split) > count(&whole), "{split}");
    assert!(
        split["simulated"][1]["rendered"].as_f64() < split["simulated"][0]["rendered"].as_f64(),
        "{split}"
    );
    let commands = stage.run("takes video.toml --work w --seed 5 --commands").succeeds().out;
    assert_eq!(commands.lines().next(), Some("beatbolt render --takes 0 video.toml --work w --seed 5"));
    stage
        .run("render track.wav --size 96x64 --steps 1 --init none --preset pulse --split 2 -o split.mkv")
        .succeeds();
    stage.run("extract split.mkv --to again").succeeds();
    let line = stage.run("extract split.mkv").succeeds().json();
    assert_eq!(line["split"], 2.0);
}

#[test]
fn encoded_takes_are_copied_with_every_frame_at_its_time() {
    let stage = stage();
    stage.run("render video.toml --takes all --work w").succeeds();
    stage.run("join video.toml --work w --fast-join -o a.mp4").fails(2, &["dissolve", "without --fast-join"]);
    let line = "video.toml --set cut_dissolve=0 --work f --fps 30000/1001";
    stage.run(&format!("render {line} --takes all")).succeeds();
    stage.run(&format!("join {line} --fast-join -o a.mp4")).fails(3, &["take 0 is not encoded", "--encode"]);
    stage.run(&format!("render {line} --takes all --encode")).succeeds();
    stage.run(&format!("join {line} --fast-join -o a.mp4")).succeeds();
    stage.run(&format!("join {line} -o b.mp4")).succeeds();
    let times = |name: &str| {
        let args =
            ["-v", "error", "-select_streams", "v", "-show_entries", "frame=pts_time", "-of", "csv=p=0"];
        let out = Command::new("ffprobe").args(args).arg(stage.path(name)).output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let lines = text.lines().map(|line| line.trim_end_matches(',')).filter(|line| !line.is_empty());
        let times = lines.map(|line| line.parse::<f64>().unwrap());
        times.collect::<Vec<f64>>()
    };
    let (fast, slow) = (times("a.mp4"), times("b.mp4"));
    assert_eq!(fast.len(), slow.len());
    let apart = fast.iter().zip(&slow).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(apart < 1e-4, "a frame is {apart} s from its time");
    let length = |name: &str| crate::cli::probe(&stage.path(name))["format"]["duration"].clone();
    assert_eq!(length("a.mp4"), length("b.mp4"));
    stage.run("extract a.mp4").succeeds();
}
