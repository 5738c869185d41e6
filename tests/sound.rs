//! What is heard is what is played, and what is copied: against FFmpeg's decoder, for files as they lie about.

use crate::audio::{Notes, ffmpeg, text, write_wav};
use crate::video::{copied, decoder, probe, render, sound_hash, spec, wish};
use beatbolt::audio::decode::{Decoded, decode};
use beatbolt::audio::{Options, analyze, analyze_with};
use beatbolt::error::ErrorKind;
use beatbolt::progress::Silent;
use beatbolt::units::Seconds;
use beatbolt::video::{
    Audio, Carriage, Coding, Profile, Samples, SoundSpan, VideoSpec, Wish, check_container,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const RATE: u32 = 44_100;
/// Furthest that a strike may be from where a player has it, in seconds.
const NEAR: f64 = 0.012;
/// The same where files were joined: FFmpeg's program leaves the paddings at the joints out, its timestamps don't. Two
/// joints of MP3 are two frames of 1152 samples.
const JOINT: f64 = 0.055;

/// A soft tone of `seconds` with a loud strike at these times.
fn strikes(rate: u32, seconds: f64, hz: f64, times: &[f64]) -> Vec<f32> {
    let wave = |hz: f64, t: f64| (std::f64::consts::TAU * hz * t).sin();
    let strike =
        |since: f64| if since >= 0.0 { 0.8 * wave(1500.0, since) * (-40.0 * since).exp() } else { 0.0 };
    (0..(f64::from(rate) * seconds).round() as usize)
        .map(|i| i as f64 / f64::from(rate))
        .map(|t| (0.05 * wave(hz, t) + times.iter().map(|at| strike(t - at)).sum::<f64>()) as f32)
        .collect()
}

/// Writes `samples` as a file called `name`, encoded as `codec` says.
fn made(
    folder: &TempDir,
    name: &str,
    (rate, samples, gains): (u32, &[f32], &[f32]),
    codec: &[&str],
) -> PathBuf {
    let (wav, path) = (folder.path().join("made.wav"), folder.path().join(name));
    write_wav(&wav, rate, samples, gains);
    // The one channel of such a WAV is a left one, and FFmpeg 5's AAC encoder knows mono only.
    let mono: &[&str] = if gains.len() == 1 { &["-af", "aformat=channel_layouts=mono"] } else { &[] };
    ffmpeg(&[&["-i", text(&wav)], mono, codec, &[text(&path)]].concat());
    path
}

/// A part of four seconds with strikes at 1 and 3.
fn part(folder: &TempDir, name: &str, hz: f64, gains: &[f32], codec: &[&str]) -> Vec<u8> {
    let rate = if name.ends_with("opus") { 48_000 } else { RATE };
    let path = made(folder, name, (rate, &strikes(rate, 4.0, hz, &[1.0, 3.0]), gains), codec);
    fs::read(path).unwrap()
}

fn put(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// All samples as one channel, and what was said of them.
fn heard(path: &Path, stream: Option<usize>) -> (Vec<f32>, Decoded) {
    let mut mono = Vec::new();
    let decoded = decode(path, stream, &mut |block| {
        let mean = |set: &[f32]| set.iter().sum::<f32>() / set.len() as f32;
        mono.extend(block.samples.chunks_exact(block.channels).map(mean));
        Ok(())
    });
    (mono, decoded.unwrap())
}

/// Where sound rises over a quarter of its peak, once a stretch, in seconds.
fn rises(samples: &[f32], rate: u32) -> Vec<f64> {
    let peak = samples.iter().fold(0.0f32, |peak, v| peak.max(v.abs()));
    let mut times: Vec<f64> = Vec::new();
    for (i, _) in samples.iter().enumerate().filter(|(_, v)| v.abs() > peak / 4.0) {
        let t = f64::from(i as u32) / f64::from(rate);
        if times.last().is_none_or(|last| t - last > 0.3) {
            times.push(t);
        }
    }
    times
}

/// What FFmpeg decodes of a file's first audio stream, as one channel.
fn played(path: &Path, filter: &str) -> Vec<f32> {
    let args = ["-v", "quiet", "-i", text(path), "-map", "0:a:0", "-af", filter, "-ac", "1"];
    let rate = RATE.to_string();
    let rest = ["-ar", &rate, "-f", "f32le", "-"];
    let bytes = Command::new("ffmpeg").args([&args[..], &rest].concat()).output().unwrap().stdout;
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

/// Holds what is heard of a file to what FFmpeg decodes of it: its length, and where its strikes are, of which there are so
/// many.
#[track_caller]
fn check(path: &Path, strikes: usize) -> Decoded {
    let ((samples, decoded), there) = (heard(path, None), played(path, "anull"));
    let (name, length) = (path.display(), decoded.rate.time_of(decoded.samples).0);
    let seconds = there.len() as f64 / f64::from(RATE);
    assert!((length - seconds).abs() < JOINT, "{name} lasts {length} s, not {seconds}");
    let (ours, theirs) = (rises(&samples, decoded.rate.0), rises(&there, RATE));
    assert_eq!((ours.len(), theirs.len()), (strikes, strikes), "{name}: {ours:?}, FFmpeg {theirs:?}");
    for (a, b) in ours.iter().zip(&theirs) {
        assert!((a - b).abs() < JOINT, "{name}: {ours:?}, FFmpeg {theirs:?}");
    }
    decoded
}

/// Overwrites the frame behind each of these shares of an MP3 of constant bit rate.
fn overwrite(bytes: &mut [u8], shares: &[f64], with: u8) {
    for share in shares {
        let at = (bytes.len() as f64 * share) as usize;
        let frame = bytes[at..].windows(2).position(|pair| pair == [0xff, 0xfb]).unwrap() + at;
        bytes[frame..frame + 1500].fill(with);
    }
}

/// The Xing or Info header of an MP3, at its count of frames.
fn frame_count(bytes: &[u8]) -> usize {
    bytes.windows(4).position(|w| w == b"Xing" || w == b"Info").unwrap() + 8
}

#[test]
fn joined_files_are_heard_to_the_last_one() {
    let folder = TempDir::new().unwrap();
    let cases: [(&str, &[&str]); 4] = [
        ("a.ogg", &["-c:a", "libvorbis"]),
        ("a.opus", &["-c:a", "libopus"]),
        ("a.mp3", &["-b:a", "128k"]),
        ("a.aac", &["-c:a", "aac"]),
    ];
    for (name, codec) in cases {
        let parts = [300.0, 400.0, 500.0].map(|hz| part(&folder, name, hz, &[1.0, 1.0], codec));
        check(&put(&folder, &format!("joined-{name}"), &parts.concat()), 6);
    }
}

#[test]
fn streams_that_change_their_form_are_heard_throughout() {
    let folder = TempDir::new().unwrap();
    let mp3 = |name: &str, gains: &[f32], codec: &[&str]| {
        part(&folder, name, 300.0, gains, &[codec, &["-write_xing", "0"]].concat())
    };
    let mono = mp3("mono.mp3", &[1.0], &["-b:a", "64k"]);
    let stereo = mp3("stereo.mp3", &[1.0, 0.5], &["-b:a", "128k"]);
    let dull = mp3("dull.mp3", &[1.0, 1.0], &["-b:a", "96k", "-ar", "32000"]);
    for (name, parts) in [("a", [&mono, &stereo]), ("b", [&stereo, &mono]), ("c", [&stereo, &dull])] {
        let decoded = check(&put(&folder, &format!("{name}.mp3"), &parts.map(Vec::as_slice).concat()), 4);
        assert!(decoded.notes.iter().any(|note| note.contains("changes on the way")), "{:?}", decoded.notes);
        assert_eq!(decoded.channels, 2, "stereo is kept wherever it comes");
    }
    let ogg = [&[1.0][..], &[1.0, 1.0]].map(|gains| part(&folder, "a.ogg", 300.0, gains, &["-q:a", "3"]));
    check(&put(&folder, "forms.ogg", &ogg.concat()), 4);
}

#[test]
fn pages_without_a_position_hold_their_packets_all_the_same() {
    let folder = TempDir::new().unwrap();
    let mut bytes = part(&folder, "a.ogg", 300.0, &[1.0], &["-c:a", "libvorbis", "-page_duration", "100000"]);
    let (mut at, mut count) = (0, 0);
    while at + 27 < bytes.len() {
        let table = usize::from(bytes[at + 26]);
        let body: usize = bytes[at + 27..at + 27 + table].iter().map(|n| usize::from(*n)).sum();
        let end = at + 27 + table + body;
        if count >= 3 && count % 3 == 0 && end < bytes.len() {
            bytes[at + 6..at + 14].fill(0xff);
            bytes[at + 22..at + 26].fill(0);
            let sum = page_sum(&bytes[at..end]);
            bytes[at + 22..at + 26].copy_from_slice(&sum.to_le_bytes());
        }
        (at, count) = (end, count + 1);
    }
    assert!(count > 20, "{count} pages");
    check(&put(&folder, "blank.ogg", &bytes), 2);
}

/// The checksum of an Ogg page whose own is zero.
fn page_sum(page: &[u8]) -> u32 {
    page.iter().fold(0u32, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte) << 24,
            |s, _| if s >> 31 == 1 { s << 1 ^ 0x04c1_1db7 } else { s << 1 },
        )
    })
}

