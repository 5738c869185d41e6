//! Pictures of a golden case: read and written by FFmpeg's program, tiled on one sheet, compared value by value.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Width and height of every frame.
pub const SIZE: [usize; 2] = [96, 56];
/// Frames in a row of a sheet.
const COLUMNS: usize = 6;
/// Processors differ in the last bits, and a value of 8 bits may be rounded to either side: what a frame may be off on
/// average, and any one value of it, of 255.
const MEAN: f64 = 0.5;
const MOST: u8 = 4;
/// What whoever meant to change the pictures does.
const UPDATE: &str =
    "if the pictures are meant to change: BEATBOLT_UPDATE_GOLDEN=1 cargo test --release golden";

/// RGB values of one frame, row by row.
pub type Pixels = Vec<u8>;

/// The numbered PNGs of `folder` in their order.
pub fn read_frames(folder: &Path) -> Vec<Pixels> {
    let count = std::fs::read_dir(folder).unwrap().flatten().filter(|f| is_png(&f.path())).count();
    let frames = decode(&folder.join("%06d.png"), SIZE);
    assert_eq!(frames.len(), count, "FFmpeg doesn't read every picture of {}", folder.display());
    frames
}

fn is_png(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "png")
}

/// The pictures of this `size` that FFmpeg finds in `source`.
fn decode(source: &Path, [width, height]: [usize; 2]) -> Vec<Pixels> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i"]).arg(source).args(["-fps_mode", "passthrough"]);
    let out = command.args(["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]).output().unwrap();
    assert!(out.status.success(), "{}: {}", source.display(), String::from_utf8_lossy(&out.stderr));
    let whole = 3 * width * height;
    let size = format!("{width}x{height}");
    assert!(
        out.stdout.len().is_multiple_of(whole),
        "pictures in {} are not {size}; {UPDATE}",
        source.display()
    );
    out.stdout.chunks_exact(whole).map(<[u8]>::to_vec).collect()
}

/// Width and height of a sheet of `count` frames.
fn sheet_size(count: usize) -> [usize; 2] {
    [COLUMNS.min(count) * SIZE[0], count.div_ceil(COLUMNS) * SIZE[1]]
}

/// Where each row of the frame in place `index` starts on a sheet of this `width`.
fn rows(index: usize, width: usize) -> impl Iterator<Item = usize> {
    let (left, top) = (index % COLUMNS * SIZE[0], index / COLUMNS * SIZE[1]);
    (0..SIZE[1]).map(move |y| 3 * ((top + y) * width + left))
}

/// Writes `frames` as one PNG.
pub fn write(path: &Path, frames: &[&Pixels]) {
    let [width, height] = sheet_size(frames.len());
    let mut sheet = vec![0; 3 * width * height];
    for (index, frame) in frames.iter().enumerate() {
        for (start, row) in rows(index, width).zip(frame.chunks_exact(3 * SIZE[0])) {
            sheet[start..start + row.len()].copy_from_slice(row);
        }
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let raw = path.with_extension("rgb");
    std::fs::write(&raw, sheet).unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]);
    command.args(["-s", &format!("{width}x{height}"), "-i"]).arg(&raw);
    command.args(["-frames:v", "1", "-compression_level", "9", "-pred", "mixed"]).arg(path);
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&out.stderr));
    std::fs::remove_file(raw).unwrap();
}

/// The `count` frames of the sheet at `path`.
fn read(path: &Path, count: usize) -> Vec<Pixels> {
    let size = sheet_size(count);
    let sheets = decode(path, size);
    assert_eq!(sheets.len(), 1, "{} is not one picture of {}x{}; {UPDATE}", path.display(), size[0], size[1]);
    let frame = |index| rows(index, size[0]).flat_map(|start| &sheets[0][start..start + 3 * SIZE[0]]);
    (0..count).map(|index| frame(index).copied().collect()).collect()
}

/// How far two frames are apart, of 255.
#[derive(Clone, Copy)]
struct Distance {
    mean: f64,
    most: u8,
}

impl Distance {
    fn between(a: &[u8], b: &[u8]) -> Self {
        let apart = || a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
        let sum: u64 = apart().map(u64::from).sum();
        Distance { mean: sum as f64 / a.len() as f64, most: apart().max().unwrap_or(0) }
    }

    fn is_far(self) -> bool {
        self.mean > MEAN || self.most > MOST
    }
}

/// Where a golden sheet is kept.
pub fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.png"))
}

/// Compares `frames` (their numbers and pixels) with the golden sheet of this name. What was found is written down where
/// it differs, beside what is built.
pub fn compare(name: &str, frames: &[(usize, &Pixels)]) {
    assert!(kept(name).is_file(), "there is no golden sheet {}; {UPDATE}", kept(name).display());
    let golden = read(&kept(name), frames.len());
    let far = |golden: &Pixels, (number, found): &(usize, &Pixels)| {
        Some((*number, Distance::between(golden, found))).filter(|(_, distance)| distance.is_far())
    };
    let far: Vec<(usize, Distance)> =
        golden.iter().zip(frames).filter_map(|(golden, found)| far(golden, found)).collect();
    let Some(first) = far.first() else { return };
    let worst = far.iter().max_by(|a, b| a.1.mean.total_cmp(&b.1.mean)).unwrap();
    let told = |(number, Distance { mean, most }): &(usize, Distance)| {
        format!("frame {number}, by {mean:.2} of 255 on average and {most} at most")
    };
    let found = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("golden").join(format!("{name}.png"));
    write(&found, &frames.iter().map(|(_, pixels)| *pixels).collect::<Vec<_>>());
    panic!(
        "golden case '{name}': {} of {} frames differ by more than {MEAN} on average or {MOST} anywhere\n  \
         first: {}\n  worst: {}\n  kept:  {}\n  found: {}\n\
         {UPDATE}",
        far.len(),
        frames.len(),
        told(first),
        told(worst),
        kept(name).display(),
        found.display(),
    );
}
