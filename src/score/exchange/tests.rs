use super::formula::{Formula, Names};
use super::prompts::Prompt;
use super::*;
use crate::score::grid::Span;
use crate::score::{Overrides, ParamId, Preset, Show, SlotKind, Slots, Timeline, compose, fixture};
use crate::units::{FrameRate, GeneratedFrame, Seconds};
use proptest::prelude::{any, prop, proptest};
use serde_json::{Value, json};
use std::ops::Range;

fn timeline(toml: &str) -> Timeline {
    let preset = Preset::parse("test", toml).unwrap();
    let fps = FrameRate::new(12, 1).unwrap();
    let span = Span { start: Seconds(0.0), frames: 192 };
    compose(&fixture(16.0), &preset, &Overrides::default(), fps, span).unwrap()
}

fn part(frames: Range<u64>) -> Range<GeneratedFrame> {
    GeneratedFrame(frames.start)..GeneratedFrame(frames.end)
}

const LIVELY: &str = "[base]\nguidance = 1.5\n[[route]]\nsignal = \"kick\"\nto = \"exposure\"\namount = -1.3\nrelease = 0.3\n\
    [[route]]\nvalue = \"0.4 * sine(2 bars)\"\nto = \"zoom\"\n[[route]]\nsignal = \"beat\"\nto = \"denoise\"\namount = -0.37\n\
    [[prompt]]\ntext = \"a (b:1.2)\"\n[[prompt]]\ntext = \"c\"\nnegative = \"d\"\nfrom = \"2 bars\"\n";

fn values(text: &str, frames: u64) -> Vec<f64> {
    Imported::read("x", text.as_bytes(), Some(frames)).unwrap().curves.remove("curve").unwrap().values
}

fn formula(text: &str, t: f64) -> f64 {
    Formula::parse(text).unwrap_or_else(|w| panic!("{text} {}: {}", w.at, w.error)).value(Names {
        t,
        max_f: 99.0,
        s: 7.0,
    })
}

#[test]
fn formulas_bind_and_compute_as_in_python() {
    for (text, expected) in [
        ("1+2*3", 7.0),
        ("-2**2", -4.0),
        ("2**3**2", 512.0),
        ("2**-1", 0.5),
        ("7/2", 3.5),
        ("-t%3", 2.0),
        ("-7%3", 2.0),
        ("where(t>5, 1, 2)", 1.0),
        ("(t>5)&(t<6)", 0.0),
        ("1|2", 3.0),
        ("6^3", 5.0),
        ("max_f-t+s", 99.0),
        ("sin(3.14159265358979/2)", 1.0),
        ("arctan2(1, 1)*4", std::f64::consts::PI),
        ("abs(-1.5e1)", 15.0),
        ("floor(t/2)", 3.0),
        (" cos ( 0 ) ", 1.0),
    ] {
        assert!((formula(text, 7.0) - expected).abs() < 1e-9, "{text}: {}", formula(text, 7.0));
    }
}

#[test]
fn wrong_formulas_are_told_by_name_and_place() {
    for (text, at, message) in [
        ("1+sinn(t)", 2, "no function 'sinn'"),
        ("t+pi", 2, "no 'pi'"),
        ("where(t)", 0, "where takes 3"),
        ("1+", 2, "missing"),
        ("(1", 2, "')' is missing"),
        ("1 $", 2, "'$'"),
        ("1<2<3", 3, "one at a time"),
        ("1.2.3", 0, "not a number"),
    ] {
        let wrong = Formula::parse(text).unwrap_err();
        assert_eq!(wrong.at, at, "{text}: {}", wrong.error);
        assert!(wrong.error.to_string().contains(message), "{text}: {}", wrong.error);
    }
    assert!(Formula::parse(&"(".repeat(50)).unwrap_err().error.to_string().contains("too deeply"));
    assert!(Formula::parse(&"1+".repeat(600)).unwrap_err().error.to_string().contains("too long"));
}

#[test]
fn schedules_go_straight_between_numbers_and_formulas_hold_until_the_next_key() {
    assert_eq!(values("0:(1), 4:(3)", 6), [1.0, 1.5, 2.0, 2.5, 3.0, 3.0]);
    assert_eq!(values("0: (t*2), 3:(0), 5:(4)", 7), [0.0, 2.0, 4.0, 0.0, 2.0, 4.0, 4.0]);
    // What comes before the first key is held; brackets and commas inside a formula are its own.
    assert_eq!(values("2:(where(t>3, maximum(t, 9), 1))", 6), [1.0, 1.0, 1.0, 1.0, 9.0, 9.0]);
    // 1e1 is a formula, so it doesn't go straight to the next number.
    assert_eq!(values("0:(1e1), 2:(0)", 3), [10.0, 10.0, 0.0]);
    assert_eq!(values("0:(0), \"max_f/2\":(4), 'max_f':(0)", 5), [0.0, 2.0, 4.0, 2.0, 0.0]);
    assert_eq!(values("0:(0), 99:(4)", 3), [0.0, 0.0, 0.0]);
}

