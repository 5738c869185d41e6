use super::*;
use crate::error::ErrorKind;
use crate::score::{CutOn, Place};
use proptest::prelude::{any, prop, proptest};

const CHOICES: Choices = Choices {
    profiles: &["h264", "h265", "av1", "vp9", "prores", "ffv1", "gif", "png"],
    audio: &["copy", "alac", "flac", "aac"],
    tiers: &["draft", "develop", "final"],
};

/// Reads a project out of files that are given as (path, text), the first one being the project.
fn parse(files: &[(&str, &str)]) -> Result<Project> {
    let mut read = |path: &str| {
        let found = files.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| Error::input(format!("no file {path}")))
    };
    Project::parse(files[0].0, files[0].1, &CHOICES, &mut read)
}

fn example() -> String {
    let text = include_str!("mod.rs");
    let lines =
        text.lines().skip_while(|l| !l.contains("```toml")).skip(1).take_while(|l| !l.contains("```"));
    lines.map(|l| l.trim_start_matches("//!")).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_in_the_documentation_is_a_project() {
    let looks = "[variables]\nmood = \"grey\"\n[set]\nglow = 0.1\n";
    let project = parse(&[("video.toml", &example()), ("looks.toml", looks)]).unwrap();
    assert_eq!(
        (project.track.as_str(), project.seed, project.size),
        ("song.flac", Some(1), "1280x720".parse().ok())
    );
    let show = &project.show;
    assert_eq!((show.looks.len(), show.parts.len(), show.prompts.len(), show.words.len()), (2, 1, 1, 1));
    // What stands in the project wins over what it includes.
    assert_eq!(show.looks[1].prompt.as_deref(), Some("golden waves"));
    assert_eq!(show.set.last().map(|s| s.value), Some(0.2));
    assert_eq!(show.parts[0].place, Place::Section("B".into()));
    assert_eq!(show.cuts.map(|c| c.on), Some(CutOn::Section));
    assert_eq!(show.cut_at, [Length::Seconds(60.0), Length::Bars(64.0)]);
    assert_eq!(project.files.keys().collect::<Vec<_>>(), ["looks.toml", "video.toml"]);
}

#[test]
fn a_tempo_takes_the_place_of_an_included_list_of_beats() {
    let text = "include = [\"a.toml\"]\ntrack = \"a.wav\"\n[hearing]\nbpm = 128\n";
    let project =
        parse(&[("video.toml", text), ("a.toml", "[hearing]\nbeats_file = \"taps.txt\"\n")]).unwrap();
    assert_eq!((project.hearing.bpm, project.hearing.beats_file), (Some(128.0), None));
}

#[test]
fn alike_looks_are_one_and_variables_reach_every_text() {
    let text = "track = \"${file}.flac\"\nsize = \"${w}x${w}\"\nfps = \"${rate}\"\n[variables]\nfile = \"a b\"\n\
                w = 256\nrate = 12.5\n[[part]]\nsection = \"A\"\npreset = \"tide\"\n[[part]]\nfrom = 5\npreset = \"tide\"\n\
                [[part]]\nto = 2\npreset = \"pulse\"\n";
    let project = parse(&[("video.toml", text)]).unwrap();
    assert_eq!((project.track.as_str(), project.size), ("a b.flac", "256x256".parse().ok()));
    assert_eq!(project.fps.map(|f| f.to_string()).as_deref(), Some("25/2"));
    let parts: Vec<usize> = project.show.parts.iter().map(|p| p.look).collect();
    assert_eq!((project.show.looks.len(), parts), (2, vec![1, 1, 0]));
}

#[test]
fn a_preset_of_the_project_is_one_of_its_files() {
    let own = "[[prompt]]\ntext = \"mine\"\n";
    let text = "track = \"a.wav\"\npreset = \"looks/own.toml\"\n";
    let project = parse(&[("video.toml", text), ("looks/own.toml", own)]).unwrap();
    assert_eq!(project.show.looks[0].preset.prompts[0].text, "mine");
    assert!(project.files.contains_key("looks/own.toml"));
    let wrong = parse(&[("video.toml", text), ("looks/own.toml", "[[promt]]\n")]).unwrap_err();
    assert!(wrong.to_string().contains("looks/own.toml:1:"), "{wrong}");
}

#[test]
fn wrong_projects_are_told_file_line_and_what_would_be_right() {
    struct Case(&'static str, &'static str, &'static str);
    for Case(text, message, hint) in [
        Case("", "there is no track", "track ="),
        Case("trak = \"a\"", "video.toml:1:1", "did you mean 'track'"),
        Case("track = 3", "video.toml:1:9", "text in quotes"),
        Case("track = \"../a.wav\"", "leads out of", "inside the project's folder"),
        Case("track = \"a/../../b\"", "leads out of", "inside"),
        Case("track = \"/etc/passwd\"", "is not relative", "inside"),
        Case("track = \"C:\\\\a.wav\"", "is not relative", "inside"),
        Case("track = \"~/a.wav\"", "is not relative", "inside"),
        Case("track = \"a\\u0000b\"", "is not a path", "inside"),
        Case("track = \"./a\"", "not written plainly", "inside"),
        Case("track = \"..\\\\a\"", "leads out of", "inside"),
        Case("profile = \"h265x\"", "profile can't be 'h265x'", "did you mean 'h265'"),
        Case("tier = \"fine\"", "tier can't be 'fine'", "did you mean 'final'"),
        Case("steps = 0", "steps can't be 0", "from 1 to 200"),
        Case("seed = -1", "seed can't be -1", "whole number"),
        Case("size = \"1281x720\"", "not a picture size", "even numbers"),
        Case("fps = \"fast\"", "not a frame rate", "like 12"),
        Case("preset = \"puls\"", "no preset 'puls'", "did you mean 'pulse'"),
        Case("preset = \"gone.toml\"", "no file gone.toml", ""),
        Case("preset = \"../x.toml\"", "leads out", "inside"),
        Case("include = \"a.toml\"", "list of files", "include ="),
        Case("include = [\"video.toml\"]", "includes itself", "take this include out"),
        Case("include = [\"/a.toml\"]", "is not relative", "inside"),
        Case("[set]\nzoom = 9", "video.toml:2:", "from 0.5 to 4"),
        Case("[set]\nzom = 1", "no parameter 'zom'", "did you mean 'zoom'"),
        Case("[[part]]\npreset = \"tide\"", "no place", "section ="),
        Case("[[part]]\nsection = \"A\"\nfrom = 3", "either a section or a from", "two tables"),
        Case("[[part]]\nfrom = 3\nto = 2", "does not come after", "start of the track"),
        Case("[[part]]\nfrom = 3\npreset = \"tid\"", "no preset 'tid'", "did you mean 'tide'"),
        Case("[[part]]\nfrom = 3\ncut = 1", "cut has the wrong type", "true or false"),
        Case("[[part]]\nfrom = 3\nset = { finish = \"off\" }", "whole video", "[set]"),
        Case(
            "[[part]]\nfrom = 3\npresets = \"tide\"",
            "there is no key 'presets' here",
            "did you mean 'preset'",
        ),
        Case("[[prompt]]\ntext = \"{color} x\"", "is not defined", "[words.color]"),
        Case("[cuts]\non = \"sections\"", "on can't be 'sections'", "did you mean 'section'"),
        Case("[cuts]\nat = 3", "list of places", "64 bars"),
        Case("[cuts]\nat = [\"3 bers\"]", "not a length", "did you mean 'bars'"),
        Case("track = \"${nam}\"\n[variables]\nname = \"a\"", "no variable 'nam'", "did you mean 'name'"),
        Case("[variables]\n\"a b\" = \"x\"", "letters, digits and _", "mood"),
        Case("[variables]\na = [1]", "text or a number", "mood"),
    ] {
        let error = parse(&[("video.toml", text)]).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Usage, "{text}: {error}");
        assert!(error.to_string().contains(message), "{text}: {error}");
        assert!(error.hints().concat().contains(hint), "{text}: {:?}", error.hints());
    }
}

#[test]
fn includes_are_bounded_and_never_go_round() {
    let chain: Vec<(String, String)> =
        (0..12).map(|i| (format!("{i}.toml"), format!("include = [\"{}.toml\"]\n", i + 1))).collect();
    let files: Vec<(&str, &str)> = chain.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    assert!(parse(&files).unwrap_err().to_string().contains("too deeply"));
    let round = [("video.toml", "include = [\"a.toml\"]"), ("a.toml", "include = [\"video.toml\"]")];
    assert!(parse(&round).unwrap_err().to_string().contains("a.toml:1:"), "the place is that of the include");
    let names: Vec<String> = (0..70).map(|i| format!("\"{i}.toml\"")).collect();
    let many = format!("include = [{}]", names.join(","));
    let mut read = |_: &str| Ok(String::new());
    let error = Project::parse("video.toml", &many, &CHOICES, &mut read).unwrap_err();
    assert!(error.to_string().contains("too many files"), "{error}");
    let bomb = format!("track = \"{}\"\n[variables]\nx = \"{}\"\n", "${x}".repeat(9000), "y".repeat(200));
    assert!(parse(&[("video.toml", &bomb)]).unwrap_err().to_string().contains("too long"));
    // Two files that include the same third one are no circle.
    let diamond = [
        ("video.toml", "include = [\"a.toml\", \"b.toml\"]\ntrack = \"x.wav\""),
        ("a.toml", "include = [\"c.toml\"]"),
        ("b.toml", "include = [\"c.toml\"]"),
        ("c.toml", "seed = 7"),
    ];
    assert_eq!(parse(&diamond).unwrap().seed, Some(7));
}

proptest! {
    /// A project with a stretch of it replaced by anything: an error or a project, never a panic.
    #[test]
    fn damaged_projects_never_panic(
        at in any::<prop::sample::Index>(),
        cut in 0..60_usize,
        new in "[-a-z0-9.\\[\\]=\"\n é{}$():/]{0,16}",
    ) {
        let text: Vec<char> = example().chars().collect();
        let from = at.index(text.len());
        let (head, tail) = (&text[..from], &text[(from + cut).min(text.len())..]);
        let damaged: String = head.iter().copied().chain(new.chars()).chain(tail.iter().copied()).collect();
        if let Err(error) = parse(&[("video.toml", &damaged), ("looks.toml", "")]) {
            assert!([ErrorKind::Usage, ErrorKind::Input].contains(&error.kind()), "{error}");
        }
    }

    #[test]
    fn any_text_is_refused_or_read(text in "[-a-z0-9.\\[\\]=\"\n é{}$():/#']{0,200}") {
        let _ = parse(&[("video.toml", &text)]);
    }
}