#[test]
fn behind_damage_sound_lies_where_players_and_copies_have_it() {
    let folder = TempDir::new().unwrap();
    let times: Vec<f64> = (0..10).map(|i| 0.5 + f64::from(i)).collect();
    let whole =
        made(&folder, "a.mp3", (RATE, &strikes(RATE, 10.0, 300.0, &times), &[1.0]), &["-b:a", "128k"]);
    let whole = fs::read(whole).unwrap();
    for (name, with) in [("ones", 0xff), ("zeros", 0), ("text", b'x')] {
        let mut bytes = whole.clone();
        overwrite(&mut bytes, &[0.2, 0.33, 0.47, 0.6], with);
        let path = put(&folder, &format!("{name}.mp3"), &bytes);
        let (samples, decoded) = heard(&path, None);
        assert!(
            decoded.notes.iter().any(|n| n.starts_with("damaged packets")),
            "{name}: {:?}",
            decoded.notes
        );
        let (ours, theirs) = (
            rises(&samples, RATE),
            rises(&played(&path, "aresample=async=1:min_hard_comp=0.004:first_pts=0"), RATE),
        );
        for time in theirs.iter().filter(|t| **t > 6.5) {
            assert!(ours.iter().any(|t| (t - time).abs() < NEAR), "{name}: {ours:?}, FFmpeg {theirs:?}");
        }
        // The copy plays the same.
        let video = folder.path().join("v.mkv");
        render(&spec(&video, Some(&path)), 10);
        assert_eq!(sound_hash(&video), sound_hash(&path), "{name}");
    }
}

