//! Renders with an upscaler: killed and resumed, made by workers and joined, refused where its file is another or none.

use crate::cli::Stage;
use crate::projects::pictures;
use crate::resume::killed_after_two_windows;
use std::fs;
use std::path::Path;

const JOB: &str = "render track.wav --preset pulse --size 96x64 --steps 4 --profile ffv1 --upscale small";

/// A stage with a small upscaler of random weights among its models, and another one.
fn stage(seconds: f64) -> Stage {
    let stage = Stage::new(seconds);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/upscale");
    for (from, to) in [
        ("compact.pth", "small.pth"),
        ("rrdb.safetensors", "other.safetensors"),
        ("dense.param", "dense.param"),
        ("dense.bin", "dense.bin"),
    ] {
        fs::copy(fixtures.join(from), stage.path(to)).unwrap();
    }
    stage
}

#[test]
fn a_killed_render_goes_on_to_the_same_bytes_and_another_upscaler_is_refused() {
    let stage = stage(7.0);
    let job = JOB.replace("small", "small.pth");
    killed_after_two_windows(&stage, &format!("{job} -o a.mkv"));
    let other = JOB.replace("small", "other.safetensors");
    stage.run(&format!("{other} -o a.mkv")).fails(2, &["other settings", "upscaler", "--fresh"]);
    let rest = stage.run(&format!("{job} -o a.mkv")).succeeds();
    assert!(rest.err.contains("finished before"), "{}", rest.err);
    stage.run(&format!("{job} -o b.mkv")).succeeds();
    assert!(pictures(&stage, "a.mkv") == pictures(&stage, "b.mkv"));
    stage.run(&format!("{} -o c.mkv", job.replace("--upscale small.pth", ""))).succeeds();
    assert!(pictures(&stage, "a.mkv") != pictures(&stage, "c.mkv"));
}

#[test]
fn workers_and_a_join_give_the_bytes_of_one_run() {
    let stage = stage(4.0);
    let project = "track = \"track.wav\"\npreset = \"pulse\"\nsize = \"96x64\"\nsteps = 1\nupscale = \"small.pth\"\n\
        [cuts]\non = \"bars:1\"\nmin = 0\n[[part]]\nfrom = \"1 bars\"\nto = \"2 bars\"\npreset = \"drawn.toml\"\n";
    fs::write(stage.path("video.toml"), project).unwrap();
    let drawn = "init = \"draw:ocean\"\n[base]\ndenoise = 0\n[[prompt]]\ntext = \"waves\"\n";
    fs::write(stage.path("drawn.toml"), drawn).unwrap();
    stage.run("render video.toml -o whole.mkv").succeeds();
    stage.run("render video.toml --takes all --work w").succeeds();
    stage.run("join video.toml --work w -o joined.mkv").succeeds();
    assert!(stage.bytes("joined.mkv") == stage.bytes("whole.mkv"));
    let plan = stage.run("plan video.toml").succeeds();
    assert!(plan.out.contains("SRVGG compact of 3 layers"), "{}", plan.out);
}

#[test]
fn upscalers_are_known_by_what_they_are_and_other_files_are_refused() {
    let stage = stage(1.0);
    let inspected = stage.run("models inspect small.pth other.safetensors dense.bin").succeeds();
    for said in
        ["SRVGG compact of 3 layers, 2 times", "RRDB (ESRGAN) of 2 blocks, 4 times", "--upscale", "upscaler"]
    {
        assert!(inspected.out.contains(said), "{}", inspected.out);
    }
    let job = "render track.wav --size 96x64 --steps 1 --upscale";
    stage.run(&format!("{job} nowhere")).fails(4, &["no upscaler 'nowhere'", "--upscale takes a path"]);
    fs::remove_file(stage.path("dense.bin")).unwrap();
    stage.run(&format!("{job} dense.param")).fails(4, &["dense.bin", "side by side"]);
    let vae =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark/vae/diffusion_pytorch_model.safetensors");
    stage
        .run(&format!("{job} {}", vae.display()))
        .fails(4, &["no upscaler", "autoencoder", "RealESRGAN_x4plus"]);
}
