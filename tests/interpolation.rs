//! Renders in which frames are interpolated: killed and resumed, in parts, made by workers and joined, said and remembered.

use crate::cli::Stage;
use crate::projects::pictures;
use crate::resume::killed_after_two_windows;
use serde_json::Value;
use std::fs;

const JOB: &str =
    "render track.wav --preset pulse --size 96x64 --steps 4 --profile ffv1 --fps 24 --set fly_zoom=1.1";

#[test]
fn a_killed_render_goes_on_to_the_same_bytes_and_other_frames_are_refused() {
    let stage = Stage::new(8.0);
    killed_after_two_windows(&stage, &format!("{JOB} -o a.mkv"));
    stage
        .run(&format!("{JOB} -o a.mkv --interpolate off"))
        .fails(2, &["other settings", "--interpolate", "--fresh"]);
    let rest = stage.run(&format!("{JOB} -o a.mkv")).succeeds();
    assert!(rest.err.contains("finished before"), "{}", rest.err);
    stage.run(&format!("{JOB} -o b.mkv")).succeeds();
    assert!(stage.bytes("a.mkv") == stage.bytes("b.mkv"));
    let seen = pictures(&stage, "b.mkv");
    assert_eq!(seen.len(), 8 * 24);
    // What was made without is something else, and said so.
    stage.run(&format!("{JOB} -o c.mkv --interpolate off --end 1")).succeeds();
    assert!(pictures(&stage, "c.mkv")[..] != seen[..24]);
    let said = stage.run("extract c.mkv --to again").succeeds();
    assert!(said.out.contains("--interpolate off"), "{}", said.out);
    assert!(!stage.run("extract b.mkv --to other").succeeds().out.contains("--interpolate"));
}

#[test]
fn parts_and_workers_give_the_frames_of_the_whole() {
    let stage = Stage::new(4.0);
    // Cuts at odd frames, a part that is drawn at the video's own rate, and what looks back at frames.
    let project = "track = \"track.wav\"\npreset = \"pulse\"\nsize = \"96x64\"\nsteps = 1\nfps = 30\nprofile = \"ffv1\"\n\
        [set]\ntrails = 0.4\nzoom = 1.05\n[cuts]\nat = [\"1.1 s\", \"2.5 s\"]\nmin = 0\n\
        [[part]]\nfrom = \"2.5 s\"\npreset = \"drawn.toml\"\n";
    fs::write(stage.path("video.toml"), project).unwrap();
    let drawn = "init = \"draw:ocean\"\n[base]\ndenoise = 0\n[[prompt]]\ntext = \"waves\"\n";
    fs::write(stage.path("drawn.toml"), drawn).unwrap();
    stage.run("render video.toml -o whole.mkv").succeeds();
    stage.run("render video.toml --takes all --work w").succeeds();
    stage.run("join video.toml --work w -o joined.mkv").succeeds();
    assert!(stage.bytes("joined.mkv") == stage.bytes("whole.mkv"));
    let whole = pictures(&stage, "whole.mkv");
    let plan = stage.run("plan video.toml --json").succeeds();
    let plan: Value = serde_json::from_str(plan.out.lines().last().unwrap()).unwrap();
    let cuts: Vec<usize> =
        plan["cuts"].as_array().unwrap().iter().map(|c| c.as_u64().unwrap() as usize).collect();
    assert_eq!((cuts[0], plan["settings"]["every"].as_u64()), (33, Some(2)), "{cuts:?}");
    for (from, to) in [(0, 33), (33, 62)] {
        let [start, end] = [from, to].map(|frame| frame as f64 / 30.0);
        stage.run(&format!("render video.toml -o part{from}.mkv --start {start} --end {end}")).succeeds();
        assert_eq!(pictures(&stage, &format!("part{from}.mkv")), whole[from..to], "{from}");
    }
    // Drawn frames are none of interpolation's.
    let [start, end] = [cuts[cuts.len() - 1], whole.len()].map(|frame| frame as f64 / 30.0);
    let line = format!("render video.toml --interpolate off --start {start} --end {end} -o drawn.mkv");
    stage.run(&line).succeeds();
    assert_eq!(pictures(&stage, "drawn.mkv"), whole[cuts[cuts.len() - 1]..]);
}

#[test]
fn the_plan_says_how_many_frames_are_generated() {
    let stage = Stage::new(3.0);
    let said = |options: &str| {
        let line = format!("plan track.wav --preset tide --size 96x64 {options}");
        stage.run(&line).succeeds().out
    };
    assert!(said("--fps 60").contains("12 a second, 4 between two of them are interpolated"));
    assert!(said("--fps 25").contains("25/2 a second, 1 between two"));
    for options in ["", "--fps 12", "--fps 24 --interpolate off", "--init draw:ocean --set denoise=0"] {
        assert!(!said(options).contains("interpolated"), "{options}");
    }
    stage.run("plan track.wav --interpolate much").fails(2, &["much", "on, off"]);
}
