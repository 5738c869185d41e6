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

/// All films. Their scenes are those that spark draws crisply; clouds, smoke, kaleidoscopes and tunnels come out soft,
/// and stars that stand still run together within some bars.
pub const FILMS: &[Film] = &[
    Film {
        name: "night drive",
        about: "out of the hills into a neon city and through it",
        likes: (0.30, 0.33, 122.0),
        scenes: [
            &[("aurora over mountains", "aurora"), ("sea waves", "layered waves"), ("dunes", "hills")],
            &[("retro grid with a sun", "outrun"), ("spotlights", "searchlights")],
            &[("city with a moon", "skyline"), ("rings", "twin rings"), ("galaxy", "pinwheel")],
            &[("grid with mountains", "laser beams"), ("electric arcs", "hyperspace")],
        ],
        colors: [&["violet", "midnight"], &["sunset", "rose"], &["rose", "violet"], &["neon", "rose"]],
    },
    Film {
        name: "deep space",
        about: "under an aurora, past a galaxy, to the speed of light",
        likes: (0.22, 0.15, 85.0),
        scenes: [
            &[("aurora over mountains", "polar night"), ("hills", "mountains"), ("nebula", "cosmos")],
            &[("spiral galaxy", "pinwheel"), ("rings", "interference")],
            &[("meteor shower", "falling streaks"), ("planet", "moon"), ("sea waves", "layered waves")],
            &[("hyperspace", "fireworks"), ("electric arcs", "lightning bolts")],
        ],
        colors: [&["midnight", "violet"], &["ice", "violet"], &["violet", "ice"], &["ice", "neon"]],
    },
    Film {
        name: "the sea",
        about: "over the waves, under an aurora, into a storm",
        likes: (0.18, 0.20, 98.0),
        scenes: [
            &[("sea waves", "layered waves"), ("hills", "dunes"), ("aurora", "northern lights")],
            &[("aurora over mountains", "northern lights over hills"), ("rings", "ripples")],
            &[("rain", "meteor shower"), ("plankton", "bubbles"), ("snowfall", "blizzard")],
            &[("lightning bolts", "electric storm"), ("hyperspace", "sparks")],
        ],
        colors: [&["ocean", "midnight"], &["mint", "ocean"], &["midnight", "ocean"], &["ice", "ocean"]],
    },
    Film {
        name: "fire",
        about: "from a campfire in the desert to where everything burns",
        likes: (0.42, 0.42, 100.0),
        scenes: [
            &[("dunes", "hills"), ("campfire", "candle flame"), ("sea waves", "layered waves")],
            &[("spotlights", "searchlights"), ("rings", "vinyl")],
            &[
                ("skyline", "city with a moon"),
                ("retro grid with a sun", "retro road"),
                ("galaxy", "pinwheel"),
            ],
            &[("flames", "wall of fire"), ("lightning bolts", "electric storm")],
        ],
        colors: [&["autumn", "gold"], &["gold", "autumn"], &["sunset", "gold"], &["fire", "sunset"]],
    },
    Film {
        name: "festival",
        about: "hills in the evening, lights on a stage, fireworks",
        likes: (0.36, 0.22, 108.0),
        scenes: [
            &[("rolling hills", "dunes"), ("sea waves", "layered waves"), ("aurora", "northern lights")],
            &[("spotlights", "stage lights"), ("snowfall", "falling petals")],
            &[("city with a moon", "skyline"), ("fireflies", "bubbles"), ("rings", "twin rings")],
            &[("fireworks", "sparks"), ("laser beams", "disco")],
        ],
        colors: [&["sunset", "violet"], &["rose", "violet"], &["violet", "rose"], &["gold", "candy"]],
    },
    Film {
        name: "machine",
        about: "signals, code and a power line that breaks",
        likes: (0.48, 0.50, 132.0),
        scenes: [
            &[("sound wave", "strings"), ("aurora over mountains", "aurora"), ("rings", "radar")],
            &[("falling code", "rain"), ("hexagons", "rings")],
            &[
                ("grid with mountains", "cyberspace"),
                ("skyline", "city with a moon"),
                ("waveform", "oscilloscope"),
            ],
            &[("lightning bolts", "electric storm"), ("laser beams", "searchlights")],
        ],
        colors: [&["mono", "matrix"], &["matrix", "mint"], &["matrix", "mint"], &["mint", "mono"]],
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
