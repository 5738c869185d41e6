//! Situations out of public bug reports of Deforum and Parseq, each as small as it gets.

use super::*;
use crate::score::grid::Span;
use crate::score::{Overrides, ParamId, Preset, Timeline, compose, fixture};
use crate::units::{FrameRate, GeneratedFrame, Seconds, Size};
use serde_json::{Value, json};

fn played(preset: &str, fps: u32, frames: u64) -> Timeline {
    let preset = Preset::parse("case", preset).unwrap_or_else(|e| panic!("{e}\n{preset}"));
    let span = Span { start: Seconds(0.0), frames };
    compose(&fixture(16.0), &preset, &Overrides::default(), FrameRate::new(fps, 1).unwrap(), span).unwrap()
}

fn settings(more: Value) -> Value {
    let mut all = json!({ "W": 512, "H": 512, "animation_mode": "2D", "max_frames": 60, "fps": 15 });
    if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    all
}

fn preset(file: &Value) -> (String, Vec<String>) {
    Imported::read("file.txt", file.to_string().as_bytes(), None).unwrap().preset("file.txt", None).unwrap()
}

/// The value of a parameter in frame 10.
fn tenth(file: &Value, fps: u32, id: ParamId) -> f64 {
    f64::from(played(&preset(file).0, fps, 60).value(id, GeneratedFrame(10)))
}

#[test]
fn deforums_motion_is_a_speed() {
    for (more, id, expected) in [
        (json!({ "zoom": "0:(1.02)" }), ParamId::FlyZoom, 1.02_f64.powi(15)),
        (json!({ "angle": "0:(2)" }), ParamId::FlyRoll, -30.0),
        (json!({ "translation_x": "0:(5.12)" }), ParamId::FlyX, 0.15),
        (json!({ "translation_y": "0:(0), 20:(-5.12)", "H": 256 }), ParamId::FlyY, -0.15),
        (
            json!({ "zoom": "0:(1.0025+0.002*sin(1.25*3*t/30))" }),
            ParamId::FlyZoom,
            (1.0025 + 0.002 * (1.25 * 3.0 * 10.0_f64 / 30.0).sin()).powi(15),
        ),
        // Beyond what an expression can hold: log10 is no word of ours.
        (
            json!({ "zoom": "0:(1+0.01*log10(t+1))" }),
            ParamId::FlyZoom,
            (1.0 + 0.01 * 11.0_f64.log10()).powi(15),
        ),
        (json!({ "zoom": "0:(1.02)", "transform_center_x": "0:(0.25)" }), ParamId::FlyX, 0.02 * 0.25 * 15.0),
    ] {
        let file = settings(more);
        assert!((tenth(&file, 15, id) - expected).abs() < 1e-4, "{file}: {}", tenth(&file, 15, id));
        for (standing, still) in [(ParamId::Zoom, 1.0), (ParamId::Roll, 0.0), (ParamId::PanX, 0.0)] {
            assert!((tenth(&file, 15, standing) - still).abs() < 1e-6, "{file}");
        }
    }
}

#[test]
fn presets_of_an_import_are_short_and_their_numbers_plain() {
    let (text, notes) = preset(&settings(json!({
        "zoom": "0:(1.0025+0.002*sin(1.25*3*t/30))", "angle": "0:(0), 30:(0.7)", "noise_schedule": "0:(0.065)",
        "translation_x": "0:(1.2)", "max_frames": 240, "seed_schedule": "0:(s), 9:(-1)", "sampler_schedule": "0:(\"Euler\")",
    })));
    assert!(text.lines().count() < 60, "{text}");
    assert!(text.contains("[0, 0],\n  [30, 0.7],\n") && text.contains("motion of file.txt"), "{text}");
    assert!(!text.contains("999999") && !text.contains("000000"), "{text}");
    assert_eq!(notes[0], "left out: sampler_schedule: texts have no counterpart here");
    assert!(notes[1].starts_with("left out: seed_schedule: the noise"), "{notes:?}");
    assert!(notes[2].starts_with("noise_schedule: no counterpart here"), "{notes:?}");
}

