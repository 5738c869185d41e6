//! What a stretch of music is like, in a few numbers.

use crate::audio::{Analysis, Section};

/// What a stretch of music is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Character {
    /// How loud it is, 0..=1.
    pub energy: f64,
    /// How much of the sound is high, 0..=1.
    pub brightness: f64,
    /// How much of it strikes rather than sounds on, 0..=1.
    pub percussive: f64,
    /// How much louder its last third is than its first.
    pub rise: f64,
    /// Drums that strike in a second.
    pub drums: f64,
    /// Beats a minute, between 70 and 140; 90 where no beat was heard.
    pub tempo: f64,
}

impl Character {
    /// Of the whole track.
    pub fn of_track(analysis: &Analysis) -> Self {
        Self::between(analysis, 0.0, analysis.duration.0)
    }

    /// Of a section.
    pub fn of(analysis: &Analysis, section: &Section) -> Self {
        Self::between(analysis, section.start.0, section.end.0)
    }

    fn between(analysis: &Analysis, from: f64, to: f64) -> Self {
        let mean = |name: &str, from: f64, to: f64| {
            analysis.envelopes.get(name).map_or(0.0, |envelope| f64::from(envelope.mean(from, to)))
        };
        let (strikes, sounds) = (mean("percussive", from, to), mean("harmonic", from, to));
        let drums = &analysis.drums;
        let hits = drums.kick.iter().chain(&drums.snare).chain(&drums.hat);
        let count = hits.filter(|hit| (from..to).contains(&hit.time.0)).count() as f64;
        let third = (to - from) / 3.0;
        Character {
            energy: mean("loudness", from, to),
            brightness: mean("brightness", from, to),
            percussive: if strikes > 0.0 { strikes / (strikes + sounds) } else { 0.0 },
            rise: mean("loudness", to - third, to) - mean("loudness", from, from + third),
            drums: count / (to - from).max(1.0),
            tempo: analysis.tempo_bpm.map_or(90.0, octave),
        }
    }
}

/// The tempo between 70 and 140 that is felt as the same.
fn octave(bpm: f64) -> f64 {
    if !(1.0..1e4).contains(&bpm) {
        return 90.0;
    }
    let turns = (bpm / 70.0).log2();
    70.0 * (turns - turns.floor()).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::fixture;

    #[test]
    fn tempi_an_octave_apart_are_the_same_and_nonsense_is_none() {
        for bpm in [62.0, 124.0, 248.0] {
            assert!((octave(bpm) - 124.0).abs() < 1e-9);
        }
        assert_eq!([octave(70.0), octave(140.0), octave(0.0), octave(f64::NAN)], [70.0, 70.0, 90.0, 90.0]);
    }

    #[test]
    fn levels_and_hits_are_those_of_the_stretch() {
        let mut analysis = fixture(12.0);
        let loudness = &mut analysis.envelopes.get_mut("loudness").unwrap().values;
        loudness.iter_mut().enumerate().for_each(|(i, v)| *v = i as f32 / 1200.0);
        let heard = Character::between(&analysis, 0.0, 12.0);
        assert!((heard.energy - 0.5).abs() < 0.01 && (heard.rise - 2.0 / 3.0).abs() < 0.01, "{heard:?}");
        // Three drums, twice a second.
        assert!((heard.drums - 6.0).abs() < 0.01 && heard.tempo == 120.0, "{heard:?}");
        analysis.envelopes.clear();
        analysis.drums = Default::default();
        assert_eq!(Character::between(&analysis, 0.0, 0.0).energy, 0.0);
    }
}
