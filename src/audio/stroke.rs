//! Chances of one kind of stroke go in, chances that know the track come out: a half is where a stroke begins.
//!
//! Drum parts repeat themselves, so a stroke is likelier where one lies at the same place of the bars around. And how clearly a
//! drum is heard depends on its sound and on what plays beside it: the maxima of a track are of two kinds, strokes and what only
//! resembles them, and the line between them is drawn for each track.

use super::net::sigmoid;
use super::series::around;

/// Bars before and behind that are listened to.
const BARS: [usize; 3] = [1, 2, 4];
/// Their share in what is heard.
const SHARE: f32 = 0.25;
/// Chances are no surer than this, nor than its opposite.
const SUREST: f32 = 1e-4;
/// Log odds of a maximum that is looked at: a chance of 5 %.
const LOWEST: f32 = -3.0;
/// Fewest maxima that tell where the line is.
const FEWEST: usize = 30;
/// Log odds of a stroke in a track of which nothing is known, a chance of 45 %.
const USUAL: f32 = -0.2;
/// The lowest and the highest log odds of a stroke in any track.
const LINES: [f32; 2] = [-2.5, 1.5];
/// Rounds in which the two kinds of maxima are told apart.
const ROUNDS: usize = 60;
/// Least variance of a kind.
const NARROWEST: f32 = 0.05;

/// The bars of a track, on the hops of its chances.
pub(super) struct Bars {
    /// Where the beats lie, in hops.
    pub(super) beats: Vec<f64>,
    /// Beats of a bar.
    pub(super) meter: usize,
}

/// How likely strokes are that the net gives these `chances`, one per hop.
pub(super) fn weigh(chances: &[f32], bars: &Bars) -> Vec<f32> {
    let odds: Vec<f32> = chances
        .iter()
        .map(|chance| {
            let chance = chance.clamp(SUREST, 1.0 - SUREST);
            (chance / (1.0 - chance)).ln()
        })
        .collect();
    let odds = bars.recall(&odds);
    let line = 0.5 * (USUAL + line(&maxima(&odds)).unwrap_or(USUAL));
    let line = line.clamp(LINES[0], LINES[1]);
    odds.iter().map(|odds| sigmoid(odds - line)).collect()
}

impl Bars {
    /// Log odds, each with its share of those at the same place of other bars.
    fn recall(&self, odds: &[f32]) -> Vec<f32> {
        let mut others = vec![(0.0f32, 0.0f32); odds.len()];
        let steps = BARS.iter().map(|bars| (bars * self.meter) as isize).flat_map(|step| [step, -step]);
        for (hop, at) in steps.flat_map(|step| self.counterparts(step, odds.len())) {
            if let Some(best) = around(odds, at, 1).iter().copied().max_by(f32::total_cmp) {
                others[hop].0 += best;
                others[hop].1 += 1.0;
            }
        }
        let mixed = odds.iter().zip(others).map(|(odds, (sum, count))| match count {
            0.0 => *odds,
            _ => odds + SHARE * (sum / count - odds),
        });
        mixed.collect()
    }

    /// Those of the first `hops` hops that lie between two beats, each with the hop that lies there `step` beats on.
    fn counterparts(&self, step: isize, hops: usize) -> impl Iterator<Item = (usize, usize)> {
        let pairs = self.beats.windows(2).enumerate().filter_map(move |(i, here)| {
            let j = i.checked_add_signed(step)?;
            Some((here, self.beats.get(j..j + 2)?))
        });
        pairs.flat_map(move |(here, there)| {
            let stretch = (there[1] - there[0]) / (here[1] - here[0]);
            let [from, to] = [here[0], here[1]].map(|beat| (beat.ceil().max(0.0) as usize).min(hops));
            (from..to).map(move |hop| (hop, (there[0] + (hop as f64 - here[0]) * stretch).round() as usize))
        })
    }
}

/// The log odds that are highest among five.
fn maxima(odds: &[f32]) -> Vec<f32> {
    let highest = odds.windows(5).filter(|near| near[2] > LOWEST && near.iter().all(|v| *v <= near[2]));
    highest.map(|near| near[2]).collect()
}

