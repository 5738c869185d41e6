//! The shipped presets, and what wrong ones are told.

use beatbolt::audio::{Analysis, Drums, Envelope, Hit, Section};
use beatbolt::error::{Error, ErrorKind};
use beatbolt::score::{
    Choices, FUNCTIONS, Overrides, PARAMS, ParamId, Preset, Project, SIGNALS, SLOT_KINDS, Span, TABLES,
    Timeline, compose, find, function_table, json_schema, param_table, reference, shipped, signal_table,
    slot_table,
};
use beatbolt::units::{FrameRate, SampleRate, Seconds};
use proptest::prelude::{any, prop, proptest};
use std::collections::BTreeSet;

const LENGTH: f64 = 40.3;
const HOP: f64 = 0.01;
const RATES: [&str; 6] = ["8", "12", "24", "29.97", "30", "60"];

/// A track at 127 bpm with a kick on every beat, loud and quiet sections in turn, and a beat that starts late.
pub fn track() -> Analysis {
    let beats: Vec<Seconds> =
        (0..).map(|i| Seconds(0.37 + f64::from(i) * 60.0 / 127.0)).take_while(|t| t.0 < LENGTH).collect();
    let hops = (LENGTH / HOP) as usize;
    let mut hits = vec![0.0_f32; hops];
    beats.iter().for_each(|t| hits[(t.0 / HOP).round() as usize] = 1.0);
    // Every kick rings for a while over a bed that is quiet or full.
    let loud = |i: usize| {
        let t = i as f64 * HOP;
        let bed = if ((t / 10.0) as usize).is_multiple_of(2) { 0.2 } else { 0.6 };
        let age = beats.iter().rev().find(|b| b.0 <= t + 1e-9).map_or(1.0, |b| t - b.0);
        bed + 0.4 * (-age / 0.12).exp() as f32
    };
    let levels: Vec<f32> = (0..hops).map(loud).collect();
    let envelope = |name: &str| {
        let values = if name.ends_with("hit") { hits.clone() } else { levels.clone() };
        (name.to_owned(), Envelope { hop_seconds: HOP, values })
    };
    let section = |i: usize, label: &str| Section {
        start: Seconds(i as f64 * 10.0),
        end: Seconds(if i == 3 { LENGTH } else { (i + 1) as f64 * 10.0 }),
        label: label.to_owned(),
    };
    let drum: Vec<Hit> = beats.iter().map(|time| Hit { time: *time, strength: 1.0 }).collect();
    Analysis {
        duration: Seconds(LENGTH),
        sample_rate: SampleRate(44_100),
        samples: (LENGTH * 44_100.0) as u64,
        tempo_bpm: Some(127.0),
        alternative_bpm: None,
        downbeats: beats.iter().step_by(4).copied().collect(),
        meter: Some(4),
        confidence: 1.0,
        loudness_lufs: None,
        onsets: beats.clone(),
        onset_strengths: vec![1.0; beats.len()],
        drums: Drums { kick: drum.clone(), snare: drum.clone(), hat: drum },
        beats,
        sections: ["A", "B", "A", "C"].iter().enumerate().map(|(i, l)| section(i, l)).collect(),
        envelopes: SIGNALS.iter().map(|s| envelope(s.name)).collect(),
    }
}

fn play(analysis: &Analysis, preset: &Preset, rate: &str) -> Timeline {
    let fps: FrameRate = rate.parse().expect("a frame rate");
    let span = Span::between(Seconds(0.0), analysis.duration, fps).expect("a span");
    compose(analysis, preset, &Overrides::default(), fps, span).expect("a timeline")
}

#[test]
fn shipped_presets_play_at_every_rate_inside_all_ranges() {
    let analysis = track();
    for (name, _) in shipped() {
        let preset = find(name).unwrap();
        assert!(!preset.about.is_empty(), "{name} says nothing about itself");
        for rate in RATES {
            let timeline = play(&analysis, &preset, rate);
            for param in PARAMS {
                let curve = timeline.curves.get(param);
                assert_eq!(curve.len() as u64, timeline.frames);
                let range = param.min as f32..=param.max as f32;
                assert!(curve.iter().all(|v| range.contains(v)), "{name} {rate} {}", param.name);
            }
            assert_eq!(timeline.prompts[0].start.0, 0);
        }
    }
}

