//! A show: which look holds when on a track, and what is laid over all of them.
//!
//! A single preset is a show of one look. In a project, parts give stretches of the track to other looks; the last
//! part that applies wins, and where none does, the first look holds. A part without a preset changes the look that is
//! shown there without it. Parameters that hold for the whole job come from the first look.

use super::clock::{Clock, Length};
use super::control::Control;
use super::layer::spec::Layer;
use super::lora::Lora;
use super::param::Setting;
use super::preset::{Cuts, Place, Preset, Prompt};
use super::timeline::Blend;
use super::words::Words;
use crate::audio::Analysis;
use crate::units::Seconds;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is shown on a track.
#[derive(Clone, Debug, PartialEq)]
pub struct Show {
    /// The first one holds where no part says otherwise; never empty.
    pub looks: Vec<Look>,
    /// Which look holds where; later ones win.
    pub parts: Vec<Part>,
    /// How many of the first parts the director chose.
    pub directed: usize,
    /// Prompts that are shown instead of the looks' own.
    pub prompts: Vec<Prompt>,
    /// What words in braces in those prompts stand for.
    pub words: BTreeMap<String, Words>,
    /// How those prompts are blended.
    pub blend: Blend,
    /// When takes start; none: as each look says, in its own stretches.
    pub cuts: Option<Cuts>,
    /// Places at which a take starts in any case.
    pub cut_at: Vec<Length>,
    /// Parameters held at a value in all looks.
    pub set: Vec<Setting>,
    /// What frames start from in looks that name nothing themselves.
    pub init: Option<String>,
    /// What is drawn over all looks.
    pub layers: Vec<Layer>,
    /// What changes the model in all looks.
    pub loras: Vec<Lora>,
    /// Pictures that are followed in all looks.
    pub controls: Vec<Control>,
}

/// A preset and what is changed about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// What it is made of.
    pub preset: Preset,
    /// Parameters held at a value.
    pub set: Vec<Setting>,
    /// One prompt instead of all of the preset's.
    pub prompt: Option<String>,
    /// One negative prompt instead of all of the preset's.
    pub negative: Option<String>,
    /// What its frames start from instead of the preset's source, like `draw:synthwave`; `none` for nothing.
    pub init: Option<String>,
}

/// Where a look holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Where on the track.
    pub place: Place,
    /// Index of the look.
    pub look: usize,
    /// How long the way there from the look before takes.
    pub ease: Length,
    /// Whether a take starts where it begins.
    pub cut: bool,
    /// Whether it names no preset: then it changes the look beneath it.
    pub follows: bool,
}

/// A piece of the track with one look, until the next piece begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stretch {
    /// Seconds from the start of the track.
    pub start: f64,
    /// Index of the look.
    pub look: usize,
    /// Seconds that the way there takes.
    pub ease: f64,
    /// Whether a take starts here.
    pub cut: bool,
}

/// A show on a track.
pub(super) struct Laid<'a> {
    /// The show, with a look for everything that parts make of what lies beneath them.
    pub show: Cow<'a, Show>,
    /// Which look holds when, from the start of the track on.
    pub stretches: Vec<Stretch>,
    /// The parts that are seen in each of the stretches, see [`Piece::parts`].
    pub piles: Vec<Vec<usize>>,
}

/// A piece of the track as who asks for it sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// When it starts.
    pub start: Seconds,
    /// The preset that is shown.
    pub preset: String,
    /// The parts that have a say in it, the last one most.
    pub parts: Vec<usize>,
}

impl Show {
    /// One preset on the whole track.
    pub fn of(preset: Preset) -> Self {
        Show {
            looks: vec![Look { preset, set: Vec::new(), prompt: None, negative: None, init: None }],
            parts: Vec::new(),
            directed: 0,
            prompts: Vec::new(),
            words: BTreeMap::new(),
            blend: Blend::default(),
            cuts: None,
            cut_at: Vec::new(),
            set: Vec::new(),
            init: None,
            layers: Vec::new(),
            loras: Vec::new(),
            controls: Vec::new(),
        }
    }

