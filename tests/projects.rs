//! Projects, plans and curves for other programs, as they are used.

use crate::cli::{SMALL, Stage, probe};
use serde_json::Value;
use std::process::Command;

/// A project of four presets, cuts and a prompt that travels, on sections that a list names.
const PROJECT: &str = "track = \"track.wav\"\npreset = \"pulse\"\nprofile = \"ffv1\"\nsize = \"64x36\"\nsteps = 1\nseed = 3\n\
    [set]\nguidance = 1\n[cuts]\non = \"bars:2\"\nmin = 0\n\
    [[part]]\nfrom = \"1 bars\"\nto = \"2 bars\"\npreset = \"tide\"\n\
    [[part]]\nfrom = \"2 bars\"\nto = \"3 bars\"\npreset = \"looks/own.toml\"\nease = \"1 beats\"\n\
    [[part]]\nfrom = \"3 bars\"\npreset = \"prism\"\nset = { glow = 0.5 }\n\
    [[prompt]]\ntext = \"gold rings\"\nfrom = \"2 bars\"\nto = \"3 bars\"\nease = \"2 beats\"\n";
const OWN: &str = "[base]\ngrain = 0.3\n[[route]]\nsignal = \"kick\"\nto = \"hue\"\naccumulate = true\namount = 90\n\
    [[route]]\nsignal = \"beat\"\nto = \"denoise\"\namount = -0.5\n[[prompt]]\ntext = \"blue waves\"\n";

fn project(stage: &Stage) {
    std::fs::write(stage.path("video.toml"), PROJECT).unwrap();
    std::fs::create_dir(stage.path("looks")).unwrap();
    std::fs::write(stage.path("looks/own.toml"), OWN).unwrap();
}

/// A hash of every decoded picture.
pub fn pictures(stage: &Stage, name: &str) -> Vec<String> {
    let path = stage.path(name);
    let args = ["-v", "error", "-i", path.to_str().unwrap(), "-map", "0:v", "-f", "framemd5", "-"];
    let out = Command::new("ffmpeg").args(args).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    lines.map(|l| l.rsplit(',').next().unwrap().trim().to_owned()).collect()
}

fn plan(stage: &Stage, line: &str) -> Value {
    let told = stage.run(line).succeeds();
    serde_json::from_str(told.out.lines().last().unwrap()).unwrap()
}

#[test]
fn a_part_that_begins_with_a_take_has_the_frames_of_the_whole() {
    let stage = Stage::new(9.0);
    project(&stage);
    stage.run("render video.toml -o whole.mkv").succeeds();
    let whole = pictures(&stage, "whole.mkv");
    assert_eq!(whole.len(), 108);
    let cuts = plan(&stage, "plan video.toml --json")["cuts"].clone();
    let cuts: Vec<u64> = cuts.as_array().unwrap().iter().map(|c| c.as_u64().unwrap()).collect();
    assert!(cuts.len() >= 2, "{cuts:?}");
    // From a cut to the next one, and to a frame in the middle of a take and of a window.
    for (number, end) in [cuts[1], cuts[0] + 21].into_iter().enumerate() {
        let (from, to) = (cuts[0] as f64 / 12.0, end as f64 / 12.0);
        let name = format!("part{number}.mkv");
        stage.run(&format!("render video.toml -o {name} --start {from} --end {to}")).succeeds();
        let part = pictures(&stage, &name);
        assert_eq!(part, whole[cuts[0] as usize..end as usize], "frames {} to {end}", cuts[0]);
    }
}

#[test]
fn a_section_alone_has_the_frames_of_the_whole() {
    let stage = Stage::sections();
    let look = "[cuts]\non = \"section\"\nmin = 0\n[[route]]\nsignal = \"beat\"\nto = \"motion_scale\"\n[[prompt]]\ntext = \"rings\"\n";
    std::fs::write(stage.path("look.toml"), look).unwrap();
    let options = "--preset look.toml --profile ffv1 --size 64x36 --steps 1";
    stage.run(&format!("render track.wav -o whole.mkv {options}")).succeeds();
    let whole = pictures(&stage, "whole.mkv");
    let cuts = plan(&stage, &format!("plan track.wav {options} --json"))["cuts"].clone();
    let cuts: Vec<usize> = cuts.as_array().unwrap().iter().map(|c| c.as_u64().unwrap() as usize).collect();
    assert!(!cuts.is_empty(), "the stage's track has sections");
    stage.run(&format!("render track.wav -o second.mkv {options} --section 2")).succeeds();
    let end = cuts.get(1).copied().unwrap_or(whole.len());
    assert_eq!(pictures(&stage, "second.mkv"), whole[cuts[0]..end]);
    stage
        .run(&format!("render track.wav -o x.mkv {options} --section 99"))
        .fails(2, &["section 99", "analyze"]);
}

