//! The show is what the director wrote down, whatever is heard.

use super::role::tests::track;
use super::*;
use crate::score::{Length, Overrides, ParamId, Place, Span, Timeline, fixture};
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
    over.parts = vec![Part { place, look: 1, ease: Length::Seconds(0.0), cut: false, follows: false }];
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

#[test]
fn parts_without_a_preset_change_what_the_director_chose() {
    let fps = FrameRate::new(10, 1).unwrap();
    let analysis = form();
    let direction = direct(&analysis, 1, true);
    let plain = direction.show().unwrap();
    let over = |part: &str| {
        let text = format!("track = \"a.wav\"\n[[part]]\n{part}");
        let nothing = Choices { profiles: &[], tiers: &[], audio: &[] };
        let project = Project::parse("video.toml", &text, &nothing, &mut |path| Err(Error::usage(path)));
        direction.under(project.unwrap().show).unwrap()
    };
    let span = Span { start: Seconds(0.0), frames: 480 };
    let play = |show: &Show| show.play(&analysis, &Overrides::default(), fps, span).unwrap();
    let (chosen, nothing) = (play(&plain), play(&over("from = 4\nto = 44\n")));
    assert_eq!(chosen, nothing, "a part that changes nothing is not seen");

    let show = over("from = 4\nto = 44\nprompt = \"neon city\"\nset = { hue = 40 }\n");
    let changed = play(&show);
    let exposure = |t: &Timeline| t.curves.get(ParamId::Exposure).to_vec();
    assert_eq!(exposure(&chosen), exposure(&changed), "what isn't named stays");
    assert_eq!((&chosen.cuts, &chosen.inits), (&changed.cuts, &changed.inits));
    let hue = changed.curves.get(ParamId::Hue);
    assert!(hue[40..440].iter().all(|hue| *hue == 40.0) && hue[39] != 40.0 && hue[440] != 40.0);
    let said =
        |t: &Timeline, at: u64| t.prompts.iter().rev().find(|p| p.start.0 <= at).unwrap().prompt.clone();
    assert!([40, 200, 439].iter().all(|at| said(&changed, *at) == "neon city"));
    assert!([39, 440].iter().all(|at| said(&changed, *at) == said(&chosen, *at)));

    // Its own way in and its own cut hold, and what lay beneath comes back without either.
    let cut = play(&over("from = 5.2\nto = 6.2\ncut = true\nset = { hue = 40 }\n"));
    let new: Vec<u64> = cut.cuts.iter().filter(|cut| !chosen.cuts.contains(cut)).map(|cut| cut.0).collect();
    assert_eq!(new, [52]);
    let late = over("section = \"Q\"\nset = { hue = 40 }\n").unused(&analysis);
    assert!(late.iter().any(|unused| unused.what == "part 1"), "{late:?}");
}
