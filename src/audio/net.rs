//! Cues go in, chances of events come out: beats, downbeats, onsets, kicks, snares and hats, per hop.
//!
//! A temporal convolution net (Bai, Kolter and Koltun 2018): a stem, residual blocks whose reach doubles from one
//! to the next, and a head with two chances per step, one for each hop. A chance depends on the ten seconds before
//! and after. Long tracks are heard in stretches that overlap by that much, so that neither the stretches nor the
//! number of threads change a result. `training/ears` makes the weights.
//!
//! **Invariant:** sums are taken in a fixed order; before and after the track there is silence.

use super::band::Bands;
use super::cue::{CUES, cues};
use super::weights::{Convolution, Weights};
use rayon::prelude::*;

/// Steps that are heard at a time: four minutes.
const STRETCH: usize = 12_000;
/// What the net tells apart, in the order of its heads.
pub(super) const HEADS: usize = 6;

/// The chance of each event at each hop, 0..=1.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Chances {
    pub(super) beat: Vec<f32>,
    pub(super) downbeat: Vec<f32>,
    pub(super) onset: Vec<f32>,
    pub(super) kick: Vec<f32>,
    pub(super) snare: Vec<f32>,
    pub(super) hat: Vec<f32>,
}

/// Listens to the hops in `span` of a track that is brought to level by `gain`.
pub(super) fn listen(weights: &Weights, bands: &Bands, gain: f32, span: std::ops::Range<usize>) -> Chances {
    let steps = span.len().div_ceil(2);
    let starts: Vec<usize> = (0..steps).step_by(STRETCH).collect();
    let parts: Vec<[Vec<f32>; HEADS]> = starts
        .into_par_iter()
        .map(|start| {
            let count = STRETCH.min(steps - start);
            let reach = weights.reach();
            let first = span.start as isize + 2 * (start as isize - reach as isize);
            heads(weights, cues(bands, gain, first, count + 2 * reach))
        })
        .collect();
    let whole = |head: usize| {
        let mut all: Vec<f32> = parts.iter().flat_map(|p| &p[head]).copied().collect();
        all.truncate(span.len());
        all
    };
    let [beat, downbeat, onset, kick, snare, hat] = std::array::from_fn(whole);
    Chances { beat, downbeat, onset, kick, snare, hat }
}

/// The chances for all steps but the reach of the net at both ends, two per step.
fn heads(weights: &Weights, cues: Vec<Vec<f32>>) -> [Vec<f32>; HEADS] {
    debug_assert_eq!(cues.len(), CUES);
    let mut x = convolve(&weights.stem, &cues);
    rectify(&mut x);
    for (reach, mix) in &weights.blocks {
        let mut y = convolve(reach, &x);
        rectify(&mut y);
        let y = convolve(mix, &y);
        let lost = (x[0].len() - y[0].len()) / 2;
        for (x, y) in x.iter_mut().zip(y) {
            x.drain(..lost);
            x.truncate(y.len());
            x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
        }
    }
    rectify(&mut x);
    let y = convolve(&weights.head, &x);
    let chance = |v: &f32| 1.0 / (1.0 + (-v).exp());
    std::array::from_fn(|head| {
        y[head].iter().zip(&y[HEADS + head]).flat_map(|(a, b)| [chance(a), chance(b)]).collect()
    })
}

fn rectify(rows: &mut [Vec<f32>]) {
    rows.iter_mut().flatten().for_each(|v| *v = v.max(0.0));
}

/// Outputs that are summed up together, and steps at a time: what fits the registers.
const OUTPUTS: usize = 4;
const LANES: usize = 8;

/// A convolution over time without padding: as many steps fewer as it reaches.
fn convolve(layer: &Convolution, x: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let count = x[0].len() - layer.dilation * (layer.kernel - 1);
    let mut out = vec![vec![0.0; count]; layer.outputs];
    for (block, rows) in out.chunks_mut(OUTPUTS).enumerate() {
        let first = block * OUTPUTS;
        let whole = count / LANES * LANES;
        for t in (0..whole).step_by(LANES) {
            let sums = tile::<LANES>(layer, x, first, t);
            rows.iter_mut().zip(sums).for_each(|(row, sum)| row[t..t + LANES].copy_from_slice(&sum));
        }
        for t in whole..count {
            let sums = tile::<1>(layer, x, first, t);
            rows.iter_mut().zip(sums).for_each(|(row, [sum])| row[t] = sum);
        }
    }
    out
}

/// Four outputs from `first` on, at `L` steps from `t` on.
fn tile<const L: usize>(layer: &Convolution, x: &[Vec<f32>], first: usize, t: usize) -> [[f32; L]; OUTPUTS] {
    let mut sums = [[0.0; L]; OUTPUTS];
    for (sum, bias) in sums.iter_mut().zip(&layer.bias[first..]) {
        *sum = [*bias; L];
    }
    for (input, row) in x.iter().enumerate() {
        for tap in 0..layer.kernel {
            let from = t + tap * layer.dilation;
            let Some(values) = row[from..].first_chunk::<L>() else { continue };
            let weights = layer.column(input, tap, first);
            for (sum, weight) in sums.iter_mut().zip(weights) {
                for (sum, value) in sum.iter_mut().zip(values) {
                    *sum += weight * value;
                }
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::band::BANDS;
    use crate::audio::weights::Tensors;

    /// Magnitudes, and the chances that the training code computes from them with the shipped weights.
    static FIXTURE: &[u8] = include_bytes!("../../tests/fixtures/ears/net.safetensors");

    fn fixture() -> (Bands, Vec<f32>) {
        let file = Tensors::parse(FIXTURE).unwrap();
        let (_, magnitudes) = file.tensor("magnitudes").unwrap();
        let bands = Bands::of_values(&magnitudes);
        (bands, file.tensor("chances").unwrap().1)
    }

    #[test]
    fn the_net_says_what_it_says_in_training() {
        let (bands, expected) = fixture();
        let hops = expected.len() / HEADS;
        let heard = listen(&Weights::shipped().unwrap(), &bands, 1.0, 0..hops);
        let lists = [heard.beat, heard.downbeat, heard.onset, heard.kick, heard.snare, heard.hat];
        for (head, (list, expected)) in lists.iter().zip(expected.chunks(hops)).enumerate() {
            let worst = list.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "head {head} is {worst} off");
        }
    }

    #[test]
    fn a_chance_depends_on_what_is_near_and_on_nothing_else() {
        let (bands, expected) = fixture();
        let hops = expected.len() / HEADS;
        let weights = Weights::shipped().unwrap();
        let whole = listen(&weights, &bands, 1.0, 0..hops);
        assert_eq!(listen(&weights, &bands, 1.0, 100..hops).onset, whole.onset[100..]);
        let later = Bands::of_values(&[vec![0.0; 400 * BANDS], bands.values()].concat());
        assert_eq!(listen(&weights, &later, 1.0, 400..400 + hops), whole);
        assert_eq!(weights.reach(), 1 + 2 * 255);
        // Longer than a stretch: four minutes of the same bar after bar.
        let bar: Vec<f32> = bands.values()[..200 * BANDS].to_vec();
        let long = listen(&weights, &Bands::of_values(&bar.repeat(140)), 1.0, 0..28_000);
        for (a, b) in long.beat[2000..2200].iter().zip(&long.beat[24_400..24_600]) {
            assert!((a - b).abs() < 1e-5);
        }
    }
}
