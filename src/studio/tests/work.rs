//! A page at work, all day.

use super::*;
use crate::score::ParamId;
use crate::studio::strip::tests::unpacked;

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
    assert_eq!(shown, played.timeline.curves.get(ParamId::Exposure));
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
    page.say(&ordered("mine", "64x48", None));
    page.wait("refused", |m| m["message"].as_str().unwrap().contains("is being rendered"));
    page.say(r#"{"do":"cancel","number":null}"#);
    page.wait("final", |m| m["final"]["stand"] == "cancelled");
    page.say(&ordered("mine", "0x0", None));
    // What can't be made is no order: nothing is left in the queue.
    let refused = page.wait("refused", |_| true);
    assert!(refused["hints"][0].as_str().unwrap().contains("WIDTHxHEIGHT"), "{refused}");
    for name in ["../mine", "track.wav", ""] {
        page.say(&ordered(name, "64x48", None));
        page.wait("refused", |m| m["message"].as_str().unwrap().contains("can't be a name"));
    }
    std::fs::write(served.folder.path().join("theirs.mp4"), "precious").unwrap();
    page.say(&ordered("theirs", "64x48", None));
    page.wait("refused", |m| m["message"].as_str().unwrap().contains("is no video that beatbolt made"));
    assert!(!served.folder.path().join("mine.mp4").exists());
}

