//! Golden pictures: short takes through the whole program, held against the sheets in `tests/golden`.
//!
//! What drives the pictures here is time alone, so that hearing better changes none of them. A sheet holds every so many of
//! a case's frames, as they are before any lossy encoding. `BEATBOLT_UPDATE_GOLDEN=1 cargo test --release golden` writes
//! the sheets anew.

mod sheet;

use crate::cli::Stage;
use serde_json::Value;
use sheet::{Pixels, SIZE};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// 52 frames at spark's 12 a second: a window of 16, handed on three times to 12 more.
const SECONDS: f64 = 52.0 / 12.0 - 0.02;

/// Pictures that must not change.
struct Case {
    /// What its sheet is called.
    name: &'static str,
    /// Presets and projects that it needs, by name.
    files: &'static [(&'static str, &'static str)],
    /// What is rendered, and with what.
    line: &'static str,
    /// One of so many frames is kept.
    every: usize,
}

/// Two steps a window, and every effect on finished pictures.
const DRAFT: Case = Case {
    name: "draft",
    files: &[("look.toml", include_str!("golden/draft.toml"))],
    line: "track.wav --preset look.toml --tier draft --generate 192x112",
    every: 3,
};

/// Four steps a window, noise that is tied from frame to frame, half a drift guard.
const DEFAULT: Case = Case {
    name: "default",
    files: &[("look.toml", include_str!("golden/default.toml"))],
    line: "track.wav --preset look.toml --generate 192x112 --overlap 5 --seed 7",
    every: 2,
};

/// The other autoencoder and the other sampler, guidance away from a negative prompt, windows of 8.
const GUIDED: Case = Case {
    name: "guided",
    files: &[("look.toml", include_str!("golden/guided.toml"))],
    line: "track.wav --preset look.toml --model kl --generate 32x20 --overlap 3 --end 2",
    every: 2,
};

/// A camera that flies on all four ways at once.
const FLIGHT: Case = Case {
    name: "flight",
    files: &[("look.toml", include_str!("golden/flight.toml"))],
    line: "track.wav --preset look.toml --generate 192x112 --seed 3",
    every: 2,
};

/// Frames held on the picture before them, each by another strength.
const HELD: Case = Case {
    name: "held",
    files: &[("look.toml", include_str!("golden/held.toml"))],
    line: "track.wav --preset look.toml --generate 192x112 --seed 4",
    every: 2,
};

/// A project whose prompt travels twice, once across a cut.
const TRAVEL: Case = Case {
    name: "travel",
    files: &[
        ("video.toml", include_str!("golden/travel.toml")),
        ("look.toml", "[[prompt]]\ntext = \"blue waves\"\n"),
    ],
    line: "video.toml",
    every: 2,
};

impl Case {
    fn stage(&self) -> Stage {
        let stage = Stage::new(SECONDS);
        for (name, text) in self.files {
            std::fs::write(stage.path(name), text).unwrap();
        }
        stage
    }

    /// The program on so many threads, told to write the pictures into the folder `out`.
    fn command(&self, stage: &Stage, threads: usize, out: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beatbolt"));
        command.current_dir(stage.home()).env("RAYON_NUM_THREADS", threads.to_string());
        // Each number of threads listens for itself.
        command.env("XDG_CACHE_HOME", stage.path(&format!("cache-{threads}")));
        // The guard would damp what such pictures flash.
        command.arg("render").args(self.line.split_whitespace()).args([
            "--flash-guard",
            "off",
            "--precision",
            "f32",
        ]);
        command.args(["--size", &format!("{}x{}", SIZE[0], SIZE[1]), "--device", "cpu", "--json"]);
        command.args(["--profile", "png", "-o", out]);
        command
    }

    /// Every frame, rendered on so many threads.
    fn render(&self, stage: &Stage, threads: usize) -> Vec<Pixels> {
        let out = format!("on-{threads}");
        self.finish(self.command(stage, threads, &out));
        sheet::read_frames(&stage.path(&out))
    }

    /// Runs to the end, and gives what was said there.
    #[track_caller]
    fn finish(&self, mut command: Command) -> Value {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let [out, err] = [&stdout, &stderr].map(|bytes| String::from_utf8_lossy(bytes));
        assert!(status.success(), "golden case '{}' can't be rendered:\n{out}{err}", self.name);
        serde_json::from_str(out.lines().last().unwrap()).unwrap()
    }

    /// Holds `frames` against the sheet, or makes it of them.
    fn check(&self, frames: &[Pixels]) {
        let chosen: Vec<(usize, &Pixels)> = frames.iter().enumerate().step_by(self.every).collect();
        if std::env::var_os("BEATBOLT_UPDATE_GOLDEN").is_some_and(|v| v == "1") {
            let pixels: Vec<&Pixels> = chosen.iter().map(|(_, pixels)| *pixels).collect();
            return sheet::write(&sheet::kept(self.name), &pixels);
        }
        sheet::compare(self.name, &chosen);
    }

