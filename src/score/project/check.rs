//! The checks between a project's files and what they mean: names, types, ranges, paths.

use super::known::{Choices, Known};
use super::load::{Loader, inside};
use super::raw::{RawHearing, RawPart, RawProject, RawTakes};
use crate::audio::Octave;
use crate::error::{Error, Result};
use crate::score::clock::Length;
use crate::score::control::{Control, control_slots};
use crate::score::layer::spec;
use crate::score::layer::spec::Layer;
use crate::score::lora;
use crate::score::lora::Lora;
use crate::score::param::{Rate, Setting};
use crate::score::preset::{Cuts, MAX_LINE, MAX_TEXT, Place, Preset, Prompt};
use crate::score::raw::{Field, RawCuts, Source};
use crate::score::shipped;
use crate::score::slot::Slots;
use crate::score::timeline::Blend;
use crate::score::words::Words;
use crate::units::{FrameRate, Size};
use std::collections::BTreeMap;
use std::str::FromStr;
use toml::{Spanned, Value};

/// Most parts, and most prompts.
const MAX_PARTS: usize = 500;
/// Most places at which a project cuts.
const MAX_CUTS: usize = 10_000;

/// What project files say, the later ones over the earlier.
#[derive(Default)]
pub(super) struct Fragment {
    pub track: Option<String>,
    pub output: Option<String>,
    pub profile: Option<String>,
    pub audio: Option<String>,
    pub flash_guard: Option<String>,
    pub lyrics: Option<String>,
    pub font: Option<String>,
    pub tier: Option<String>,
    pub model: Option<String>,
    pub motion: Option<String>,
    pub vae: Option<String>,
    pub upscale: Option<String>,
    pub interpolator: Option<String>,
    pub clip_skip: Option<usize>,
    pub lut: Option<String>,
    pub preset: Option<Preset>,
    pub steps: Option<usize>,
    pub size: Option<Size>,
    pub generate: Option<Size>,
    pub overlap: Option<usize>,
    pub fps: Option<FrameRate>,
    pub seed: Option<u64>,
    pub blend: Option<Blend>,
    pub init: Option<String>,
    pub hearing: Known,
    pub set: Vec<Setting>,
    pub cuts: Option<Cuts>,
    pub cut_at: Vec<Length>,
    pub parts: Vec<RoughPart>,
    pub prompts: Vec<Prompt>,
    pub words: BTreeMap<String, Words>,
    pub layers: Vec<Layer>,
    pub loras: Vec<Lora>,
    pub controls: Vec<Control>,
}

/// A `[[part]]`; without a preset it changes the look beneath it.
pub(super) struct RoughPart {
    pub place: Place,
    pub preset: Option<Preset>,
    pub prompt: Option<String>,
    pub negative: Option<String>,
    pub init: Option<String>,
    pub ease: Option<Length>,
    pub cut: bool,
    pub set: Vec<Setting>,
}

/// Checks all files that were gathered and puts them together, for a job with these slots.
pub(super) fn merge(loader: &mut Loader, choices: &Choices, slots: &Slots) -> Result<Fragment> {
    let (layers, loras, controls) = (layers(loader)?, loras(loader)?, controls(loader)?);
    let slots = slots.with(spec::slots(&layers)?).with(lora::slots(&loras)?);
    let slots = &slots.with(control_slots(&controls)?);
    let mut merged = Fragment { layers, loras, controls, ..Fragment::default() };
    for name in loader.order.clone() {
        let text = loader.text(&name);
        let source = Source { name: &name, text: &text };
        let raw = loader.tables(&source)?;
        for (key, words) in &raw.words {
            let (word, words) = source.words(key, words)?;
            merged.words.insert(word, words);
        }
        let mut file = File { source, loader, choices, slots };
        file.scalars(&raw, &mut merged)?;
        file.lists(&raw, &mut merged)?;
    }
    Ok(merged)
}

/// The layers of all files; of two that are called the same, the later one.
fn layers(loader: &mut Loader) -> Result<Vec<Layer>> {
    let mut layers: Vec<Layer> = Vec::new();
    for name in loader.order.clone() {
        let text = loader.text(&name);
        let source = Source { name: &name, text: &text };
        for layer in source.layers(&loader.tables(&source)?.layer)? {
            layers.retain(|known| known.name != layer.name);
            layers.push(layer);
        }
    }
    Ok(layers)
}