#[test]
fn finals_wait_for_each_other_and_what_is_paused_goes_on() {
    let served = Served::new();
    let mut page = served.socket();
    page.say(&ordered("first", "1280x720", Some(1)));
    page.wait("final", |m| m["final"]["stage"] == "rendering");
    page.say(&ordered("second", "64x48", Some(1)));
    let stands = |m: &Value| {
        let all = m["finals"].as_array().unwrap().iter();
        all.map(|f| f["status"]["stand"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    page.wait("final", |m| stands(m) == ["running", "waiting"]);
    page.say(r#"{"do":"pause","number":1}"#);
    page.wait("final", |m| stands(m) == ["paused", "done"]);
    page.say(r#"{"do":"forget","number":2}"#);
    page.wait("final", |m| stands(m) == ["paused"]);
    page.say(r#"{"do":"resume","number":1}"#);
    page.wait("final", |m| stands(m) == ["running"] && m["final"]["stage"] == "rendering");
    page.say(r#"{"do":"cancel","number":1}"#);
    page.wait("final", |m| stands(m) == ["cancelled"]);
    page.say(r#"{"do":"pause","number":7}"#);
    page.wait("refused", |_| true);
    assert!(served.folder.path().join("second.mp4").is_file());
}

#[test]
fn beats_are_corrected_in_one_step_and_a_project_keeps_them() {
    let served = Served::new();
    let mut page = served.socket();
    let before = page.wait("state", |_| true);
    // 120 beats a minute for 16 seconds.
    let beats = |state: &Value| state["heard"]["beats"].as_array().unwrap().len();
    assert_eq!((beats(&before), &before["heard"]["tempo"]), (32, &json!(120.0)));
    page.say(r#"{"do":"edit","change":{"edit":"count","count":"halve"},"gesture":null}"#);
    let halved = page.wait("state", |m| m["version"] == 2);
    assert_eq!(beats(&halved), 16);
    assert_ne!(halved["curves"], before["curves"]);
    page.say(r#"{"do":"bar","at":8.3}"#);
    let moved = page.wait("state", |m| m["version"] == 3);
    let bars = moved["heard"]["downbeats"].as_array().unwrap();
    assert!(bars.iter().any(|t| (t.as_f64().unwrap() - 8.3).abs() < 1e-9), "{bars:?}");
    page.say(r#"{"do":"save","name":"mine","form":"project"}"#);
    page.wait("saved", |m| m["note"].is_null());
    let project = std::fs::read_to_string(served.folder.path().join("mine.video.toml")).unwrap();
    assert!(project.contains("[hearing]\noctave = \"halve\"\nfirst_beat = "), "{project}");
    page.say(r#"{"do":"edit","change":{"edit":"preset","name":"ember"},"gesture":null}"#);
    assert_eq!(beats(&page.wait("state", |m| m["version"] == 4)), beats(&moved));
    for _ in 0..3 {
        page.say(r#"{"do":"undo"}"#);
    }
    let undone = page.wait("state", |m| m["version"] == 7);
    assert_eq!((&undone["heard"], &undone["curves"]), (&before["heard"], &before["curves"]));
}

#[test]
fn a_prompt_that_cannot_be_is_refused_at_its_place() {
    let served = Served::new();
    let mut page = served.socket();
    let ask = |text: &str| {
        let change =
            json!({ "edit": "prompt", "change": { "how": "set", "index": 0, "key": "text", "text": text } });
        json!({ "do": "edit", "change": change, "gesture": null, "ask": 7 }).to_string()
    };
    page.say(&ask("\u{1f40b} {colour} sea"));
    let refused = page.wait("refused", |m| m["ask"] == 7);
    // The page counts a whale as two.
    assert_eq!(refused["at"], json!([3, 11]), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("{colour}"), "{refused}");
    // What can't be done in the page is no advice to it.
    assert!(!refused["hints"].to_string().contains("[words"), "{refused}");
    page.say(&ask("(sea:9)"));
    assert!(page.wait("refused", |_| true)["at"].is_null());
}

#[test]
fn what_a_final_will_need_is_told_before_it_is_ordered() {
    let served = Served::new();
    let mut page = served.socket();
    let expect = |size: &str| {
        let film = json!({ "name": "mine", "tier": "draft", "size": size, "fps": "24", "start": "0:01", "end": "2" });
        json!({ "do": "expect", "number": 5, "film": film }).to_string()
    };
    page.say(&expect("64x48"));
    let answer = page.wait("expected", |m| m["number"] == 5);
    assert_eq!(
        (&answer["film"]["frames"], &answer["film"]["size"]),
        (&json!(24), &json!("64x48")),
        "{answer}"
    );
    assert!(answer["film"]["took"].as_f64().unwrap() > 0.0);
    assert!(!served.folder.path().join("mine.mp4").exists());
    page.say(&expect("64x47"));
    assert!(page.wait("expected", |m| m["message"].is_string())["hints"][0].is_string());
}

#[test]
fn the_waveform_is_served_in_tiles_down_to_the_samples() {
    let served = Served::new();
    let tile = |path: &str| served.get(&format!("{}wave/{path}", served.base));
    let facts: Value = serde_json::from_slice(&served.get(&format!("{}facts", served.base)).2).unwrap();
    let scale = &facts["wave"];
    assert_eq!(
        (&scale["column"], scale["samples"].as_u64()),
        (&json!(64), Some(player().heard.raw().samples))
    );
    let (status, _, first) = tile("1/0");
    assert_eq!((status, first.len()), (200, 3 * 1024));
    // The first column's extremes are those of the first 64 samples of both channels.
    let (_, _, samples) = tile("0/0");
    assert_eq!(samples.len(), 2 * 4096);
    let mean: Vec<i16> = samples.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    for (column, part) in first.chunks_exact(3).zip(mean.chunks_exact(64)) {
        let (low, high) = (part.iter().min().unwrap(), part.iter().max().unwrap());
        assert!(f32::from(column[0] as i8) / 127.0 <= f32::from(*low) / 32_768.0 + 0.005);
        assert!(f32::from(column[1] as i8) / 127.0 >= f32::from(*high) / 32_768.0 - 0.005);
    }
    assert_eq!((tile("1/9999").0, tile("99/0").0), (404, 404));
}

/// The strip of this key, once it is there.
fn strip(served: &Served, page: &mut Socket, key: &Value) -> Vec<u8> {
    page.wait("strips", |m| m["made"].as_array().unwrap().iter().any(|made| made["key"] == *key));
    let (status, _, strip) = served.get(&format!("{}strip/{}", served.base, key.as_str().unwrap()));
    assert_eq!(status, 200, "{key}");
    strip
}

#[test]
fn two_states_are_compared_by_the_pictures_that_each_has_live() {
    let served = Served::new();
    let mut page = served.socket();
    page.wait("pictures", |m| begins_with(m, 1) && m["runs"][0]["to"].as_u64() >= Some(16));
    let live = |version: u64| {
        let path = |frame: u64| format!("{}picture/{version}/{frame}", served.base);
        (0..16).map(|frame| served.get(&path(frame)).2).collect::<Vec<_>>()
    };
    let before = live(1);
    page.say(r#"{"do":"snapshot","change":{"how":"keep","name":"before"}}"#);
    page.wait("snapshots", |m| m["list"][0]["name"] == "before");
    page.say(&exposure(1.0));
    page.say(r#"{"do":"compare","sides":[1,null],"at":0}"#);
    let told = page.wait("compare", |_| true);
    let (head, a) = unpacked(&strip(&served, &mut page, &told["keys"][0]));
    assert_eq!((head["fps"].as_f64(), &head["start"]), (Some(12.0), &json!(0.0)));
    assert!(a == before);
    let (_, b) = unpacked(&strip(&served, &mut page, &told["keys"][1]));
    page.say(r#"{"do":"compare","sides":null,"at":0}"#);
    page.wait("pictures", |m| begins_with(m, 2) && m["runs"][0]["to"].as_u64() >= Some(16));
    assert!(b.len() == 16 && b[0] == live(2)[0] && b[0] != a[0]);
    // Back is a step like any other.
    page.say(r#"{"do":"back","number":1}"#);
    let state = page.wait("state", |m| m["version"] == 3);
    assert_eq!(state["undo"], true);
    page.say(r#"{"do":"undo"}"#);
    page.wait("state", |m| m["version"] == 4 && m["text"] != state["text"]);
    // A page that is opened later finds the snapshots.
    served.socket().wait("snapshots", |m| m["list"][0]["name"] == "before");
}

#[test]
fn thumbnails_come_once_the_live_pictures_are_there_and_are_kept() {
    let cache = tempfile::tempdir().unwrap();
    let served = Served::keeping(Duration::from_secs(3600), Some(cache.path().join("thumbnails")));
    let mut page = served.socket();
    page.say(r#"{"do":"gallery"}"#);
    let entries = page.wait("gallery", |_| true)["entries"].clone();
    assert_eq!(entries.as_array().unwrap().len(), shipped().len());
    let mut runs = json!([]);
    let key = loop {
        let message = page.hear().unwrap();
        match message["type"].as_str() {
            Some("pictures") => runs = message["runs"].clone(),
            Some("strips") if message["made"] != json!([]) => break message["made"][0].clone(),
            _ => {}
        }
    };
    // The whole track is nearer to the playhead than live pictures are wanted.
    assert_eq!(runs, json!([{ "from": 0, "to": 192, "version": 1 }]));
    assert_eq!((&key["key"], &key["fault"]), (&entries[0]["key"], &Value::Null));
    let rendered = strip(&served, &mut served.socket(), &key["key"]);
    let kept = std::fs::read_dir(cache.path().join("thumbnails")).unwrap().next().unwrap().unwrap();
    let kept = std::fs::read(kept.path()).unwrap();
    assert!(kept.len() == rendered.len() + 64 && kept.starts_with(&rendered));
    // The next session finds it without rendering anything for it.
    let again = Served::keeping(Duration::from_secs(3600), Some(cache.path().join("thumbnails")));
    let mut page = again.socket();
    page.say(r#"{"do":"gallery"}"#);
    assert_eq!(page.wait("gallery", |_| true)["entries"][0], entries[0]);
    assert!(strip(&again, &mut page, &key["key"]) == rendered);
}
