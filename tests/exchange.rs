//! Other programs' files on the command line: lists, labels, tables, lyrics, MIDI and DJ collections.

use crate::cli::Stage;
use serde_json::Value;

/// What `analyze` hears in six seconds of clicks at 120 bpm, with these words behind it, and what it says beside that.
fn heard(stage: &Stage, words: &str) -> (Value, String) {
    let run = stage.run(&format!("analyze track.wav --json - {words}")).succeeds();
    (run.json(), run.err)
}

fn beats(analysis: &Value) -> Vec<f64> {
    analysis["beats"].as_array().unwrap().iter().map(|t| t.as_f64().unwrap()).collect()
}

fn sections(analysis: &Value) -> Vec<(f64, String)> {
    let of = |s: &Value| (s["start"].as_f64().unwrap(), s["label"].as_str().unwrap().to_owned());
    analysis["sections"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn beats_and_sections_come_from_lists_in_any_encoding() {
    let stage = Stage::new(6.0);
    let wide = |text: &str| {
        [&[0xff, 0xfe][..], &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()].concat()
    };
    std::fs::write(stage.path("wide.txt"), wide("0,0\trefrão\r\n2,5\tchorus\r\n")).unwrap();
    let labels = "0,250000\t0,250000\tbeat\n\\\t200,0\t400,0\n0,750000\t0,750000\tbeat\n";
    std::fs::write(stage.path("labels.txt"), labels).unwrap();
    let (analysis, _) = heard(&stage, "--sections-file wide.txt --beats-file labels.txt");
    assert_eq!(sections(&analysis), [(0.0, "refrão".to_owned()), (2.5, "chorus".to_owned())]);
    assert_eq!(beats(&analysis), [0.25, 0.75]);
    std::fs::write(stage.path("latin.txt"), b"0:00 - refr\xe3o da can\xe7\xe3o\n0:07 - late\n").unwrap();
    let (analysis, notes) = heard(&stage, "--sections-file latin.txt");
    assert_eq!(sections(&analysis), [(0.0, "refrão da canção".to_owned())]);
    assert!(
        notes.contains("windows-1252, a guess") && notes.contains("1 of 2 sections lie past the end"),
        "{notes}"
    );
}

#[test]
fn a_list_of_another_track_or_unit_is_refused() {
    let stage = Stage::new(6.0);
    std::fs::write(stage.path("ms.txt"), "500\n1000\n1500\n2000\n").unwrap();
    stage
        .run("analyze track.wav --beats-file ms.txt")
        .fails(3, &["4 of 4 beats lie past the end", "milliseconds"]);
    std::fs::write(stage.path("noise.txt"), [0, 159, 1, 0, 7]).unwrap();
    stage.run("analyze track.wav --beats-file noise.txt").fails(3, &["noise.txt", "isn't text", "UTF-8"]);
    stage.run("analyze track.wav --beats-file none.txt").fails(3, &["none.txt", "check the path"]);
}

#[test]
fn a_collection_gives_grid_and_cues_of_the_track_with_its_name() {
    let stage = Stage::new(6.0);
    let xml = "<?xml version=\"1.0\"?><DJ_PLAYLISTS><COLLECTION><TRACK Name=\"x\" Location=\"file://localhost/a/Track.wav\">\
               <TEMPO Inizio=\"0.1\" Bpm=\"60\" Metro=\"3/4\" Battito=\"2\"/><POSITION_MARK Name=\"drop\" Type=\"0\" Start=\"3.1\" Num=\"0\"/>\
               <POSITION_MARK Name=\"in\" Type=\"0\" Start=\"0.1\" Num=\"1\"/></TRACK></COLLECTION></DJ_PLAYLISTS>";
    std::fs::write(stage.path("collection.xml"), xml).unwrap();
    let (analysis, _) = heard(&stage, "--beats-file collection.xml --sections-file collection.xml");
    let (found, right) = (beats(&analysis), [0.1, 1.1, 2.1, 3.1, 4.1, 5.1]);
    assert!(found.len() == 6 && found.iter().zip(right).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
    assert!((analysis["downbeats"][0].as_f64().unwrap() - 2.1).abs() < 1e-9);
    assert_eq!(sections(&analysis), [(0.0, "in".to_owned()), (3.1, "drop".to_owned())]);
    std::fs::rename(stage.path("track.wav"), stage.path("trick.wav")).unwrap();
    stage
        .run("analyze trick.wav --beats-file collection.xml")
        .fails(3, &["not among the 1 tracks", "'Track' is"]);
}

#[test]
fn a_new_project_holds_what_its_parts_are_true_with() {
    let stage = Stage::sections();
    std::fs::write(stage.path("form.txt"), "0 Intro\n10 Drop\n").unwrap();
    stage.run("new track.wav --halve --sections-file form.txt").succeeds();
    let text = std::fs::read_to_string(stage.path("video.toml")).unwrap();
    assert!(text.contains("[hearing]\noctave = \"halve\"\nsections_file = \"form.txt\"\n"), "{text}");
    let plan = stage.run("plan video.toml").succeeds().out;
    assert!(plan.contains("Intro") && plan.contains("Drop") && !plan.contains("never applies"), "{plan}");
    stage.run("new track.wav -o other.toml --beats aubio").fails(2, &["--beats"]);
}

#[test]
fn what_never_applies_is_told_in_the_plan() {
    let stage = Stage::new(3.0);
    let project = "track = \"track.wav\"\npreset = \"own.toml\"\n[[part]]\nsection = \"Q\"\npreset = \"own.toml\"\n\
                   [[prompt]]\ntext = \"waves\"\nfrom = \"2:00\"\n";
    std::fs::write(stage.path("video.toml"), project).unwrap();
    std::fs::write(stage.path("own.toml"), "[[prompt]]\ntext = \"rings\"\n").unwrap();
    let plan = stage.run("plan video.toml").succeeds().out;
    assert!(plan.contains("part 1 never applies") && plan.contains("called 'Q'"), "{plan}");
    assert!(plan.contains("the prompt \"waves\" never applies") && plan.contains("2:00.000"), "{plan}");
}

#[test]
fn a_value_that_can_not_be_read_says_its_form() {
    let stage = Stage::new(1.0);
    stage
        .run("plan track.wav --section 1 --start 0.5 --end 0.5")
        .fails(2, &["no part of section 1", "times in the track"]);
    for (words, hint) in [("--size 1281x721", "1280x720"), ("--fps 0", "29.97"), ("--start 1:xx", "1:02.5")] {
        stage.run(&format!("plan track.wav {words}")).fails(2, &[hint]);
    }
}
