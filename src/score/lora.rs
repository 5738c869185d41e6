//! LoRAs as presets, projects and prompts name them: `[[lora]]` tables, and `<lora:NAME:0.7>` in prompts as people paste them.
//!
//! Each is a slot, `lora.NAME`, that routes turn. A table's strength is the slot's base. What a prompt says is added while that prompt holds,
//! and on the way from one prompt to the next as much of it as of the prompt; the same one twice is added twice, as in A1111. Where a look
//! names none of it, its strength is 0.

use super::slot::{SlotKind, Slots, slot};
use super::timeline::PromptSpan;
use crate::error::{Error, Result};
use crate::units::FrameIndex;
use std::collections::BTreeMap;
use std::ops::Range;

/// Longest name of a slot.
const MAX_NAME: usize = 64;
/// Most LoRAs of a preset, and of a project.
pub(super) const MOST: usize = 32;
/// Endings of files, which no name has.
const ENDINGS: [&str; 5] = [".safetensors", ".ckpt", ".pt", ".pth", ".bin"];
/// What begins one in a prompt: A1111's own, and what an extension of it calls LyCORIS.
const MARKS: [&str; 2] = ["<lora:", "<lyco:"];

/// A LoRA that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Lora {
    /// What routes call it, behind `lora.`.
    pub name: String,
    /// Its file, or the name of one.
    pub file: String,
    /// How strongly it acts before any route.
    pub strength: f32,
    /// How strongly it acts on the text encoder; none: as strongly as on pictures.
    pub text: Option<f32>,
}

impl Lora {
    /// What `--lora` says: `NAME`, `NAME:0.7` or `NAME:0.7:0.5`, the last being the text encoder's strength.
    ///
    /// # Errors
    /// Usage: a strength is out of range.
    pub fn parse(text: &str) -> Result<Self> {
        let (mut file, mut numbers) = (text.trim(), Vec::new());
        while let Some((rest, number)) = file.rsplit_once(':') {
            let Ok(number) = number.trim().parse::<f32>() else { break };
            if numbers.len() == 2 {
                break;
            }
            numbers.insert(0, number);
            file = rest;
        }
        if file.is_empty() {
            return Err(Error::usage(format!("--lora {text} names nothing"))
                .hint("write --lora NAME, NAME:0.7 or NAME:0.7:0.5"));
        }
        let strength = numbers.first().map_or(Ok(1.0), |n| in_range(*n))?;
        let text = numbers.get(1).map(|n| in_range(*n)).transpose()?;
        Ok(Lora { name: slot_name(file), file: file.to_owned(), strength, text })
    }
}

/// What a prompt says of a LoRA.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraTag {
    /// Its file's name as it is written.
    pub file: String,
    /// How strongly it acts.
    pub strength: f32,
    /// How strongly it acts on the text encoder; none: as strongly as on pictures.
    pub text: Option<f32>,
}

impl LoraTag {
    fn lora(&self) -> Lora {
        Lora { name: slot_name(&self.file), file: self.file.clone(), strength: 0.0, text: self.text }
    }
}

/// What AnimateDiff's motion LoRAs do, and how the names of their files end without signs between words.
const CAMERA: [(&str, &str); 8] = [
    ("zoom_in", "zoomin"),
    ("zoom_out", "zoomout"),
    ("pan_left", "panleft"),
    ("pan_right", "panright"),
    ("tilt_up", "tiltup"),
    ("tilt_down", "tiltdown"),
    ("roll_anticlockwise", "rollinganticlockwise"),
    ("roll_clockwise", "rollingclockwise"),
];

/// Which kind of slot something of this name has: what moves the camera has one of its own.
pub fn slot_kind(name: &str) -> SlotKind {
    if CAMERA.iter().any(|(known, _)| *known == name) { SlotKind::Camera } else { SlotKind::Lora }
}

/// The parameter of a LoRA of this name, like `lora.neon` or `camera.zoom_in`.
pub fn param_name(name: &str) -> String {
    slot(slot_kind(name), name).name.to_string()
}

