//! Slots: parameters that a job has beside the table, one for each thing that it has under a name: `lora.smoke`.
//!
//! [`SLOT_KINDS`] says what can have names. A new kind is one row there; that, and who declares the names, is all that it takes:
//! checks, hints, schema and reference come from the row, and the curve is read by the slot's [`ParamRef`].

use super::markdown::aligned;
use super::param::{Group, Kind, Param, ParamRef, Rate, Setting};
use super::param_table::{TABLE, cells};
use crate::error::{Error, Result, nearest};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Longest name of a slot, without its prefix.
const MAX_NAME: usize = 64;
/// What such a name looks like, as a regular expression.
pub(super) const NAME: &str = "[A-Za-z0-9_-]{1,64}";

/// [`SlotKind`] and [`SLOT_KINDS`] out of the same rows.
macro_rules! kinds {
    ($($(#[$about:meta])* $kind:ident: $row:expr,)*) => {
        /// What a job can have under names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum SlotKind { $($(#[$about])* $kind,)* }

        /// Every kind of slot.
        pub const SLOT_KINDS: &[SlotRow] = &[$($row),*];
    };
}

// Ranges are (smallest, default, largest).
kinds! {
    /// A LoRA: low-rank changes to the weights.
    Lora: SlotRow {
        prefix: "lora",
        noun: "LoRA",
        unit: "",
        range: (-2.0, 1.0, 2.0),
        rate: Rate::Frame,
        effect: "the LoRA's weights count for more; 0 = as without it",
        to_add: "name one with --lora, in a [[lora]], or in a prompt: <lora:NAME:0.7>",
    },
    /// A motion LoRA that moves the camera: one of AnimateDiff's eight.
    Camera: SlotRow {
        prefix: "camera",
        noun: "camera LoRA",
        unit: "",
        range: (-2.0, 1.0, 2.0),
        rate: Rate::Frame,
        effect: "the camera moves so more strongly; 0 = as without it",
        to_add: "name one of AnimateDiff's motion LoRAs with --lora or in a [[lora]]: v2_lora_ZoomIn",
    },
    /// Pictures that a ControlNet follows.
    Control: SlotRow {
        prefix: "control",
        noun: "control",
        unit: "",
        range: (0.0, 1.0, 2.0),
        rate: Rate::Frame,
        effect: "pictures follow the control more closely; 0 = as without it",
        to_add: "name a ControlNet and what it follows with --control, or in a [[control]]: canny=clip.mp4,prepare=canny",
    },
    /// A prompt among several that are shown at once.
    Prompt: SlotRow {
        prefix: "prompt",
        noun: "named prompt",
        unit: "",
        range: (0.0, 1.0, 2.0),
        rate: Rate::Frame,
        effect: "the prompt counts for more; 0 = as without it",
        to_add: "prompts can't have names yet: leave it out",
    },
    /// How much is seen of a layer.
    LayerOpacity: SlotRow {
        prefix: "layer.*.opacity",
        noun: "layer",
        unit: "",
        range: (0.0, 1.0, 1.0),
        rate: Rate::Frame,
        effect: "the layer is seen more; 0 = not at all",
        to_add: ADD_LAYER,
    },
    /// How large a layer is, as a multiple of its own size.
    LayerSize: SlotRow {
        prefix: "layer.*.size",
        noun: "layer",
        unit: "",
        range: (0.0, 1.0, 4.0),
        rate: Rate::Frame,
        effect: "the layer is larger; 1 = its own size",
        to_add: ADD_LAYER,
    },
    /// How far a layer is moved to the right, as a share of the picture's width.
    LayerX: SlotRow {
        prefix: "layer.*.x",
        noun: "layer",
        unit: "widths",
        range: (-1.0, 0.0, 1.0),
        rate: Rate::Frame,
        effect: "the layer moves to the right",
        to_add: ADD_LAYER,
    },
    /// How far a layer is moved downwards, as a share of the picture's height.
    LayerY: SlotRow {
        prefix: "layer.*.y",
        noun: "layer",
        unit: "heights",
        range: (-1.0, 0.0, 1.0),
        rate: Rate::Frame,
        effect: "the layer moves down",
        to_add: ADD_LAYER,
    },
}

const ADD_LAYER: &str = "add a [[layer]] with that name";

/// A kind of slot.
#[derive(Debug)]
pub struct SlotRow {
    /// What stands before the name: `lora` in `lora.smoke`; where more stands behind it, all with a star in its place.
    pub prefix: &'static str,
    /// What has the name, in words that follow "a" and "no".
    pub noun: &'static str,
    /// Unit of the value; empty for a plain factor.
    pub unit: &'static str,
    /// Smallest value, default, largest value.
    pub range: (f64, f64, f64),
    /// How often the value may change.
    pub rate: Rate,
    /// What turning it up does.
    pub effect: &'static str,
    /// What to do where a job has none.
    pub to_add: &'static str,
}

impl SlotRow {
    /// What stands before the name and its dot, and what stands behind the name: `layer` and `.opacity`.
    pub(super) fn around(&self) -> (&'static str, &'static str) {
        self.prefix.split_once(".*").unwrap_or((self.prefix, ""))
    }

    /// The parameter of the thing called `name`.
    pub(super) fn param(&self, name: &str) -> Param {
        let (min, default, max) = self.range;
        let SlotRow { unit, rate, effect, .. } = *self;
        let (before, behind) = self.around();
        let (group, kind) = (Group::Generate, Kind::Number);
        let name = format!("{before}.{name}{behind}").into();
        Param { row: None, name, unit, min, max, default, effect, rate, group, kind }
    }
}

/// The slot of this kind for what is called `name`.
pub(super) fn slot(kind: SlotKind, name: &str) -> ParamRef {
    ParamRef::Slot(Arc::new(SLOT_KINDS[kind as usize].param(name)))
}

/// The slots of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slots(BTreeSet<ParamRef>);

/// What is said with an option of its own, and not with `--set`.
const OPTIONS: [&str; 8] = ["prompt", "negative", "seed", "init", "fps", "size", "steps", "preset"];

impl Slots {
    /// A slot for each of these things, which are called so.
    ///
    /// # Errors
    /// Usage: a name has other characters than letters, digits, `_` and `-`, is too long, or two of a kind share it.
    pub fn new<'a>(named: impl IntoIterator<Item = (SlotKind, &'a str)>) -> Result<Self> {
        let mut slots = Slots::default();
        for (kind, name) in named {
            let kind = &SLOT_KINDS[kind as usize];
            let is_written = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(is_written) {
                let shown: String = name.chars().take(MAX_NAME).collect();
                return Err(Error::usage(format!("a {} can't be called '{shown}'", kind.noun))
                    .hint(format!("letters, digits, _ and -, at most {MAX_NAME} of them")));
            }
            let slot = ParamRef::Slot(Arc::new(kind.param(name)));
            if !slots.0.insert(slot) {
                return Err(Error::usage(format!("there is a {} called '{name}' already", kind.noun))
                    .hint("choose another name for one of them"));
            }
        }
        Ok(slots)
    }

    /// These and those.
    pub(super) fn with(&self, others: Slots) -> Self {
        Slots(self.0.iter().cloned().chain(others.0).collect())
    }

    /// Each slot, by its name.
    pub fn iter(&self) -> impl Iterator<Item = &ParamRef> {
        self.0.iter()
    }

    /// Every parameter of the job: the table's rows, then the slots.
    pub fn params(&self) -> impl Iterator<Item = ParamRef> {
        TABLE.iter().map(ParamRef::from).chain(self.iter().cloned())
    }

    /// The parameter called `name`, a row of the table or a slot.
    ///
    /// # Errors
    /// Usage, with the nearest name, those that there are, or what would add one as a hint.
    pub fn find(&self, name: &str) -> Result<ParamRef> {
        self.params().find(|p| p.name == name).ok_or_else(|| self.unknown(name))
    }

    /// What `text` sets: `name=value`.
    ///
    /// # Errors
    /// Usage, for an unknown name, a value outside the range, or text of another form.
    pub fn setting(&self, text: &str) -> Result<Setting> {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Error::usage(format!("--set {text} needs a value"))
                .hint("write NAME=VALUE, like motion_scale=1.2")
        })?;
        self.find(name.trim())?.read(value.trim())
    }

    fn unknown(&self, name: &str) -> Error {
        let error = Error::usage(format!("there is no parameter '{name}'"));
        if OPTIONS.contains(&name) {
            return error.hint(format!("it is an option: --{name} ..."));
        }
        let (prefix, wanted) = name.split_once('.').unwrap_or((name, ""));
        let Some(kind) = SLOT_KINDS.iter().find(|k| k.around().0 == prefix) else {
            let names = || TABLE.iter().map(|p| &*p.name).chain(self.iter().map(|p| &*p.name));
            return match nearest(name, names()) {
                Some(near) => error.hint(format!("did you mean '{near}'?")),
                None => error.hint(format!("parameters are {}", names().collect::<Vec<_>>().join(", "))),
            };
        };
        // The prefix is right: how near a name is, is told without it.
        let names = self.iter().filter_map(|p| p.name.split_once('.'));
        let own: Vec<&str> = names.filter(|(of, _)| *of == prefix).map(|(_, name)| name).collect();
        if own.is_empty() {
            let error =
                Error::usage(format!("there is no parameter '{name}': this job has no {}", kind.noun));
            return error.hint(kind.to_add);
        }
        match nearest(wanted, own.iter().copied()) {
            Some(near) => error.hint(format!("did you mean '{prefix}.{near}'?")),
            None => {
                let all: Vec<String> = own.iter().map(|n| format!("{prefix}.{n}")).collect();
                error.hint(format!("this job has {}", all.join(", ")))
            }
        }
    }
}

impl FromIterator<ParamRef> for Slots {
    /// The slots among these parameters.
    fn from_iter<I: IntoIterator<Item = ParamRef>>(params: I) -> Self {
        Slots(params.into_iter().filter(|p| p.row.is_none()).collect())
    }
}

/// Reads what `--set` was given for a job without slots: `name=value`.
///
/// # Errors
/// As [`Slots::setting`].
pub fn parse_set(text: &str) -> Result<Setting> {
    Slots::default().setting(text)
}

/// The kinds of slots as text: Markdown that is also readable in a terminal.
pub fn slot_table() -> String {
    let rows = SLOT_KINDS.iter().map(|kind| {
        let [name, range, default, rate, effect] = cells(&kind.param("NAME"));
        [name, kind.noun.to_owned(), range, default, rate, effect, kind.to_add.to_owned()]
    });
    aligned(["parameter", "one for each", "range", "default", "per", "turning it up", "to add one"], rows)
}

#[cfg(test)]
mod tests;
