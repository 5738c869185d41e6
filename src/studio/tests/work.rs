//! A page at work, all day.

use super::*;
use crate::score::ParamId;

#[test]
fn a_change_is_seen_in_the_curve_and_in_the_next_picture_and_can_be_saved() {
    let served = Served::new();
    let mut page = served.socket();
    let before = page.wait("state", |_| true);
    page.wait("pictures", |m| begins_with(m, 1));
    let (status, head, old) = served.get(&format!("{}picture/1/0", served.base));
    assert!(status == 200 && head.contains("image/jpeg") && old.starts_with(&[0xff, 0xd8]));
    page.say(&exposure(1.0));
    let after = page.wait("state", |m| m["version"] == 2);
    assert_ne!(before["curves"]["exposure"], after["curves"]["exposure"]);
    page.wait("pictures", |m| begins_with(m, 2));
    assert_ne!(served.get(&format!("{}picture/2/0", served.base)).2, old);
    assert_eq!(served.status(&format!("{}picture/1/0", served.base)), 404);
    page.say(r#"{"do":"save","name":"mine","form":"project"}"#);
    page.wait("saved", |m| m["version"] == 2);
    let saved = std::fs::read_to_string(served.folder.path().join("mine.toml")).unwrap();
    let project = std::fs::read_to_string(served.folder.path().join("mine.video.toml")).unwrap();
    assert!(project.contains("preset = \"mine.toml\""), "{project}");
    let played = player().play(&EditedPreset::read("mine", &saved).unwrap()).unwrap();
    let shown: Vec<f32> = serde_json::from_value(after["curves"]["exposure"].clone()).unwrap();
    assert_eq!(shown, played.curves.get(ParamId::Exposure));
    page.say(r#"{"do":"undo"}"#);
    let undone = page.wait("state", |m| m["version"] == 3);
    assert_eq!((&undone["curves"], &undone["redo"]), (&before["curves"], &json!(true)));
    // A page that is opened later finds everything as it is.
    assert_eq!(served.socket().wait("state", |_| true), undone);
}

#[test]
fn a_final_is_rendered_while_live_pictures_rest_and_its_file_is_served() {
    let served = Served::new();
    let file = |number: u64| format!("{}final/{number}", served.base);
    let mut page = served.socket();
    page.wait("final", |m| m["final"]["stand"] == "idle");
    assert_eq!(served.status(&file(1)), 404);
    page.say(&ordered("mine", "64x48", None));
    page.wait("final", |m| m["final"]["stage"] == "rendering");
    let done = page.wait("final", |m| m["final"]["stand"] == "done");
    assert_eq!(done["final"]["number"], 1);
    let written = std::fs::read(served.folder.path().join("mine.mp4")).unwrap();
    let ranged = format!("{}Range: bytes=4-\r\n", served.host());
    let (status, head, body) = served.raw(&format!("GET {}", file(1)), &ranged);
    assert!(status == 206 && head.contains("content-type: video/mp4"), "{head}");
    assert!(body == written[4..] && body.starts_with(b"ftyp"));
    assert_eq!((served.status(&file(0)), served.status(&file(2))), (404, 404));
    // The live pictures go on with a model of their own.
    page.say(&exposure(0.5));
    page.wait("pictures", |m| begins_with(m, 2));
    // A page that is opened later finds the file.
    served.socket().wait("final", |m| m["final"] == done["final"]);
}

#[test]
fn a_final_can_be_cancelled_and_what_goes_wrong_with_it_is_told() {
    let served = Served::new();
    let mut page = served.socket();
    // So large that it isn't finished before it is cancelled.
    page.say(&ordered("mine", "1280x720", Some(1)));
    page.wait("final", |m| m["final"]["stage"] == "rendering");
    page.say(&ordered("other", "64x48", None));
    page.wait("refused", |m| m["message"].as_str().unwrap().contains("is being rendered"));
    page.say(r#"{"do":"cancel"}"#);
    page.wait("final", |m| m["final"]["stand"] == "cancelled");
    page.say(&ordered("mine", "0x0", None));
    let failed = page.wait("final", |m| m["final"]["stand"] == "failed");
    assert!(failed["final"]["hints"][0].as_str().unwrap().contains("WIDTHxHEIGHT"), "{failed}");
    for name in ["../mine", "track.wav", ""] {
        page.say(&ordered(name, "64x48", None));
        page.wait("refused", |m| m["message"].as_str().unwrap().contains("can't be a name"));
    }
    std::fs::write(served.folder.path().join("theirs.mp4"), "precious").unwrap();
    page.say(&ordered("theirs", "64x48", None));
    page.wait("refused", |m| m["message"].as_str().unwrap().contains("already"));
    assert!(!served.folder.path().join("mine.mp4").exists());
}