/// Schedules as Deforum's own tools, numexpr and pandas, play them: see `tests/fixtures/deforum.py`.
#[test]
fn schedules_are_played_as_deforum_plays_them() {
    let fixture: Value = serde_json::from_str(include_str!("../../../tests/fixtures/deforum.json")).unwrap();
    for case in fixture["cases"].as_array().unwrap() {
        let settings =
            json!({ "x": case["schedule"], "max_frames": fixture["frames"], "seed": fixture["seed"] });
        let imported = Imported::read("x", settings.to_string().as_bytes(), None).unwrap();
        let expected: Vec<f64> =
            case["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        let played = &imported.curves["x"].values;
        let far = played.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(played.len() == expected.len() && far < 1e-6, "{}: {far}", case["schedule"]);
    }
}

/// Truths, whole numbers and real ones: see `tests/fixtures/numexpr_formulas.py`.
#[test]
fn formulas_have_the_values_that_numexpr_gives_them() {
    let fixture: Value =
        serde_json::from_str(include_str!("../../../tests/fixtures/numexpr_formulas.json")).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    for (text, values) in fixture["formulas"].as_object().unwrap() {
        let formula = Formula::parse(text);
        let Some(values) = values.as_array() else {
            assert!(formula.is_err(), "{text} is refused by numexpr, and was read as {formula:?}");
            continue;
        };
        let formula = formula.unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
        for (t, right) in fixture["frames"].as_array().unwrap().iter().map(number).zip(values) {
            let names = Names { t, max_f: number(&fixture["max_f"]), s: number(&fixture["s"]) };
            match (formula.value(names), right.as_f64()) {
                (found, Some(right)) => {
                    assert!(
                        (found - right).abs() <= 1e-9 * right.abs(),
                        "{text} at {t}: {found}, not {right}"
                    );
                }
                (found, None) => assert!(!found.is_finite(), "{text} at {t}: {found}"),
            }
        }
    }
}

#[test]
fn settings_files_and_lists_are_read_and_what_is_unknown_is_named() {
    let text = r#"{"zoom": "0:(1.0), 9:(1.5)", "angle": "0:(wobble(t))", "prompts": {"0": "a --neg b", "5": "c"},
        "max_frames": 10, "fps": 15, "W": 512, "animation_mode": "2D"}"#;
    let imported = Imported::read("s.txt", text.as_bytes(), None).unwrap();
    assert_eq!((imported.fps, imported.curves["zoom"].values.len()), (FrameRate::new(15, 1).ok(), 10));
    let prompt =
        |frame, text: &str, negative: &str| Prompt { frame, text: text.into(), negative: negative.into() };
    assert_eq!(imported.prompts, [prompt(0, "a", "b"), prompt(5, "c", "")]);
    assert!(
        imported.left_out[0].contains("angle: frame 0, character 1: there is no function 'wobble'"),
        "{imported:?}"
    );
    let list = Imported::read("l.txt", b"# mine\nzoom = 0:(1), 2:(2)\n\"hue\": \"0:(5)\",\n", None).unwrap();
    assert_eq!(
        (list.curves["zoom"].values.clone(), list.curves["hue"].values.clone()),
        (vec![1.0, 1.5, 2.0], vec![5.0; 3])
    );
    for bad in ["", "hello", "{", "[1]", "{\"a\": 1}", "0:(wobble(t))"] {
        let error = Imported::read("b.txt", bad.as_bytes(), None).unwrap_err();
        assert!(!error.hints().is_empty(), "{bad}: {error}");
    }
    assert!(Imported::read("x", b"0:(1)", Some(0)).is_err());
    assert!(Imported::read("x", "1999999:(1)\n".repeat(9).as_bytes(), None).is_ok());
    let many: String = (0..150).map(|i| format!("c{i} = 1999999:(1)\n")).collect();
    assert!(Imported::read("x", many.as_bytes(), None).unwrap_err().to_string().contains("too many"));
}

