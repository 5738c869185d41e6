//! Renders with a file of RIFE: killed and resumed, made by workers and joined, refused where the file is another or none.

use crate::cli::Stage;
use crate::projects::pictures;
use crate::resume::killed_after_two_windows;
use std::fs;
use std::path::Path;

const JOB: &str = "render track.wav --preset pulse --size 90x58 --steps 4 --profile ffv1 --fps 24 --interpolator rife46.pkl";

/// A stage with small networks of random weights.
fn stage(seconds: f64) -> Stage {
    let stage = Stage::new(seconds);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rife");
    for (from, to) in [("flownet.pkl", "rife46.pkl"), ("rife426.safetensors", "rife426.safetensors")] {
        fs::copy(fixtures.join(from), stage.path(to)).unwrap();
    }
    stage
}

#[test]
fn a_killed_render_goes_on_to_the_same_bytes_and_another_network_is_refused() {
    let stage = stage(7.0);
    killed_after_two_windows(&stage, &format!("{JOB} -o a.mkv"));
    let other = JOB.replace("rife46.pkl", "rife426.safetensors");
    stage.run(&format!("{other} -o a.mkv")).fails(2, &["other settings", "interpolator", "--fresh"]);
    let rest = stage.run(&format!("{JOB} -o a.mkv")).succeeds();
    assert!(rest.err.contains("finished before"), "{}", rest.err);
    stage.run(&format!("{JOB} -o b.mkv")).succeeds();
    let seen = pictures(&stage, "a.mkv");
    assert!(seen == pictures(&stage, "b.mkv") && seen.len() == 7 * 24);
    let own = JOB.replace("--interpolator rife46.pkl", "--end 1");
    stage.run(&format!("{own} -o c.mkv")).succeeds();
    // Generated frames are the same, those between aren't, but for what a hit has moved to the next one.
    let with_own = pictures(&stage, "c.mkv");
    assert!((0..22).step_by(2).all(|i| seen[i] == with_own[i]));
    assert!((1..22).step_by(2).filter(|i| seen[*i] != with_own[*i]).count() > 7);
    assert!(stage.run("extract b.mkv --to again").succeeds().out.contains("--interpolator rife46.pkl"));
}

#[test]
fn workers_and_a_join_give_the_bytes_of_one_run_and_no_cut_is_blended() {
    let stage = stage(3.0);
    let project = "track = \"track.wav\"\npreset = \"pulse\"\nsize = \"90x58\"\nsteps = 1\nfps = 24\nprofile = \"ffv1\"\n\
        interpolator = \"rife426.safetensors\"\n[cuts]\nat = [\"1.125 s\"]\nmin = 0\n";
    fs::write(stage.path("video.toml"), project).unwrap();
    stage.run("render video.toml -o whole.mkv").succeeds();
    stage.run("render video.toml --takes all --work w").succeeds();
    stage.run("join video.toml --work w -o joined.mkv").succeeds();
    assert!(stage.bytes("joined.mkv") == stage.bytes("whole.mkv"));
    // What comes before the cut is what it is without anything behind it.
    stage.run("render video.toml -o first.mkv --end 1.125").succeeds();
    assert!(pictures(&stage, "first.mkv")[..] == pictures(&stage, "whole.mkv")[..27]);
}

#[test]
fn networks_are_known_by_what_they_are_and_what_they_do_is_said() {
    let stage = stage(1.0);
    let inspected = stage.run("models inspect rife46.pkl rife426.safetensors").succeeds();
    for said in ["RIFE 4.6", "RIFE 4.25 or 4.26", "--interpolator", "interpolator"] {
        assert!(inspected.out.contains(said), "{}", inspected.out);
    }
    let plan = |options: &str| stage.run(&format!("plan track.wav --preset pulse --size 90x58 {options}"));
    let with = plan("--fps 24 --interpolator rife46.pkl").succeeds().out;
    assert!(with.contains("frames are interpolated by rife46.pkl (RIFE 4.6)"), "{with}");
    let without = plan("--fps 12 --interpolator rife46.pkl").succeeds();
    assert!(without.out.contains("--interpolator changes nothing"), "{}", without.out);
    let drawn = stage.run("plan track.wav --size 90x58 --fps 24 --interpolator rife46.pkl").succeeds();
    assert!(drawn.out.contains("--interpolator changes nothing"), "{}", drawn.out);
    plan("--fps 24 --interpolator rife47")
        .fails(4, &["no interpolator 'rife47'", "--interpolator takes a path"]);
    let ncnn = "7767517\n2 2\nInput in0 0 1 in0\nConvolution c 1 1 in0 c 0=16 1=3 3=2 4=1 5=1 6=432\n";
    fs::write(stage.path("flownet.param"), ncnn).unwrap();
    plan("--interpolator flownet.param").fails(4, &["flownet.param", "take a .pth or .safetensors"]);
    let vae =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark/vae/diffusion_pytorch_model.safetensors");
    plan(&format!("--interpolator {}", vae.display())).fails(4, &["autoencoder", "rife46.pth"]);
}
