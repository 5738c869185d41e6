//! A job: everything that decides how a video comes out, complete and checked.

use super::control::Control;
use super::init::Inits;
use super::layer::Layers;
use super::plan::{Window, WindowShape, plan_every};
use crate::diffusion::ModelFingerprint;
use crate::digest::Digest;
use crate::error::Result;
use crate::score::Timeline;
use crate::units::{FrameIndex, GeneratedFrame, Size};
use crate::video::{Guard, Lut};
use serde::Serialize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What decides the pictures. Two jobs with the same settings give the same video on the same device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Name and version of the program.
    pub program: String,
    /// SHA-256 of the track's file.
    pub track: String,
    /// SHA-256 of every part of the model.
    pub model: ModelFingerprint,
    /// Where it is computed, and in which type of number.
    pub device: String,
    /// What all noise depends on.
    pub seed: u64,
    /// Denoising steps a window.
    pub steps: usize,
    /// Window and overlap.
    pub windows: WindowShape,
    /// Size of the generated pictures.
    pub generate: Size,
    /// Size of the video.
    pub picture: Size,
    /// One of how many frames is generated; those between are interpolated. Where frames are shown as they are drawn, all are.
    #[serde(skip_serializing_if = "is_all")]
    pub every: FrameIndex,
    /// The first frame of the part that is rendered, counted from the start of the track: noise belongs to absolute frames.
    pub first_frame: GeneratedFrame,
    /// How many frames the part has.
    pub frames: FrameIndex,
    /// SHA-256 of the value of every parameter in every frame, the prompts and the cuts.
    pub timeline: String,
    /// The look-up table that finished pictures' colours go through.
    pub lut: Option<Lut>,
    /// Whether flashes are held to three a second.
    pub flash_guard: Guard,
    /// SHA-256 of what is drawn over the pictures; empty if nothing is.
    pub layers: String,
    /// The pictures and clips that frames start from, and that controls follow.
    pub inits: Inits,
    /// What ControlNets follow, in the model's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Control>,
}

/// A complete run.
#[derive(Clone, Debug)]
pub struct Job {
    /// What decides the pictures.
    pub settings: Settings,
    /// The value of every parameter in every frame of the whole track, whatever part of it is rendered.
    pub timeline: Timeline,
    /// What is drawn over the pictures.
    pub layers: Arc<Layers>,
    /// Where the sound comes from.
    pub track: PathBuf,
    /// The finished file.
    pub output: PathBuf,
    /// Stored in the finished file, so that it can be made again.
    pub description: String,
}

impl Job {
    /// The frames that are rendered, counted from the start of the track.
    pub fn part(&self) -> Range<GeneratedFrame> {
        self.settings.first_frame..self.settings.first_frame + self.settings.frames
    }

    /// The largest picture that a frame may have before its finish.
    pub(super) fn largest_picture(&self) -> Size {
        let (made, shown) = (self.settings.generate, self.settings.picture);
        if made.pixels() > shown.pixels() { made } else { shown }
    }

    /// The windows of every take of this job.
    pub fn takes(&self) -> Vec<Vec<Window>> {
        self.windows().chunk_by(|a, b| a.take == b.take).map(<[Window]>::to_vec).collect()
    }

    /// The windows of this job.
    pub fn windows(&self) -> Vec<Window> {
        let (timeline, whole) = (&self.timeline, (self.part(), self.timeline.frames));
        plan_every(whole, &timeline.cuts, self.settings.windows, |take| self.every(&take))
    }

    /// One of how many frames of `take` is generated.
    fn every(&self, take: &Range<GeneratedFrame>) -> FrameIndex {
        let drawn = || take.start.until(take.end).any(|frame| self.timeline.shows_source(frame));
        match self.settings.every {
            every if every > 1 && !self.timeline.inits.is_empty() && drawn() => 1,
            every => every,
        }
    }
}

/// Whether one of so many frames is each of them.
fn is_all(every: &FrameIndex) -> bool {
    *every == 1
}

/// The size at which pictures of the video's `picture` size are generated: its shape, at most the pixels of
/// the model's `native` size, sides divisible by `factor` (the VAE's).
pub fn generated_size(picture: Size, native: Size, factor: u32) -> Size {
    let aspect = f64::from(picture.width) / f64::from(picture.height);
    let area = native.pixels().min(picture.pixels()) as f64;
    // Too few latents to hold anything: every U-Net halves them several times.
    let smallest = 4 * factor;
    let side = |length: f64| ((length / f64::from(factor)).round() as u32 * factor).max(smallest);
    Size { width: side((area * aspect).sqrt()), height: side((area / aspect).sqrt()) }
}