#[test]
fn parseq_keyframes_are_played_and_rendered_frames_taken_as_they_are() {
    let keyframes = r#"{"options": {"output_fps": "20"}, "keyframes": [
        {"frame": 0, "zoom": 1, "zoom_i": "L", "hue": 0, "hue_i": "S", "glow": 0, "glow_i": "C", "roll": 0, "roll_i": "wobble(p=1b)"},
        {"frame": 4, "zoom": 2, "hue": 8, "glow": 1}, {"frame": 8, "zoom": 2, "hue": 3, "glow": 0}]}"#;
    let imported = Imported::read("d.json", keyframes.as_bytes(), None).unwrap();
    assert_eq!(imported.fps, FrameRate::new(20, 1).ok());
    assert_eq!(imported.curves["zoom"].values, [1.0, 1.25, 1.5, 1.75, 2.0, 2.0, 2.0, 2.0, 2.0]);
    assert_eq!(imported.curves["hue"].values, [0.0, 0.0, 0.0, 0.0, 8.0, 8.0, 8.0, 8.0, 3.0]);
    // The natural spline through (0,0), (4,1), (8,0) has the second derivative -3/16 at 4: 11/16 halfway up.
    assert!((imported.curves["glow"].values[2] - 0.6875).abs() < 1e-9, "{:?}", imported.curves["glow"]);
    assert!(
        imported.left_out[0]
            .contains("roll: keyframe 0: character 1: 'wobble' is not known here in 'wobble(p=1b)'"),
        "{:?}",
        imported.left_out
    );
    let rendered = r#"{"keyframes": [{"frame": 0, "zoom": 9}], "rendered_frames": [
        {"frame": 0, "zoom": 1.5, "deforum_prompt": "a --neg b"}, {"frame": 2, "zoom": 2.5, "deforum_prompt": "a --neg b"}]}"#;
    let imported = Imported::read("d.json", rendered.as_bytes(), None).unwrap();
    assert_eq!((imported.curves["zoom"].values.clone(), imported.prompts.len()), (vec![1.5, 2.0, 2.5], 1));
}

/// Written out, read in, played and written out again, every text is the same, and every value to the last bit.
#[test]
fn round_trips_are_stable() {
    let flying = "[base]\nfly_zoom = 1.3\n[[route]]\nsignal = \"beat\"\nto = \"roll\"\namount = 3\nrelease = 0.2\n\
        [[route]]\nvalue = \"0.2 * sin(time)\"\nto = \"fly_x\"\n[[prompt]]\ntext = \"x (y)\"\n";
    for look in [LIVELY, flying] {
        let first = timeline(look);
        for format in [Format::Deforum, Format::Parseq] {
            let text = Curves::new(&first, part(0..192), &[]).unwrap().write(format);
            let imported = Imported::read("round.txt", text.as_bytes(), None).unwrap();
            let (preset, notes) = imported.preset("round.txt", None).unwrap();
            assert!(notes.is_empty(), "{notes:?}");
            let again = timeline(&preset);
            for (param, curve) in first.curves.iter() {
                assert_eq!(again.curves.get(&param), curve, "{format:?} {}", param.name);
            }
            assert_eq!(Curves::new(&again, part(0..192), &[]).unwrap().write(format), text, "{format:?}");
        }
        // A table has no prompts; its values come back.
        let table =
            |timeline: &Timeline| Curves::new(timeline, part(0..192), &[]).unwrap().write(Format::Csv);
        let again = |text: &str| {
            timeline(
                &Imported::read("t.csv", text.as_bytes(), None).unwrap().preset("t.csv", None).unwrap().0,
            )
        };
        let second = table(&again(&table(&first)));
        assert_eq!(table(&again(&second)), second);
    }
}

#[test]
fn a_strength_schedule_alone_drives_denoise() {
    let imported =
        Imported::read("s", b"strength_schedule = 0:(0.25), 191:(0.75)\nscale = 0:(3)", None).unwrap();
    let played = timeline(&imported.preset("s", FrameRate::new(12, 1).ok()).unwrap().0);
    assert!(
        (played.value(ParamId::Denoise, GeneratedFrame(0)) - 0.75).abs() < 1e-6
            && (played.value(ParamId::Denoise, GeneratedFrame(191)) - 0.25).abs() < 1e-6
    );
    assert_eq!(played.value(ParamId::Guidance, GeneratedFrame(100)), 3.0);
}

