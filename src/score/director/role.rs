//! What the sections of a letter are in the whole: calm, rise, drive or peak.

use super::character::Character;
use crate::audio::Analysis;

/// What a section is in the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Intro, break, whatever is quiet.
    Calm,
    /// What leads to something louder.
    Rise,
    /// What goes on.
    Drive,
    /// The loudest.
    Peak,
}

impl Role {
    /// All of them, from the quietest on.
    pub const ALL: [Role; 4] = [Role::Calm, Role::Rise, Role::Drive, Role::Peak];

    /// The preset with which it is shown.
    pub fn preset(self) -> &'static str {
        match self {
            Role::Calm => "calm",
            Role::Rise => "rise",
            Role::Drive => "drive",
            Role::Peak => "peak",
        }
    }
}

/// Letters whose energies differ by less than this share of the loudest are equally loud.
const EVEN: f64 = 0.15;
/// Where between the quietest and the loudest letter the calm ones end.
const CALM: f64 = 0.4;
/// How much louder what follows a rise is, as a share of what lies between the quietest and the loudest letter.
const STEP: f64 = 0.25;
/// How much louder a rise gets by itself, as such a share; or, where it is quiet, how many drums strike in a second of it.
const RISING: f64 = 0.12;
const ROLLING: f64 = 1.5;
const QUIET: f64 = 0.5;
/// The longest rise, in seconds.
const LONGEST: f64 = 45.0;
/// What strikes so much, as a share, or so often in a second, is driven by drums.
const STRIKING: f64 = 0.3;
const DRUMMED: f64 = 1.0;

/// A letter with what all its sections are like together.
struct Letter {
    label: String,
    length: f64,
    energy: f64,
    struck: f64,
    /// Seconds of it that lead to something louder.
    rising: f64,
}

/// The role of every letter, in the order in which they are heard first.
pub(super) fn roles(analysis: &Analysis) -> Vec<(String, Role)> {
    let letters = letters(analysis);
    let energies = || letters.iter().map(|l| l.energy);
    let (low, high) = energies().fold((f64::MAX, 0.0f64), |(a, b), e| (a.min(e), b.max(e)));
    let even = high - low <= EVEN * high;
    // The loudest letter; of equally loud ones the first.
    let loudest = letters.iter().position(|l| l.energy == high);
    let role = |(i, letter): (usize, &Letter)| {
        let level = (letter.energy - low) / (high - low).max(1e-9);
        let struck = letter.struck > 0.5 * letter.length;
        match (Some(i) == loudest, struck) {
            (true, true) => Role::Peak,
            // Without a drum there is nothing that a peak could be seen by.
            (true, false) => Role::Drive,
            (false, true) if even => Role::Drive,
            (false, false) if even => Role::Calm,
            _ if letter.rising > 0.5 * letter.length => Role::Rise,
            _ if level < CALM => Role::Calm,
            _ => Role::Drive,
        }
    };
    letters.iter().enumerate().map(|pair| (pair.1.label.clone(), role(pair))).collect()
}