#[test]
fn a_project_shows_each_look_in_its_part() {
    let stage = Stage::new(9.0);
    project(&stage);
    let plan = plan(&stage, "plan video.toml --json --set grain=0.1");
    let at = |name: &str, frame: usize| plan["values"][name][frame].as_f64().unwrap();
    assert_eq!((at("grain", 0), at("glow", 107)), (0.1f32.into(), 0.5));
    let prompts: Vec<&str> =
        plan["windows"].as_array().unwrap().iter().map(|w| w["prompt"].as_str().unwrap()).collect();
    assert!(prompts.contains(&"sunset grid") && prompts.contains(&"gold rings"), "{prompts:?}");
    assert_eq!(plan["output"], "track-video-develop.mkv");
    assert!(plan["expected_seconds"].as_f64().unwrap() > 0.0);
    assert!(plan["expected_memory"].as_u64().is_none_or(|bytes| bytes > 10 << 20));
}

#[test]
fn a_finished_video_gives_its_project_back() {
    let stage = Stage::new(2.4);
    let project =
        "track = \"track.wav\"\npreset = \"own.toml\"\nsize = \"64x36\"\nsteps = 1\nprofile = \"ffv1\"\n";
    std::fs::write(stage.path("video.toml"), project).unwrap();
    std::fs::write(stage.path("own.toml"), OWN).unwrap();
    stage.run("render video.toml -o a.mkv").succeeds();
    stage.run("extract a.mkv --to again").succeeds();
    std::fs::copy(stage.path("track.wav"), stage.path("again/track.wav")).unwrap();
    stage.run("render again/video.toml -o b.mkv").succeeds();
    assert_eq!(pictures(&stage, "a.mkv"), pictures(&stage, "b.mkv"));
    // A video of a track and a preset becomes a project too.
    stage.run("render track.wav -o c.mkv --preset own.toml --size 64x36 --steps 1 --set glow=0.5").succeeds();
    stage.run("extract c.mkv --to third").succeeds();
    std::fs::copy(stage.path("track.wav"), stage.path("third/track.wav")).unwrap();
    stage.run("render third/video.toml -o d.mkv").succeeds();
    assert_eq!(pictures(&stage, "c.mkv"), pictures(&stage, "d.mkv"));
    stage.run("extract c.mkv --to third").fails(5, &["third", "does not exist yet"]);
}

