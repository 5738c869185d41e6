//! What listening promises: samples in their places, beats where they are, no panic on anything.

#[path = "../examples/compose/form.rs"]
mod form;

use beatbolt::audio::decode::{Decoded, decode};
use beatbolt::audio::{Analysis, analyze};
use beatbolt::cli::analyze::{AnalyzeOptions, run};
use beatbolt::error::{ErrorKind, Result};
use beatbolt::progress::{Flow, Progress, Silent};
use beatbolt::units::Seconds;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use tempfile::TempDir;

const RATE: u32 = 44_100;

/// Keeps what the listener is told.
#[derive(Default)]
pub struct Notes(pub Mutex<Vec<String>>);

impl Progress for Notes {
    fn stage(&self, _name: &str, _total: u64) {}

    fn advance(&self, _done: u64) -> Flow {
        Flow::Continue
    }

    fn note(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

/// Clicks every half second from 0.25 s, over a soft tone; `seconds` long.
fn clicks(rate: u32, seconds: f64) -> Vec<f32> {
    let wave = |hz: f64, t: f64| (std::f64::consts::TAU * hz * t).sin();
    (0..(f64::from(rate) * seconds) as usize)
        .map(|i| {
            let t = i as f64 / f64::from(rate);
            let since = (t - 0.25).rem_euclid(0.5);
            let click =
                if t >= 0.25 { 0.7 * wave(1100.0, since + 2e-4) * (-since / 0.012).exp() } else { 0.0 };
            (0.02 * wave(330.0, t) + click) as f32
        })
        .collect()
}

/// Writes a float WAV whose channels are the samples times the given factors.
pub fn write_wav(path: &Path, rate: u32, samples: &[f32], factors: &[f32]) {
    let spec = hound::WavSpec {
        channels: factors.len() as u16,
        sample_rate: rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for sample in samples {
        factors.iter().for_each(|f| writer.write_sample(sample * f).unwrap());
    }
    writer.finalize().unwrap();
}

pub fn ffmpeg(arguments: &[&str]) {
    let done = Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-y"]).args(arguments).status();
    assert!(done.expect("the tests need the ffmpeg program").success(), "ffmpeg {arguments:?}");
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The first channel of a file.
fn first_channel(path: &Path) -> Result<(Vec<f32>, Decoded)> {
    let mut samples = Vec::new();
    let decoded = decode(path, None, &mut |block| {
        samples.extend(block.samples.iter().step_by(block.channels));
        Ok(())
    })?;
    Ok((samples, decoded))
}

/// A folder with a click track of `seconds` in it.
fn click_track(seconds: f64) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clicks.wav");
    write_wav(&path, RATE, &clicks(RATE, seconds), &[1.0, 1.0]);
    (folder, path)
}

/// Harmonic mean of precision and recall within 70 ms.
fn f_measure(found: &[Seconds], truth: &[f64]) -> f64 {
    let hits = truth.iter().filter(|t| found.iter().any(|f| (f.0 - **t).abs() <= 0.07)).count();
    2.0 * hits as f64 / (found.len() + truth.len()).max(1) as f64
}

fn half_seconds(seconds: f64) -> Vec<f64> {
    (0..).map(|i| 0.25 + 0.5 * f64::from(i)).take_while(|t| *t < seconds).collect()
}

#[test]
fn every_format_gives_each_sample_its_place() {
    let (folder, wav) = click_track(8.0);
    let cases: [(&str, &[&str], u64); 13] = [
        ("a.mp3", &["-b:a", "192k"], 352_800),
        ("b.mp3", &["-q:a", "4"], 352_800),
        ("a.flac", &[], 352_800),
        ("a.ogg", &["-c:a", "libvorbis"], 352_800),
        ("a.aiff", &[], 352_800),
        ("a16.wav", &["-c:a", "pcm_s16le"], 352_800),
        ("a24.wav", &["-c:a", "pcm_s24le"], 352_800),
        ("alac.m4a", &["-c:a", "alac"], 352_800),
        ("a.m4a", &["-c:a", "aac", "-b:a", "160k"], 352_800),
        ("faststart.m4a", &["-c:a", "aac", "-movflags", "+faststart"], 352_800),
        ("a.opus", &["-b:a", "128k"], 384_000),
        ("flac.mkv", &["-c:a", "flac"], 352_800),
        ("a.wv", &[], 352_800),
    ];
    for (name, arguments, samples) in cases {
        let path = folder.path().join(name);
        ffmpeg(&[&["-i", text(&wav)], arguments, &[text(&path)]].concat());
        let (heard, decoded) = first_channel(&path).unwrap();
        assert_eq!((decoded.samples, decoded.notes), (samples, vec![]), "{name}");
        for beat in half_seconds(8.0) {
            let at = (beat * f64::from(decoded.rate.0)) as usize;
            let around = at - at / 20..(at + 2000).min(heard.len());
            let loud = heard[around.clone()].iter().position(|v| v.abs() > 0.35).unwrap() + around.start;
            let late = (loud as f64 - at as f64) / f64::from(decoded.rate.0);
            assert!((-0.0002..0.001).contains(&late), "{name}: the click at {beat} is {late} s late");
        }
    }
}

#[test]
fn the_sound_of_a_video_is_heard() {
    let (folder, wav) = click_track(6.0);
    let video = folder.path().join("video.mp4");
    ffmpeg(&["-f", "lavfi", "-i", "testsrc=d=6:s=64x64:r=10", "-i", text(&wav), "-c:a", "aac", text(&video)]);
    let (_, decoded) = first_channel(&video).unwrap();
    assert_eq!(decoded.samples, 264_600);
    let mute = folder.path().join("mute.mp4");
    ffmpeg(&["-f", "lavfi", "-i", "testsrc=d=1:s=64x64:r=10", text(&mute)]);
    let error = first_channel(&mute).unwrap_err();
    assert!(error.to_string().contains("no sound"), "{error}");
    assert!(!error.hints().is_empty());
}

#[test]
fn the_name_of_a_file_does_not_matter() {
    let (folder, wav) = click_track(2.0);
    for (from, named) in
        [("a.flac", "flac.mp3"), ("a.m4a", "m4a.wav"), ("a.mp3", "mp3"), ("a.opus", "opus.flac")]
    {
        let (made, other) = (folder.path().join(from), folder.path().join(named));
        ffmpeg(&["-i", text(&wav), text(&made)]);
        std::fs::rename(&made, &other).unwrap();
        assert!(first_channel(&other).is_ok(), "{named}");
    }
}

#[test]
fn what_is_no_music_is_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let junk: Vec<u8> = (0..60_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let headed = |head: &[u8]| [head, &junk].concat();
    let cases = [
        folder.path().to_owned(),
        folder.path().join("missing.mp3"),
        put("empty.mp3", b""),
        put("one.wav", b"R"),
        put("text.mp3", "this is not music, it only says so. ".repeat(2000).as_bytes()),
        put("junk.mp3", &junk),
        put("riff.wav", &headed(b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\xff\xff\xff\xff\xff\xff")),
        put(
            "head.wav",
            b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x44\xac\0\0\x10\xb1\x02\0\x04\0\x10\0data\0\0\0\0",
        ),
        put("flac.flac", &headed(b"fLaC\0\0\0\x22")),
        put("ogg.ogg", &headed(b"OggS\0\x02")),
        put("list.m3u8", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"),
        put("list.txt", b"ffconcat version 1.0\nfile '/etc/passwd'\n"),
    ];
    for path in cases {
        let error = analyze(&path, &Silent).expect_err(text(&path));
        assert_eq!(error.kind(), ErrorKind::Input, "{}: {error}", path.display());
        assert!(!error.hints().is_empty(), "{}: {error}", path.display());
    }
}

#[test]
fn a_file_that_ends_early_is_used_as_far_as_it_goes() {
    let (folder, wav) = click_track(8.0);
    for name in ["a.flac", "a.mp3", "a.ogg", "a.m4a", "b.wav"] {
        let path = folder.path().join(name);
        // Without the index at the front there would be nothing to decode in a cut MP4.
        ffmpeg(&["-i", text(&wav), "-movflags", "+faststart", text(&path)]);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let notes = Notes::default();
        let analysis = analyze(&path, &notes).unwrap();
        assert!((1.0..7.5).contains(&analysis.duration.0), "{name}: {}", analysis.duration);
        // Ogg does not say how long it is.
        let told = notes.0.into_inner().unwrap();
        assert!(!told.is_empty() || name == "a.ogg", "{name}: {told:?}");
    }
}

#[test]
fn beats_onsets_and_tempo_of_clicks_are_right() {
    let (_folder, wav) = click_track(20.0);
    let analysis = analyze(&wav, &Silent).unwrap();
    let truth = half_seconds(20.0);
    assert!((analysis.tempo_bpm.unwrap() - 120.0).abs() < 0.2, "{:?}", analysis.tempo_bpm);
    assert!(f_measure(&analysis.beats, &truth) > 0.97, "{:?}", analysis.beats);
    assert!(f_measure(&analysis.onsets, &truth) > 0.97, "{:?}", analysis.onsets);
    for (list, tolerance) in [(&analysis.onsets, 0.004), (&analysis.beats, 0.012)] {
        // The tone begins at 0, which is an onset of its own, placed in the middle of its millisecond.
        for time in list.iter().filter(|t| t.0 > 0.001) {
            let off = (time.0 - 0.25).rem_euclid(0.5);
            assert!(off.min(0.5 - off) < tolerance, "{time} in {list:?}");
        }
    }
}

#[test]
fn twice_the_volume_changes_no_event() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.wav");
    let samples = clicks(RATE, 12.0);
    let all = [1.0, 2.0, 0.01].map(|gain| {
        write_wav(&path, RATE, &samples, &[gain, gain]);
        Analysis { loudness_lufs: None, ..analyze(&path, &Silent).unwrap() }
    });
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0].onsets, all[2].onsets);
    assert_eq!(all[0].sections, all[2].sections);
    assert_eq!(all[0].beats.len(), all[2].beats.len());
}

#[test]
fn one_loud_click_flattens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.wav");
    let mut samples = clicks(RATE, 20.0);
    write_wav(&path, RATE, &samples, &[0.1]);
    let before = analyze(&path, &Silent).unwrap();
    samples[RATE as usize * 7] = 10.0;
    write_wav(&path, RATE, &samples, &[0.1]);
    let after = analyze(&path, &Silent).unwrap();
    let level = |a: &Analysis| a.envelopes["mid.level"].peak(Seconds(15.0), Seconds(15.4));
    assert!((level(&before) - level(&after)).abs() < 0.05, "{} {}", level(&before), level(&after));
    assert!(f_measure(&after.beats, &half_seconds(20.0)) > 0.95);
}

#[test]
fn channels_that_cancel_are_heard_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.wav");
    let samples = clicks(RATE, 12.0);
    write_wav(&path, RATE, &samples, &[1.0, 1.0]);
    let together = analyze(&path, &Silent).unwrap();
    write_wav(&path, RATE, &samples, &[1.0, -1.0]);
    let against = analyze(&path, &Silent).unwrap();
    assert_eq!(together.onsets, against.onsets);
    assert_eq!(together.beats.len(), against.beats.len());
    // The spectra of two channels come out of one transform, which rounds.
    assert!(together.beats.iter().zip(&against.beats).all(|(a, b)| (a.0 - b.0).abs() < 1e-5));
}

#[test]
fn odd_rates_and_channels_are_heard() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.wav");
    for (rate, channels) in [(8000, 1), (11_025, 2), (22_050, 1), (96_000, 2), (192_000, 6)] {
        write_wav(&path, rate, &clicks(rate, 12.0), &vec![0.5; channels]);
        let analysis = analyze(&path, &Silent).unwrap();
        assert_eq!(analysis.samples, u64::from(rate) * 12, "{rate}");
        let tempo = analysis.tempo_bpm.unwrap();
        assert!((tempo - 120.0).abs() < 0.5, "{rate}: {tempo}");
        assert!(f_measure(&analysis.beats, &half_seconds(12.0)) > 0.95, "{rate}: {:?}", analysis.beats);
        check_ranges(&analysis);
    }
}

