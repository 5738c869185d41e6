//! Films: worlds of scenes and colours that belong together, so that a whole track looks like one film.

use super::character::Character;
use super::role::Role;
use crate::noise::{Stream, uniform};

/// A scene as a prompt names it, and another form of it for variation.
type Scene = (&'static str, &'static str);

/// A world of scenes and colours.
#[derive(Debug, PartialEq)]
pub struct Film {
    /// What it is called.
    pub name: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// Brightness, share of what strikes and tempo of the music that it is made for.
    likes: (f64, f64, f64),
    /// The scenes of each role, of [`Role::ALL`]; no two alike.
    scenes: [&'static [Scene]; 4],
    /// The colours of each role, the first one is shown first.
    colors: [&'static [&'static str]; 4],
}

/// All films.
pub const FILMS: &[Film] = &[
    Film {
        name: "night drive",
        about: "out of the hills into a neon city and through it",
        likes: (0.30, 0.33, 122.0),
        scenes: [
            &[("aurora over mountains", "hills"), ("clouds", "drifting fog"), ("sea waves", "layered waves")],
            &[("retro grid with a sun", "grid with mountains"), ("spiral tunnel", "whirlpool")],
            &[("city with a moon", "skyline"), ("kaleidoscope", "stained glass"), ("galaxy", "pinwheel")],
            &[("tunnel", "square tunnel"), ("laser beams", "laser show")],
        ],
        colors: [&["violet", "midnight"], &["sunset", "rose"], &["neon", "violet"], &["neon", "rose"]],
    },
    Film {
        name: "deep space",
        about: "past a planet and a galaxy to the speed of light",
        likes: (0.22, 0.15, 85.0),
        scenes: [
            &[("nebula", "spiral galaxy"), ("aurora", "veil of light"), ("clouds", "mist")],
            &[("spiral tunnel", "hypnotic swirl"), ("ripples", "interference")],
            &[("planet", "pulsing sphere"), ("pinwheel", "four armed galaxy"), ("rings", "hexagon rings")],
            &[("hyperspace", "explosion"), ("tunnel", "wormhole")],
        ],
        colors: [&["violet", "midnight"], &["ice", "violet"], &["violet", "ice"], &["ice", "neon"]],
    },
    Film {
        name: "the sea",
        about: "over the waves and down to what glows there",
        likes: (0.18, 0.20, 98.0),
        scenes: [
            &[("sea waves", "layered waves"), ("clouds", "drifting fog"), ("aurora", "northern lights")],
            &[("ripples", "raindrops on a pond"), ("rain", "downpour")],
            &[("bubbles", "plankton"), ("silk", "curtains"), ("liquid plasma", "marble")],
            &[("whirlpool", "spiral tunnel"), ("lightning bolts", "electric storm")],
        ],
        colors: [&["ocean", "midnight"], &["ice", "ocean"], &["mint", "ocean"], &["ocean", "ice"]],
    },
    Film {
        name: "fire",
        about: "smoke over a desert, and then everything burns",
        likes: (0.42, 0.42, 100.0),
        scenes: [
            &[("smoke", "fog"), ("dunes", "hills"), ("clouds", "mist")],
            &[("curtains", "silk"), ("ripples", "rings")],
            &[("landscape with a sun", "dunes"), ("lava lamp", "liquid plasma"), ("galaxy", "nebula")],
            &[("flames", "wall of fire"), ("lightning bolts", "storm")],
        ],
        colors: [&["autumn", "gold"], &["gold", "sunset"], &["sunset", "gold"], &["fire", "sunset"]],
    },
    Film {
        name: "garden",
        about: "hills in the morning, blossoms, glass in the sun",
        likes: (0.36, 0.22, 108.0),
        scenes: [
            &[("rolling hills", "mountains"), ("clouds", "mist"), ("aurora", "northern lights")],
            &[("falling petals", "snow"), ("ripples", "pond")],
            &[("flower kaleidoscope", "blossom"), ("bubbles", "fireflies"), ("silk", "velvet folds")],
            &[("stained glass", "mandala"), ("fireworks", "sparks")],
        ],
        colors: [&["mint", "forest"], &["rose", "mint"], &["candy", "rose"], &["gold", "candy"]],
    },
    Film {
        name: "machine",
        about: "signals, code and a power line that breaks",
        likes: (0.48, 0.50, 132.0),
        scenes: [
            &[("fog", "smoke"), ("sound wave", "laser strings"), ("rings", "radar")],
            &[("hexagons", "honeycomb"), ("falling code", "rain")],
            &[("square tunnel", "corridor"), ("striped plasma", "zebra"), ("grid with mountains", "cyberspace")],
            &[("electric arcs", "lightning bolts"), ("laser beams", "searchlights")],
        ],
        colors: [&["mono", "matrix"], &["matrix", "mono"], &["matrix", "acid"], &["acid", "matrix"]],
    },
];