#[test]
fn shipped_presets_play_a_track_without_beats_or_sections() {
    let mut analysis = track();
    analysis.tempo_bpm = None;
    (analysis.beats, analysis.downbeats, analysis.onsets, analysis.sections) = Default::default();
    for (name, _) in shipped() {
        let preset = find(name).unwrap();
        let timeline = play(&analysis, &preset, "24");
        // Words that change with the bars still do, at the tempo of a track in which none was heard.
        assert_eq!(timeline.prompts.len() == 1, preset.words.is_empty(), "{name}");
        assert!(timeline.cuts.is_empty(), "{name}");
    }
}

#[test]
fn another_frame_rate_moves_no_event_by_more_than_a_frame() {
    let analysis = track();
    for (name, _) in shipped() {
        let preset = find(name).unwrap();
        let fine = play(&analysis, &preset, "240");
        let times = |t: &Timeline| -> Vec<f64> {
            let starts = t.cuts.iter().copied().chain(t.prompts.iter().map(|p| p.start));
            starts.map(|f| t.fps.start_of(f).0).collect()
        };
        for rate in RATES {
            let coarse = play(&analysis, &preset, rate);
            let period = coarse.fps.period().0 + fine.fps.period().0;
            let (a, b) = (times(&fine), times(&coarse));
            assert_eq!(a.len(), b.len(), "{name} {rate}");
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= period), "{name} {rate}: {a:?} {b:?}");
        }
    }
}

#[test]
fn a_hit_is_seen_in_the_frame_that_shows_it() {
    let mut analysis = track();
    let toml = "[[prompt]]\ntext = \"x\"\n[[route]]\nsignal = \"kick\"\nto = \"flash\"\nrelease = 0.2\n";
    let preset = Preset::parse("test", toml).unwrap();
    for attack in ["", "attack = 0.1", "attack = \"0.5 beats\"\nhold = 0.05"] {
        let preset = Preset::parse("test", &format!("{toml}{attack}")).unwrap();
        for rate in RATES {
            for time in [3.0, 10.0105, 20.47].map(Seconds) {
                analysis.drums.kick = vec![Hit { time, strength: 1.0 }];
                let timeline = play(&analysis, &preset, rate);
                let flash = timeline.curves.get(ParamId::Flash);
                let first = flash.iter().position(|v| *v == 1.0);
                let shows = timeline.fps.frame_at(time) as usize;
                assert_eq!(first, Some(shows), "{rate} {time} {attack}");
            }
        }
    }
    let silent = play(&analysis, &preset, "12");
    let before = silent.fps.frame_at(Seconds(20.47)) as usize;
    assert!(silent.curves.get(ParamId::Flash)[..before].iter().all(|v| *v == 0.0));
}

/// Mean motion in frames with a beat and the frames after them, over that elsewhere; and the rank correlation
/// of motion with loudness: the two figures by which a finished video is measured.
fn follows(preset: &Preset) -> (f64, f64) {
    let analysis = track();
    let timeline = play(&analysis, preset, "12");
    let motion: Vec<f64> = timeline.curves.get(ParamId::MotionScale).iter().map(|v| f64::from(*v)).collect();
    let mut on_beat = vec![false; motion.len() + 1];
    for t in &analysis.beats {
        let frame = timeline.fps.frame_at(*t) as usize;
        on_beat[frame] = true;
        on_beat[frame + 1] = true;
    }
    let mean = |wanted: bool| {
        let chosen: Vec<f64> =
            (0..motion.len()).filter(|f| on_beat[*f] == wanted).map(|f| motion[f]).collect();
        chosen.iter().sum::<f64>() / chosen.len() as f64
    };
    let loudness = &analysis.envelopes["loudness"];
    let heard: Vec<f64> =
        (0..timeline.frames).map(|f| f64::from(loudness.at(Seconds((f as f64 + 0.5) / 12.0)))).collect();
    (mean(true) / mean(false), rank_correlation(&motion, &heard))
}