#[test]
fn what_deforum_would_not_play_moves_nothing_and_is_named() {
    let deep = settings(
        json!({ "animation_mode": "3D", "zoom": "0:(1.02), 9:(1.03)", "rotation_3d_z": "0:(0), 20:(3)",
        "translation_z": "0:(1.75)", "translation_x": "0:(5), 9:(0)", "prompts": { "0": "calm sea" } }),
    );
    let (text, notes) = preset(&deep);
    let named = |word: &str| notes.iter().any(|n| n.starts_with("left out: ") && n.contains(word));
    assert!(named("rotation_3d_z: in 3D") && named("zoom: Deforum plays this in 2D only"), "{notes:?}");
    // A speed that stays the same moves the picture in every frame.
    let (_, notes) = preset(&settings(
        json!({ "animation_mode": "3D", "translation_z": "0:(5)", "translation_x": "0:(0)",
        "rotation_3d_y": "0:(0), 9:(1)", "fov_schedule": "0:(70)", "prompts": { "0": "calm sea" } }),
    ));
    assert!(notes.iter().any(|n| n.contains("translation_z, rotation_3d_y: in 3D")), "{notes:?}");
    assert!(named("translation_x") && !text.contains("[[route]]"), "{text}");
    let fast = preset(&settings(json!({ "zoom": "0:(1.0), 10:(1.3), 11:(1.0)" }))).1;
    assert!(fast[0].contains("fly_zoom in 9 frames would be 51.1859 times/s; cut to 0.5 to 2"), "{fast:?}");
    let still = preset(&settings(
        json!({ "zoom": "0:(1.02)", "animation_mode": "Interpolation", "prompts": { "0": "x" } }),
    ));
    assert!(!still.0.contains("fly_zoom"), "{}", still.0);
    let broken = preset(&settings(json!({ "zoom": "0:(0), 5:(1)", "angle": "0:(1)" })));
    assert!(broken.1.iter().any(|n| n.contains("0 times or less")), "{:?}", broken.1);
}

const PULSE: &str =
    "[[route]]\nsignal = \"beat\"\nto = \"zoom\"\namount = 0.1\nrelease = 0.2\n[[prompt]]\ntext = \"neon\"\n";
const TURN: &str = "[[route]]\nvalue = \"10 * time\"\nto = \"roll\"\n[[route]]\nvalue = \"0.05 * time\"\nto = \"pan_x\"\n\
    [[route]]\nvalue = \"1 + 0.1 * time\"\nto = \"zoom\"\nmode = \"multiply\"\n[[prompt]]\ntext = \"neon\"\n";

fn exported(timeline: &Timeline, format: Format) -> Value {
    let part = GeneratedFrame(0)..GeneratedFrame(timeline.frames);
    let square = Size { width: 512, height: 512 };
    let curves = Curves::new(timeline, part, &[]).unwrap().of(square, Some(120.0));
    serde_json::from_str(&curves.write(format)).unwrap()
}

/// A field of an export, frame by frame.
fn field(file: &Value, name: &str) -> Vec<f64> {
    match &file["rendered_frames"] {
        Value::Array(frames) => frames.iter().map(|f| f[name].as_f64().unwrap()).collect(),
        _ => {
            let schedule = schedule::Schedule::parse(file[name].as_str().unwrap(), None, 0.0).unwrap();
            schedule.play(file["max_frames"].as_u64().unwrap(), 0.0).unwrap()
        }
    }
}

/// OpenCV's rotation about the middle of 512 pixels behind a translation, frame by frame.
fn deforum_way(file: &Value, names: [&str; 4], mut at: [f64; 2]) -> Vec<[f64; 2]> {
    let fields = names.map(|name| field(file, name));
    let mut way = vec![at];
    for (i, zoom) in fields[0].iter().enumerate().skip(1) {
        let [angle, x, y] = [1, 2, 3].map(|f| fields[f][i]);
        let (a, b) = (zoom * angle.to_radians().cos(), zoom * angle.to_radians().sin());
        let [px, py] = [at[0] + x - 256.0, at[1] + y - 256.0];
        at = [256.0 + a * px + b * py, 256.0 - b * px + a * py];
        way.push(at);
    }
    way
}

