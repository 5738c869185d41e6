//! A show on a track → timeline: all looks are played on the whole track and then cut together, so that a stretch has
//! the values that its preset has there on its own.
//!
//! A part with an `ease` is travelled to: with x the share of that length since it began, a value is
//! a + (b - a) (3x^2 - 2x^3), a being what the look before would be and b what this one is; degrees take the shorter
//! way round.

use super::compose::{Held, Overrides, prompts};
use super::control::{Control, control_param, control_slots};
use super::cut;
use super::grid::Span;
use super::init;
use super::layer::spec;
use super::layer::spec::Layer;
use super::lora;
use super::lora::Lora;
use super::param::{Param, ParamRef, Rate, Setting};
use super::preset::{Preset, Prompt, texts};
use super::prompt::{Prompts, Sheet};
use super::shape::Curve;
use super::show::{Laid, Look, Show, Stretch};
use super::slot::{SlotKind, Slots, slot};
use super::timeline::{ParamCurves, Timeline};
use super::words;
use crate::audio::Analysis;
use crate::error::{Error, Result};
use crate::units::{FrameRate, Seconds};
use std::collections::BTreeMap;

/// The value of every parameter in every frame of `span`: [`Show::play`] of one preset.
///
/// # Errors
/// Usage, for a span or a prompt that is too long; Input, where the preset listens to something that the
/// analysis lacks.
pub fn compose(
    analysis: &Analysis,
    preset: &Preset,
    overrides: &Overrides,
    fps: FrameRate,
    span: Span,
) -> Result<Timeline> {
    Show::of(preset.clone()).play(analysis, overrides, fps, span)
}

impl Show {
    /// The value of every parameter in every frame of `span`.
    ///
    /// # Errors
    /// Usage, for a span or a prompt that is too long; Input, where a preset listens to something that the
    /// analysis lacks.
    pub fn play(
        &self,
        analysis: &Analysis,
        overrides: &Overrides,
        fps: FrameRate,
        span: Span,
    ) -> Result<Timeline> {
        let span = span.checked(fps)?;
        let Laid { show, stretches, .. } = self.laid(analysis);
        show.play_stretches(stretches, analysis, overrides, (fps, span))
    }

    fn play_stretches(
        &self,
        mut stretches: Vec<Stretch>,
        analysis: &Analysis,
        overrides: &Overrides,
        (fps, span): (FrameRate, Span),
    ) -> Result<Timeline> {
        let inits = init::of_looks(self, overrides);
        init::cut_where_it_changes(&mut stretches, &inits);
        let slots = self.slots(&overrides.set).with(lora::slots(&self.loras(overrides)?)?);
        let slots = slots.with(control_slots(&self.controls()?)?);
        let params: Vec<ParamRef> = slots.params().collect();
        let strengths = self.usual_strengths(overrides)?;
        let looks = self.held(overrides, &params, (&inits, &strengths));
        let mut curves = ParamCurves::default();
        for param in params.iter() {
            let play = |(i, look): (usize, &Held)| match stretches.iter().any(|s| s.look == i) {
                // What a look has no layer for is not seen in it, so that one comes and goes with its look.
                true if self.lacks(look.preset, param) => Ok(vec![0.0; span.frames as usize]),
                true => look.curve(param, analysis, fps, span),
                false => Ok(Vec::new()),
            };
            let played = looks.iter().enumerate().map(play).collect::<Result<Vec<_>>>()?;
            curves.insert(param.clone(), join(param, played, &stretches, fps, span));
        }
        let sheets = self.sheets(overrides)?;
        let over = Sheet { list: self.over(overrides)?, words: &self.words, blend: self.blend };
        let prompts = Prompts { sheets: &sheets, stretches: &stretches, over: &over };
        let prompts = prompts.spans(analysis, fps, span);
        for (name, added) in lora::of_prompts(&prompts, span.frames)? {
            let param = slots.find(&lora::param_name(&name))?;
            // What is set holds, whatever a prompt says.
            let holds = |set: &Setting| set.param == param && !set.times;
            if !self.set.iter().chain(&overrides.set).any(holds) {
                let held = |(own, more): (&f32, &f32)| Param::clamp(&param, own + more);
                let sum: Vec<f32> = curves.get(&param).iter().zip(&added).map(held).collect();
                curves.insert(param, sum);
            }
        }
        for Setting { param, value, .. } in overrides.set.iter().filter(|set| set.times) {
            let turned = curves.get(param).iter().map(|own| Param::clamp(param, own * value)).collect();
            curves.insert(param.clone(), turned);
        }
        Ok(Timeline {
            fps,
            start: span.start,
            frames: span.frames,
            curves,
            prompts,
            cuts: cut::frames(self, &stretches, analysis, fps, span),
            inits: init::spans(&stretches, &inits, fps, span),
        })
    }

