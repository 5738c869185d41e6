//! The player: the track that a preset is played on, and everything about it that the page shows.

use super::curves;
use super::heard::Heard;
use super::opened::Opened;
use super::parts;
use super::session::Session;
use super::state::EditedPreset;
use crate::audio::Analysis;
use crate::diffusion::Tier;
use crate::diffusion::model::ModelWords;
use crate::error::Result;
use crate::job::{Request, Usual, layers};
use crate::render::{Layers, drawn};
use crate::score::{
    FUNCTIONS, Form, Key, Preset, SIGNALS, Span, Timeline, direct, made_for, route_numbers, shipped,
};
use crate::units::{GeneratedFrame, Seconds, Size};
use crate::video::Profile;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Values of the waveform's overview.
const OVERVIEW: usize = 4000;
/// What matters of the networks while nothing is rendered.
#[derive(Clone, Debug)]
pub struct ModelFacts {
    /// What holds where a preset says nothing.
    pub usual: Usual,
    /// The frames a second that it was made for.
    pub fps: u32,
    /// The words that it knows; none: all.
    pub words: Option<ModelWords>,
}

/// A track and how it is played on.
pub struct Player {
    /// The track's name.
    pub title: String,
    /// What was heard.
    pub heard: Heard,
    /// The networks.
    pub model: ModelFacts,
    /// How much work can go into a final, each with the usual size of its video.
    pub tiers: Vec<(Tier, Size)>,
    /// What the studio was opened with.
    pub opened: Arc<Opened>,
}

/// A preset as it is played on the track.
pub struct Played {
    /// The value of every parameter in every frame.
    pub timeline: Timeline,
    /// What is drawn over the pictures, without waveform and spectrum, which only who draws has to know.
    pub layers: Arc<Layers>,
    /// The parts, as the page is told of them.
    pub parts: Value,
}

impl Player {
    /// `preset` played on the track: what the command line makes of its file.
    ///
    /// # Errors
    /// As [`crate::score::Show::play`]; Input: a layer's font can't be read.
    pub fn play(&self, preset: &EditedPreset) -> Result<Played> {
        self.played(preset, self.opened.request(preset)?)
    }

    /// `preset` with the parts that the director chooses beneath its own.
    ///
    /// # Errors
    /// As [`Self::play`]; whether these are too many parts is seen when they are played.
    pub fn directed(&self, preset: &EditedPreset) -> Result<EditedPreset> {
        let analysis = self.heard.corrected(&preset.beats)?;
        let seed = self.opened.request(preset)?.seed;
        let direction = direct(&analysis, seed, self.model.words.is_some());
        preset.with_parts_beneath(&direction.project())
    }

    /// The look of `preset` that holds where no part says otherwise, on the whole track.
    ///
    /// # Errors
    /// As [`Self::play`].
    pub fn play_alone(&self, preset: &EditedPreset) -> Result<Played> {
        let mut request = self.opened.request(preset)?;
        request.show.parts.clear();
        self.played(preset, request)
    }

    fn played(&self, preset: &EditedPreset, mut request: Request) -> Result<Played> {
        request.show.looks.iter_mut().for_each(|look| self.model.usual.under(&mut look.preset.base));
        let analysis = self.heard.corrected(&preset.beats)?;
        let fps = request.rate(self.model.fps)?;
        let frames = fps.frames_covering_samples(analysis.samples, analysis.sample_rate).max(1);
        let span = Span { start: Seconds(0.0), frames };
        let timeline = request.show.play(&analysis, &request.overrides, fps, span)?;
        let parts = parts::told(preset, &request.show, &analysis);
        Ok(Played { timeline, layers: Arc::new(layers::of(&request, &analysis)?), parts })
    }