#[test]
fn pulse_moves_with_loudness_and_lifts_on_beats() {
    let (lift, loudness) = follows(&find("pulse").unwrap());
    assert!(lift > 1.2 && loudness > 0.7, "{lift} {loudness}");
}

/// What has no drums to follow (tide, sonata, nova) may be late for a beat, but not deaf.
#[test]
fn every_preset_moves_with_the_music_and_uses_the_range_of_speeds() {
    let analysis = track();
    for (name, _) in shipped() {
        let preset = find(name).unwrap();
        let (lift, loudness) = follows(&preset);
        let least = if ["tide", "sonata", "nova"].contains(name) { 0.95 } else { 1.1 };
        assert!(lift > least && loudness > 0.4, "{name}: lift {lift:.2}, loudness {loudness:.2}");
        let mut motion = play(&analysis, &preset, "12").curves.get(ParamId::MotionScale).to_vec();
        motion.sort_by(f32::total_cmp);
        let (slow, fast) = (motion[motion.len() / 20], motion[motion.len() * 19 / 20]);
        assert!(slow < 0.8 && (0.7..=2.0).contains(&fast), "{name}: from {slow:.2} to {fast:.2}");
    }
}

fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let ranks = |x: &[f64]| {
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by(|i, j| x[*i].total_cmp(&x[*j]));
        let mut rank = vec![0.0; x.len()];
        order.iter().enumerate().for_each(|(r, i)| rank[*i] = r as f64);
        rank
    };
    let middle = (a.len() - 1) as f64 / 2.0;
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - middle) * (y - middle)).sum::<f64>();
    let (a, b) = (ranks(a), ranks(b));
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

