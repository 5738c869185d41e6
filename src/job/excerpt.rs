//! Excerpts: the bars of a track that say most about it, the first ones of its loudest section.

use crate::audio::{Analysis, Section};
use crate::units::Seconds;
use std::ops::Range;

/// Length where there are no bars, in seconds a bar.
const USUAL_BAR: f64 = 2.0;

/// From where to where the first `bars` bars of the loudest section go; of equally loud ones the first counts. Where no bars were
/// found, they are of two seconds.
pub fn loudest(analysis: &Analysis, bars: usize) -> Range<Seconds> {
    let loudness = |section: &Section| {
        let envelope = analysis.envelopes.get("loudness");
        envelope.map_or(0.0, |envelope| envelope.mean(section.start.0, section.end.0))
    };
    let whole = Section { start: Seconds(0.0), end: analysis.duration, label: String::new() };
    // A section of less than a bar is a sound, not a part of the music.
    let long = |section: &&Section| section.end.0 - section.start.0 >= USUAL_BAR / 2.0;
    let first_of_equals = |best: &'_ Section, next: &'_ Section| loudness(next) > loudness(best);
    let sections = analysis.sections.iter().filter(long);
    let found = sections.reduce(|best, next| if first_of_equals(best, next) { next } else { best });
    let section = found.unwrap_or(&whole);
    let starts: Vec<f64> =
        analysis.downbeats.iter().map(|t| t.0).filter(|t| *t > section.start.0 + 0.25).collect();
    let usual = section.start.0 + bars as f64 * USUAL_BAR;
    // A section begins with a bar, so the bar that ends the excerpt is the one after so many.
    let end = starts.get(bars.saturating_sub(1)).copied().unwrap_or(usual);
    section.start..Seconds(end.min(section.end.0).min(analysis.duration.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::fixture;

    #[test]
    fn the_loudest_section_gives_its_first_bars() {
        // Beats every half second, bars of four, sections of four seconds, A quiet and B loud.
        let mut analysis = fixture(16.0);
        let hop = analysis.envelopes["loudness"].hop_seconds;
        let loud = |i: usize| if (8.0..12.0).contains(&(i as f64 * hop)) { 1.0 } else { 0.2 };
        let values = &mut analysis.envelopes.get_mut("loudness").unwrap().values;
        values.iter_mut().enumerate().for_each(|(i, value)| *value = loud(i));
        assert_eq!(loudest(&analysis, 1), Seconds(8.0)..Seconds(10.0));
        assert_eq!(loudest(&analysis, 9), Seconds(8.0)..Seconds(12.0));
        analysis.downbeats.clear();
        assert_eq!(loudest(&analysis, 1), Seconds(8.0)..Seconds(10.0));
        analysis.sections.clear();
        assert_eq!(loudest(&analysis, 3), Seconds(0.0)..Seconds(6.0));
    }
}
