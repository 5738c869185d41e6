//! Chances of onsets and drums go in, events with strengths come out.
//!
//! An event is a local maximum of its chance that is high enough, in itself and against its surroundings
//! (Böck, Krebs and Schedl 2012). Its strength is how far the sound rises there, as a share of the strong
//! rises of the track.

use super::analysis::Hit;
use super::series::{around, percentile};
use super::transient::Energy;
use crate::units::Seconds;

/// Hops before and after a maximum in which nothing is higher.
const ALONE: usize = 2;
/// Hops before and after over which the surroundings are averaged.
const AROUND: usize = 10;
/// How far a maximum stands out of its surroundings.
const ABOVE: f32 = 0.03;
/// Hops around an event in which its rise is looked for.
const REACH: usize = 2;
/// Share of the rises that count as strong.
const STRONG: f32 = 0.85;
/// Strength of the faintest events: what is heard there hardly rises.
const FAINTEST: f32 = 0.1;
/// Seconds before the end of a track in which nothing begins: that is where the sound is cut off.
const LAST: f64 = 0.02;
/// Two events of a kind are at least this far apart, in seconds.
const DISTANCE: f64 = 0.03;

/// The hops at which `chance` says that something begins, with at least this chance.
pub(super) fn picks(chance: &[f32], least: f32) -> Vec<usize> {
    (0..chance.len())
        .filter(|&i| {
            let (alone, all) = (around(chance, i, ALONE), around(chance, i, AROUND));
            // Of equal neighbors the first one counts.
            let first = !chance[i.saturating_sub(ALONE)..i].contains(&chance[i]);
            let mean = all.iter().sum::<f32>() / all.len() as f32;
            chance[i] >= least && first && alone.iter().all(|v| *v <= chance[i]) && chance[i] >= mean + ABOVE
        })
        .collect()
}

/// Hits at the picked hops: exact times, and strengths from the `flux` there, 0.1 to 1.
pub(super) fn hits(picked: &[usize], flux: &[f32], energy: &Energy, hop_seconds: f64, end: f64) -> Vec<Hit> {
    let rise = |hop: usize| around(flux, hop, REACH).iter().copied().fold(0.0, f32::max);
    let strong = percentile(picked.iter().map(|hop| rise(*hop)).collect(), STRONG).max(1e-6);
    let mut hits: Vec<Hit> = picked
        .iter()
        .map(|hop| Hit {
            time: Seconds(energy.refine(*hop as f64 * hop_seconds)),
            strength: (rise(*hop) / strong).clamp(FAINTEST, 1.0),
        })
        .filter(|hit| hit.time.0 < end - LAST)
        .collect();
    hits.sort_by(|a, b| a.time.0.total_cmp(&b.time.0));
    hits.dedup_by(|later, earlier| later.time.0 - earlier.time.0 < DISTANCE);
    hits
}

/// How many hits are not of the faintest.
pub(super) fn clear(hits: &[Hit]) -> usize {
    hits.iter().filter(|hit| hit.strength > FAINTEST).count()
}

/// An envelope that is as high as the hits are strong at their hops, and half that beside them.
pub(super) fn spikes(hits: &[Hit], hops: usize, hop_seconds: f64) -> Vec<f32> {
    let mut values = vec![0.0f32; hops];
    for hit in hits {
        let at = (hit.time.0 / hop_seconds).round() as usize;
        for (hop, share) in [(at, 1.0), (at + 1, 0.5)] {
            if let Some(value) = values.get_mut(hop) {
                *value = value.max(hit.strength * share);
            }
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_maxima_that_stand_out_are_picked() {
        let mut chance = vec![0.1; 200];
        chance[50] = 0.9;
        chance[51] = 0.9;
        chance[100] = 0.11;
        chance[150..180].fill(0.6);
        assert_eq!(picks(&chance, 0.3), [50, 150]);
        assert_eq!(picks(&[], 0.3), Vec::<usize>::new());
    }

    #[test]
    fn strengths_are_shares_of_the_strong_hits() {
        let mut flux = vec![0.0; 100];
        flux[20] = 1.0;
        flux[41] = 2.0;
        flux[60] = 2.0;
        let found = hits(&[20, 40, 60], &flux, &Energy::new(), 0.01, 1.0);
        let strengths: Vec<f32> = found.iter().map(|h| h.strength).collect();
        assert_eq!(strengths, [0.5, 1.0, 1.0]);
        let values = spikes(&found, 100, 0.01);
        assert_eq!((values[20], values[21], values[22], values[40]), (0.5, 0.25, 0.0, 1.0));
    }
}