#[test]
fn wrong_presets_are_told_where_and_what() {
    const P: &str = "[[prompt]]\ntext = \"x\"\n";
    const R: &str = "[[route]]\nsignal = \"kick\"\nto = \"zoom\"\n";
    struct Case<'a>(&'a str, &'a [&'a str], &'a str, &'a str);
    for Case(what, parts, message, hint) in [
        Case("no prompt", &[R], "mine.toml: there is no prompt", "[[prompt]]"),
        Case("not TOML", &[P, "[base\n"], "mine.toml:3:", ""),
        Case(
            "unknown table",
            &["[bass]\n", P],
            "mine.toml:1:2: there is no key 'bass' here",
            "did you mean 'base'",
        ),
        Case(
            "unknown key",
            &[P, R, "amuont = 1\n"],
            "mine.toml:6:1: there is no key 'amuont' here",
            "'amount'",
        ),
        Case(
            "unknown base",
            &[P, "[base]\nmotion_scal = 1\n"],
            "mine.toml:4:1: there is no parameter",
            "motion_scale",
        ),
        Case(
            "out of range",
            &[P, "[base]\nzoom = 9\n"],
            "mine.toml:4:8: zoom = 9 is out of range",
            "from 0.5 to 4",
        ),
        Case("nan", &[P, "[base]\nzoom = nan\n"], "mine.toml:4:8: zoom = NaN", "from 0.5 to 4"),
        Case(
            "base of text",
            &[P, "[base]\nzoom = \"1\"\n"],
            "mine.toml:4:8: zoom has the wrong type (string)",
            "a number",
        ),
        Case(
            "switch of number",
            &[P, "[base]\nfinish = 1\n"],
            "finish has the wrong type (integer)",
            "\"on\"",
        ),
        Case("switch of text", &[P, "[base]\nfinish = \"of\"\n"], "finish can't be 'of'", "on or off"),
        Case(
            "unknown signal",
            &[P, "[[route]]\nsignal = \"kik\"\nto = \"zoom\"\n"],
            "mine.toml:4:10: there is no signal",
            "'kick'",
        ),
        Case(
            "unknown target",
            &[P, "[[route]]\nsignal = \"kick\"\nto = \"zom\"\n"],
            "mine.toml:5:6: there is no parameter",
            "'zoom'",
        ),
        Case(
            "no signal",
            &[P, "[[route]]\nto = \"zoom\"\n"],
            "mine.toml:3:1: 'signal' is missing",
            "signal =",
        ),
        Case("no text", &["[[prompt]]\nsection = \"A\"\n"], "mine.toml:1:1: 'text' is missing", "text ="),
        Case(
            "job target",
            &[P, "[[route]]\nsignal = \"kick\"\nto = \"drift_guard\"\n"],
            "no route can move it",
            "[base]",
        ),
        Case(
            "amount of text",
            &[P, R, "amount = \"big\"\n"],
            "mine.toml:6:10: amount has the wrong type (string)",
            "a number",
        ),
        Case("amount nan", &[P, R, "amount = nan\n"], "amount = NaN is out of range", "from -1000 to 1000"),
        Case("gate", &[P, R, "gate = 2\n"], "gate = 2 is out of range", "from 0 to 1"),
        Case("mode", &[P, R, "mode = \"mutliply\"\n"], "mode can't be 'mutliply'", "'multiply'"),
        Case("length unit", &[P, R, "attack = \"2 beets\"\n"], "mine.toml:6:10: '2 beets'", "'beats'"),
        Case("length sign", &[P, R, "attack = -1\n"], "-1 is not a length", "from 0"),
        Case("length nan", &[P, R, "attack = nan\n"], "NaN is not a length", "from 0"),
        Case("length type", &[P, R, "attack = true\n"], "attack has the wrong type (boolean)", "0.25 beats"),
        Case("too long", &[P, R, "release = 61\n"], "release is too long", "60 seconds"),
        Case("curve name", &[P, R, "curve = \"smoth\"\n"], "curve can't be 'smoth'", "'smooth'"),
        Case("curve power", &[P, R, "curve = 0\n"], "curve = 0 is out of range", "from 0.1 to 10"),
        Case("every on a kick", &[P, R, "every = 2\n"], "'kick' can't be counted", "beat"),
        Case(
            "every",
            &[P, "[[route]]\nsignal = \"bar\"\nto = \"hue\"\nevery = 1.5\n"],
            "every has the wrong type (float)",
            "whole",
        ),
        Case(
            "limits",
            &[P, R, "floor = 1\nceiling = 0\n"],
            "mine.toml:7:11: the ceiling lies below",
            "at least 1",
        ),
        Case(
            "two places",
            &[P, "section = \"A\"\nfrom = 1\n"],
            "mine.toml:4:8: this has either a section or a from",
            "two tables",
        ),
        Case(
            "value",
            &[P, "[[route]]\nvalue = \"0.9 + 0.3 * kik\"\nto = \"zoom\"\n"],
            "mine.toml:4:22: there is no 'kik'",
            "'kick'",
        ),
        Case(
            "value on lines",
            &[P, "[[route]]\nto = \"zoom\"\nvalue = '''\n  1 +\n  section'''\n"],
            "mine.toml:7:3: section is text",
            "section == 'B'",
        ),
        Case(
            "value and signal",
            &[P, R, "value = \"1\"\n"],
            "mine.toml:4:10: a route with a value has no signal",
            "saw(2 bars)",
        ),
        Case(
            "value of number",
            &[P, "[[route]]\nvalue = 1\nto = \"zoom\"\n"],
            "value has the wrong type",
            "text",
        ),
        Case("quantiles", &[P, R, "quantiles = [0.9, 0.1]\n"], "mine.toml:6:13: quantiles are", "[0.1, 0.9]"),
        Case("quantize", &[P, R, "quantize = \"0 beats\"\n"], "quantize is too short", "0.1"),
        Case("accumulate", &[P, R, "accumulate = 1\n"], "accumulate has the wrong type", "true or false"),
        Case(
            "curve called like a signal",
            &[P, "[[curve]]\nname = \"kick\"\npoints = [[0, 1]]\n"],
            "mine.toml:4:8: a curve can't be called 'kick'",
            "signal's",
        ),
        Case(
            "curve points",
            &[P, "[[curve]]\nname = \"x\"\npoints = [[\"2 beets\", 1]]\n"],
            "mine.toml:5:10: points are pairs",
            "8 bars",
        ),
        Case(
            "curve ease",
            &[P, "[[curve]]\nname = \"x\"\npoints = [[0, 1]]\nease = \"stepp\"\n"],
            "ease can't be 'stepp'",
            "'step'",
        ),
        Case(
            "braces",
            &["[[prompt]]\ntext = \"neon {scen}\"\n[words.scene]\nevery = 1\nlist = [\"a\"]\n"],
            "mine.toml:2:14: {scen} is not defined",
            "{scene}",
        ),
        Case("words", &[P, "[words.scene]\nevery = \"4 bars\"\n"], "'list' is missing", "list ="),
        Case("other words", &[P, "[words.scene.section]\nA = \"x\"\n"], "'other' is missing", "other ="),
        Case("weight", &["[[prompt]]\ntext = \"(neon:9)\"\n"], "the weight 9 is out of range", "0 to 2"),
        Case("ease", &[P, "ease = \"2 beets\"\n"], "'2 beets'", "'beats'"),
        Case("blend", &["blend = \"slurp\"\n", P], "blend can't be 'slurp'", "'slerp'"),
        Case(
            "what this job lacks",
            &[P, "[base]\nlora.smoke = 1\n"],
            "mine.toml:4:6: there is no parameter 'lora.smoke': this job has no LoRA",
            "name one with --lora",
        ),
        Case("cuts", &[P, "[cuts]\non = \"sections\"\n"], "on can't be 'sections'", "'section'"),
        Case("cut bars", &[P, "[cuts]\non = \"bars:0\"\n"], "can't be on 'bars:0'", "bars:1"),
    ] {
        let error = Preset::parse("mine.toml", &parts.concat()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{what}");
        assert!(error.to_string().contains(message), "{what}: {error}");
        assert!(error.hints().concat().contains(hint), "{what}: {error} {:?}", error.hints());
    }
}

