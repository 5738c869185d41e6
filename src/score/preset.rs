//! Presets: a look, as base values, routes, prompts and cuts, checked and complete.
//!
//! A preset arrives as TOML text; [`Preset::parse`] either returns something that can be played on every track
//! or says which line is wrong. What a preset is made for belongs in a comment at the top of its file.
//!
//! ```toml
//! about = "one line"
//! negative = "text"            # for prompts without their own
//! blend = "slerp"              # how prompts are blended on the way; or lerp
//! init = "draw:synthwave"      # what frames start from, by denoise; default: noise and the frames before
//!
//! [base]
//! motion_scale = 0.5           # any parameter
//!
//! [[route]]                    # signal (or value) and to are needed, the rest is shown with its default
//! signal = "beat"              # any signal or curve; or: value = "0.5 + 0.5 * kick * (section == 'B')"
//! to = "motion_scale"          # any parameter that doesn't hold for the whole job
//! mode = "add"                 # or multiply
//! every = 1                    # beat and bar signals: every so many beats or bars
//! # quantiles = [0.1, 0.9]     # these shares of the track give 0 and 1; default: none
//! gate = 0
//! attack = 0                   # seconds, or text: "0.25 beats", "1 bars", "50 ms"
//! hold = 0
//! release = 0
//! look_ahead = 0               # default: the attack
//! curve = "linear"             # square, cube, root, smooth, or a power from 0.1 to 10
//! # quantize = "1 beats"       # the value of every beat stays until the next; default: none
//! accumulate = false           # true: the value is a speed
//! amount = 1
//! offset = 0
//! floor = -1000                # default: none
//! ceiling = 1000               # default: none
//! bypass = false               # true: checked and kept in the file, but not played
//!
//! [[curve]]                    # a curve drawn by hand, to be named as a signal
//! name = "rise"
//! points = [["0 bars", 0], ["8 bars", 1]]
//! ease = "linear"              # as a route's curve; or step
//! # fps = 15                   # places are frames at this rate, each of which holds its value; default: none
//!
//! [[prompt]]                   # the last one that applies wins
//! text = "{color} (tunnel:1.2)"
//! negative = "text"
//! section = "A"                # either this, or
//! # from = "8 bars"            # this (seconds, "1:30", beats or bars), or neither
//! # to = "16 bars"             # with from: where it ends
//! ease = 0                     # how long the way there takes: "2 bars"
//!
//! [words.color]                # what {color} stands for; {section} is the section's label
//! every = "4 bars"             # either this and a list, or
//! list = ["neon", "gold"]
//! # section = { A = "ice" }    # this and
//! # other = "neon"             # what holds in all other sections
//!
//! [[layer]]                    # what is drawn over the pictures
//! name = "words"               # routes turn layer.words.opacity, size, x and y; default: the kind
//! kind = "lyrics"              # title, waveform, spectrum, particles, rings
//! show = "line"                # lyrics: words, karaoke
//! # form = "ring"              # waveform, spectrum: line, ring
//! # on = "kick"                # particles: snare, hat, onset
//! # text = "a title"           # title; default: artist and title of the track
//! # font = "fonts/mine.ttf"    # lyrics, title; default: DejaVu Sans, which comes with the program
//! at = [0.5, 0.82]             # its middle, in shares of width and height
//! size = 0.075                 # of the picture's height
//! color = "#ffffff"            # or picture
//! sung = "picture"             # lyrics: the colour of what was sung
//! blend = "normal"             # add, screen, multiply
//! fade_in = 0.1                # seconds
//! fade_out = 0.2
//! # section = "A"              # where it is seen, as of a prompt: this, or from and to
//!
//! [[lora]]                     # changes the model while this look holds; routes turn lora.NAME
//! name = "neon"                # default: the file's name
//! file = "loras/neon.safetensors"   # beside the preset, or a name that `beatbolt models list` shows
//! strength = 0.7               # default: 1
//! # text_strength = 0.5        # of the text encoder; default: as strong
//!
//! [[control]]                  # pictures that a ControlNet follows while this look holds; routes turn control.NAME
//! name = "shape"               # default: the net's name, of control_v11p_sd15_canny: canny
//! net = "control_v11p_sd15_canny"   # a file or folder beside the preset, or a name that `beatbolt models list` shows
//! source = "dancer.mp4,prepare=canny"   # a picture, a clip, a folder of frames, draw:SCENE, music:spectrum
//! strength = 0.7               # default: 1
//! # start = 0                  # shares of the steps in which it acts
//! # end = 1
//!
//! [cuts]
//! on = "never"                 # section, bars:8
//! min = 2                      # a take lasts at least so long
//! ```