/// How far apart in brightness, share of what strikes and tempo films are that differ by one.
const SPREAD: (f64, f64, f64) = (0.12, 0.15, 22.0);
/// By how much the seed decides: as much as the music where films differ by this.
const CHANCE: f64 = 0.8;

/// The film for such music.
pub(super) fn choose(heard: &Character, seed: u64) -> &'static Film {
    let cost = |(i, film): (usize, &Film)| {
        let (brightness, percussive, tempo) = film.likes;
        let apart = (heard.brightness - brightness).abs() / SPREAD.0
            + (heard.percussive - percussive).abs() / SPREAD.1
            + (heard.tempo - tempo).abs() / SPREAD.2;
        apart + CHANCE * f64::from(uniform(seed, Stream::Score, i as u64))
    };
    let costs: Vec<f64> = FILMS.iter().enumerate().map(cost).collect();
    let best = (0..FILMS.len()).min_by(|a, b| costs[*a].total_cmp(&costs[*b])).unwrap_or(0);
    &FILMS[best]
}

impl Film {
    /// What is asked for in the `scene`-th letter of a role, in its `step`-th shot when it is heard `again` for that many times.
    /// A letter always begins with the same prompt.
    pub(super) fn prompt(&self, role: Role, scene: usize, (step, again): (usize, usize)) -> String {
        let (scenes, colors) = (self.scenes[role as usize], self.colors[role as usize]);
        let (main, other) = scenes[scene % scenes.len()];
        let shown = if step % 2 == 0 { main } else { other };
        let later = if step > 0 { step + again } else { 0 };
        let color = colors[(scene / scenes.len() + later) % colors.len()];
        format!("{color} {shown}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_scenes_of_a_film_are_told_apart_and_colours_are_one_family() {
        for film in FILMS {
            let all: Vec<&str> = film.scenes.iter().flat_map(|s| s.iter().map(|s| s.0)).collect();
            assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len(), "{}: {all:?}", film.name);
            assert!(film.scenes.iter().all(|s| s.len() >= 2) && film.colors.iter().all(|c| c.len() >= 2));
            let family: BTreeSet<&&str> = film.colors.iter().copied().flatten().collect();
            assert!(family.len() <= 5, "{}: {family:?}", film.name);
        }
    }

    #[test]
    fn music_finds_its_film_and_another_seed_may_find_another() {
        let heard = |(brightness, percussive, tempo): (f64, f64, f64)| Character {
            energy: 0.5,
            brightness,
            percussive,
            rise: 0.0,
            drums: 0.0,
            tempo,
        };
        for film in FILMS {
            let found = (0..100).filter(|seed| choose(&heard(film.likes), *seed) == film).count();
            assert!(found > 60, "{}: {found}", film.name);
        }
        let between = heard((0.3, 0.3, 100.0));
        let found: BTreeSet<&str> = (0..100).map(|seed| choose(&between, seed).name).collect();
        assert!(found.len() > 1, "{found:?}");
    }
}