    /// One thread and two make the same frames, and these are those of the sheet.
    fn holds_on(&self, stage: &Stage) {
        let frames = self.render(stage, 1);
        self.check(&frames);
        self.same(&frames, &self.render(stage, 2), "one thread", "two");
    }

    fn same(&self, a: &[Pixels], b: &[Pixels], with: &str, without: &str) {
        let other = a.iter().zip(b).position(|(a, b)| a != b);
        assert_eq!(
            (a.len(), other),
            (b.len(), None),
            "'{}': frames, and the first that differs, of {with} and {without}",
            self.name
        );
    }
}

/// A folder of the tiny model `kl-mid` with all that it lacks: a scheduler, a tokenizer and what it was made for.
pub fn complete_kl(folder: &Path) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for part in ["unet", "motion_adapter", "vae", "text_encoder"] {
        std::fs::create_dir_all(folder.join(part)).unwrap();
        for file in std::fs::read_dir(fixtures.join("kl-mid").join(part)).unwrap().flatten() {
            std::fs::copy(file.path(), folder.join(part).join(file.file_name())).unwrap();
        }
    }
    let put = |name: &str, text: &str| {
        let path: PathBuf = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("scheduler/scheduler_config.json", include_str!("golden/ddim.json"));
    put("beatbolt.json", r#"{"width": 32, "height": 20, "fps": 12, "steps": 3, "frames": 8}"#);
    // Ids 38 and 39 begin and end a prompt.
    let letters = "abdefghinrst".chars().map(String::from);
    let pieces = letters
        .flat_map(|l| [format!("{l}</w>"), l])
        .chain(["re", "red</w>", "ti", "ger</w>", "ge"].map(String::from));
    let vocabulary = pieces.enumerate().map(|(id, piece)| (piece, Value::from(id)));
    let special = [("<|startoftext|>".to_owned(), 38.into()), ("<|endoftext|>".to_owned(), 39.into())];
    put("tokenizer/vocab.json", &Value::Object(vocabulary.chain(special).collect()).to_string());
    put("tokenizer/merges.txt", "#version: 0.2\nr e\nre d</w>\nt i\ng e\nge r</w>\n");
}

#[test]
fn two_steps_a_window_under_every_effect() {
    DRAFT.holds_on(&DRAFT.stage());
}

#[test]
fn four_steps_a_window_on_noise_that_is_tied() {
    DEFAULT.holds_on(&DEFAULT.stage());
}

#[test]
fn guidance_away_from_a_negative_prompt_by_ddim() {
    let stage = GUIDED.stage();
    complete_kl(&stage.path("kl"));
    GUIDED.holds_on(&stage);
}

#[test]
fn a_camera_that_flies() {
    FLIGHT.holds_on(&FLIGHT.stage());
}

#[test]
fn frames_that_are_held_each_by_its_own_strength() {
    HELD.holds_on(&HELD.stage());
}

#[test]
fn prompts_that_travel_across_a_cut() {
    TRAVEL.holds_on(&TRAVEL.stage());
}

/// Kills a render into the folder `out` once its first window is kept, and gives how many windows it goes on from when it is
/// run again; none if it was through before it could be killed.
fn resumed(case: &Case, stage: &Stage, out: &str) -> Option<u64> {
    let mut child = case.command(stage, 2, out).stdout(Stdio::piped()).spawn().unwrap();
    let told = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut events = told.map(|line| serde_json::from_str::<Value>(&line).unwrap());
    // Listening tells its progress too, of something else than 52 frames.
    assert!(events.any(|e| e["event"] == "progress" && e["total"] == 52), "no progress was told");
    child.kill().unwrap();
    if child.wait().unwrap().success() {
        return None;
    }
    assert!(!stage.path(out).exists(), "half the pictures under the final name");
    case.finish(case.command(stage, 2, out))["restored_windows"].as_u64()
}

/// What is settled, the guard's hold and the camera's place come back from the work folder.
#[test]
fn a_flight_that_was_killed_goes_on_to_the_same_pictures() {
    let stage = FLIGHT.stage();
    let whole = FLIGHT.render(&stage, 2);
    // On a busy machine the last window may be settled before the first is shown; then there is nothing to go on with.
    let midway = (0..5).find(|attempt| {
        let out = format!("cut-{attempt}");
        let Some(restored) = resumed(&FLIGHT, &stage, &out) else { return false };
        let frames = sheet::read_frames(&stage.path(&out));
        FLIGHT.same(&whole, &frames, "an unbroken render", "a resumed one");
        assert!(restored >= 1, "a window that was shown was not kept");
        restored < 4
    });
    assert!(midway.is_some(), "five renders were through before they could be killed");
}