/// Where a camera that stands shows what it shows at `at` in the first frame.
fn standing_way(timeline: &Timeline, at: [f64; 2]) -> Vec<[f64; 2]> {
    let pose = |i: u64| {
        let value = |id| f64::from(timeline.value(id, GeneratedFrame(i)));
        let (sin, cos) = value(ParamId::Roll).to_radians().sin_cos();
        (value(ParamId::Zoom), sin, cos, value(ParamId::PanX) * 512.0, value(ParamId::PanY) * 512.0)
    };
    let (zoom, sin, cos, x, y) = pose(0);
    let [px, py] = [at[0] - 256.0 - x, at[1] - 256.0 - y];
    let source = [(cos * px + sin * py) / zoom, (cos * py - sin * px) / zoom];
    let shown = |i| {
        let (zoom, sin, cos, x, y) = pose(i);
        let [px, py] = source;
        [256.0 + zoom * (cos * px - sin * py) + x, 256.0 + zoom * (sin * px + cos * py) + y]
    };
    (0..timeline.frames).map(shown).collect()
}

#[test]
fn what_stands_comes_back_in_deforum_and_moves_as_it_should() {
    for look in [PULSE, TURN] {
        let timeline = played(look, 15, 150);
        for (format, names) in [(Format::Deforum, motion::MOTION), (Format::Parseq, motion::DELTAS)] {
            let file = exported(&timeline, format);
            let (seen, right) =
                (deforum_way(&file, names, [300.0, 200.0]), standing_way(&timeline, [300.0, 200.0]));
            for (frame, (a, b)) in seen.iter().zip(&right).enumerate() {
                assert!((a[0] - b[0]).hypot(a[1] - b[1]) < 0.05, "{format:?} {frame}: {a:?} {b:?}");
            }
        }
    }
}

#[test]
fn exports_turn_against_the_clock_in_pixels_by_the_frame() {
    let turns = "[[route]]\nvalue = \"10 * time\"\nto = \"roll\"\n[[route]]\nvalue = \"0.05 * time\"\nto = \"pan_x\"\n[[prompt]]\ntext = \"x\"\n";
    let timeline = played(turns, 10, 60);
    let file = exported(&timeline, Format::Deforum);
    assert!(
        (field(&file, "angle")[10] + 1.0).abs() < 1e-3
            && (field(&file, "translation_x")[10] - 2.56).abs() < 0.01
    );
    let file = exported(&timeline, Format::Parseq);
    assert!((field(&file, "angle_delta")[10] + 1.0).abs() < 1e-3);
    assert!((field(&file, "translation_x_delta")[10] - 2.56).abs() < 0.01);
    assert!((field(&file, "pan_x")[10] - 0.0525).abs() < 1e-6, "{:?}", field(&file, "pan_x")[10]);
    let flight = played("[base]\nfly_zoom = 1.3\n[[prompt]]\ntext = \"x\"\n", 15, 60);
    let zoom = field(&exported(&flight, Format::Deforum), "zoom");
    assert!((zoom[1..16].iter().product::<f64>() - 1.3).abs() < 1e-5, "{zoom:?}");
    assert!((field(&exported(&flight, Format::Parseq), "zoom")[15] - 1.3).abs() < 1e-5);
}

/// Parseq renders the keyframes of an export to the same frames.
#[test]
fn the_keyframes_of_an_export_play_as_its_rendered_frames() {
    let mut file = exported(&played(TURN, 15, 90), Format::Parseq);
    let rendered = field(&file, "translation_x");
    let document = file.as_object_mut().unwrap();
    document.retain(|key, _| key != "rendered_frames" && key != "beatbolt");
    let imported = Imported::read("d.json", file.to_string().as_bytes(), None).unwrap();
    let far = imported.curves["translation_x"].values.iter().zip(&rendered).map(|(a, b)| (a - b).abs());
    assert!(far.fold(0.0, f64::max) < 1e-3);
}

#[test]
fn what_was_changed_since_is_taken_as_the_other_program_plays_it() {
    let mut file = exported(&played(PULSE, 15, 60), Format::Deforum);
    file["zoom"] = "0:(1.01)".into();
    file["strength_schedule"] = "0:(0.25)".into();
    let (text, notes) = preset(&file);
    let timeline = played(&text, 15, 60);
    let value = |id| timeline.value(id, GeneratedFrame(30));
    assert_eq!((value(ParamId::Zoom), value(ParamId::Denoise)), (1.0, 0.75));
    assert!((f64::from(value(ParamId::FlyZoom)) - 1.01_f64.powi(15)).abs() < 1e-5);
    assert!(notes[0].contains("were changed since"), "{notes:?}");
}