#[test]
fn headers_that_count_wrongly_change_nothing() {
    let folder = TempDir::new().unwrap();
    let bytes = part(&folder, "a.mp3", 300.0, &[1.0], &["-q:a", "4"]);
    let at = frame_count(&bytes);
    let frames = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    for count in [frames * 2, frames / 2, 0, u32::MAX] {
        let counted = [&bytes[..at], &count.to_be_bytes(), &bytes[at + 4..]].concat();
        let decoded = check(&put(&folder, "counted.mp3", &counted), 2);
        // Too few make FFmpeg leave out the padding in the middle, and so do players.
        let told = if count == frames / 2 { "the track has gaps" } else { "" };
        assert!(
            decoded.notes.concat().starts_with(told) && decoded.notes.len() < 2,
            "{count}: {:?}",
            decoded.notes
        );
        assert!(!told.is_empty() || decoded.notes.is_empty(), "{count} frames: {:?}", decoded.notes);
    }
    // A file that was cut is a partial hearing, and that is said.
    let notes = Notes::default();
    analyze(&put(&folder, "cut.mp3", &bytes[..bytes.len() * 2 / 5]), &notes).unwrap();
    let notes = notes.0.into_inner().unwrap();
    assert!(notes.iter().any(|n| n.contains("ends early: 0:01.") && n.contains(" of 0:04.")), "{notes:?}");
}