    /// Whether `param` is the opacity of a layer that neither `preset` nor the show has.
    fn lacks(&self, preset: &Preset, param: &ParamRef) -> bool {
        let of_any = self.looks.iter().flat_map(|look| &look.preset.layers);
        let known = |layer: &Layer| spec::is_opacity_of(param, layer);
        of_any.into_iter().any(known) && !self.layers.iter().chain(&preset.layers).any(known)
    }

    /// The slots of all looks and layers, and those that are `set` beside them.
    pub fn slots(&self, set: &[Setting]) -> Slots {
        let loras = self.loras.iter().map(|lora| slot(lora::slot_kind(&lora.name), &lora.name));
        let controls = self.controls.iter().map(|control| slot(SlotKind::Control, &control.name));
        let own: Vec<ParamRef> =
            self.layers.iter().flat_map(Layer::params).chain(loras).chain(controls).collect();
        let known = self.looks.iter().flat_map(|look| look.preset.slots.iter()).chain(&own);
        let held = self.looks.iter().flat_map(|look| &look.set).chain(&self.set).chain(set);
        known.chain(held.map(|setting| &setting.param)).cloned().collect()
    }

    /// Every LoRA that is asked for anywhere, each once: those of the show come before those of its looks, and these before what
    /// prompts name.
    ///
    /// # Errors
    /// Usage: two looks have different files under one name, or a prompt names one as nobody reads it.
    pub fn loras(&self, overrides: &Overrides) -> Result<Vec<Lora>> {
        let mut all: Vec<Lora> = self.loras.clone();
        for lora in self.looks.iter().flat_map(|look| &look.preset.loras) {
            match all.iter().find(|known| known.name == lora.name) {
                None => all.push(lora.clone()),
                Some(known) if known.file == lora.file || self.loras.contains(known) => {}
                Some(known) => {
                    return Err(Error::usage(format!("two looks have a LoRA called '{}'", lora.name))
                        .hint(format!("{} and {}: give one another name", known.file, lora.file)));
                }
            }
        }
        for tagged in self.tagged(overrides)? {
            match all.iter_mut().find(|known| known.name == tagged.name) {
                Some(known) => known.text = known.text.or(tagged.text),
                None => all.push(tagged),
            }
        }
        Ok(all)
    }

    /// Every control that is asked for anywhere, each once: those of the show come before those of its looks.
    ///
    /// # Errors
    /// Usage: two looks have different ones under one name.
    pub fn controls(&self) -> Result<Vec<Control>> {
        let mut all: Vec<Control> = self.controls.clone();
        let strengthless = |control: &Control| Control { strength: 1.0, ..control.clone() };
        for control in self.looks.iter().flat_map(|look| &look.preset.controls) {
            match all.iter().find(|known| known.name == control.name) {
                None => all.push(control.clone()),
                Some(known) if self.controls.contains(known) => {}
                Some(known) if strengthless(known) == strengthless(control) => {}
                Some(known) => {
                    return Err(Error::usage(format!("two looks have a control called '{}'", control.name))
                        .hint(format!("{} and {}: give one another name", known.source, control.source)));
                }
            }
        }
        Ok(all)
    }