#[test]
fn silence_has_no_events() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.wav");
    let blip: Vec<f32> = clicks(RATE, 0.3);
    let mut lonely = vec![0.0; RATE as usize * 10];
    lonely[RATE as usize * 5..][..blip.len()].copy_from_slice(&blip);
    let cases: [(&str, Vec<f32>); 6] = [
        ("silence", vec![0.0; RATE as usize * 10]),
        ("one sample", vec![0.5]),
        ("short", blip),
        ("a short sound in silence", lonely),
        ("a constant", vec![0.5; RATE as usize * 5]),
        ("not numbers", vec![f32::NAN; RATE as usize]),
    ];
    for (name, samples) in cases {
        write_wav(&path, RATE, &samples, &[1.0]);
        let analysis = analyze(&path, &Silent).unwrap();
        assert_eq!(analysis.samples, samples.len() as u64, "{name}");
        assert_eq!((analysis.tempo_bpm, analysis.beats.len()), (None, 0), "{name}");
        assert_eq!(analysis.sections.len(), 1, "{name}");
        check_ranges(&analysis);
    }
}

/// What is promised of every analysis.
fn check_ranges(analysis: &Analysis) {
    let end = analysis.duration.0;
    for list in [&analysis.beats, &analysis.downbeats, &analysis.onsets] {
        assert!(list.windows(2).all(|w| w[0].0 < w[1].0), "{list:?}");
        assert!(list.iter().all(|t| (0.0..=end).contains(&t.0)), "{list:?}");
    }
    assert!(analysis.downbeats.iter().all(|d| analysis.beats.contains(d)));
    assert_eq!(analysis.sections[0].start.0, 0.0);
    assert_eq!(analysis.sections[analysis.sections.len() - 1].end.0, end);
    assert!(analysis.sections.windows(2).all(|w| w[0].end == w[1].start && w[0].start < w[0].end));
    let bands = ["sub", "bass", "low_mid", "mid", "high"];
    let kinds = ["level", "hit", "presence", "integral"];
    let names = bands.iter().flat_map(|b| kinds.iter().map(move |k| format!("{b}.{k}")));
    let single = [
        "loudness",
        "momentary",
        "harmonic",
        "percussive",
        "onset",
        "kick",
        "snare",
        "hat",
        "brightness",
        "novelty",
    ];
    let notes =
        ["c", "db", "d", "eb", "e", "f", "gb", "g", "ab", "a", "bb", "b"].map(|n| format!("chroma.{n}"));
    for name in names.chain(single.map(String::from)).chain(notes) {
        let envelope = &analysis.envelopes[&name];
        let hop = match &name[..] {
            "novelty" => 0.1,
            name if name.starts_with("chroma.") => 0.05,
            _ => 0.01,
        };
        assert!((0.9 * hop..1.25 * hop).contains(&envelope.hop_seconds), "{name}");
        let length = envelope.values.len() as f64 * envelope.hop_seconds;
        assert!((length - end).abs() < 1.25 * hop, "{name}");
        if name.ends_with(".integral") {
            assert!(envelope.values.windows(2).all(|w| w[0] <= w[1]), "{name} falls");
        } else {
            assert!(envelope.values.iter().all(|v| (0.0..=1.0).contains(v)), "{name} leaves 0..=1");
        }
    }
}

