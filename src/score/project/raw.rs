//! A project's file as it is written: the TOML tables one to one.

use crate::score::raw::{Field, RawControl, RawLayer, RawLora, RawPrompt, RawWords};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::{Spanned, Value};

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProject {
    // Both are read before the rest of the file is: see `load`.
    #[serde(rename = "include")]
    pub _include: Field,
    #[serde(default, rename = "variables")]
    pub _variables: BTreeMap<String, Value>,
    pub track: Field,
    pub output: Field,
    pub profile: Field,
    pub audio: Field,
    pub flash_guard: Field,
    pub lyrics: Field,
    pub font: Field,
    pub preset: Field,
    pub model: Field,
    pub motion: Field,
    pub vae: Field,
    pub upscale: Field,
    pub interpolator: Field,
    pub clip_skip: Field,
    pub lut: Field,
    pub tier: Field,
    pub steps: Field,
    pub size: Field,
    pub generate: Field,
    pub overlap: Field,
    pub fps: Field,
    pub seed: Field,
    pub blend: Field,
    pub init: Field,
    pub hearing: Option<RawHearing>,
    #[serde(default)]
    pub set: BTreeMap<Spanned<String>, Spanned<Value>>,
    pub cuts: Option<RawTakes>,
    #[serde(default)]
    pub part: Vec<Spanned<RawPart>>,
    #[serde(default)]
    pub prompt: Vec<Spanned<RawPrompt>>,
    #[serde(default)]
    pub words: BTreeMap<Spanned<String>, Spanned<RawWords>>,
    #[serde(default)]
    pub layer: Vec<Spanned<RawLayer>>,
    #[serde(default)]
    pub lora: Vec<Spanned<RawLora>>,
    #[serde(default)]
    pub control: Vec<Spanned<RawControl>>,
}

/// The `[hearing]` of a project.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHearing {
    pub bpm: Field,
    pub first_beat: Field,
    pub beats_file: Field,
    pub octave: Field,
    pub shift_beats: Field,
    pub sections_file: Field,
    pub audio_stream: Field,
    pub meter: Field,
    pub beats: Field,
    pub bars: Field,
    #[serde(default)]
    pub section: Vec<Spanned<RawSection>>,
}

/// A `[[hearing.section]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSection {
    pub from: Field,
    pub name: Field,
    pub color: Field,
}

/// The `[cuts]` of a project.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTakes {
    pub on: Field,
    pub min: Field,
    pub at: Field,
}

/// A `[[part]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPart {
    pub section: Field,
    pub from: Field,
    pub to: Field,
    pub preset: Field,
    pub prompt: Field,
    pub negative: Field,
    pub init: Field,
    pub ease: Field,
    pub cut: Field,
    #[serde(default)]
    pub set: BTreeMap<Spanned<String>, Spanned<Value>>,
}