#[test]
fn what_other_programs_can_not_play_is_named() {
    let look = "[base]\nglow = 1.0\n[[route]]\nsignal = \"kick\"\nto = \"exposure\"\n[cuts]\non = \"bars:2\"\nmin = 0\n\
        [[prompt]]\ntext = \"a\"\n[[prompt]]\ntext = \"b\"\nfrom = 1\nease = 1\n";
    let timeline = played(look, 15, 150);
    let unsaid =
        |format| Curves::new(&timeline, GeneratedFrame(0)..GeneratedFrame(150), &[]).unwrap().unsaid(format);
    let notes = unsaid(Format::Deforum);
    assert!(
        notes[0].contains("exposure, glow") && notes[1].contains("prompts") && notes[2].contains("cuts"),
        "{notes:?}"
    );
    assert!(unsaid(Format::Csv).is_empty());
}

/// Where each prompt begins in the preset, and its words.
fn prompts(file: &Value) -> (Vec<(f64, String, String)>, Vec<String>) {
    let (text, notes) = preset(file);
    let read = Preset::parse("case", &text).unwrap();
    let from = |place: &crate::score::Place| match place {
        crate::score::Place::From(crate::score::Length::Seconds(s)) => *s,
        _ => 0.0,
    };
    (read.prompts.iter().map(|p| (from(&p.place), p.text.clone(), p.negative.clone())).collect(), notes)
}

#[test]
fn prompts_are_found_wherever_and_however_they_are_written() {
    let both = json!({ "0": "calm sea", "max_f/2": "stormy sea" });
    let written = both.to_string();
    for (what, file) in [
        ("an object", settings(json!({ "prompts": both }))),
        ("the notebook's name", settings(json!({ "animation_prompts": both }))),
        ("JSON in text", settings(json!({ "animation_prompts": written }))),
        ("a list for stills beside", settings(json!({ "prompts": ["still"], "animation_prompts": both }))),
        (
            "a notebook's dictionary",
            settings(json!({ "prompts": "{0: 'calm sea', 'max_f/2': 'stormy sea',}" })),
        ),
        ("what a server is sent", json!({ "deforum_settings": [settings(json!({ "prompts": both }))] })),
        ("a decimal key", settings(json!({ "prompts": { "0": "calm sea", "29.9": "stormy sea" } }))),
    ] {
        let (found, notes) = prompts(&file);
        assert!(notes.is_empty(), "{what}: {notes:?}");
        let texts: Vec<&str> = found.iter().map(|p| &*p.1).collect();
        assert_eq!(texts, ["calm sea", "stormy sea"], "{what}");
        assert!((found[1].0 - 29.0 / 15.0).abs() < 1e-5, "{what}: {found:?}");
        // The frame at that rate, rounded or not.
        let timeline = played(&preset(&file).0, 15, 60);
        assert_eq!(timeline.prompts[1].start, GeneratedFrame(29), "{what}");
    }
}

#[test]
fn what_goes_around_every_prompt_is_taken_over() {
    let (found, _) = prompts(&settings(json!({ "prompts": { "0": "calm sea", "9": "sun --neg moon" },
        "animation_prompts_positive": "oil painting", "animation_prompts_negative": "text" })));
    assert_eq!(found[0].1, "oil painting calm sea");
    assert_eq!((&*found[0].2, &*found[1].2), ("text", "moon text"));
}

#[test]
fn no_example_stands_for_a_prompt_that_was_not_understood() {
    for (file, word) in [
        (settings(json!({ "zoom": "0:(1.01)", "prompts": "calm sea" })), "prompts: 'calm sea'"),
        (settings(json!({ "zoom": "0:(1.01)", "prompts": { "soon": "calm sea" } })), "'soon' is not a frame"),
        (settings(json!({ "zoom": "0:(1.01)", "prompts": { "0": 7 } })), "'0' of prompts is no text"),
        (
            json!({ "options": { "output_fps": 20 }, "keyframes": [{ "frame": 0, "zoom": 1 }, { "frame": 9, "zoom": 2 }],
            "prompts": { "enabled": false, "promptList": [{ "positive": "calm sea" }] } }),
            "switched off",
        ),
    ] {
        let (found, notes) = prompts(&file);
        assert_eq!(found, [(0.0, String::new(), String::new())], "{file}");
        assert!(notes.iter().any(|n| n.starts_with("left out: ") && n.contains(word)), "{notes:?}");
    }
}