/// The LoRAs of all files; of two that are called the same, the later one.
fn loras(loader: &mut Loader) -> Result<Vec<Lora>> {
    let mut loras: Vec<Lora> = Vec::new();
    for name in loader.order.clone() {
        let text = loader.text(&name);
        let source = Source { name: &name, text: &text };
        for lora in source.loras(&loader.tables(&source)?.lora)? {
            loras.retain(|known| known.name != lora.name);
            loras.push(lora);
        }
    }
    Ok(loras)
}

/// The controls of all files; of two that are called the same, the later one.
fn controls(loader: &mut Loader) -> Result<Vec<Control>> {
    let mut controls: Vec<Control> = Vec::new();
    for name in loader.order.clone() {
        let text = loader.text(&name);
        let source = Source { name: &name, text: &text };
        for control in source.controls(&loader.tables(&source)?.control)? {
            controls.retain(|known| known.name != control.name);
            controls.push(control);
        }
    }
    Ok(controls)
}

/// A project file under the checks.
struct File<'a, 'b, 'r> {
    source: Source<'a>,
    loader: &'a mut Loader<'b, 'r>,
    choices: &'a Choices<'a>,
    slots: &'a Slots,
}

impl File<'_, '_, '_> {
    fn scalars(&mut self, raw: &RawProject, into: &mut Fragment) -> Result<()> {
        let source = self.source;
        let path = |key, field: &Field| field.as_ref().map(|v| self.source.path(key, v)).transpose();
        let whole =
            |key, field: &Field, range| field.as_ref().map(|v| source.whole(key, v, range)).transpose();
        let word = |key, field: &Field, words: &[&str]| {
            let words: Vec<(&str, &str)> = words.iter().map(|w| (*w, *w)).collect();
            let chosen = field.as_ref().map(|v| source.one_of(key, v, &words)).transpose();
            chosen.map(|word| word.map(str::to_owned))
        };
        over(&mut into.track, path("track", &raw.track)?);
        over(&mut into.output, path("output", &raw.output)?);
        over(&mut into.lyrics, path("lyrics", &raw.lyrics)?);
        over(&mut into.font, path("font", &raw.font)?);
        over(&mut into.model, path("model", &raw.model)?);
        over(&mut into.motion, path("motion", &raw.motion)?);
        over(&mut into.vae, path("vae", &raw.vae)?);
        over(&mut into.upscale, path("upscale", &raw.upscale)?);
        over(&mut into.interpolator, path("interpolator", &raw.interpolator)?);
        over(&mut into.clip_skip, whole("clip_skip", &raw.clip_skip, 1..=24)?.map(|n| n as usize));
        over(&mut into.lut, path("lut", &raw.lut)?);
        over(&mut into.profile, word("profile", &raw.profile, self.choices.profiles)?);
        over(&mut into.audio, word("audio", &raw.audio, self.choices.audio)?);
        over(&mut into.flash_guard, word("flash_guard", &raw.flash_guard, &["on", "off"])?);
        over(&mut into.tier, word("tier", &raw.tier, self.choices.tiers)?);
        over(&mut into.steps, whole("steps", &raw.steps, 1..=200)?.map(|n| n as usize));
        over(&mut into.overlap, whole("overlap", &raw.overlap, 1..=1000)?.map(|n| n as usize));
        over(&mut into.seed, whole("seed", &raw.seed, 0..=i64::MAX as u64)?);
        over(&mut into.size, source.read_as("size", &raw.size)?);
        over(&mut into.generate, source.read_as("generate", &raw.generate)?);
        over(&mut into.fps, source.read_as("fps", &raw.fps)?);
        if raw.blend.is_some() {
            into.blend = Some(source.blend(&raw.blend)?);
        }
        over(&mut into.init, source.source("init", &raw.init)?);
        if let Some(hearing) = &raw.hearing {
            self.hearing(hearing, &mut into.hearing)?;
        }
        if let Some(value) = &raw.preset {
            // What the director shows is known once the track was heard.
            let directed = value.get_ref().as_str().is_some_and(|name| name.trim() == shipped::DEFAULT);
            into.preset = if directed { None } else { Some(self.preset(value)?) };
        }
        Ok(())
    }

    fn lists(&mut self, raw: &RawProject, into: &mut Fragment) -> Result<()> {
        let source = self.source;
        for (table, had, new) in
            [("part", into.parts.len(), raw.part.len()), ("prompt", into.prompts.len(), raw.prompt.len())]
        {
            if had + new > MAX_PARTS {
                let error = format!("{}: {} [[{table}]] tables are too many", source.name, had + new);
                return Err(Error::usage(error).hint(format!("at most {MAX_PARTS}")));
            }
        }
        let slots = into.preset.as_ref().map_or(self.slots, |preset| &preset.slots).clone();
        for (key, value) in &raw.set {
            into.set.push(source.base(key, value, &slots)?);
        }
        if let Some(takes) = &raw.cuts {
            self.takes(takes, into)?;
        }
        for part in &raw.part {
            into.parts.push(self.part(part, &slots)?);
        }
        for prompt in &raw.prompt {
            into.prompts.push(source.prompt(prompt, "", &into.words)?);
        }
        Ok(())
    }

    fn hearing(&self, raw: &RawHearing, into: &mut Known) -> Result<()> {
        let source = self.source;
        let path = |key, field: &Field| field.as_ref().map(|v| source.path(key, v)).transpose();
        let number =
            |key, field: &Field, range| field.as_ref().map(|v| source.number(key, v, range)).transpose();
        let octaves = [("halve", Octave::Halve), ("double", Octave::Double), ("triple", Octave::Triple)];
        let octave = |v| source.one_of("octave", v, &octaves);
        let (bpm, beats) = (number("bpm", &raw.bpm, 20.0..=400.0)?, path("beats_file", &raw.beats_file)?);
        if let (Some(field), Some(_)) = (&raw.bpm, &beats) {
            let error = Error::usage("bpm and beats_file exclude each other").hint("keep one of them");
            return Err(source.at(field.span(), error));
        }
        if let Some(field) = raw.beats.as_ref().filter(|_| bpm.is_some() || beats.is_some()) {
            let error = Error::usage("beats, bpm and beats_file exclude each other").hint("keep one of them");
            return Err(source.at(field.span(), error));
        }
        let hand = source.by_hand(raw)?;
        if hand.beats.is_some() {
            (into.bpm, into.beats_file) = (None, None);
        }
        if bpm.is_some() || beats.is_some() {
            into.hand.beats = None;
        }
        if hand.sections.is_some() {
            into.sections_file = None;
        }
        over(&mut into.hand.meter, hand.meter);
        over(&mut into.hand.beats, hand.beats);
        over(&mut into.hand.sections, hand.sections);
        // Either takes the place of the other one, too, where an included file has that.
        if bpm.is_some() {
            into.beats_file = None;
        }
        if beats.is_some() {
            into.bpm = None;
        }
        over(&mut into.bpm, bpm);
        over(&mut into.beats_file, beats);
        over(&mut into.first_beat, source.read_as("first_beat", &raw.first_beat)?);
        over(&mut into.octave, raw.octave.as_ref().map(octave).transpose()?);
        over(&mut into.shift_beats, number("shift_beats", &raw.shift_beats, -60.0..=60.0)?);
        over(&mut into.sections_file, path("sections_file", &raw.sections_file)?);
        let stream = |v| source.whole("audio_stream", v, 1..=1000);
        over(&mut into.audio_stream, raw.audio_stream.as_ref().map(stream).transpose()?.map(|n| n as usize));
        Ok(())
    }

    fn takes(&self, raw: &RawTakes, into: &mut Fragment) -> Result<()> {
        let source = self.source;
        if raw.on.is_some() || raw.min.is_some() {
            into.cuts = Some(source.cuts(&RawCuts { on: raw.on.clone(), min: raw.min.clone() })?);
        }
        let Some(field) = &raw.at else { return Ok(()) };
        let wrong = || {
            let error =
                Error::usage("at is a list of places").hint("like at = [\"1:00\", \"64 bars\", 90.5]");
            source.at(field.span(), error)
        };
        let list = field.get_ref().as_array().filter(|l| l.len() <= MAX_CUTS).ok_or_else(wrong)?;
        for value in list {
            let value = Spanned::new(field.span(), value.clone());
            into.cut_at.push(source.length("at", &value)?);
        }
        Ok(())
    }

    fn part(&mut self, raw: &Spanned<RawPart>, usual: &Slots) -> Result<RoughPart> {
        let source = self.source;
        let (table, raw) = (raw.span(), raw.get_ref());
        let preset = raw.preset.as_ref().map(|v| self.preset(v)).transpose()?;
        let slots = preset.as_ref().map_or(usual, |preset| &preset.slots);
        let place = source.place([&raw.section, &raw.from, &raw.to])?;
        if place == Place::Everywhere {
            let error = Error::usage("this part has no place");
            return Err(source.at(table, error.hint("add a line: section = \"A\", or from and to")));
        }
        let text = |key, field: &Field| match field {
            None => Ok(None),
            Some(v) => source.text(key, v, MAX_TEXT).map(|text| Some(text.to_owned())),
        };
        let cut = match raw.cut.as_ref().map(|v| (v, v.get_ref())) {
            None => false,
            Some((_, Value::Boolean(cut))) => *cut,
            Some((v, _)) => return Err(source.wrong_type("cut", v, "true or false")),
        };
        let mut set = Vec::new();
        for (key, value) in &raw.set {
            let setting = source.base(key, value, slots)?;
            if setting.param.rate == Rate::Job {
                let error = Error::usage(format!("{} holds for the whole video", setting.param.name));
                return Err(source.at(key.span(), error.hint("set it under [set] of the project")));
            }
            set.push(setting);
        }
        Ok(RoughPart {
            place,
            preset,
            prompt: text("prompt", &raw.prompt)?,
            negative: text("negative", &raw.negative)?,
            init: source.source("init", &raw.init)?,
            ease: raw.ease.as_ref().map(|v| source.short("ease", v)).transpose()?,
            cut,
            set,
        })
    }

    /// A preset that comes with the program, or one of the project's files.
    fn preset(&mut self, value: &Spanned<Value>) -> Result<Preset> {
        let name = self.source.text("preset", value, MAX_LINE)?;
        let loaded = if name.ends_with(".toml") || name.contains('/') {
            inside(name).and_then(|path| self.loader.preset(path)).map(Some)
        } else {
            shipped::find(name).map(|_| None)
        };
        match loaded.map_err(|e| self.source.at(value.span(), e))? {
            Some(text) => Preset::parse_for(name, &text, self.slots),
            None => shipped::find_for(name, self.slots),
        }
    }
}

