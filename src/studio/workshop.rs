//! What the studio leaves to who opens it: what a look is shown on, and what needs a model or the disk.

use super::production::Order;
use super::state::Look;
use crate::diffusion::Model;
use crate::error::Result;
use crate::render::Watch;
use crate::score::Show;
use std::path::PathBuf;

/// Does for the studio what the command line does with the same files.
pub trait Workshop: Send + Sync {
    /// What the command line shows once `look` is saved.
    ///
    /// # Errors
    /// Usage: it can't be shown.
    fn show(&self, look: &Look) -> Result<Show>;

    /// A project's file that names the preset at `preset`, for the folder in which presets are saved.
    ///
    /// # Errors
    /// Usage: a project can't name what the studio was opened with.
    fn project(&self, preset: &str) -> Result<String>;

    /// Loads the networks of the live pictures.
    ///
    /// # Errors
    /// Model, Device: as when the studio was opened.
    fn load(&self) -> Result<Model>;

    /// Renders a final and says where it lies.
    ///
    /// # Errors
    /// As a render; Stopped, once `watch` says so.
    fn render(&self, order: &Order, watch: Watch) -> Result<PathBuf>;
}
