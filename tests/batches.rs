//! Several tracks in one render, and variants to choose from.

use crate::cli::{SMALL, Stage, probe};
use crate::projects::pictures;
use serde_json::Value;
use std::process::{Command, Stdio};

fn events(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

fn of<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == name).collect()
}

#[test]
fn one_that_fails_keeps_none_of_the_others_and_one_model_is_loaded() {
    let stage = Stage::new(1.5);
    std::fs::copy(stage.path("track.wav"), stage.path("b.wav")).unwrap();
    std::fs::write(stage.path("junk.wav"), "no sound").unwrap();
    let line = format!("render track.wav junk.wav b.wav -o out/deep {SMALL}");
    let run = stage.run(&format!("{line} --json"));
    assert_eq!(run.code, Some(3), "{}{}", run.out, run.err);
    let events = events(&run.out);
    let inputs: Vec<_> =
        of(&events, "next").iter().map(|e| (e["number"].clone(), e["input"].clone())).collect();
    assert_eq!(
        inputs,
        [(1.into(), "track.wav".into()), (2.into(), "junk.wav".into()), (3.into(), "b.wav".into())]
    );
    let done: Vec<&str> = of(&events, "done").iter().map(|e| e["input"].as_str().unwrap()).collect();
    assert_eq!(done, ["track.wav", "b.wav"]);
    let failed = of(&events, "failed");
    assert_eq!((&failed[0]["input"], &failed[0]["kind"]), (&"junk.wav".into(), &"input".into()));
    assert!(!failed[0]["hints"].as_array().unwrap().is_empty());
    let loads = of(&events, "stage").iter().filter(|event| event["name"] == "loading").count();
    assert_eq!(loads, 1);
    let summary = of(&events, "summary")[0];
    assert_eq!((&summary["rendered"], &summary["failed"]), (&2.into(), &serde_json::json!(["junk.wav"])));
    // The second one with the model of the first is what it is alone.
    let output = of(&events, "done")[1]["output"].as_str().unwrap().to_owned();
    stage.run(&format!("render b.wav {SMALL}")).succeeds();
    let alone = output.rsplit('/').next().unwrap();
    assert!(stage.bytes(&output) == stage.bytes(alone), "{output}");
    // Finished ones are neither made again nor written over.
    let again = stage.run(&line);
    assert_eq!(again.code, Some(3));
    assert_eq!(again.out.matches("finished before, skipped").count(), 2, "{}", again.out);
    assert!(again.out.contains("3 tracks: 2 already done, 1 failed"), "{}", again.out);
    assert!(again.err.contains("[2/3] junk.wav") && again.err.contains("error: junk.wav"), "{}", again.err);
    let other = stage.run(&format!("{line} --seed 2"));
    assert_eq!(other.code, Some(5), "{}", other.err);
    assert!(stage.bytes(&output) == stage.bytes(alone));
}