/// What a later file says wins.
fn over<T>(slot: &mut Option<T>, said: Option<T>) {
    if said.is_some() {
        *slot = said;
    }
}

impl Source<'_> {
    /// A path inside the file's folder.
    pub fn path(&self, key: &str, value: &Spanned<Value>) -> Result<String> {
        let path = self.text(key, value, MAX_LINE)?;
        inside(path).map(str::to_owned).map_err(|e| self.at(value.span(), e))
    }

    /// A whole number within `range`.
    pub(super) fn whole(
        &self,
        key: &str,
        value: &Spanned<Value>,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<u64> {
        let number = match value.get_ref() {
            Value::Integer(n) => u64::try_from(*n).ok(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|n| range.contains(n)).ok_or_else(|| {
            let error = Error::usage(format!("{key} can't be {}", value.get_ref()));
            let hint = format!("a whole number from {} to {}", range.start(), range.end());
            self.at(value.span(), error.hint(hint))
        })
    }

    /// What text or a number stands for.
    fn read_as<T: FromStr<Err = Error>>(&self, key: &str, field: &Field) -> Result<Option<T>> {
        let Some(value) = field else { return Ok(None) };
        let text = match value.get_ref() {
            Value::String(text) if text.len() <= MAX_LINE => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            _ => return Err(self.wrong_type(key, value, "text in quotes or a number")),
        };
        text.parse().map(Some).map_err(|e: Error| self.at(value.span(), e))
    }
}