/// SHA-256 of a timeline, as hexadecimal digits.
pub fn hash_timeline(timeline: &Timeline) -> String {
    let mut digest = Digest::default();
    digest.update(format!("{} {} {:?} {:?}", timeline.fps, timeline.frames, timeline.prompts, timeline.cuts));
    if !timeline.inits.is_empty() {
        digest.update(format!("{:?}", timeline.inits));
    }
    for (param, curve) in timeline.curves.iter() {
        digest.update(&*param.name);
        curve.iter().for_each(|value| digest.update(value.to_le_bytes()));
    }
    digest.finish()
}

/// SHA-256 of a file, as hexadecimal digits.
pub fn hash_file(path: &Path) -> Result<String> {
    Digest::of_files([path])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Blend, ParamCurves, ParamId, PromptSpan, SlotKind, Slots, Travel};
    use crate::units::{FrameRate, Seconds};

    #[test]
    fn the_way_to_a_prompt_is_part_of_the_fingerprint() {
        let hash = |mix: f32, blend| {
            let (prompt, negative) = ("b".to_owned(), String::new());
            let from = Travel { prompt: "a".into(), negative: String::new(), blend, mixes: vec![mix] };
            hash_timeline(&Timeline {
                fps: FrameRate::new(12, 1).unwrap(),
                start: Seconds(0.0),
                frames: 9,
                curves: Default::default(),
                prompts: vec![PromptSpan { start: GeneratedFrame(0), prompt, negative, travel: Some(from) }],
                cuts: Vec::new(),
                inits: Vec::new(),
            })
        };
        assert_eq!(hash(0.25, Blend::Slerp), hash(0.25, Blend::Slerp));
        assert_ne!(hash(0.25, Blend::Slerp), hash(0.5, Blend::Slerp));
        assert_ne!(hash(0.25, Blend::Slerp), hash(0.25, Blend::Lerp));
    }

    #[test]
    fn every_parameter_of_the_table_and_every_slot_is_part_of_the_fingerprint() {
        let slots = Slots::new([(SlotKind::Lora, "a"), (SlotKind::Lora, "b")]).unwrap();
        let hash = |values: &[(&str, f32)]| {
            let mut curves = ParamCurves::default();
            curves.insert(ParamId::Zoom, vec![1.0; 9]);
            for (name, value) in values {
                curves.insert(slots.find(name).unwrap(), vec![*value; 9]);
            }
            let span = PromptSpan {
                start: GeneratedFrame(0),
                prompt: "x".into(),
                negative: String::new(),
                travel: None,
            };
            let (fps, start) = (FrameRate::new(12, 1).unwrap(), Seconds(0.0));
            hash_timeline(&Timeline {
                fps,
                start,
                frames: 9,
                curves,
                prompts: vec![span],
                cuts: Vec::new(),
                inits: Vec::new(),
            })
        };
        let one = hash(&[("lora.a", 0.5)]);
        assert_eq!(one, hash(&[("zoom", 1.0), ("lora.a", 0.5)]));
        let others = [
            hash(&[]),
            hash(&[("lora.a", 0.25)]),
            hash(&[("lora.b", 0.5)]),
            hash(&[("lora.a", 0.5), ("lora.b", 0.5)]),
            hash(&[("zoom", 2.0), ("lora.a", 0.5)]),
        ];
        assert!(others.iter().all(|other| *other != one));
        // The order in which they were declared is none of the pictures' business.
        assert_eq!(others[3], hash(&[("lora.b", 0.5), ("lora.a", 0.5)]));
    }

    #[test]
    fn generated_sizes_keep_the_shape_and_stay_near_the_models_own() {
        let spark = Size { width: 256, height: 144 };
        let size = |text: &str| generated_size(text.parse().unwrap(), spark, 8).to_string();
        assert_eq!(size("1280x720"), "256x144");
        assert_eq!(size("720x720"), "192x192");
        assert_eq!(size("720x1280"), "144x256");
        assert_eq!(size("64x36"), "64x40");
        assert_eq!(size("16x16"), "32x32");
    }
}