#[test]
fn words_in_backticks_that_are_no_formula_stay_words() {
    let (found, notes) = prompts(&settings(
        json!({ "prompts": { "0": "`a forest` --neg blurry", "9": "(sun:`wobble`) sea" } }),
    ));
    assert_eq!((&*found[0].1, &*found[0].2, &*found[1].1), ("a forest", "blurry", "sun sea"));
    assert!(notes.len() == 2 && notes[0].contains("taken as words"), "{notes:?}");
}

fn document(more: Value) -> Value {
    let mut all = json!({ "options": { "output_fps": "20", "bpm": 120 } });
    if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    all
}

#[test]
fn parseqs_fields_are_places() {
    let frames: Vec<Value> = (0..60)
        .map(|i| json!({ "frame": i, "zoom": 1.0 + 0.01 * f64::from(i), "angle": i, "translation_x": 5.12 * f64::from(i),
            "angle_delta": 1, "zoom_pc": 40, "deforum_prompt": "calm sea" }))
        .collect();
    let file = document(json!({ "rendered_frames": frames }));
    for (id, expected) in
        [(ParamId::Zoom, 1.1), (ParamId::Roll, -10.0), (ParamId::PanX, 0.1), (ParamId::FlyRoll, 0.0)]
    {
        assert!((tenth(&file, 20, id) - expected).abs() < 1e-3, "{id:?} {}", tenth(&file, 20, id));
    }
    let (text, notes) = preset(&file);
    assert!(notes.is_empty() && text.contains("[0, 1],\n  [59, 1.59],\n"), "{notes:?} {text}");
}

#[test]
fn a_camera_that_parseq_sends_far_away_flies_there() {
    let frames: Vec<Value> = (0..60)
        .map(|i| json!({ "frame": i, "zoom": 1.02_f64.powi(i), "zoom_delta": 1.02, "translation_x": 51.2 * f64::from(i),
            "translation_x_delta": 51.2 }))
        .collect();
    let file = document(json!({ "rendered_frames": frames }));
    assert!((tenth(&file, 10, ParamId::FlyZoom) - 1.02_f64.powi(20)).abs() < 1e-4);
    assert_eq!(tenth(&file, 20, ParamId::PanX), 0.0);
    assert!(preset(&file).1[0].contains("the camera flies there"));
}

#[test]
fn parseqs_formulas_are_computed_between_its_keyframes() {
    let keys = json!([{ "frame": 0, "zoom": 1, "zoom_i": "C + 0.02*pulse(1b, pw=2)", "angle": "0", "angle_i": "bez()" },
        { "frame": 20, "zoom": 1.5 }, { "frame": 40, "zoom": 1, "angle": 10 }]);
    let file =
        document(json!({ "keyframes": keys, "prompts": { "positive": "calm sea", "negative": "text" } }));
    let timeline = played(&preset(&file).0, 20, 41);
    // The natural spline through 1, 1.5, 1 is 1.34375 half-way up; a pulse begins with every beat of 10 frames.
    for (frame, expected) in [(0, 1.02), (10, 1.34375 + 0.02), (13, 1.418_844), (20, 1.52), (40, 1.02)] {
        let zoom = f64::from(timeline.value(ParamId::Zoom, GeneratedFrame(frame)));
        assert!((zoom - expected).abs() < 1.5e-3, "{frame}: {zoom}");
    }
    assert!((f64::from(timeline.value(ParamId::Roll, GeneratedFrame(20))) + 5.0).abs() < 0.01);
    assert_eq!((&*timeline.prompts[0].prompt, &*timeline.prompts[0].negative), ("calm sea", "text"));
}

