//! The show is what the director wrote down, whatever is heard.

use super::role::tests::track;
use super::*;
use crate::score::{Length, Overrides, ParamId, Place, Span, fixture};
use crate::units::{FrameRate, Seconds};

fn form() -> Analysis {
    track(&[("A", 0.3, 0.3, false), ("B", 0.9, 0.9, true), ("A", 0.3, 0.3, false)], 16.0)
}

#[test]
fn the_same_track_and_seed_give_the_same_text_and_other_seeds_others() {
    let texts: std::collections::BTreeSet<String> =
        (0..20).map(|seed| direct(&form(), seed, true).project()).collect();
    assert!(texts.len() > 2);
    assert_eq!(direct(&form(), 7, true), direct(&form(), 7, true));
}

#[test]
fn every_film_plays_in_every_role() {
    let fps = FrameRate::new(12, 1).unwrap();
    for seed in 0..60 {
        let show = direct(&form(), seed, true).show().unwrap();
        let span = Span { start: Seconds(0.0), frames: 576 };
        let timeline = show.play(&form(), &Overrides::default(), fps, span).unwrap();
        assert!(timeline.prompts.len() >= 3 && !timeline.cuts.is_empty(), "{:?}", timeline.prompts);
        let exposure = |second: usize| timeline.curves.get(ParamId::Exposure)[second * 12 + 6];
        assert!(exposure(47) < exposure(40) - 1.0, "it ends in the dark");
    }
}

#[test]
fn parts_of_a_project_are_laid_over_what_the_director_chose() {
    let fps = FrameRate::new(10, 1).unwrap();
    let own = crate::score::find("tide").unwrap();
    let place = Place::Between(Length::Seconds(4.0), Length::Seconds(8.0));
    let mut over = Show::of(crate::score::find("pulse").unwrap());
    over.looks.push(Show::of(own).looks.remove(0));
    over.parts = vec![Part { place, look: 1, ease: Length::Seconds(0.0), cut: false }];
    let direction = direct(&fixture(16.0), 1, true);
    let span = Span { start: Seconds(0.0), frames: 160 };
    let play = |show: Show| show.play(&fixture(16.0), &Overrides::default(), fps, span).unwrap();
    let (plain, under) = (play(direction.show().unwrap()), play(direction.under(over).unwrap()));
    assert_eq!(plain.curves.get(ParamId::Exposure)[..40], under.curves.get(ParamId::Exposure)[..40]);
    assert!(plain.curves.get(ParamId::Exposure)[40..80] != under.curves.get(ParamId::Exposure)[40..80]);
    let said = |at: u64| under.prompts.iter().rev().find(|p| p.start.0 <= at).unwrap().prompt.clone();
    assert_eq!(said(50), "slow ocean waves");
    assert_eq!(said(90), plain.prompts.iter().rev().find(|p| p.start.0 <= 90).unwrap().prompt);
}
