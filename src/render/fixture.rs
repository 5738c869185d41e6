//! Fixtures that tests render with: the shipped model as a draft, and a job so small that a window takes no time.

use super::job::{Job, Settings};
use super::plan::WindowShape;
use crate::diffusion::{Model, ModelFingerprint, ModelSpec, Precision, Tier, open_device};
use crate::score::{Overrides, ParamId, Show, Span, Timeline, find, fixture};
use crate::units::{FrameRate, GeneratedFrame, Seconds, Size};
use crate::video::{Frame, Guard};
use std::path::{Path, PathBuf};

pub(crate) fn draft_model() -> Model {
    draft_model_in(false)
}

/// The same, in little memory or not.
pub(crate) fn draft_model_in(low_memory: bool) -> Model {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark");
    let spec = ModelSpec { folder, tier: Tier::Draft, low_memory, ..ModelSpec::default() };
    Model::open(&spec, &Precision::F32.on(&open_device("cpu").unwrap().device).unwrap()).unwrap()
}

/// Settings of pictures whose sides the shipped model divides.
pub(crate) fn small_settings(steps: usize) -> Settings {
    let size = Size { width: 64, height: 48 };
    Settings {
        program: String::new(),
        track: String::new(),
        model: ModelFingerprint::default(),
        device: String::new(),
        seed: 1,
        steps,
        windows: WindowShape::DEFAULT,
        generate: size,
        picture: size,
        every: 1,
        first_frame: GeneratedFrame(0),
        frames: 0,
        timeline: String::new(),
        lut: None,
        flash_guard: Guard::On,
        layers: String::new(),
        inits: Default::default(),
        controls: Vec::new(),
    }
}

/// Four seconds of a shipped preset, flying, with a cut in them.
pub(crate) fn flying_timeline() -> Timeline {
    let (fps, span) = (FrameRate::new(12, 1).unwrap(), Span { start: Seconds(0.0), frames: 48 });
    let show = Show::of(find("pulse").unwrap());
    let mut timeline = show.play(&fixture(4.0), &Overrides::default(), fps, span).unwrap();
    timeline.curves.insert(ParamId::FlyZoom, vec![1.2; 48]);
    Timeline { cuts: vec![GeneratedFrame(30)], ..timeline }
}

/// `frames` of that timeline from `first` on, with so many steps a window.
pub(crate) fn flying_job(steps: usize, first: u64, frames: u64) -> Job {
    Job {
        settings: Settings { first_frame: GeneratedFrame(first), frames, ..small_settings(steps) },
        timeline: flying_timeline(),
        layers: Default::default(),
        track: PathBuf::new(),
        output: PathBuf::new(),
        description: String::new(),
    }
}

/// Mean difference of two pictures, of 255.
pub(crate) fn apart(a: &Frame, b: &Frame) -> f64 {
    let sum: f64 = a.rgb().iter().zip(b.rgb()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.rgb().len() as f64
}
