use super::*;
use crate::score::{direct, fixture};
use crate::studio::edit::Edit;
use crate::studio::heard::BeatCorrection;
use crate::studio::player::tests::player;
use serde_json::{Value, json};

fn preset() -> EditedPreset {
    EditedPreset::shipped("pulse").unwrap()
}

fn part(change: Value) -> PartEdit {
    serde_json::from_value(change).unwrap()
}

fn after(changes: &[Value]) -> EditedPreset {
    let analysis = fixture(16.0);
    changes.iter().fold(preset(), |edited, change| part(change.clone()).of(&edited, &analysis).unwrap())
}

#[test]
fn parts_are_written_as_a_person_writes_them() {
    let edited = after(&[
        json!({ "how": "add", "from": 3.9, "to": 8.1, "preset": "tide" }),
        json!({ "how": "add", "section": "B" }),
        json!({ "how": "edges", "index": 0, "to": 16.0 }),
        json!({ "how": "set", "index": 1, "key": "prompt", "value": "a \"wave\"" }),
        json!({ "how": "set", "index": 1, "key": "ease", "value": "1 bars" }),
        json!({ "how": "cut", "index": 1, "on": true }),
    ]);
    assert_eq!(
        edited.film.text(),
        "[[part]]\nfrom = \"2 bars\"\npreset = \"tide\"\n\n[[part]]\nsection = \"B\"\nprompt = 'a \"wave\"'\nease = \"1 bars\"\ncut = true\n"
    );
}

#[test]
fn a_part_is_played_as_the_command_line_plays_the_saved_files() {
    let player = player();
    let mut edited = after(&[
        json!({ "how": "add", "from": 4.0, "to": 8.0, "preset": "tide" }),
        json!({ "how": "own", "index": 0 }),
    ]);
    assert_eq!(edited.focus.as_deref(), Some("tide-2.toml"));
    // Edits go to the look that is worked on.
    edited = edited.with(&Edit::Base { param: "glow".into(), value: Some(0.123) }).unwrap();
    assert_eq!(edited.text(), preset().text());
    let shown = player.play(&edited).unwrap().timeline;
    let whole = player.play(&preset()).unwrap().timeline;
    assert_eq!(shown.curves.get(crate::score::ParamId::Glow)[60], 0.123);
    assert_eq!(
        shown.curves.get(crate::score::ParamId::Zoom)[10],
        whole.curves.get(crate::score::ParamId::Zoom)[10]
    );
    assert_ne!(shown, whole);
    let named = edited.with_looks_named(|look| format!("film-{look}")).unwrap();
    assert_eq!(named.film.parts()[0].preset.as_deref(), Some("film-tide-2.toml"));
    assert_eq!(player.play(&named).unwrap().timeline.curves, shown.curves);
}

#[test]
fn looks_go_with_the_last_part_that_names_them() {
    let edited = after(&[
        json!({ "how": "add", "section": "A", "preset": "tide" }),
        json!({ "how": "own", "index": 0 }),
    ]);
    let analysis = fixture(16.0);
    let gone = part(json!({ "how": "remove", "index": 0 })).of(&edited, &analysis).unwrap();
    assert!(gone.looks.is_empty() && gone.focus.is_none());
    let base = part(json!({ "how": "focus", "index": null })).of(&edited, &analysis).unwrap();
    assert_eq!((base.worked_on().0, base.looks.len()), ("pulse", 1));
    let back = part(json!({ "how": "focus", "index": 0 })).of(&base, &analysis).unwrap();
    assert_eq!(back, edited);
    // A preset chosen while it is worked on is that look's own.
    let other = edited.with(&Edit::Preset { name: "prism".into() }).unwrap();
    assert_eq!(
        (other.name.as_str(), other.looks["tide-2.toml"].text()),
        ("pulse", EditedPreset::shipped("prism").unwrap().text())
    );
    assert_eq!(other.beats, BeatCorrection::default());
}

#[test]
fn the_page_is_told_what_is_seen_where() {
    let edited = after(&[
        json!({ "how": "add", "section": "B", "preset": "tide" }),
        json!({ "how": "add", "from": 5.0, "to": 6.0, "grid": "free" }),
    ]);
    let told = player().play(&edited).unwrap().parts;
    let pieces: Vec<(f64, Option<u64>)> = told["pieces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["start"].as_f64().unwrap(), p["part"].as_u64()))
        .collect();
    assert_eq!(
        pieces,
        [(0.0, None), (4.0, Some(0)), (5.0, Some(1)), (6.0, Some(0)), (8.0, None), (12.0, Some(0))]
    );
    assert_eq!((&told["list"][1]["start"], &told["list"][0]["start"]), (&json!(5.0), &Value::Null));
}

#[test]
fn the_directors_parts_lie_beneath_and_one_without_a_look_changes_them() {
    let player = player();
    let edited = after(&[json!({ "how": "add", "from": 5.0, "to": 6.0, "grid": "free" })]);
    let alone = player.play(&edited).unwrap().parts;
    assert_eq!(alone["pieces"][1]["preset"], "pulse");
    let directed = player.directed(&edited).unwrap();
    assert_eq!(directed.film.parts().last(), edited.film.parts().first());
    let chosen = direct(&fixture(16.0), 1, false).show().unwrap().pieces(&fixture(16.0));
    let under = chosen.iter().rev().find(|piece| piece.start.0 <= 5.0).unwrap();
    let told = player.play(&directed).unwrap().parts;
    let own = told["pieces"].as_array().unwrap().iter().find(|p| p["start"] == 5.0).unwrap();
    assert_eq!(
        (own["preset"].as_str(), own["part"].as_u64()),
        (Some(&*under.preset), Some(chosen.len() as u64))
    );
    assert_eq!(own["pile"].as_array().unwrap().len(), 2);
    let copied = part(json!({ "how": "own", "index": chosen.len() })).of(&directed, &fixture(16.0));
    assert!(copied.unwrap_err().to_string().contains("none of its own"));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let analysis = fixture(16.0);
    let edited = after(&[json!({ "how": "add", "from": 4.0, "to": 8.0, "preset": "tide" })]);
    for change in [
        json!({ "how": "add", "from": -1.0 }),
        json!({ "how": "add", "from": 0.0, "preset": "../../etc/passwd" }),
        json!({ "how": "add", "from": 0.0, "preset": "other.toml" }),
        json!({ "how": "edges", "index": 0, "from": 9.0 }),
        json!({ "how": "edges", "index": 7, "from": 1.0 }),
        json!({ "how": "set", "index": 0, "key": "track", "value": "/etc/passwd" }),
        json!({ "how": "set", "index": 0, "key": "preset", "value": "/etc/passwd" }),
        json!({ "how": "set", "index": 0, "key": "prompt", "value": "x".repeat(2001) }),
        json!({ "how": "focus", "index": 0 }),
        json!({ "how": "move", "index": 0, "to": 1 }),
        json!({ "how": "own", "index": 3 }),
        json!({ "how": "cut", "index": 3, "on": true }),
    ] {
        assert!(part(change.clone()).of(&edited, &analysis).is_err(), "{change}");
    }
    // A text that means nothing is refused when it is played, and nothing has changed then.
    let wrong = part(json!({ "how": "set", "index": 0, "key": "from", "value": "soon" }))
        .of(&edited, &analysis)
        .unwrap();
    assert!(player().play(&wrong).is_err());
}
