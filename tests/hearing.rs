//! What is promised of an analysis: the same bytes for the same sound, and events that move with the music.

use assert_cmd::Command as Program;
use beatbolt::audio::{Analysis, Options, Tracker, analyze, analyze_with};
use beatbolt::cli::analyze::{AnalyzeOptions, run};
use beatbolt::job::Hearing;
use beatbolt::progress::Silent;
use beatbolt::units::Seconds;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The example track as 16-bit samples, and the folder it is in.
fn example() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let track = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/first-light.m4a");
    let wav = folder.path().join("a.wav");
    ffmpeg(&["-i", text(&track), "-c:a", "pcm_s16le", text(&wav)]);
    (folder, wav)
}

fn ffmpeg(arguments: &[&str]) {
    let done = Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-y"]).args(arguments).status();
    assert!(done.expect("the tests need the ffmpeg program").success(), "ffmpeg {arguments:?}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn samples(wav: &Path) -> (hound::WavSpec, Vec<f32>) {
    let mut reader = hound::WavReader::open(wav).unwrap();
    let samples = reader.samples::<i16>().map(|s| f32::from(s.unwrap()) / 32_768.0).collect();
    (reader.spec(), samples)
}

/// Writes float samples, interleaved as in `like`.
fn write(path: &Path, like: hound::WavSpec, samples: &[f32]) {
    let spec = hound::WavSpec { bits_per_sample: 32, sample_format: hound::SampleFormat::Float, ..like };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    samples.iter().for_each(|s| writer.write_sample(*s).unwrap());
    writer.finalize().unwrap();
}

fn json(options: &AnalyzeOptions) -> Vec<u8> {
    let mut out = Vec::new();
    run(&AnalyzeOptions { json: Some("-".into()), ..options.clone() }, &Silent, &mut out).unwrap();
    out
}

#[test]
fn lossless_containers_give_the_same_bytes() {
    let (folder, wav) = example();
    let expected = json(&AnalyzeOptions { track: wav.clone(), ..Default::default() });
    assert!(expected.len() > 10_000);
    for name in ["a.flac", "a.aiff", "alac.m4a", "flac.mkv", "a.wv", "again.wav"] {
        let path = folder.path().join(name);
        let codec: &[&str] = match name {
            "alac.m4a" => &["-c:a", "alac"],
            "flac.mkv" => &["-c:a", "flac"],
            _ => &[],
        };
        ffmpeg(&[&["-i", text(&wav)], codec, &[text(&path)]].concat());
        assert!(json(&AnalyzeOptions { track: path, ..Default::default() }) == expected, "{name}");
    }
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let (_folder, wav) = example();
    let with = |threads: &str| {
        let mut program = Program::cargo_bin("beatbolt").unwrap();
        // Without a home there is no cache.
        program.env_remove("HOME").env_remove("XDG_CACHE_HOME");
        let done = program.env("RAYON_NUM_THREADS", threads).args(["analyze", text(&wav), "--json", "-"]);
        done.assert().success().get_output().stdout.clone()
    };
    let one = with("1");
    assert!(one.len() > 10_000);
    assert!(one == with("2") && one == with("5"));
}

/// All times of events of an analysis.
fn events(analysis: &Analysis) -> Vec<f64> {
    let drums = &analysis.drums;
    let hits = drums.kick.iter().chain(&drums.snare).chain(&drums.hat).map(|h| h.time.0);
    let lists = [&analysis.beats, &analysis.downbeats, &analysis.onsets];
    lists.into_iter().flatten().map(|t| t.0).chain(hits).collect()
}

#[test]
fn a_shift_moves_every_event_by_as_much() {
    let (folder, wav) = example();
    let (spec, sound) = samples(&wav);
    assert_eq!(spec.sample_rate, 44_100);
    let path = folder.path().join("b.wav");
    let shifted = |by: usize| {
        write(&path, spec, &[vec![0.0; by * usize::from(spec.channels)], sound.clone()].concat());
        analyze(&path, &Silent).unwrap()
    };
    let plain = shifted(0);
    assert!(plain.beats.len() > 30 && plain.onsets.len() > 30);
    // Whole hops, of 441 samples: to the last bit of what is computed from sums of times.
    for hops in [1, 7, 200] {
        let moved = shifted(hops * 441);
        let (a, b) = (events(&plain), events(&moved));
        assert_eq!(a.len(), b.len(), "{hops}");
        let worst = a.iter().zip(&b).map(|(a, b)| (b - a - hops as f64 * 0.01).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-9, "{hops}: {worst}");
    }
    // Anything else: to a hop.
    for by in [100, 1000] {
        let (a, b) = (&plain.beats, &shifted(by).beats);
        let late = by as f64 / 44_100.0;
        let near = |t: f64| b.iter().any(|u| (u.0 - late - t).abs() <= 0.01);
        let missed = a.iter().filter(|t| !near(t.0)).count();
        assert!(missed == 0 && a.len().abs_diff(b.len()) <= 1, "{by}: {missed} of {}", a.len());
    }
}

#[test]
fn twice_the_level_changes_nothing_in_music() {
    let (folder, wav) = example();
    let (spec, sound) = samples(&wav);
    let path = folder.path().join("b.wav");
    let at = |gain: f32| {
        write(&path, spec, &sound.iter().map(|s| s * gain).collect::<Vec<_>>());
        analyze(&path, &Silent).unwrap()
    };
    let plain = at(1.0);
    // Much quieter, and its quiet parts fall below the absolute gate of -70 LUFS.
    for gain in [2.0f32, 0.25] {
        let mut scaled = at(gain);
        let louder = scaled.loudness_lufs.unwrap() - plain.loudness_lufs.unwrap();
        assert!((louder - 20.0 * f64::from(gain).log10()).abs() < 1e-3, "{louder}");
        scaled.loudness_lufs = plain.loudness_lufs;
        assert_eq!(plain, scaled);
    }
}

/// FFmpeg's meter for EBU R 128: the integrated loudness, and the momentary one every tenth of a second.
fn ebur128(path: &Path) -> (f64, Vec<(f64, f64)>) {
    let filter = "ebur128=metadata=1:framelog=verbose,ametadata=print:key=lavfi.r128.M:file=-";
    let out = Command::new("ffmpeg")
        .args(["-v", "info", "-i", text(path), "-af", filter, "-f", "null", "-"])
        .output()
        .expect("the tests need the ffmpeg program");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let number = |text: &str, key: &str| -> Option<f64> {
        text.split(key).nth(1)?.split_whitespace().next()?.parse().ok()
    };
    let (mut at, mut momentary) = (0.0, Vec::new());
    for line in String::from_utf8_lossy(&out.stdout).lines() {
        at = number(line, "pts_time:").unwrap_or(at);
        momentary.extend(number(line, "lavfi.r128.M=").map(|m| (at, m)));
    }
    let summary = String::from_utf8_lossy(&out.stderr).into_owned();
    (number(&summary, "I:").expect("a summary"), momentary)
}

#[test]
fn loudness_is_what_a_meter_for_broadcasters_reads() {
    let (folder, wav) = example();
    let panned = folder.path().join("panned.wav");
    ffmpeg(&["-i", text(&wav), "-af", "pan=stereo|c0=c0|c1=0.2*c1", "-ar", "48000", text(&panned)]);
    for path in [wav, panned] {
        let (integrated, momentary) = ebur128(&path);
        let ours = analyze(&path, &Silent).unwrap();
        assert!(
            (ours.loudness_lufs.unwrap() - integrated).abs() < 0.15,
            "{:?} {integrated}",
            ours.loudness_lufs
        );
        // Ours is relative: one constant has to bring it to theirs at all times that are neither capped nor nearly silent.
        let curve = &ours.envelopes["momentary"];
        let apart: Vec<f64> = momentary
            .iter()
            .filter(|(_, m)| *m > -50.0)
            // A reading covers the 400 ms before the end of its tenth of a second.
            .map(|(t, m)| (f64::from(curve.at(Seconds(t + 0.1 - 0.2))), *m))
            .filter(|(value, _)| *value < 0.999)
            .map(|(value, m)| m - 20.0 / 0.6 * value.log10())
            .collect();
        let mean = apart.iter().sum::<f64>() / apart.len() as f64;
        // The edges of our windows are softer, which shows where the music jumps.
        let near = apart.iter().filter(|d| (*d - mean).abs() < 0.3).count();
        assert!(apart.len() > 100 && near * 50 > apart.len() * 49, "{mean}: {apart:.1?}");
    }
}

#[test]
fn aubio_has_an_opinion_of_its_own() {
    let (_folder, wav) = example();
    let options = Options { tracker: Tracker::Aubio, ..Default::default() };
    let (ours, its) = (analyze(&wav, &Silent).unwrap(), analyze_with(&wav, &options, &Silent).unwrap());
    assert!(its.beats.len() > 30 && !its.downbeats.is_empty());
    assert_eq!(ours.onsets, its.onsets, "onsets don't depend on who looks for the beats");
    assert_eq!(its.confidence, 0.0);
    assert!(ours.confidence > 0.3, "{}", ours.confidence);
}

#[test]
fn a_folder_gives_one_file_per_track() {
    let (folder, wav) = example();
    ffmpeg(&["-i", text(&wav), "-t", "8", text(&folder.path().join("b.flac"))]);
    std::fs::write(folder.path().join("notes.txt"), "no music").unwrap();
    let target = folder.path().join("out");
    let options =
        AnalyzeOptions { track: folder.path().to_owned(), json: Some(target.clone()), ..Default::default() };
    let mut told = Vec::new();
    run(&options, &Silent, &mut told).unwrap();
    let told = String::from_utf8(told).unwrap();
    assert!(told.contains("a.wav: ") && told.contains("notes.txt: skipped"), "{told}");
    let mut names: Vec<_> = std::fs::read_dir(&target).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.wav.json", "b.flac.json"]);
    let alone = json(&AnalyzeOptions { track: wav, ..Default::default() });
    assert!(std::fs::read(target.join("a.wav.json")).unwrap() == alone);
    // Without a place for the results, and without a track, it says so.
    assert!(run(&AnalyzeOptions { json: None, ..options.clone() }, &Silent, &mut Vec::new()).is_err());
    let empty = AnalyzeOptions { track: tempfile::tempdir().unwrap().keep(), ..options };
    assert!(run(&empty, &Silent, &mut Vec::new()).is_err());
}

#[test]
fn what_is_known_better_is_taken() {
    let (folder, wav) = example();
    let list = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let hearing = Hearing {
        beats_file: Some(list("beats.txt", "1.0 1\n1.5 2\n2.0 3\n2.5 4\n3.0 1\n")),
        sections_file: Some(list("parts.txt", "0 intro\n2 rest\n")),
        ..Default::default()
    };
    let options = AnalyzeOptions { track: wav, hearing, ..Default::default() };
    let read: Analysis = serde_json::from_slice(&json(&options)).unwrap();
    let times: Vec<f64> = read.beats.iter().map(|t| t.0).collect();
    assert_eq!(times, [1.0, 1.5, 2.0, 2.5, 3.0]);
    assert_eq!((read.downbeats.len(), read.tempo_bpm), (2, Some(120.0)));
    assert_eq!(read.sections[1].label, "rest");
    let bad = Hearing { beats_file: Some(list("bad.txt", "what\n")), ..Default::default() };
    let error = run(&AnalyzeOptions { hearing: bad, ..options }, &Silent, &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("bad.txt"), "{error}");
}