#[test]
fn a_track_without_a_header_is_heard_to_its_end() {
    let folder = TempDir::new().unwrap();
    let noise = (0..2 * RATE).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 2e7 - 0.4);
    let samples: Vec<f32> = noise.chain(strikes(RATE, 6.0, 300.0, &[2.0, 4.0])).collect();
    let path = made(&folder, "a.mp3", (RATE, &samples, &[0.6]), &["-q:a", "2", "-write_xing", "0"]);
    let (heard, decoded) = heard(&path, None);
    let there = played(&path, "anull");
    assert!(heard.len().abs_diff(there.len()) < 600, "{} of {} samples", heard.len(), there.len());
    assert!(decoded.notes.is_empty(), "{:?}", decoded.notes);
}

/// A file of several audio streams, each with a tone, the ones that `marked` names as players' choice.
fn streams(folder: &TempDir, name: &str, tones: &[f64], marked: &[usize]) -> PathBuf {
    let path = folder.path().join(name);
    let mut args: Vec<String> = Vec::new();
    for (i, hz) in tones.iter().enumerate() {
        let wav = folder.path().join(format!("{i}.wav"));
        write_wav(&wav, RATE, &strikes(RATE, 2.5, *hz, &[]), &[4.0, 4.0]);
        args.extend(["-i".to_owned(), text(&wav).to_owned()]);
    }
    for i in 0..tones.len() {
        let mark = if marked.contains(&i) { "default" } else { "0" };
        args.extend(["-map".to_owned(), format!("{i}:a"), format!("-disposition:a:{i}"), mark.to_owned()]);
    }
    args.extend(["-c:a", "aac", text(&path)].map(str::to_owned));
    ffmpeg(&args.iter().map(String::as_str).collect::<Vec<_>>());
    path
}

/// Which of these tones is the loudest.
fn loudest(samples: &[f32], rate: u32, tones: &[f64]) -> usize {
    let strength = |hz: &f64| {
        let wave = |i: usize| std::f64::consts::TAU * hz * i as f64 / f64::from(rate);
        let sum = samples.iter().enumerate().fold((0.0, 0.0), |(re, im), (i, v)| {
            (re + f64::from(*v) * wave(i).cos(), im + f64::from(*v) * wave(i).sin())
        });
        sum.0.hypot(sum.1)
    };
    (0..tones.len()).max_by(|a, b| strength(&tones[*a]).total_cmp(&strength(&tones[*b]))).unwrap()
}

#[test]
fn the_stream_that_players_choose_is_heard_and_copied() {
    let folder = TempDir::new().unwrap();
    let tones = [440.0, 523.25, 659.25];
    for (name, marked, usual, why) in [
        ("one.mkv", &[1][..], 1, "the default one"),
        ("all.mp4", &[0, 1, 2], 0, "the first of the default ones"),
        ("later.mka", &[1, 2], 1, "the first of the default ones"),
        ("none.ts", &[], 0, "the first"),
    ] {
        let track = streams(&folder, name, &tones, marked);
        let (samples, decoded) = heard(&track, None);
        assert_eq!(loudest(&samples, RATE, &tones), usual, "{name}");
        let told = format!("number {} is taken, {why};", usual + 1);
        assert!(decoded.notes[0].contains(&told), "{name}: {:?}", decoded.notes);
        for (asked, expected) in [(None, usual), (Some(1), 0), (Some(3), 2)] {
            let (samples, decoded) = heard(&track, asked);
            assert_eq!(loudest(&samples, RATE, &tones), expected, "{name}, {asked:?}");
            assert!(asked.is_none() || decoded.notes.is_empty(), "{:?}", decoded.notes);
            let video = folder.path().join("v.mkv");
            let sound = SoundSpan { stream: asked, ..copied(&track) };
            render(&VideoSpec { sound: Some(sound), ..spec(&video, None) }, 12);
            assert_eq!(
                loudest(&played(&video, "anull"), RATE, &tones),
                expected,
                "{name}, {asked:?}, copied"
            );
        }
        let options = Options { stream: Some(4), ..Options::default() };
        let error = analyze_with(&track, &options, &Silent).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.hints()[0].contains("3 (aac, stereo"), "{error:?}");
    }
}

