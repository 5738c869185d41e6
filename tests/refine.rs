//! Finished videos refined: the show of their record, their own pictures, and what can't be refined.

use crate::cli::{SMALL, Stage};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn record(stage: &Stage, video: &str) -> Value {
    stage.run(&format!("extract {video}")).succeeds().json()
}

/// All pictures of a video, as RGB.
fn pictures(path: &Path) -> Vec<u8> {
    let args = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"];
    Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(path).args(args).output().unwrap().stdout
}

/// Mean difference of 255.
fn apart(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}

#[test]
fn a_video_is_refined_by_its_own_record() {
    let stage = Stage::new(2.0);
    stage.run(&format!("render track.wav --preset tide --prompt fire --seed 9 --set glow=1 {SMALL} -o a.mkv --profile ffv1")).succeeds();
    let said = stage.run("render a.mkv --refine 0.2 --steps 4 --profile ffv1").succeeds();
    assert!(said.out.contains("track-tide-final-refined.mkv"), "{}", said.out);
    let (was, is) = (record(&stage, "a.mkv"), record(&stage, "track-tide-final-refined.mkv"));
    for same in ["prompt", "track", "frames", "fps", "preset"] {
        assert_eq!(is[same], was[same], "{same}");
    }
    assert_eq!(
        (&is["settings"]["seed"], &is["settings"]["steps"], &is["init"]),
        (&9.into(), &4.into(), &"a.mkv".into())
    );
    assert_eq!(is["settings"]["picture"], was["settings"]["picture"]);
    let set: Vec<&str> = is["set"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    assert_eq!(set, ["glow=1", "finish=0", "denoise=0.2"]);
    let (before, after) =
        (pictures(&stage.path("a.mkv")), pictures(&stage.path("track-tide-final-refined.mkv")));
    let changed = apart(&before, &after);
    // Another seed's pictures lie farther off than these.
    stage.run(&format!("render track.wav --preset tide --prompt fire --seed 10 --set glow=1 {SMALL} -o b.mkv --profile ffv1")).succeeds();
    let other = apart(&before, &pictures(&stage.path("b.mkv")));
    assert!(changed > 0.5 && changed < 0.6 * other, "{changed} beside {other}");
}

#[test]
fn other_videos_need_a_preset_and_parts_are_refused() {
    let stage = Stage::new(2.0);
    stage.run(&format!("render track.wav --preset pulse {SMALL} --start 1 -o part.mp4")).succeeds();
    stage.run("render part.mp4 --refine 0.25").fails(3, &["part.mp4 begins", "into its track"]);
    stage.run("render part.mp4 --refine 0").fails(2, &["--refine 0 is out of range", "0.2 to 0.3"]);
    stage.run("render part.mp4 --refine 0.25 --init draw:ocean").fails(2, &["--refine", "--init"]);
    // With a preset it is a video like any other.
    stage.run("render part.mp4 --refine 0.25 --preset tide --size 96x64 --steps 2 -o c.mp4").succeeds();
    let is = record(&stage, "c.mp4");
    assert_eq!((&is["preset"]["name"], &is["init"]), (&"tide".into(), &"part.mp4".into()));
}