/// Parseq puts the nearest value, or its default, into the first and the last keyframe.
#[test]
fn fields_with_formulas_alone_go_on_from_parseqs_defaults() {
    let keys = json!([{ "frame": 0, "zoom_i": "S + 0.1*sin(p=40)", "angle": "", "angle_i": "" },
        { "frame": 10, "angle": 3, "angle_i": "C" }, { "frame": 20, "angle": 6 }, { "frame": 40, "zoom": "" }]);
    let imported =
        Imported::read("d.json", document(json!({ "keyframes": keys })).to_string().as_bytes(), None)
            .unwrap();
    let at = |name: &str, frame: usize| imported.curves[name].values[frame];
    assert!((at("zoom", 10) - 1.1).abs() < 1e-9 && (at("zoom", 30) - 0.9).abs() < 1e-9);
    // The natural spline through (0, 3), (10, 3), (20, 6), (40, 6) has the second derivatives 0, 6.3/115, -4.5/115, 0.
    let angle = |frame| imported.curves["angle"].values[frame];
    assert!((angle(15) - (4.5 - 6.25 * 1.8 / 115.0)).abs() < 1e-9, "{}", angle(15));
    assert!((angle(28) - (6.0 + 25.6 * 4.5 / 115.0)).abs() < 1e-9, "{}", angle(28));
    assert_eq!((angle(5), angle(20)), (3.0, 6.0));
}

#[test]
fn parseqs_lists_of_prompts_are_laid_out() {
    let keys = json!([{ "frame": 0, "prompt_weight_1": 0.25, "zoom": 1 }, { "frame": 60, "prompt_weight_1": 1, "zoom": 2 }]);
    let prompts_of = json!({ "format": "v2", "enabled": true, "commonPrompt": { "positive": "oil", "negative": "" }, "promptList": [
        { "positive": "(calm sea:${prompt_weight_1})", "negative": "", "allFrames": false, "from": 0, "to": 39 },
        { "positive": "storm", "negative": "text", "allFrames": false, "from": 30, "to": 60 }] });
    let (found, notes) = prompts(&document(json!({ "keyframes": keys, "prompts": prompts_of })));
    assert_eq!(found[0].1, "(calm sea:0.25) oil");
    assert_eq!((found[1].0, &*found[1].1, &*found[1].2), (1.5, "storm oil", "text"));
    assert!(
        notes.iter().any(|n| n.contains("overlap")) && notes.iter().any(|n| n.contains("stays at 0.25")),
        "{notes:?}"
    );
}

/// Whatever a file was, from the first export on every further one is the same, byte by byte.
#[test]
fn exports_of_imports_are_stable_from_the_second_time_on() {
    let wave: Vec<Value> = (0..90)
        .map(|i| {
            json!({ "frame": i, "zoom": 1.2 + 0.1 * f64::from(i).sin(), "angle": 0.37 * f64::from(i),
            "strength": 0.5 + 0.01 * f64::from(i % 7), "deforum_prompt": "a (b:1.3) --neg c" })
        })
        .collect();
    let files = [
        settings(
            json!({ "zoom": "0:(1.0025+0.002*sin(1.25*3*t/30))", "angle": "0:(0), 30:(0.7)", "translation_y": "0:(-3)" }),
        ),
        settings(
            json!({ "zoom": "0:(1+0.01*log10(t+1))", "strength_schedule": "0:(0.6), 20:(0.71), 21:(0.3)" }),
        ),
        settings(
            json!({ "zoom": "0:(1), 7:(1.3), 9:(1)", "prompts": { "0": "a ((b)) [c]", "max_f/3": "d" } }),
        ),
        document(json!({ "rendered_frames": wave })),
        document(
            json!({ "keyframes": [{ "frame": 0, "zoom": 1, "zoom_i": "C+0.02*sin(p=1b)", "scale": 2.5 },
            { "frame": 30, "zoom": 1.7 }, { "frame": 89, "zoom": 1 }] }),
        ),
    ];
    for file in files {
        let first = played(&preset(&file).0, 15, 90);
        for format in [Format::Deforum, Format::Parseq] {
            let second = exported(&first, format);
            let third = exported(&played(&preset(&second).0, 15, 90), format);
            assert_eq!(second.to_string(), third.to_string(), "{format:?} of {file}");
        }
    }
}