#[test]
fn the_documented_example_is_a_preset() {
    let source = include_str!("../src/score/preset.rs");
    let example: Vec<&str> = source
        .lines()
        .skip_while(|l| !l.contains("```toml"))
        .skip(1)
        .take_while(|l| !l.contains("```"))
        .map(|l| l.trim_start_matches("//!"))
        .collect();
    let preset = Preset::parse("example", &example.join("\n")).unwrap();
    assert_eq!((preset.routes.len(), preset.prompts.len(), preset.words.len()), (1, 1, 1));
}

#[test]
fn oversized_presets_are_refused() {
    let prompt = "[[prompt]]\ntext = \"x\"\n";
    let parse = |text: String| Preset::parse("mine.toml", &text).unwrap_err().to_string();
    assert!(parse("#".repeat(beatbolt::score::MAX_FILE_BYTES + 1)).contains("too long"));
    let route = "[[route]]\nsignal = \"kick\"\nto = \"zoom\"\n";
    assert!(parse(prompt.to_owned() + &route.repeat(201)).contains("201 [[route]] tables are too many"));
    assert!(parse(prompt.repeat(501)).contains("too many"));
    assert!(parse(format!("[[prompt]]\ntext = \"{}\"\n", "é".repeat(2001))).contains("text is too long"));
}

#[test]
fn there_are_sixteen_presets_that_say_what_they_are_for_and_show_different_things() {
    assert!(shipped().len() >= 16);
    let mut shown = BTreeSet::new();
    for (name, text) in shipped() {
        assert!(text.starts_with("# Made for "), "{name}");
        assert!(text.contains("\n# Listens to: "), "{name}");
        assert!(shown.insert(find(name).unwrap().prompts[0].text.clone()), "{name} looks like another one");
    }
}