#[test]
fn what_several_tracks_cant_mean_is_refused() {
    let stage = Stage::new(1.2);
    // The rest of a prompt without quotes is no track, and nothing is rendered before that is said.
    stage.run("render track.wav --prompt slow violet waves").fails(2, &["no track 'violet'", "in quotes"]);
    stage.run("render track.wav --set zoom=1.1 shake=0").fails(2, &["no track 'shake=0'", "repeated"]);
    std::fs::create_dir(stage.path("other")).unwrap();
    std::fs::copy(stage.path("track.wav"), stage.path("other/track.wav")).unwrap();
    let both = format!("render track.wav other/track.wav {SMALL}");
    stage.run(&format!("{both} -o a.mp4")).fails(2, &["names a folder", "a.mp4"]);
    std::fs::write(stage.path("file"), "").unwrap();
    stage.run(&format!("{both} -o file")).fails(2, &["names a folder"]);
    let run = stage.run(&both).fails(2, &["goes to", "already", "1 of 2 tracks failed: other/track.wav"]);
    assert!(run.out.contains("2 tracks: 1 rendered, 1 failed"), "{}", run.out);
    let run = stage.run(&format!("{both} --takes all"));
    assert_eq!(run.code, Some(2), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn a_stopped_batch_says_how_to_go_on_and_does() {
    let stage = Stage::new(6.0);
    std::fs::copy(stage.path("track.wav"), stage.path("b.wav")).unwrap();
    let line = format!("render track.wav b.wav -o out {SMALL}");
    let child = Command::new(env!("CARGO_BIN_EXE_beatbolt"))
        .current_dir(stage.home())
        .env("XDG_CACHE_HOME", stage.path("cache0"))
        .args(line.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = |name: &str| {
        let entries = std::fs::read_dir(stage.path("out")).into_iter().flatten().flatten();
        entries.into_iter().any(|e| e.file_name().to_string_lossy().starts_with(name))
    };
    while !begun("b-") {
        std::thread::yield_now();
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(err.contains("stopped at track 2 of 2, b.wav") && err.contains("same command again"), "{err}");
    let rest = stage.run(&line).succeeds();
    assert!(rest.out.contains("2 tracks: 1 rendered, 1 already done"), "{}", rest.out);
}

#[test]
fn variants_are_made_once_and_one_is_picked_by_its_own_record() {
    let stage = Stage::sections();
    let line = "variants track.wav --preset pulse --vary seed,motion_scale --bars 1 --size 96x64 --steps 2 --generate 96x64";
    let run = stage.run(&format!("{line} --count 2 --json")).succeeds();
    let events = events(&run.out);
    let loads = of(&events, "stage").iter().filter(|event| event["name"] == "loading").count();
    assert_eq!((of(&events, "done").len(), loads), (2, 1));
    let told = of(&events, "variants")[0].clone();
    // The second half is the loud one; a bar at 120 beats a minute takes two seconds.
    let time = |name: &str| told[name].as_f64().unwrap();
    assert!((time("start") - 10.0).abs() < 0.6 && (time("end") - time("start") - 2.0).abs() < 0.1, "{told}");
    let clip = |n: usize| format!("track-variants/variant-{n:03}.mp4");
    let info = probe(&stage.path(&clip(2)));
    assert_eq!(info["streams"].as_array().unwrap().len(), 2);
    let page = String::from_utf8(stage.bytes("track-variants/index.html")).unwrap();
    assert_eq!(page.matches("<video ").count(), 2);
    assert!(page.contains("src=\"variant-002.mp4\"") && !page.contains("http"), "{page}");
    assert!(stage.bytes("track-variants/sheet.png").starts_with(b"\x89PNG"));
    // More of them go on with those that are there, and other ones are refused.
    let before = stage.bytes(&clip(2));
    let more = stage.run(&format!("{line} --count 3")).succeeds();
    assert!(more.out.contains("3 variants: 1 rendered, 2 already done"), "{}", more.out);
    assert!(stage.bytes(&clip(2)) == before);
    stage.run(&format!("{line} --count 2 --seed 5")).fails(5, &["other settings", "--overwrite"]);
    // The chosen one: the seed and the factor of its clip.
    let record = stage.run(&format!("extract {}", clip(2))).succeeds().json();
    let setting = record["set"][0].as_str().unwrap().to_owned();
    assert!(setting.starts_with("motion_scale=x") && record["settings"]["seed"] == 2, "{record}");
    let part = "--size 96x64 --steps 2 --start 10 --end 11 --profile ffv1";
    let picked = stage.run(&format!("pick 2 {part} -o picked.mkv")).succeeds();
    assert!(!picked.err.contains("steps instead of") && !picked.err.contains("painted at"), "{}", picked.err);
    let typed = format!(
        "render track.wav --preset pulse --seed 2 --set {setting} --generate 96x64 {part} -o typed.mkv"
    );
    stage.run(&typed).succeeds();
    assert_eq!(pictures(&stage, "picked.mkv"), pictures(&stage, "typed.mkv"));
    let own = stage.run("extract picked.mkv").succeeds().json();
    assert_eq!(own["settings"]["timeline"], record["settings"]["timeline"]);
    stage.run("pick 9").fails(2, &["no variant 9", "from 1 to 3"]);
    stage.run("pick 1 --from cache0").fails(3, &["holds no variants"]);
}

#[test]
fn a_directed_variant_is_picked_with_the_films_own_pictures() {
    let stage = Stage::new(4.0);
    stage.run("variants track.wav --vary seed --count 2 --start 1 --end 2 --size 96x64 -o chosen").succeeds();
    stage.run("pick 2 --from chosen --size 96x64 --profile ffv1 -o picked.mkv").succeeds();
    stage.run("render track.wav --seed 2 --size 96x64 --profile ffv1 -o typed.mkv").succeeds();
    assert_eq!(pictures(&stage, "picked.mkv"), pictures(&stage, "typed.mkv"));
    // Found without being named only where there is one of them, or this is it.
    std::fs::rename(stage.path("chosen"), stage.path("track-variants")).unwrap();
    stage.run("pick 2 --size 96x64 --end 1").succeeds();
    assert!(stage.path("track-2-develop.mkv").is_file() || stage.path("track-2-develop.mp4").is_file());
}
