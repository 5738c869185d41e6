//! Shapes: how a signal's rises and falls become a parameter's.
//!
//! With x(t) the signal, the shaped value is worked out exactly, looking ahead where it must. Gate, hold, release and
//! attack are for x ≥ 0; what is below counts as 0 there.
//!
//! 0. quantiles: x becomes (x − q) / (r − q) in 0..=1, q and r being the values below which x stays for these shares
//!    of the whole track: the quietest part gives 0 and the loudest 1, whatever lies between;
//! 1. gate: x below `gate` becomes 0;
//! 2. hold and release: f(t) = max over u ≥ 0 of x(t − u) · d(u), where d is 1 up to `hold` and then falls to a
//!    tenth in every `release`;
//! 3. attack: g(t) = max over u ≥ 0 of f(t + u) − u / `attack`: a rise of 1 takes `attack` and ends *on* the hit;
//! 4. look-ahead: g(t + `look_ahead` − `attack`), where `look_ahead` is `attack` unless given, so that the peak
//!    lands on the hit; at 0 the rise starts at the hit instead;
//! 5. curve;
//! 6. quantize: the value at every such beat or bar stays until the next one (sample and hold);
//! 7. accumulate: ∫ g dt from the track's start, in seconds: energy becomes speed;
//! 8. `offset` + `amount` · g, kept between `floor` and `ceiling`.

use super::clock::{Clock, Length};
use super::grid::{Cells, Reduce};
use crate::units::Seconds;
use std::collections::VecDeque;

/// How a signal's strength is bent: 0 stays 0 and 1 stays 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Curve {
    /// x to this power: above 1 favours strong hits, below 1 lifts weak ones.
    Power(f32),
    /// Slow at both ends: 3x² − 2x³.
    Smooth,
}

impl Curve {
    /// The curve at `x`.
    pub fn at(self, x: f32) -> f32 {
        match self {
            Curve::Power(1.0) => x,
            Curve::Power(p) => x.max(0.0).powf(p),
            Curve::Smooth => {
                let x = x.clamp(0.0, 1.0);
                x * x * (3.0 - 2.0 * x)
            }
        }
    }
}

/// What is done to a signal on its way into a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Shares of the track that give 0 and 1.
    pub quantiles: Option<(f32, f32)>,
    /// Values below this count as 0.
    pub gate: f32,
    /// How long a rise from 0 to 1 takes.
    pub attack: Length,
    /// How long a peak stays.
    pub hold: Length,
    /// How long it takes to fall to a tenth.
    pub release: Length,
    /// How early the rise begins; none = as early as the attack is long.
    pub look_ahead: Option<Length>,
    /// How strength is bent.
    pub curve: Curve,
    /// The value stays from each of these to the next.
    pub quantize: Option<Length>,
    /// Whether the value is a speed.
    pub accumulate: bool,
    /// What a full signal gives.
    pub amount: f32,
    /// What silence gives.
    pub offset: f32,
    /// The least that comes out.
    pub floor: f32,
    /// The most that comes out.
    pub ceiling: f32,
}

impl Default for Shape {
    /// Changes nothing.
    fn default() -> Self {
        let none = Length::Seconds(0.0);
        Shape {
            quantiles: None,
            gate: 0.0,
            attack: none,
            hold: none,
            release: none,
            look_ahead: None,
            curve: Curve::Power(1.0),
            quantize: None,
            accumulate: false,
            amount: 1.0,
            offset: 0.0,
            floor: f32::MIN,
            ceiling: f32::MAX,
        }
    }
}

impl Shape {
    /// How much later than it is shown the signal has to be read.
    pub(super) fn ahead(&self, clock: &Clock) -> Seconds {
        match self.look_ahead {
            None => Seconds(0.0),
            Some(early) => Seconds(clock.duration(early).0 - clock.duration(self.attack).0),
        }
    }

    /// How far before and after a span its values depend on the signal.
    pub(super) fn margin(&self, clock: &Clock) -> Seconds {
        Seconds(self.ahead(clock).0.abs() + clock.duration(self.attack).0)
    }

    /// Gate, hold, release, attack and curve (1, 2, 3 and 5), in place; one value per cell of `width`.
    pub(super) fn follow(&self, x: &mut [f32], width: Seconds, clock: &Clock) {
        let cells = |length| clock.duration(length).0 / width.0;
        if self.gate > 0.0 {
            x.iter_mut().filter(|v| **v < self.gate).for_each(|v| *v = 0.0);
        }
        hold(x, cells(self.hold).round() as usize);
        release(x, cells(self.release));
        attack(x, cells(self.attack));
        for v in x {
            *v = self.curve.at(*v);
        }
    }

