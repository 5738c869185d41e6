//! The waveform at every scale, for who zooms: of every stretch of samples the lowest and highest value and the mean power.
//!
//! Level 1 has a column for every [`Scale::column`] samples, each further level one for [`FACTOR`] columns of the level before.
//! Levels are asked for in tiles of [`TILE`] columns, three bytes each: lowest and highest value from -127 to 127, and the root of
//! the mean square from 0 to 255. Level 0 is the samples themselves, which lie in the file that the page plays.

use serde::Serialize;

/// Columns of a level that become one of the next.
pub const FACTOR: u64 = 4;
/// Columns in a tile.
pub const TILE: usize = 1024;
/// Samples in a tile of level 0.
pub const SAMPLES: usize = 4096;
/// Fewest samples of a column, and the most columns of a level: so memory is bounded by 16 MB however long the track is.
const FINEST: u64 = 64;
const MOST: u64 = 4 << 20;

/// How the levels of a track are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Scale {
    /// Samples a second.
    pub rate: u32,
    /// Samples of the track.
    pub samples: u64,
    /// Samples of a column of level 1.
    pub column: u64,
    /// Levels behind level 0.
    pub levels: u32,
    /// Columns of a level that become one of the next.
    pub factor: u64,
    /// Columns in a tile.
    pub tile: usize,
    /// Samples in a tile of level 0.
    pub sample_tile: usize,
}

impl Scale {
    /// For a track of so many samples at this rate.
    pub fn new(rate: u32, samples: u64) -> Self {
        let mut column = FINEST;
        while samples / column > MOST {
            column *= FACTOR;
        }
        // The last level fits into a tile.
        let (mut levels, mut columns) = (1, samples.div_ceil(column));
        while columns > TILE as u64 {
            (levels, columns) = (levels + 1, columns.div_ceil(FACTOR));
        }
        Scale { rate, samples, column, levels, factor: FACTOR, tile: TILE, sample_tile: SAMPLES }
    }

    /// Samples of a column of `level`, from 1.
    pub fn column_of(&self, level: u32) -> u64 {
        self.column * FACTOR.pow(level - 1)
    }
}

/// What a stretch of samples was like.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    low: f32,
    high: f32,
    power: f64,
    parts: u64,
}

impl Stretch {
    const NOTHING: Self = Stretch { low: f32::INFINITY, high: f32::NEG_INFINITY, power: 0.0, parts: 0 };

    fn add(&mut self, other: Stretch) {
        (self.low, self.high) = (self.low.min(other.low), self.high.max(other.high));
        (self.power, self.parts) = (self.power + other.power, self.parts + 1);
    }

    fn column(self) -> [u8; 3] {
        let side = |value: f32| (value.clamp(-1.0, 1.0) * 127.0).round() as i8 as u8;
        let mean = (self.power / self.parts.max(1) as f64).sqrt();
        [side(self.low), side(self.high), (mean.min(1.0) * 255.0).round() as u8]
    }
}

/// The levels of a track, as far as it was heard.
#[derive(Debug)]
pub struct Wave {
    scale: Scale,
    /// Finished columns of every level, and the one that is being filled.
    levels: Vec<(Vec<[u8; 3]>, Stretch)>,
}

impl Wave {
    /// For a track of this scale, of which nothing was heard yet.
    pub fn new(scale: Scale) -> Self {
        Wave { scale, levels: (0..scale.levels).map(|_| (Vec::new(), Stretch::NOTHING)).collect() }
    }

    /// How the levels are cut.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Hears one sample of all channels, each from -1 to 1.
    pub fn hear(&mut self, channels: impl ExactSizeIterator<Item = f32>) {
        let count = channels.len().max(1) as f64;
        let mut sample = Stretch { parts: 1, ..Stretch::NOTHING };
        for value in channels {
            (sample.low, sample.high) = (sample.low.min(value), sample.high.max(value));
            sample.power += f64::from(value * value) / count;
        }
        self.add(0, sample, self.scale.column);
    }

    /// Finishes the columns that the end of the track left open.
    pub fn end(&mut self) {
        for level in 0..self.levels.len() {
            let open = std::mem::replace(&mut self.levels[level].1, Stretch::NOTHING);
            if open.parts > 0 {
                self.levels[level].0.push(open.column());
                if level + 1 < self.levels.len() {
                    let mean = Stretch { power: open.power / open.parts as f64, ..open };
                    self.levels[level + 1].1.add(mean);
                }
            }
        }
    }

    fn add(&mut self, level: usize, part: Stretch, full: u64) {
        let Some((columns, open)) = self.levels.get_mut(level) else { return };
        open.add(part);
        if open.parts == full {
            let done = std::mem::replace(open, Stretch::NOTHING);
            columns.push(done.column());
            self.add(level + 1, Stretch { power: done.power / full as f64, ..done }, FACTOR);
        }
    }

    /// The bytes of a tile of `level`, from 1; none if there is none.
    pub fn tile(&self, level: u32, tile: usize) -> Option<Vec<u8>> {
        let (columns, _) = self.levels.get((level as usize).checked_sub(1)?)?;
        let from = tile.checked_mul(TILE).filter(|from| *from < columns.len())?;
        Some(columns[from..(from + TILE).min(columns.len())].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(samples: &[f32]) -> Wave {
        let mut wave = Wave::new(Scale::new(44_100, samples.len() as u64));
        samples.iter().for_each(|v| wave.hear([*v].into_iter()));
        wave.end();
        wave
    }

    #[test]
    fn every_level_has_the_extremes_and_the_power_of_its_samples() {
        let count = 300_000;
        let value = |i: u64| ((i * 7919) % 2001) as f32 / 1000.0 - 1.0;
        let samples: Vec<f32> = (0..count).map(value).collect();
        let wave = heard(&samples);
        let scale = wave.scale();
        assert_eq!((scale.column, scale.levels), (64, 3));
        for level in 1..=3 {
            let size = scale.column_of(level) as usize;
            let bytes: Vec<u8> = (0..).map_while(|tile| wave.tile(level, tile)).flatten().collect();
            assert_eq!(bytes.len(), 3 * samples.len().div_ceil(size), "level {level}");
            for (part, column) in samples.chunks_exact(size).zip(bytes.chunks_exact(3)) {
                let low = part.iter().copied().fold(1.0, f32::min);
                let high = part.iter().copied().fold(-1.0, f32::max);
                let mean = (part.iter().map(|v| v * v).sum::<f32>() / size as f32).sqrt();
                assert_eq!(
                    (column[0] as i8, column[1] as i8),
                    ((low * 127.0).round() as i8, (high * 127.0).round() as i8)
                );
                assert!((f32::from(column[2]) / 255.0 - mean).abs() < 0.003);
            }
        }
        // The last level is one tile.
        assert!(wave.tile(3, 1).is_none() && wave.tile(4, 0).is_none() && wave.tile(0, 0).is_none());
    }

    #[test]
    fn a_track_of_a_day_is_as_small_as_one_of_an_hour() {
        for hours in [1, 24] {
            let scale = Scale::new(192_000, hours * 3600 * 192_000);
            assert!(scale.samples / scale.column <= MOST);
            assert!(scale.samples.div_ceil(scale.column_of(scale.levels)) <= TILE as u64);
        }
        assert_eq!(heard(&[]).tile(1, 0), None);
        assert_eq!(heard(&[0.5, -0.25]).tile(1, 0), Some(vec![(-32i8) as u8, 64, 101]));
    }
}
