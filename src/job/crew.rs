//! Crews: how long so many workers take for the takes of a film, if each always takes the longest that is left.

use crate::render::Estimate;
use crate::units::Seconds;
use serde::Serialize;

/// How so many workers get on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Crew {
    /// How many there are.
    pub workers: u32,
    /// When the last take is made.
    pub rendered: Seconds,
    /// When the video is written.
    pub joined: Seconds,
    /// The share of their time, until the last take is made, in which workers have nothing to do.
    pub idle: f64,
    /// How many times as fast as one worker.
    pub faster: f64,
}

/// How `workers` get on with a film of these needs, if each is ready after `start`.
pub fn crew(needs: &Estimate, start: Seconds, workers: u32) -> Crew {
    let mut takes: Vec<f64> = needs.takes.iter().map(|time| time.0).collect();
    takes.sort_by(|a, b| b.total_cmp(a));
    let made = |workers: u32| {
        // Whoever has no take isn't begun.
        let mut busy = vec![0.0f64; (workers as usize).min(takes.len()).max(1)];
        for take in &takes {
            if let Some(first) = busy.iter_mut().min_by(|a, b| a.total_cmp(b)) {
                *first += take;
            }
        }
        start.0 + busy.into_iter().fold(0.0, f64::max)
    };
    let (rendered, alone) = (made(workers), made(1));
    let work: f64 = takes.iter().sum();
    let had = f64::from(workers) * rendered;
    Crew {
        workers,
        rendered: Seconds(rendered),
        joined: Seconds(rendered + needs.finish.0),
        idle: if had > 0.0 {
            1.0 - (work + start.0 * f64::from(workers).min(takes.len() as f64)) / had
        } else {
            0.0
        },
        faster: (alone + needs.finish.0) / (rendered + needs.finish.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(takes: &[f64]) -> Estimate {
        let takes: Vec<Seconds> = takes.iter().copied().map(Seconds).collect();
        Estimate { time: Seconds(0.0), memory: None, takes, finish: Seconds(10.0) }
    }

    #[test]
    fn the_longest_come_first_and_the_longest_is_the_end() {
        let needs = needs(&[10.0, 60.0, 30.0, 20.0]);
        let with = |workers| crew(&needs, Seconds(5.0), workers);
        let rendered = [1, 2, 4, 512].map(|workers| with(workers).rendered.0);
        assert_eq!(rendered, [125.0, 65.0, 65.0, 65.0]);
        assert_eq!((with(1).joined.0, with(1).idle, with(1).faster), (135.0, 0.0, 1.0));
        assert_eq!((with(2).idle, with(2).faster), (0.0, 135.0 / 75.0));
        // 4 · 65 seconds were there, 120 of work and 4 · 5 of beginnings.
        assert!((with(4).idle - 120.0 / 260.0).abs() < 1e-12);
    }
}
