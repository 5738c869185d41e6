//! Code rain: columns of letters in three depths, each with a bright head and a fading tail.

use crate::draw::dice::Dice;
use crate::draw::palette::Tones;
use crate::draw::planes::Planes;
use crate::draw::scene::Scene;
use crate::draw::stage::Stage;

const LETTERS: usize = 40;
/// Letters are drawn at least this large, then shrunk.
const SIDE: usize = 24;

/// One depth.
struct Sheet {
    cell: usize,
    dim: f32,
    /// How much of each of a letter's pixels is covered, \[letters, cell, cell].
    atlas: Vec<f32>,
    columns: Vec<Column>,
    /// Rows after which a column begins again.
    around: usize,
    /// Which letter stands where, \[rows, columns].
    letters: Vec<u32>,
}

struct Column {
    speed: f64,
    start: f64,
    on: bool,
}

struct Glyphs {
    size: (usize, usize),
    tones: Tones,
    sheets: Vec<Sheet>,
    flicker: bool,
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let sheets = [(9.0, 0.9, 0.30), (14.0, 0.75, 0.65), (22.0, 0.5, 1.25)];
    let sheets = sheets.into_iter().map(|sheet| self::sheet(stage, sheet)).collect();
    let flicker = stage.pick(&[true, false]);
    Box::new(Glyphs { size: stage.size(), tones: stage.tones, sheets, flicker })
}

fn sheet(stage: &mut Stage, (cell, share, dim): (f32, f64, f32)) -> Sheet {
    let scale = f64::from(stage.scale());
    let cell = ((f64::from(cell) * scale).round_ties_even() as usize).max(5);
    let side = SIDE.max(cell);
    let mut letter = |letter| shrunk(&letter_of(&mut stage.dice, letter, side), (side, cell));
    let atlas = (0..LETTERS).flat_map(&mut letter).collect();
    let (count, around) = (stage.width.div_ceil(cell), 3 * stage.height.div_ceil(cell));
    let speed: Vec<f64> = (0..count).map(|_| stage.u(0.3, 0.75) * 14.0 / cell as f64 * scale).collect();
    let start: Vec<f64> = (0..count).map(|_| stage.u(0.0, around as f64)).collect();
    let on: Vec<bool> = (0..count).map(|_| stage.dice.random() < share).collect();
    let letters = (0..around * count).map(|_| stage.dice.below(LETTERS as u32)).collect();
    let column = |i: usize| Column { speed: speed[i], start: start[i], on: on[i] };
    Sheet { cell, dim, atlas, columns: (0..count).map(column).collect(), around, letters }
}

/// An invented letter, \[side, side]: three to five strokes between the points of a 3x4 lattice, every other one mirrored.
fn letter_of(dice: &mut Dice, letter: usize, side: usize) -> Vec<f32> {
    const WAYS: [(i32, i32); 7] = [(1, 0), (0, 1), (0, 2), (1, 1), (-1, 1), (2, 0), (0, 1)];
    let mut strokes: Vec<[f32; 4]> = Vec::new();
    for _ in 0..3 + dice.below(3) {
        let (i, j) = (dice.below(3) as i32, dice.below(4) as i32);
        let (di, dj) = WAYS[dice.below(7) as usize];
        let (k, l) = ((i + di).clamp(0, 2), (j + dj).clamp(0, 3));
        for mirror in [false, true] {
            if mirror && letter % 2 == 1 {
                continue;
            }
            let x = |q: i32| 0.24 + 0.26 * (if mirror { 2 - q } else { q }) as f32;
            let y = |q: i32| 0.14 + 0.24 * q as f32;
            strokes.push([x(i), y(j), x(k) - x(i), y(l) - y(j)]);
        }
    }
    let large = 2.0 * side as f32;
    let covered = |x: usize, y: usize| {
        let (x, y) = ((x as f32 + 0.5) / large, (y as f32 + 0.5) / large);
        let away = |&[ax, ay, ux, uy]: &[f32; 4]| {
            let (px, py) = (x - ax, y - ay);
            let t = ((px * ux + py * uy) / (ux * ux + uy * uy).max(1e-4)).clamp(0.0, 1.0);
            (px - ux * t).hypot(py - uy * t)
        };
        let distance = strokes.iter().map(away).fold(9.0, f32::min);
        ((0.055 - distance) * large + 0.5).clamp(0.0, 1.0)
    };
    let mean = |i: usize| {
        let (x, y) = (2 * (i % side), 2 * (i / side));
        (covered(x, y) + covered(x + 1, y) + covered(x, y + 1) + covered(x + 1, y + 1)) / 4.0
    };
    (0..side * side).map(mean).collect()
}