#[test]
fn the_example_track_is_understood() {
    let track = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/first-light.m4a");
    let analysis = analyze(&track, &Silent).unwrap();
    check_ranges(&analysis);
    // The edit list of an MP4 counts in milliseconds.
    assert!((analysis.duration.0 - form::length()).abs() < 1e-3, "{}", analysis.duration);
    assert!((analysis.tempo_bpm.unwrap() - form::BPM).abs() < 0.2, "{:?}", analysis.tempo_bpm);
    let beats = f_measure(&analysis.beats, &form::beats());
    assert!(beats >= 0.95, "{beats}: {:?}", analysis.beats);
    let bars = f_measure(&analysis.downbeats, &form::downbeats());
    assert!(bars >= 0.9, "{bars}: {:?}", analysis.downbeats);
    let kicks: Vec<Seconds> = analysis.drums.kick.iter().map(|hit| hit.time).collect();
    let found = f_measure(&kicks, &form::kicks());
    assert!(found >= 0.95, "{found}: {kicks:?}");
    let edges: Vec<f64> = analysis.sections[1..].iter().map(|s| s.start.0).collect();
    let truth = form::boundaries();
    assert!(edges.len() >= truth.len() && edges.len() <= truth.len() + 1, "{edges:?}");
    for boundary in &truth {
        assert!(edges.iter().any(|e| (e - boundary).abs() < 0.5), "{boundary} is not among {edges:?}");
    }
    let loudness = |at: f64| {
        let e = &analysis.envelopes["loudness"];
        (0..100).map(|i| e.at(Seconds(at + 0.01 * f64::from(i)))).sum::<f32>() / 100.0
    };
    let [build, drop, pause, again, end] = truth[..] else { panic!("{truth:?}") };
    let loudest = loudness(drop + 3.0);
    for quiet in [0.0, build, pause, end] {
        assert!(loudness(quiet + 3.0) < 0.65 * loudest, "{quiet}: {} {loudest}", loudness(quiet + 3.0));
    }
    let label = |t: f64| label_at(&analysis, t + 1.0);
    assert_eq!(label(drop), label(again), "the drops are alike");
    let others: Vec<&str> = [0.0, build, pause, end].map(label).to_vec();
    assert!(!others.contains(&label(drop)), "{others:?} are not like the drop");
    assert!(label(0.0) != label(build) && label(build) != label(pause), "{others:?}");
}

