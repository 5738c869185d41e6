//! The pace of a window: how far each frame moves is what its motion scale asks for.
//!
//! A motion scale bends what the network sees, and the network follows it about. But the clean latents that it predicts
//! for a window are a path through pictures, and along that path every frame can be put where it belongs: so far
//! from the frame before as its share of the way is. The noise that is left is not touched, so the steps that
//! follow make a picture of what lies between two frames.
//!
//! How long a way is, is measured as it is seen, in luma: latents hold color and fine detail as well, and how far apart two of
//! them are says next to nothing about how much has moved. The path is a Catmull-Rom spline through the frames: straight
//! lines would halve whatever changes from frame to frame in those half-way between two, and the motion would look drowsy.

use candle_core::{DType, Device, Result, Tensor};

/// Most frames by which a frame is moved along the path.
const REACH: f64 = 2.0;
/// A way longer than so many times the usual one is a jump, and stays one.
const JUMP: f64 = 3.0;
/// Added to every speed: what is to stand still may breathe.
const BREATH: f64 = 0.05;

/// How fast the frames of a window are to move.
#[derive(Clone, Copy, Debug)]
pub struct Pace<'a> {
    /// Of every frame, from the one before it, against the others; 0 or more.
    pub speeds: &'a [f32],
    /// From 0, as the network moves them, to 1, as `speeds` says.
    pub strength: f32,
    /// What each latent channel adds to the luma of a picture, in any unit.
    pub luma: &'a [f32],
}

impl Pace<'_> {
    /// What to add to the clean latents \[f, c, h, w] that the network predicts, for them to move from frame to frame as they
    /// should; nothing for the first frames, whose true latents are `pinned` (\[p, c, h, w]).
    pub(super) fn change(&self, clean: &Tensor, pinned: Option<&Tensor>) -> Result<Tensor> {
        let frames = clean.dims()[0];
        let (first, path) = match pinned {
            Some(pinned) => {
                let p = pinned.dims()[0];
                (p - 1, Tensor::cat(&[&pinned.narrow(0, p - 1, 1)?, &clean.narrow(0, p, frames - p)?], 0)?)
            }
            None => (0, clean.clone()),
        };
        let path: Vec<f32> = path.flatten_all()?.to_vec1()?;
        let size = path.len() / (frames - first);
        let rows: Vec<&[f32]> = path.chunks_exact(size).collect();
        let seen: Vec<Vec<f32>> = rows.iter().map(|row| self.seen(row)).collect();
        let ways: Vec<f64> = seen.windows(2).map(|pair| apart(&pair[0], &pair[1])).collect();
        let mut change = vec![0.0; frames * size];
        let longest = longest(&ways);
        for (i, place) in self.places(&ways, longest, first).into_iter().enumerate() {
            let from = place.floor() as usize;
            // Around a jump, and at the ends, the path goes straight on.
            let goes = |way: usize| ways.get(way).is_some_and(|way| *way <= longest);
            let weights = spline(place.fract() as f32, [goes(from.wrapping_sub(1)), goes(from + 1)]);
            let four =
                [from.saturating_sub(1), from, from + 1, from + 2].map(|at| rows[at.min(rows.len() - 1)]);
            let target = &mut change[(first + i) * size..][..size];
            for (k, t) in target.iter_mut().enumerate() {
                *t = four.iter().zip(weights).map(|(row, weight)| weight * row[k]).sum::<f32>() - rows[i][k];
            }
        }
        Tensor::from_vec(change, clean.dims(), &Device::Cpu)?.to_device(clean.device())
    }

    /// The luma \[h, w] of latents \[c, h, w].
    fn seen(&self, latents: &[f32]) -> Vec<f32> {
        let pixels = latents.len() / self.luma.len();
        let mut sums = vec![0.0; pixels];
        for (plane, weight) in latents.chunks_exact(pixels).zip(self.luma) {
            sums.iter_mut().zip(plane).for_each(|(sum, value)| *sum += weight * value);
        }
        sums
    }

    /// Where on the path each frame from `first` on belongs, in frames from there; `ways` are the lengths between them, and
    /// longer ones than `longest` are jumps.
    fn places(&self, ways: &[f64], longest: f64, first: usize) -> Vec<f64> {
        let speeds: Vec<f64> = self.speeds[first + 1..].iter().map(|s| f64::from(*s) + BREATH).collect();
        let whole: f64 = ways.iter().map(|way| way.min(longest)).sum();
        let share = whole / speeds.iter().sum::<f64>();
        let (mut places, mut gone, mut at, mut behind) = (vec![0.0], 0.0, 0, 0.0);
        for (i, speed) in speeds.iter().enumerate() {
            gone += speed * share;
            while at + 1 < ways.len() && behind + ways[at].min(longest) <= gone {
                behind += ways[at].min(longest);
                at += 1;
            }
            let own = (i + 1) as f64;
            let part = match ways[at].min(longest) {
                // Where nothing moves, there is nowhere else to be.
                0.0 => own - at as f64,
                // Half-way through a jump is no picture.
                way if ways[at] > longest => ((gone - behind) / way).round().min(1.0),
                way => ((gone - behind) / way).min(1.0),
            };
            let place = at as f64 + part;
            places.push(own + f64::from(self.strength) * (place - own).clamp(-REACH, REACH));
        }
        places
    }
}