    /// The LoRAs that prompts name.
    fn tagged(&self, overrides: &Overrides) -> Result<Vec<Lora>> {
        let of_looks = self.looks.iter().flat_map(|look| {
            let own = texts(&look.preset.prompts, &look.preset.words);
            own.chain(look.prompt.as_deref())
        });
        let of_show = texts(&self.prompts, &self.words);
        match &overrides.prompt {
            Some(typed) => lora::named_in([typed.as_str()].into_iter().chain(of_looks).chain(of_show)),
            None => lora::named_in(of_looks.chain(of_show)),
        }
    }

    /// What LoRAs and controls have where a look says nothing of them, by their parameters' names: those of the show their strength, others
    /// nothing.
    fn usual_strengths(&self, overrides: &Overrides) -> Result<BTreeMap<String, f32>> {
        let all = self.loras(overrides)?;
        let own = |lora: &Lora| self.loras.contains(lora);
        let loras = all.iter().map(|l| (lora::param_name(&l.name), if own(l) { l.strength } else { 0.0 }));
        let controls = self.controls()?;
        let kept = |control: &Control| if self.controls.contains(control) { control.strength } else { 0.0 };
        Ok(loras.chain(controls.iter().map(|c| (control_param(&c.name), kept(c)))).collect())
    }

    /// Every look with the parameters that are held in it, out of all `params`.
    fn held<'a>(
        &'a self,
        overrides: &Overrides,
        params: &[ParamRef],
        (inits, strengths): (&[Option<&str>], &'a BTreeMap<String, f32>),
    ) -> Vec<Held<'a>> {
        let values = |look: &Look| -> BTreeMap<ParamRef, f32> {
            let all = self.set.iter().chain(&look.set).chain(&overrides.set);
            all.filter(|s| !s.times).map(|s| (s.param.clone(), s.value)).collect()
        };
        let mut held: Vec<Held> = self
            .looks
            .iter()
            .map(|l| Held { preset: &l.preset, values: values(l), from: false, strengths })
            .collect();
        held.iter_mut().zip(inits).for_each(|(look, init)| look.from = init.is_some());
        let Some((first, others)) = held.split_first_mut() else { return held };
        for param in params.iter().filter(|p| p.rate == Rate::Job) {
            let value = first.base(param);
            others.iter_mut().for_each(|look| look.values.extend([(param.clone(), value)]));
        }
        held
    }

    fn sheets(&self, overrides: &Overrides) -> Result<Vec<Sheet<'_>>> {
        let sheet = |look: &'_ Look| {
            let prompt = overrides.prompt.as_ref().or(look.prompt.as_ref());
            prompts(&look.preset, prompt, overrides.negative.as_ref().or(look.negative.as_ref()))
        };
        let looks = self.looks.iter();
        looks.map(|l| Ok(Sheet { list: sheet(l)?, words: &l.preset.words, blend: l.preset.blend })).collect()
    }

    /// The prompts over those of the looks; none where one was given for everything.
    fn over(&self, overrides: &Overrides) -> Result<Vec<Prompt>> {
        if overrides.prompt.is_some() {
            return Ok(Vec::new());
        }
        let mut list = self.prompts.clone();
        if let Some(negative) = &overrides.negative {
            words::check(negative, &self.words).map_err(|(_, error)| error)?;
            list.iter_mut().for_each(|p| p.negative.clone_from(negative));
        }
        Ok(list)
    }
}

