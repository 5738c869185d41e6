//! Every parser of what people hand in, against files that were cut up and put together again.
//!
//! A short run of fixed cases is part of the tests. A long one goes on to new cases:
//!
//!     BEATBOLT_FUZZ_SECONDS=600 cargo test --release fuzz::midi -- --nocapture
//!
//! It also holds the memory that the cases take to [`MOST_MEMORY`]; the cases' count and the slowest one are printed.

mod files; // pickles, names of tensors, lists of folders, prompts
mod models; // every file of a model

use crate::presets::track;
use beatbolt::audio::{Analysis, Corrections, lyrics, marks, midi, timed};
use beatbolt::error::Error;
use beatbolt::score::exchange::Imported;
use beatbolt::score::{Choices, Overrides, Preset, Project, Show, Span, shipped};
use beatbolt::timing::Stopwatch;
use beatbolt::units::{FrameRate, GeneratedFrame, Seconds};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Cases of a short run.
const FEW: u64 = 150;
/// Bytes by which the process may grow in a long run.
const MOST_MEMORY: u64 = 256 << 20;
/// A case that the processor works on for longer hangs, as far as a user is concerned.
const HANGS: Duration = Duration::from_secs(5);
/// Bytes of a damaged file, at most: readers refuse large ones before they parse them.
const LARGEST: usize = 1 << 18;
/// Numbers and marks that parsers stumble over.
const WORDS: [&str; 24] = [
    "0",
    "-0",
    "-1",
    "1e308",
    "-1e-320",
    "nan",
    "inf",
    "18446744073709551616",
    "9223372036854775807",
    "4294967295",
    "65536",
    "1e9",
    "\"",
    "'",
    "((((((((",
    "))))",
    "[[[[[[",
    "{",
    "}",
    "\u{feff}",
    "\u{0}",
    "é\u{301}",
    "\r\n",
    "#",
];

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `n` numbers from 0; 0 if there is none.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// A short stretch of `length` places, mostly.
    fn stretch(&mut self, length: usize) -> std::ops::Range<usize> {
        let from = self.below(length + 1);
        let most = 1 << self.below(9);
        from..(from + self.below(most + 1)).min(length)
    }
}

/// A word or number somewhere in `bytes`, as a language would cut them out.
fn token(bytes: &[u8], rng: &mut Rng) -> std::ops::Range<usize> {
    let inside = |b: &u8| b.is_ascii_alphanumeric() || b"_.-".contains(b);
    let at = rng.below(bytes.len());
    let from = at - bytes[..at].iter().rev().take_while(|b| inside(b)).count();
    from..at + bytes[at..].iter().take_while(|b| inside(b)).count()
}

/// One of `seeds` after a few edits.
fn damaged(seeds: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = seeds[rng.below(seeds.len())].clone();
    for _ in 0..=rng.below(5) {
        let here = if rng.below(2) == 0 { token(&bytes, rng) } else { rng.stretch(bytes.len()) };
        let other = &seeds[rng.below(seeds.len())];
        let new = match rng.below(7) {
            0 => Vec::new(),
            1 => bytes[here.clone()].repeat(2 + rng.below(60)),
            2 => WORDS[rng.below(WORDS.len())].as_bytes().to_vec(),
            3 => other[token(other, rng)].to_vec(),
            4 => other[rng.stretch(other.len())].to_vec(),
            5 => (0..here.len().max(1)).map(|_| rng.next() as u8).collect(),
            _ => rng.next().to_be_bytes()[..1 + rng.below(8)].to_vec(),
        };
        bytes.splice(here, new);
        bytes.truncate(LARGEST);
    }
    bytes
}

/// The most memory that the process has had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok()).map_or(0, |kb| kb << 10)
}