/// What each of `channels` latent channels adds to the luma (Rec. 709) of the pictures \[n, 3, H, W] that `decode` makes of latents
/// \[n, c, h, w]: the slope at latents that are all 0.
pub fn luma(
    channels: usize,
    device: &Device,
    decode: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<Vec<f32>> {
    const SIDE: usize = 8;
    const STEP: f64 = 0.5;
    let each = Tensor::eye(channels, DType::F32, device)?.reshape((channels, channels, 1, 1))?;
    let more = (each.broadcast_as((channels, channels, SIDE, SIDE))? * STEP)?;
    let change = ((decode(&more)? - decode(&more.neg()?)?)? / (2.0 * STEP))?;
    let weights = Tensor::new(&[[0.2126f32], [0.7152], [0.0722]], device)?;
    change.mean((2, 3))?.matmul(&weights)?.flatten_all()?.to_vec1()
}

/// How long a way may be that is no jump.
fn longest(ways: &[f64]) -> f64 {
    let mut sorted = ways.to_vec();
    sorted.sort_by(f64::total_cmp);
    JUMP * sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// The weights of four neighbours in a place `part` of the way from the second to the third, on a Catmull-Rom spline; without a
/// first or fourth one, the line through the two in the middle goes on.
fn spline(part: f32, [first, fourth]: [bool; 2]) -> [f32; 4] {
    let (p, squared, cubed) = (part, part * part, part * part * part);
    let a = squared - (p + cubed) / 2.0;
    let d = (cubed - squared) / 2.0;
    let (b, c) = (1.0 - 2.5 * squared + 1.5 * cubed, p / 2.0 + 2.0 * squared - 1.5 * cubed);
    let (a, b, c) = if first { (a, b, c) } else { (0.0, b + 2.0 * a, c - a) };
    if fourth { [a, b, c, d] } else { [a, b - d, c + 2.0 * d, 0.0] }
}

/// Mean of |a − b|.
fn apart(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / a.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(ways: &[f64], speeds: &[f32], strength: f32) -> Vec<f64> {
        Pace { speeds, strength, luma: &[1.0] }.places(ways, longest(ways), 0)
    }

    /// How far apart neighbours at these places are on a path with these ways.
    fn steps(ways: &[f64], places: &[f64]) -> Vec<f64> {
        let length =
            |p: f64| ways.iter().enumerate().map(|(i, w)| w * (p - i as f64).clamp(0.0, 1.0)).sum::<f64>();
        places.windows(2).map(|pair| length(pair[1]) - length(pair[0])).collect()
    }

    #[test]
    fn frames_are_as_far_apart_as_their_speeds_say() {
        let (ways, speeds) = ([1.0, 2.0, 1.5, 0.5, 1.0, 2.0], [9.0, 0.5, 1.0, 1.5, 0.75, 1.25, 0.6]);
        let places = places(&ways, &speeds, 1.0);
        let all: f64 = speeds[1..].iter().map(|s| f64::from(*s) + BREATH).sum();
        for (step, speed) in steps(&ways, &places).iter().zip(&speeds[1..]) {
            let share = (f64::from(*speed) + BREATH) / all * ways.iter().sum::<f64>();
            assert!((step - share).abs() < 1e-9, "{step}, not {share}");
        }
        assert!((places[6] - 6.0).abs() < 1e-9, "the last one stays");
    }

    #[test]
    fn between_frames_the_path_is_smooth_and_next_to_a_jump_it_is_straight() {
        // A parabola lies on the spline through its points.
        for part in [0.0, 0.25, 0.5, 0.9, 1.0] {
            let at = |weights: [f32; 4], f: fn(f32) -> f32| {
                weights.iter().zip([-1.0, 0.0, 1.0, 2.0]).map(|(w, x)| w * f(x)).sum::<f32>()
            };
            let whole = spline(part, [true, true]);
            assert!((at(whole, |x| 3.0 - x + 2.0 * x * x) - (3.0 - part + 2.0 * part * part)).abs() < 1e-5);
            for ends in [[true, true], [false, true], [true, false], [false, false]] {
                let weights = spline(part, ends);
                assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6);
                assert!((at(weights, |x| 2.0 * x) - 2.0 * part).abs() < 1e-5);
                assert!((ends[0] || weights[0] == 0.0) && (ends[1] || weights[3] == 0.0), "{weights:?}");
            }
            let line = spline(part, [false, false]);
            assert!(
                line.iter().zip([0.0, 1.0 - part, part, 0.0]).all(|(a, b)| (a - b).abs() < 1e-6),
                "{line:?}"
            );
        }
    }

    #[test]
    fn ways_are_as_long_as_they_look() {
        // Luma moves evenly, what is not seen does not.
        let frames = [[0.0f32, 0.0], [1.0, 5.0], [2.0, 5.5], [3.0, 5.0], [4.0, -9.0]].concat();
        let clean = Tensor::from_vec(frames, (5, 2, 1, 1), &Device::Cpu).unwrap();
        let largest = |luma: &[f32]| {
            let change = Pace { speeds: &[1.0; 5], strength: 1.0, luma }.change(&clean, None).unwrap();
            change.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap()
        };
        assert!(largest(&[0.3, 0.0]) < 1e-5);
        assert!(largest(&[0.3, 0.3]) > 1.0);
    }

    #[test]
    fn luma_is_the_slope_of_a_decoder() {
        let slopes = Tensor::new(&[[1.0f32, 0.0], [0.0, 2.0], [-1.0, 0.5]], &Device::Cpu).unwrap();
        let kernel = slopes.reshape((3, 2, 1, 1)).unwrap();
        let found = luma(2, &Device::Cpu, |x| x.conv2d(&kernel, 0, 1, 1, 1)? + 0.4).unwrap();
        for (found, expected) in found.iter().zip([0.2126 - 0.0722, 2.0 * 0.7152 + 0.5 * 0.0722]) {
            assert!((found - expected).abs() < 1e-5, "{found}, not {expected}");
        }
    }

    #[test]
    fn what_moves_as_it_should_stays_and_so_does_everything_at_strength_0() {
        let (ways, same) = ([0.7; 5], [1.0; 6]);
        let own = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        assert!(places(&ways, &same, 1.0).iter().zip(own).all(|(a, b)| (a - b).abs() < 1e-9));
        assert_eq!(places(&[3.0, 1.0, 1.0, 1.0, 2.0], &[1.0, 2.0, 1.0, 5.0, 1.0, 1.0], 0.0), own);
        assert_eq!(places(&[0.0; 5], &same, 1.0), own, "a picture that stands still");
    }

    #[test]
    fn a_jump_stays_a_jump_and_nothing_is_moved_far() {
        let mut ways = [1.0; 11];
        ways[5] = 100.0;
        let even = places(&ways, &[1.0; 12], 1.0);
        assert!(even[5] < 5.1 && even[6] > 4.9, "{even:?}");
        assert!(
            even.windows(2).filter(|p| p[0].floor() == 5.0 && p[1].floor() == 5.0).count() <= 2,
            "{even:?}"
        );
        let late: Vec<f32> = (0..12).map(|i| if i < 9 { 0.0 } else { 2.0 }).collect();
        let late = places(&[1.0; 11], &late, 1.0);
        assert!(late.iter().enumerate().all(|(i, p)| (p - i as f64).abs() <= REACH), "{late:?}");
        assert!(late.is_sorted());
    }
}
