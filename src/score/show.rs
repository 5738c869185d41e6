//! A show: which look holds when on a track, and what is laid over all of them.
//!
//! A single preset is a show of one look. In a project, parts give stretches of the track to other looks; the last
//! part that applies wins, and where none does, the first look holds. Parameters that hold for the whole job come from
//! the first look.

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
use std::collections::BTreeMap;

/// What is shown on a track.
#[derive(Clone, Debug, PartialEq)]
pub struct Show {
    /// The first one holds where no part says otherwise; never empty.
    pub looks: Vec<Look>,
    /// Which look holds where; later ones win.
    pub parts: Vec<Part>,
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
    /// Which part it comes from.
    pub part: Option<usize>,
}

impl Show {
    /// One preset on the whole track.
    pub fn of(preset: Preset) -> Self {
        Show {
            looks: vec![Look { preset, set: Vec::new(), prompt: None, negative: None, init: None }],
            parts: Vec::new(),
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

    /// Which look holds when, from the start of the track on.
    pub(super) fn stretches(&self, analysis: &Analysis) -> Vec<Stretch> {
        let clock = Clock::new(analysis);
        let mut times: Vec<f64> = self.parts.iter().flat_map(|p| p.place.edges(&clock)).collect();
        times.extend(analysis.sections.iter().map(|s| s.start.0).chain([0.0]));
        times.retain(|t| *t >= 0.0 && t.is_finite());
        times.sort_by(f64::total_cmp);
        times.dedup();
        let mut found: Vec<Stretch> = Vec::new();
        for t in times {
            let label = analysis.section_at(t).map(|s| s.label.as_str());
            let part = self.parts.iter().rposition(|p| p.place.holds(&clock, label, t));
            if found.last().is_some_and(|s| s.part == part) {
                continue;
            }
            let of = part.map(|i| &self.parts[i]);
            let (look, cut) = of.map_or((0, false), |p| (p.look, p.cut));
            let ease = of.map_or(0.0, |p| clock.duration(p.ease).0);
            found.push(Stretch { start: t, look, ease, cut, part });
        }
        found
    }

    /// The pieces that the track is shown in, each lasting until the next: when it starts, which look holds, and by which part.
    pub fn pieces(&self, analysis: &Analysis) -> Vec<(Seconds, usize, Option<usize>)> {
        self.stretches(analysis).into_iter().map(|s| (Seconds(s.start), s.look, s.part)).collect()
    }

    /// The look that holds at time `t`.
    pub fn look_at(&self, analysis: &Analysis, t: Seconds) -> &Look {
        let stretches = self.stretches(analysis);
        let found = stretches.iter().rev().find(|s| s.start <= t.0);
        &self.looks[found.map_or(0, |s| s.look)]
    }
}