#[test]
fn surround_is_as_loud_as_the_standard_says() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("six.flac");
    let samples = strikes(48_000, 4.0, 997.0, &[]);
    // Left; low effects; left surround.
    for (channel, weight) in [(0, Some(0.0)), (3, None), (4, Some(1.49))] {
        let mut gains = [0.0; 6];
        gains[channel] = 4.0;
        let wav = folder.path().join("six.wav");
        write_wav(&wav, 48_000, &samples, &gains);
        ffmpeg(&["-i", text(&wav), text(&path)]);
        let loudness = analyze(&path, &Silent).unwrap().loudness_lufs;
        // A sine of 997 Hz at full scale reads -3.01 LUFS; this one is a fifth of that.
        let expected = weight.map(|weight| -3.01 + 20.0 * 0.2f64.log10() + weight);
        let near = loudness.zip(expected).is_some_and(|(a, b)| (a - b).abs() < 0.1);
        assert!(near || loudness == expected, "channel {channel}: {loudness:?}, {expected:?}");
    }
}

/// All samples of the first audio stream as whole numbers of 32 bits.
fn stored(path: &Path) -> Vec<u8> {
    let args = ["-v", "error", "-i", text(path), "-map", "0:a:0", "-f", "s32le", "-"];
    Command::new("ffmpeg").args(args).output().unwrap().stdout
}

#[test]
fn sound_that_the_named_file_cannot_hold_goes_in_without_loss() {
    let folder = TempDir::new().unwrap();
    let samples = strikes(RATE, 2.0, 300.0, &[0.5]);
    let cases: [(&str, &[&str], &str, Coding, &str); 7] = [
        ("a.wav", &["-c:a", "pcm_s16le"], "v.mp4", Coding::Flac(16), "flac"),
        ("b.wav", &["-c:a", "pcm_s24le"], "v.mp4", Coding::Flac(24), "flac"),
        ("c.wav", &["-c:a", "pcm_u8"], "v.mp4", Coding::Flac(16), "flac"),
        ("d.flac", &["-sample_fmt", "s32"], "v.mov", Coding::Alac(24), "alac"),
        ("e.wv", &[], "v.mp4", Coding::Flac(24), "flac"),
        ("f.aiff", &["-c:a", "pcm_s16be"], "v.mp4", Coding::Flac(16), "flac"),
        ("g.flac", &["-sample_fmt", "s16"], "v.mov", Coding::Alac(16), "alac"),
    ];
    for (name, codec, video, coding, stream) in cases {
        let track = made(&folder, name, (RATE, &samples, &[1.0, -0.7]), codec);
        let asked = folder.path().join(video);
        let plan = check_container(&asked, &wish(&track, None), Profile::H264).unwrap();
        assert_eq!((&plan.path, plan.sound), (&asked, Carriage::Encoded(coding)), "{name}");
        let note = plan.note.unwrap();
        let open = decoder(&track);
        let sound = SoundSpan { carriage: plan.sound, samples: Some(Samples(&open)), ..copied(&track) };
        render(&VideoSpec { sound: Some(sound), ..spec(&asked, None) }, 48);
        assert_eq!(probe(&asked, "a:0", "stream=codec_name"), [stream], "{name}");
        // WavPack was made of floats, which are 32 bits.
        let exact = name != "e.wv";
        assert_eq!(note.contains("sample for sample the same"), exact, "{name}: {note}");
        let (was, is) = (stored(&track), stored(&asked));
        assert_eq!(was.len(), is.len(), "{name}");
        assert!(was == is || !exact, "{name}: samples differ");
        if name == "a.wav" {
            let again = folder.path().join("again.mp4");
            render(&VideoSpec { sound: Some(sound), ..spec(&again, None) }, 48);
            assert!(
                fs::read(&again).unwrap() == fs::read(&asked).unwrap(),
                "the same twice gives other bytes"
            );
        }
        // A part begins and ends with its sample.
        let sound = SoundSpan { start: Some(Seconds(0.25)), end: Some(Seconds(1.5)), ..sound };
        render(&VideoSpec { sound: Some(sound), ..spec(&asked, None) }, 30);
        let from = (0.25 * f64::from(RATE)) as usize * 8;
        assert!(stored(&asked) == is[from..from + 8 * (1.25 * f64::from(RATE)) as usize], "{name}: a part");
    }
}