/// A normal distribution and how much of all is in it.
#[derive(Clone, Copy)]
struct Heap {
    share: f32,
    mean: f32,
    variance: f32,
}

impl Heap {
    /// Of `values`, of each of which the heap has a part.
    fn of(values: &[f32], parts: &[f32]) -> Self {
        let weight = parts.iter().sum::<f32>().max(1e-3);
        let average = |f: &dyn Fn(f32) -> f32| {
            values.iter().zip(parts).map(|(value, part)| part * f(*value)).sum::<f32>() / weight
        };
        let mean = average(&|v| v);
        let variance = average(&|v| (v - mean).powi(2)) + NARROWEST;
        Heap { share: weight / values.len() as f32, mean, variance }
    }

    /// The logarithm of its density at `x`, but for a constant.
    fn log(&self, x: f32) -> f32 {
        self.share.ln() - 0.5 * (self.variance.ln() + (x - self.mean).powi(2) / self.variance)
    }
}

/// Where values stop being more likely of the lower of two normal distributions, which are fitted by expectation maximization
/// (Dempster, Laird and Rubin 1977); none of too few or of two that are one.
fn line(values: &[f32]) -> Option<f32> {
    if values.len() < FEWEST {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let at = |share: f32| sorted[((sorted.len() - 1) as f32 * share) as usize];
    let whole = Heap::of(&sorted, &vec![1.0; sorted.len()]);
    let mut low = Heap { share: 0.7, mean: at(0.25), ..whole };
    let mut high = Heap { share: 0.3, mean: at(0.9), ..whole };
    for _ in 0..ROUNDS {
        let upper: Vec<f32> = sorted.iter().map(|v| sigmoid(high.log(*v) - low.log(*v))).collect();
        let lower: Vec<f32> = upper.iter().map(|u| 1.0 - u).collect();
        (low, high) = (Heap::of(&sorted, &lower), Heap::of(&sorted, &upper));
    }
    (0..=100)
        .map(|i| low.mean + (high.mean - low.mean) * i as f32 / 100.0)
        .find(|x| high.log(*x) >= low.log(*x))
        .filter(|_| high.mean > low.mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A beat every 50 hops, four to a bar.
    fn bars(beats: usize) -> Bars {
        Bars { beats: (0..beats).map(|i| 50.0 * i as f64).collect(), meter: 4 }
    }

    #[test]
    fn a_faint_stroke_counts_where_other_bars_have_one() {
        // A clear stroke on every first beat but one, where it is as faint as another on no beat.
        let mut chances = vec![0.001; 3200];
        (0..16).for_each(|bar| chances[200 * bar] = 0.95);
        (chances[1600], chances[1671]) = (0.3, 0.3);
        let heard = weigh(&chances, &bars(64));
        assert!(heard[1600] > 0.5 && heard[1671] < 0.3, "{} {}", heard[1600], heard[1671]);
        // Without bars there is nothing to go by.
        let heard = weigh(&chances, &bars(0));
        assert!(heard[1600] < 0.5 && heard[1600] == heard[1671]);
    }

    #[test]
    fn the_line_lies_between_two_heaps() {
        let spread = |i: usize| (i % 21) as f32 / 10.0 - 1.0;
        let values: Vec<f32> =
            (0..210).map(|i| if i % 3 == 0 { 2.0 } else { -2.0 } + 0.6 * spread(i / 3)).collect();
        let found = line(&values).unwrap();
        assert!(found.abs() < 0.1, "{found}");
        assert!(line(&values[..FEWEST - 1]).is_none());
        assert!(line(&[1.0; 100]).is_none_or(f32::is_finite));
    }

    #[test]
    fn odd_bars_are_no_harm() {
        let chances = vec![0.5; 40];
        for beats in [vec![], vec![3.0], vec![-5.0, 2.0, 900.0, 2000.0, 2100.0, 2101.0], vec![7.0, 7.0, 7.0]]
        {
            for meter in [0, 1, 4, usize::MAX / 8] {
                let heard = weigh(&chances, &Bars { beats: beats.clone(), meter });
                assert!(heard.iter().all(|v| v.is_finite()));
            }
        }
        assert!(weigh(&[], &bars(9)).is_empty());
    }
}
