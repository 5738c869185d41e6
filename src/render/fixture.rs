//! What tests render with: the shipped model as a draft, and settings so small that a window takes no time.

use super::{Settings, WindowShape};
use crate::diffusion::{Model, ModelFingerprint, ModelSpec, Precision, Tier, open_device};
use crate::units::Size;
use std::path::Path;

pub(crate) fn draft_model() -> Model {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark");
    let spec = ModelSpec { folder, motion: None, tier: Tier::Draft, steps: None, force_steps: false };
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
        first_frame: 0,
        frames: 0,
        timeline: String::new(),
    }
}