/// A waltz that begins with a pick-up of two beats: the bass on one, the chord on two and three, another chord every bar.
fn waltz(beats: usize) -> Vec<f32> {
    const CHORDS: [[f64; 3]; 4] =
        [[262.0, 330.0, 392.0], [220.0, 262.0, 330.0], [175.0, 220.0, 262.0], [196.0, 247.0, 294.0]];
    let beat = 0.4 * f64::from(RATE);
    let mut samples = vec![0.0; (beat * beats as f64) as usize];
    for i in 0..beats {
        let chord = CHORDS[(i + 1) / 3 % 4];
        let bass = [chord[0] / 4.0, chord[0] / 2.0];
        let notes: &[f64] = if i % 3 == 2 { &bass } else { &chord };
        for (k, v) in samples[(beat * i as f64) as usize..].iter_mut().take(beat as usize).enumerate() {
            let t = k as f64 / f64::from(RATE);
            let pluck = (1.0 - (-t * 800.0).exp()) * (-t * 8.0).exp();
            let wave = |hz: &f64| {
                (1..6)
                    .map(|n| (t * hz * f64::from(n) * std::f64::consts::TAU).sin() / f64::from(n))
                    .sum::<f64>()
            };
            *v += (0.15 * pluck * notes.iter().map(wave).sum::<f64>()) as f32;
        }
    }
    samples
}

