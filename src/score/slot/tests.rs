//! Slots of a job: named, refused and played.

use super::*;
use crate::score::{Choices, Overrides, ParamId, Preset, Project, Show, Span, Timeline, find, fixture};
use crate::units::{FrameRate, GeneratedFrame, Seconds};

const PROMPT: &str = "[[prompt]]\ntext = \"x\"\n";

/// A job with the LoRAs `neon` and `smoke-2`.
fn job() -> Slots {
    Slots::new([(SlotKind::Lora, "smoke-2"), (SlotKind::Lora, "neon")]).unwrap()
}

/// `toml` played for a job with these slots, 16 seconds at 12 frames a second.
fn play(slots: &Slots, toml: &str, set: &[&str]) -> Timeline {
    let preset = Preset::parse_for("test", &format!("{PROMPT}{toml}"), slots).unwrap();
    let set = set.iter().map(|text| slots.setting(text).unwrap()).collect();
    of_show(&Show::of(preset), &Overrides { set, ..Overrides::default() })
}

fn of_show(show: &Show, overrides: &Overrides) -> Timeline {
    let (fps, span) = (FrameRate::new(12, 1).unwrap(), Span { start: Seconds(0.0), frames: 192 });
    show.play(&fixture(16.0), overrides, fps, span).unwrap()
}

#[test]
fn names_are_letters_digits_and_a_few_signs_and_unique_in_their_kind() {
    let made = |names: &[(SlotKind, &str)]| Slots::new(names.iter().copied());
    let (lora, control) = (SlotKind::Lora, SlotKind::Control);
    for wrong in ["", "a b", "a.b", "é", "a\n", "a=1", &"a".repeat(65)] {
        let error = made(&[(lora, wrong)]).unwrap_err();
        assert!(error.to_string().contains("a LoRA can't be called"), "{error}");
    }
    let twice = made(&[(lora, "a"), (lora, "b"), (lora, "a")]).unwrap_err();
    assert!(twice.to_string().contains("a LoRA called 'a' already"), "{twice}");
    let slots =
        made(&[(lora, &"a".repeat(64)), (control, "Z_9-z"), (lora, "Z_9-z"), (lora, "z_9-z")]).unwrap();
    let names: Vec<&str> = slots.iter().map(|p| &*p.name).collect();
    assert_eq!(names, ["control.Z_9-z", "lora.Z_9-z", &format!("lora.{}", "a".repeat(64)), "lora.z_9-z"]);
    assert!(NAME.ends_with(&format!("{{1,{MAX_NAME}}}")));
}

#[test]
fn a_slot_has_the_range_and_the_default_of_its_kind() {
    for row in SLOT_KINDS {
        let (min, default, max) = row.range;
        assert!(
            (min..=max).contains(&default)
                && min < max
                && row.around().0.chars().all(|c| c.is_ascii_lowercase())
        );
        assert!(TABLE.iter().all(|p| p.name != row.prefix));
    }
    let neon = job().find("lora.neon").unwrap();
    assert_eq!((neon.min, neon.default, neon.max, neon.rate), (-2.0, 1.0, 2.0, Rate::Frame));
}

#[test]
fn settings_are_read() {
    let slots = job();
    let read = |t: &str| slots.setting(t).map(|s| (s.param.name.to_string(), s.value)).unwrap();
    for (text, name, value) in [
        ("motion_scale=1.2", "motion_scale", 1.2),
        (" denoise = 0.05 ", "denoise", 0.05),
        ("finish=off", "finish", 0.0),
        ("hue=-90", "hue", -90.0),
        ("lora.neon=-0.5", "lora.neon", -0.5),
        (" lora.smoke-2 = 2", "lora.smoke-2", 2.0),
    ] {
        assert_eq!(read(text), (name.to_owned(), value));
    }
}

