//! Drawn sources: scenes of light, depth and fine detail, drawn frame by frame where a picture is wanted that nobody has.
//!
//! A scene's frame is a pure function of (scene, palette, seed, phase), or of the running sum of phases for what flows. Pictures
//! are linear light without an upper bound until `finish.rs` makes bytes of them. The picture plane is x in −width/height to
//! width/height, y in −1 to 1 upwards; every size grows with the picture's height.

mod camera;
mod dice;
mod finish;
mod lanes;
mod math;
mod palette;
mod plane;
mod planes;
mod scene;
mod scenes;
mod source;
mod splat;
mod stage;
mod texture;

pub use source::{Drawing, PREFIX, Source, palettes, scenes};
