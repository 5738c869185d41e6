//! Analysis + preset → [`Timeline`]. Everything here is a pure function: no files, no clock, no chance.
//!
//! A [`Preset`] holds base values and routes. A route samples a [`Signal`], or an [`Expr`] over several, on a grid of
//! cells finer than the frames, bends it with a [`Shape`], and lands in a parameter ([`Param`]): a row of their table, or a slot ([`Slots`]). [`compose()`] does
//! that for every one of them and every frame.

mod check;
mod clock;
mod compose;
mod control;
mod control_table;
mod cut;
mod director;
mod document;
mod edit;
mod emphasis;
pub mod exchange;
mod expr;
mod grid;
mod init;
mod keyframe;
mod layer;
mod lora;
mod lora_table;
mod markdown;
mod param;
mod param_table;
mod place;
mod play;
mod preset;
mod project;
mod prompt;
mod raw;
mod schema;
mod shape;
mod shipped;
mod show;
mod signal;
mod slot;
mod snap;
mod spoken;
mod timeline;
mod unreadable;
mod unused;
mod words;

pub use clock::{Clock, Length};
pub use compose::Overrides;
pub use control::{Control, control_name, control_param};
pub use director::{BASE as DIRECTED, Direction, direct};
pub use document::{CurveText, Document, Number, PromptText, RouteText, WordsKey, WordsText, route_numbers};
pub use emphasis::Emphasis;
pub use expr::{Expr, FUNCTIONS, function_table};
pub use grid::Span;
pub use keyframe::Keyframes;
pub use layer::{
    Beat, Form as LayerForm, Hits, Layer, LayerBlend, LayerKind, Material, ShownLayer, Singing, Sung, Tint,
    sung,
};
pub use lora::{Lora, LoraTag, param_name as lora_param, slot_kind as lora_kind, slot_name as lora_name};
pub use param::{Group, Kind, Param, ParamRef, Rate, Setting};
pub use param_table::{ParamId, TABLE as PARAMS, table as param_table};
pub use play::compose;
pub use preset::{CutOn, Cuts, Mode, NONE, Place, Preset, Prompt, Route};
pub use project::{
    ByHand, Choices, HandBeat, HandSection, Known, PartText, Project, ProjectDocument, Read, toml_text,
    with_values,
};
pub use raw::MAX_FILE_BYTES;
pub use schema::{Form, Key, TABLES, Table, json_schema, reference};
pub use shape::{Curve, Shape};
pub use shipped::{DEFAULT, PLAIN, find, made_for, shipped};
pub use show::{Look, Part, Piece, Show};
pub use signal::{Signal, TABLE as SIGNALS, table as signal_table};
pub use slot::{SLOT_KINDS, SlotKind, SlotRow, Slots, parse_set, slot_table};
pub use snap::Grid;
pub use spoken::{PromptFault, expression_fault, prompt_fault};
pub use timeline::{Blend, InitSpan, ParamCurves, PromptSpan, Timeline, Travel};
pub use unused::Unused;
pub use words::Words;

/// A track at 120 bpm from its first sample on, in bars of four, with sections A, B, A, B of four seconds each.
#[cfg(test)]
pub(crate) fn fixture(seconds: f64) -> crate::audio::Analysis {
    use crate::audio::{Analysis, Drums, Envelope, Hit, Section};
    use crate::units::{SampleRate, Seconds};

    let every = |gap: f64| -> Vec<Seconds> {
        (0..).map(|i| Seconds(f64::from(i) * gap)).take_while(|t| t.0 < seconds).collect()
    };
    let sections: Vec<Seconds> = every(4.0);
    let envelope = |signal: &Signal| {
        let values = (0..(seconds * 100.0) as u32).map(|i| (i % 50 == 0) as u8 as f32).collect();
        (signal.name.to_owned(), Envelope { hop_seconds: 0.01, values })
    };
    let hits: Vec<Hit> = every(0.5).into_iter().map(|time| Hit { time, strength: 1.0 }).collect();
    Analysis {
        duration: Seconds(seconds),
        sample_rate: SampleRate(44_100),
        samples: (seconds * 44_100.0) as u64,
        tempo_bpm: Some(120.0),
        alternative_bpm: None,
        beats: every(0.5),
        downbeats: every(2.0),
        meter: Some(4),
        confidence: 1.0,
        loudness_lufs: None,
        onsets: every(0.5),
        onset_strengths: Vec::new(),
        drums: Drums { kick: hits.clone(), snare: hits.clone(), hat: hits },
        sections: sections
            .iter()
            .zip(["A", "B"].into_iter().cycle())
            .map(|(t, label)| Section { start: *t, end: Seconds(t.0 + 4.0), label: label.to_owned() })
            .collect(),
        envelopes: SIGNALS.iter().map(envelope).collect(),
    }
}
