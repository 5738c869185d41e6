use super::*;
use crate::job::Hearing;
use crate::score::fixture;
use crate::studio::Heard;
use serde_json::json;
use std::path::PathBuf;

/// Sixteen seconds at 120 beats a minute in bars of four, sections A, B, A, B.
fn heard() -> Heard {
    Heard::new(fixture(16.0), Hearing::default(), PathBuf::new())
}

fn hand(change: serde_json::Value) -> Hand {
    serde_json::from_value(change).unwrap()
}

/// What comes of these changes, one after the other, and what is heard then.
fn after(changes: &[serde_json::Value]) -> (BeatCorrection, std::sync::Arc<Analysis>) {
    let heard = heard();
    let mut known = BeatCorrection::default();
    for change in changes {
        known = hand(change.clone()).of(&known, &heard.corrected(&known).unwrap()).unwrap();
    }
    let analysis = heard.corrected(&known).unwrap();
    (known, analysis)
}

#[test]
fn taps_of_a_steady_hand_are_a_tempo_and_a_first_bar() {
    // 100 beats a minute from 3.2 s on, each up to 20 ms off, one of them missed.
    let off = [0.01, -0.02, 0.015, 0.0, -0.01, 0.02, -0.015, 0.0];
    let times: Vec<f64> =
        off.iter().enumerate().filter(|(i, _)| *i != 3).map(|(i, off)| 3.2 + 0.6 * i as f64 + off).collect();
    let (known, analysis) = after(&[json!({ "how": "taps", "times": times, "steady": true })]);
    assert!((known.bpm.unwrap() - 100.0).abs() < 0.5, "{known:?}");
    // A bar of 2.4 s begins with the first tap, so one at 0.8 s.
    assert!((known.first_beat.unwrap().0 - 0.8).abs() < 0.03, "{known:?}");
    assert!(analysis.downbeats.iter().any(|t| (t.0 - 3.2).abs() < 0.03));
}

#[test]
fn taps_of_a_stretch_take_the_place_of_its_beats_at_the_hits_they_meant() {
    let times: Vec<f64> = (0..5).map(|i| 4.02 + 0.25 * f64::from(i)).collect();
    let (known, analysis) = after(&[json!({ "how": "taps", "times": times, "steady": false })]);
    assert_eq!((known.bpm, known.count), (None, None));
    let near: Vec<f64> = analysis.beats.iter().map(|t| t.0).filter(|t| (3.6..5.6).contains(t)).collect();
    // There is a hit every half second: the taps between stay where they were tapped.
    assert_eq!(near, [4.0, 4.27, 4.5, 4.77, 5.0, 5.5]);
    let bars: Vec<f64> = analysis.downbeats.iter().map(|t| t.0).filter(|t| (3.6..5.6).contains(t)).collect();
    assert_eq!(bars, [4.0, 5.0]);
}

#[test]
fn beats_are_nudged_counted_moved_added_and_removed() {
    let (known, analysis) =
        after(&[json!({ "how": "nudge", "by": 0.02 }), json!({ "how": "nudge", "by": -0.005 })]);
    assert_eq!((known.shift, analysis.beats[1].0), (Some(0.015), 0.515));
    let (known, _) = after(&[json!({ "how": "nudge", "by": 0.02 }), json!({ "how": "nudge", "by": -0.02 })]);
    assert_eq!(known, BeatCorrection::default());
    let (_, waltz) = after(&[json!({ "how": "meter", "beats": 3 })]);
    assert_eq!((waltz.meter, waltz.downbeats[1].0), (Some(3), 1.5));
    let (known, moved) = after(&[
        json!({ "how": "beat", "index": 4, "to": 2.1 }),
        json!({ "how": "remove_beat", "index": 0 }),
        json!({ "how": "add_beat", "at": 0.25 }),
    ]);
    let times: Vec<f64> = moved.beats.iter().take(4).map(|t| t.0).collect();
    assert_eq!((times, moved.beats.len()), (vec![0.25, 0.5, 1.0, 1.5], 32));
    assert!(moved.downbeats.iter().any(|t| t.0 == 2.1) && known.hand.beats.is_some());
}

#[test]
fn sections_are_dragged_split_merged_named_and_coloured() {
    let (known, analysis) = after(&[
        json!({ "how": "border", "index": 1, "to": 5.7 }),
        json!({ "how": "split", "at": 9.6, "grid": "beats" }),
        json!({ "how": "merge", "index": 4 }),
        json!({ "how": "name", "index": 0, "name": " Verse ", "all": true }),
        json!({ "how": "color", "index": 1, "color": "#00ff7f" }),
    ]);
    let found: Vec<(f64, &str)> = analysis.sections.iter().map(|s| (s.start.0, s.label.as_str())).collect();
    assert_eq!(found, [(0.0, "Verse"), (6.0, "B"), (8.0, "Verse"), (9.5, "C")]);
    assert_eq!(known.hand.sections.unwrap()[1].color.as_deref(), Some("#00ff7f"));
}

#[test]
fn what_is_written_is_read_again() {
    let (known, _) = after(&[
        json!({ "how": "meter", "beats": 3 }),
        json!({ "how": "beat", "index": 4, "to": 2.1 }),
        json!({ "how": "name", "index": 1, "name": "the \"drop\"" }),
        json!({ "how": "color", "index": 1, "color": "#00ff7f" }),
    ]);
    let text = crate::score::with_values(
        "",
        "track = \"a.wav\"\n\n[hearing]\n# mine\nbeats_file = \"b\"\n",
        &known.keys(),
    )
    .unwrap();
    let choices = crate::score::Choices { profiles: &[], audio: &[], tiers: &[] };
    let read =
        crate::score::Project::parse("video.toml", &text, &choices, &mut |_| Ok(String::new())).unwrap();
    assert_eq!(read.hearing.hand, known.hand, "{text}");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let heard = heard();
    let known = BeatCorrection::default();
    let analysis = heard.corrected(&known).unwrap();
    for change in [
        json!({ "how": "nudge", "by": 1e9 }),
        json!({ "how": "taps", "times": [1.0, 2.0, 3.0], "steady": true }),
        json!({ "how": "taps", "times": [1.0, 2.0, 3.0, 1e9], "steady": true }),
        json!({ "how": "taps", "times": vec![1.0; 5000], "steady": false }),
        json!({ "how": "beat", "index": 99, "to": 1.0 }),
        json!({ "how": "beat", "index": 1, "to": -1.0 }),
        json!({ "how": "beat", "index": 1, "to": 1.005 }),
        json!({ "how": "border", "index": 0, "to": 1.0 }),
        json!({ "how": "border", "index": 1, "to": 13.0 }),
        json!({ "how": "border", "index": 9, "to": 13.0 }),
        json!({ "how": "split", "at": 4.0 }),
        json!({ "how": "merge", "index": 0 }),
        json!({ "how": "name", "index": 0, "name": "  " }),
        json!({ "how": "name", "index": 0, "name": "x".repeat(41) }),
        json!({ "how": "color", "index": 0, "color": "red\"" }),
        json!({ "how": "color", "index": 0, "color": "#äöü" }),
    ] {
        assert!(hand(change.clone()).of(&known, &analysis).is_err(), "{change}");
    }
    assert!(serde_json::from_value::<Hand>(json!({ "how": "nudge", "by": 1, "path": "x" })).is_err());
}
