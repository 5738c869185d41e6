//! The layers of a job and what they show.

use crate::digest::Digest;
use crate::score::{LayerKind, Material, ShownLayer};
use crate::video::Fonts;

/// The layers of a job, in the order in which they are drawn, and what they show.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// Each with the fonts of its text.
    pub list: Vec<(ShownLayer, Option<Fonts>)>,
    /// What they show.
    pub material: Material,
    /// Whether a control is drawn from waveform or spectrum.
    pub scope_for_controls: bool,
}

impl Layers {
    /// SHA-256 of all that decides how they are drawn and isn't in the timeline, as hexadecimal digits; empty without layers.
    pub fn hash(&self) -> String {
        if self.list.is_empty() {
            return String::new();
        }
        let mut digest = Digest::default();
        let Material { lines, title, beats, hits, bars: _, scope: _ } = &self.material;
        digest.update(format!("{lines:?} {title:?} {beats:?} {hits:?}"));
        for (shown, fonts) in &self.list {
            digest.update(format!("{shown:?}"));
            fonts.iter().flat_map(Fonts::files).for_each(|bytes| digest.update(bytes));
        }
        digest.finish()
    }

    /// Whether any of them, or a control, shows waveform or spectrum.
    pub fn want_a_scope(&self) -> bool {
        let wants = |kind| matches!(kind, LayerKind::Waveform(_) | LayerKind::Spectrum(_));
        self.scope_for_controls || self.list.iter().any(|(shown, _)| wants(shown.layer.kind))
    }
}
