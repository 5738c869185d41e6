//! Band magnitudes go in, what the nets listen to comes out, per step of two hops (20 ms).
//!
//! For beats that is 63 cues. For both hops the rise of the log magnitudes over two hops, against the maximum of three
//! neighboring bands so that vibrato is no onset (SuperFlux, Böck and Widmer 2013), in groups of four bands; the mean
//! level of the groups; and how much the spectrum after differs from the one before (1 - cosine of the mean log spectra) at
//! three reaches: harmony changes on first beats of bars more than anywhere else.
//!
//! For drums it is every band by itself, its rises and its mean level, and the same of the bands of the low end, whose tapers
//! are longer, over more hops: a kick and a bass note differ in detail.
//!
//! `training/ears/net.py` computes the same; a fixture made there holds the two together.

use super::band::{BANDS, Bands, LOW_BANDS};

/// Magnitude, over 1, from which a rise counts by its ratio; below, by its size: quiet hits are small hits.
const COMPRESSION: f32 = 2000.0;
/// Hops between the two spectra of a rise.
pub(super) const LAG: usize = 2;
/// Bands are given to the net in groups of four.
const GROUPS: usize = 20;
/// Steps that are compared before and after.
const REACHES: [usize; 3] = [12, 25, 50];
/// Bands in which harmony is looked for: 86 Hz to 2.4 kHz.
const HARMONIC: std::ops::Range<usize> = 3..50;
/// Cues per step for beats.
pub(super) const CUES: usize = 3 * GROUPS + REACHES.len();
/// Cues per step for drums.
pub(super) const DRUM_CUES: usize = 3 * BANDS + 2 * LOW_BANDS;
/// Hops between the two spectra of a rise in the low end.
const LOW_LAG: usize = 8;
/// Keeps the cosine of two nearly equal or nearly silent spectra from being decided by noise.
const FLOOR: f64 = 0.02;

/// Log magnitudes of a hop of a track whose bands are brought to level by `gains`.
pub(super) fn logs<const N: usize>(bands: &Bands<N>, hop: isize, gains: &[f32; N]) -> [f32; N] {
    let now = bands.hop(hop);
    std::array::from_fn(|i| (1.0 + COMPRESSION * gains[i] * now[i]).log10())
}

/// How much each band rises from `before`, two hops ago, to `now`.
pub(super) fn rises(now: &[f32; BANDS], before: &[f32; BANDS]) -> [f32; BANDS] {
    std::array::from_fn(|i| {
        let near = &before[i.saturating_sub(1)..(i + 2).min(BANDS)];
        (now[i] - near.iter().copied().fold(0.0, f32::max)).max(0.0)
    })
}

/// Steps before and after a step that are compared with it, at most.
const MARGIN: usize = REACHES[REACHES.len() - 1];

/// The cues of a track for beats, from some step on, some steps at a time: memory does not grow with the track.
pub(super) struct Cues<'a> {
    bands: &'a Bands,
    gains: &'a [f32; BANDS],
    /// The hop whose log magnitudes are taken next.
    next: isize,
    /// Log magnitudes from [`MARGIN`] steps before the step whose cues come next.
    hops: Vec<[f32; BANDS]>,
    /// Running sums over the steps of their harmonic bands; element i: all before step i of `hops`.
    sums: Vec<Harmony>,
}

impl<'a> Cues<'a> {
    /// Cues of a track that is brought to level by `gains`; the first step begins at hop `start`.
    pub(super) fn new(bands: &'a Bands, gains: &'a [f32; BANDS], start: isize) -> Self {
        let next = start - 2 * MARGIN as isize;
        Cues { bands, gains, next, hops: Vec::new(), sums: vec![[0.0; HARMONIC.end - HARMONIC.start]] }
    }