use super::clock::Length;
use super::control::{Control, control_param, control_slots};
use super::expr::Expr;
use super::layer::spec;
use super::layer::spec::Layer;
use super::lora;
use super::lora::Lora;
use super::param::ParamRef;
pub use super::place::Place;
use super::raw::Source;
use super::shape::Shape;
use super::slot::Slots;
use super::timeline::Blend;
use super::words::Words;
use crate::error::{Error, Result};
use std::collections::BTreeMap;

/// A look: what a track is turned into.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// Its name, or the file it came from.
    pub name: String,
    /// One line about it.
    pub about: String,
    /// Values that differ from the parameters' defaults.
    pub base: BTreeMap<ParamRef, f32>,
    /// What moves what; without the bypassed ones.
    pub routes: Vec<Route>,
    /// What is shown when, as in the file; never empty.
    pub prompts: Vec<Prompt>,
    /// What words in braces stand for.
    pub words: BTreeMap<String, Words>,
    /// How prompts are blended on the way from one to the next.
    pub blend: Blend,
    /// What is drawn over the pictures.
    pub layers: Vec<Layer>,
    /// What changes the model.
    pub loras: Vec<Lora>,
    /// Pictures that are followed.
    pub controls: Vec<Control>,
    /// When a new take starts.
    pub cuts: Cuts,
    /// What frames start from, as it is written; none: noise and the frames before.
    pub init: Option<String>,
    /// The slots that it may name: those of the job for which it was read, and those of its layers.
    pub slots: Slots,
}

/// The way into a parameter of what is heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// What is listened to.
    pub input: Expr,
    /// What is turned.
    pub to: ParamRef,
    /// How it gets in.
    pub mode: Mode,
    /// What happens on the way.
    pub shape: Shape,
}

/// How a route gets into its parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Its value is added to the base.
    Add,
    /// Base and additions are multiplied by its value.
    Multiply,
}

/// A text and where it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// What is asked for.
    pub text: String,
    /// What is to be avoided.
    pub negative: String,
    /// Where it holds.
    pub place: Place,
    /// How long the way there from the prompt before takes.
    pub ease: Length,
}

/// When a new take starts, and how long a take lasts at least.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cuts {
    /// What starts one.
    pub on: CutOn,
    /// Nothing starts one sooner than this after the last.
    pub min: Length,
}

/// What starts a new take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutOn {
    /// Nothing: the video is one take.
    Never,
    /// Every section.
    Section,
    /// Every so many bars.
    Bars(usize),
}

impl Default for Cuts {
    fn default() -> Self {
        Cuts { on: CutOn::Never, min: Length::Seconds(2.0) }
    }
}

/// Most routes in a preset.
const MAX_ROUTES: usize = 200;
/// Most prompts in a preset.
const MAX_PROMPTS: usize = 500;
/// Longest prompt, in characters.
pub(super) const MAX_TEXT: usize = 2000;
/// The word for no source.
pub const NONE: &str = "none";
/// Longest one-line description and other short texts, in characters.
pub(super) const MAX_LINE: usize = 200;