#[test]
fn how_the_sound_goes_in_can_be_chosen() {
    let folder = TempDir::new().unwrap();
    let samples = strikes(RATE, 2.0, 300.0, &[0.5]);
    let mp3 = made(&folder, "a.mp3", (RATE, &samples, &[1.0, 1.0]), &["-b:a", "128k"]);
    let ogg = made(&folder, "a.ogg", (RATE, &samples, &[1.0, 1.0]), &["-c:a", "libvorbis"]);
    for (track, audio, video, codec) in [
        (&mp3, Some(Audio::Alac), "v.mp4", "alac"),
        (&mp3, Some(Audio::Flac), "v.mkv", "flac"),
        (&mp3, Some(Audio::Aac), "v.mov", "aac"),
        (&mp3, Some(Audio::Copy), "v.mp4", "mp3"),
        (&ogg, Some(Audio::Copy), "v.mp4", "vorbis"),
        (&ogg, None, "v.mp4", "flac"),
        (&ogg, None, "v.webm", "vorbis"),
        (&mp3, None, "v.webm", "vorbis"),
    ] {
        let path = folder.path().join(video);
        let profile = if video.ends_with("webm") { Profile::Vp9 } else { Profile::H264 };
        let plan = check_container(&path, &wish(track, audio), profile).unwrap();
        let open = decoder(track);
        let sound = SoundSpan { carriage: plan.sound, samples: Some(Samples(&open)), ..copied(track) };
        render(&VideoSpec { sound: Some(sound), profile, ..spec(&path, None) }, 48);
        assert_eq!(probe(&path, "a:0", "stream=codec_name"), [codec], "{audio:?} in {video}");
        let (was, is) = (rises(&played(track, "anull"), RATE), rises(&played(&path, "anull"), RATE));
        let late = is[0] - was[0] - delay(&path);
        assert!(late.abs() < NEAR, "{audio:?} in {video}: {late} s late");
    }
    let refused = |video: &str, wish: &Wish<'_>, profile| {
        let error = check_container(&folder.path().join(video), wish, profile).unwrap_err();
        assert!(error.kind() == ErrorKind::Usage && !error.hints().is_empty(), "{error:?}");
    };
    refused("v.webm", &wish(&mp3, Some(Audio::Copy)), Profile::Vp9);
    refused("v.webm", &wish(&mp3, Some(Audio::Flac)), Profile::Vp9);
    refused("v.mov", &wish(&mp3, Some(Audio::Flac)), Profile::H264);
    // A chain's later links are described anew: copied, they would not play.
    let chain = Wish { uniform: false, ..wish(&ogg, Some(Audio::Copy)) };
    refused("v.mkv", &chain, Profile::H264);
    let plan =
        check_container(&folder.path().join("v.mkv"), &Wish { audio: None, ..chain }, Profile::H264).unwrap();
    assert_eq!(plan.sound, Carriage::Encoded(Coding::Flac(24)));
}

/// How much later than the sound the picture begins: Matroska plays an encoder's delay and waits for it.
fn delay(path: &Path) -> f64 {
    let start = |stream| probe(path, stream, "stream=start_time")[0].parse::<f64>().unwrap_or(0.0);
    start("v:0") - start("a:0")
}

#[test]
fn a_survey_tells_chains_from_files_that_stay_the_same() {
    let folder = TempDir::new().unwrap();
    let survey = |path: &Path| beatbolt::demux::survey(path, None).unwrap();
    let parts = [300.0, 400.0].map(|hz| part(&folder, "a.ogg", hz, &[1.0], &["-c:a", "libvorbis"]));
    let (one, chain) = (put(&folder, "one.ogg", &parts[0]), put(&folder, "chain.ogg", &parts.concat()));
    assert!(survey(&one).uniform && !survey(&chain).uniform);
    assert!((survey(&one).length - 4.0).abs() < 1e-6 && (survey(&chain).length - 8.0).abs() < 0.01);
    let mp3 = part(&folder, "a.mp3", 300.0, &[1.0], &["-b:a", "128k"]);
    let joined = put(&folder, "joined.mp3", &mp3.repeat(2));
    assert!(survey(&joined).uniform && !survey(&joined).changes);
}