    /// What never changes: the track, the tables, the presets.
    ///
    /// # Errors
    /// A shipped preset can't be read.
    pub fn facts(&self) -> Result<Value> {
        let Analysis { duration, .. } = self.heard.raw();
        let about = |(name, text): &(&str, &str)| {
            let Preset { about, prompts, .. } = Preset::parse(name, text)?;
            let prompts: Vec<String> = prompts.into_iter().map(|p| p.text).collect();
            Ok(json!({ "name": name, "about": about, "music": made_for(text), "prompts": prompts }))
        };
        let tier =
            |(tier, size): &(Tier, Size)| json!({ "name": tier.name(), "about": tier.about(), "size": size });
        Ok(json!({
            "title": self.title,
            "project": self.opened.latest_project(),
            "duration": duration,
            "loudness": self.overview(),
            "presets": shipped().iter().map(about).collect::<Result<Vec<_>>>()?,
            "signals": SIGNALS.iter().map(|s| json!({ "name": s.name, "about": s.about })).collect::<Vec<_>>(),
            "route_keys": route_numbers().map(route_key).collect::<Vec<_>>(),
            "functions": FUNCTIONS.iter().map(|f| json!({ "name": f.name, "usage": f.usage, "about": f.about })).collect::<Vec<_>>(),
            "tiers": self.tiers.iter().map(tier).collect::<Vec<_>>(),
            "profiles": Profile::ALL.iter().map(|p| json!({ "name": p.name(), "about": p.about() })).collect::<Vec<_>>(),
            "scenes": drawn().map(|(name, about)| json!({ "name": name, "about": about })).collect::<Vec<_>>(),
            "model_fps": self.model.fps,
        }))
    }

    /// How loud it is, in so many steps that a wide screen has no more.
    fn overview(&self) -> Vec<f32> {
        let analysis = self.heard.raw();
        let step = analysis.duration.0 / OVERVIEW as f64;
        let Some(loudness) = analysis.envelopes.get("loudness") else { return Vec::new() };
        (0..OVERVIEW)
            .map(|i| loudness.peak(Seconds(i as f64 * step), Seconds((i + 1) as f64 * step)))
            .collect()
    }

    /// What the session is now: knobs, prompts and the curves that `timeline` holds for them.
    ///
    /// # Errors
    /// What is edited isn't a preset.
    pub fn state(&self, session: &Session, timeline: &Timeline) -> Result<Value> {
        let preset = &session.preset;
        let (name, document) = preset.worked_on();
        let routes = document.routes();
        let moved: Map<String, Value> = (timeline.curves.iter())
            .filter(|(p, _)| routes.iter().any(|r| r.to == p.name))
            .map(|(p, curve)| (p.name.to_string(), json!(curve)))
            .collect();
        let said = preset.preset()?.base;
        let base = preset.bases(&self.model.usual)?.into_iter().map(|(p, value)| {
            let own = said.contains_key(&p);
            json!({ "name": p.name, "value": value, "own": own, "min": p.min, "max": p.max, "default": p.default,
                    "unit": p.unit, "effect": p.effect })
        });
        let (undo, redo) = session.can();
        Ok(json!({
            "type": "state",
            "version": session.version,
            "preset": name,
            "text": document.text(),
            "settings": { "finish": document.setting(("base", "finish")), "on": document.setting(("cuts", "on")), "min": document.setting(("cuts", "min")) },
            "fps": timeline.fps.per_second(),
            "frames": timeline.frames,
            "heard": self.heard.told(&preset.beats)?,
            "routes": routes,
            "drawn": curves::told(preset, &*self.heard.corrected(&preset.beats)?)?,
            "base": base.collect::<Vec<_>>(),
            "prompts": self.prompts(preset)?,
            "spans": timeline.prompts.iter().map(|s| json!([s.start, s.prompt])).collect::<Vec<_>>(),
            "cuts": timeline.cuts,
            "sources": timeline.inits.iter().map(|s| json!([s.start, s.init])).collect::<Vec<_>>(),
            "unpainted": unpainted(timeline),
            "curves": moved,
            "undo": undo,
            "redo": redo,
        }))
    }
}

/// Where frames are shown as their source is, without a model: each stretch with its first frame and the one behind its last.
fn unpainted(timeline: &Timeline) -> Vec<[u64; 2]> {
    let mut stretches: Vec<[u64; 2]> = Vec::new();
    for frame in (0..timeline.frames).filter(|frame| timeline.shows_source(GeneratedFrame(*frame))) {
        match stretches.last_mut() {
            Some([_, end]) if *end == frame => *end += 1,
            _ => stretches.push([frame, frame + 1]),
        }
    }
    stretches
}