/// Gives damaged seeds to `parse`, which may refuse them but not panic.
fn storm(seeds: &[Vec<u8>], mut parse: impl FnMut(&[u8]) -> Result<(), Error>) {
    for seed in seeds {
        parse(seed).unwrap_or_else(|e| panic!("a seed is wrong: {e}\n{}", String::from_utf8_lossy(seed)));
    }
    let long = std::env::var("BEATBOLT_FUZZ_SECONDS").ok().map(|s| Duration::from_secs(s.parse().unwrap()));
    let (began, before) = (Instant::now(), peak());
    let (mut case, mut right, mut slowest) = (0, 0_u64, (Duration::ZERO, 0));
    while long.map_or(case < FEW, |l| began.elapsed() < l) {
        let input = damaged(seeds, &mut Rng(case));
        let watch = Stopwatch::start();
        match catch_unwind(AssertUnwindSafe(|| parse(&input))) {
            Ok(parsed) => right += u64::from(parsed.is_ok()),
            Err(_) => panic!("case {case} panics: {:?}", String::from_utf8_lossy(&input)),
        }
        slowest = slowest.max((Duration::from_secs_f64(watch.seconds()), case));
        case += 1;
    }
    if long.is_some() {
        let grown = peak() - before;
        println!(
            "{case} cases, {right} right, slowest {:?} (case {}), {} MB more",
            slowest.0,
            slowest.1,
            grown >> 20
        );
        assert!(grown <= MOST_MEMORY && slowest.0 <= HANGS);
    }
}

fn seeds(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|t| t.as_bytes().to_vec()).collect()
}

/// Plays two seconds of what was accepted: every value stays a number inside its parameter's range.
fn play(show: &Show, analysis: &Analysis) -> Result<(), Error> {
    let (fps, span) = (FrameRate::new(12, 1)?, Span { start: Seconds(9.0), frames: 24 });
    let timeline = show.play(analysis, &Overrides::default(), fps, span)?;
    for (param, _) in timeline.curves.iter() {
        let inside = |f| {
            (param.min - 1e-6..=param.max + 1e-6)
                .contains(&f64::from(timeline.value(&param, GeneratedFrame(f))))
        };
        assert!((0..24).all(inside), "{}", param.name);
    }
    Ok(())
}

#[test]
fn presets() {
    let analysis = track();
    let all: Vec<&str> = shipped().iter().map(|(_, text)| *text).collect();
    storm(&seeds(&all), |bytes| {
        play(&Show::of(Preset::parse("p", &String::from_utf8_lossy(bytes))?), &analysis)
    });
}

#[test]
fn expressions() {
    let analysis = track();
    let all = [
        "0.9 + 0.3 * kick * (section == 'A')",
        "clamp(beat - 0.5 * downbeat, 0, 1) ^ 2",
        "max(loudness, bass.level) > 0.5 and not (onset < 0.2)",
        "sine(2 bars, 0.25) * -noise(1 beats)",
        "if(time > 3, smooth(0, 1, high.hit), 1 / 0)",
    ];
    storm(&seeds(&all), |bytes| routed(bytes, &analysis));
}

/// A preset whose one route listens to an expression.
fn routed(expression: &[u8], analysis: &Analysis) -> Result<(), Error> {
    let text = String::from_utf8_lossy(expression).replace("'''", "''");
    let preset =
        format!("[[route]]\nvalue = '''{text}'''\nto = \"motion_scale\"\n[[prompt]]\ntext = \"waves\"\n");
    play(&Show::of(Preset::parse("p", &preset)?), analysis)
}

#[test]
fn projects() {
    let analysis = track();
    let (profiles, audio, tiers) = (["h264", "ffv1"], ["copy", "flac"], ["draft", "final"]);
    let choices = Choices { profiles: &profiles, audio: &audio, tiers: &tiers };
    let part = "[[part]]\nfrom = \"2 bars\"\nto = \"3 bars\"\npreset = \"own.toml\"\nease = \"1 beats\"\nset = { glow = 0.5 }\n";
    let whole = format!(
        "track = \"track.wav\"\nsize = \"64x36\"\nseed = 3\ninclude = [\"more.toml\"]\n[variables]\nlook = \"tide\"\n\
         [set]\nguidance = 1\n[cuts]\non = \"bars:2\"\nmin = 0\n{part}[[part]]\nsection = \"A\"\npreset = \"${{look}}\"\n\
         [[prompt]]\ntext = \"gold rings (slow:1.2)\"\nfrom = \"2 bars\"\nto = \"3 bars\"\nease = \"2 beats\"\n"
    );
    let more = format!("steps = 2\nfps = 24\nprofile = \"ffv1\"\ntier = \"draft\"\n{part}");
    let seeds =
        seeds(&[&whole, &format!("track = \"t.flac\"\n{more}"), "track = \"x.mp3\"\npreset = \"pulse\"\n"]);
    storm(&seeds, |bytes| {
        let mut read = |path: &str| match path {
            "more.toml" => Ok(more.clone()),
            "own.toml" => Ok(shipped()[0].1.to_owned()),
            _ => Err(Error::usage("there is no such file")),
        };
        let project = Project::parse("v", &String::from_utf8_lossy(bytes), &choices, &mut read)?;
        play(&project.show, &analysis)
    });
}