#[test]
fn a_waltz_is_counted_in_threes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("waltz.wav");
    write_wav(&path, RATE, &waltz(120), &[1.0]);
    let analysis = analyze(&path, &Silent).unwrap();
    check_ranges(&analysis);
    assert_eq!(analysis.meter, Some(3), "{:?} {:?}", analysis.beats, analysis.downbeats);
    let truth: Vec<f64> = (0..39).map(|bar| 0.4 * (2 + 3 * bar) as f64).collect();
    let found = f_measure(&analysis.downbeats, &truth);
    assert!(found >= 0.95, "{found}: {:?}", analysis.downbeats);
}

fn label_at(analysis: &Analysis, time: f64) -> &str {
    let at = |s: &&beatbolt::audio::Section| (s.start.0..s.end.0).contains(&time);
    &analysis.sections.iter().find(at).unwrap().label
}

#[test]
fn all_outputs_are_written_whole() {
    let (folder, wav) = click_track(10.0);
    let at = |name: &str| folder.path().join(name);
    let options = |plot: &str| AnalyzeOptions {
        track: wav.clone(),
        json: Some(at("a.json")),
        plot: Some(at(plot)),
        clicks: Some(at("c.wav")),
        overwrite: true,
        ..Default::default()
    };
    let mut printed = Vec::new();
    run(&options("p.png"), &Silent, &mut printed).unwrap();
    let printed = String::from_utf8(printed).unwrap();
    assert!(printed.contains("120.0 beats a minute: 20 beats"), "{printed}");
    assert!(printed.contains("; could also be counted at "), "{printed}");
    let mut printed = Vec::new();
    let piped = AnalyzeOptions { json: Some("-".into()), ..options("p.svg") };
    run(&piped, &Silent, &mut printed).unwrap();
    run(&options("p.svg"), &Silent, &mut std::io::sink()).unwrap();

    let json = std::fs::read_to_string(at("a.json")).unwrap();
    assert_eq!(json.as_bytes(), printed, "the same analysis, whole and alone");
    let read: Analysis = serde_json::from_str(&json).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["schema"], 1);
    assert_eq!((read.samples, read.beats.len()), (441_000, 20));
    check_ranges(&read);

    let mut clicked = hound::WavReader::open(at("c.wav")).unwrap();
    assert_eq!((clicked.duration(), clicked.spec().channels), (441_000, 2));
    assert!(clicked.samples::<i16>().any(|s| s.unwrap().unsigned_abs() > 10_000));
    let png = std::fs::read(at("p.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG") && png.len() > 10_000);
    assert!(std::fs::read_to_string(at("p.svg")).unwrap().trim_end().ends_with("</svg>"));
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.json", "c.wav", "clicks.wav", "p.png", "p.svg"]);
}