    /// The show on a track.
    pub(super) fn laid(&self, analysis: &Analysis) -> Laid<'_> {
        let clock = Clock::new(analysis);
        let mut times: Vec<f64> = self.parts.iter().flat_map(|p| p.place.edges(&clock)).collect();
        times.extend(analysis.sections.iter().map(|s| s.start.0).chain([0.0]));
        times.retain(|t| *t >= 0.0 && t.is_finite());
        times.sort_by(f64::total_cmp);
        times.dedup();
        let mut show = Cow::Borrowed(self);
        let (mut made, mut before) = (BTreeMap::new(), None);
        let (mut stretches, mut piles): (Vec<Stretch>, Vec<Vec<usize>>) = Default::default();
        for t in times {
            let label = analysis.section_at(t).map(|s| s.label.as_str());
            let pile = self.pile(|part| part.place.holds(&clock, label, t));
            if before.as_ref() == Some(&pile) {
                continue;
            }
            // What was there before says nothing about how this begins.
            let new = |i: &&usize| !before.as_ref().is_some_and(|before: &Vec<usize>| before.contains(i));
            let begun: Vec<&Part> = pile.iter().filter(new).map(|i| &self.parts[*i]).collect();
            stretches.push(Stretch {
                start: t,
                look: look_of(&mut show, &mut made, &pile),
                ease: begun.iter().map(|p| clock.duration(p.ease).0).fold(0.0, f64::max),
                cut: begun.iter().any(|p| p.cut),
            });
            piles.push(pile.clone());
            before = Some(pile);
        }
        Laid { show, stretches, piles }
    }

    /// The parts that are seen where those hold that `holds` finds: the last one with a preset, and those that change it, in their order.
    fn pile(&self, holds: impl Fn(&Part) -> bool) -> Vec<usize> {
        let mut pile = Vec::new();
        for (i, part) in self.parts.iter().enumerate().rev().filter(|(_, part)| holds(part)) {
            pile.push(i);
            if !part.follows {
                break;
            }
        }
        pile.reverse();
        pile
    }

    /// The pieces that the track is shown in, each lasting until the next.
    pub fn pieces(&self, analysis: &Analysis) -> Vec<Piece> {
        let Laid { show, stretches, piles } = self.laid(analysis);
        let piece = |(s, parts): (&Stretch, Vec<usize>)| Piece {
            start: Seconds(s.start),
            preset: show.looks[s.look].preset.name.clone(),
            parts,
        };
        stretches.iter().zip(piles).map(piece).collect()
    }
}

/// The look that the parts of `pile` show, one upon the other. Those that aren't in the show are added to it; `made` knows them by the looks
/// of their parts.
fn look_of(show: &mut Cow<Show>, made: &mut BTreeMap<Vec<usize>, usize>, pile: &[usize]) -> usize {
    let mut of: Vec<usize> = pile.iter().map(|part| show.parts[*part].look).collect();
    let follows = pile.first().is_some_and(|part| show.parts[*part].follows);
    // Nothing is changed where a project's look lies beneath: its parts have that one's preset then.
    if pile.is_empty() || (follows && show.looks[of[0]].preset != show.looks[0].preset) {
        of.insert(0, 0);
    }
    let [first, rest @ ..] = &of[..] else { return 0 };
    if rest.is_empty() {
        return *first;
    }
    *made.entry(of.clone()).or_insert_with(|| {
        let mut look = show.looks[*first].clone();
        rest.iter().for_each(|part| look.change(&show.looks[*part]));
        let looks = &mut show.to_mut().looks;
        looks.push(look);
        looks.len() - 1
    })
}

impl Look {
    /// Becomes what `part`, which has no preset of its own, makes of it.
    fn change(&mut self, part: &Look) {
        self.set.retain(|setting| part.set.iter().all(|own| own.param != setting.param));
        self.set.extend_from_slice(&part.set);
        let said = [
            (&mut self.prompt, &part.prompt),
            (&mut self.negative, &part.negative),
            (&mut self.init, &part.init),
        ];
        for (own, new) in said {
            if new.is_some() {
                own.clone_from(new);
            }
        }
    }
}
