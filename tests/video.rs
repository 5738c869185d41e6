//! Finished files, looked at with ffprobe and decoded with ffmpeg.

use beatbolt::audio::decode::{Pulled, pull};
use beatbolt::error::{ErrorKind, Result};
use beatbolt::units::{FrameRate, Seconds, Size};
use beatbolt::video::{
    Audio, Carriage, Frame, Pcm, Profile, Quality, SoundSpan, VideoSpec, Wish, Writer, check_container,
    read_job,
};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const SIZE: Size = Size { width: 96, height: 64 };

/// Output of a command that must succeed.
fn run(program: &str, args: &[&str]) -> Vec<u8> {
    let out = Command::new(program).args(args).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(out.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Two seconds of hum with a click every half second from 0.25 s, as a file called `name`.
fn track(folder: &Path, name: &str, codec: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let click = r"0.05*sin(1382*t)+0.8*gte(t\,0.25)*exp(-400*mod(t-0.25\,0.5))*cos(9425*mod(t-0.25\,0.5))";
    let source = format!("aevalsrc={click}:s=48000:d=2.03");
    let file = format!("file:{}", text(&path));
    let rate = ["-ar", if name.contains("opus") { "48000" } else { "44100" }];
    let args = [&["-v", "error", "-y", "-f", "lavfi", "-i", &source], &rate[..], codec, &[&file]].concat();
    run("ffmpeg", &args);
    path
}

/// All of a track's sound, copied.
pub fn copied(track: &Path) -> SoundSpan<'_> {
    SoundSpan { track, stream: None, carriage: Carriage::Copied, samples: None, start: None, end: None }
}

/// What is wished of a track's sound in a file that was named.
pub fn wish(track: &Path, audio: Option<Audio>) -> Wish<'_> {
    Wish { track, stream: None, uniform: true, audio, named: true }
}

/// The listener's own decoder.
pub fn decoder(track: &Path) -> impl Fn() -> Result<Pcm> + Sync {
    let track = track.to_owned();
    move || {
        let pulled = pull(track.clone(), None)?;
        let Pulled { rate, channels, speakers, .. } = pulled;
        Ok(Pcm { rate, channels, speakers, blocks: Box::new(pulled) })
    }
}

pub fn spec<'a>(path: &'a Path, track: Option<&'a Path>) -> VideoSpec<'a> {
    let sound = track.map(copied);
    let fps = FrameRate::new(24, 1).unwrap();
    let (profile, quality) = (Profile::H264, Quality::default());
    VideoSpec { path, size: SIZE, fps, profile, quality, sound, job: "{}" }
}

/// A moving picture.
fn picture(index: u64) -> Frame {
    let rgb =
        (0..SIZE.pixels() as u64).flat_map(|i| [i + 3 * index, i / 7, i * index].map(|v| (v % 200) as u8));
    Frame::new(SIZE, rgb.collect())
}

pub fn render(spec: &VideoSpec, frames: u64) {
    let mut writer = Writer::create(spec).unwrap();
    for index in 0..frames {
        writer.write(&picture(index)).unwrap();
    }
    assert_eq!(writer.frames(), frames);
    writer.finish().unwrap();
}

