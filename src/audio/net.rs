//! Cues go in, chances of events come out: beats, downbeats, onsets, kicks, snares and hats, per hop.
//!
//! Temporal convolution nets (Bai, Kolter and Koltun 2018): a stem, residual blocks whose reach doubles from one
//! to the next, and a head with two log odds per step, one for each hop. One hears drums; several, trained differently,
//! hear beats, and their mean counts, since which music one of them takes for half a beat off is a matter of chance.
//! The chance of a beat depends on the ten seconds before and after, that of a drum on the 2.5 seconds. Long tracks are
//! heard in stretches that overlap by that much, so that the number of threads changes no result; a stretch goes
//! through the net bit by bit, so that memory does not grow with the track. `training/ears` makes the weights.
//!
//! **Invariant:** sums are taken in a fixed order; before and after the track there is silence.

use super::cue::{Cues, DrumCues, Sound};
use super::weights::{Convolution, Net, Weights};
use crate::vector::{vectorized, weighted_sums};
use rayon::prelude::*;
use std::ops::Range;

/// Steps that are heard at a time: four minutes.
const STRETCH: usize = 12_000;
/// Steps that go through the net at once: what fits the second cache.
const CHUNK: usize = 128;

/// The chance of each event at each hop, 0..=1.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Chances {
    pub(super) beat: Vec<f32>,
    pub(super) downbeat: Vec<f32>,
    pub(super) onset: Vec<f32>,
    /// What sounds like a kick or a snare to the net for beats, which takes bass notes for kicks as well: how much is struck.
    pub(super) strikes: [Vec<f32>; 2],
    pub(super) kick: Vec<f32>,
    pub(super) snare: Vec<f32>,
    pub(super) hat: Vec<f32>,
}

/// Listens to the hops in `span` of a track.
pub(super) fn listen(weights: &Weights, sound: Sound<'_>, span: Range<usize>) -> Chances {
    let [beat, downbeat, onset, low, high] = through(&weights.beats, &span, |first| {
        let mut cues = Cues::new(sound.bands, sound.gains, first);
        move |count| cues.take(count)
    });
    let [kick, snare, hat] = through(std::slice::from_ref(&weights.drums), &span, |first| {
        let mut cues = DrumCues::new(sound, first);
        move |count| cues.take(count)
    });
    Chances { beat, downbeat, onset, strikes: [low, high], kick, snare, hat }
}

/// What nets of equal reach say of the hops in `span`, on the average; `source` gives the cues from a hop on, as many steps at a time
/// as it is asked for.
fn through<S, const HEADS: usize>(
    nets: &[Net],
    span: &Range<usize>,
    source: impl Fn(isize) -> S + Sync,
) -> [Vec<f32>; HEADS]
where
    S: FnMut(usize) -> Vec<Vec<f32>>,
{
    let steps = span.len().div_ceil(2);
    let starts: Vec<usize> = (0..steps).step_by(STRETCH).collect();
    let reach = nets.first().map_or(0, Net::reach);
    let parts: Vec<[Vec<f32>; HEADS]> = starts
        .into_par_iter()
        .map(|start| {
            let count = STRETCH.min(steps - start);
            let first = span.start as isize + 2 * (start as isize - reach as isize);
            heads(nets, source(first), count + 2 * reach)
        })
        .collect();
    std::array::from_fn(|head| {
        let mut all: Vec<f32> = parts.iter().flat_map(|p| &p[head]).copied().collect();
        all.truncate(span.len());
        all
    })
}

/// The chance that log odds stand for.
pub(super) fn sigmoid(odds: f32) -> f32 {
    1.0 / (1.0 + (-odds).exp())
}

/// The chances for the next `count` steps but the reach of the nets at both ends, two per step.
fn heads<const HEADS: usize>(
    nets: &[Net],
    mut cues: impl FnMut(usize) -> Vec<Vec<f32>>,
    count: usize,
) -> [Vec<f32>; HEADS] {
    let mut heads: [Vec<f32>; HEADS] = std::array::from_fn(|_| Vec::with_capacity(2 * count));
    let mut listeners: Vec<_> = nets.iter().map(Listener::new).collect();
    let share = 1.0 / nets.len() as f32;
    for from in (0..count).step_by(CHUNK) {
        let cues = cues(CHUNK.min(count - from));
        let said: Vec<_> = listeners.iter_mut().map(|listener| listener.push(&cues)).collect();
        for (head, list) in heads.iter_mut().enumerate() {
            let mean = |row: usize, step: usize| share * said.iter().map(|odds| odds[row][step]).sum::<f32>();
            let steps = 0..said[0][head].len();
            list.extend(steps.flat_map(|i| [sigmoid(mean(head, i)), sigmoid(mean(HEADS + head, i))]));
        }
    }
    heads
}

/// A net that is given its cues bit by bit.
struct Listener<'a> {
    stem: Stage<'a>,
    blocks: Vec<(Stage<'a>, &'a Convolution)>,
    head: &'a Convolution,
}

impl<'a> Listener<'a> {
    fn new(net: &'a Net) -> Self {
        let blocks = net.blocks.iter().map(|(reach, mix)| (Stage::new(reach), mix)).collect();
        Listener { stem: Stage::new(&net.stem), blocks, head: &net.head }
    }

    /// The log odds that the next cues make possible: of every head for the first hops of the steps, then for the second.
    fn push(&mut self, cues: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let (_, mut x) = self.stem.push(cues);
        rectify(&mut x);
        for (reach, mix) in &mut self.blocks {
            let (middle, mut y) = reach.push(&x);
            rectify(&mut y);
            x = convolve(mix, &y);
            x.iter_mut().zip(middle).for_each(|(x, m)| x.iter_mut().zip(m).for_each(|(x, m)| *x += m));
        }
        rectify(&mut x);
        convolve(self.head, &x)
    }
}