#[test]
fn an_output_that_can_not_be_written_is_told_before_the_work() {
    let (folder, wav) = click_track(1.0);
    let bad = [
        AnalyzeOptions { json: Some(folder.path().join("none/a.json")), ..Default::default() },
        AnalyzeOptions { plot: Some(folder.path().join("a.gif")), ..Default::default() },
        AnalyzeOptions { clicks: Some(folder.path().to_owned()), ..Default::default() },
        AnalyzeOptions { clicks: Some(wav.clone()), ..Default::default() },
    ];
    for options in bad {
        let notes = Stages::default();
        let error =
            run(&AnalyzeOptions { track: wav.clone(), ..options }, &notes, &mut std::io::sink()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Output | ErrorKind::Usage), "{error}");
        assert!(!error.hints().is_empty() && *notes.0.lock().unwrap() == 0);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Counts the stages of work.
#[derive(Default)]
struct Stages(Mutex<u32>);

impl Progress for Stages {
    fn stage(&self, _name: &str, _total: u64) {
        *self.0.lock().unwrap() += 1;
    }

    fn advance(&self, _done: u64) -> Flow {
        Flow::Stop
    }

    fn note(&self, _text: &str) {}
}

#[test]
fn listening_stops_when_asked() {
    let (_folder, wav) = click_track(1.0);
    assert_eq!(analyze(&wav, &Stages::default()).unwrap_err().kind(), ErrorKind::Stopped);
}