impl Preset {
    /// The preset that `text` describes, called `name` in errors, for a job without slots.
    ///
    /// # Errors
    /// As [`Preset::parse_for`].
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        Preset::parse_for(name, text, &Slots::default())
    }

    /// The preset that `text` describes, called `name` in errors, for a job with these slots.
    ///
    /// # Errors
    /// Usage, with file, line and column, for whatever is wrong first.
    pub fn parse_for(name: &str, text: &str, slots: &Slots) -> Result<Self> {
        let source = Source { name, text };
        let raw = source.read()?;
        let negative = source.optional_text("negative", &raw.negative, MAX_TEXT)?;
        for (table, count, most) in [
            ("route", raw.route.len(), MAX_ROUTES),
            ("prompt", raw.prompt.len(), MAX_PROMPTS),
            ("curve", raw.curve.len(), MAX_ROUTES),
            ("words", raw.words.len(), MAX_ROUTES),
        ] {
            if count > most {
                let error = Error::usage(format!("{name}: {count} [[{table}]] tables are too many"));
                return Err(error.hint(format!("at most {most}")));
            }
        }
        let init = source.source("init", &raw.init)?;
        let layers = source.layers(&raw.layer)?;
        let (loras, controls) = (source.loras(&raw.lora)?, source.controls(&raw.control)?);
        let words = raw.words.iter().map(|(k, v)| source.words(k, v)).collect::<Result<BTreeMap<_, _>>>()?;
        let prompts = raw.prompt.iter().map(|p| source.prompt(p, &negative, &words));
        let mut prompts = prompts.collect::<Result<Vec<_>>>()?;
        if prompts.is_empty() {
            let (text, ease) = (String::new(), Length::Seconds(0.0));
            prompts.push(Prompt { text, negative: negative.clone(), place: Place::Everywhere, ease });
        }
        let tagged = lora::named_in(texts(&prompts, &words))?;
        let slots = slots.with(spec::slots(&layers)?).with(control_slots(&controls)?);
        let slots = &slots.with(lora::slots(&loras)?).with(lora::slots(&tagged)?);
        let base = raw.base.iter().map(|(k, v)| source.base(k, v, slots)).collect::<Result<Vec<_>>>()?;
        let mut base: BTreeMap<ParamRef, f32> = base.into_iter().map(|s| (s.param, s.value)).collect();
        for lora in &loras {
            base.entry(slots.find(&lora::param_name(&lora.name))?).or_insert(lora.strength);
        }
        for control in &controls {
            base.entry(slots.find(&control_param(&control.name))?).or_insert(control.strength);
        }
        let curves = raw.curve.iter().map(|c| source.drawn(c)).collect::<Result<Vec<_>>>()?;
        let mut routes = Vec::new();
        for raw in &raw.route {
            // A bypassed route may come back, so it has to be right as well.
            let route = source.route(raw, &curves, slots)?;
            if !source.bypassed(raw)? {
                routes.push(route);
            }
        }
        if let Some(field) = &raw.negative {
            source.braces(field, &negative, &words)?;
        }
        // What is drawn or filmed can do without: it is shown as it is, or a --prompt says what it becomes. Said last, since what is
        // wrong with the rest says more.
        let needless = init.as_deref().is_some_and(|init| init != NONE);
        if raw.prompt.is_empty() && !needless {
            return Err(Error::usage(format!("{name}: there is no prompt"))
                .hint("add a [[prompt]] table with a line like: text = \"neon tunnel\""));
        }
        Ok(Preset {
            name: name.to_owned(),
            about: source.optional_text("about", &raw.about, MAX_LINE)?,
            base,
            routes,
            prompts,
            blend: source.blend(&raw.blend)?,
            words,
            layers,
            loras,
            controls,
            cuts: raw.cuts.as_ref().map_or(Ok(Cuts::default()), |c| source.cuts(c))?,
            init,
            slots: slots.clone(),
        })
    }
}

/// Every text that may come to stand in a prompt.
pub(super) fn texts<'a>(
    prompts: &'a [Prompt],
    words: &'a BTreeMap<String, Words>,
) -> impl Iterator<Item = &'a str> {
    prompts.iter().map(|prompt| prompt.text.as_str()).chain(words.values().flat_map(Words::all))
}
