//! The parameter table: everything a preset, a route or `--set` can turn.
//!
//! Checks, help text and the README's table all come from [`TABLE`]; a new parameter is one new row here
//! and one place in the renderer that reads its curve.

use crate::error::{Error, Result, nearest};
use std::fmt::Write;

/// How often a parameter may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// Every frame has its own value.
    Frame,
    /// A window has one value: that of its first frame.
    Window,
    /// One value holds for the whole job; routes can't reach it.
    Job,
}

/// Who reads a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The denoiser: changing it makes other pictures.
    Generate,
    /// The effects on finished pictures; at its default such a parameter changes nothing.
    Finish,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number within the range.
    Number,
    /// `on` (1) or `off` (0).
    Switch,
}

/// A row of the table.
#[derive(Debug, PartialEq)]
pub struct Param {
    /// What it is called in presets, in `--set` and in a timeline's curves.
    pub name: &'static str,
    /// Unit of the value; empty for a plain factor.
    pub unit: &'static str,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// The value where nobody says otherwise.
    pub default: f64,
    /// What turning it up does.
    pub effect: &'static str,
    /// How often it may change.
    pub rate: Rate,
    /// Who reads it.
    pub group: Group,
    /// How a value is written.
    pub kind: Kind,
    /// What a model must have for it that none that can be loaded has; empty for what works.
    pub needs: &'static str,
}

/// A parameter and a value inside its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Which parameter.
    pub param: &'static Param,
    /// Its value.
    pub value: f32,
}

/// Every parameter there is.
pub const TABLE: &[Param] = &[
    Param {
        name: "motion_scale",
        unit: "",
        min: 0.0,
        max: 2.0,
        default: 1.0,
        effect: "more movement from the frame before to this one; 1 = the model as it is",
        rate: Rate::Frame,
        group: Group::Generate,
        kind: Kind::Number,
        needs: "",
    },
    Param {
        name: "denoise",
        unit: "",
        min: 0.05,
        max: 1.0,
        default: 1.0,
        effect: "a frame gives up more of the picture before it; 1 = everything",
        rate: Rate::Frame,
        group: Group::Generate,
        kind: Kind::Number,
        needs: "",
    },
    Param {
        name: "pace",
        unit: "",
        min: 0.0,
        max: 1.0,
        default: 1.0,
        effect: "how far each frame moves follows motion_scale more exactly; 0 = as the model moves it",
        rate: Rate::Window,
        group: Group::Generate,
        kind: Kind::Number,
        needs: "",
    },
    Param {
        name: "motion_effect",
        unit: "",
        min: 0.0,
        max: 2.0,
        default: 1.0,
        effect: "frames agree more on what they show; 0 = each is a picture by itself",
        rate: Rate::Frame,
        group: Group::Generate,
        kind: Kind::Number,
        needs: "",
    },
    Param {
        name: "guidance",
        unit: "",
        min: 1.0,
        max: 15.0,
        default: 1.0,
        effect: "pictures follow the prompt more closely; above 1 a step takes twice as long",
        rate: Rate::Window,
        group: Group::Generate,
        kind: Kind::Number,
        needs: "",
    },
    Param {
        name: "noise_correlation",
        unit: "",
        min: 0.0,
        max: 1.0,
        default: 0.0,
        effect: "neighbouring frames start from more similar noise: calmer pictures",
        rate: Rate::Frame,
        group: Group::Generate,
        kind: Kind::Number,
        needs: "",
    },
    Param {
        name: "drift_guard",
        unit: "",
        min: 0.0,
        max: 1.0,
        default: 1.0,
        effect: "colour and contrast are held closer to where a take began",
        rate: Rate::Job,
        group: Group::Generate,
        kind: Kind::Number,
        needs: "",
    },
    Param {
        name: "finish",
        unit: "",
        min: 0.0,
        max: 1.0,
        default: 1.0,
        effect: "the effects below are applied",
        rate: Rate::Job,
        group: Group::Finish,
        kind: Kind::Switch,
        needs: "",
    },
    absent("lora_strength", "the added LoRA weights count for more", "a LoRA"),
    absent("control_strength", "pictures follow the control images more closely", "a ControlNet"),
    effect("pan_x", "widths", (-1.0, 0.0, 1.0), "the picture moves to the right"),
    effect("pan_y", "heights", (-1.0, 0.0, 1.0), "the picture moves down"),
    effect("zoom", "", (0.5, 1.0, 4.0), "the picture comes closer"),
    effect("roll", "degrees", (-360.0, 0.0, 360.0), "the picture turns clockwise"),
    effect(
        "fly_x",
        "widths/s",
        (-1.0, 0.0, 1.0),
        "the picture keeps moving to the right, and more of it comes in",
    ),
    effect("fly_y", "heights/s", (-1.0, 0.0, 1.0), "the picture keeps moving down, and more of it comes in"),
    effect("fly_zoom", "times/s", (0.5, 1.0, 2.0), "the picture keeps coming closer, without end"),
    effect("fly_roll", "degrees/s", (-180.0, 0.0, 180.0), "the picture keeps turning clockwise"),
    effect("shake", "", (0.0, 0.0, 1.0), "the picture jumps about"),
    effect("exposure", "stops", (-3.0, 0.0, 3.0), "the picture gets brighter, twice as bright per stop"),
    effect("flash", "", (0.0, 0.0, 1.0), "the picture goes towards white"),
    effect("saturation", "", (0.0, 1.0, 3.0), "colours get stronger; 0 = grey"),
    effect("hue", "degrees", (-360.0, 0.0, 360.0), "colours turn around the colour wheel"),
    effect("glow", "", (0.0, 0.0, 2.0), "light spills from bright places"),
    effect("grain", "", (0.0, 0.0, 1.0), "the picture gets grainier, like fast film"),
];

