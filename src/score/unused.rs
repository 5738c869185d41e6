//! What of a show can never be seen on a track: parts and prompts of places that it doesn't have, conditions about
//! sections that aren't there.
//!
//! What others cover is no fault: later parts are there to win. Neither is what a shipped preset has for other tracks.

use super::clock::{Clock, Length};
use super::preset::{Place, Preset, Prompt};
use super::shipped::shipped;
use super::show::Show;
use super::words::Words;
use crate::audio::Analysis;
use std::collections::BTreeSet;

/// Something that never applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unused {
    /// What it is.
    pub what: String,
    /// Why it doesn't apply.
    pub why: String,
}

/// A track as places see it.
struct Places<'a> {
    analysis: &'a Analysis,
    clock: Clock<'a>,
    labels: BTreeSet<&'a str>,
}

impl Show {
    /// All that never applies on a track.
    pub fn unused(&self, analysis: &Analysis) -> Vec<Unused> {
        let labels = analysis.sections.iter().map(|s| s.label.as_str()).collect();
        let track = Places { analysis, clock: Clock::new(analysis), labels };
        let mut all = Vec::new();
        // The director's own are nobody's fault.
        for (i, part) in self.parts[self.directed..].iter().enumerate() {
            all.extend(track.missed(&part.place, || format!("part {}", i + 1)));
        }
        all.extend(track.prompts(&self.prompts));
        all.extend(self.words.iter().flat_map(|(name, words)| track.words(name, words)));
        for at in &self.cut_at {
            all.extend(track.missed(&Place::From(*at), || "a cut".to_owned()));
        }
        let own = |preset: &&Preset| !shipped().iter().any(|(name, _)| *name == preset.name);
        for preset in self.looks.iter().map(|look| &look.preset).filter(own) {
            all.extend(track.preset(preset));
        }
        // Looks may share a preset.
        let mut told = BTreeSet::new();
        all.retain(|unused| told.insert((unused.what.clone(), unused.why.clone())));
        all
    }
}

impl Places<'_> {
    fn preset(&self, preset: &Preset) -> Vec<Unused> {
        let mut all = self.prompts(&preset.prompts);
        all.extend(preset.words.iter().flat_map(|(name, words)| self.words(name, words)));
        for layer in &preset.layers {
            all.extend(self.missed(&layer.place, || format!("layer {}", layer.name)));
        }
        for route in &preset.routes {
            let asked = route.input.sections().filter(|label| !self.labels.contains(label));
            all.extend(asked.map(|label| Unused {
                what: format!("section == '{label}' in a route to {}", route.to.name),
                why: self.no_section(label),
            }));
        }
        all
    }

    fn prompts(&self, prompts: &[Prompt]) -> Vec<Unused> {
        let shown = |text: &str| text.chars().take(50).collect::<String>();
        prompts
            .iter()
            .filter_map(|p| self.missed(&p.place, || format!("the prompt \"{}\"", shown(&p.text))))
            .collect()
    }

    fn words(&self, name: &str, words: &Words) -> Vec<Unused> {
        let Words::BySection(by, _) = words else { return Vec::new() };
        let missing = by.keys().filter(|label| !self.labels.contains(label.as_str()));
        missing
            .map(|label| Unused {
                what: format!("{{{name}}} in section '{label}'"),
                why: self.no_section(label),
            })
            .collect()
    }

    /// What is called `what`, if its place is nowhere on the track.
    fn missed(&self, place: &Place, what: impl Fn() -> String) -> Option<Unused> {
        let end = self.analysis.duration;
        let behind = |from: Length| {
            let from = self.clock.place(from);
            (from.0 >= end.0).then(|| format!("it begins at {from}, and the track ends at {end}"))
        };
        let why = match place {
            Place::Everywhere => None,
            Place::Section(label) => (!self.labels.contains(label.as_str())).then(|| self.no_section(label)),
            Place::From(from) => behind(*from),
            Place::Between(from, to) => {
                let empty = self.clock.place(*to).0 <= self.clock.place(*from).0;
                behind(*from).or_else(|| empty.then(|| "it ends where it begins, or before".to_owned()))
            }
        };
        Some(Unused { what: what(), why: why? })
    }

    fn no_section(&self, label: &str) -> String {
        let known = self.labels.iter().map(|l| format!("'{l}'")).collect::<Vec<_>>().join(", ");
        format!("no section of the track is called '{label}'; there are {known}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::fixture;

    fn of(toml: &str) -> Vec<String> {
        let preset = Preset::parse("mine.toml", toml).unwrap();
        Show::of(preset)
            .unused(&fixture(16.0))
            .into_iter()
            .map(|u| format!("{}: {}", u.what, u.why))
            .collect()
    }

    #[test]
    fn places_and_sections_that_are_not_there_are_told() {
        let told = of(
            "[[prompt]]\ntext = \"x\"\n[[prompt]]\ntext = \"late\"\nfrom = \"2:00\"\n[[prompt]]\ntext = \"never\"\nsection = \"Q\"\n\
                       [[prompt]]\ntext = \"none\"\nfrom = 3\nto = \"1 bars\"\n[[prompt]]\ntext = \"bars\"\nfrom = \"8 bars\"\n\
                       [[route]]\nvalue = \"kick * (section == 'Z') + (section == 'A')\"\nto = \"exposure\"\n\
                       [words.w]\nsection = { B = \"ice\", Y = \"fire\" }\nother = \"x\"\n",
        );
        assert_eq!(
            told,
            [
                "the prompt \"late\": it begins at 2:00.000, and the track ends at 0:16.000",
                "the prompt \"never\": no section of the track is called 'Q'; there are 'A', 'B'",
                "the prompt \"none\": it ends where it begins, or before",
                "the prompt \"bars\": it begins at 0:16.000, and the track ends at 0:16.000",
                "{w} in section 'Y': no section of the track is called 'Y'; there are 'A', 'B'",
                "section == 'Z' in a route to exposure: no section of the track is called 'Z'; there are 'A', 'B'",
            ]
        );
    }

    #[test]
    fn what_applies_somewhere_and_what_is_shipped_is_not_told() {
        assert!(of("[[prompt]]\ntext = \"x\"\n[[prompt]]\ntext = \"b\"\nsection = \"B\"\n[[prompt]]\ntext = \"c\"\nfrom = \"7 bars\"\n").is_empty());
        for (name, text) in shipped() {
            let show = Show::of(Preset::parse(name, text).unwrap());
            assert!(show.unused(&fixture(2.0)).is_empty(), "{name}");
        }
    }
}