/// A convolution that is given its input bit by bit.
struct Stage<'a> {
    layer: &'a Convolution,
    /// The end of the input so far, as long as the convolution reaches.
    held: Vec<Vec<f32>>,
}

impl<'a> Stage<'a> {
    fn new(layer: &'a Convolution) -> Self {
        Stage { layer, held: vec![Vec::new(); layer.inputs] }
    }

    /// The outputs that the next inputs make possible, and before them the inputs in the middle of their reach.
    fn push(&mut self, x: &[Vec<f32>]) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
        self.held.iter_mut().zip(x).for_each(|(held, x)| held.extend(x));
        let y = convolve(self.layer, &self.held);
        let (done, lost) = (y[0].len(), self.layer.reach());
        let middle = self.held.iter_mut().map(|held| {
            let middle = held.get(lost..lost + done).unwrap_or_default().to_vec();
            held.drain(..done);
            middle
        });
        (middle.collect(), y)
    }
}

fn rectify(rows: &mut [Vec<f32>]) {
    rows.iter_mut().flatten().for_each(|v| *v = v.max(0.0));
}

/// Outputs that are summed up together, and steps at a time: what fits the registers.
const OUTPUTS: usize = 4;
const LANES: usize = 16;

/// A convolution over time without padding: as many steps fewer as it reaches.
fn convolve(layer: &Convolution, x: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let count = x[0].len().saturating_sub(2 * layer.reach());
    let mut out = vec![vec![0.0; count]; layer.outputs];
    let mut under = vec![[0.0; LANES]; layer.inputs * layer.kernel];
    vectorized(
        #[inline(always)]
        || {
            for t in (0..count).step_by(LANES) {
                look(layer, x, t, &mut under);
                for (four, rows) in out.chunks_mut(OUTPUTS).enumerate() {
                    let sums: [_; OUTPUTS] = weighted_sums(&under, layer.four(four));
                    for ((row, sums), bias) in rows.iter_mut().zip(&sums).zip(&layer.bias[four * OUTPUTS..]) {
                        row[t..].iter_mut().zip(sums).for_each(|(value, sum)| *value = sum + bias);
                    }
                }
            }
        },
    );
    out
}

/// What lies `under` each tap of the kernel for the outputs from `t` on; behind the end, whatever was there.
#[inline(always)]
fn look(layer: &Convolution, x: &[Vec<f32>], t: usize, under: &mut [[f32; LANES]]) {
    for (row, under) in x.iter().zip(under.chunks_exact_mut(layer.kernel)) {
        for (tap, under) in under.iter_mut().enumerate() {
            let values = &row[t + tap * layer.dilation..];
            match values.first_chunk() {
                Some(values) => *under = *values,
                None => under[..values.len()].copy_from_slice(values),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::band::{BANDS, Bands, LOW_BANDS};
    use crate::audio::weights::Tensors;

    /// Magnitudes, and the chances that the training code computes from them with the shipped weights.
    static FIXTURE: &[u8] = include_bytes!("../../tests/fixtures/ears/net.safetensors");

    /// A track as it is.
    struct Track {
        bands: Bands,
        low: Bands<LOW_BANDS>,
    }

    impl Track {
        fn of(magnitudes: &[f32], low: &[f32]) -> Self {
            Track { bands: Bands::of_values(magnitudes), low: Bands::of_values(low) }
        }

        fn heard(&self, span: Range<usize>) -> Chances {
            let sound = Sound { bands: &self.bands, low: &self.low, gains: &[1.0; BANDS], level: 1.0 };
            listen(&Weights::shipped().unwrap(), sound, span)
        }
    }

    /// Magnitudes, those of the low end, and the chances of them.
    fn fixture() -> [Vec<f32>; 3] {
        let file = Tensors::parse(FIXTURE).unwrap();
        ["magnitudes", "low", "chances"].map(|name| file.tensor(name).unwrap().1)
    }

    #[test]
    fn the_net_says_what_it_says_in_training() {
        let [magnitudes, low, expected] = fixture();
        let hops = magnitudes.len() / BANDS;
        let heard = Track::of(&magnitudes, &low).heard(0..hops);
        let [low, high] = heard.strikes;
        let lists = [heard.beat, heard.downbeat, heard.onset, low, high, heard.kick, heard.snare, heard.hat];
        for (head, (list, expected)) in lists.iter().zip(expected.chunks(hops)).enumerate() {
            let worst = list.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "head {head} is {worst} off");
        }
    }

    #[test]
    fn a_chance_depends_on_what_is_near_and_on_nothing_else() {
        let [magnitudes, low, _] = fixture();
        let hops = magnitudes.len() / BANDS;
        let track = Track::of(&magnitudes, &low);
        let whole = track.heard(0..hops);
        assert_eq!(track.heard(100..hops).onset, whole.onset[100..]);
        let after = |silence: usize, values: &[f32]| [&vec![0.0; silence], values].concat();
        let later = Track::of(&after(400 * BANDS, &magnitudes), &after(400 * LOW_BANDS, &low));
        assert_eq!(later.heard(400..400 + hops), whole);
        let weights = Weights::shipped().unwrap();
        assert_eq!((weights.beats[0].reach(), weights.drums.reach()), (1 + 2 * 255, 1 + 2 * 63));
        // Longer than a stretch: four minutes of the same bar after bar.
        let bar = Track::of(&magnitudes[..200 * BANDS].repeat(140), &low[..200 * LOW_BANDS].repeat(140));
        let long = bar.heard(0..28_000);
        for (a, b) in long.beat[2000..2200].iter().zip(&long.beat[24_400..24_600]) {
            assert!((a - b).abs() < 1e-5);
        }
    }
}
