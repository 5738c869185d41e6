//! Loudness as ITU-R BS.1770-4 defines it: K-weighted power, in windows of 400 ms, gated for a whole track.
//!
//! The power comes from spectra on the hop grid instead of a filtered signal: the same thing, but for the softer edges of
//! the windows. What each channel counts for is said by its loudspeaker.

/// Coefficients at 48 kHz of the pre-filter (a head) and of the RLB filter, as in tables 1 and 2 of the recommendation.
const HEAD: [[f64; 3]; 2] = [
    [1.535_124_859_586_97, -2.691_696_189_406_38, 1.198_392_810_852_85],
    [1.0, -1.690_659_293_182_41, 0.732_480_774_215_85],
];
const RLB: [[f64; 3]; 2] = [[1.0, -2.0, 1.0], [1.0, -1.990_047_454_833_98, 0.990_072_250_366_21]];
/// Seconds of a momentary window, and the distance of two windows of the gated mean.
const WINDOW: f64 = 0.4;
const STEP: f64 = 0.1;
/// Loudness units below full scale of a mean square of 1.
const OFFSET: f64 = -0.691;
/// Windows below this count nowhere.
const ABSOLUTE_GATE: f64 = -70.0;
/// Windows so far below the mean of the others do not count either.
const RELATIVE_GATE: f64 = -10.0;

/// What the K weighting multiplies the power at a frequency by; above 24 kHz, as at 24 kHz.
pub(super) fn k_weight(hz: f64) -> f64 {
    let angle = std::f64::consts::TAU * hz.min(24_000.0) / 48_000.0;
    // |c0 + c1 z + c2 z²|² on the unit circle.
    let power = |c: [f64; 3]| {
        let squares: f64 = c.iter().map(|v| v * v).sum();
        squares + 2.0 * c[1] * (c[0] + c[2]) * angle.cos() + 2.0 * c[0] * c[2] * (2.0 * angle).cos()
    };
    [HEAD, RLB].iter().map(|[over, under]| power(*over) / power(*under)).product()
}

/// Hops on either side of the middle of a momentary window.
pub(super) fn reach(hop_seconds: f64) -> usize {
    (WINDOW / 2.0 / hop_seconds).round() as usize
}

/// Integrated loudness in LUFS of K-weighted mean squares per hop, summed over the channels; none if all is silence.
pub(super) fn integrated(squares: &[f32], hop_seconds: f64) -> Option<f64> {
    let (window, step) =
        ((WINDOW / hop_seconds).round() as usize, (STEP / hop_seconds).round().max(1.0) as usize);
    let mean = |part: &[f32]| part.iter().map(|v| f64::from(*v)).sum::<f64>() / part.len() as f64;
    let blocks: Vec<f64> = squares.windows(window.max(1)).step_by(step).map(mean).collect();
    let above = |gate: f64| {
        let kept: Vec<f64> = blocks.iter().copied().filter(|power| lufs(*power) > gate).collect();
        (!kept.is_empty()).then(|| lufs(kept.iter().sum::<f64>() / kept.len() as f64))
    };
    above(ABSOLUTE_GATE).and_then(|level| above((level + RELATIVE_GATE).max(ABSOLUTE_GATE)))
}

fn lufs(mean_square: f64) -> f64 {
    OFFSET + 10.0 * mean_square.log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weighting_is_flat_at_a_kilohertz_and_four_decibels_up_above() {
        let db = |hz: f64| 10.0 * k_weight(hz).log10();
        // BS.1770: a full-scale sine of 997 Hz in one channel reads -3.01 LUFS, so the weighting makes up for the offset.
        assert!((db(997.0) - 0.691).abs() < 0.01, "{}", db(997.0));
        assert!((db(10_000.0) - 4.0).abs() < 0.1, "{}", db(10_000.0));
        assert!(db(20.0) < -12.0 && k_weight(0.0).abs() < 1e-9);
    }

    #[test]
    fn quiet_passages_do_not_count() {
        let square = |lufs: f64| 10f64.powf((lufs - OFFSET) / 10.0) as f32;
        let loud = vec![square(-20.0); 1000];
        let mixed = [loud.clone(), vec![square(-40.0); 3000], vec![0.0; 500]].concat();
        assert!((integrated(&loud, 0.01).unwrap() + 20.0).abs() < 1e-4);
        assert!((integrated(&mixed, 0.01).unwrap() + 20.0).abs() < 0.1);
        assert_eq!(integrated(&[0.0; 500], 0.01), None);
        assert_eq!(integrated(&[0.1; 10], 0.01), None);
    }
}
