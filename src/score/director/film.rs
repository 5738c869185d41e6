//! Films: worlds of scenes and colours that belong together, so that a whole track looks like one film.

use super::character::Character;
use super::role::Role;
use crate::noise::{Stream, uniform};

/// A scene: how a prompt asks for it, and what is drawn of it.
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

/// All films. Neighbours in a row of scenes are shown in turn.
pub const FILMS: &[Film] = &[
    Film {
        name: "night drive",
        about: "out of the hills into a neon grid and through it",
        likes: (0.30, 0.33, 122.0),
        scenes: [
            &[("aurora over mountains", "aurora"), ("sea waves", "ocean"), ("silk", "silk")],
            &[("hexagon rings", "hexfloor"), ("laser strings", "echoes")],
            &[("square tunnel", "tunnel"), ("spiral galaxy", "galaxy")],
            &[
                ("retro grid with a sun", "synthwave"),
                ("warp speed", "warp"),
                ("electric storm", "lightning"),
            ],
        ],
        colors: [&["violet", "midnight"], &["sunset", "violet"], &["neon", "sunset"], &["neon", "hologram"]],
    },
    Film {
        name: "deep space",
        about: "under an aurora, past a galaxy, to the speed of light",
        likes: (0.22, 0.15, 85.0),
        scenes: [
            &[("aurora over mountains", "aurora"), ("silk", "silk"), ("sea waves", "ocean")],
            &[("spiral galaxy", "galaxy"), ("wireframe landscape", "wire")],
            &[("deep space", "warp"), ("spiral galaxy", "galaxy"), ("fireflies", "flow")],
            &[("hyperspace", "tunnel"), ("warp speed", "warp")],
        ],
        colors: [
            &["midnight", "violet"],
            &["ice", "violet"],
            &["violet", "cobalt and gold"],
            &["hologram", "ice"],
        ],
    },
    Film {
        name: "the sea",
        about: "over the waves, down to what glows there, into a storm",
        likes: (0.18, 0.20, 98.0),
        scenes: [
            &[("sea waves", "ocean"), ("aurora over mountains", "aurora"), ("silk", "silk")],
            &[("jellyfish", "jellyfish"), ("ripples", "flow")],
            &[("jellyfish", "jellyfish"), ("fireflies", "flow"), ("spiral galaxy", "galaxy")],
            &[("thunderstorm", "lightning"), ("hyperspace", "warp")],
        ],
        colors: [
            &["ocean", "midnight"],
            &["mint", "ocean"],
            &["ocean", "teal and orange"],
            &["ice", "ocean"],
        ],
    },
    Film {
        name: "fire",
        about: "from cloth in the evening light to where everything burns",
        likes: (0.42, 0.42, 100.0),
        scenes: [
            &[("silk", "silk"), ("sea waves", "ocean"), ("aurora over mountains", "aurora")],
            &[("electric arcs", "echoes"), ("hexagon rings", "hexfloor")],
            &[("retro grid with a sun", "synthwave"), ("fireflies", "flow"), ("square tunnel", "tunnel")],
            &[("flames", "fire"), ("lightning bolts", "lightning")],
        ],
        colors: [&["autumn", "gold"], &["gold", "autumn"], &["sunset", "gold"], &["fire", "blood moon"]],
    },
    Film {
        name: "festival",
        about: "silk in the evening, lights, and a flight through all of them",
        likes: (0.36, 0.22, 108.0),
        scenes: [
            &[("silk", "silk"), ("sea waves", "ocean"), ("aurora", "aurora")],
            &[("fireflies", "flow"), ("laser strings", "echoes")],
            &[
                ("hexagon rings", "hexfloor"),
                ("retro grid with a sun", "synthwave"),
                ("spiral galaxy", "galaxy"),
            ],
            &[("hyperspace", "warp"), ("tunnel", "tunnel")],
        ],
        colors: [&["sunset", "candy"], &["rose", "candy"], &["candy", "rose"], &["candy", "neon"]],
    },
    Film {
        name: "machine",
        about: "signals, code and a power line that breaks",
        likes: (0.48, 0.50, 132.0),
        scenes: [
            &[("silk", "silk"), ("aurora", "aurora"), ("sound wave", "echoes")],
            &[("falling code", "glyphs"), ("wireframe landscape", "wire")],
            &[("hexagon rings", "hexfloor"), ("square tunnel", "tunnel"), ("cyberspace", "synthwave")],
            &[("electric storm", "lightning"), ("hyperspace", "warp")],
        ],
        colors: [&["mono", "matrix"], &["matrix", "mint"], &["matrix", "mint"], &["acid", "matrix"]],
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

/// What is to be seen in a shot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What is asked for.
    pub prompt: String,
    /// What its frames start from.
    pub init: String,
}

impl Film {
    /// What is seen in the `scene`-th letter of a role, in its `step`-th shot when it is heard `again` for that many times.
    /// A letter always begins with the same view.
    pub(super) fn view(&self, role: Role, scene: usize, (step, again): (usize, usize)) -> View {
        let (scenes, colors) = (self.scenes[role as usize], self.colors[role as usize]);
        // In the same scene the colours change, and every other time the scene does as well.
        let (prompt, drawn) = scenes[(scene + step / 2) % scenes.len()];
        let later = if step > 0 { step + again } else { 0 };
        let color = colors[(scene / scenes.len() + later) % colors.len()];
        View { prompt: format!("{color} {prompt}"), init: format!("draw:{drawn},palette={color}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_scenes_of_a_role_are_told_apart_and_colours_are_one_family() {
        for film in FILMS {
            for scenes in film.scenes {
                let prompts: BTreeSet<&str> = scenes.iter().map(|s| s.0).collect();
                assert_eq!(scenes.len(), prompts.len(), "{}: {scenes:?}", film.name);
            }
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