#[test]
fn midi_files() {
    let analysis = track();
    let chunk = |kind: &[u8], body: &[u8]| [kind, &(body.len() as u32).to_be_bytes(), body].concat();
    let head = |format: u8, tracks: u8| chunk(b"MThd", &[0, format, 0, tracks, 0, 96]);
    // Tempo, 6/8, then a kick with a running status, a controller and the end.
    let tempo = [0, 0xff, 0x51, 3, 7, 0xa1, 0x20, 0, 0xff, 0x58, 4, 6, 3, 36, 8, 0, 0xff, 0x2f, 0];
    let notes = [
        0, 0x99, 36, 100, 0x60, 36, 0, 0, 0xb9, 7, 90, 0x81, 0x40, 0x99, 38, 70, 0, 0xf0, 2, 1, 0xf7, 0,
        0xff, 0x2f, 0,
    ];
    let two = [head(1, 2), chunk(b"MTrk", &tempo), chunk(b"MTrk", &notes)].concat();
    let one = [head(0, 1), chunk(b"MTrk", &notes)].concat();
    storm(&[two, one], |bytes| {
        let midi = midi::parse(bytes)?;
        assert!(
            midi.beats.is_sorted_by(|a, b| a.0 <= b.0)
                && midi.notes.is_sorted_by(|a, b| a.start.0 <= b.start.0)
        );
        imported(bytes, &analysis)
    });
}

#[test]
fn lyric_files() {
    let analysis = track();
    let all = [
        "[ar:x]\n[offset:+250]\n[00:01.00]one\n[00:02.50][01:00.5]two <00:02.70>words\n[00:04]\n",
        "1\n00:00:01,000 --> 00:00:02,500\n<i>one</i>\n\n2\n00:00:03,000 --> 00:00:04,000\ntwo\nlines\n",
    ];
    storm(&seeds(&all), |bytes| {
        let lines = lyrics::parse(&String::from_utf8_lossy(bytes))?;
        assert!(lines.is_sorted_by(|a, b| a.start.0 <= b.start.0));
        imported(bytes, &analysis)
    });
}

#[test]
fn lists_of_times() {
    let all = ["# beats\n0.5 1\n1.0 2\n1:01.5\t3\n", "0.0,3.5,intro\n12,20,\"verse\"\n"];
    storm(&seeds(&all), |bytes| timed::parse(&String::from_utf8_lossy(bytes)).map(|_| ()));
}

