//! Controls as presets and projects name them: `[[control]]` tables. A ControlNet follows pictures: a clip, a folder of frames, a drawn scene,
//! or what the music draws.
//!
//! Each is a slot, `control.NAME`, that routes turn. A table's strength is the slot's base; where a look names none of it, its strength is 0.
//! What a source means is none of the score's business.

use super::lora::slot_name;
use super::slot::{SlotKind, Slots, slot};
use crate::error::{Error, Result};

/// Most controls of a preset, and of a project.
pub(super) const MOST: usize = 8;
/// Strengths, as of the slot.
pub(super) const STRENGTH: std::ops::RangeInclusive<f32> = 0.0..=2.0;

/// A control that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// What routes call it, behind `control.`.
    pub name: String,
    /// The ControlNet: a file or folder, or the name of one.
    pub net: String,
    /// The pictures that it follows, as they are written: `clip.mp4,prepare=canny`.
    pub source: String,
    /// How closely it is followed before any route.
    pub strength: f32,
    /// The share of the steps from which on it acts, 0 to 1.
    pub start: f32,
    /// The share of the steps up to which it acts, 0 to 1.
    pub end: f32,
}

impl Control {
    /// What `--control` says: `NET=SOURCE` or `NET=SOURCE:0.7`.
    ///
    /// # Errors
    /// Usage: it names nothing, or the strength is out of range.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| {
            Error::usage(format!("--control {text} {what}"))
                .hint("write --control NET=SOURCE or NET=SOURCE:0.7, like control_v11p_sd15_canny=clip.mp4,prepare=canny:0.7")
        };
        let (net, source) = text.trim().split_once('=').ok_or_else(|| wrong("names no source"))?;
        let (source, strength) = match source.rsplit_once(':') {
            Some((front, number)) => match number.trim().parse::<f32>() {
                Ok(strength) => (front, strength),
                Err(_) => (source, 1.0),
            },
            None => (source, 1.0),
        };
        let (net, source) = (net.trim(), source.trim());
        if net.is_empty() || source.is_empty() {
            return Err(wrong("names nothing"));
        }
        if !STRENGTH.contains(&strength) {
            let (least, most) = (STRENGTH.start(), STRENGTH.end());
            return Err(Error::usage(format!(
                "a control's strength of {strength} is not between {least} and {most}"
            ))
            .hint("0 is as without it, 1 as it was trained"));
        }
        let (net, source) = (net.to_owned(), source.to_owned());
        Ok(Control { name: control_name(&net), net, source, strength, start: 0.0, end: 1.0 })
    }
}

/// What usual names of ControlNets begin with, before what they follow.
const FRONTS: [&str; 3] = ["sd15_", "sd-controlnet-", "sd15-"];

/// The name of the slot for a ControlNet's file or name: what it follows where it is called as usual (`control_v11p_sd15_canny` is `canny`),
/// else its last part without ending, in letters, digits, `_` and `-`.
pub fn control_name(net: &str) -> String {
    let name = slot_name(net);
    let lower = name.to_lowercase();
    let front = FRONTS.iter().find_map(|front| Some(lower.find(front)? + front.len()));
    let rest = front.filter(|_| lower.contains("control")).and_then(|at| name.get(at..)).unwrap_or(&name);
    let rest = rest.strip_suffix("_fp16").unwrap_or(rest);
    if rest.is_empty() { name } else { rest.to_owned() }
}

/// The parameter of a control of this name, like `control.canny`.
pub fn control_param(name: &str) -> String {
    slot(SlotKind::Control, name).name.to_string()
}

/// The slots of these controls.
///
/// # Errors
/// Usage: two share a name.
pub fn control_slots(controls: &[Control]) -> Result<Slots> {
    Slots::new(controls.iter().map(|control| (SlotKind::Control, control.name.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_say_what_is_followed() {
        for (net, name) in [
            ("control_v11p_sd15_canny.pth", "canny"),
            ("models/ControlNet/control_v11f1p_sd15_depth_fp16.safetensors", "depth"),
            ("lllyasviel/sd-controlnet-openpose", "openpose"),
            ("control_v1p_sd15_qrcode_monster_v2", "qrcode_monster_v2"),
            ("my net v1.5.safetensors", "my_net_v1_5"),
            ("sd15_thing", "sd15_thing"),
        ] {
            assert_eq!(control_name(net), name, "{net}");
        }
        assert_eq!(control_param("canny"), "control.canny");
    }

    #[test]
    fn options_name_a_net_and_a_source_and_may_end_in_a_strength() {
        let read = |text: &str| Control::parse(text).map(|c| (c.name, c.net, c.source, c.strength)).unwrap();
        assert_eq!(read("canny=clip.mp4"), ("canny".into(), "canny".into(), "clip.mp4".into(), 1.0));
        let (_, net, source, strength) =
            read("a/b_sd15_x.pth=C:\\clips\\a.mp4,fit=contain,prepare=canny:0.7");
        assert_eq!(
            (net.as_str(), source.as_str()),
            ("a/b_sd15_x.pth", "C:\\clips\\a.mp4,fit=contain,prepare=canny")
        );
        assert_eq!(strength, 0.7);
        assert_eq!(read("n=music:spectrum,form=ring").2, "music:spectrum,form=ring");
        for wrong in ["", "canny", "=clip.mp4", "canny=", "canny=a.png:3", "canny=a.png:nan"] {
            assert!(Control::parse(wrong).is_err(), "{wrong}");
        }
    }
}