    /// Quantize and accumulate (6 and 7), in place.
    pub(super) fn settle(&self, x: &mut [f32], cells: &Cells, clock: &Clock) {
        if let Some(length) = self.quantize {
            let (mut turn, mut held) = (f64::NEG_INFINITY, 0.0);
            for (i, value) in x.iter_mut().enumerate() {
                // A cell in which a turn begins belongs to it.
                let end = Seconds(cells.start_of(i).0 + cells.width().0 - 1e-6);
                let now = clock.turns(length, end).floor();
                if now > turn {
                    (turn, held) = (now, *value);
                }
                *value = held;
            }
        }
        if self.accumulate {
            let mut sum = 0.0_f64;
            for (i, value) in x.iter_mut().enumerate() {
                if cells.start_of(i).0 >= -1e-6 {
                    sum += f64::from(*value) * cells.width().0;
                }
                *value = sum as f32;
            }
        }
    }

    /// What a frame shows of the cells in it, where the signal's own would be `signal`.
    pub(super) fn reduce(&self, signal: Reduce) -> Reduce {
        match (self.accumulate, self.quantize) {
            (true, _) => Reduce::Mean,
            (false, Some(_)) => Reduce::Last,
            (false, None) => signal,
        }
    }

    /// What the parameter gets from a followed value.
    pub(super) fn scale(&self, x: f32) -> f32 {
        (self.offset + self.amount * x).max(self.floor).min(self.ceiling)
    }
}

/// The quantiles of `track` become 0 and 1.
pub(super) fn spread(x: &mut [f32], mut track: Vec<f32>, (low, high): (f32, f32)) {
    track.sort_by(f32::total_cmp);
    let last = track.len().saturating_sub(1) as f32;
    let of = |share: f32| track.get((share * last).round() as usize).copied().unwrap_or(0.0);
    let (low, high) = (of(low), of(high));
    for v in x {
        // Where the quantiles are one, all above is full.
        *v = if high > low {
            ((*v - low) / (high - low)).clamp(0.0, 1.0)
        } else {
            f32::from(u8::from(*v > high))
        };
    }
}

/// The largest of the last `cells` + 1 values.
fn hold(x: &mut [f32], cells: usize) {
    if cells == 0 {
        return;
    }
    // Candidates in falling order; the front one is the largest that isn't too old.
    let mut best: VecDeque<(usize, f32)> = VecDeque::new();
    for (i, value) in x.iter_mut().enumerate() {
        while best.back().is_some_and(|(_, v)| *v <= *value) {
            best.pop_back();
        }
        best.push_back((i, *value));
        while best.front().is_some_and(|(born, _)| born + cells < i) {
            best.pop_front();
        }
        *value = best.front().map_or(*value, |(_, v)| *v);
    }
}

/// Falls to a tenth in `cells`.
fn release(x: &mut [f32], cells: f64) {
    if cells <= 0.0 {
        return;
    }
    let keep = 0.1_f64.powf(1.0 / cells);
    let mut y = 0.0_f64;
    for value in x {
        y = f64::from(*value).max(y * keep);
        *value = y as f32;
    }
}

