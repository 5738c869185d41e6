//! What a scene is.

use super::planes::Planes;

/// What can be drawn.
pub(super) trait Scene: Send {
    /// Its linear light at a phase.
    fn draw(&mut self, phase: f64) -> Planes;

    /// How much of its light spills.
    fn glow(&self) -> f32;
}