/// The name of the slot for a file, or for the name of one: its last part without ending, in letters, digits, `_` and `-`; of
/// AnimateDiff's motion LoRAs what they do.
pub fn slot_name(file: &str) -> String {
    let last = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let lower = last.to_lowercase();
    let kept =
        ENDINGS.iter().find(|ending| lower.ends_with(*ending)).map_or(last.len(), |e| last.len() - e.len());
    let name = last.get(..kept).unwrap_or(last);
    let bare: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    if let Some((known, _)) = CAMERA.iter().find(|(_, end)| bare.ends_with(end) && bare.contains("lora")) {
        return (*known).to_owned();
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    name.chars().take(MAX_NAME).map(plain).collect()
}

/// Every LoRA that a prompt names, with its bytes.
///
/// # Errors
/// Usage: one is written as nobody reads it, by its column.
pub(super) fn tags(prompt: &str) -> Result<Vec<(Range<usize>, LoraTag)>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = prompt[from..].find('<').map(|at| from + at) {
        let rest = &prompt[start..];
        let refused = |why: &str| {
            let column = prompt[..start].chars().count() + 1;
            let shown: String = rest.chars().take(30).collect();
            Error::usage(format!("{why}: column {column} of a prompt, '{shown}'"))
        };
        if rest.starts_with("<hypernet:") {
            return Err(refused("hypernetworks aren't known").hint("leave it out"));
        }
        let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(*mark)) else {
            from = start + 1;
            continue;
        };
        let Some(end) = rest.find('>') else {
            return Err(refused("a LoRA has no end").hint("write <lora:NAME:0.7>"));
        };
        let tag = tag(&rest[mark.len()..end]).map_err(|(why, hint)| refused(why).hint(hint))?;
        found.push((start..start + end + 1, tag));
        from = start + end + 1;
    }
    Ok(found)
}

/// What stands between the mark and its end: `NAME`, `NAME:0.7`, or as A1111 reads it `NAME:TEXT:PICTURES`.
fn tag(inside: &str) -> Result<LoraTag, (&'static str, &'static str)> {
    let mut parts = inside.split(':').map(str::trim);
    let file = parts
        .next()
        .filter(|file| !file.is_empty())
        .ok_or(("a LoRA has no name", "write <lora:NAME:0.7>"))?;
    let (mut plain, mut text, mut strength) = (Vec::new(), None, None);
    for part in parts {
        let number = |text: &str| {
            let number = text.parse::<f32>().ok().and_then(|n| in_range(n).ok());
            number.ok_or(("a LoRA's strength can't be read", "strengths go from -2 to 2"))
        };
        match part.split_once('=') {
            Some(("te", value)) => text = Some(number(value)?),
            Some(("unet", value)) => strength = Some(number(value)?),
            Some(_) => {
                return Err((
                    "a LoRA's key isn't known",
                    "te and unet are; strengths by block or rank aren't",
                ));
            }
            None => plain.push(number(part)?),
        }
    }
    // The first number is the text encoder's, and the pictures' too where it stands alone.
    let (text, strength) = match plain.as_slice() {
        [] => (text, strength.or(Some(1.0))),
        [both] => (text, strength.or(Some(*both))),
        [own, pictures] => (text.or(Some(*own)), strength.or(Some(*pictures))),
        _ => return Err(("a LoRA has too many strengths", "write <lora:NAME:0.7>")),
    };
    Ok(LoraTag { file: file.to_owned(), strength: strength.unwrap_or(1.0), text })
}

/// Strengths that can be asked for.
fn in_range(strength: f32) -> Result<f32> {
    let param = slot(SlotKind::Lora, "x");
    if (param.min..=param.max).contains(&f64::from(strength)) {
        return Ok(strength);
    }
    Err(Error::usage(format!("a LoRA's strength of {strength} is out of range"))
        .hint(format!("strengths go from {} to {}", param.min, param.max)))
}

/// The LoRAs that these texts name, each once.
///
/// # Errors
/// As [`tags`].
pub(super) fn named_in<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vec<Lora>> {
    let mut found: Vec<Lora> = Vec::new();
    for text in texts {
        for (_, tag) in tags(text)? {
            let lora = tag.lora();
            match found.iter_mut().find(|known| known.name == lora.name) {
                Some(known) => known.text = known.text.or(lora.text),
                None => found.push(lora),
            }
        }
    }
    Ok(found)
}

/// The slots of these LoRAs.
///
/// # Errors
/// Usage: two share a name.
pub(super) fn slots(loras: &[Lora]) -> Result<Slots> {
    Slots::new(loras.iter().map(|lora| (slot_kind(&lora.name), lora.name.as_str())))
}