    /// The cues of the next `count` steps: one list of `count` values per cue.
    pub(super) fn take(&mut self, count: usize) -> Vec<Vec<f32>> {
        self.look_ahead(count + 2 * MARGIN);
        let hops = &self.hops;
        let mut cues = vec![vec![0.0; count]; CUES];
        for (step, hop) in (2 * MARGIN..).step_by(2).take(count).enumerate() {
            let rise = [rises(&hops[hop], &hops[hop - LAG]), rises(&hops[hop + 1], &hops[hop + 1 - LAG])];
            for group in 0..GROUPS {
                cues[group][step] = mean(&rise[0], group) * 4.0;
                cues[GROUPS + group][step] = mean(&rise[1], group) * 4.0;
                cues[2 * GROUPS + group][step] =
                    (mean(&hops[hop], group) + mean(&hops[hop + 1], group)) * 0.5;
            }
        }
        for (row, reach) in REACHES.into_iter().enumerate() {
            for (step, value) in cues[3 * GROUPS + row].iter_mut().enumerate() {
                *value = 2.0 * change(&self.sums, step + MARGIN, reach);
            }
        }
        self.hops.drain(..2 * count);
        self.sums.drain(..count);
        cues
    }

    /// Takes log magnitudes until there are `steps` steps of them.
    fn look_ahead(&mut self, steps: usize) {
        for step in self.hops.len() / 2..steps {
            let pair = [0, 1].map(|i| logs(self.bands, self.next + i, self.gains));
            let mut sum = self.sums[step];
            add_harmony(&mut sum, &pair);
            self.sums.push(sum);
            self.hops.extend(pair);
            self.next += 2;
        }
    }
}

/// What is heard of a track for drums.
#[derive(Clone, Copy)]
pub(super) struct Sound<'a> {
    pub(super) bands: &'a Bands,
    pub(super) low: &'a Bands<LOW_BANDS>,
    /// What brings each band to level.
    pub(super) gains: &'a [f32; BANDS],
    /// What brings the low end to level.
    pub(super) level: f32,
}

impl Sound<'_> {
    fn logs(&self, hop: isize) -> [f32; BANDS] {
        logs(self.bands, hop, self.gains)
    }

    fn low_logs(&self, hop: isize) -> [f32; LOW_BANDS] {
        logs(self.low, hop, &[self.level; LOW_BANDS])
    }
}

/// The cues of a track for drums, in the same way.
pub(super) struct DrumCues<'a> {
    sound: Sound<'a>,
    /// The hop that is taken next.
    next: isize,
    /// Log magnitudes of the hops before.
    before: [[f32; BANDS]; LAG],
    low_before: [[f32; LOW_BANDS]; LOW_LAG],
}

impl<'a> DrumCues<'a> {
    /// The first step begins at hop `start`.
    pub(super) fn new(sound: Sound<'a>, start: isize) -> Self {
        let before = std::array::from_fn(|i| sound.logs(start + i as isize - LAG as isize));
        let low_before = std::array::from_fn(|i| sound.low_logs(start + i as isize - LOW_LAG as isize));
        DrumCues { sound, next: start, before, low_before }
    }

    /// The cues of the next `count` steps: one list of `count` values per cue.
    pub(super) fn take(&mut self, count: usize) -> Vec<Vec<f32>> {
        let mut cues = vec![vec![0.0; count]; DRUM_CUES];
        for (step, first) in (self.next..).step_by(2).take(count).enumerate() {
            let now = [0, 1].map(|i| self.sound.logs(first + i));
            let rise = [0, 1].map(|i| rises(&now[i], &self.before[i]));
            for band in 0..BANDS {
                cues[band][step] = 2.0 * rise[0][band];
                cues[BANDS + band][step] = 2.0 * rise[1][band];
                cues[2 * BANDS + band][step] = (now[0][band] + now[1][band]) * 0.5;
            }
            self.before = now;
            let now = [0, 1].map(|i| self.sound.low_logs(first + i));
            for band in 0..LOW_BANDS {
                let rise = |i: usize| (now[i][band] - self.low_before[i][band]).max(0.0);
                cues[3 * BANDS + band][step] = (now[0][band] + now[1][band]) * 0.5;
                cues[3 * BANDS + LOW_BANDS + band][step] = rise(0) + rise(1);
            }
            self.low_before.rotate_left(2);
            self.low_before[LOW_LAG - 2..].copy_from_slice(&now);
        }
        self.next += 2 * count as isize;
        cues
    }
}

