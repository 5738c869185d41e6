//! Every command of docs/recipes.md does what it says: read from the page, made small as the page describes, run by a shell.

use crate::cli::{Stage, probe};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The commands of the page, with the headings that they stand under.
fn commands() -> Vec<(String, String)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recipes.md");
    let (mut heading, mut inside, mut found) = (String::new(), false, Vec::new());
    for line in std::fs::read_to_string(page).unwrap().lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if inside => found.push((heading.clone(), line.to_owned())),
            _ => line.strip_prefix("## ").iter().for_each(|name| heading = (*name).to_owned()),
        }
    }
    found
}

/// Width and height of the same shape, 96 pixels long.
fn small(size: &str) -> String {
    let (w, h) = size.split_once('x').unwrap();
    let (w, h): (f64, f64) = (w.parse().unwrap(), h.parse().unwrap());
    let side = |side: f64| (side * 96.0 / w.max(h) / 2.0).round() as u32 * 2;
    format!("{}x{}", side(w), side(h))
}

/// The command as the page says that tests run it.
fn made_small(line: &str) -> String {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    match words.iter().position(|word| word == "--size") {
        Some(at) => words[at + 1] = small(&words[at + 1]),
        None => words.extend(["--size", "96x54"].map(str::to_owned)),
    }
    if words[1] == "variants" {
        let at = words.iter().position(|word| word == "--count").unwrap();
        words[at + 1] = "2".into();
        words.extend(["--bars", "1", "--generate", "96x64"].map(str::to_owned));
    } else if !words.iter().any(|word| word == "--end") {
        words.extend(["--end", "1"].map(str::to_owned));
    }
    words.extend(["--steps", "2"].map(str::to_owned));
    // Only two were made.
    words.join(" ").replace("pick 3 ", "pick 2 ")
}

fn shell(stage: &Stage, line: &str) {
    let program = Path::new(env!("CARGO_BIN_EXE_beatbolt")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let out = Command::new("sh")
        .args(["-c", line])
        .current_dir(stage.home())
        .env("PATH", path)
        .env("XDG_CACHE_HOME", stage.path("cache0"))
        .output()
        .unwrap();
    assert!(out.status.success(), "`{line}`: {}", String::from_utf8_lossy(&out.stderr));
}

/// The files that the page names.
fn ingredients(stage: &Stage) {
    shell(stage, "ffmpeg -v error -f lavfi -i testsrc=s=64x64 -frames:v 1 cover.png");
    shell(
        stage,
        "ffmpeg -v error -i track.wav -i cover.png -map 0 -map 1 -c:a libmp3lame -c:v copy -disposition:v attached_pic song.mp3",
    );
    shell(stage, "ffmpeg -v error -i track.wav -t 3 ambient.flac");
    shell(stage, "ffmpeg -v error -f lavfi -i testsrc=s=64x36:r=15:d=2 -pix_fmt yuv420p dance.mp4");
    std::fs::write(stage.path("song.lrc"), "[00:00.10]first\n[00:00.60]second\n").unwrap();
    shell(stage, "beatbolt render song.mp3 --preset pulse --size 96x54 --steps 2 --end 1 -o song.mp4");
}

fn video(info: &Value) -> &Value {
    info["streams"].as_array().unwrap().iter().find(|s| s["codec_type"] == "video").unwrap()
}

#[test]
fn every_recipe_does_what_it_says() {
    let stage = Stage::new(6.0);
    ingredients(&stage);
    let commands = commands();
    let mut wishes: Vec<&str> = commands.iter().map(|(heading, _)| heading.as_str()).collect();
    wishes.dedup();
    assert_eq!(wishes.len(), 10, "{wishes:?}");
    for (heading, line) in &commands {
        let line = made_small(line);
        shell(&stage, &line);
        let words: Vec<&str> = line.split(' ').collect();
        let after = |option: &str| words.iter().position(|word| *word == option).map(|at| words[at + 1]);
        let Some(output) = after("-o") else {
            assert_eq!(words[1], "variants", "{heading}");
            assert!(
                stage.path("song-variants/index.html").is_file()
                    && stage.path("song-variants/sheet.png").is_file()
            );
            continue;
        };
        let info = probe(&stage.path(output));
        let streams = info["streams"].as_array().unwrap();
        let sound = streams.iter().filter(|s| s["codec_type"] == "audio").count();
        assert_eq!(sound, usize::from(!output.ends_with(".gif")), "{heading}: {info}");
        let video = video(&info);
        let size = format!("{}x{}", video["width"], video["height"]);
        assert_eq!(size, after("--size").unwrap(), "{heading}");
        let fps = after("--fps").unwrap_or(if line.contains("--preset pulse --init") { "24" } else { "" });
        if !fps.is_empty() {
            assert_eq!(video["r_frame_rate"], format!("{fps}/1"), "{heading}");
        }
        let seconds: f64 = info["format"]["duration"].as_str().unwrap().parse().unwrap();
        let wanted = if output == "bar.mp4" { 2.0 } else { after("--end").unwrap().parse().unwrap() };
        assert!((seconds - wanted).abs() < 0.15, "{heading}: {seconds} s, not {wanted}");
    }
    the_gif_runs_back(&stage);
}

/// Its second half is the first one backwards.
fn the_gif_runs_back(stage: &Stage) {
    let args = ["-v", "error", "-i", "loop.gif", "-f", "framemd5", "-"];
    let out = Command::new("ffmpeg").args(args).current_dir(stage.home()).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let frames: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.rsplit(", ").next().unwrap())
        .collect();
    assert_eq!(frames.len(), 48);
    let alike = (1..23).filter(|i| frames[*i] == frames[48 - i] || frames[*i] == frames[47 - i]).count();
    assert!(alike >= 20, "{alike} of 22 frames come back");
}