fn letters(analysis: &Analysis) -> Vec<Letter> {
    let heard: Vec<Character> = analysis.sections.iter().map(|s| Character::of(analysis, s)).collect();
    let energies = || heard.iter().map(|c| c.energy);
    let low = energies().fold(f64::MAX, f64::min);
    let spread = energies().fold(0.0, f64::max) - low;
    let mut letters: Vec<Letter> = Vec::new();
    for (i, (section, own)) in analysis.sections.iter().zip(&heard).enumerate() {
        let length = (section.end.0 - section.start.0).max(0.0);
        let found = letters.iter().position(|l| l.label == section.label).unwrap_or_else(|| {
            let label = section.label.clone();
            letters.push(Letter { label, length: 0.0, energy: 0.0, struck: 0.0, rising: 0.0 });
            letters.len() - 1
        });
        let letter = &mut letters[found];
        let louder = heard.get(i + 1).is_some_and(|next| next.energy - own.energy > STEP * spread);
        let rolls = own.drums > ROLLING && own.energy - low < QUIET * spread;
        let moves = own.rise > RISING * spread || rolls;
        if i > 0 && louder && moves && length <= LONGEST {
            letter.rising += length;
        }
        if own.percussive > STRIKING || own.drums > DRUMMED {
            letter.struck += length;
        }
        letter.energy += own.energy * length;
        letter.length += length;
    }
    letters.iter_mut().for_each(|l| l.energy /= l.length.max(1e-9));
    letters
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::audio::Section;
    use crate::score::fixture;
    use crate::units::Seconds;

    /// A track of such sections, each of a letter, a loudness at its start and its end, and whether there are drums.
    pub fn track(parts: &[(&str, f32, f32, bool)], seconds: f64) -> Analysis {
        let mut analysis = fixture(seconds * parts.len() as f64);
        let at = |t: f64| ((t / seconds) as usize).min(parts.len() - 1);
        let section = |(i, part): (usize, &(&str, f32, f32, bool))| Section {
            start: Seconds(i as f64 * seconds),
            end: Seconds((i + 1) as f64 * seconds),
            label: part.0.to_owned(),
        };
        analysis.sections = parts.iter().enumerate().map(section).collect();
        let drums = &mut analysis.drums;
        for hits in [&mut drums.kick, &mut drums.snare, &mut drums.hat] {
            hits.retain(|hit| parts[at(hit.time.0)].3);
        }
        for (name, envelope) in &mut analysis.envelopes {
            for (i, value) in envelope.values.iter_mut().enumerate() {
                let t = i as f64 * envelope.hop_seconds;
                let (_, from, to, drums) = parts[at(t)];
                *value = match name.as_str() {
                    "loudness" => from + (to - from) * ((t / seconds) % 1.0) as f32,
                    "percussive" => {
                        if drums {
                            0.4
                        } else {
                            0.02
                        }
                    }
                    "harmonic" => 0.4,
                    _ => *value,
                };
            }
        }
        analysis
    }

    fn found(parts: &[(&str, f32, f32, bool)]) -> Vec<(String, Role)> {
        roles(&track(parts, 16.0))
    }

    fn expect(roles: &[(&str, Role)]) -> Vec<(String, Role)> {
        roles.iter().map(|(letter, role)| ((*letter).to_owned(), *role)).collect()
    }

    #[test]
    fn a_dance_track_has_an_intro_a_build_a_drop_and_a_break() {
        let form = [
            ("A", 0.3, 0.3, false),
            ("B", 0.3, 0.5, true),
            ("C", 0.9, 0.9, true),
            ("D", 0.4, 0.4, false),
            ("C", 0.9, 0.9, true),
        ];
        let expected = expect(&[("A", Role::Calm), ("B", Role::Rise), ("C", Role::Peak), ("D", Role::Calm)]);
        assert_eq!(found(&form), expected);
    }

    #[test]
    fn a_song_drives_through_its_verses() {
        let form =
            [("A", 0.6, 0.6, true), ("B", 0.8, 0.8, true), ("A", 0.6, 0.6, true), ("C", 0.3, 0.3, false)];
        assert_eq!(found(&form), expect(&[("A", Role::Drive), ("B", Role::Peak), ("C", Role::Calm)]));
    }

    #[test]
    fn without_drums_nothing_is_a_peak_and_one_section_has_a_role() {
        assert_eq!(found(&[("A", 0.5, 0.5, false)]), expect(&[("A", Role::Drive)]));
        assert_eq!(found(&[("A", 0.5, 0.5, true)]), expect(&[("A", Role::Peak)]));
        let even = [("A", 0.5, 0.5, false), ("B", 0.52, 0.52, false), ("A", 0.5, 0.5, false)];
        assert_eq!(found(&even), expect(&[("A", Role::Calm), ("B", Role::Drive)]));
        assert_eq!(found(&[("A", 0.0, 0.0, false)]), expect(&[("A", Role::Drive)]));
        let mut nothing = fixture(4.0);
        nothing.sections.clear();
        assert!(roles(&nothing).is_empty());
    }
}