/// The second part has the first one's number, so FFmpeg's demuxer hands its headers on as if they were sound.
#[test]
fn ogg_files_joined_to_themselves_are_heard_without_a_gap() {
    let folder = TempDir::new().unwrap();
    for (name, codec) in [("a.opus", "libopus"), ("a.ogg", "libvorbis"), ("a.oga", "flac")] {
        let bytes = part(&folder, name, 300.0, &[1.0], &["-c:a", codec]);
        let decoded = check(&put(&folder, name, &bytes.repeat(2)), 4);
        assert!(decoded.notes.is_empty(), "{name}: {:?}", decoded.notes);
    }
}

#[test]
fn what_an_edit_list_hides_before_the_start_is_not_copied() {
    let folder = TempDir::new().unwrap();
    let whole =
        made(&folder, "a.m4a", (RATE, &strikes(RATE, 4.0, 300.0, &[0.9, 3.0]), &[1.0]), &["-c:a", "aac"]);
    let cut = folder.path().join("cut.m4a");
    ffmpeg(&["-ss", "1.013", "-i", text(&whole), "-c", "copy", text(&cut)]);
    for ending in ["mkv", "mp4"] {
        let video = folder.path().join(format!("v.{ending}"));
        render(&spec(&video, Some(&cut)), 36);
        assert!(delay(&video) < 0.16, "{ending}: {} s of hidden sound", delay(&video));
        let copy: Vec<f64> =
            rises(&heard(&video, None).0, RATE).iter().map(|at| at - delay(&video)).collect();
        let there = rises(&heard(&cut, None).0, RATE);
        assert!(there.len() == 1 && (there[0] - 1.987).abs() < NEAR, "{there:?}");
        assert!(copy.len() == 1 && (copy[0] - there[0]).abs() < NEAR, "{ending}: {copy:?} for {there:?}");
    }
}

/// MP4 states a length to the sample; in Matroska a copy needs a word about what the last packet holds beyond, however short
/// MP4 says that the packet is.
#[test]
fn a_copy_from_mp4_is_as_long_in_other_containers() {
    let folder = TempDir::new().unwrap();
    for (codec, seconds) in [("aac", 2.05), ("aac", 2.0), ("libmp3lame", 2.05), ("ac3", 2.05), ("alac", 2.05)]
    {
        let track =
            made(&folder, "a.mp4", (RATE, &strikes(RATE, seconds, 300.0, &[0.5]), &[1.0]), &["-c:a", codec]);
        let video = folder.path().join("v.mkv");
        render(&spec(&video, Some(&track)), 25);
        assert_eq!(sound_hash(&video), sound_hash(&track), "{codec}");
        let (there, copy) = (heard(&track, None).0.len(), heard(&video, None).0.len());
        let (near, early) = (RATE as usize / 500, (delay(&video) * f64::from(RATE)).round() as usize);
        assert!(
            (there + early).abs_diff(copy) < near,
            "{codec}, {seconds} s: {there} samples, {copy} in the copy"
        );
        assert!(copy.abs_diff(played(&video, "anull").len()) < near, "{codec}: FFmpeg plays another length");
    }
}