fn mean(values: &[f32; BANDS], group: usize) -> f32 {
    const SIZE: usize = BANDS / GROUPS;
    values[group * SIZE..(group + 1) * SIZE].iter().sum::<f32>() / SIZE as f32
}

/// A value for each harmonic band.
type Harmony = [f64; HARMONIC.end - HARMONIC.start];

/// Adds the harmonic bands of a step of two hops, less their own mean.
fn add_harmony(sum: &mut Harmony, pair: &[[f32; BANDS]; 2]) {
    let step: Harmony =
        std::array::from_fn(|k| f64::from(pair[0][HARMONIC.start + k] + pair[1][HARMONIC.start + k]) * 0.5);
    let mean = step.iter().sum::<f64>() / step.len() as f64;
    sum.iter_mut().zip(step).for_each(|(s, v)| *s += v - mean);
}

/// 1 - cosine of the mean spectra over `reach` steps after and before the start of step `at`: 0 to 2.
fn change(sums: &[Harmony], at: usize, reach: usize) -> f32 {
    let (past, now, after) = (&sums[at - reach], &sums[at], &sums[at + reach]);
    let scale = 1.0 / reach as f64;
    let (mut dot, mut power_after, mut power_past) = (0.0, 0.0, 0.0);
    for k in 0..now.len() {
        let (a, p) = ((after[k] - now[k]) * scale, (now[k] - past[k]) * scale);
        dot += a * p;
        power_after += a * a;
        power_past += p * p;
    }
    (1.0 - dot / ((power_after * power_past).sqrt() + FLOOR)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::band::WHOLE;
    use crate::audio::spectrum::Grid;
    use crate::units::SampleRate;

    /// A track of `hops` hops whose spectra are flat at `level(hop)`.
    fn flat(hops: usize, level: impl Fn(usize) -> f32) -> Bands {
        let grid = Grid::new(SampleRate(44_100));
        let mut bands = Bands::new(grid, WHOLE);
        let silence = vec![0.0; grid.bins()];
        (0..crate::audio::band::LEAD).for_each(|_| bands.push(&silence));
        (0..hops).for_each(|hop| bands.push(&vec![level(hop); grid.bins()]));
        bands
    }

    #[test]
    fn a_rise_is_heard_at_its_hop_and_a_fall_is_not() {
        let bands = flat(40, |hop| if (11..20).contains(&hop) { 0.1 } else { 0.0 });
        let cues = Cues::new(&bands, &[1.0; BANDS], 0).take(20);
        // Hops 11 and 12 rise: the second of step 5, the first of step 6.
        assert!(cues[GROUPS][5] > 5.0 && cues[0][6] > 5.0);
        assert_eq!(cues[0].iter().chain(&cues[GROUPS]).filter(|v| **v > 0.0).count(), LAG);
    }

    #[test]
    fn where_a_stretch_begins_changes_nothing() {
        let bands = flat(400, |hop| 0.01 * (hop % 7) as f32);
        let whole = Cues::new(&bands, &[1.0; BANDS], -20).take(200);
        let part = Cues::new(&bands, &[1.0; BANDS], 80).take(100);
        for (a, b) in whole.iter().zip(&part) {
            assert!(a[50..150].iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-6));
        }
    }

    #[test]
    fn cues_taken_bit_by_bit_are_the_same() {
        let bands = flat(400, |hop| 0.01 * (hop % 7) as f32);
        let whole = Cues::new(&bands, &[1.0; BANDS], -20).take(200);
        let mut bits = Cues::new(&bands, &[1.0; BANDS], -20);
        for (from, to) in [(0, 1), (1, 64), (64, 64), (64, 200)] {
            let bit = bits.take(to - from);
            assert!(whole.iter().zip(&bit).all(|(whole, bit)| whole[from..to] == bit[..]), "{from} to {to}");
        }
    }

    #[test]
    fn silence_changes_into_anything() {
        let bands = flat(10, |_| 0.0);
        let cues = Cues::new(&bands, &[1.0; BANDS], 0).take(5);
        assert!(cues[3 * GROUPS..].iter().flatten().all(|v| *v == 2.0));
    }
}
