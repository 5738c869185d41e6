//! Pictures and clips that frames start from, made by ffmpeg: which picture is seen when, its colours, its place in the frame.

use crate::cli::Stage;
use crate::projects::pictures as decoded;
use beatbolt::units::{Seconds, Size};
use beatbolt::video::{Fit, Footage, Frame, Reel};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const SIZE: Size = Size { width: 64, height: 48 };

/// The file `name` made of `source` (lavfi) with `options`.
fn made(folder: &Path, name: &str, source: &str, options: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let file = format!("file:{}", path.to_str().unwrap());
    let args = [&["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source], options, &[&file]].concat();
    let out = Command::new("ffmpeg").args(&args).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    path
}

/// Grey pictures, each five levels brighter than the one before: number n is 20 + 5 n bright.
const STAIRS: &str = "color=black:s=64x48:r=10:d=4,format=gray,geq=lum='20+5*N'";

/// The number of the picture of [`STAIRS`] that `frame` is.
fn number(frame: &Frame) -> u64 {
    let middle = f64::from(frame.rgb()[3 * (64 * 24 + 32)]);
    let number = ((middle - 20.0) / 5.0).round();
    assert!((middle - 20.0 - 5.0 * number).abs() <= 2.0, "{middle}");
    number as u64
}

#[test]
fn a_picture_is_seen_from_its_time_on_in_whatever_order_it_is_asked_for() {
    let folder = TempDir::new().unwrap();
    // Every second picture stays twice as long: at 0, .1, .3, .4, .6 ...
    let uneven = format!("{STAIRS},setpts='(floor(N/2)*3+mod(N,2))/10/TB+0.01'");
    let x264 =
        ["-c:v", "libx264", "-bf", "3", "-g", "100", "-qp", "4", "-pix_fmt", "yuv420p", "-color_range", "tv"];
    let fine = ["-c:v", "libx264", "-g", "7", "-qp", "4", "-pix_fmt", "yuv422p10le"];
    for (name, source, options) in [
        ("a.mp4", STAIRS, &x264[..]),
        ("b.mkv", STAIRS, &fine),
        ("c.avi", STAIRS, &["-c:v", "mjpeg", "-q:v", "2"]),
        ("d.mkv", STAIRS, &["-c:v", "ffv1"]),
        ("e.gif", STAIRS, &[]),
        ("f.mp4", &uneven, &[&x264[..], &["-vsync", "passthrough"]].concat()),
    ] {
        let footage = Footage::open(&made(folder.path(), name, source, options)).unwrap();
        let (length, even) = (footage.length().unwrap().0, source == STAIRS);
        assert!((length - if even { 4.0 } else { 6.0 }).abs() < 0.11, "{name}: {length}");
        let right = |time: f64| match even {
            true => (time * 10.0 + 1e-6).floor() as u64,
            false => {
                let slot = (time * 10.0 + 1e-6).floor() as u64;
                2 * (slot / 3) + u64::from(!slot.is_multiple_of(3))
            }
        };
        let mut upwards = Reel::open(footage.clone()).unwrap();
        let mut seen = Vec::new();
        for i in 0..38 {
            let time = f64::from(i) / 10.0 + 0.05;
            let frame = upwards.frame(Seconds(time), SIZE, Fit::Cover).unwrap();
            assert_eq!(number(&frame), right(time), "{name} at {time}");
            seen.push(frame);
        }
        let mut anyhow = Reel::open(footage.clone()).unwrap();
        for i in (0..38).rev().chain((0..38).map(|i| i * 17 % 38)) {
            let time = i as f64 / 10.0 + 0.05;
            let frame = anyhow.frame(Seconds(time), SIZE, Fit::Cover).unwrap();
            assert!(frame == seen[i], "{name} at {time}: {} for {}", number(&frame), number(&seen[i]));
        }
        let last = if even { 39 } else { 38 };
        assert!(number(&anyhow.frame(Seconds(99.0), SIZE, Fit::Cover).unwrap()) >= last, "{name}");
    }
}

/// Four quarters: red and green above, blue and white below.
const QUARTERS: &str = "color=black:s=64x48:r=10:d=0.3,format=gbrp,\
    geq=r='255*not(gte(X,32))*not(gte(Y,24))+255*gte(X,32)*gte(Y,24)':\
    g='255*gte(X,32)':b='255*gte(Y,24)'";

/// The names of a picture's quarters, row by row.
fn quarters(frame: &Frame) -> String {
    let size = frame.size();
    let (w, h) = (size.width as usize, size.height as usize);
    let name = |x: usize, y: usize| match frame.rgb()[3 * (y * w + x)..][..3] {
        [r, g, b] => match (r > 128, g > 128, b > 128) {
            (true, false, false) => 'r',
            (false, true, false) => 'g',
            (false, false, true) => 'b',
            (true, true, true) => 'w',
            _ => '?',
        },
        _ => '!',
    };
    [(1, 1), (3, 1), (1, 3), (3, 3)].into_iter().map(|(x, y)| name(x * w / 4, y * h / 4)).collect()
}

/// An MP4 file of one track with another display matrix in its track header (ISO/IEC 14496-12, 8.3.2).
fn with_matrix(file: &[u8], [a, b, c, d]: [i32; 4]) -> Vec<u8> {
    let header = file.windows(4).position(|bytes| bytes == b"tkhd").unwrap();
    let mut file = file.to_vec();
    let matrix = [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30];
    for (i, value) in matrix.into_iter().enumerate() {
        file[header + 44 + 4 * i..][..4].copy_from_slice(&value.to_be_bytes());
    }
    file
}

#[test]
fn pictures_are_turned_and_pulled_as_their_file_says() {
    let folder = TempDir::new().unwrap();
    let plain = ["-c:v", "libx264", "-pix_fmt", "yuv444p", "-qp", "0"];
    let upright = std::fs::read(made(folder.path(), "upright.mp4", QUARTERS, &plain)).unwrap();
    // What a pixel's column and row become: a, b, c, d of (a x + c y, b x + d y), y downwards.
    for (matrix, shown, size) in [
        ([1, 0, 0, 1], "rgbw", "64x48"),
        ([0, 1, -1, 0], "brwg", "48x64"),
        ([-1, 0, 0, -1], "wbgr", "64x48"),
        ([0, -1, 1, 0], "gwrb", "48x64"),
        ([-1, 0, 0, 1], "grwb", "64x48"),
        ([0, 1, 1, 0], "rbgw", "48x64"),
    ] {
        let path = folder.path().join("turned.mp4");
        std::fs::write(&path, with_matrix(&upright, matrix)).unwrap();
        let footage = Footage::open(&path).unwrap();
        assert_eq!(footage.size().to_string(), size, "{matrix:?}");
        let frame =
            Reel::open(footage.clone()).unwrap().frame(Seconds(0.0), footage.size(), Fit::Stretch).unwrap();
        assert_eq!(quarters(&frame), shown, "{matrix:?}");
        // FFmpeg's own program turns them the same way.
        let raw = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-i"])
            .arg(&path)
            .args(["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
            .output()
            .unwrap()
            .stdout;
        assert_eq!(quarters(&Frame::new(footage.size(), raw)), shown, "FFmpeg, {matrix:?}");
    }
    let wide = format!("{QUARTERS},setsar=2");
    let footage = Footage::open(&made(folder.path(), "wide.mp4", &wide, &plain)).unwrap();
    assert_eq!(footage.size().to_string(), "128x48");
}

#[test]
fn colours_are_those_of_the_matrix_and_the_range_that_a_file_names() {
    let folder = TempDir::new().unwrap();
    let source = "color=0xC86420:s=64x48:r=10:d=0.3,format=gbrp";
    for (name, options) in [
        (
            "709.mp4",
            &[
                "-vf",
                "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
                "-colorspace",
                "bt709",
                "-color_range",
                "tv",
            ][..],
        ),
        (
            "601.mp4",
            &[
                "-vf",
                "scale=out_color_matrix=smpte170m:out_range=tv,format=yuv420p",
                "-colorspace",
                "smpte170m",
                "-color_range",
                "tv",
            ],
        ),
        ("unsaid.mp4", &["-vf", "scale=out_color_matrix=smpte170m:out_range=tv,format=yuv420p"]),
        (
            "full.mkv",
            &[
                "-vf",
                "scale=out_color_matrix=bt709:out_range=pc,format=yuv444p",
                "-colorspace",
                "bt709",
                "-color_range",
                "pc",
            ],
        ),
        ("picture.jpg", &["-frames:v", "1", "-q:v", "1"]),
        ("picture.png", &["-frames:v", "1"]),
        ("deep.png", &["-frames:v", "1", "-pix_fmt", "rgb48be"]),
        (
            "few.png",
            &["-frames:v", "1", "-vf", "split[a][b];[a]palettegen=reserve_transparent=0[p];[b][p]paletteuse"],
        ),
        ("picture.webp", &["-frames:v", "1", "-quality", "100"]),
    ] {
        let footage = Footage::open(&made(folder.path(), name, source, options)).unwrap();
        let frame = Reel::open(footage.clone()).unwrap().frame(Seconds(0.0), SIZE, Fit::Cover).unwrap();
        let seen = &frame.rgb()[3 * (64 * 24 + 32)..][..3];
        let apart = seen.iter().zip([0xC8, 0x64, 0x20]).map(|(a, b)| a.abs_diff(b)).max().unwrap();
        assert!(apart <= 4, "{name}: {seen:?}");
        assert_eq!(footage.length().is_none(), !name.ends_with(".mp4") && !name.ends_with(".mkv"), "{name}");
    }
}

#[test]
fn a_wide_frame_is_covered_or_holds_all_of_the_picture() {
    let folder = TempDir::new().unwrap();
    let path = made(folder.path(), "q.png", QUARTERS, &["-frames:v", "1"]);
    let mut reel = Reel::open(Footage::open(&path).unwrap()).unwrap();
    let wide = Size { width: 192, height: 48 };
    let mut seen = |fit| reel.frame(Seconds(0.0), wide, fit).unwrap();
    let at =
        |frame: &Frame, x: usize, y: usize| -> Vec<u8> { frame.rgb()[3 * (192 * y + x)..][..3].to_vec() };
    for fit in [Fit::Cover, Fit::Stretch] {
        assert_eq!(quarters(&seen(fit)), "rgbw");
    }
    let contained = seen(Fit::Contain);
    // The picture lies at 64 to 128, its blurred and darkened likeness beside it.
    assert_eq!([at(&contained, 70, 6), at(&contained, 122, 6)], [[255, 0, 0], [0, 255, 0]]);
    assert!(at(&contained, 20, 6)[0] > 60 && at(&contained, 20, 6)[0] < 160, "{:?}", at(&contained, 20, 6));
}

#[test]
fn what_has_no_picture_is_refused() {
    let folder = TempDir::new().unwrap();
    let sound = made(folder.path(), "a.wav", "sine=d=0.2", &[]);
    assert!(Footage::open(&sound).unwrap_err().to_string().contains("no picture"));
    assert!(Footage::cover(&sound).unwrap_err().to_string().contains("no cover"));
    let text = folder.path().join("a.txt");
    std::fs::write(&text, "not a picture").unwrap();
    assert!(Footage::open(&text).is_err());
    assert!(Footage::open(&folder.path().join("missing.mp4")).is_err());
}

#[test]
fn a_clip_gets_its_detail_back_and_a_picture_does_not() {
    let stage = Stage::new(1.0);
    made(stage.home(), "clip.mp4", "testsrc=s=96x64:r=12:d=1", &["-pix_fmt", "yuv420p"]);
    made(stage.home(), "still.png", "testsrc=s=96x64:r=12:d=1", &["-frames:v", "1"]);
    let with = |init: &str, detail: &str| {
        let set = format!("--set denoise=0.4 --set source_detail={detail} --set finish=off");
        stage.run(&format!("render track.wav --preset pulse --size 96x64 --steps 2 --init {init} {set} --profile ffv1 -o {detail}-{init}.mkv")).succeeds();
        decoded(&stage, &format!("{detail}-{init}.mkv"))
    };
    assert!(with("clip.mp4", "0") != with("clip.mp4", "1"));
    assert!(with("still.png", "0") == with("still.png", "1"), "its detail would stand still over what moves");
    // With the small model a clip gets it unless somebody says otherwise.
    stage.run("render track.wav --preset pulse --size 96x64 --steps 2 --init clip.mp4 --set denoise=0.4 --set finish=off --profile ffv1 -o usual.mkv").succeeds();
    assert!(decoded(&stage, "usual.mkv") == decoded(&stage, "1-clip.mp4.mkv"));
}