/// A number of a route; lengths have no limits of their own here.
fn route_key((key, default): (&Key, Option<f64>)) -> Value {
    let limits = match key.form {
        Form::Number(least, most) => Some([least, most]),
        _ => None,
    };
    let length = matches!(key.form, Form::Length);
    json!({ "name": key.name, "about": key.about, "default": default, "limits": limits, "length": length })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::job::{Hearing, JobOptions, ModelOptions};
    use crate::score::{Overrides, ParamId, Show, fixture};
    use crate::studio::edit::Edit;
    use crate::studio::prompts::PromptEdit;
    use crate::units::FrameRate;
    use std::path::PathBuf;

    /// Sixteen seconds at 12 frames a second.
    pub fn player() -> Player {
        let tiers = vec![(Tier::Draft, Size { width: 64, height: 48 })];
        let opened = Opened::new(JobOptions::default(), None, ModelOptions::default(), PathBuf::new());
        let heard = Heard::new(fixture(16.0), Hearing::default(), PathBuf::new());
        let model = ModelFacts { usual: Usual { guidance: 1.5, source_detail: 0.0 }, fps: 12, words: None };
        Player { title: "test".into(), heard, model, tiers, opened: Arc::new(opened) }
    }

    pub fn session() -> Session {
        let (name, text) = shipped()[0];
        Session::new(EditedPreset::read(name, text).unwrap())
    }

    #[test]
    fn a_saved_preset_plays_the_same_curves_to_the_bit() {
        let player = player();
        let mut session = session();
        let edits = [
            Edit::Preset { name: "prism".into() },
            Edit::Base { param: "glow".into(), value: Some(0.1234567890123) },
            Edit::Route { index: 5, key: "release".into(), value: Some(0.3) },
            Edit::Route { index: 0, key: "amount".into(), value: Some(-0.1) },
            Edit::Bypass { index: 2, on: true },
            Edit::Prompt { change: PromptEdit::text(1, "\"gold\" \\ rings \u{1f40b}") },
            Edit::Prompt { change: PromptEdit::Add { section: Some("E".into()), from: None } },
        ];
        for edit in &edits {
            session = session.edited(edit, None).unwrap();
        }
        let shown = player.play(&session.preset).unwrap().timeline;
        let saved = Preset::parse("saved", &session.preset.text()).unwrap();
        let mut saved = Show::of(saved);
        player.model.usual.under(&mut saved.looks[0].preset.base);
        let span = Span { start: Seconds(0.0), frames: 192 };
        let fps = FrameRate::new(12, 1).unwrap();
        let played = saved.play(player.heard.raw(), &Overrides::default(), fps, span).unwrap();
        let bits = |t: &Timeline| -> Vec<u32> {
            t.curves.iter().flat_map(|(_, curve)| curve).map(|v| v.to_bits()).collect()
        };
        assert_eq!(bits(&shown), bits(&played));
        assert_eq!(shown, played);
        assert_ne!(shown.curves, player.play(&super::tests::session().preset).unwrap().timeline.curves);
    }

    #[test]
    fn the_page_gets_the_timelines_own_curves() {
        let (player, session) = (player(), session());
        let timeline = player.play(&session.preset).unwrap().timeline;
        let state = player.state(&session, &timeline).unwrap();
        let text = state["curves"]["zoom"].to_string();
        let curve: Vec<f32> = serde_json::from_str(&text).unwrap();
        assert_eq!(curve, timeline.curves.get(ParamId::Zoom));
        assert_eq!(state["heard"]["beats"].as_array().unwrap().len(), 32);
    }

    #[test]
    fn a_look_is_played_at_the_finals_rate_and_with_its_layers() {
        let player = player();
        let played = |head: &str| {
            let text =
                format!("{head}\n[[prompt]]\ntext = \"waves\"\n[[layer]]\nname = \"r\"\nkind = \"rings\"\n");
            player.play(&EditedPreset::read("mine", &text).unwrap()).unwrap()
        };
        let [own, drawn] = ["", "init = \"draw:wire\""].map(played);
        let rate = |played: &Played| (played.timeline.fps.per_second(), played.timeline.frames);
        assert_eq!((rate(&own), rate(&drawn)), ((12.0, 192), (24.0, 384)));
        assert_eq!((own.layers.list.len(), drawn.layers.list.len()), (1, 1));
        assert_eq!(own.layers.material.beats.len(), 32);
    }
}
