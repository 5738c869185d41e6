//! What a project says of beats, bars and sections one by one.

use super::known::{ByHand, HandBeat, HandSection};
use super::raw::{RawHearing, RawSection};
use crate::error::{Error, Result};
use crate::score::preset::MAX_LINE;
use crate::score::raw::{Field, Source, number};
use crate::units::Seconds;
use toml::{Spanned, Value};

/// Most beats: six hours of a fast track.
const MAX_BEATS: usize = 100_000;
/// Most sections.
const MAX_SECTIONS: usize = 1000;
/// How far a bar may lie from its beat, in seconds: what rounding in a file does.
const SAME: f64 = 1e-3;
/// Beats in a bar where nothing says otherwise.
const USUAL_METER: usize = 4;

impl Source<'_> {
    /// The part of a `[hearing]` that was set by hand.
    pub(super) fn by_hand(&self, raw: &RawHearing) -> Result<ByHand> {
        let meter = raw.meter.as_ref().map(|v| self.whole("meter", v, 1..=32)).transpose()?;
        let sections: Vec<HandSection> =
            raw.section.iter().map(|section| self.section(section)).collect::<Result<_>>()?;
        if sections.len() > MAX_SECTIONS {
            return Err(Error::usage(format!("{}: these are too many sections", self.name))
                .hint(format!("at most {MAX_SECTIONS}")));
        }
        if let Some(late) = (1..sections.len()).find(|i| sections[*i].from.0 <= sections[i - 1].from.0) {
            let error = Error::usage("a section begins before the one before it");
            return Err(self.at(raw.section[late].span(), error.hint("write them in the order of the track")));
        }
        Ok(ByHand {
            meter: meter.map(|n| n as u32),
            beats: self.beats(raw)?,
            sections: (!sections.is_empty()).then(|| sections.into()),
        })
    }

    fn beats(&self, raw: &RawHearing) -> Result<Option<std::sync::Arc<[HandBeat]>>> {
        let (times, bars) = (self.times("beats", &raw.beats)?, self.times("bars", &raw.bars)?);
        let Some(times) = times else {
            return match &raw.bars {
                Some(field) => Err(self.at(
                    field.span(),
                    Error::usage("bars are some of the beats").hint("write the beats too: beats = [...]"),
                )),
                None => Ok(None),
            };
        };
        let usual = |i: usize| i.is_multiple_of(USUAL_METER);
        let begins = |i: usize, t: f64| match &bars {
            None => usual(i),
            Some(bars) => {
                let near = bars.partition_point(|bar| *bar < t - SAME);
                bars.get(near).is_some_and(|bar| (bar - t).abs() <= SAME)
            }
        };
        let beats = times.iter().enumerate().map(|(i, t)| HandBeat { time: Seconds(*t), bar: begins(i, *t) });
        Ok(Some(beats.collect()))
    }

    /// A list of ascending times in seconds.
    fn times(&self, key: &str, field: &Field) -> Result<Option<Vec<f64>>> {
        let Some(value) = field else { return Ok(None) };
        let wrong = || {
            let error =
                Error::usage(format!("{key} is a list of times in seconds, each later than the one before"));
            self.at(value.span(), error.hint(format!("like {key} = [0.35, 0.82, 1.29]")))
        };
        let list = value.get_ref().as_array().filter(|list| list.len() <= MAX_BEATS).ok_or_else(wrong)?;
        let times: Vec<f64> = list
            .iter()
            .map(|v| number(v).filter(|t| (0.0..1e6).contains(t)).ok_or_else(wrong))
            .collect::<Result<_>>()?;
        if times.windows(2).any(|pair| pair[1] <= pair[0]) {
            return Err(wrong());
        }
        Ok(Some(times))
    }

    fn section(&self, raw: &Spanned<RawSection>) -> Result<HandSection> {
        let (table, raw) = (raw.span(), raw.get_ref());
        let from = self.number("from", self.need("from", &table, &raw.from)?, 0.0..=1e6)?;
        let name = self.text("name", self.need("name", &table, &raw.name)?, MAX_LINE)?.to_owned();
        let color = raw.color.as_ref().map(|v| self.color_of(v)).transpose()?;
        Ok(HandSection { from: Seconds(from), name, color })
    }

    fn color_of(&self, value: &Spanned<Value>) -> Result<String> {
        let text = self.text("color", value, MAX_LINE)?;
        let hex = text
            .strip_prefix('#')
            .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        match hex {
            true => Ok(text.to_owned()),
            false => {
                let error = Error::usage(format!("'{text}' is not a colour"));
                Err(self.at(value.span(), error.hint("write it like \"#3f7a49\"")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::error::Result;
    use crate::score::{Choices, Project};

    fn known(hearing: &str) -> Result<super::ByHand> {
        let choices = Choices { profiles: &[], audio: &[], tiers: &[] };
        let text = format!("track = \"a.wav\"\n[hearing]\n{hearing}");
        Ok(Project::parse("video.toml", &text, &choices, &mut |_| Ok(String::new()))?.hearing.hand)
    }

    #[test]
    fn beats_bars_and_sections_stand_in_the_project() {
        let own = known(
            "meter = 3\nbeats = [0.5, 1, 1.5]\nbars = [1.0001]\n[[hearing.section]]\nfrom = 0\nname = \"in\"\n\
             [[hearing.section]]\nfrom = 2.5\nname = \"out\"\ncolor = \"#00ff7f\"\n",
        )
        .unwrap();
        let beats: Vec<(f64, bool)> = own.beats.unwrap().iter().map(|b| (b.time.0, b.bar)).collect();
        assert_eq!((own.meter, beats), (Some(3), vec![(0.5, false), (1.0, true), (1.5, false)]));
        let sections = own.sections.unwrap();
        assert_eq!((sections[1].from.0, sections[1].name.as_str()), (2.5, "out"));
        let bars: Vec<bool> =
            known("beats = [1, 2, 3, 4, 5]").unwrap().beats.unwrap().iter().map(|b| b.bar).collect();
        assert_eq!(bars, [true, false, false, false, true]);
    }

    #[test]
    fn what_cannot_be_is_told_with_its_place() {
        for (wrong, said) in [
            ("beats = [1, 1]", "each later"),
            ("beats = [-1]", "each later"),
            ("beats = 1", "list of times"),
            ("bars = [1]", "some of the beats"),
            ("meter = 0", "meter can't be 0"),
            ("beats = [1]\nbpm = 120", "exclude each other"),
            ("[[hearing.section]]\nfrom = 1", "name"),
            ("[[hearing.section]]\nfrom = 1\nname = \"a\"\ncolor = \"red\"", "not a colour"),
            (
                "[[hearing.section]]\nfrom = 1\nname = \"a\"\n[[hearing.section]]\nfrom = 1\nname = \"b\"",
                "before the one before",
            ),
        ] {
            let error = known(wrong).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("video.toml:"), "{wrong}: {error}");
        }
    }
}