/// A row for an effect on finished pictures, with its (smallest, neutral, largest) values.
const fn effect(
    name: &'static str,
    unit: &'static str,
    (min, default, max): (f64, f64, f64),
    effect: &'static str,
) -> Param {
    let (rate, group, kind) = (Rate::Frame, Group::Finish, Kind::Number);
    Param { name, unit, min, max, default, effect, rate, group, kind, needs: "" }
}

/// A row that waits for a part of the model.
const fn absent(name: &'static str, effect: &'static str, needs: &'static str) -> Param {
    let (rate, group, kind) = (Rate::Window, Group::Generate, Kind::Number);
    Param { name, unit: "", min: 0.0, max: 2.0, default: 0.0, effect, rate, group, kind, needs }
}

impl Param {
    /// The parameter called `name`.
    ///
    /// # Errors
    /// Usage, with the nearest name as a hint; or if it waits for a part that no model has yet.
    pub fn find(name: &str) -> Result<&'static Param> {
        let found = TABLE.iter().find(|p| p.name == name);
        if let Some(param) = found.filter(|p| !p.needs.is_empty()) {
            return Err(Error::usage(format!("{name} can't be turned: it needs {}", param.needs))
                .hint(format!("{} can't be loaded yet; leave {name} out", param.needs)));
        }
        found.ok_or_else(|| {
            let names = || TABLE.iter().map(|p| p.name);
            let error = Error::usage(format!("there is no parameter '{name}'"));
            match nearest(name, names()) {
                Some(near) => error.hint(format!("did you mean '{near}'?")),
                None => error.hint(format!("parameters are {}", names().collect::<Vec<_>>().join(", "))),
            }
        })
    }

    /// This parameter set to `value`.
    ///
    /// # Errors
    /// Usage, with the range as a hint, for a value outside it or not a number.
    pub fn set(&'static self, value: f64) -> Result<Setting> {
        if !(self.min..=self.max).contains(&value) {
            return Err(Error::usage(format!("{} = {value} is out of range", self.name)).hint(self.advice()));
        }
        Ok(Setting { param: self, value: value as f32 })
    }

    /// This parameter set to what `text` says: a number, or `on` or `off` for a switch.
    ///
    /// # Errors
    /// Usage, with what may be written as a hint.
    pub fn read(&'static self, text: &str) -> Result<Setting> {
        let value = match (self.kind, text) {
            (Kind::Switch, "on" | "true") => Some(1.0),
            (Kind::Switch, "off" | "false") => Some(0.0),
            (Kind::Switch, _) => None,
            (Kind::Number, text) => text.parse().ok(),
        };
        let bad = || Error::usage(format!("{} can't be '{text}'", self.name)).hint(self.advice());
        self.set(value.ok_or_else(bad)?)
    }

    /// What may be written, in a sentence.
    pub fn advice(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        match self.kind {
            Kind::Switch => format!("{} is on or off", self.name),
            Kind::Number => {
                format!(
                    "{} goes from {} to {}{unit}, by default {}",
                    self.name, self.min, self.max, self.default
                )
            }
        }
    }

    /// `value` moved to the nearest end of the range if it lies outside; degrees go round instead.
    pub fn clamp(&self, value: f32) -> f32 {
        let value = if self.unit == "degrees" && value.abs() > 360.0 { value % 360.0 } else { value };
        value.clamp(self.min as f32, self.max as f32)
    }
}