/// The sum of two drums, noise that swells, and a chord, `gain` times as loud.
fn analyzed(gain: f32) -> Analysis {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("track.wav");
    let (bits_per_sample, sample_format) = (32, hound::SampleFormat::Float);
    let spec = hound::WavSpec { channels: 1, sample_rate: 22_050, bits_per_sample, sample_format };
    let mut wav = hound::WavWriter::create(&path, spec).unwrap();
    for i in 0..22_050 * 8_u32 {
        let t = f64::from(i) / 22_050.0;
        let (beat, off) = (t % 0.5, (t + 0.25) % 0.5);
        let kick = (-beat * 30.0).exp() * (beat * 380.0).sin();
        let hat = (-off * 90.0).exp() * (t * 40_000.0).sin();
        let chord = (0.5 + 0.4 * t.sin()) * ((t * 2765.0).sin() + (t * 3483.0).sin());
        wav.write_sample(gain * (0.25 * kick + 0.06 * hat + 0.04 * chord) as f32).unwrap();
    }
    wav.finalize().unwrap();
    beatbolt::audio::analyze(&path, &beatbolt::progress::Silent).unwrap()
}

#[test]
fn a_track_that_is_6_db_louder_changes_no_curve() {
    let (quiet, loud) = (analyzed(1.0), analyzed(2.0));
    for (name, _) in shipped() {
        let preset = find(name).unwrap();
        let (a, b) = (play(&quiet, &preset, "12"), play(&loud, &preset, "12"));
        assert_eq!((&a.prompts, &a.cuts), (&b.prompts, &b.cuts), "{name}");
        for param in PARAMS {
            let allowed = 0.01 * (param.max - param.min) as f32;
            let pairs = a.curves.get(param).iter().zip(b.curves.get(param));
            assert!(pairs.clone().all(|(a, b)| (a - b).abs() <= allowed), "{name} {}", param.name);
        }
    }
}

#[test]
fn an_unknown_preset_is_told_the_nearest() {
    assert_eq!(find("puls").unwrap_err().hints(), ["did you mean 'pulse'?"]);
    assert!(find("zebra").unwrap_err().hints()[0].contains("pulse, tide, ember, prism, warp"));
}

#[test]
fn tables_name_everything() {
    let (params, signals) = (param_table(), signal_table());
    // The name comes last, or where the star is.
    let shown = |prefix: &str| match prefix.contains('*') {
        true => prefix.replace('*', "NAME"),
        false => format!("{prefix}.NAME"),
    };
    assert!(SLOT_KINDS.iter().all(|k| slot_table().contains(&format!("| {} ", shown(k.prefix)))));
    assert!(PARAMS.iter().all(|p| params.contains(&*p.name) && params.contains(p.effect)));
    assert!(FUNCTIONS.iter().all(|f| function_table().contains(f.usage)));
    assert!(SIGNALS.iter().all(|s| signals.contains(s.name) && signals.contains(s.about)));
}

/// The names of the keys that the parser knows in the table around `line`.
fn known(text: &str) -> BTreeSet<String> {
    listed(&Preset::parse("x", text).unwrap_err()).unwrap_or_else(|| known_to_projects(text))
}

fn known_to_projects(text: &str) -> BTreeSet<String> {
    let choices = Choices { profiles: &[], audio: &[], tiers: &[] };
    let error = Project::parse("x", text, &choices, &mut |_: &str| Ok(String::new())).unwrap_err();
    listed(&error).unwrap_or_else(|| panic!("{text}: {error}"))
}

/// The keys that the error for an unknown one lists.
fn listed(error: &Error) -> Option<BTreeSet<String>> {
    let keys = error.hints().iter().find_map(|hint| hint.strip_prefix("the keys here are "))?;
    Some(keys.split(", ").map(str::to_owned).collect())
}