/// Collections of DJ programs, cue sheets and lists, in any encoding.
#[test]
fn beats_and_sections_of_other_programs() {
    let all = [
        "<DJ_PLAYLISTS><COLLECTION><TRACK Name=\"a\" Location=\"file://localhost/a%20b/track.wav\"><TEMPO Inizio=\"0.2\" Bpm=\"120\" Metro=\"4/4\" \
         Battito=\"2\"/><POSITION_MARK Name=\"x\" Type=\"0\" Start=\"1.5\"/></TRACK></COLLECTION></DJ_PLAYLISTS>",
        "<NML><COLLECTION><ENTRY TITLE=\"a\"><LOCATION DIR=\"/:a/:\" FILE=\"track.wav\"/><TEMPO BPM=\"120\"/><CUE_V2 NAME=\"&amp;\" TYPE=\"4\" START=\"52.3\">\
         <GRID BPM=\"90\"/></CUE_V2><CUE_V2 TYPE=\"0\" START=\"900\"/></ENTRY></COLLECTION></NML>",
        "<VirtualDJ_Database><Song FilePath=\"C:\\track.wav\"><Scan Bpm=\"0.5\" Phase=\"0.1\"/><Poi Pos=\"1\" Type=\"beatgrid\" Bpm=\"0.4\"/>\
         <Poi Pos=\"2\" Name=\"c\" Num=\"1\"/></Song></VirtualDJ_Database>",
        "FILE \"track.wav\" WAVE\n  TRACK 01 AUDIO\n    TITLE \"One\"\n    INDEX 01 00:02:10\n  TRACK 02 AUDIO\n    INDEX 00 00:03:00\n    INDEX 01 00:04:00\n",
        "name;start;end\nverse;0,5;1:02\n\"chorus; loud\";0:30;\n",
        "1. 0:00 - intro\n2. 0:02 - drop\n[0:03] (end)\n",
    ];
    let track_file = std::path::Path::new("track.wav");
    storm(&seeds(&all), |bytes| {
        // Cue sheets know no beats.
        if let Ok((beats, _)) = marks::beats(bytes, track_file) {
            let corrections = Corrections { beats: Some(beats), ..Corrections::default() };
            let mut analysis = track();
            if corrections.apply(&mut analysis).is_ok() {
                assert!(analysis.beats.is_sorted_by(|a, b| a.0 < b.0), "{:?}", analysis.beats);
            }
        }
        let (sections, _) = marks::sections(bytes, track_file)?;
        assert!(sections.is_sorted_by(|a, b| a.time.0 <= b.time.0));
        Ok(())
    });
}

/// What is taken over from another program is a preset that plays.
fn imported(bytes: &[u8], analysis: &Analysis) -> Result<(), Error> {
    let fps = FrameRate::new(15, 1)?;
    let (preset, _) = Imported::read("x", bytes, Some(48))?.preset("x", Some(fps))?;
    let preset =
        Preset::parse("x", &preset).unwrap_or_else(|e| panic!("our own preset is wrong: {e}\n{preset}"));
    play(&Show::of(preset), analysis)
}

#[test]
fn deforum_files() {
    let analysis = track();
    let settings = r#"{"zoom": "0:(1.02), 20:(1.02+0.01*sin(t/3))", "strength_schedule": "0:(0.65)", "max_frames": 40, "fps": 12,
        "prompts": {"0": "waves --neg grain", "20": "rings"}, "translation_x": "0: (5 * where(t > 3, 1, 0)), max_f-1: (0)"}"#;
    let all = [
        settings,
        "zoom = 0:(1.0), 30:(1.05)\nangle = 0:(2*cos(2*pi*t/30)), 12:(-1)\n",
        "0:(1.0), 30:(abs(s - t) % 7)",
        r#"{"hue": "0:(4)", "max_frames": 9, "prompts": {"0": "a (b:1.3), {section} --neg (c)", "3": "{x}"}}"#,
    ];
    storm(&seeds(&all), |bytes| imported(bytes, &analysis));
}

#[test]
fn tables_of_numbers() {
    let analysis = track();
    let all = [
        "seconds,zoom,heart\n0,1,60\n1.5,1.02,\n0.5,,71.5\n",
        "frame;time;\"glow\";one\n0;0.0;0.5;1\n1;0.04;0.25;2\n",
    ];
    storm(&seeds(&all), |bytes| imported(bytes, &analysis));
}

#[test]
fn parseq_files() {
    let analysis = track();
    let keyframes = r#"{"options": {"output_fps": 20}, "keyframes": [{"frame": 0, "zoom": 1, "zoom_i": "L", "hue": 0, "hue_i": "C"},
        {"frame": 40, "zoom": 2, "hue": 8}, {"frame": 80, "zoom": 3}]}"#;
    let rendered = r#"{"rendered_frames": [{"frame": 0, "zoom": 1.0, "strength": 0.4, "deforum_prompt": "a --neg b"},
        {"frame": 1, "zoom": 1.1, "strength": 0.5}]}"#;
    storm(&seeds(&[keyframes, rendered]), |bytes| imported(bytes, &analysis));
}