/// Rises by 1 in `cells`, in time for what comes.
fn attack(x: &mut [f32], cells: f64) {
    if cells <= 0.0 {
        return;
    }
    let mut y = 0.0_f64;
    for value in x.iter_mut().rev() {
        y = f64::from(*value).max(y - 1.0 / cells);
        *value = y as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::fixture;

    const WIDTH: Seconds = Seconds(0.005);

    /// An impulse of 1 at 1 s, shaped, as a function of time.
    fn impulse(shape: Shape) -> impl Fn(f64) -> f32 {
        let analysis = fixture(4.0);
        let mut x = vec![0.0; 800];
        x[200] = 1.0;
        shape.follow(&mut x, WIDTH, &Clock::new(&analysis));
        move |t| x[(t / WIDTH.0).round() as usize]
    }

    fn near(a: f32, b: f64) -> bool {
        (f64::from(a) - b).abs() < 1e-4
    }

    #[test]
    fn a_released_hit_falls_to_a_tenth_in_every_release() {
        let y = impulse(Shape { release: Length::Seconds(0.2), ..Shape::default() });
        for (age, left) in [(0.0, 1.0), (0.1, 0.316_228), (0.2, 0.1), (0.4, 0.01)] {
            assert!(near(y(1.0 + age), left), "{age}: {}", y(1.0 + age));
        }
        assert_eq!(y(0.995), 0.0);
    }

    #[test]
    fn lengths_in_beats_follow_the_tempo() {
        // 120 bpm: half a beat is 0.25 s.
        let y = impulse(Shape { release: Length::Beats(0.5), ..Shape::default() });
        assert!(near(y(1.25), 0.1));
    }

    #[test]
    fn a_held_hit_stays_then_falls() {
        let shape = Shape { hold: Length::Seconds(0.3), release: Length::Seconds(0.1), ..Shape::default() };
        let y = impulse(shape);
        assert!(near(y(1.3), 1.0) && near(y(1.4), 0.1), "{} {}", y(1.3), y(1.4));
    }

    #[test]
    fn an_attack_is_a_straight_rise_that_ends_on_the_hit() {
        let y = impulse(Shape { attack: Length::Seconds(0.2), ..Shape::default() });
        for (before, value) in [(0.2, 0.0), (0.15, 0.25), (0.1, 0.5), (0.05, 0.75), (0.0, 1.0), (-0.005, 0.0)]
        {
            assert!(near(y(1.0 - before), value), "{before}: {}", y(1.0 - before));
        }
    }

    #[test]
    fn look_ahead_moves_the_rise() {
        let analysis = fixture(4.0);
        let ahead = |look_ahead| {
            let shape = Shape { attack: Length::Seconds(0.2), look_ahead, ..Shape::default() };
            shape.ahead(&Clock::new(&analysis)).0
        };
        assert_eq!(ahead(None), 0.0);
        assert_eq!(ahead(Some(Length::Seconds(0.0))), -0.2);
        assert!((ahead(Some(Length::Seconds(0.3))) - 0.1).abs() < 1e-12);
    }

    fn cells(frames: u64) -> Cells {
        let fps = crate::units::FrameRate::new(100, 1).unwrap();
        Cells::new(fps, crate::score::grid::Span { start: Seconds(0.0), frames }, Seconds(0.0))
    }

    #[test]
    fn quantize_holds_the_value_of_every_beat() {
        let (analysis, cells) = (fixture(4.0), cells(400));
        let shape = Shape { quantize: Some(Length::Beats(2.0)), ..Shape::default() };
        let mut x: Vec<f32> = (0..cells.count()).map(|i| cells.start_of(i).0 as f32).collect();
        shape.settle(&mut x, &cells, &Clock::new(&analysis));
        // Two beats are a second: the time of each stays.
        for (f, v) in cells.frames(&x, shape.reduce(Reduce::Mean)).into_iter().enumerate() {
            assert!((v - (f / 100) as f32).abs() < 1e-4, "{f}: {v}");
        }
    }

    #[test]
    fn accumulate_adds_up_seconds_at_full_level_from_the_start() {
        let (analysis, cells) = (fixture(4.0), cells(400));
        let shape = Shape { accumulate: true, ..Shape::default() };
        let mut x: Vec<f32> = (0..cells.count()).map(|i| cells.start_of(i).0 as f32).collect();
        shape.settle(&mut x, &cells, &Clock::new(&analysis));
        // The integral of t is t² / 2.
        for (f, v) in cells.frames(&x, shape.reduce(Reduce::Max)).into_iter().enumerate() {
            let t = (f as f32 + 0.5) / 100.0;
            assert!((v - t * t / 2.0).abs() < 0.01, "{f}: {v}");
        }
        assert!(x.windows(2).all(|w| w[1] >= w[0]));
    }

    #[test]
    fn quantiles_of_the_track_become_0_and_1() {
        let track: Vec<f32> = (0..=100).map(|i| i as f32).collect();
        let mut x = [0.0, 10.0, 50.0, 90.0, 100.0];
        spread(&mut x, track, (0.1, 0.9));
        assert_eq!(x, [0.0, 0.0, 0.5, 1.0, 1.0]);
        let mut x = [0.0, 0.3];
        spread(&mut x, vec![0.0; 9], (0.1, 0.9));
        assert_eq!(x, [0.0, 1.0]);
    }

    #[test]
    fn what_lies_below_0_passes_a_plain_shape() {
        let mut x = [-0.5, 0.5];
        Shape::default().follow(&mut x, WIDTH, &Clock::new(&fixture(1.0)));
        assert_eq!(x, [-0.5, 0.5]);
    }

    /// The definition in the module's documentation, tried at every pair of times.
    #[test]
    fn hold_and_release_agree_with_their_definition() {
        let x: Vec<f32> = (0..300_u32).map(|i| ((i * 7919) % 101) as f32 / 100.0).collect();
        let mut y = x.clone();
        let shape = Shape { hold: Length::Seconds(0.06), release: Length::Seconds(0.3), ..Shape::default() };
        shape.follow(&mut y, WIDTH, &Clock::new(&fixture(1.0)));
        for t in 0..x.len() {
            let heard = |u: usize| {
                let late = (u as f64 - 12.0).max(0.0) * WIDTH.0;
                f64::from(x[t - u]) * 0.1_f64.powf(late / 0.3)
            };
            let expected = (0..=t).map(heard).fold(0.0, f64::max);
            assert!((f64::from(y[t]) - expected).abs() < 1e-5, "{t}: {} {expected}", y[t]);
        }
    }

    #[test]
    fn gate_curve_and_limits() {
        let analysis = fixture(1.0);
        let shape = Shape {
            gate: 0.3,
            curve: Curve::Power(2.0),
            amount: 2.0,
            offset: 0.5,
            floor: 0.6,
            ceiling: 2.0,
            ..Shape::default()
        };
        let mut x = [0.2, 0.3, 0.5, 1.0];
        shape.follow(&mut x, WIDTH, &Clock::new(&analysis));
        let out = x.map(|v| shape.scale(v));
        for (value, expected) in out.into_iter().zip([0.6, 0.68, 1.0, 2.0]) {
            assert!(near(value, expected), "{out:?}");
        }
        assert_eq!([0.0, 0.5, 1.0].map(|v| Curve::Smooth.at(v)), [0.0, 0.5, 1.0]);
    }
}