#[test]
fn wrong_settings_say_what_would_be_right() {
    struct Case(&'static str, &'static str, &'static str);
    let slots = job();
    for Case(text, message, hint) in [
        Case("motionscale=1", "no parameter 'motionscale'", "did you mean 'motion_scale'"),
        Case("zebra=1", "no parameter 'zebra'", "motion_scale, denoise"),
        Case("zoom=9", "zoom = 9 is out of range", "from 0.5 to 4"),
        Case("zoom=nan", "out of range", "from 0.5 to 4"),
        Case("zoom=inf", "out of range", "from 0.5 to 4"),
        Case("zoom=big", "zoom can't be 'big'", "from 0.5 to 4"),
        Case("roll=720", "roll = 720", "degrees"),
        Case("finish=2", "finish can't be '2'", "on or off"),
        Case("zoom", "--set zoom needs a value", "NAME=VALUE"),
        Case("", "needs a value", "NAME=VALUE"),
        Case("lora.neon=2.1", "lora.neon = 2.1 is out of range", "from -2 to 2"),
        Case("lora.noen=1", "no parameter 'lora.noen'", "did you mean 'lora.neon'"),
        Case("lora.zebra=1", "no parameter 'lora.zebra'", "this job has lora.neon, lora.smoke-2"),
        Case("lora=1", "no parameter 'lora'", "this job has lora.neon"),
        Case("laro.neon=1", "no parameter 'laro.neon'", "did you mean 'lora.neon'"),
        Case("control.depth=1", "this job has no control", "--control"),
        Case("prompt.b=1", "this job has no named prompt", "can't have names yet"),
    ] {
        let error = slots.setting(text).unwrap_err();
        assert!(error.to_string().contains(message), "{text}: {error}");
        assert!(error.hints().concat().contains(hint), "{text}: {:?}", error.hints());
    }
    let none = parse_set("lora.neon=1").unwrap_err();
    assert!(none.to_string().ends_with("there is no parameter 'lora.neon': this job has no LoRA"), "{none}");
    assert_eq!(none.hints(), ["name one with --lora, in a [[lora]], or in a prompt: <lora:NAME:0.7>"]);
}

/// A preset for another job is told by place and name what this one lacks.
#[test]
fn a_preset_that_names_what_the_job_lacks_is_refused_by_line_and_column() {
    for (toml, message) in [
        ("[base]\nlora.noen = 1\n", "p:4:6: there is no parameter 'lora.noen'"),
        ("[base]\nlora.neon = 1\nlora.noen = 1\n", "p:5:6: there is no parameter 'lora.noen'"),
        ("[base]\n\"lora.noen\" = 1\n", "p:4:1: there is no parameter 'lora.noen'"),
        ("[base.lora]\nneon = 1\nnoen = 1\n", "p:5:1: there is no parameter 'lora.noen'"),
        ("[base]\nlora = { neon = 1, noen = 1 }\n", "p:4:20: there is no parameter 'lora.noen'"),
        ("[base]\nlora = 1\n", "p:4:1: there is no parameter 'lora'"),
        ("[base]\nlora.neon = 3\n", "p:4:13: lora.neon = 3 is out of range"),
        ("[base]\nlora.neon = \"a\"\n", "p:4:13: lora.neon has the wrong type (string)"),
        ("[base]\nlora.neon.a = 1\n", "lora.neon has the wrong type (table)"),
        ("[base]\nzoom.neon = 1\n", "zoom has the wrong type (table)"),
        ("[base]\nlora.neon = 1\n\"lora.neon\" = 1\n", "lora.neon is set twice"),
        ("[[route]]\nsignal = \"kick\"\nto = \"lora.noen\"\n", "p:5:6: there is no parameter 'lora.noen'"),
        (
            "[[route]]\nsignal = \"kick\"\nto = \"control.a\"\nbypass = true\n",
            "p:5:6: there is no parameter 'control.a'",
        ),
    ] {
        let error = Preset::parse_for("p", &format!("{PROMPT}{toml}"), &job()).unwrap_err();
        assert!(error.to_string().contains(message), "{toml}: {error}");
    }
    let lacking = format!("{PROMPT}[[route]]\nsignal = \"kick\"\nto = \"lora.neon\"\n");
    assert!(Preset::parse_for("p", &lacking, &job()).is_ok());
    assert!(Preset::parse("p", &lacking).unwrap_err().to_string().contains("this job has no LoRA"));
}

#[test]
fn a_project_checks_its_own_settings_and_its_presets() {
    let choices = Choices { profiles: &[], tiers: &[], audio: &[] };
    let mine = format!("{PROMPT}[base]\nlora.smoke-2 = 0.25\n");
    let parse = |slots: &Slots, text: &str| {
        let text = format!("track = \"a.wav\"\n{text}");
        Project::parse_for("v", &text, &choices, slots, &mut |_: &str| Ok(mine.clone()))
    };
    let text = "preset = \"mine.toml\"\n[set]\nlora.neon = -1\n[[part]]\nfrom = 8\npreset = \"tide\"\nset = { lora.smoke-2 = 2 }\n";
    let timeline = of_show(&parse(&job(), text).unwrap().show, &Overrides::default());
    let smoke = job().find("lora.smoke-2").unwrap();
    assert!((0..192).all(|f| timeline.value(&smoke, GeneratedFrame(f)) == if f < 96 { 0.25 } else { 2.0 }));
    assert!(timeline.curves.get(job().find("lora.neon").unwrap()).iter().all(|v| *v == -1.0));
    // What no preset of the project names has its default, and so it has where the program's own preset is played.
    let shipped = of_show(&parse(&job(), "").unwrap().show, &Overrides::default());
    assert_eq!(shipped.curves.get(&smoke), [1.0; 192]);
    for (text, message) in [
        ("[set]\nlora.noen = 1\n", "v:3:6: there is no parameter 'lora.noen'"),
        ("[[part]]\nfrom = 1\nset = { lora.noen = 1 }\n", "v:4:14: there is no parameter 'lora.noen'"),
        ("[set]\nlora.neon = 1\n\"lora.neon\" = 1\n", "lora.neon is set twice"),
    ] {
        let error = parse(&job(), text).unwrap_err();
        assert!(error.to_string().contains(message), "{text}: {error}");
    }
    let other = Slots::new([(SlotKind::Lora, "neon")]).unwrap();
    let error = parse(&other, "preset = \"mine.toml\"\n").unwrap_err();
    assert!(error.to_string().contains("mine.toml:4:6: there is no parameter 'lora.smoke-2'"), "{error}");
}

/// Base, additions, factors, expressions and what is held, as for every other parameter.
#[test]
fn slots_are_played_as_the_table_is() {
    let slots =
        Slots::new([(SlotKind::Lora, "a"), (SlotKind::Control, "b"), (SlotKind::Prompt, "c")]).unwrap();
    let toml = "[base]\nlora.a = 0.5\n[[route]]\nsignal = \"one\"\nto = \"lora.a\"\namount = 0.25\n\
                [[route]]\nsignal = \"one\"\nto = \"lora.a\"\nmode = \"multiply\"\namount = -1\n\
                [[route]]\nvalue = \"(section == 'B') * 5\"\nto = \"control.b\"\n";
    let [a, b, c] = ["lora.a", "control.b", "prompt.c"].map(|name| slots.find(name).unwrap());
    let played = play(&slots, toml, &[]);
    assert_eq!(played.curves.get(&a), [-0.75; 192]);
    // The fixture's sections are A, B, A, B of 4 s; 1 + 5 lies beyond the range.
    assert!(
        (0..192).all(|f| played.value(&b, GeneratedFrame(f)) == if (f / 48) % 2 == 0 { 1.0 } else { 2.0 })
    );
    assert_eq!(played.curves.get(&c), [1.0; 192]);
    let held = play(&slots, toml, &["control.b=0.5", "lora.a=1", "lora.a=2"]);
    assert!(held.curves.get(&b).iter().all(|v| *v == 0.5) && held.curves.get(&a).iter().all(|v| *v == 2.0));
    assert_eq!((held.value(&a, GeneratedFrame(500)), held.curves.slots()), (2.0, slots.clone()));
    // A part of the track has the whole's values.
    assert_eq!(played.values(&b, &(GeneratedFrame(40)..GeneratedFrame(56))), &played.curves.get(&b)[40..56]);
}

#[test]
fn slots_change_no_other_curve_and_what_a_job_lacks_has_its_default() {
    let toml = "[base]\nzoom = 1.5\n[[route]]\nsignal = \"kick\"\nto = \"exposure\"\nrelease = 0.3\n";
    let (without, with) = (play(&Slots::default(), toml, &[]), play(&job(), toml, &["lora.neon=0"]));
    for (param, curve) in without.curves.iter() {
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(curve), bits(with.curves.get(&param)), "{}", param.name);
    }
    assert_eq!(with.curves.iter().count(), without.curves.iter().count() + 2);
    let neon = job().find("lora.neon").unwrap();
    assert_eq!((without.value(&neon, GeneratedFrame(7)), with.value(&neon, GeneratedFrame(7))), (1.0, 0.0));
    assert!(
        without.curves.get(&neon).is_empty()
            && without.values(&neon, &(GeneratedFrame(0)..GeneratedFrame(9))).is_empty()
    );
}

/// What was set for a job is played even where no preset was read for its slots.
#[test]
fn a_held_slot_is_never_dropped() {
    let set = vec![job().setting("lora.neon=0.5").unwrap()];
    let show = Show::of(find("pulse").unwrap());
    let timeline = of_show(&show, &Overrides { set: set.clone(), ..Overrides::default() });
    assert!(timeline.curves.get(&set[0].param).iter().all(|v| *v == 0.5));
    let timeline = of_show(&Show { set: set.clone(), ..show }, &Overrides::default());
    assert_eq!(
        (
            timeline.value(&set[0].param, GeneratedFrame(191)),
            timeline.value(ParamId::Finish, GeneratedFrame(191))
        ),
        (0.5, 1.0)
    );
}
