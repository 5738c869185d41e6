//! Sources: which scene is drawn in which palette, as people write it, and the drawing of its frames.

use super::finish::finish;
use super::palette::{PALETTES, Tones};
use super::scene::Scene;
use super::scenes::SCENES;
use super::stage::Stage;
use crate::error::{Error, Result, nearest};
use crate::units::Size;
use std::fmt;
use std::str::FromStr;

/// What a source begins with when it is written.
pub const PREFIX: &str = "draw:";
/// Pixels that are drawn at most: an 8K picture.
const MOST_PIXELS: usize = 1 << 26;

/// A scene and its palette, written `draw:synthwave` or `draw:synthwave,palette=neon`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    scene: usize,
    palette: usize,
}

impl FromStr for Source {
    type Err = Error;

    /// # Errors
    /// Usage: there is no such scene, palette or setting.
    fn from_str(text: &str) -> Result<Self> {
        let bad = |what: String| Error::usage(format!("'{text}' can't be drawn: {what}"));
        let Some(rest) = text.trim().strip_prefix(PREFIX) else {
            return Err(bad(format!("it doesn't begin with '{PREFIX}'")).hint(example()));
        };
        let mut parts = rest.split(',').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let scene = SCENES.iter().position(|s| s.name == name);
        let scene = scene.ok_or_else(|| {
            let error = bad(format!("there is no scene '{name}'"));
            match nearest(name, scenes().map(|(name, _)| name)) {
                Some(near) => error.hint(format!("did you mean {PREFIX}{near}?")),
                None => error.hint(named("scenes", scenes().map(|(name, _)| name))),
            }
        })?;
        let mut source = Source { scene, palette: SCENES[scene].palette };
        for part in parts {
            let Some(("palette", name)) = part.split_once('=').map(|(key, value)| (key.trim(), value.trim()))
            else {
                return Err(bad(format!("'{part}' is no setting of it")).hint(example()));
            };
            let found = PALETTES.iter().position(|(palette, _)| *palette == name);
            source.palette = found.ok_or_else(|| {
                bad(format!("there is no palette '{name}'")).hint(named("palettes", palettes()))
            })?;
        }
        Ok(source)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{},palette={}", SCENES[self.scene].name, PALETTES[self.palette].0)
    }
}

/// All scenes: their names, and what they show.
pub fn scenes() -> impl Iterator<Item = (&'static str, &'static str)> {
    SCENES.iter().map(|scene| (scene.name, scene.about))
}

/// The names of all palettes.
pub fn palettes() -> impl Iterator<Item = &'static str> {
    PALETTES.iter().map(|(name, _)| *name)
}

fn example() -> String {
    format!("write {PREFIX}SCENE or {PREFIX}SCENE,palette=NAME, as in {PREFIX}synthwave,palette=neon")
}

fn named(what: &str, names: impl Iterator<Item = &'static str>) -> String {
    format!("{what}: {}", names.collect::<Vec<_>>().join(", "))
}

/// A scene with its dice thrown, ready to be drawn.
pub struct Drawing {
    scene: Box<dyn Scene>,
    start: f64,
    size: Size,
}

impl Drawing {
    /// `source` in pictures of `size`, its form by `seed`.
    ///
    /// # Errors
    /// Usage: pictures of no pixels, or of more than 67 million.
    pub fn new(source: Source, size: Size, seed: u64) -> Result<Self> {
        if size.pixels() == 0 || size.pixels() > MOST_PIXELS {
            return Err(Error::usage(format!("no scene is drawn at {size}"))
                .hint("choose a usual --size, like 1280x720"));
        }
        let tones = Tones::of(PALETTES[source.palette].1);
        let mut stage = Stage::new((size.width as usize, size.height as usize), tones, seed);
        let scene = (SCENES[source.scene].set)(&mut stage);
        Ok(Drawing { scene, start: stage.start, size })
    }

    /// Its size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The picture at `phase`, \[height, width, 3] in sRGB: 12 phases are a second at the scene's own pace.
    pub fn frame(&mut self, phase: f64) -> Vec<u8> {
        let light = self.scene.draw(self.start + phase);
        finish(&light, self.scene.glow())
    }
}