#[test]
fn an_edit_list_of_two_parts_is_heard_as_it_is_played_and_not_copied() {
    let folder = TempDir::new().unwrap();
    let times = [0.5, 1.5, 2.5, 3.5, 4.5, 5.5];
    let track = made(&folder, "a.m4a", (RATE, &strikes(RATE, 6.0, 300.0, &times), &[1.0]), &["-c:a", "aac"]);
    let mut bytes = fs::read(&track).unwrap();
    // The index comes last, so that it can grow: seconds 0 to 2, then 4 to 6.
    let at = bytes.windows(4).position(|w| w == b"elst").unwrap();
    let delay = u32::from_be_bytes(bytes[at + 16..at + 20].try_into().unwrap());
    let entry = |length: u32, from: u32| [length, from, 0x1_0000].map(u32::to_be_bytes).concat();
    let list = [vec![0, 0, 0, 0, 0, 0, 0, 2], entry(2000, delay), entry(2000, delay + 4 * RATE)].concat();
    bytes.splice(at + 4..at + 24, list);
    let mut grow = |name: &[u8; 4]| {
        let at = bytes.windows(4).position(|w| w == name).unwrap() - 4;
        let size = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) + 12;
        bytes[at..at + 4].copy_from_slice(&size.to_be_bytes());
    };
    [b"moov", b"trak", b"edts", b"elst"].into_iter().for_each(&mut grow);
    let path = put(&folder, "edited.m4a", &bytes);
    check(&path, 4);
    assert!(
        !beatbolt::demux::is_uniform(&path, None).unwrap()
            && beatbolt::demux::is_uniform(&track, None).unwrap()
    );
}

#[test]
fn what_the_track_says_of_itself_stands_in_the_video() {
    let folder = TempDir::new().unwrap();
    let tags = [("title", "Lantern"), ("artist", "The Example"), ("album", "Cases"), ("date", "1999")];
    let cover = folder.path().join("cover.png");
    ffmpeg(&["-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1", text(&cover)]);
    let chapters = put(
        &folder,
        "chapters.txt",
        b";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n\
          [CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=Two\n",
    );
    let wav = folder.path().join("a.wav");
    write_wav(&wav, RATE, &strikes(RATE, 2.0, 300.0, &[0.5]), &[1.0, 1.0]);
    let said: Vec<String> = tags.iter().flat_map(|(k, v)| ["-metadata".into(), format!("{k}={v}")]).collect();
    for (name, codec) in
        [("a.mp3", "libmp3lame"), ("a.m4a", "aac"), ("a.flac", "flac"), ("a.ogg", "libvorbis")]
    {
        let track = folder.path().join(name);
        let art = name != "a.ogg";
        let mut args = vec!["-i", text(&wav), "-i", text(&chapters), "-i", text(&cover), "-map", "0"];
        args.extend(if art {
            &["-map", "2", "-c:v", "copy", "-disposition:v", "attached_pic"][..]
        } else {
            &[]
        });
        args.extend(["-map_chapters", if name == "a.m4a" { "1" } else { "-1" }, "-c:a", codec]);
        args.extend(said.iter().map(String::as_str).chain([text(&track)]));
        ffmpeg(&args);
        for ending in ["mp4", "mkv", "mov"] {
            let video = folder.path().join(format!("v.{ending}"));
            let plan = check_container(&video, &wish(&track, None), Profile::H264).unwrap();
            let open = decoder(&track);
            let sound = SoundSpan { carriage: plan.sound, samples: Some(Samples(&open)), ..copied(&track) };
            render(&VideoSpec { sound: Some(sound), job: "{\"a\": 1}", ..spec(&video, None) }, 48);
            let info = crate::cli::probe(&video);
            let words = &info["format"]["tags"];
            for (key, value) in tags {
                let found = [key.to_owned(), key.to_uppercase()].iter().any(|key| words[key] == value);
                assert!(found, "{name} to {ending}: {key} in {words}");
            }
            assert_eq!(beatbolt::video::read_job(&video).unwrap(), "{\"a\": 1}");
            let pictures = probe(&video, "v", "stream_disposition=attached_pic");
            assert_eq!(pictures.len(), if art && ending != "mov" { 2 } else { 1 }, "{name} to {ending}");
            let args = ["-v", "error", "-show_chapters", "-of", "csv", text(&video)];
            let shown =
                String::from_utf8(Command::new("ffprobe").args(args).output().unwrap().stdout).unwrap();
            assert_eq!(
                shown.lines().count(),
                if name == "a.m4a" { 2 } else { 0 },
                "{name} to {ending}: {shown}"
            );
            if name == "a.m4a" {
                assert!(shown.contains(",1.000000,One") && shown.contains(",2.000000,Two"), "{shown}");
            }
        }
    }
}