#[test]
fn the_schema_has_the_keys_that_the_parser_has() {
    let project = known_to_projects;
    for table in TABLES {
        let parsed = match table.name {
            "preset" => known("zzz = 1"),
            "route" => known("[[route]]\nzzz = 1"),
            "curve" => known("[[curve]]\nzzz = 1"),
            "prompt" => known("[[prompt]]\nzzz = 1"),
            "words" => known("[words.a]\nzzz = 1"),
            "layer" => known("[[layer]]\nzzz = 1"),
            "cuts" => known("[cuts]\nzzz = 1"),
            "lora" => known("[[lora]]\nzzz = 1"),
            "control" => known("[[control]]\nzzz = 1"),
            "project" => project("zzz = 1"),
            "part" => project("[[part]]\nzzz = 1"),
            "takes" => project("[cuts]\nzzz = 1"),
            "hearing" => project("[hearing]\nzzz = 1"),
            "section" => project("[[hearing.section]]\nzzz = 1"),
            other => panic!("what is {other}?"),
        };
        let written: BTreeSet<String> = table.keys.iter().map(|k| k.name.to_owned()).collect();
        assert_eq!(written, parsed, "{}", table.name);
    }
}

/// Made anew with `beatbolt presets --schema preset`, `--schema project` and `--params`.
#[test]
fn schema_files_and_reference_are_those_of_the_program() {
    let file = |name: &str| {
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("presets").join(name))
            .unwrap()
    };
    for name in ["preset", "project"] {
        let stored: serde_json::Value = serde_json::from_str(&file(&format!("{name}.schema.json"))).unwrap();
        assert_eq!(stored, json_schema(name), "{name}");
    }
    assert_eq!(file("REFERENCE.md").trim_end(), reference().trim_end());
}

/// Whether a name of a slot, or the part behind the dot, is as the pattern says; other patterns let everything pass.
fn matches(pattern: &str, text: &str) -> bool {
    let ends = pattern.strip_prefix('^').and_then(|p| p.strip_suffix('$'));
    let Some((before, behind)) = ends.and_then(|p| p.split_once("[A-Za-z0-9_-]{1,64}")) else { return true };
    // Dots, and one choice in parentheses.
    let written = |part: &str| -> Vec<String> {
        let part = part.replace("\\.", ".");
        let Some((head, rest)) = part.split_once('(') else { return vec![part] };
        let (choices, tail) = rest.split_once(')').unwrap();
        choices.split('|').map(|choice| format!("{head}{choice}{tail}")).collect()
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let is_name = |name: &str| (1..=64).contains(&name.len()) && name.chars().all(fits);
    let behinds = written(behind);
    written(before)
        .iter()
        .filter_map(|before| text.strip_prefix(before.as_str()))
        .any(|rest| behinds.iter().filter_map(|behind| rest.strip_suffix(behind.as_str())).any(is_name))
}

/// What a JSON Schema allows, as far as ours goes.
fn allows(schema: &serde_json::Value, root: &serde_json::Value, value: &serde_json::Value) -> bool {
    use serde_json::Value;
    if let Some(name) = schema["$ref"].as_str() {
        return allows(&root["$defs"][name.rsplit('/').next().unwrap()], root, value);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        return any.iter().any(|s| allows(s, root, value));
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.contains(value);
    }
    let kind = match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        _ => "number",
    };
    let types = &schema["type"];
    let named = |t: &Value| t == kind || t == "integer" && value.is_i64();
    if !(named(types) || types.as_array().is_some_and(|list| list.iter().any(named))) {
        return false;
    }
    let within = |key: &str, fits: fn(f64, f64) -> bool| match (schema[key].as_f64(), value.as_f64()) {
        (Some(limit), Some(x)) => fits(x, limit),
        _ => true,
    };
    let inner = match value {
        Value::Object(map) => map.iter().all(|(key, inner)| {
            let by_pattern =
                || schema["patternProperties"].as_object()?.iter().find(|(p, _)| matches(p, key));
            let property = schema["properties"].get(key).or_else(|| Some(by_pattern()?.1));
            match property {
                Some(property) => allows(property, root, inner),
                None => {
                    schema["additionalProperties"].is_object()
                        && allows(&schema["additionalProperties"], root, inner)
                }
            }
        }),
        Value::String(text) => schema["pattern"].as_str().is_none_or(|pattern| matches(pattern, text)),
        Value::Array(list) if schema["items"].is_object() && schema["items"].get("prefixItems").is_none() => {
            list.iter().all(|inner| allows(&schema["items"], root, inner))
        }
        _ => true,
    };
    inner && within("minimum", |x, least| x >= least) && within("maximum", |x, most| x <= most)
}

