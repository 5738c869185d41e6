//! The program as it is used: every subcommand, success, typical mistakes and their hints.

use assert_cmd::Command;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tempfile::TempDir;

/// A folder with a track of clicks, and the program run in it.
pub struct Stage {
    home: TempDir,
}

impl Stage {
    /// A stage whose `track.wav` holds `seconds` of clicks on the beats of 120 bpm.
    pub fn new(seconds: f64) -> Self {
        Stage::playing(seconds, |t| {
            let since = t % 0.5;
            (-since * 60.0).exp() * (since * 440.0 * std::f64::consts::TAU).sin()
        })
    }

    /// A stage whose `track.wav` is quiet and low for ten seconds, and loud and bright for ten.
    pub fn sections() -> Self {
        Stage::playing(20.0, |t| {
            let since = t % 0.5;
            let click = (-since * 60.0).exp() * (since * 440.0 * std::f64::consts::TAU).sin();
            let chord = |f: f64| (t * f * std::f64::consts::TAU).sin();
            match t < 10.0 {
                true => 0.2 * click + 0.05 * chord(110.0),
                false => click + 0.4 * (chord(440.0) + chord(1760.0) + chord(3520.0)) / 3.0,
            }
        })
    }

    fn playing(seconds: f64, sound: impl Fn(f64) -> f64) -> Self {
        let home = tempfile::tempdir().unwrap();
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 22_050,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(home.path().join("track.wav"), spec).unwrap();
        for i in 0..(seconds * 22_050.0) as u32 {
            wav.write_sample((sound(f64::from(i) / 22_050.0) * 20_000.0) as i16).unwrap();
        }
        wav.finalize().unwrap();
        Stage { home }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A preset whose table of base values is `base`.
    fn preset(&self, name: &str, base: &str) {
        std::fs::write(self.path(name), format!("[base]\n{base}\n[[prompt]]\ntext = \"rings\"\n")).unwrap();
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub fn run(&self, line: &str) -> Run {
        self.run_in_memory_of(0, line)
    }

    /// Runs with memory that is filled with `value` where nobody has written yet (by the GNU C library; 0: as it is).
    fn run_in_memory_of(&self, value: u8, line: &str) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beatbolt"));
        command.env("MALLOC_PERTURB_", value.to_string());
        // What another filling heard must not come out of the cache.
        command.env("XDG_CACHE_HOME", self.path(&format!("cache{value}")));
        let output = command.current_dir(self.home.path()).args(line.split_whitespace()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Run {
            line: line.to_owned(),
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}

/// A render small enough to take seconds.
pub const SMALL: &str = "--size 96x64 --steps 2 --init none";

pub struct Run {
    line: String,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "`{}` failed:\n{}{}", self.line, self.out, self.err);
        self
    }

    #[track_caller]
    pub fn fails(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "`{}` ended otherwise:\n{}{}", self.line, self.out, self.err);
        for word in words.iter().chain(&["error:", " hint:"]) {
            assert!(self.err.contains(word), "`{}` doesn't say '{word}':\n{}", self.line, self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

pub fn probe(path: &Path) -> Value {
    let args = ["-v", "error", "-count_packets", "-show_streams", "-show_format", "-of", "json"];
    let out = std::process::Command::new("ffprobe").args(args).arg(path).output().unwrap();
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn a_track_becomes_a_video_twice_the_same() {
    let stage = Stage::new(2.6);
    let first = stage.run(&format!("render track.wav -o a.mkv {SMALL}")).succeeds();
    assert!(first.out.contains("a.mkv: 32 frames"), "{}", first.out);
    for value in [1, 170] {
        stage.run_in_memory_of(value, &format!("render track.wav -o b.mkv {SMALL}")).succeeds();
        assert!(stage.bytes("a.mkv") == stage.bytes("b.mkv"), "the same command gave other bytes");
    }
    let info = probe(&stage.path("a.mkv"));
    let video =
        info["streams"].as_array().unwrap().iter().find(|s| s["codec_type"] == "video").unwrap().clone();
    assert_eq!((&video["codec_name"], &video["r_frame_rate"]), (&"h264".into(), &"12/1".into()));
    assert_eq!(video["nb_read_packets"], "32");
    assert!(!stage.path("a.mkv.work").exists(), "finished work is cleared away");
    let job = stage.run("extract a.mkv").succeeds().json();
    assert_eq!((&job["settings"]["seed"], &job["project"]["name"]), (&1.into(), &"video.toml".into()));
}

#[test]
fn a_killed_render_goes_on_to_the_same_bytes() {
    let stage = Stage::new(5.0);
    stage.run(&format!("render track.wav -o whole.mkv {SMALL}")).succeeds();
    for window in [0, 2] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_beatbolt"))
            .current_dir(stage.home.path())
            .args(format!("render track.wav -o cut.mkv {SMALL}").split_whitespace())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let sign = stage.path(&format!("cut.mkv.work/take-000000/window-{:06}.safetensors", 12 * window));
        while !sign.exists() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!stage.path("cut.mkv").exists(), "half a video under the final name");
    }
    let rest = stage.run(&format!("render track.wav -o cut.mkv {SMALL}")).succeeds();
    assert!(rest.err.contains("finished before"), "{}", rest.err);
    assert!(stage.bytes("whole.mkv") == stage.bytes("cut.mkv"), "the resumed video differs");
}

#[test]
fn work_of_another_job_is_refused_until_fresh() {
    let stage = Stage::new(1.5);
    std::fs::create_dir(stage.path("a.mkv.work")).unwrap();
    std::fs::write(stage.path("a.mkv.work/job.json"), r#"{"seed": 7}"#).unwrap();
    stage
        .run(&format!("render track.wav -o a.mkv {SMALL}"))
        .fails(2, &["other settings", "program", "--fresh"]);
    stage.run(&format!("render track.wav -o a.mkv {SMALL} --fresh")).succeeds();
}

#[test]
fn a_dry_run_tells_windows_takes_and_values() {
    let stage = Stage::new(4.0);
    let plan = stage.run(&format!("render track.wav -o a.mkv {SMALL} --dry-run --json")).succeeds();
    let plan: Value = serde_json::from_str(plan.out.lines().last().unwrap()).unwrap();
    assert_eq!(plan["frames"], 48);
    assert_eq!(plan["first_new_frames"], serde_json::json!([0, 16, 28, 40]));
    assert_eq!(plan["values"]["motion_scale"].as_array().unwrap().len(), 48);
    assert!(plan["expected_seconds"].as_f64().unwrap() > 0.0);
    assert!(
        !stage.path("a.mkv").exists() && !stage.path("a.mkv.work").exists(),
        "a dry run leaves nothing behind"
    );
}

#[test]
fn a_part_has_the_frames_of_the_whole() {
    let stage = Stage::new(3.0);
    let plan = stage
        .run(&format!("render track.wav -o a.mkv {SMALL} --start 1 --end 2 --dry-run --json"))
        .succeeds();
    let plan: Value = serde_json::from_str(plan.out.lines().last().unwrap()).unwrap();
    assert_eq!((&plan["frames"], &plan["settings"]["first_frame"]), (&12.into(), &12.into()));
    stage.run(&format!("render track.wav -o a.mkv {SMALL} --start 1 --end 2")).succeeds();
    stage.run(&format!("render track.wav -o b.mkv {SMALL} --start 9")).fails(2, &["past the end"]);
    stage
        .run(&format!("render track.wav -o b.mkv {SMALL} --start 2 --end 1"))
        .fails(2, &["not after the start"]);
}

#[test]
fn the_file_that_was_named_is_written_and_only_the_same_render_replaces_it() {
    let stage = Stage::new(1.2);
    let run = stage.run(&format!("render track.wav -o a.mp4 {SMALL}")).succeeds();
    assert!(run.err.contains("sample for sample the same"), "{}", run.err);
    let info = probe(&stage.path("a.mp4"));
    assert_eq!(info["streams"][1]["codec_name"], "flac");
    assert!(!stage.path("a.mkv").exists());
    let first = stage.bytes("a.mp4");
    // Nothing is lost by the same once more; by anything else it would be.
    let again = stage.run(&format!("render track.wav -o a.mp4 {SMALL}")).succeeds();
    assert!(again.out.contains("a.mp4: finished before"), "{}", again.out);
    stage.run(&format!("render track.wav -o a.mp4 {SMALL} --fresh")).succeeds();
    assert!(stage.bytes("a.mp4") == first);
    let other = format!("render track.wav -o a.mp4 {SMALL} --seed 2");
    stage.run(&other).fails(5, &["other settings", "--overwrite"]);
    stage.run(&format!("render track.wav -o a.mp4 {SMALL} --audio aac")).fails(5, &["other settings"]);
    let plan = stage.run(&other.replace("render", "plan")).succeeds();
    assert!(plan.err.contains("--overwrite"), "{}", plan.err);
    assert!(stage.bytes("a.mp4") == first && !stage.path("a.mp4.work").exists());
    stage.run(&format!("{other} --overwrite")).succeeds();
    assert!(stage.bytes("a.mp4") != first);
    std::fs::write(stage.path("mine.mp4"), "a holiday").unwrap();
    stage.run(&format!("render track.wav -o mine.mp4 {SMALL}")).fails(5, &["already", "--overwrite"]);
    // Where nobody names a file, look and tier do, and it holds the sound as it is.
    stage.run(&format!("render track.wav --preset tide --tier draft {SMALL}")).succeeds();
    assert_eq!(probe(&stage.path("track-tide-draft.mkv"))["streams"][1]["codec_name"], "pcm_s16le");
    assert_eq!(stage.bytes("mine.mp4"), b"a holiday");
}

#[test]
fn a_strobe_is_warned_of() {
    let stage = Stage::new(3.0);
    let preset = |amount: &str| {
        let route =
            format!("[[route]]\nvalue = \"pulse(0.5 beats, 0, 0.5)\"\nto = \"flash\"\namount = {amount}\n");
        std::fs::write(stage.path("p.toml"), format!("{route}[[prompt]]\ntext = \"neon tunnel\"\n")).unwrap();
        stage.run("plan track.wav --preset p.toml --fps 24 --size 96x64").succeeds().out
    };
    let (strobe, shimmer) = (preset("1.0"), preset("0.05"));
    assert!(strobe.contains("flashes 6 times in a second") && strobe.contains("WCAG"), "{strobe}");
    assert!(!shimmer.contains("flashes"), "{shimmer}");
}

#[test]
fn mistakes_get_one_error_and_a_hint() {
    let stage = Stage::new(1.2);
    std::fs::write(stage.path("text.mp3"), "la la la").unwrap();
    std::fs::write(stage.path("empty.wav"), "").unwrap();
    stage.preset("key.toml", "motion_scal = 1");
    stage.preset("type.toml", "motion_scale = \"fast\"");
    stage.preset("range.toml", "motion_scale = 99");
    let cases: [(&str, i32, &[&str]); 14] = [
        ("render nothing.wav", 3, &["nothing.wav"]),
        ("render text.mp3", 3, &["text.mp3"]),
        ("render empty.wav", 3, &["empty.wav"]),
        ("render track.wav -o a.mkv --preset puls", 2, &["pulse"]),
        ("presets director", 2, &["no single preset", "beatbolt new"]),
        ("render track.wav -o a.mkv --preset key.toml", 2, &["motion_scal", "motion_scale"]),
        ("render track.wav -o a.mkv --preset type.toml", 2, &["motion_scale", "number"]),
        ("render track.wav -o a.mkv --preset range.toml", 2, &["99"]),
        ("render track.wav -o a.mkv --set denois=1", 2, &["denoise"]),
        ("render track.wav -o a.mkv --steps 0", 2, &["steps"]),
        ("render track.wav -o a.mkv --model nowhere", 4, &["nowhere"]),
        ("render track.wav -o no/such/folder/a.mkv", 5, &["folder"]),
        ("render track.wav -o a.xyz", 2, &["mkv"]),
        ("extract track.wav", 3, &["holds no beatbolt settings"]),
    ];
    for (line, code, words) in cases {
        stage.run(line).fails(code, words);
        assert!(!stage.path("a.mkv").exists(), "`{line}` left a file");
    }
}

#[test]
fn tiers_differ_in_work_and_not_in_curves() {
    let stage = Stage::new(2.0);
    let plan = |options: &str| {
        let line = format!("render track.wav -o a.mkv --dry-run --json --generate 64x64 {options}");
        let told = stage.run(&line).succeeds();
        let mut plan = serde_json::from_str::<Value>(told.out.lines().last().unwrap()).unwrap();
        // Modules for few steps have the guidance in them.
        let guidance = plan["values"].as_object_mut().unwrap().remove("guidance").unwrap();
        let wanted = if options.contains("final") { 1.6 } else { 1.0 };
        assert!((guidance[0].as_f64().unwrap() - wanted).abs() < 1e-6, "{}", guidance[0]);
        plan
    };
    let (draft, plain) = (plan("--tier draft"), plan(""));
    let refined = plan("--tier final --size 64x36");
    assert_eq!((&draft["settings"]["steps"], &draft["settings"]["picture"]), (&2.into(), &"384x216".into()));
    assert_eq!(plain["settings"]["picture"], "1280x720");
    assert_eq!(refined["settings"]["picture"], "64x36");
    let steps = |plan: &Value| plan["settings"]["steps"].as_u64().unwrap();
    assert_eq!((steps(&plain), steps(&refined)), (4, 16));
    for same in ["values", "cuts", "frames"] {
        assert!(draft[same] == plain[same] && refined[same] == plain[same], "{same}");
    }
    assert_eq!(draft["settings"]["seed"], plain["settings"]["seed"]);
}

#[test]
fn a_video_with_prompts_that_travel_comes_out_whole() {
    let stage = Stage::new(2.0);
    let preset = "[[prompt]]\ntext = \"(neon:1.3) rings\"\n[[prompt]]\ntext = \"gold tunnel\"\nfrom = 0.5\n\
                  ease = 1\n[[route]]\nvalue = \"0.5 + 0.5 * sine(1 s)\"\nto = \"glow\"\n[base]\ngrain = 0.2\n\
                  pan_x = 0.1\n";
    std::fs::write(stage.path("travel.toml"), preset).unwrap();
    let render = |name: &str| {
        let line = format!("render track.wav -o {name} {SMALL} --generate 64x64 --preset travel.toml");
        stage.run(&line).succeeds();
        stage.bytes(name)
    };
    assert_eq!(render("a.mkv"), render("b.mkv"));
}

#[test]
fn a_prompt_for_scenes_that_are_drawn_is_warned_of() {
    let stage = Stage::new(2.0);
    let told = |options: &str| stage.run(&format!("plan track.wav --size 96x64 {options}")).succeeds().out;
    let plain = told("");
    assert!(plain.contains("no model runs") && !plain.contains("sampled as"), "{plain}");
    assert!(!plain.contains("changes nothing"), "{plain}");
    assert!(told("--prompt neon --seed 2").contains("warning: --prompt changes nothing"));
    let painted = told("--prompt neon --set denoise=0.3");
    assert!(painted.contains("sampled as") && !painted.contains("changes nothing"), "{painted}");
}

#[test]
fn presets_and_parameters_are_listed() {
    let stage = Stage::new(0.1);
    let list = stage.run("presets").succeeds().out;
    for name in ["director", "peak", "pulse", "tide", "ember", "prism"] {
        assert!(list.contains(name), "{list}");
    }
    let tables = stage.run("presets --params").succeeds().out;
    assert!(
        ["motion_scale", "loudness", "sine(2 bars, phase)"].iter().all(|w| tables.contains(w)),
        "{tables}"
    );
    assert!(stage.run("presets pulse").succeeds().out.contains("[[route]]"));
}

#[test]
fn the_doctor_finds_the_shipped_model_and_the_encoder() {
    let stage = Stage::new(0.1);
    let report = stage.run("doctor --json").succeeds().json();
    let state = |what: &str| {
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f["what"] == what)
            .unwrap_or_else(|| panic!("{what}"))["state"]
            .clone()
    };
    assert_eq!(
        (state("model spark"), state("encoder libx264"), state("device cpu")),
        ("ok".into(), "ok".into(), "ok".into())
    );
}

#[test]
fn what_was_heard_is_not_listened_to_again_and_sounds_the_same() {
    let stage = Stage::new(6.0);
    let analysis = |line: &str| stage.run(&format!("analyze track.wav --json - {line}")).succeeds().out;
    let first = analysis("");
    let kept: Vec<_> = std::fs::read_dir(stage.path("cache0/beatbolt")).unwrap().flatten().collect();
    assert_eq!(kept.len(), 1);
    let written = kept[0].metadata().unwrap().modified().unwrap();
    assert_eq!(analysis(""), first);
    // A correction is made on what was heard; another way of listening is heard anew.
    assert_ne!(analysis("--bpm 97"), first);
    let count = || std::fs::read_dir(stage.path("cache0/beatbolt")).unwrap().count();
    assert_eq!((count(), kept[0].metadata().unwrap().modified().unwrap()), (1, written));
    analysis("--beats aubio");
    assert_eq!(count(), 2);
    // What is damaged is heard again, and put right.
    std::fs::write(kept[0].path(), "damaged").unwrap();
    assert_eq!(analysis(""), first);
    assert!(kept[0].metadata().unwrap().len() > 1000);
}