/// The values of one parameter, those of each stretch from its look's curve.
fn join(
    param: &Param,
    mut played: Vec<Vec<f32>>,
    stretches: &[Stretch],
    fps: FrameRate,
    span: Span,
) -> Vec<f32> {
    if let [only] = stretches {
        return std::mem::take(&mut played[only.look]);
    }
    let first = |s: &Stretch| fps.frame_at(Seconds(s.start - span.start.0)).min(span.frames);
    let mut joined = Vec::with_capacity(span.frames as usize);
    for (i, stretch) in stretches.iter().enumerate() {
        let next = stretches.get(i + 1);
        let until = next.map_or(f64::INFINITY, |n| n.start - stretch.start);
        let ease = stretch.ease.min(until);
        let own = &played[stretch.look];
        for frame in first(stretch)..next.map_or(span.frames, first) {
            let x = (span.middle_of(frame, fps) - stretch.start) / ease;
            let value = own[frame as usize];
            // What comes at once is there in its first frame, of which it may have the smaller part.
            joined.push(match i.checked_sub(1).filter(|_| ease > 0.0 && x < 1.0) {
                Some(before) => {
                    let from = played[stretches[before].look][frame as usize];
                    param.clamp(from + way(param, from, value) * Curve::Smooth.at(x as f32))
                }
                None => value,
            });
        }
    }
    joined
}