#[test]
fn the_schema_allows_every_shipped_preset_and_refuses_typos() {
    let schema = json_schema("preset");
    let value = |text: &str| toml::from_str::<serde_json::Value>(text).unwrap();
    for (name, text) in shipped() {
        assert!(allows(&schema, &schema, &value(text)), "{name}");
    }
    // Which slots a job has is not the schema's to know.
    for slot in [
        "[base]\nlora.smoke = -1",
        "[base]\n\"control.b\" = 1",
        "[[route]]\nto = \"prompt.a-1\"",
        "[base]\nlayer.words.opacity = 0.5",
        "[[route]]\nto = \"layer.a-1.x\"",
    ] {
        assert!(allows(&schema, &schema, &value(slot)), "{slot}");
    }
    for wrong in [
        "[base]\nzom = 1",
        "[base]\nzoom = 9",
        "[[route]]\nto = \"finish\"",
        "[base]\n\"lara.smoke\" = 1",
        "[base]\nlora.\"a b\" = 1",
        "[base]\nlora.smoke = 9",
        "[[route]]\nto = \"lora.\"",
        "[[route]]\nto = \"layer.a.z\"",
        "[[route]]\nto = \"layer.a\"",
        "[base]\nlayer.words.opacity = 2",
        "[base]\nlayer.words.opacty = 1",
        "[[prompt]]\ntxt = \"x\"",
        "blend = \"mix\"",
    ] {
        assert!(!allows(&schema, &schema, &value(wrong)), "{wrong}");
    }
}

proptest! {
    /// A shipped preset with a stretch of it replaced by anything: an error or a preset that plays, never a panic.
    #[test]
    fn damaged_presets_never_panic(
        which in 0..shipped().len(),
        at in any::<prop::sample::Index>(),
        cut in 0..40_usize,
        new in "[-a-z0-9.\\[\\]=\"\n é{}():*+/^']{0,12}",
    ) {
        let text: Vec<char> = shipped()[which].1.chars().collect();
        let from = at.index(text.len());
        let (head, tail) = (&text[..from], &text[(from + cut).min(text.len())..]);
        let text: String = head.iter().copied().chain(new.chars()).chain(tail.iter().copied()).collect();
        if let Ok(preset) = Preset::parse("damaged.toml", &text) {
            play(&track(), &preset, "12");
        }
    }

    /// Any times in the analysis, sorted or not: values stay inside their ranges.
    #[test]
    fn odd_analyses_never_panic(
        times in prop::collection::vec(prop::num::f64::ANY, 0..12),
        tempo in prop::option::of(prop::num::f64::ANY),
        which in 0..shipped().len(),
    ) {
        let mut analysis = track();
        analysis.tempo_bpm = tempo;
        analysis.beats = times.iter().copied().map(Seconds).collect();
        analysis.downbeats = times.iter().rev().copied().map(Seconds).collect();
        let sections = analysis.sections.iter_mut().zip(times.chunks(2));
        sections.for_each(|(s, t)| (s.start, s.end) = (Seconds(t[0]), Seconds(t[t.len() - 1])));
        let timeline = play(&analysis, &find(shipped()[which].0).unwrap(), "12");
        for param in PARAMS {
            let range = param.min as f32..=param.max as f32;
            assert!(timeline.curves.get(param).iter().all(|v| range.contains(v)), "{}", param.name);
        }
    }
}