/// A letter of `side` pixels a side at `cell` a side, each the mean of those that it touches.
fn shrunk(letter: &[f32], (side, cell): (usize, usize)) -> Vec<f32> {
    let range = |i: usize| i * side / cell..((i + 1) * side).div_ceil(cell);
    let mean = |i: usize| {
        let (rows, columns) = (range(i / cell), range(i % cell));
        let count = (rows.len() * columns.len()) as f32;
        rows.flat_map(|y| columns.clone().map(move |x| letter[y * side + x])).sum::<f32>() / count
    };
    (0..cell * cell).map(mean).collect()
}

impl Scene for Glyphs {
    fn draw(&mut self, p: f64) -> Planes {
        let (width, height) = self.size;
        let mut light = Planes::black(width, height);
        let span = 1.0 / (height.max(2) - 1) as f32;
        for y in 0..height {
            let deep = 0.22 * (1.0 - 0.8 * y as f32 * span);
            for (c, plane) in light.planes.iter_mut().enumerate() {
                plane[y * width..][..width].fill(self.tones.dark[c] + self.tones.deep[c] * deep);
            }
        }
        for sheet in &self.sheets {
            sheet.draw(p, self.flicker, &self.tones, &mut light);
        }
        light
    }

    fn glow(&self) -> f32 {
        0.6
    }
}

impl Sheet {
    fn draw(&self, p: f64, flicker: bool, tones: &Tones, light: &mut Planes) {
        let count = self.columns.len();
        let rows = light.height.div_ceil(self.cell) + 1;
        for (x, column) in self.columns.iter().enumerate().filter(|(_, column)| column.on) {
            let head = column.start + column.speed * p;
            for y in 0..rows.min(self.around) {
                let lag = (head - y as f64).rem_euclid(self.around as f64 / 1.5) as f32;
                let tail = (-lag / (6.0 + 60.0 / self.cell as f32)).exp();
                let first = (1.2 - lag).clamp(0.0, 1.0) * (lag * 4.0).clamp(0.0, 1.0);
                let (main, accent, hot) =
                    (self.dim * tail, 0.7 * self.dim * tail.powi(3), 1.6 * self.dim * first);
                let tint =
                    [0, 1, 2].map(|c| tones.main[c] * main + tones.accent[c] * accent + tones.hot[c] * hot);
                let mut letter = self.letters[y * count + x] as usize;
                if flicker {
                    letter += (p * 0.06 + f64::from(hash(y as u32, x as u32) * 5.0)).floor().rem_euclid(1e6)
                        as usize;
                }
                self.stamp(letter % LETTERS, (x, y), tint, light);
            }
        }
    }

    /// Adds a letter in its cell.
    fn stamp(&self, letter: usize, (x, y): (usize, usize), tint: [f32; 3], light: &mut Planes) {
        let (cell, width) = (self.cell, light.width);
        let shape = &self.atlas[letter * cell * cell..][..cell * cell];
        let columns = cell.min(width.saturating_sub(x * cell));
        for row in 0..cell.min(light.height.saturating_sub(y * cell)) {
            let shape = &shape[row * cell..][..columns];
            for (plane, tint) in light.planes.iter_mut().zip(tint) {
                let out = &mut plane[(y * cell + row) * width + x * cell..][..columns];
                out.iter_mut().zip(shape).for_each(|(out, covered)| *out += covered * tint);
            }
        }
    }
}

/// As `math::hash2` with seed 3, for one place.
fn hash(i: u32, j: u32) -> f32 {
    let salt = (3u64 * 974_711 + 12345) as u32 & 0x7ff_ffff;
    let n = i.wrapping_mul(374_761_393).wrapping_add(j.wrapping_mul(668_265_263)).wrapping_add(salt);
    let n = (n ^ (n >> 13 & 0x7ffff)).wrapping_mul(1_274_126_177);
    let n = (n ^ (n >> 16 & 0xffff)).wrapping_mul(461_845_907);
    (n >> 8 & 0xffff) as f32 / 65536.0
}