/// The words that a shell would run `beatbolt` with.
#[cfg(unix)]
fn words(stage: &Stage, command: &str) -> Vec<String> {
    let script = format!("beatbolt() {{ printf '%s\\0' \"$@\"; }}\n{command}");
    let out = Command::new("sh").current_dir(stage.home()).args(["-c", &script]).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn a_video_from_anywhere_puts_no_command_of_its_own_into_the_one_that_is_printed() {
    let stage = Stage::new(0.1);
    let evil = |word: &str| format!("{word}; touch stolen $(touch stolen) `touch stolen` 'x' \n#");
    let job = |hearing: Value| {
        serde_json::json!({
            "track": evil("track"), "prompt": evil("-p"), "negative": "", "motion": evil("motion"),
            "model": evil("model"), "set": [evil("set")], "hearing": hearing, "fps": "12",
            "frames": 1, "settings": {"seed": 1, "steps": 2, "picture": "64x36", "generate": "64x36",
                "windows": {"length": 16, "overlap": 4}, "first_frame": 0},
            "project": {"name": evil("video.toml"), "files": {"video.toml": "track = \"track.wav\"\n"}},
        })
    };
    let extract = |job: Value, folder: &str| {
        std::fs::create_dir_all(stage.path("pictures")).unwrap();
        std::fs::write(stage.path("pictures/job.json"), job.to_string()).unwrap();
        stage.run(&format!("extract pictures --to {folder}"))
    };
    let told = extract(job(serde_json::json!([["--bpm", evil("97")], ["--halve", ""]])), "again").succeeds();
    let (named, command) = told.out.split_once(", then: ").unwrap();
    let words = words(&stage, command);
    let name = format!("again/{}", evil("video.toml"));
    let (path, prompt) = (format!("./{name}"), format!("--prompt={}", evil("-p")));
    assert!(words[1].ends_with(&name) && [&name, &path].contains(&&words[1]), "{words:?}");
    assert_eq!(words[2..8], ["--bpm", &evil("97"), &prompt, "--negative", "", "--motion"]);
    assert_eq!(words[words.len() - 5..], ["--flash-guard", "off", "--interpolate", "off", "--halve"]);
    assert!(named.contains("put 'track; touch stolen"), "{named}");
    assert!(!stage.path("stolen").exists());
    // Neither options of its own, nor what a terminal would hide.
    extract(job(serde_json::json!([["--output", "stolen"]])), "third").fails(3, &["damaged", "options"]);
    for (key, inside) in [("fps", None), ("settings", Some("seed")), ("settings", Some("picture"))] {
        let mut other = job(serde_json::json!([]));
        match inside {
            Some(inside) => other[key][inside] = evil("12").into(),
            None => other[key] = evil("12").into(),
        }
        extract(other, "third").fails(3, &["damaged", "not a beatbolt job record"]);
    }
    let mut hidden = job(serde_json::json!([]));
    hidden["prompt"] = "waves\u{1b}[2K".into();
    extract(hidden, "third").fails(3, &["damaged", "control characters"]);
    assert!(!stage.path("third").exists());
}

#[test]
fn a_new_project_for_a_track_renders_at_once() {
    let stage = Stage::new(3.0);
    let told = stage.run("new track.wav").succeeds();
    assert!(
        told.out.contains("render ./video.toml") || told.out.contains("render video.toml"),
        "{}",
        told.out
    );
    let text = std::fs::read_to_string(stage.path("video.toml")).unwrap();
    assert!(text.contains("[[part]]\nfrom = 0.0\npreset = ") && text.contains("section  1"), "{text}");
    stage.run(&format!("render video.toml -o a.mkv {SMALL}")).succeeds();
    stage.run("new track.wav").fails(5, &["already exists"]);
    std::fs::create_dir(stage.path("elsewhere")).unwrap();
    stage
        .run("new track.wav -o elsewhere/video.toml")
        .fails(2, &["is not in the project's folder", "copy the file"]);
}

#[test]
fn what_new_writes_shows_what_the_director_shows() {
    let stage = Stage::sections();
    for seed in [1, 2, 3] {
        let name = format!("{seed}.toml");
        stage.run(&format!("new track.wav --seed {seed} -o {name}")).succeeds();
        let directed = plan(&stage, &format!("plan track.wav --seed {seed} --json"));
        let written = plan(&stage, &format!("plan {name} --json"));
        for key in ["values", "windows", "takes", "cuts", "settings"] {
            assert!(directed[key] == written[key], "{seed} {key}");
        }
        assert!(directed["windows"].as_array().unwrap().len() > 5, "{directed}");
        // A name for it, in a project too.
        std::fs::write(stage.path("named.toml"), "track = \"track.wav\"\npreset = \"director\"\n").unwrap();
        let named = plan(&stage, &format!("plan named.toml --seed {seed} --json"));
        assert!(named["values"] == directed["values"] && named["windows"] == directed["windows"], "{seed}");
    }
    let plain = plan(&stage, "plan track.wav --preset pulse --json");
    assert!(plain["values"] != plan(&stage, "plan track.wav --preset director --json")["values"]);
}

#[test]
fn a_sheet_has_a_row_for_every_section() {
    let stage = Stage::sections();
    let line = "render track.wav -o a.mkv --size 96x54 --generate 64x64 --steps 1";
    stage.run(line).succeeds();
    stage.run("sheet a.mkv -o a.png --columns 4").succeeds();
    let size = |name: &str| {
        let info = probe(&stage.path(name));
        let side = |key: &str| info["streams"][0][key].as_u64().unwrap();
        (side("width"), side("height"))
    };
    let sections =
        stage.run("analyze a.mkv --json -").succeeds().json()["sections"].as_array().unwrap().len();
    // A row: a picture of 240x135, its times, the strip of colours.
    assert_eq!(size("a.png"), (120 + 4 * 246 + 6, 44 + sections as u64 * (135 + 18 + 14 + 12)));
    stage.run("sheet a.mkv -o b.png --columns 2 --even 3").succeeds();
    assert_eq!(size("b.png").1, 44 + 3 * 179);
    stage.run("sheet track.wav -o c.png").fails(3, &["no picture"]);
    stage.run("sheet a.mkv -o c.svg").fails(2, &[".png"]);
    stage.run("sheet a.mkv -o a.mkv").fails(2, &["png"]);
}

#[cfg(unix)]
#[test]
fn nothing_outside_a_projects_folder_is_touched() {
    let stage = Stage::new(1.2);
    std::fs::create_dir(stage.path("p")).unwrap();
    let write = |text: &str| std::fs::write(stage.path("p/video.toml"), text).unwrap();
    std::os::unix::fs::symlink(stage.path("track.wav"), stage.path("p/link.wav")).unwrap();
    std::os::unix::fs::symlink(stage.home(), stage.path("p/out")).unwrap();
    std::fs::copy(stage.path("track.wav"), stage.path("p/own.wav")).unwrap();
    std::fs::write(stage.path("look.toml"), OWN).unwrap();
    for (text, word) in [
        ("track = \"../track.wav\"", "leads out"),
        ("track = \"link.wav\"", "leads out"),
        ("track = \"own.wav\"\noutput = \"out/a.mkv\"", "leads out"),
        ("track = \"own.wav\"\npreset = \"out/look.toml\"", "leads out"),
        ("track = \"own.wav\"\ninclude = [\"out/x.toml\"]", "x.toml"),
    ] {
        write(text);
        let run = stage.run("render p/video.toml");
        assert!([Some(2), Some(3)].contains(&run.code) && run.err.contains(word), "{text}: {}", run.err);
    }
}

#[test]
fn mistakes_in_projects_get_one_error_and_a_hint() {
    let stage = Stage::new(1.2);
    for (text, code, words) in [
        ("track = \"gone.wav\"", 3, &["gone.wav"][..]),
        ("trak = \"track.wav\"", 2, &["video.toml:1:1", "did you mean 'track'"]),
        ("track = \"track.wav\"\nprofile = \"h266\"", 2, &["profile", "did you mean 'h26"]),
        ("track = \"track.wav\"\nprofile = \"prores\"\noutput = \"a.mp4\"", 2, &["ProRes", ".mov or .mkv"]),
    ] {
        std::fs::write(stage.path("video.toml"), text).unwrap();
        stage.run("render video.toml").fails(code, words);
    }
    std::fs::write(stage.path("video.toml"), "track = \"track.wav\"").unwrap();
    stage.run("render video.toml --preset tide").fails(2, &["names its own presets", "preset = \"tide\""]);
    stage.run("render nothing.toml").fails(3, &["nothing.toml", "beatbolt new"]);
    stage.run("import track.wav").fails(3, &["track.wav"]);
    std::fs::write(stage.path("s.txt"), "0:(wobble(t))").unwrap();
    stage.run("import s.txt --fps 15").fails(3, &["no curve", "wobble"]);
}

#[test]
fn a_plan_warns_of_what_fights_the_model_and_draws_its_curves() {
    let stage = Stage::new(4.0);
    let line = "plan track.wav --size 64x144 --init none --set denoise=0.1 --set guidance=3 --steps 4 --fps 60 \
        --interpolate off --plot plan.svg";
    let told = stage.run(line).succeeds().out;
    for word in ["warning: denoise", "pictures of", "60 frames a second", "why:", "fix:", "MB of memory"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let picture = String::from_utf8(stage.bytes("plan.svg")).unwrap();
    assert!(picture.contains("motion_scale") && picture.contains("exposure") && picture.contains("<svg"));
    stage.run("plan track.wav --size 64x36 --plot plan.png").succeeds();
    assert!(stage.bytes("plan.png").starts_with(b"\x89PNG"));
    let small = stage.run("plan track.wav --size 64x36").succeeds().out;
    assert_eq!(small.matches("warning:").count(), 0, "no model runs that anything could fight: {small}");
}

#[test]
fn curves_go_out_and_come_back() {
    let stage = Stage::new(3.0);
    for format in ["deforum", "parseq"] {
        stage.run(&format!("export track.wav --format {format} --init none -o a.txt --overwrite")).succeeds();
        stage.run("import a.txt -o look.toml --overwrite").succeeds();
        stage
            .run(&format!("export track.wav --format {format} --preset look.toml -o b.txt --overwrite"))
            .succeeds();
        assert!(stage.bytes("a.txt") == stage.bytes("b.txt"), "{format}");
    }
    let csv =
        stage.run("export track.wav --format csv --init none --param zoom --start 1 --end 2").succeeds().out;
    assert_eq!((csv.lines().count(), csv.lines().next()), (13, Some("frame,seconds,zoom")));
    stage.run("export track.wav --format csv --param zom").fails(2, &["zom", "zoom"]);
    let csv = stage.run("export track.wav --format csv --param zoom,hue").succeeds().out;
    assert_eq!(csv.lines().next(), Some("frame,seconds,zoom,hue"));
}

#[test]
fn markers_go_to_editors_and_djs() {
    let stage = Stage::new(3.0);
    for (format, word) in [
        ("markers", "seconds,end,frame,kind,name\n0.000000"),
        ("audacity", "0.000000\t"),
        ("rekordbox", "/track.wav\">"),
        ("fcp7", "<timebase>30</timebase><ntsc>TRUE</ntsc>"),
        ("edl", "01:00:00:00 01:00:00:01"),
        ("otio", "\"rate\": 29.97002997"),
    ] {
        let text = stage.run(&format!("export track.wav --format {format} --fps 29.97")).succeeds().out;
        assert!(text.contains(word), "{format}: {text}");
    }
    let note = stage.run("export track.wav --format edl").succeeds().err;
    assert!(note.contains("name the editor's rate with --fps"), "{note}");
    stage.run("export track.wav --format edl --fps 12.5").fails(2, &["12.5", "29.97"]);
}

#[test]
fn every_profile_that_this_ffmpeg_has_is_written_and_read_back() {
    let stage = Stage::new(1.2);
    for (profile, codec, ending) in [
        ("h265", "hevc", "mkv"),
        ("av1", "av1", "mkv"),
        ("vp9", "vp9", "mkv"),
        ("prores", "prores", "mov"),
        ("ffv1", "ffv1", "mkv"),
        ("gif", "gif", "gif"),
    ] {
        let name = format!("{profile}.{ending}");
        let run = stage.run(&format!("render track.wav -o {name} {SMALL} --profile {profile}"));
        if run.err.contains("this FFmpeg has no") {
            println!("skipped {profile}: {}", run.err);
            continue;
        }
        run.succeeds();
        let info = probe(&stage.path(&name));
        let streams = info["streams"].as_array().unwrap();
        let video = streams.iter().find(|s| s["codec_type"] == "video").unwrap();
        assert_eq!(
            (&video["codec_name"], &video["nb_read_packets"]),
            (&codec.into(), &"15".into()),
            "{profile}"
        );
        assert_eq!(streams.len(), if profile == "gif" { 1 } else { 2 }, "{profile}");
    }
    stage.run(&format!("render track.wav -o pictures {SMALL} --profile png")).succeeds();
    assert!(
        stage.bytes("pictures/000015.png").starts_with(b"\x89PNG")
            && !stage.path("pictures/000016.png").exists()
    );
    assert_eq!(stage.run("extract pictures").succeeds().json()["frames"], 15);
    stage.run(&format!("render track.wav -o a.webm {SMALL} --profile h264")).fails(2, &["H.264", ".mp4"]);
}

#[test]
fn what_is_known_better_of_a_track_holds_for_its_video() {
    let stage = Stage::new(6.0);
    std::fs::write(stage.path("taps.txt"), "0.1 1\n0.9\n1.7\n2.5\n3.3 1\n4.1\n4.9\n").unwrap();
    let curves = |line: &str| stage.run(&format!("export {line} --format csv")).succeeds().out;
    let (heard, typed) = (curves("track.wav"), curves("track.wav --beats-file taps.txt"));
    assert_ne!(heard, typed);
    assert_ne!(heard, curves("track.wav --bpm 97"));
    let write = |hearing: &str| {
        let text = format!(
            "track = \"track.wav\"\nsize = \"64x36\"\nsteps = 1\n[set]\nguidance = 1\n[hearing]\n{hearing}"
        );
        std::fs::write(stage.path("video.toml"), text).unwrap();
    };
    write("beats_file = \"taps.txt\"");
    assert_eq!(curves("video.toml"), typed);
    // What is typed wins; a tempo and a list exclude each other.
    assert_eq!(curves("video.toml --bpm 97"), curves("track.wav --bpm 97"));
    // A video of it can be made again, also from what was typed.
    stage.run("render video.toml -o a.mkv --shift-beats -0.02 --end 1").succeeds();
    let told = stage.run("extract a.mkv --to again").succeeds();
    assert!(told.out.contains("--shift-beats=-0.02"), "{}", told.out);
    write("bpm = 97\nbeats_file = \"taps.txt\"");
    stage.run("plan video.toml").fails(2, &["video.toml", "exclude"]);
    write("bpn = 97");
    stage.run("plan video.toml").fails(2, &["bpn", "bpm"]);
}