/// What the prompts that hold add to the strength of each LoRA that they name, in each of `frames` frames.
///
/// # Errors
/// As [`tags`].
pub(super) fn of_prompts(spans: &[PromptSpan], frames: FrameIndex) -> Result<BTreeMap<String, Vec<f32>>> {
    let mut added: BTreeMap<String, Vec<f32>> = BTreeMap::new();
    let ends = spans.iter().skip(1).map(|span| span.start.0).chain([frames]);
    for (span, end) in spans.iter().zip(ends) {
        let before = span.travel.as_ref().map_or("", |travel| &travel.prompt);
        for (text, arriving) in [(before, false), (span.prompt.as_str(), true)] {
            for (_, tag) in tags(text)? {
                let curve = added.entry(slot_name(&tag.file)).or_insert_with(|| vec![0.0; frames as usize]);
                for (offset, value) in curve[span.start.0 as usize..end as usize].iter_mut().enumerate() {
                    let mix = span.travel.as_ref().and_then(|t| t.mixes.get(offset).copied()).unwrap_or(1.0);
                    *value += tag.strength * if arriving { mix } else { 1.0 - mix };
                }
            }
        }
    }
    Ok(added)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::timeline::{Blend, Travel};
    use crate::units::GeneratedFrame;

    #[test]
    fn what_moves_the_camera_is_called_by_what_it_does() {
        for (file, param) in [
            ("v2_lora_ZoomIn.ckpt", "camera.zoom_in"),
            ("mm_sd15_v2_lora_PanLeft.safetensors", "camera.pan_left"),
            ("loras/animatediff-motion-lora-rolling-anticlockwise", "camera.roll_anticlockwise"),
            ("animatediff-motion-lora-rolling-clockwise", "camera.roll_clockwise"),
            ("zoomin", "lora.zoomin"),
            ("neon", "lora.neon"),
        ] {
            assert_eq!(param_name(&slot_name(file)), param, "{file}");
        }
    }

    #[test]
    fn options_are_names_with_strengths_behind() {
        let read = |text: &str| Lora::parse(text).map(|l| (l.name, l.file, l.strength, l.text)).unwrap();
        assert_eq!(read("neon"), ("neon".into(), "neon".into(), 1.0, None));
        assert_eq!(
            read("a/neon v1.5.safetensors:0.7"),
            ("neon_v1_5".into(), "a/neon v1.5.safetensors".into(), 0.7, None)
        );
        assert_eq!(read("neon:-0.5:0"), ("neon".into(), "neon".into(), -0.5, Some(0.0)));
        assert_eq!(read("C:\\loras\\neon.pt:1").1, "C:\\loras\\neon.pt");
        for wrong in ["", ":1", "neon:3", "neon:nan"] {
            assert!(Lora::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn prompts_name_them_as_a1111_reads_them() {
        let read = |text: &str| -> Vec<_> {
            tags(text).unwrap().into_iter().map(|(at, t)| (at, t.file, t.strength, t.text)).collect()
        };
        assert_eq!(read("é <lora:neon:0.7>, a < b"), [(3..18, "neon".into(), 0.7, None)]);
        assert_eq!(
            read("<lora:a><lyco:b:0.5:1>"),
            [(0..8, "a".into(), 1.0, None), (8..22, "b".into(), 1.0, Some(0.5))]
        );
        assert_eq!(read("<lora:a:te=0:unet=0.3>"), [(0..22, "a".into(), 0.3, Some(0.0))]);
        for (wrong, says) in [
            ("é <lora:a:0.7", "column 3"),
            ("<lora::1>", "no name"),
            ("<lora:a:7>", "strength"),
            ("<lora:a:1:1:1>", "too many"),
            ("<lora:a:lbw=x>", "key"),
            ("<hypernet:a:1>", "hypernetworks"),
        ] {
            let error = tags(wrong).unwrap_err().to_string();
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }

    #[test]
    fn strengths_travel_with_their_prompts() {
        let span = |start, prompt: &str, travel| PromptSpan {
            start: GeneratedFrame(start),
            prompt: prompt.into(),
            negative: String::new(),
            travel,
        };
        let travel = Travel {
            prompt: "<lora:a:1>".into(),
            negative: String::new(),
            blend: Blend::Lerp,
            mixes: vec![0.25, 0.75],
        };
        let spans = [span(0, "<lora:a:1>", None), span(2, "<lora:b:0.5><lora:b:0.5>", Some(travel))];
        let added = of_prompts(&spans, 5).unwrap();
        assert_eq!(added["a"], [1.0, 1.0, 0.75, 0.25, 0.0]);
        assert_eq!(added["b"], [0.0, 0.0, 0.25, 0.75, 1.0]);
    }
}
