//! Drawn sources against the trial that they come from, frame by frame (`fixtures/draw.py`).

use beatbolt::draw::{Drawing, Source, palettes, scenes};
use beatbolt::error::ErrorKind;
use beatbolt::units::Size;
use safetensors::SafeTensors;
use std::collections::BTreeSet;
use std::path::Path;

const SIZE: Size = Size { width: 96, height: 54 };

fn drawing(text: &str, seed: u64) -> Drawing {
    Drawing::new(text.parse().unwrap(), SIZE, seed).unwrap()
}

/// Mean difference of two pictures, in steps of 255.
fn apart(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.len() as f64
}

#[test]
fn every_scene_is_that_of_the_trial() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/draw.safetensors");
    let bytes = std::fs::read(file).unwrap();
    let trial = SafeTensors::deserialize(&bytes).unwrap();
    let palettes: Vec<&str> = palettes().collect();
    let mut seen = BTreeSet::new();
    for name in trial.names() {
        let (scene, seed) = name.split_once('/').unwrap();
        let seed: u64 = seed.parse().unwrap();
        let palette = palettes[(7 * seed as usize + 5) % palettes.len()];
        let found = drawing(&format!("draw:{scene},palette={palette}"), seed).frame(7.0);
        let apart = apart(&found, trial.tensor(name).unwrap().data());
        // Rounding differs, and with it now and then which side of an edge a pixel is on.
        assert!(apart < 0.1, "{name}: {apart}");
        seen.insert(scene.to_owned());
    }
    let all: BTreeSet<String> = scenes().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(seen, all, "every scene has a frame of the trial");
}

#[test]
fn a_frame_depends_on_its_phase_alone_and_moves_with_it() {
    for (name, _) in scenes() {
        let mut one = drawing(&format!("draw:{name}"), 1);
        let frames = [0.0, 0.5, 300.25].map(|phase| one.frame(phase));
        let mut other = drawing(&format!("draw:{name}"), 1);
        assert!(other.frame(300.25) == frames[2] && other.frame(0.0) == frames[0], "{name}");
        assert!(frames[0] != frames[1], "{name} stands still");
        assert!(drawing(&format!("draw:{name}"), 2).frame(0.0) != frames[0], "{name} has one form");
    }
}

#[test]
fn odd_sizes_are_drawn_and_sizes_of_nothing_are_refused() {
    for (width, height) in [(1, 1), (17, 3), (3, 40), (33, 31)] {
        for (name, _) in scenes() {
            let source: Source = format!("draw:{name}").parse().unwrap();
            let frame = Drawing::new(source, Size { width, height }, 1).unwrap().frame(1.0);
            assert_eq!(frame.len(), (width * height * 3) as usize, "{name}");
        }
    }
    let source: Source = "draw:wire".parse().unwrap();
    for (width, height) in [(0, 10), (10, 0), (100_000, 100_000)] {
        let refused = Drawing::new(source, Size { width, height }, 1).err().unwrap();
        assert_eq!((refused.kind(), refused.hints().len()), (ErrorKind::Usage, 1));
    }
}

#[test]
fn what_cannot_be_drawn_is_refused_with_what_can() {
    let text = |text: &str| text.parse::<Source>().map(|source| source.to_string());
    assert_eq!(text("draw:wire,palette=teal and orange").unwrap(), "draw:wire,palette=teal and orange");
    assert_eq!(text(" draw:wire , palette = ice ").unwrap(), "draw:wire,palette=ice");
    for (wrong, hint) in [
        ("cover.png", "draw:synthwave"),
        ("draw:", "synthwave"),
        ("draw:sythwave", "synthwave"),
        ("draw:wire,palette=blue", "cobalt and gold"),
        ("draw:wire,speed=2", "draw:synthwave,palette=neon"),
        ("draw:wire,", "draw:synthwave,palette=neon"),
    ] {
        let error = text(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.hints().iter().any(|h| h.contains(hint)), "{wrong}: {error}");
    }
}
