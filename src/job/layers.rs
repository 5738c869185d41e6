//! Layers of a job: fonts read, tags looked up, and what was heard put together for them.

use super::controls;
use super::request::Request;
use crate::audio::{Analysis, Scope};
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use crate::progress::Progress;
use crate::render::Layers;
use crate::score::{Layer, LayerKind, Material, Timeline};
use crate::video::{Fonts, tags_of};
use std::path::Path;
use std::sync::Arc;

/// Largest font that is read, in bytes: those of all ideographs have some twenty million.
const LARGEST: u64 = 128 << 20;

/// What is drawn over the pictures of `request`.
///
/// # Errors
/// Input: a font can't be read.
pub fn of(request: &Request, analysis: &Analysis) -> Result<Layers> {
    let shown = request.show.layers_on(analysis);
    let fonts = |layer: &Layer| match layer.kind {
        LayerKind::Lyrics(_) | LayerKind::Title => fonts(request, layer).map(Some),
        _ => Ok(None),
    };
    let list = shown.into_iter().map(|shown| Ok((fonts(&shown.layer)?, shown)));
    let list: Vec<_> =
        list.map(|pair: Result<_>| pair.map(|(fonts, shown)| (shown, fonts))).collect::<Result<_>>()?;
    let (drawn, scope_for_controls) = controls::drawn(&request.model.controls)?;
    if list.is_empty() && !drawn {
        return Ok(Layers::default());
    }
    let lines = request.lyrics.as_ref().map_or_else(Vec::new, |lyrics| lyrics.lines.clone());
    let material = Material { lines, title: title(&request.track), ..Material::of(analysis) };
    Ok(Layers { list, material, scope_for_controls })
}

/// The same, with waveform and spectrum where a layer shows them; for this the track is decoded once more.
///
/// # Errors
/// As [`of`], and whatever decoding says.
pub(super) fn heard(
    layers: Layers,
    request: &Request,
    timeline: &Timeline,
    progress: &dyn Progress,
) -> Result<Layers> {
    if !layers.want_a_scope() {
        return Ok(layers);
    }
    progress.stage("listening for layers", 0);
    let scope = scope(&request.track, request.hearing.options.stream, timeline)?;
    Ok(with_scope(layers, scope))
}

/// Waveform and spectrum of every frame of `timeline`, from the audio stream of number `stream`, or the usual one.
///
/// # Errors
/// Whatever decoding says.
pub fn scope(track: &Path, stream: Option<usize>, timeline: &Timeline) -> Result<Arc<Scope>> {
    Scope::listen(track, stream, timeline.fps, timeline.frames).map(Arc::new)
}

/// These layers with waveform and spectrum to show.
pub fn with_scope(layers: Layers, scope: Arc<Scope>) -> Layers {
    Layers { material: Material { scope: Some(scope), ..layers.material }, ..layers }
}

/// What can't be shown as it is meant, in sentences.
pub fn notes(layers: &Layers) -> Vec<String> {
    let mut notes = Vec::new();
    let Material { lines, title, .. } = &layers.material;
    for (shown, fonts) in &layers.list {
        let Layer { name, kind, text, .. } = &shown.layer;
        let texts: Vec<&str> = match kind {
            LayerKind::Lyrics(_) if lines.is_empty() => {
                notes.push(format!(
                    "the layer '{name}' shows lyrics, and there are none: name a file with --lyrics"
                ));
                continue;
            }
            LayerKind::Lyrics(_) => lines.iter().map(|line| line.text.as_str()).collect(),
            LayerKind::Title => vec![text.as_ref().unwrap_or(title)],
            _ => continue,
        };
        let missing = fonts.iter().find_map(|fonts| texts.iter().find_map(|text| fonts.missing(text)));
        if let Some(c) = missing {
            notes.push(format!("no font at hand has '{c}': name one that does with --font"));
        }
    }
    notes.dedup();
    notes
}

/// The fonts of a layer: its own, or the one that was named for all.
fn fonts(request: &Request, layer: &Layer) -> Result<Fonts> {
    let own = layer.font.as_ref().and_then(|path| request.fonts.get(path));
    let Some(path) = own.or(request.font.as_ref()) else { return Fonts::new(None) };
    let failed = || Error::input(format!("can't use the font '{}'", path.display()));
    let bytes =
        bounded_read::bytes(path, LARGEST).context(|| failed().hint("name a TrueType or OpenType file"))?;
    Fonts::new(Some(bytes)).context(|| failed().hint("name a TrueType or OpenType file: .ttf, .otf, .ttc"))
}

/// Title and artist of the track, a line each; its file's name where it says neither.
fn title(track: &Path) -> String {
    let tags = tags_of(track).unwrap_or_default();
    let tag = |key: &str| tags.iter().find(|(k, _)| *k == key).map(|(_, value)| value.as_str());
    match (tag("title"), tag("artist")) {
        (Some(title), Some(artist)) => format!("{title}\n{artist}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => track.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
    }
}