#[test]
fn tables_and_lists_hold_every_frame_of_the_part() {
    let first = timeline(LIVELY);
    let curves = Curves::new(&first, part(24..48), &["zoom".into(), "exposure".into()]).unwrap();
    let csv = curves.write(Format::Csv);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines.len(), lines[0]), (25, "frame,seconds,zoom,exposure"));
    let row: Vec<f64> = lines[13].split(',').map(|v| v.parse().unwrap()).collect();
    assert_eq!((row[0], row[1]), (12.0, 3.0));
    assert_eq!(
        (row[2] as f32, row[3] as f32),
        (first.value(ParamId::Zoom, GeneratedFrame(36)), first.value(ParamId::Exposure, GeneratedFrame(36)))
    );
    let lists: Value = serde_json::from_str(&curves.write(Format::AnimateDiff)).unwrap();
    assert_eq!(lists["zoom"].as_array().unwrap().len(), 24);
    assert!(Curves::new(&first, part(0..9), &["zom".into()]).unwrap_err().hints()[0].contains("zoom"));
    let document: Value = serde_json::from_str(&curves.write(Format::Parseq)).unwrap();
    let frame = &document["rendered_frames"][1];
    for field in
        ["frame", "zoom", "zoom_delta", "angle", "angle_delta", "scale", "strength", "deforum_prompt"]
    {
        assert!(frame.get(field).is_some(), "{field}");
    }
}

#[test]
fn slots_are_written_where_they_move_and_found_by_name() {
    let slots = Slots::new([(SlotKind::Lora, "a"), (SlotKind::Lora, "still")]).unwrap();
    let route = "[[route]]\nsignal = \"kick\"\nto = \"lora.a\"\namount = -1\n";
    let preset = Preset::parse_for("test", &format!("{LIVELY}{route}"), &slots).unwrap();
    let (fps, span) = (FrameRate::new(12, 1).unwrap(), Span { start: Seconds(0.0), frames: 192 });
    let timeline = Show::of(preset).play(&fixture(16.0), &Overrides::default(), fps, span).unwrap();
    let head = |names: &[String]| {
        let csv = Curves::new(&timeline, part(0..24), names).unwrap().write(Format::Csv);
        csv.lines().next().unwrap().to_owned()
    };
    assert_eq!(head(&[]), "frame,seconds,denoise,guidance,zoom,exposure,lora.a");
    assert_eq!(head(&["lora.still".into(), "zoom".into()]), "frame,seconds,lora.still,zoom");
    let lists: Value =
        serde_json::from_str(&Curves::new(&timeline, part(0..24), &[]).unwrap().write(Format::AnimateDiff))
            .unwrap();
    assert_eq!((&lists["lora.a"][0], &lists["lora.a"][1]), (&json!(0.0), &json!(1.0)));
    let error = Curves::new(&timeline, part(0..24), &["lora.stil".into()]).unwrap_err();
    assert_eq!(error.hints(), ["did you mean 'lora.still'?"]);
}

/// What a table holds plays again as it was, at the frame rate of the table and by the names of its columns.
#[test]
fn an_exported_table_drives_the_same_parameters_again() {
    let first = timeline(LIVELY);
    let table = Curves::new(&first, part(0..192), &[]).unwrap().write(Format::Csv);
    let again =
        timeline(&Imported::read("t.csv", table.as_bytes(), None).unwrap().preset("t.csv", None).unwrap().0);
    for id in [ParamId::Exposure, ParamId::Zoom, ParamId::Denoise, ParamId::Guidance] {
        let far = first.curves.get(id).iter().zip(again.curves.get(id)).map(|(a, b)| (a - b).abs());
        assert!(far.fold(0.0, f32::max) < 1e-6, "{id:?}");
    }
}

#[test]
fn a_hit_is_seen_whole_by_the_frame_that_holds_it() {
    let lyrics = Imported::read("a.srt", b"1\n00:00:02,040 --> 00:00:04,040\nla\n", None).unwrap();
    let preset = lyrics.preset("a.srt", None).unwrap().0;
    let routed = format!("{preset}[[route]]\nsignal = \"line\"\nto = \"exposure\"\n");
    let played = timeline(&routed);
    // The line falls for 2 s; frame 36 begins at 3 s.
    for (frame, value) in [(23, 0.0), (24, 1.0), (36, 0.52), (49, 0.0)] {
        let shown = played.value(ParamId::Exposure, GeneratedFrame(frame));
        assert!((shown - value).abs() < 2e-3, "frame {frame}: {shown}");
    }
}