/// What ffprobe says about `entries` of `stream`, one field a line.
pub fn probe(path: &Path, stream: &str, entries: &str) -> Vec<String> {
    let args = ["-v", "error", "-select_streams", stream, "-count_packets", "-show_entries", entries];
    let out = run("ffprobe", &[&args, &["-of", "default=nk=1:nw=1", text(path)][..]].concat());
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

/// Hash over all audio packets, as they stand in the file.
pub fn sound_hash(path: &Path) -> String {
    let file = format!("file:{}", text(path));
    let args =
        ["-v", "error", "-i", &file, "-map", "0:a:0", "-c", "copy", "-f", "streamhash", "-hash", "md5", "-"];
    String::from_utf8(run("ffmpeg", &args)).unwrap().split('=').next_back().unwrap().to_owned()
}

/// When the first click is heard, counted from the first picture where there is one.
fn first_click(path: &Path) -> f64 {
    let file = format!("file:{}", text(path));
    let args = ["-v", "error", "-i", &file, "-map", "0:a:0", "-ac", "1", "-ar", "48000", "-f", "f32le", "-"];
    let bytes = run("ffmpeg", &args);
    let samples = bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
    let index = samples.into_iter().position(|v| v.abs() > 0.4).expect("a click");
    let first = |stream: &str| -> f64 {
        let args = ["-v", "error", "-select_streams", stream, "-read_intervals", "%+#5"];
        let rest = ["-show_entries", "frame=pts_time", "-of", "default=nk=1:nw=1", &file];
        let out = String::from_utf8(run("ffprobe", &[&args[..], &rest].concat())).unwrap();
        out.lines().next().and_then(|t| t.trim().parse().ok()).unwrap_or(0.0)
    };
    let origin =
        if probe(path, "v:0", "stream=codec_name") == ["h264"] { first("v:0") - first("a:0") } else { 0.0 };
    index as f64 / 48_000.0 - origin
}

#[test]
fn every_sound_is_copied_in_step_into_the_container_that_holds_it() {
    let folder = TempDir::new().unwrap();
    let cases: [(&str, &[&str], &str); 9] = [
        ("a.mp3", &["-c:a", "libmp3lame"], "mp4"),
        ("a.m4a", &["-c:a", "aac"], "mp4"),
        ("a.opus", &["-c:a", "libopus"], "mp4"),
        ("opus.webm", &["-c:a", "libopus"], "mp4"),
        ("a.flac", &["-c:a", "flac"], "mp4"),
        ("a.ogg", &["-c:a", "libvorbis"], "mkv"),
        ("a.wav", &["-c:a", "pcm_s16le"], "mkv"),
        ("a.wma", &["-c:a", "wmav2"], "mkv"),
        ("a: b 'ü'.mp3", &["-c:a", "libmp3lame", "-write_xing", "0"], "mp4"),
    ];
    for (name, codec, ending) in cases {
        let track = track(folder.path(), name, codec);
        let usual = folder.path().join("video.mp4");
        // Where nobody named a file, it is one that holds the sound unchanged.
        let plan =
            check_container(&usual, &Wish { named: false, ..wish(&track, None) }, Profile::H264).unwrap();
        assert_eq!(
            (plan.path.extension().unwrap(), plan.sound),
            (ending.as_ref(), Carriage::Copied),
            "{name}"
        );
        assert_eq!(plan.note.is_some(), ending != "mp4" || name.contains("opus"), "{name}");
        // Matroska holds them all.
        for path in [plan.path, folder.path().join("other.mkv")] {
            render(&spec(&path, Some(&track)), 49);
            assert_eq!(sound_hash(&path), sound_hash(&track), "{name} in {}", path.display());
            assert_eq!(probe(&path, "v:0", "stream=nb_read_packets"), ["49"], "{name}");
            let late = first_click(&path) - first_click(&track);
            assert!(late.abs() < 0.001, "{name} in {}: {late} s late", path.display());
        }
    }
}

#[test]
fn the_video_stream_is_tagged_and_keeps_its_exact_rate() {
    let folder = TempDir::new().unwrap();
    for (ending, rate) in [("mp4", "30000/1001"), ("mkv", "30000/1001"), ("mov", "24/1"), ("mp4", "15/2")] {
        let path = folder.path().join(format!("v.{ending}"));
        render(&VideoSpec { fps: rate.parse().unwrap(), ..spec(&path, None) }, 61);
        let fields =
            "codec_name,pix_fmt,color_range,color_space,color_transfer,color_primaries,avg_frame_rate";
        let mut seen = probe(&path, "v:0", &format!("stream={fields},width,height,nb_read_packets"));
        seen.sort();
        let mut expected =
            ["h264", "yuv420p", "tv", "bt709", "bt709", "bt709", rate, "96", "64", "61"].map(str::to_owned);
        expected.sort();
        assert_eq!(seen, expected, "{ending}");
        let times = probe(&path, "v:0", "frame=pts_time");
        let times: Vec<f64> = times.iter().map(|t| t.parse().unwrap()).collect();
        let rate: FrameRate = rate.parse().unwrap();
        for (index, time) in times.iter().enumerate() {
            let off = time - rate.start_of(index as u64).0;
            assert!(off.abs() <= 0.000_6, "{ending} frame {index}: {off}");
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_and_the_index_comes_first() {
    let folder = TempDir::new().unwrap();
    let track = track(folder.path(), "a.mp3", &["-c:a", "libmp3lame"]);
    for ending in ["mp4", "mkv", "mov"] {
        let [a, b] = ["a", "b"].map(|name| folder.path().join(format!("{name}.{ending}")));
        render(&spec(&a, Some(&track)), 30);
        render(&spec(&b, Some(&track)), 30);
        let [a, b] = [a, b].map(|path| std::fs::read(path).unwrap());
        let differs = a.iter().zip(&b).position(|(x, y)| x != y);
        assert_eq!((differs, a.len()), (None, b.len()), "{ending}: first different byte, length");
        let at = |name: &[u8]| a.windows(4).position(|w| w == name);
        assert!(ending == "mkv" || at(b"moov") < at(b"mdat"), "{ending}: the index is at the end");
    }
}

#[test]
fn colours_survive_within_three_levels() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("v.mp4");
    let colours =
        [[0; 3], [255; 3], [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [128; 3], [30, 90, 200]];
    let mut writer = Writer::create(&spec(&path, None)).unwrap();
    for colour in colours {
        writer.write(&Frame::new(SIZE, colour.repeat(SIZE.pixels()))).unwrap();
    }
    writer.finish().unwrap();
    let args = ["-v", "error", "-i", text(&path), "-sws_flags", "accurate_rnd+full_chroma_int"];
    let decoded = run("ffmpeg", &[&args[..], &["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]].concat());
    for (frame, colour) in decoded.chunks_exact(3 * SIZE.pixels()).zip(colours) {
        for pixel in frame.chunks_exact(3) {
            assert!(pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) <= 3), "{pixel:?} for {colour:?}");
        }
    }
    assert_eq!(decoded.len(), colours.len() * 3 * SIZE.pixels());
}

#[test]
fn the_job_is_read_back_from_every_container() {
    let folder = TempDir::new().unwrap();
    let job = format!("{{\"words\": \"{}\"}}", "grün \\\"夜\\\" = ; # \\n 🎵 ".repeat(5000));
    assert!(job.len() > 100_000);
    for ending in ["mp4", "mkv", "mov", "m4v"] {
        let path = folder.path().join(format!("v.{ending}"));
        render(&VideoSpec { job: &job, ..spec(&path, None) }, 3);
        assert_eq!(read_job(&path).unwrap(), job, "{ending}");
    }
    let foreign = track(folder.path(), "a.mp3", &["-c:a", "libmp3lame"]);
    let error = read_job(&foreign).unwrap_err();
    assert_eq!((error.kind(), error.hints().len()), (ErrorKind::Input, 1));
    assert_eq!(read_job(&folder.path().join("none.mp4")).unwrap_err().kind(), ErrorKind::Input);
}

#[test]
fn a_part_of_a_track_stays_in_step() {
    let folder = TempDir::new().unwrap();
    let lossless = track(folder.path(), "a.flac", &["-c:a", "flac"]);
    let aac = track(folder.path(), "a.m4a", &["-c:a", "aac"]);
    for (track, name) in [(&lossless, "v.mkv"), (&aac, "v.mp4"), (&aac, "v.mkv")] {
        let path = folder.path().join(name);
        // The click at 0.75 s comes 0.15 s after the start.
        let sound = SoundSpan { start: Some(Seconds(0.6)), end: Some(Seconds(1.4)), ..copied(track) };
        render(&VideoSpec { sound: Some(sound), ..spec(&path, None) }, 20);
        let click = first_click(&path);
        assert!((click - 0.15).abs() < 0.001, "{name}: {click}");
        let (all, kept) =
            (probe(track, "a:0", "stream=nb_read_packets"), probe(&path, "a:0", "stream=nb_read_packets"));
        let share = kept[0].parse::<f64>().unwrap() / all[0].parse::<f64>().unwrap();
        assert!((0.38..0.46).contains(&share), "{name}: {share} of the packets");
    }
}

#[test]
fn sound_longer_or_shorter_than_the_picture_is_whole() {
    let folder = TempDir::new().unwrap();
    let track = track(folder.path(), "a.mp3", &["-c:a", "libmp3lame"]);
    for frames in [1, 120] {
        let path = folder.path().join(format!("{frames}.mp4"));
        render(&spec(&path, Some(&track)), frames);
        assert_eq!(sound_hash(&path), sound_hash(&track));
        assert_eq!(probe(&path, "v:0", "stream=nb_read_packets"), [frames.to_string()]);
    }
}

#[test]
fn a_cover_picture_is_no_video_stream() {
    let folder = TempDir::new().unwrap();
    let plain = track(folder.path(), "a.mp3", &["-c:a", "libmp3lame"]);
    let cover = folder.path().join("cover.mp3");
    let art =
        ["-v", "error", "-i", text(&plain), "-f", "lavfi", "-i", "color=red:s=64x64:d=0.1", "-frames:v", "1"];
    let rest = ["-map", "0", "-map", "1", "-c:a", "copy", "-c:v", "png", "-disposition:v", "attached_pic"];
    run("ffmpeg", &[&art[..], &rest, &[text(&cover)]].concat());
    let path = folder.path().join("v.mp4");
    render(&spec(&path, Some(&cover)), 10);
    let args = ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", text(&path)];
    assert_eq!(String::from_utf8(run("ffprobe", &args)).unwrap(), "h264\nmp3\npng\n");
    assert_eq!(probe(&path, "v", "stream_disposition=attached_pic"), ["0", "1"]);
    assert_eq!(sound_hash(&path), sound_hash(&plain));
}

#[test]
fn a_dropped_writer_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("v.mp4");
    std::fs::write(&path, "an older video").unwrap();
    let mut writer = Writer::create(&spec(&path, None)).unwrap();
    writer.write(&picture(0)).unwrap();
    assert_eq!(
        writer.write(&Frame::black(Size { width: 16, height: 16 })).unwrap_err().kind(),
        ErrorKind::Internal
    );
    drop(writer);
    assert_eq!(Writer::create(&spec(&path, None)).unwrap().finish().unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(std::fs::read(&path).unwrap(), b"an older video");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_cannot_work_is_said_before_the_first_frame() {
    let folder = TempDir::new().unwrap();
    let wav = track(folder.path(), "a.wav", &["-c:a", "pcm_s16le"]);
    let silent = folder.path().join("silent.mkv");
    render(&spec(&silent, None), 3);
    let good = folder.path().join("v.mkv");
    let odd = VideoSpec { size: Size { width: 97, height: 64 }, ..spec(&good, None) };
    let path = |name: &str| folder.path().join(name);
    let (missing, below_file, folder_itself) = (path("none/v.mp4"), path("a.wav/v.mp4"), path("dir.mp4"));
    std::fs::create_dir(&folder_itself).unwrap();
    let (webm, mp4) = (path("v.webm"), path("v.mp4"));
    let noise = path("noise.mp3");
    std::fs::write(&noise, vec![0x5a; 5000]).unwrap();
    for (spec, kind) in [
        (odd, ErrorKind::Usage),
        (spec(&missing, None), ErrorKind::Output),
        (spec(&below_file, None), ErrorKind::Output),
        (spec(&folder_itself, None), ErrorKind::Usage),
        (spec(&webm, None), ErrorKind::Usage),
        (spec(&mp4, Some(&wav)), ErrorKind::Output),
        (spec(&good, Some(&silent)), ErrorKind::Input),
        (spec(&good, Some(&noise)), ErrorKind::Input),
        (spec(&good, Some(&missing)), ErrorKind::Input),
        (spec(&good, Some(folder.path())), ErrorKind::Input),
    ] {
        let error = Writer::create(&spec).err().unwrap_or_else(|| panic!("{spec:?} is accepted"));
        assert_eq!(error.kind(), kind, "{spec:?}: {error}");
    }
    assert!(!good.exists() && !mp4.exists());
}

#[test]
fn two_renders_of_one_name_do_not_destroy_each_other() {
    for (name, profile) in [("pictures", Profile::Png), ("v.mp4", Profile::H264), ("v.gif", Profile::Gif)] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(name);
        let spec = VideoSpec { profile, ..spec(&path, None) };
        let mut first = Writer::create(&spec).unwrap();
        first.write(&picture(0)).unwrap();
        // The folder has another name for whoever comes by a link; the file is the same.
        let other = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &other).unwrap();
        for path in [path.clone(), other.join(name)] {
            let error =
                Writer::create(&VideoSpec { path: &path, ..spec }).err().expect("it is being written");
            assert_eq!((error.kind(), error.hints().len()), (ErrorKind::Output, 1), "{error}");
            assert!(error.to_string().contains("another render"), "{error}");
        }
        std::fs::remove_file(other).unwrap();
        first.write(&picture(1)).unwrap();
        first.finish().unwrap();
        let decoded = if profile == Profile::Png { path.join("%06d.png") } else { path.clone() };
        assert_eq!(probe(&decoded, "v:0", "stream=nb_read_packets"), ["2"], "{name}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "{name}: something was left behind");
        // Who was refused gets its turn, and what a killed render left is cleared away.
        drop(Writer::create(&VideoSpec { path: &folder.path().join(format!("2{name}")), ..spec }).unwrap());
    }
}