/// How far it is from one value to another.
fn way(param: &Param, from: f32, to: f32) -> f32 {
    match param.unit {
        "degrees" => (to - from + 180.0).rem_euclid(360.0) - 180.0,
        _ => to - from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Length, ParamId, Part, Place, fixture};
    use crate::units::{FrameIndex, GeneratedFrame};

    fn preset(zoom: f64, text: &str) -> Preset {
        let toml = format!("[base]\nzoom = {zoom}\n[[prompt]]\ntext = \"{text}\"\n");
        Preset::parse("test", &toml).unwrap()
    }

    /// Looks of zoom 1, 2 and 3 with prompts a, b and c.
    fn show(parts: Vec<Part>) -> Show {
        let look = |zoom, text| Show::of(preset(zoom, text)).looks.remove(0);
        Show {
            looks: vec![look(1.0, "a"), look(2.0, "b"), look(3.0, "c")],
            parts,
            ..Show::of(preset(1.0, "a"))
        }
    }

    fn part(place: Place, look: usize) -> Part {
        Part { place, look, ease: Length::Seconds(0.0), cut: false, follows: false }
    }

    fn play(show: &Show) -> Timeline {
        let fps = FrameRate::new(10, 1).unwrap();
        let span = Span { start: Seconds(0.0), frames: 160 };
        show.play(&fixture(16.0), &Overrides::default(), fps, span).unwrap()
    }

    fn shown(timeline: &Timeline) -> Vec<(FrameIndex, &str)> {
        timeline.prompts.iter().map(|p| (p.start.0, p.prompt.as_str())).collect()
    }

    #[test]
    fn values_prompts_and_takes_change_in_one_frame_wherever_in_it_a_part_begins() {
        for late in [0.0, 0.02, 0.05, 0.07, 0.099] {
            let place = Place::Between(Length::Seconds(4.0 + late), Length::Seconds(8.0 + late));
            let timeline = play(&show(vec![Part { cut: true, ..part(place, 1) }]));
            let zoom = timeline.curves.get(ParamId::Zoom);
            assert!(
                (0..160).all(|f| zoom[f] == if (40..80).contains(&f) { 2.0 } else { 1.0 }),
                "{late}: {zoom:?}"
            );
            assert_eq!(shown(&timeline), [(0, "a"), (40, "b"), (80, "a")], "{late}");
            assert_eq!(timeline.cuts.first().map(|cut| cut.0), Some(40), "{late}");
        }
    }

    /// The fixture's sections are A, B, A, B of 4 s.
    #[test]
    fn the_last_part_that_applies_wins_and_elsewhere_the_first_look_holds() {
        let late = Place::Between(Length::Seconds(10.0), Length::Bars(7.0));
        let timeline = play(&show(vec![part(Place::Section("B".into()), 1), part(late, 2)]));
        let expected = |f: usize| match f {
            40..80 | 140..160 => 2.0,
            100..140 => 3.0,
            _ => 1.0,
        };
        assert!((0..160).all(|f| timeline.curves.get(ParamId::Zoom)[f] == expected(f)));
        assert_eq!(shown(&timeline), [(0, "a"), (40, "b"), (80, "a"), (100, "c"), (140, "b")]);
        assert!(timeline.cuts.is_empty());
    }

    #[test]
    fn a_part_with_an_ease_is_travelled_to_by_values_and_prompts() {
        let eased = Part { ease: Length::Seconds(2.0), ..part(Place::From(Length::Seconds(8.0)), 2) };
        let timeline = play(&show(vec![eased]));
        for f in 80..160 {
            let x = ((f as f32 + 0.5 - 80.0) / 20.0).min(1.0);
            let expected = 1.0 + 2.0 * x * x * (3.0 - 2.0 * x);
            assert!((timeline.value(ParamId::Zoom, GeneratedFrame(f)) - expected).abs() < 1e-5, "{f}");
        }
        assert_eq!(timeline.prompts[1].arrival(), GeneratedFrame(100));
    }

    #[test]
    fn a_factor_multiplies_what_looks_make_of_a_parameter_within_its_range() {
        let show = show(vec![part(Place::Section("B".into()), 1)]);
        let (analysis, fps) = (fixture(16.0), FrameRate::new(10, 1).unwrap());
        let span = Span { start: Seconds(0.0), frames: 160 };
        let zoom = |set: &[&str]| {
            let set = set.iter().map(|text| crate::score::parse_set(text).unwrap()).collect();
            let overrides = Overrides { set, ..Overrides::default() };
            show.play(&analysis, &overrides, fps, span).unwrap().curves.get(ParamId::Zoom).to_vec()
        };
        let (plain, turned) = (zoom(&[]), zoom(&["zoom=x1.5"]));
        assert!(plain.iter().zip(&turned).all(|(a, b)| *b == 1.5 * a) && plain.contains(&2.0), "{turned:?}");
        assert_eq!(zoom(&["zoom=x1.5", "zoom=3"]), vec![4.0; 160]);
        assert!(zoom(&["zoom=x0"]).iter().all(|v| *v == 0.5));
        for wrong in ["zoom=x", "zoom=x-1", "zoom=x11", "zoom=xNaN", "finish=x2"] {
            assert!(crate::score::parse_set(wrong).is_err(), "{wrong}");
        }
        assert_eq!(crate::score::parse_set("zoom=x1.5").unwrap().to_string(), "zoom=x1.5");
    }

    #[test]
    fn degrees_take_the_shorter_way() {
        let hue = ParamId::Hue.param();
        assert_eq!((way(hue, 350.0, 10.0), way(hue, 10.0, 350.0), way(hue, 10.0, 90.0)), (20.0, -20.0, 80.0));
    }

    #[test]
    fn prompts_of_the_show_are_laid_over_those_of_its_looks() {
        let mut show = show(vec![part(Place::Section("B".into()), 1)]);
        let place = Place::Between(Length::Seconds(2.0), Length::Seconds(6.0));
        let (text, negative) = ("over".to_owned(), String::new());
        show.prompts = vec![Prompt { text, negative, place, ease: Length::Seconds(0.0) }];
        assert_eq!(shown(&play(&show)), [(0, "a"), (20, "over"), (60, "b"), (80, "a"), (120, "b")]);
    }

    #[test]
    fn what_holds_for_the_whole_job_comes_from_the_first_look_and_set_holds_everywhere() {
        let mut show = show(vec![part(Place::Section("B".into()), 1)]);
        show.looks[1].preset.base.insert(ParamId::DriftGuard.into(), 0.25);
        show.set = vec![crate::score::parse_set("glow=0.5").unwrap()];
        show.looks[1].set = vec![crate::score::parse_set("glow=1").unwrap()];
        let timeline = play(&show);
        assert!(timeline.curves.get(ParamId::DriftGuard).iter().all(|v| *v == 1.0));
        assert_eq!(
            (
                timeline.value(ParamId::Glow, GeneratedFrame(0)),
                timeline.value(ParamId::Glow, GeneratedFrame(50))
            ),
            (0.5, 1.0)
        );
    }
}
