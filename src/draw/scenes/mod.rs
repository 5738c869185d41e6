//! Scenes, a file each.

#![allow(clippy::approx_constant, reason = "where the trial throws its dice up to 6.28, so do these")]

mod aurora;
mod echoes;
mod fire;
mod flow;
mod galaxy;
mod glyphs;
mod ground;
mod hexfloor;
mod jellyfish;
mod lightning;
mod ocean;
mod silk;
mod synthwave;
mod tunnel;
mod warp;
mod wire;

use super::scene::Scene;
use super::stage::Stage;

/// A scene by its name.
pub(super) struct Entry {
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// The palette that it is drawn in where none is named, by its place among them.
    pub palette: usize,
    /// Throws its dice.
    pub set: fn(&mut Stage) -> Box<dyn Scene>,
}

/// All scenes.
#[rustfmt::skip]
pub(super) const SCENES: &[Entry] = &[
    Entry { name: "aurora", palette: 14, set: aurora::set, about: "curtains of northern lights over snowy ridges and a lake" },
    Entry { name: "echoes", palette: 9, set: echoes::set, about: "a curve of light and its forty older selves, as feedback draws them" },
    Entry { name: "fire", palette: 1, set: fire::set, about: "flames with fine licks and rising sparks: a wall, logs or a ring" },
    Entry { name: "flow", palette: 18, set: flow::set, about: "particles with trails along a field, hair of light" },
    Entry { name: "galaxy", palette: 5, set: galaxy::set, about: "a spiral galaxy of twenty thousand stars, dust lanes" },
    Entry { name: "glyphs", palette: 15, set: glyphs::set, about: "code rain: columns of invented letters in three depths" },
    Entry { name: "hexfloor", palette: 18, set: hexfloor::set, about: "a floor of hexagons, rings of light running over it" },
    Entry { name: "jellyfish", palette: 2, set: jellyfish::set, about: "jellyfish of light with trailing threads in dark water" },
    Entry { name: "lightning", palette: 5, set: lightning::set, about: "branching bolts, clouds lit from within, or arcs from a ball" },
    Entry { name: "ocean", palette: 12, set: ocean::set, about: "a sea under a moon or sun, waves to the horizon, glints" },
    Entry { name: "silk", palette: 10, set: silk::set, about: "folded cloth with fine threads and a sheen" },
    Entry { name: "synthwave", palette: 0, set: synthwave::set, about: "a valley of wire mountains, a banded sun, stars" },
    Entry { name: "tunnel", palette: 16, set: tunnel::set, about: "a flight through a tunnel of panels, lamps and seams" },
    Entry { name: "warp", palette: 6, set: warp::set, about: "a flight among stars with streaks, through a nebula" },
    Entry { name: "wire", palette: 19, set: wire::set, about: "nested polyhedra of light, a tesseract among them" },
];