/// Reads what `--set` was given: `name=value`.
///
/// # Errors
/// Usage, for an unknown name, a value outside the range, or text of another form.
pub fn parse_set(text: &str) -> Result<Setting> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        Error::usage(format!("'{text}' sets nothing")).hint("write NAME=VALUE, like motion_scale=1.2")
    })?;
    Param::find(name.trim())?.read(value.trim())
}

/// The table as text: Markdown that is also readable in a terminal.
pub fn table() -> String {
    let rows = TABLE.iter().map(|p| {
        let (range, default) = match p.kind {
            Kind::Switch => ("on, off".to_owned(), if p.default > 0.0 { "on" } else { "off" }.to_owned()),
            Kind::Number => (format!("{} to {} {}", p.min, p.max, p.unit), p.default.to_string()),
        };
        let rate = match p.rate {
            _ if !p.needs.is_empty() => "(no model has it yet)",
            Rate::Frame => "frame",
            Rate::Window => "window",
            Rate::Job => "job",
        };
        [p.name.to_owned(), range.trim_end().to_owned(), default, rate.to_owned(), p.effect.to_owned()]
    });
    aligned(["parameter", "range", "default", "per", "turning it up"], rows)
}

/// A Markdown table whose columns line up.
pub(super) fn aligned<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows);
    let width: [usize; N] =
        std::array::from_fn(|i| lines.iter().map(|l| l[i].chars().count()).max().unwrap_or(0));
    let mut text = String::new();
    for (row, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(width) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if row == 0 {
            text.extend(width.iter().map(|w| format!("|{}", "-".repeat(w + 2))));
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn defaults_lie_inside_their_ranges_and_names_differ() {
        for p in TABLE {
            assert!((p.min..=p.max).contains(&p.default) && p.min < p.max, "{}", p.name);
        }
        assert_eq!(TABLE.iter().map(|p| p.name).collect::<BTreeSet<_>>().len(), TABLE.len());
    }

    #[test]
    fn settings_are_read() {
        let read = |t: &str| parse_set(t).map(|s| (s.param.name, s.value));
        assert_eq!(read("motion_scale=1.2").unwrap(), ("motion_scale", 1.2));
        assert_eq!(read(" denoise = 0.05 ").unwrap(), ("denoise", 0.05));
        assert_eq!(read("finish=off").unwrap(), ("finish", 0.0));
        assert_eq!(read("hue=-90").unwrap(), ("hue", -90.0));
    }

    #[test]
    fn wrong_settings_say_what_would_be_right() {
        struct Case(&'static str, &'static str, &'static str);
        for Case(text, message, hint) in [
            Case("motionscale=1", "no parameter 'motionscale'", "did you mean 'motion_scale'"),
            Case("zebra=1", "no parameter 'zebra'", "motion_scale, denoise"),
            Case("zoom=9", "zoom = 9 is out of range", "from 0.5 to 4"),
            Case("zoom=nan", "out of range", "from 0.5 to 4"),
            Case("zoom=inf", "out of range", "from 0.5 to 4"),
            Case("zoom=big", "zoom can't be 'big'", "from 0.5 to 4"),
            Case("roll=720", "roll = 720", "degrees"),
            Case("finish=2", "finish can't be '2'", "on or off"),
            Case("zoom", "sets nothing", "NAME=VALUE"),
            Case("lora_strength=1", "it needs a LoRA", "leave lora_strength out"),
            Case("", "sets nothing", "NAME=VALUE"),
        ] {
            let error = parse_set(text).unwrap_err();
            assert!(error.to_string().contains(message), "{text}: {error}");
            assert!(error.hints().concat().contains(hint), "{text}: {:?}", error.hints());
        }
    }

    #[test]
    fn the_table_names_every_parameter_on_lines_of_one_width() {
        let text = table();
        assert_eq!(text.lines().count(), TABLE.len() + 2);
        let width = text.lines().next().unwrap().chars().count();
        assert!(text.lines().all(|l| l.chars().count() == width), "{text}");
        assert!(TABLE.iter().all(|p| text.contains(&format!("| {} ", p.name))));
    }
}
