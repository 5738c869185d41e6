//! What a page is told of the parts.

use crate::audio::Analysis;
use crate::score::{Clock, Place, Show};
use crate::studio::state::EditedPreset;
use serde_json::{Value, json};

/// The parts as they are written and where they are seen, for the page. `offset` parts come before them from other files.
pub fn told(edited: &EditedPreset, show: &Show, analysis: &Analysis) -> Value {
    let clock = Clock::new(analysis);
    let own = edited.film.parts();
    let offset = show.parts.len().saturating_sub(own.len());
    let length = analysis.duration.0;
    let parts = own.iter().zip(show.parts.iter().skip(offset)).map(|(text, part)| {
        let at = |length| clock.place(length).0;
        let (start, end) = match &part.place {
            Place::Between(from, to) => (Some(at(*from)), Some(at(*to))),
            Place::From(from) => (Some(at(*from)), Some(length)),
            Place::Everywhere | Place::Section(_) => (None, None),
        };
        let mut told = json!(text);
        told["start"] = json!(start);
        told["end"] = json!(end);
        told["own"] = json!(text.preset.as_ref().is_some_and(|name| edited.looks.contains_key(name)));
        told
    });
    let pieces = show.pieces(analysis);
    let ends = pieces.iter().skip(1).map(|piece| piece.start.0).chain([length]);
    let base = &show.looks[0].preset.name;
    let mut presets: Vec<&str> = vec![&edited.name];
    let told_pieces = pieces.iter().zip(ends).map(|(piece, end)| {
        let preset = if piece.preset == *base { &edited.name } else { piece.preset.as_str() };
        let look = presets.iter().position(|known| *known == preset).unwrap_or_else(|| {
            presets.push(preset);
            presets.len() - 1
        });
        let own: Vec<usize> = piece.parts.iter().filter_map(|i| i.checked_sub(offset)).collect();
        json!({ "start": piece.start, "end": end, "look": look, "preset": preset, "part": own.last(), "pile": own })
    });
    json!({
        "list": parts.collect::<Vec<_>>(),
        "pieces": told_pieces.collect::<Vec<_>>(),
        "elsewhere": offset,
        "looks": edited.looks.keys().collect::<Vec<_>>(),
        "focus": edited.focus,
        "base": edited.name,
    })
}
