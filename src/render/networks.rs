//! The networks that make a job's pictures.

use crate::diffusion::{Model, ModelInfo};
use crate::interpolate::{Interpolator, InterpolatorFile};
use crate::upscale::{Upscaler, UpscalerFile};

/// Networks with their weights.
#[derive(Clone, Copy, Debug)]
pub struct Networks<'a> {
    /// What generates pictures.
    pub model: &'a Model,
    /// What enlarges them; none: they are scaled.
    pub upscaler: Option<&'a Upscaler>,
    /// What puts pictures between them; none: the network that comes with the program.
    pub interpolator: Option<&'a Interpolator>,
}

/// The same before a weight is read.
#[derive(Clone, Copy, Debug)]
pub struct NetworkFiles<'a> {
    /// What generates pictures.
    pub info: &'a ModelInfo,
    /// What enlarges them; none: they are scaled.
    pub upscaler: Option<&'a UpscalerFile>,
    /// What puts pictures between them; none: the network that comes with the program.
    pub interpolator: Option<&'a InterpolatorFile>,
}