#[test]
fn prompts_that_mean_something_else_here_are_put_in_our_words() {
    let text =
        br#"{"zoom": "0:(1.02)", "max_frames": 20, "prompts": {"0": "a {section}", "4": "(b:9)", "8": "c"}}"#;
    let imported = Imported::read("x", text, None).unwrap();
    let texts: Vec<&str> = imported.prompts.iter().map(|p| &*p.text).collect();
    assert_eq!(texts, ["a section", "(b:2)", "c"]);
    assert!(imported.notes[0].contains("frame 4: the weight 9 of 'b' is cut to 2"), "{:?}", imported.notes);
    assert!(imported.preset("x", None).unwrap_err().hints()[0].contains("--fps"));
    let late = br#"{"zoom": "0:(1)", "max_frames": 20, "prompts": {"4294967295": "a"}}"#;
    let (late, notes) =
        Imported::read("x", late, None).unwrap().preset("x", FrameRate::new(15, 1).ok()).unwrap();
    assert_eq!(Preset::parse("x", &late).unwrap().prompts[0].text, "");
    assert!(notes[0].starts_with("left out: the prompt 'a': '4294967295' is not a frame"), "{notes:?}");
}

#[test]
fn what_no_preset_can_hold_is_left_out_with_the_reason() {
    let text = r#"{"my_schedule": "0:(t * 4294967)", "far_schedule": "0:(10000)", "zoom": "0:(1.02)", "max_frames": 20,
        "prompts": {"0": "waves", "9223372036854775807": "never"}}"#;
    let imported = Imported::read("x", text.as_bytes(), None).unwrap();
    assert_eq!(imported.curves.keys().collect::<Vec<_>>(), ["zoom"]);
    assert_eq!(
        imported.left_out[1..],
        ["far_schedule: 10000 is beyond ±1000", "my_schedule: 4294967 is beyond ±1000"]
    );
    let preset = Preset::parse("x", &imported.preset("x", FrameRate::new(15, 1).ok()).unwrap().0).unwrap();
    assert_eq!(preset.prompts.len(), 1);
    let huge = format!("0:{}", "9".repeat(400));
    let error = Imported::read("x", huge.as_bytes(), Some(9)).unwrap_err();
    assert!(error.hints().iter().any(|h| h.ends_with("none of its values is a number")), "{error}");
}

#[test]
fn a_show_of_one_preset_is_that_preset() {
    let preset = Preset::parse("test", LIVELY).unwrap();
    let (fps, span) = (FrameRate::new(12, 1).unwrap(), Span { start: Seconds(0.0), frames: 192 });
    let shown = Show::of(preset).play(&fixture(16.0), &Overrides::default(), fps, span).unwrap();
    assert_eq!(shown, timeline(LIVELY));
}

proptest! {
    #[test]
    fn any_schedule_is_an_error_or_plays(text in "[-+*/%0-9a-z():,. \"'=<>&|^~é]{0,80}", frames in 1..200_u64) {
        if let Ok(imported) = Imported::read("x", text.as_bytes(), Some(frames)) {
            assert!(imported.curves.values().all(|c| c.values.len() as u64 == frames));
            Preset::parse("x", &imported.preset("x", FrameRate::new(15, 1).ok()).unwrap().0).unwrap();
        }
    }

    #[test]
    fn damaged_documents_never_panic(at in any::<prop::sample::Index>(), cut in 0..30_usize, new in "[-a-z0-9.\\[\\]\"\n é{}:,]{0,12}") {
        let text = r#"{"options": {"output_fps": 20}, "keyframes": [{"frame": 0, "zoom": 1, "zoom_i": "L", "hue": 0, "hue_i": "C"},
            {"frame": 40, "zoom": 2, "hue": 8}, {"frame": 80, "zoom": 3}], "prompts": {"0": "x"}, "fps": 3, "max_frames": 9}"#;
        let text: Vec<char> = text.chars().collect();
        let from = at.index(text.len());
        let (head, tail) = (&text[..from], &text[(from + cut).min(text.len())..]);
        let damaged: String = head.iter().copied().chain(new.chars()).chain(tail.iter().copied()).collect();
        if let Ok(imported) = Imported::read("x", damaged.as_bytes(), Some(50)) {
            Preset::parse("x", &imported.preset("x", FrameRate::new(15, 1).ok()).unwrap().0).unwrap();
        }
    }

    /// The written schedule, read back, is the curve itself.
    #[test]
    fn schedules_hold_every_value(curve in prop::collection::vec(-1000.0_f32..1000.0, 1..60)) {
        let text: Vec<String> = curve.iter().enumerate().map(|(f, v)| format!("{f}:({v})")).collect();
        let read: Vec<f32> = values(&text.join(", "), curve.len() as u64).iter().map(|v| *v as f32).collect();
        assert_eq!(read, curve);
    }
}
