//! Which beats begin a bar of four.
//!
//! Harmony changes on first beats more than anywhere else, kicks fall on one and three, snares on two
//! and four, and sections begin with a bar. Each beat says how well it would do as the first, second,
//! third or fourth; the most likely path through the positions wins, so that a bar of another length
//! shifts all that follow instead of spoiling them.

use super::pulse::Pulse;

/// Beats in a bar.
pub(super) const METER: usize = 4;
/// What it costs to break the order of the positions, against features of unit variance.
const BREAK: f32 = 8.0;

/// The indices of the pulses that begin a bar.
pub(super) fn downbeats(pulses: &[Pulse]) -> Vec<usize> {
    let harmony = standardized(&(0..pulses.len()).map(|i| harmonic_change(pulses, i)).collect::<Vec<_>>());
    let change = standardized(&(0..pulses.len()).map(|i| level_change(pulses, i)).collect::<Vec<_>>());
    let kick = standardized(&pulses.iter().map(|p| p.kick).collect::<Vec<_>>());
    let snare = standardized(&pulses.iter().map(|p| p.snare).collect::<Vec<_>>());
    let merit = |i: usize, position: usize| match position {
        0 => harmony[i] + 0.7 * change[i] + 0.3 * kick[i] - 0.3 * snare[i],
        2 => 0.3 * kick[i] - 0.3 * snare[i],
        _ => 0.3 * snare[i] - 0.3 * kick[i],
    };
    let path = best_path(pulses.len(), merit);
    (0..pulses.len()).filter(|i| path[*i] == 0).collect()
}

/// How much the harmony differs before and after a beat, over one and over two beats: 0..=1.
fn harmonic_change(pulses: &[Pulse], i: usize) -> f32 {
    let over = |reach: usize| {
        if i < reach || i + reach > pulses.len() {
            return 0.0;
        }
        let (before, after) = (chroma(&pulses[i - reach..i]), chroma(&pulses[i..i + reach]));
        let (dot, norms) = (dot(&before, &after), dot(&before, &before) * dot(&after, &after));
        if norms > 1e-9 { 1.0 - dot / norms.sqrt() } else { 0.0 }
    };
    0.5 * (over(1) + over(2))
}

fn chroma(pulses: &[Pulse]) -> [f32; 12] {
    std::array::from_fn(|k| pulses.iter().map(|p| p.chroma[k]).sum())
}

fn dot(a: &[f32; 12], b: &[f32; 12]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// How much the levels differ over four beats before and after: large where a section begins.
fn level_change(pulses: &[Pulse], i: usize) -> f32 {
    let (from, to) = (i.saturating_sub(METER), (i + METER).min(pulses.len()));
    if i == from || i == to {
        return 0.0;
    }
    let mean = |part: &[Pulse], k: usize| part.iter().map(|p| p.levels[k]).sum::<f32>() / part.len() as f32;
    let levels = 0..pulses[i].levels.len();
    // The square, because only the very top of a change tells its place.
    levels.map(|k| (mean(&pulses[from..i], k) - mean(&pulses[i..to], k)).powi(2)).sum()
}

/// Mean 0, variance 1; all 0 for a constant.
fn standardized(values: &[f32]) -> Vec<f32> {
    let mean = values.iter().sum::<f32>() / values.len().max(1) as f32;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len().max(1) as f32;
    let scale = if variance > 1e-8 { 1.0 / variance.sqrt() } else { 0.0 };
    values.iter().map(|v| (v - mean) * scale).collect()
}

/// The position in the bar of every beat (Viterbi 1967).
fn best_path(count: usize, merit: impl Fn(usize, usize) -> f32) -> Vec<usize> {
    let mut score = [0.0f32; METER];
    let mut from = Vec::with_capacity(count);
    for i in 0..count {
        let mut next = [0.0; METER];
        let mut origin = [0; METER];
        for position in 0..METER {
            let reached =
                (0..METER).map(|p| (p, score[p] - if (p + 1) % METER == position { 0.0 } else { BREAK }));
            let (p, best) = reached.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
            next[position] = best + merit(i, position);
            origin[position] = p;
        }
        score = next;
        from.push(origin);
    }
    let mut position = (0..METER).max_by(|a, b| score[*a].total_cmp(&score[*b])).unwrap_or(0);
    let mut path = vec![0; count];
    for i in (0..count).rev() {
        path[i] = position;
        position = from[i][position];
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::features::TIMBRE;

    fn pulse(chord: usize) -> Pulse {
        let mut chroma = [0.0; 12];
        chroma[chord % 12] = 1.0;
        Pulse { start: 0.0, levels: [0.5; 6], timbre: [0.0; TIMBRE], chroma, kick: 0.5, snare: 0.0 }
    }

    #[test]
    fn bars_begin_where_the_chords_change() {
        for phase in 0..4 {
            let pulses: Vec<Pulse> = (0..40).map(|i| pulse((i + 4 - phase) / 4 * 5)).collect();
            let expected: Vec<usize> = (phase..40).step_by(4).collect();
            assert_eq!(downbeats(&pulses), expected);
        }
    }
}
